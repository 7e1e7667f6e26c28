//! The strict cloud: a fake AWS, meaner than AWS, that the real SDK's clients talk to within the process, in virtual time,
//! and the real program over a port; and what is proved with it. It validates every request by AWS's own models, and behaves
//! as AWS is known to.

#![allow(clippy::unwrap_used, reason = "a test that meets the unexpected shall fail")]
#![allow(clippy::print_stdout, reason = "the figures of a proof are part of it")]

mod access;
mod changes;
mod clock;
mod cloud;
mod code;
mod conformance;
mod connector;
mod drift;
mod dump;
mod faults;
mod fixture;
mod grammar;
mod hindrances;
mod instrument;
mod invariants;
mod malformed;
mod model;
mod pattern;
mod port;
mod program;
mod python;
mod quota;
mod run;
mod scenarios;
mod services;
mod validate;
mod wire;

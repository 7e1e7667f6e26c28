//! The strict cloud: a fake AWS, meaner than AWS, that the real SDK's clients talk to within the process, in virtual time,
//! and the real program over a port; and what is proved with it. It validates every request by AWS's own models, and behaves
//! as AWS is known to.

#![allow(clippy::unwrap_used, reason = "a test fails at what it does not expect")]
#![allow(clippy::print_stdout, reason = "the suites print their figures")]

mod access;
mod budget;
mod changes;
mod clock;
mod cloud;
mod conformance;
mod connector;
mod constraint;
mod drift;
mod dump;
mod faults;
mod fixture;
mod instrument;
mod invariants;
mod malformed;
mod model;
mod pattern;
mod port;
mod program;
mod python;
mod quota;
mod random;
mod run;
mod scenarios;
mod service;
mod services;
mod validate;
mod wire;
mod witness;

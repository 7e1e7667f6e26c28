//! The documentation: what of it follows from the program is made from the program, and what it shows works.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod book;
mod commands;
mod examples;
mod fields;
mod help;
mod links;
mod page;
mod reference;

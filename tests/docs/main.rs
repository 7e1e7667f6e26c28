//! The documentation: reference pages are generated from the program, and everything that a page shows works.

#![allow(clippy::unwrap_used, reason = "a test that cannot continue has failed")]

mod book;
mod commands;
mod examples;
mod fields;
mod help;
mod links;
mod page;
mod reference;
mod schema;

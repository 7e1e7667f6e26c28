//! Hostile input: whatever a user, a repository or a broken disk hands to the program, it never panics, never hangs, and
//! says what is wrong.

#![allow(clippy::print_stdout, reason = "the figures of a proof are part of it")]

mod mutate;
mod seeds;
mod stack_file;
mod tests;

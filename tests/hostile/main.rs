//! Hostile input: for any stack file, the program never panics and never hangs, and it reports what is wrong.

#![allow(clippy::print_stdout, reason = "the counts are part of the result")]

mod another_reader;
mod mutate;
mod seeds;
mod stack_file;
mod tests;

//! What a command prints: text for people, or with `--json` one JSON object a line for programs. One process runs one
//! command, so the format is a fact of the process, as its colours are.

use crate::render::Document;
use std::sync::atomic::{AtomicBool, Ordering};

static JSON: AtomicBool = AtomicBool::new(false);

/// Prints JSON from now on.
pub(crate) fn speak_json() {
    JSON.store(true, Ordering::Relaxed);
}

/// True if the output is for programs.
pub(super) fn speaks_json() -> bool {
    JSON.load(Ordering::Relaxed)
}

/// Prints a line of the command's result, for people.
pub(super) fn say(line: &str) {
    if !speaks_json() {
        anstream::println!("{line}");
    }
}

/// Prints a line beside the result, on the standard error.
pub(crate) fn tell(line: &str) {
    anstream::eprintln!("{line}");
}

/// Prints a part of the command's result, for programs.
pub(crate) fn emit(document: impl FnOnce() -> Document) {
    if speaks_json() {
        anstream::println!("{}", document());
    }
}

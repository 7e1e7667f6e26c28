//! What a command prints: text for people, or something for programs. One process runs one command, so the format is a
//! fact of the process, as its colours are.

use crate::render::Document;
use std::fmt::Display;
use std::io::{self, Write};
use std::sync::OnceLock;

/// What goes to the standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// Text, for people.
    Text,
    /// One JSON object a line.
    Json,
    /// Markdown, for a comment.
    Markdown,
}

static FORMAT: OnceLock<Format> = OnceLock::new();

/// Sets the format, before anything is printed.
pub(crate) fn speak(format: Format) {
    let _ = FORMAT.set(format);
}

fn speaks() -> Format {
    FORMAT.get().copied().unwrap_or(Format::Text)
}

/// True if the output is JSON.
pub(super) fn speaks_json() -> bool {
    speaks() == Format::Json
}

/// Prints a line on the standard output.
///
/// # Errors
/// That nobody reads it, as behind a `head` that has seen enough.
pub(super) fn print(line: impl Display) -> io::Result<()> {
    writeln!(anstream::stdout().lock(), "{line}")
}

/// Prints a line of the command's result, for people. What is under way goes on where nobody reads it any more.
pub(super) fn say(line: &str) {
    if speaks() == Format::Text {
        let _ = print(line);
    }
}

/// Prints a line beside the result, on the standard error.
pub(crate) fn tell(line: &str) {
    let _ = writeln!(anstream::stderr().lock(), "{line}");
}

/// Prints a part of the command's result, as JSON.
pub(crate) fn emit(document: impl FnOnce() -> Document) {
    if speaks_json() {
        let _ = print(document());
    }
}

/// Prints the command's result, as Markdown.
pub(super) fn publish(text: impl FnOnce() -> String) {
    if speaks() == Format::Markdown {
        anstream::print!("{}", text());
    }
}

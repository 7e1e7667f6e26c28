//! YAML that cannot be read at all, in words that help.

use granit_parser::{ErrorKind, ScanError};

use super::compose::{MAX_DEPTH, MAX_NODES};
use super::diagnostic::Diagnostic;
use super::source::{Source, Span};

/// What the parser cannot read.
pub(super) fn syntax(source: &Source, error: &ScanError) -> Diagnostic {
    let offset = error.marker().byte_offset().unwrap_or_default();
    match error.kind() {
        ErrorKind::RecursionLimitExceeded => too_large(source, Span { start: offset, end: offset }),
        kind => {
            let message = message(kind);
            let help = hint(source.text().get(offset..).unwrap_or_default(), &message);
            at(source, offset, format!("this is not valid YAML: {message}"), help)
        }
    }
}

/// A second document.
pub(super) fn several_documents(source: &Source, span: Span) -> Diagnostic {
    let help = "keep one stack in one file, and remove the line `---`";
    at(source, span.start, "this begins a second document".to_owned(), Some(help))
}

/// An alias within what it stands for.
pub(super) fn inside_itself(source: &Source, span: Span) -> Diagnostic {
    let message = "this alias stands inside its own anchor";
    at(source, span.start, message.to_owned(), Some("write the value out"))
}

/// More than is read.
pub(super) fn too_large(source: &Source, span: Span) -> Diagnostic {
    let limits = format!("at most {MAX_DEPTH} levels and {MAX_NODES} values, aliases included, are read");
    let message = "the file is nested too deep, or has too many values";
    at(source, span.start, message.to_owned(), Some(&limits))
}

/// Something else where a value must stand.
pub(super) fn no_value(source: &Source, span: Span) -> Diagnostic {
    at(source, span.start, "this is not valid YAML: a value is missing".to_owned(), None)
}

/// A fault at a byte, or at the last one of the text where that lies behind it.
fn at(source: &Source, offset: usize, message: String, help: Option<&str>) -> Diagnostic {
    let end = source.text().trim_end_matches('\n').len();
    Diagnostic { at: source.at(offset.min(end)), length: 1, message, help: help.map(str::to_owned) }
}

/// What the parser says, with one kind of quotes.
fn message(kind: &ErrorKind) -> String {
    match kind {
        ErrorKind::UnknownAnchor => "no anchor of this name stands before this alias".to_owned(),
        ErrorKind::UndeclaredTagHandle => "the handle of this tag is not declared".to_owned(),
        kind => kind.to_string().replace('\'', "`"),
    }
}

/// The usual reason for a fault before `rest`.
fn hint(rest: &str, message: &str) -> Option<&'static str> {
    Some(if message.contains("tab") {
        "indent with spaces; YAML does not allow tabs there"
    } else if rest.starts_with('*') {
        "`*` begins an alias in YAML; for the character itself write `\"*\"`"
    } else if rest.starts_with(['@', '`', '%', '&', '!']) {
        "a value that begins with this character needs quotes"
    } else if message.contains("quoted scalar") {
        "look for a quote that is not closed, or a `\\` in double quotes; single quotes take `\\` as it is"
    } else if message.contains("mapping values") {
        "put a text that contains `: ` in quotes; otherwise look at the indentation"
    } else if message.contains("simple key") {
        "a key ends with a colon: `key: value`"
    } else if ["flow", "illegal placement", "bracket"].iter().any(|word| message.contains(word)) {
        "look for a `[`, `{` or quote before this that is not closed; a value that contains `{` may need quotes"
    } else {
        return None;
    })
}

//! Errors of a file as YAML, with hints.

use granit_parser::{ErrorKind, ScanError};

use super::invisible::{invisible_hint, is_invisible, name};
use super::{MAX_DEPTH, MAX_NODES, Source, Span};

/// An error and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// Its place.
    pub span: Span,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl Error {
    fn new(span: Span, message: impl Into<String>, help: Option<&str>) -> Self {
        Error { span, message: message.into(), help: help.map(str::to_owned) }
    }

    /// The error at the same line and column of another text.
    pub fn in_other(self, from: &Source, to: &Source) -> Self {
        let place = |offset| to.offset(from.at(offset));
        let Span { start, end } = self.span;
        Error { span: Span { start: place(start), end: place(end) }, ..self }
    }
}

/// The parser's error in a text.
pub(crate) fn syntax(source: &Source, error: &ScanError) -> Error {
    let text = source.text();
    let start = error.marker().byte_offset().unwrap_or_default();
    let rest = text.get(start..).unwrap_or_default();
    // A text that ends too early is marked at its last character, not on an empty line below.
    let start = if rest.trim().is_empty() { text.trim_end_matches('\n').len().min(start) } else { start };
    let in_source = |start: usize| source.base() + start;
    let span = Span {
        start: in_source(start),
        end: in_source(start + rest.chars().next().map_or(0, char::len_utf8)),
    };
    match error.kind() {
        ErrorKind::RecursionLimitExceeded => too_large(span),
        kind => {
            let message = message(kind);
            let help = invisible_near(text, start).or_else(|| hint(rest, &message).map(str::to_owned));
            Error { span, message: format!("this is not valid YAML: {message}"), help }
        }
    }
}

/// A hint at an invisible character on the line of an error, or on the line before.
fn invisible_near(text: &str, start: usize) -> Option<String> {
    let (before, after) = text.split_at_checked(start)?;
    let begin = before.rfind('\n').map_or(0, |end| before[..end].rfind('\n').map_or(0, |end| end + 1));
    let end = after.find('\n').map_or(text.len(), |end| start + end);
    invisible_hint(&text[begin..end])
}

/// A line that does not begin with plain spaces.
pub(crate) fn invisible_indentation(key: &str, span: Span) -> Error {
    let visible = key.trim_start_matches(|c| is_invisible(c) || c == ' ');
    let first = key.chars().next().map(name).unwrap_or_default();
    let span = Span { start: span.start, end: span.start + key.len() - visible.len() };
    let help = "YAML takes it for text; replace it with a plain space, here and everywhere in the file";
    Error::new(span, format!("there is {first} before `{visible}`"), Some(help))
}

/// A second document.
pub(crate) fn several_documents(span: Span) -> Error {
    let help = "keep one document in the file, and remove the line `---`";
    Error::new(span, "a second YAML document begins here", Some(help))
}

/// An alias within its own anchor.
pub(crate) fn inside_itself(span: Span) -> Error {
    Error::new(span, "this alias is inside its own anchor", Some("write the value out"))
}

/// A file over the limits.
pub(crate) fn too_large(span: Span) -> Error {
    let limits = format!("the limit is {MAX_DEPTH} levels and {MAX_NODES} values, aliases included");
    Error::new(span, "the file is nested too deeply or has too many values", Some(&limits))
}

/// Another event in place of a value.
pub(crate) fn no_value(span: Span) -> Error {
    Error::new(span, "this is not valid YAML: a value is missing", None)
}

/// The parser's message, with one kind of quotes.
fn message(kind: &ErrorKind) -> String {
    match kind {
        ErrorKind::UnknownAnchor => "there is no anchor of this name before this alias".to_owned(),
        ErrorKind::UndeclaredTagHandle => "the handle of this tag is not declared".to_owned(),
        kind => kind.to_string().replace('\'', "`"),
    }
}

/// The usual reason for an error before `rest`.
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

//! YAML that cannot be read at all, in words that help.

use serde_yaml::{Error, MessageFormatter as _};

use super::diagnostic::Diagnostic;
use super::source::Source;
use super::stack::At;
use super::tree::{self, MAX_DEPTH, MAX_NODES};

/// A fault that leaves no tree.
pub(super) fn broken(source: &Source, error: &Error) -> Diagnostic {
    let at = error.location().map(|location| source.nearest(tree::at(&location))).unwrap_or_default();
    let (message, help) = match innermost(error) {
        Error::Budget { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. } => {
            let limits =
                format!("at most {MAX_DEPTH} levels and {MAX_NODES} values, aliases included, are read");
            ("the file is nested too deep, or has too many values".to_owned(), Some(limits))
        }
        Error::RecursiveReferencesRequireWeakTypes { .. } => {
            ("this alias stands inside its own anchor".to_owned(), Some("write the value out".to_owned()))
        }
        error => {
            let text = serde_yaml::UserMessageFormatter.format_message(error).replace('\'', "`");
            (format!("this is not valid YAML: {text}"), hint(source, at, &text))
        }
    };
    Diagnostic { at, length: 1, message, help }
}

/// The usual reason for a fault in YAML.
fn hint(source: &Source, at: At, message: &str) -> Option<String> {
    let rest = source.text().get(source.offset(at)..).unwrap_or_default();
    let hint = if message.contains("tab") {
        "indent with spaces; YAML does not allow tabs there"
    } else if rest.starts_with('*') {
        "`*` begins an alias in YAML; for the character itself write `\"*\"`"
    } else if rest.starts_with(['@', '`', '%', '&', '!']) {
        "a value that begins with this character needs quotes"
    } else if message.contains("quoted scalar") {
        "look for a quote that is not closed, or a `\\` in double quotes; single quotes take `\\` as it is"
    } else if message.contains("multiple") {
        "keep one stack in one file, and remove the line `---`"
    } else if message.contains("mapping values") {
        "put a text that contains `: ` in quotes; otherwise look at the indentation"
    } else if message.contains("simple key") {
        "a key ends with a colon: `key: value`"
    } else if message.contains("flow") || message.contains("illegal placement") {
        "look for a `[`, `{` or quote before this that is not closed; a value that contains `{` may need quotes"
    } else {
        return None;
    };
    Some(hint.to_owned())
}

/// The fault itself, where it was met through an alias.
fn innermost(mut error: &Error) -> &Error {
    while let Error::AliasError { error: inner, .. } = error {
        error = inner;
    }
    error
}

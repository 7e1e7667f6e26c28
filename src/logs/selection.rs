//! Which entries of the logs are wanted. Pure.

use super::LogEntry;
use super::message::{begins_trace, reports_error};
use std::collections::BTreeSet;

/// The longest pattern that CloudWatch takes [model: logs, FilterPattern].
const LONGEST: usize = 1024;

/// Which entries are wanted; all by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Those that contain a text, in this case.
    pub text: Option<String>,
    /// Those that report an error.
    pub errors: bool,
}

impl Selection {
    /// What CloudWatch is asked for, in its pattern syntax: phrases in quotes, all of which a message contains
    /// [DG: CloudWatch Logs, "Filter pattern syntax"]. How a quote or a backslash is written within a phrase is not documented,
    /// so the text is taken apart there: this finds no less, and what it finds is compared with the whole text.
    pub(super) fn pattern(&self) -> Option<String> {
        let text = self.text.as_deref()?;
        let phrases = text.split(|c: char| matches!(c, '"' | '\\') || c.is_control()).map(str::trim);
        let phrases: Vec<String> =
            phrases.filter(|phrase| !phrase.is_empty()).map(|phrase| format!("\"{phrase}\"")).collect();
        Some(phrases.join(" ")).filter(|pattern| !pattern.is_empty() && pattern.chars().count() <= LONGEST)
    }
}

/// Takes the wanted entries of what is read, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Picker {
    selection: Selection,
    /// The log streams in the midst of a stack trace.
    tracing: BTreeSet<String>,
}

impl Picker {
    pub(super) fn new(selection: Selection) -> Self {
        Picker { selection, tracing: BTreeSet::new() }
    }

    pub(super) fn pattern(&self) -> Option<String> {
        self.selection.pattern()
    }

    /// Whether an entry is wanted.
    pub(super) fn takes(&mut self, entry: &LogEntry) -> bool {
        let text = self.selection.text.as_deref();
        if text.is_some_and(|text| !entry.message.contains(text)) {
            return false;
        }
        // Where a text is wanted, the lines of a trace without it were not read.
        let (is_alone, errors) = (text.is_none(), self.selection.errors);
        !errors || (is_alone && self.continues_trace(entry)) || reports_error(&entry.normalized())
    }

    /// Whether an entry belongs to the stack trace before it: the local cloud, and Lambda where a function writes the trace
    /// itself, make an entry of each line. It ends with the first line that is not indented, which names the exception.
    fn continues_trace(&mut self, entry: &LogEntry) -> bool {
        if begins_trace(&entry.message) {
            let is_whole = entry.message.trim_end().contains(['\n', '\r']);
            if !is_whole {
                self.tracing.insert(entry.stream.clone());
            }
            return true;
        }
        let is_inside = entry.message.starts_with([' ', '\t']) || entry.message.trim().is_empty();
        if is_inside { self.tracing.contains(&entry.stream) } else { self.tracing.remove(&entry.stream) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Option<String> {
        Selection { text: Some(text.to_owned()), errors: false }.pattern()
    }

    #[test]
    fn a_pattern_has_the_text_in_quotes() {
        let pattern = |text| pattern(text).unwrap_or_default();
        assert_eq!(pattern("timed out"), r#""timed out""#);
        assert_eq!(pattern("-{ $.level = * } ?a %b%"), r#""-{ $.level = * } ?a %b%""#);
        assert_eq!(pattern(r#"say "hi\" now"#), r#""say" "hi" "now""#);
        assert_eq!(pattern("a\tb"), r#""a" "b""#);
        // Nothing that could be asked for: everything is read.
        assert_eq!((pattern(r#"""#), pattern(" ")), (String::new(), String::new()));
        assert_eq!((pattern(&"x".repeat(1_022)).len(), pattern(&"x".repeat(1_023)).len()), (1_024, 0));
    }

    fn taken(selection: &Selection, messages: &[&str]) -> Vec<String> {
        let mut picker = Picker::new(selection.clone());
        let entry = |message: &&str| LogEntry {
            function: "list".to_owned(),
            at: 1,
            stream: "one".to_owned(),
            message: (*message).to_owned(),
        };
        let entries = messages.iter().map(entry);
        entries.filter(|entry| picker.takes(entry)).map(|entry| entry.message).collect()
    }

    #[test]
    fn a_text_is_compared_as_it_is() {
        let selection = Selection { text: Some(r#"a "b""#.to_owned()), errors: false };
        assert_eq!(taken(&selection, &[r#"say a "b" c"#, "a b", r#"A "b""#]), [r#"say a "b" c"#]);
        let both = Selection { errors: true, ..selection };
        assert_eq!(taken(&both, &[r#"a "b""#, r#"[ERROR] a "b""#, "[ERROR] c"]), [r#"[ERROR] a "b""#]);
    }

    #[test]
    fn the_lines_of_a_stack_trace_stay_together() {
        let errors = Selection { text: None, errors: true };
        let lines = [
            "before",
            "Traceback (most recent call last):",
            "  File \"a.py\", line 3, in handler",
            "    raise ValueError",
            "ValueError: no",
            "after",
            "  indented",
            "[ERROR] KeyError: x\rTraceback (most recent call last):\r  File \"b.py\"\n",
            "after it",
        ];
        assert_eq!(taken(&errors, &lines), [&lines[1..5], &lines[7..8]].concat());
        assert_eq!(taken(&Selection::default(), &lines), lines);
    }
}

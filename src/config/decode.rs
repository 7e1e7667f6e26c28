//! A decoder that collects errors: every function here reports an error at its place and returns `None`, and its caller
//! decodes the rest all the same.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use super::code::CodeFiles;
use super::diagnostic::Diagnostic;
use super::reference::Scope;
use crate::suggest;
use crate::yaml::{At, Entry, Key, Kind, Node, Source, Span};

/// The source, and the list of errors in it.
pub(crate) struct Log<'a> {
    source: &'a Source,
    diagnostics: RefCell<Vec<Diagnostic>>,
    /// For each template that is known only after `up`, its first unknown placeholder.
    unresolved: RefCell<BTreeMap<At, Span>>,
}

impl<'a> Log<'a> {
    pub(crate) fn new(source: &'a Source) -> Self {
        Self { source, diagnostics: RefCell::default(), unresolved: RefCell::default() }
    }

    /// Reports an error.
    pub(crate) fn report(&self, span: Span, message: impl Into<String>, help: impl Into<Option<String>>) {
        let (at, length) = (self.source.at(span.start), self.source.length(span));
        self.push(Diagnostic { at, length, message: message.into(), help: help.into() });
    }

    /// All errors so far.
    pub(crate) fn into_diagnostics(self) -> Vec<Diagnostic> {
        self.diagnostics.into_inner()
    }

    fn push(&self, diagnostic: Diagnostic) {
        self.diagnostics.borrow_mut().push(diagnostic);
    }
}

/// What all decoding shares: where errors go, and what values may refer to.
#[derive(Clone, Copy)]
pub(crate) struct Cx<'a> {
    log: &'a Log<'a>,
    /// The names that are valid here.
    pub(crate) scope: Scope<'a>,
    /// The files of functions.
    pub(crate) code: &'a CodeFiles<'a>,
}

impl<'a> Cx<'a> {
    pub(crate) fn new(log: &'a Log<'a>, scope: Scope<'a>, code: &'a CodeFiles<'a>) -> Self {
        Self { log, scope, code }
    }

    /// The same with other names.
    pub(crate) fn with_scope<'b>(self, scope: Scope<'b>) -> Cx<'b>
    where
        'a: 'b,
    {
        Cx { scope, ..self }
    }

    /// The text that is decoded.
    pub(crate) fn source(&self) -> &'a Source {
        self.log.source
    }

    /// Reports an error.
    pub(crate) fn report(&self, span: Span, message: impl Into<String>, help: impl Into<Option<String>>) {
        self.log.report(span, message, help);
    }

    /// Reports an error, and returns `None`.
    pub(crate) fn fail_at<T>(
        &self,
        span: Span,
        message: impl Into<String>,
        help: impl Into<Option<String>>,
    ) -> Option<T> {
        self.report(span, message, help);
        None
    }

    /// Reports an error that has no place in the file.
    pub(crate) fn report_nowhere(&self, message: String, help: Option<String>) {
        self.log.push(Diagnostic { at: At::default(), length: 0, message, help });
    }

    /// Reports an error whose place is known.
    pub(crate) fn add(&self, error: Diagnostic) {
        self.log.push(error);
    }

    /// Notes a placeholder of a template that is known only after `up`.
    pub(crate) fn note_unresolved(&self, template: At, placeholder: Span) {
        self.log.unresolved.borrow_mut().entry(template).or_insert(placeholder);
    }

    /// The first placeholder of a template that is known only after `up`.
    pub(crate) fn unresolved(&self, template: At) -> Option<Span> {
        self.log.unresolved.borrow().get(&template).copied()
    }
}

/// A help text, for [`Cx::report`] and [`Value::fail`].
pub(crate) fn help(text: impl Into<String>) -> Option<String> {
    Some(text.into())
}

/// A value together with the key that it belongs to.
#[derive(Clone, Copy)]
pub(crate) struct Value<'a> {
    pub(crate) cx: &'a Cx<'a>,
    pub(crate) key: &'a Key,
    pub(crate) node: &'a Node,
}

impl<'a> Value<'a> {
    pub(crate) fn new(cx: &'a Cx<'a>, entry: &'a Entry) -> Self {
        Self { cx, key: &entry.key, node: &entry.value }
    }

    /// The place of the value, or of its key where the value is missing.
    pub(crate) fn span(self) -> Span {
        if matches!(self.node.kind, Kind::Null) { self.key.span } else { self.node.span }
    }

    /// The place of the value.
    pub(crate) fn at(self) -> At {
        self.cx.source().at(self.span().start)
    }

    /// The place of the key.
    pub(crate) fn key_at(self) -> At {
        self.cx.source().at(self.key.span.start)
    }

    /// Reports an error at the value.
    pub(crate) fn fail<T>(self, message: impl Into<String>, help: impl Into<Option<String>>) -> Option<T> {
        self.cx.fail_at(self.span(), message, help)
    }

    /// Reports an error at the key.
    pub(crate) fn fail_key<T>(
        self,
        message: impl Into<String>,
        help: impl Into<Option<String>>,
    ) -> Option<T> {
        self.cx.fail_at(self.key.span, message, help)
    }

    /// Reports that the value does not have the type `wanted`, for example "a list".
    pub(crate) fn wrong_type<T>(self, wanted: &str, help: impl Into<Option<String>>) -> Option<T> {
        let found = match &self.node.kind {
            Kind::Null => return self.fail(format!("`{}` has no value", self.key.text), help),
            Kind::Plain(text) | Kind::Text(text) => format!("`{}`", first_line(text)),
            Kind::List(_) => "a list".to_owned(),
            Kind::Map(_) => "a mapping".to_owned(),
        };
        self.fail(format!("`{}` must be {wanted}, not {found}", self.key.text), help)
    }

    /// The text of a scalar, with `${…}` as written.
    pub(crate) fn scalar(self) -> Option<&'a str> {
        match self.node.text() {
            Some(text) => Some(text),
            None => self.wrong_type("text", None),
        }
    }

    /// The text of a scalar where `${…}` is not supported.
    pub(crate) fn text(self) -> Option<&'a str> {
        let text = self.scalar()?;
        if text.replace("$${", "").contains("${") {
            let place = "it works in `environment`, `policy` and `description`, and in `checks`";
            return self.fail("`${…}` is not supported here", help(place));
        }
        Some(text)
    }

    /// A text that is not empty, and at most `most` characters long.
    pub(crate) fn short(self, most: usize) -> Option<&'a str> {
        let text = self.text()?;
        match text.chars().count() {
            0 => self.fail(format!("`{}` cannot be empty", self.key.text), None),
            length if length > most => {
                self.fail(format!("`{}` has {length} characters; AWS allows {most}", self.key.text), None)
            }
            _ => Some(text),
        }
    }

    /// A whole number within AWS's limits; `unit` is what it counts, or empty.
    pub(crate) fn integer(self, unit: &str, range: RangeInclusive<i64>) -> Option<i64> {
        let Some(text) = self.node.text() else { return self.wrong_type("a whole number", None) };
        let Ok(number) = text.parse::<i64>() else {
            let digits = text.trim().trim_end_matches(|c: char| c.is_alphabetic() || c == ' ');
            let alone = digits.parse::<i64>().is_ok().then(|| format!("write the number alone: `{digits}`"));
            return self.wrong_type("a whole number", alone);
        };
        if range.contains(&number) {
            return Some(number);
        }
        let limit = match (*range.start(), *range.end()) {
            (least, most) if number < least && most >= i64::from(i32::MAX) => format!("at least {least}"),
            (least, most) => format!("from {least} to {most}"),
        };
        let unit = if unit.is_empty() { String::new() } else { format!(" {unit}") };
        self.fail(format!("`{}` must be {limit}{unit}, not {number}", self.key.text), None)
    }

    /// `true` or `false`.
    pub(crate) fn boolean(self) -> Option<bool> {
        match &self.node.kind {
            Kind::Plain(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Kind::Plain(text) if text.eq_ignore_ascii_case("false") => Some(false),
            Kind::Plain(text) | Kind::Text(text) => {
                let meant = match text.to_lowercase().as_str() {
                    "yes" | "on" | "true" | "enabled" => Some("true"),
                    "no" | "off" | "false" | "disabled" => Some("false"),
                    _ => None,
                };
                self.wrong_type("`true` or `false`", meant.map(|meant| format!("write `{meant}`")))
            }
            _ => self.wrong_type("`true` or `false`", None),
        }
    }

    /// One of a few words.
    pub(crate) fn one_of<T: Copy>(self, words: &[(&str, T)]) -> Option<T> {
        let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let wanted = suggest::quoted(&names).replace(" and ", " or ");
        let Some(text) = self.node.text() else { return self.wrong_type(&wanted, None) };
        let found = words.iter().find(|(word, _)| *word == text);
        match found {
            Some((_, value)) => Some(*value),
            None => self.wrong_type(&wanted, suggest::did_you_mean(text, names)),
        }
    }

    /// A list; a missing value is the empty list.
    pub(crate) fn list<T>(self, mut item: impl FnMut(Value<'a>) -> Option<T>) -> Option<Vec<T>> {
        match &self.node.kind {
            Kind::Null => Some(Vec::new()),
            Kind::List(items) => Some(items.iter().filter_map(|node| item(Value { node, ..self })).collect()),
            Kind::Plain(text) | Kind::Text(text) if !text.contains('\n') => {
                self.wrong_type("a list", help(format!("write `[\"{text}\"]`")))
            }
            Kind::Map(_) => self.wrong_type("a list", help("begin each item with `- `")),
            _ => self.wrong_type("a list", None),
        }
    }

    /// A mapping of the user's own keys; a missing value is the empty mapping.
    pub(crate) fn map<T>(self, mut member: impl FnMut(Value<'a>) -> Option<T>) -> Option<Vec<T>> {
        match &self.node.kind {
            Kind::Null => Some(Vec::new()),
            Kind::Map(entries) => {
                Some(entries.iter().filter_map(|entry| member(Value::new(self.cx, entry))).collect())
            }
            Kind::List(_) => self.wrong_type("a mapping", help("write `name: value`, without `- `")),
            _ => self.wrong_type("a mapping", None),
        }
    }
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

//! A decoder that collects errors: every function here reports an error at its place and returns `None`, and its caller
//! decodes the rest all the same.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use super::code::CodeFiles;
use super::diagnostic::Diagnostic;
use super::reference::{self, Scope};
use super::regional::Regional;
use super::sources::Sources;
use super::stack::Elsewhere;
use crate::model::Address;
use crate::suggest;
use crate::yaml::{At, Entry, Key, Kind, Node, Piece, Span};

/// The source, and the list of errors in it.
pub(crate) struct Log<'a> {
    source: &'a Sources,
    diagnostics: RefCell<Vec<Diagnostic>>,
    /// For each template that is known only after `up`, its first unknown placeholder.
    unresolved: RefCell<BTreeMap<At, Span>>,
    /// The scalars with placeholders, and what they became.
    filled: RefCell<BTreeMap<Span, String>>,
    /// The scalars with a placeholder that has no value.
    failed: RefCell<BTreeSet<Span>>,
    /// The scalars for which something stands that is not their value.
    unread: RefCell<BTreeSet<Span>>,
    /// Whether a value is still to come: where the stack is, or what lives elsewhere.
    is_for_now: Cell<bool>,
    /// Whether the address of a value that lives elsewhere depends on where the stack is, and that is not known.
    is_address_for_now: Cell<bool>,
    /// The addresses of values that live elsewhere, each with the first place that names it.
    elsewhere: RefCell<BTreeMap<Address, Span>>,
    /// Those that have no value, and whose fallback is used.
    fallbacks: RefCell<BTreeMap<Address, Span>>,
    /// What must be of the stack's region, by its place.
    regional: RefCell<BTreeMap<At, Regional>>,
}

impl<'a> Log<'a> {
    pub(crate) fn new(source: &'a Sources) -> Self {
        Self {
            source,
            diagnostics: RefCell::default(),
            unresolved: RefCell::default(),
            filled: RefCell::default(),
            failed: RefCell::default(),
            unread: RefCell::default(),
            is_for_now: Cell::default(),
            is_address_for_now: Cell::default(),
            elsewhere: RefCell::default(),
            fallbacks: RefCell::default(),
            regional: RefCell::default(),
        }
    }

    /// The text that is decoded.
    pub(crate) fn source(&self) -> &'a Sources {
        self.source
    }

    /// Reports an error. At a value with placeholders it says what they became.
    pub(crate) fn report(&self, span: Span, message: impl Into<String>, help: impl Into<Option<String>>) {
        // Why it has no value has been reported.
        if self.failed.borrow().contains(&span) {
            return;
        }
        let (at, length) = (self.source.at(span.start), self.source.length(span));
        if self.unread.borrow().contains(&span) {
            self.note_failed(span);
            let message = "this value must be known to check the file".to_owned();
            let help =
                "add one that stands for it until it is read: `${ssm:/NAME, VALUE}`; or use `${var.NAME}`";
            return self.add(Diagnostic { at, length, message, help: Some(help.to_owned()) });
        }
        let (message, filled) = (message.into(), self.filled.borrow());
        let unsaid = filled.get(&span).map(|text| first_line(text)).filter(|text| !message.contains(*text));
        let became = unsaid.map(|text| format!("the value here is `{text}`"));
        let help: Vec<String> = help.into().into_iter().chain(became).collect();
        let help = (!help.is_empty()).then(|| help.join("; "));
        self.add(Diagnostic { at, length, message, help });
    }

    /// Notes that a value is still to come.
    pub(super) fn note_for_now(&self) {
        self.is_for_now.set(true);
    }

    /// Whether a value is still to come.
    pub(super) fn is_for_now(&self) -> bool {
        self.is_for_now.get()
    }

    /// Notes that the address of a value that lives elsewhere is still to come.
    pub(super) fn note_address_for_now(&self) {
        self.is_address_for_now.set(true);
    }

    /// Whether the address of a value that lives elsewhere is still to come.
    pub(super) fn is_address_for_now(&self) -> bool {
        self.is_address_for_now.get()
    }

    /// Notes the address of a value that lives elsewhere.
    pub(super) fn note_elsewhere(&self, address: &Address, placeholder: Span) {
        self.elsewhere.borrow_mut().entry(address.clone()).or_insert(placeholder);
    }

    /// Notes that nothing is there, and that its fallback is used.
    pub(super) fn note_fallback(&self, address: &Address, placeholder: Span) {
        self.fallbacks.borrow_mut().entry(address.clone()).or_insert(placeholder);
    }

    /// The values that live elsewhere, and those of them whose fallback is used.
    pub(super) fn elsewhere(&self) -> [Vec<Elsewhere>; 2] {
        [&self.elsewhere, &self.fallbacks].map(|noted| {
            let noted = noted.borrow();
            let placed = noted.iter().map(|(address, span)| Elsewhere {
                address: address.clone(),
                at: self.source.at(span.start),
            });
            placed.collect()
        })
    }

    /// Notes what must be of the stack's region.
    pub(super) fn note_regional(&self, scalar: Span, text: &str, rule: &'static str) {
        let at = self.source.at(scalar.start);
        self.regional.borrow_mut().insert(at, Regional { at, text: text.to_owned(), rule });
    }

    /// What must be of the stack's region, in the order of the file.
    pub(super) fn regional(&self) -> Vec<Regional> {
        self.regional.borrow().values().cloned().collect()
    }

    /// Notes a scalar with a placeholder that has no value: no other error of it says more.
    pub(super) fn note_failed(&self, scalar: Span) {
        self.failed.borrow_mut().insert(scalar);
    }

    /// Notes what a scalar with placeholders became.
    pub(super) fn note_filled(&self, scalar: Span, text: &str) {
        self.filled.borrow_mut().insert(scalar, text.to_owned());
    }

    /// Adds an error whose place is known.
    pub(super) fn add(&self, error: Diagnostic) {
        self.diagnostics.borrow_mut().push(error);
    }

    /// All errors so far.
    pub(crate) fn into_diagnostics(self) -> Vec<Diagnostic> {
        self.diagnostics.into_inner()
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

    /// The same with another list of errors.
    pub(crate) fn with_log<'b>(self, log: &'b Log<'b>) -> Cx<'b>
    where
        'a: 'b,
    {
        Cx { log, ..self }
    }

    /// The text that is decoded.
    pub(crate) fn source(&self) -> &'a Sources {
        self.log.source()
    }

    /// Whether a scalar had placeholders, all of which are filled in.
    fn is_filled(&self, scalar: Span) -> bool {
        self.log.filled.borrow().contains_key(&scalar)
    }

    /// Reports an error.
    pub(crate) fn report(&self, span: Span, message: impl Into<String>, help: impl Into<Option<String>>) {
        self.log.report(span, message, help);
    }

    /// Notes what must be of the stack's region.
    pub(super) fn note_regional(&self, scalar: Span, text: &str, rule: &'static str) {
        self.log.note_regional(scalar, text, rule);
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
        self.log.add(Diagnostic { at: At::default(), length: 0, message, help });
    }

    /// Reports an error whose place is known.
    pub(crate) fn add(&self, error: Diagnostic) {
        self.log.add(error);
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

    /// Notes that something stands for the value that it is not.
    pub(super) fn note_unread(self) {
        self.cx.log.unread.borrow_mut().insert(self.node.span);
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
            Kind::Template { pieces, .. } => return self.unknown(pieces),
        };
        self.fail(format!("`{}` must be {wanted}, not {found}", self.key.text), help)
    }

    /// The text of a scalar.
    pub(crate) fn text(self) -> Option<&'a str> {
        match self.node.text() {
            Some(text) => Some(text),
            None => self.wrong_type("text", None),
        }
    }

    /// Reports the placeholders of a value that must be known now.
    fn unknown<T>(self, pieces: &[Piece]) -> Option<T> {
        for piece in pieces {
            let Piece::Placeholder(expression, span) = piece else { continue };
            match reference::part(expression, self.cx.scope) {
                Ok(_) => {
                    let message = format!("`{}` cannot refer to `${{{expression}}}`", self.key.text);
                    let place = "such references work in `environment`, `policy`, `resource_policy`, `description` and `outputs`, and in `checks`";
                    self.cx.report(*span, message, help(place));
                }
                Err(error) => self.cx.report(*span, error.message, error.help),
            }
        }
        None
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
            // A variable of the process is always a text.
            Kind::Text(text) if text == "true" && self.cx.is_filled(self.node.span) => Some(true),
            Kind::Text(text) if text == "false" && self.cx.is_filled(self.node.span) => Some(false),
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

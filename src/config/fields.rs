//! Mappings with fixed keys: which are unknown, and which are missing.

use super::code::CodeFiles;
use super::decode::{Cx, Value, help};
use super::reference::Names;
use crate::suggest;
use crate::yaml::{Entry, Kind, Span};

impl<'a> Value<'a> {
    /// A mapping with fixed keys; `what` is its owner, for example "table `users`".
    pub(crate) fn fields(self, what: impl Into<String>) -> Option<Fields<'a>> {
        let entries = match &self.node.kind {
            Kind::Null => &[][..],
            Kind::Map(entries) => entries,
            _ => return self.wrong_type("a mapping", None),
        };
        Some(Fields::new(self.cx, self.key.span, what.into(), entries))
    }

    /// As [`Value::fields`], for an item of a list: a missing key is reported at the item.
    pub(crate) fn fields_of_item(self, what: &str) -> Fields<'a> {
        let start = self.node.span.start;
        Fields::new(self.cx, Span { start, end: start }, what.to_owned(), self.node.entries())
    }
}

/// The members of a mapping, taken one by one; the others are unknown.
pub(crate) struct Fields<'a> {
    cx: &'a Cx<'a>,
    owner: Span,
    what: String,
    entries: &'a [Entry],
    known: Vec<&'static str>,
    /// Keys that mean nothing and may be there.
    ignored: fn(&str) -> bool,
    missing: Vec<(&'static str, &'static str)>,
}

impl<'a> Fields<'a> {
    pub(crate) fn new(cx: &'a Cx<'a>, owner: Span, what: String, entries: &'a [Entry]) -> Self {
        Self { cx, owner, what, entries, known: Vec::new(), ignored: |_| false, missing: Vec::new() }
    }

    /// The value of a key, not decoded yet.
    pub(crate) fn take(&mut self, key: &'static str) -> Option<Value<'a>> {
        if !self.known.contains(&key) {
            self.known.push(key);
        }
        self.value(key)
    }

    /// Keys that may be there and that have been taken out before.
    pub(crate) fn know(&mut self, keys: &[&'static str]) {
        self.known.extend(keys);
    }

    /// The value of a key, for a check; it stays to be taken.
    pub(crate) fn value(&self, key: &str) -> Option<Value<'a>> {
        let entry = self.entries.iter().find(|entry| entry.key.text == key)?;
        Some(Value::new(self.cx, entry))
    }

    /// The names that are valid here.
    pub(crate) fn names(&self) -> &'a Names<'a> {
        self.cx.scope.names
    }

    /// The files of functions.
    pub(crate) fn code(&self) -> &'a CodeFiles<'a> {
        self.cx.code
    }

    /// Reports an error at the value of a key, or at the mapping where the key is not there.
    pub(crate) fn fail_at(&self, key: &str, message: impl Into<String>, help: impl Into<Option<String>>) {
        let span = self.value(key).map_or(self.owner, Value::span);
        self.cx.report(span, message, help);
    }

    /// Reports, at the end, that a key is missing; `example` is shown.
    pub(crate) fn missing(&mut self, key: &'static str, example: &'static str) {
        self.missing.push((key, example));
    }

    /// The same mapping, in which these keys may be there and mean nothing.
    pub(crate) fn ignoring(self, ignored: fn(&str) -> bool) -> Self {
        Fields { ignored, ..self }
    }

    /// Reports every unknown key, and every required one that is missing.
    pub(crate) fn finish(self) {
        let is_known =
            |entry: &&Entry| self.known.contains(&entry.key.text.as_str()) || (self.ignored)(&entry.key.text);
        let (_, unknown): (Vec<&Entry>, Vec<&Entry>) = self.entries.iter().partition(is_known);
        for entry in &unknown {
            let key = entry.key.text.as_str();
            let keys = suggest::did_you_mean_or_list(key, "the keys are", &self.known);
            self.cx.report(entry.key.span, format!("unknown key `{key}` in {}", self.what), keys);
        }
        for (key, example) in &self.missing {
            // A required key that is only misspelt is one error, not two.
            let misspelt =
                |entry: &&Entry| suggest::nearest(&entry.key.text, self.known.iter().copied()) == Some(key);
            if !unknown.iter().any(misspelt) {
                let message = format!("missing key `{key}` in {}", self.what);
                self.cx.report(self.owner, message, help(format!("add `{key}: {example}`")));
            }
        }
    }
}

//! Mappings with fixed keys: which are unknown, and which are missing.

use super::decode::{Cx, Value, help};
use crate::suggest;
use crate::yaml::{Entry, Kind, Span};

impl<'a> Value<'a> {
    /// A mapping with fixed keys; `what` is its owner, for example "table `users`".
    pub(super) fn fields(self, what: impl Into<String>) -> Option<Fields<'a>> {
        let entries = match &self.node.kind {
            Kind::Null => &[][..],
            Kind::Map(entries) => entries,
            _ => return self.wrong_type("a mapping", None),
        };
        Some(Fields::new(self.cx, self.key.span, what.into(), entries))
    }

    /// As [`Value::fields`], for an item of a list: a missing key is reported at the item.
    pub(super) fn fields_of_item(self, what: &str) -> Fields<'a> {
        let start = self.node.span.start;
        Fields::new(self.cx, Span { start, end: start }, what.to_owned(), self.node.entries())
    }
}

/// The members of a mapping, taken one by one; the others are unknown.
pub(super) struct Fields<'a> {
    cx: &'a Cx<'a>,
    owner: Span,
    what: String,
    entries: &'a [Entry],
    known: Vec<&'static str>,
    missing: Vec<(&'static str, &'static str)>,
}

impl<'a> Fields<'a> {
    pub(super) fn new(cx: &'a Cx<'a>, owner: Span, what: String, entries: &'a [Entry]) -> Self {
        Self { cx, owner, what, entries, known: Vec::new(), missing: Vec::new() }
    }

    /// The value of a key, not decoded yet.
    pub(super) fn take(&mut self, key: &'static str) -> Option<Value<'a>> {
        if !self.known.contains(&key) {
            self.known.push(key);
        }
        let entry = self.entries.iter().find(|entry| entry.key.text == key)?;
        Some(Value::new(self.cx, entry))
    }

    /// The value of an optional key.
    pub(super) fn optional<T>(
        &mut self,
        key: &'static str,
        decode: impl FnOnce(Value<'a>) -> Option<T>,
    ) -> Option<T> {
        self.take(key).and_then(decode)
    }

    /// The value of a required key; `example` is shown where it is missing.
    pub(super) fn required<T>(
        &mut self,
        key: &'static str,
        example: &'static str,
        decode: impl FnOnce(Value<'a>) -> Option<T>,
    ) -> Option<T> {
        let value = self.take(key);
        if value.is_none() {
            self.missing.push((key, example));
        }
        value.and_then(decode)
    }

    /// Reports every unknown key, and every required one that is missing.
    pub(super) fn finish(self) {
        let is_known = |entry: &&Entry| self.known.contains(&entry.key.text.as_str());
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

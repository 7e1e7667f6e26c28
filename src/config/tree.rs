//! YAML as a tree in which every value knows where it stands. A derived reader would stop at the first fault; from this
//! tree the rest of the module finds them all.

use std::rc::Rc;

use super::source::Span;

/// A value and where it stands. What comes from an alias stands where its anchor is.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) span: Span,
    pub(super) kind: Kind,
}

/// What a value is. Scalars keep their text: `1.10`, `true` and `012345678901` stay as they are written. Aliases share
/// the lists and the mappings that they stand for.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    /// Nothing, `~` or `null`.
    Null,
    /// A scalar without quotes, which may be a number or a boolean.
    Plain(String),
    /// A scalar that is text, whatever it looks like.
    Text(String),
    List(Rc<[Node]>),
    /// The members in the order of the file, no key twice.
    Map(Rc<[Entry]>),
}

/// A member of a mapping.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) key: Key,
    pub(super) value: Node,
}

/// The key of a member.
#[derive(Debug, Clone)]
pub(super) struct Key {
    pub(super) span: Span,
    pub(super) text: String,
}

impl Node {
    /// The members of a mapping; none for anything else.
    pub(super) fn entries(&self) -> &[Entry] {
        match &self.kind {
            Kind::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The value of a mapping's key.
    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        self.entries().iter().find(|entry| entry.key.text == key).map(|entry| &entry.value)
    }

    /// The text of a scalar.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Plain(text) | Kind::Text(text) => Some(text),
            _ => None,
        }
    }
}

//! The tree.

use std::rc::Rc;

use super::Span;

/// A value and its place. A value of an alias has the place of its anchor.
#[derive(Debug, Clone)]
pub struct Node {
    /// Its place.
    pub span: Span,
    /// Its kind and contents.
    pub kind: Kind,
}

/// The kind and contents of a value. Scalars keep their text: `1.10`, `true` and `012345678901` stay as written. Aliases
/// share the lists and mappings of their anchors.
#[derive(Debug, Clone)]
pub enum Kind {
    /// Nothing, `~` or `null`.
    Null,
    /// A scalar without quotes, which may be a number or a boolean.
    Plain(String),
    /// A scalar that is text, even where it looks like a number.
    Text(String),
    /// A sequence.
    List(Rc<[Node]>),
    /// A mapping: its members in the order of the file, no key twice.
    Map(Rc<[Entry]>),
}

/// A member of a mapping.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its key.
    pub key: Key,
    /// Its value.
    pub value: Node,
}

/// The key of a member.
#[derive(Debug, Clone)]
pub struct Key {
    /// Its place.
    pub span: Span,
    /// Its text.
    pub text: String,
}

impl Node {
    /// The members of a mapping; none for anything else.
    pub fn entries(&self) -> &[Entry] {
        match &self.kind {
            Kind::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The value of a mapping's key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries().iter().find(|entry| entry.key.text == key).map(|entry| &entry.value)
    }

    /// The text of a scalar.
    pub fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Plain(text) | Kind::Text(text) => Some(text),
            _ => None,
        }
    }
}

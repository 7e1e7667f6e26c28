//! The tree.

use std::borrow::Cow;
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
    /// A scalar with placeholders that are still to be filled in. The parser makes none.
    Template {
        /// Its parts.
        pieces: Rc<[Piece]>,
        /// A text of the same form, where the placeholders are such that only their values are still to come.
        for_now: Option<String>,
    },
}

/// A part of a text with placeholders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Literal text.
    Text(String),
    /// `${…}`: what stands in it, and its place.
    Placeholder(String, Span),
    /// A value from elsewhere that has not been read.
    Unread {
        /// The text that stands for it, where it has one.
        fallback: Option<String>,
        /// Whether it is certainly one that is never shown.
        is_sensitive: bool,
    },
    /// A value from elsewhere that is never shown.
    Sensitive(String),
    /// A placeholder without a value. The error has been reported.
    Failed,
}

impl Piece {
    /// True for a value that is never shown, as far as this is known.
    pub fn is_sensitive(&self) -> bool {
        matches!(self, Piece::Sensitive(_) | Piece::Unread { is_sensitive: true, .. })
    }
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

impl Kind {
    /// True for a scalar that is nothing but a value from elsewhere, which has not been read and for which nothing stands.
    pub fn is_unread(&self) -> bool {
        let Kind::Template { pieces, for_now: None } = self else { return false };
        matches!(**pieces, [Piece::Unread { fallback: None, .. }])
    }
}

impl Node {
    /// Another value at the same place.
    pub fn with(&self, kind: Kind) -> Self {
        Node { span: self.span, kind }
    }

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

    /// The text of a scalar; for now, where its values are still to come.
    pub fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Plain(text) | Kind::Text(text) => Some(text),
            Kind::Template { for_now, .. } => for_now.as_deref(),
            _ => None,
        }
    }

    /// The text of a scalar, with placeholders as they are written.
    pub fn written(&self) -> Option<Cow<'_, str>> {
        let Kind::Template { pieces, .. } = &self.kind else { return self.text().map(Cow::Borrowed) };
        let written = pieces.iter().map(|piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Placeholder(expression, _) => format!("${{{expression}}}"),
            Piece::Unread { .. } | Piece::Sensitive(_) | Piece::Failed => "${…}".to_owned(),
        });
        Some(written.collect())
    }
}

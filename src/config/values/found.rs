//! Values from elsewhere, as far as they have been read.

use super::{Place, Values, failed};
use crate::config::decode::help;
use crate::config::elsewhere::Written;
use crate::config::reference::Error;
use crate::model::Found;
use crate::yaml::{Kind, Node, Piece, Span};
use std::rc::Rc;

impl Values<'_> {
    /// A value that lives elsewhere; none where an error has been reported.
    pub(super) fn elsewhere(&self, written: &Written, span: Span, place: Place) -> Option<Kind> {
        let name = self.inner(written.name, span, place)?;
        let fallback = match written.fallback {
            Some(fallback) => Some(self.inner(fallback, span, place)?.text),
            None => None,
        };
        let unread = |fallback: Option<String>| {
            self.log.note_for_now();
            let is_sensitive = written.is_sensitive();
            let pieces = Rc::new([Piece::Unread { fallback: fallback.clone(), is_sensitive }]);
            Kind::Template { pieces, for_now: fallback }
        };
        let address = match written.address(&name.text, self.names) {
            Ok(address) => address,
            Err(error) => return Some(self.fail(span, error)),
        };
        if name.is_for_now {
            self.log.note_address_for_now();
            return Some(unread(fallback));
        }
        self.log.note_elsewhere(&address, span);
        Some(match self.names.known.and_then(|known| known.values.get(&address)) {
            None => unread(fallback),
            Some(Found::Text(text)) => Kind::Text(text.clone()),
            Some(Found::Sensitive(text)) => {
                let pieces = Rc::new([Piece::Sensitive(text.clone())]);
                Kind::Template { pieces, for_now: Some(text.clone()) }
            }
            Some(Found::Missing(why)) => match fallback {
                Some(fallback) => {
                    self.log.note_fallback(&address, span);
                    Kind::Text(fallback)
                }
                // The first place is enough.
                None if !self.missing.borrow_mut().insert(address.clone()) => failed(),
                None => {
                    let message = format!("`${{{address}}}` has no value: {why}");
                    let way = format!("create it, or add a fallback: `${{{address}, VALUE}}`");
                    self.fail(span, Error::new(message, way))
                }
            },
        })
    }

    /// A text within a placeholder. What it contains must be known before AWS is asked for values.
    fn inner(&self, text: &str, span: Span, place: Place) -> Option<Inner> {
        let node = Node { span, kind: Kind::Null };
        let mut inner = Inner { text: String::new(), is_for_now: false };
        for piece in self.pieces(&node, text) {
            match piece {
                Piece::Text(text) => inner.text += &text,
                Piece::Placeholder(expression, span) => match self.whole(&expression, span, place) {
                    Some(Kind::Plain(text) | Kind::Text(text)) => inner.text += &text,
                    Some(Kind::Template { pieces, for_now: Some(text) }) if is_located(&pieces) => {
                        inner.text += &text;
                        inner.is_for_now = true;
                    }
                    Some(Kind::Template { pieces, .. }) if pieces.contains(&Piece::Failed) => return None,
                    _ => {
                        let message = format!("`${{{expression}}}` cannot be a part of another reference");
                        let way = "use `${var.NAME}`, `${env}`, `${process.NAME}` or `${region}` in it";
                        self.log.report(span, message, help(way));
                        return None;
                    }
                },
                _ => return None,
            }
        }
        Some(inner)
    }
}

/// A text within a placeholder.
struct Inner {
    text: String,
    /// Whether it depends on where the stack is, and that is not known.
    is_for_now: bool,
}

/// True for a text that is still to come only since it is not known where the stack is.
fn is_located(pieces: &[Piece]) -> bool {
    pieces.iter().all(|piece| matches!(piece, Piece::Text(_) | Piece::Placeholder(..)))
}

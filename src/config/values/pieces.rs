//! A text that is put together from what is known and what is still to come.

use crate::yaml::{Kind, Piece};

/// Pieces, of which no two neighbours are literal texts.
#[derive(Default)]
pub(super) struct Pieces {
    pub(super) all: Vec<Piece>,
    /// The whole as a text for now.
    for_now: String,
    /// Whether a piece has no text for now.
    is_unknown: bool,
}

impl Pieces {
    pub(super) fn text(&mut self, text: &str) {
        self.for_now += text;
        self.literal(text);
    }

    pub(super) fn literal(&mut self, text: &str) {
        match self.all.last_mut() {
            _ if text.is_empty() => {}
            Some(Piece::Text(last)) => last.push_str(text),
            _ => self.all.push(Piece::Text(text.to_owned())),
        }
    }

    pub(super) fn unknown(&mut self, piece: Piece) {
        self.all.push(piece);
        self.is_unknown = true;
    }

    /// The pieces of a part, and its text for now.
    pub(super) fn template(&mut self, pieces: &[Piece], for_now: Option<String>) {
        for piece in pieces {
            match piece {
                Piece::Text(text) => self.literal(text),
                piece => self.all.push(piece.clone()),
            }
        }
        self.is_unknown |= for_now.is_none();
        self.for_now += &for_now.unwrap_or_default();
    }

    /// A text, if nothing is left to be filled in.
    pub(super) fn into_kind(mut self) -> Kind {
        match self.all.as_mut_slice() {
            [] => Kind::Text(String::new()),
            [Piece::Text(text)] => Kind::Text(std::mem::take(text)),
            _ => Kind::Template {
                pieces: self.all.into(),
                for_now: (!self.is_unknown).then_some(self.for_now),
            },
        }
    }
}

//! YAML as a tree in which every value knows its place: from it, all errors in a file are found, and shown where they are.
//! Knows nothing about stacks.
//!
//! `serde_yaml` has the same parser and returns places too (`Spanned`). Tried on the texts of the tests, it made messages
//! worse:
//!
//! - It stops at the first tag, duplicate key, wrong `<<` or key that is no text: one error instead of four tags, or of two
//!   duplicate keys, and nothing of the rest of the file. With these checks off it accepts tags and duplicate keys; we would
//!   check them again, as long as here, and without the place of a tag.
//! - It interprets scalars: of `012345678901` it makes 12345678901, of `1.10` 1.1, of `yes` true. A message could not quote
//!   what the file says.
//! - Indentation that only looks like spaces is a part of the key, without a hint. An unclosed quote has its error on an
//!   empty line below. For a second document it names functions of its own interface.
//!
//! So the program only writes YAML with it, and tests read with it what has no places to show.

mod compose;
mod error;
mod invisible;
mod source;
#[cfg(test)]
mod tests;
mod tree;

pub use compose::{MAX_DEPTH, MAX_NODES, compose};
pub use error::Error;
pub use invisible::{invisible_hint, is_invisible};
pub use source::{At, Source, Span};
pub use tree::{Entry, Key, Kind, Node, Piece};

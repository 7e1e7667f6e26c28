//! YAML as a tree in which every value knows its place. A derived reader would stop at the first error and return no places;
//! from this tree a program finds all errors in a file, and shows where they are.
//!
//! A crate of its own, since the parser's code is compiled where it is used: here for speed, in the program for size.

mod compose;
mod error;
mod invisible;
mod source;
mod tree;

pub use compose::{MAX_DEPTH, MAX_NODES, compose};
pub use error::Error;
pub use invisible::{invisible_hint, is_invisible};
pub use source::{At, Source, Span};
pub use tree::{Entry, Key, Kind, Node};

//! YAML as a tree in which every value knows where it stands. A derived reader would stop at the first fault, and hand over
//! no places; from this tree a program finds all that is wrong in a file, and shows it.
//!
//! A crate of its own, since the parser's code is compiled where it is used: here for speed, in the program for size.

mod compose;
mod fault;
mod invisible;
mod source;
mod tree;

pub use compose::{MAX_DEPTH, MAX_NODES, compose};
pub use fault::Fault;
pub use invisible::{invisible_hint, is_invisible};
pub use source::{At, Source, Span};
pub use tree::{Entry, Key, Kind, Node};

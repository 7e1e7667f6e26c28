//! Stack files.

use std::fs;
use std::path::Path;

/// The folder of the shipped stack.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The shipped stack.
pub(crate) fn shipped() -> String {
    fs::read_to_string(root().join("stack.yaml")).unwrap()
}

/// The shipped stack without its checks.
pub(crate) fn unchecked() -> String {
    let text = shipped();
    let (stack, _) = text.split_once("\nchecks:\n").unwrap();
    stack.to_owned()
}

/// A small stack: a table, two functions, three routes.
pub(crate) const SMALL: &str = include_str!("../stacks/small.yaml");

//! A change of any stack, as data: what a new version of it may bring, so that a new example takes part without a word.

use crate::fixture::Fixture;
use crate::service::StackChange;
use crate::services::Service;
use std::fs;
use std::path::Path;

/// What can change of no service in particular.
const CHANGES: &[(&str, StackChange)] =
    &[("a tag is added", |stack| stack.tags.insert("version".to_owned(), "2".to_owned()).is_none())];

/// What can change.
fn changes() -> impl Iterator<Item = &'static (&'static str, StackChange)> {
    Service::ALL.iter().flat_map(|service| service.changes()).chain(CHANGES)
}

/// The next version of a stack: all of the changes that it knows, and other code of its first function.
pub(crate) fn next_version(stack: &Fixture) -> Fixture {
    let code = stack.stack.functions().first().and_then(|function| function.code.clone());
    stack.with(
        |stack| {
            for (_, change) in changes() {
                change(stack);
            }
        },
        |folder| code.iter().for_each(|code| touch(&folder.join(code))),
    )
}

/// A stack without the protection that would hold its end back.
pub(crate) fn unprotected(stack: &Fixture) -> Fixture {
    stack.with(|stack| Service::ALL.iter().for_each(|service| service.leave_unprotected(stack)), |_| ())
}

/// Changes a function's code: a folder gets another file, a file another line.
fn touch(code: &Path) {
    if code.is_dir() {
        fs::write(code.join("version.txt"), "2").expect("a file is written");
    } else {
        let text = fs::read_to_string(code).expect("code");
        fs::write(code, text + "\n").expect("a file is written");
    }
}

#[test]
fn every_change_is_made_to_some_stack_and_every_stack_is_changed() {
    let every = Fixture::every();
    for (what, change) in changes() {
        assert!(every.values().any(|stack| change(&mut stack.stack.clone())), "no stack in which {what}");
    }
    for (name, stack) in &every {
        let next = next_version(stack);
        let changed = changes().filter(|(_, change)| change(&mut stack.stack.clone())).count();
        assert!(changed > 2, "{name}");
        let first = stack.stack.functions().first().map(|function| &stack.hashes[&function.name]);
        let new = next.stack.functions().first().map(|function| &next.hashes[&function.name]);
        assert!(first.is_none() || first != new, "{name}: the code stays the same");
    }
}

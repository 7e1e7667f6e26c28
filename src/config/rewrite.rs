//! Changes of the tree before it is decoded. What does not change is shared, not copied.

use super::declared::AnySection;
use crate::yaml::{Entry, Kind, Node};

/// What becomes of a part of the tree.
pub(super) enum Change<T> {
    /// It stays.
    Same,
    /// Another one takes its place.
    New(T),
    /// It is left out.
    Gone,
}

impl Change<Node> {
    /// The same for the member of a mapping.
    pub(super) fn of_entry(self, entry: &Entry) -> Change<Entry> {
        match self {
            Change::Same => Change::Same,
            Change::New(value) => Change::New(Entry { key: entry.key.clone(), value }),
            Change::Gone => Change::Gone,
        }
    }
}

/// The items, if one of them changes.
fn items<T: Clone>(items: &[T], change: impl Fn(&T) -> Change<T>) -> Option<Vec<T>> {
    let mut changed: Option<Vec<T>> = None;
    for (index, item) in items.iter().enumerate() {
        match (change(item), &mut changed) {
            (Change::Same, None) => {}
            (Change::Same, Some(changed)) => changed.push(item.clone()),
            (other, _) => {
                let changed = changed.get_or_insert_with(|| items[..index].to_vec());
                if let Change::New(item) = other {
                    changed.push(item);
                }
            }
        }
    }
    changed
}

/// A mapping in which members change; anything else stays.
pub(super) fn members(node: &Node, change: impl Fn(&Entry) -> Change<Entry>) -> Change<Node> {
    match items(node.entries(), change) {
        Some(entries) => Change::New(node.with(Kind::Map(entries.into()))),
        None => Change::Same,
    }
}

/// A list or a mapping in which values change; anything else stays.
pub(super) fn values(node: &Node, change: impl Fn(&Node) -> Change<Node>) -> Change<Node> {
    match &node.kind {
        Kind::List(list) => match items(list, change) {
            Some(list) => Change::New(node.with(Kind::List(list.into()))),
            None => Change::Same,
        },
        _ => members(node, |entry| change(&entry.value).of_entry(entry)),
    }
}

/// A section in which entries change. A section that is one entry has the empty key.
pub(super) fn entries(
    section: &'static dyn AnySection,
    of: &Entry,
    change: impl Fn(&str, &Node) -> Change<Node>,
) -> Change<Entry> {
    let changed = match section.is_single() {
        true => change("", &of.value),
        false => members(&of.value, |one| change(&one.key.text, &one.value).of_entry(one)),
    };
    changed.of_entry(of)
}

/// The value after a change.
pub(super) fn changed(node: &Node, change: Change<Node>) -> Node {
    match change {
        Change::Same => node.clone(),
        Change::New(node) => node,
        Change::Gone => node.with(Kind::Null),
    }
}

//! The stack as a picture: what it declares, and what is connected with what. Pure data; `render` draws it.

use crate::config::Stack;
use crate::kind::AnyKind;
use crate::kinds::kind;
use crate::lower::identity;
use crate::model::ResourceId;
use crate::outline::is_part;
use crate::outputs;
use crate::plan::{Action, Plan};
use std::collections::{BTreeMap, BTreeSet};

pub use crate::config::{Connection, End};

/// What a stack declares, and how it is connected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// The entries, in the order of the sections.
    pub nodes: Vec<Node>,
    /// The connections between them. Both ends are nodes.
    pub connections: Vec<Connection>,
}

/// An entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its kind and its key.
    pub end: End,
    /// Whether it belongs to others.
    pub is_existing: bool,
    /// What a plan does with it.
    pub action: Option<Action>,
}

impl Node {
    /// Its name in a picture.
    pub fn label(&self) -> &str {
        let (kind, key) = &self.end;
        if key.is_empty() { kind } else { key }
    }

    /// Its kind.
    pub fn kind(&self) -> &'static dyn AnyKind {
        kind(self.end.0)
    }
}

impl Picture {
    /// The picture of a stack.
    pub fn of(stack: &Stack) -> Self {
        let own = stack.sections.iter().flat_map(|section| {
            let keys = section.aws_names(&stack.entries).into_iter();
            let key = move |key: &str| if section.is_single() { String::new() } else { key.to_owned() };
            keys.map(move |(name, _)| ((section.kind(), key(name)), false)).collect::<Vec<_>>()
        });
        let existing = stack.existing.iter().map(|one| ((one.kind, one.key.clone()), true));
        let node = |(end, is_existing)| Node { end, is_existing, action: None };
        let nodes: Vec<Node> = own.chain(existing).map(node).collect();
        let has = |end: &End| nodes.iter().any(|node| node.end == *end);
        let connections = stack.sections.iter().flat_map(|section| section.connections(stack));
        let connections: Vec<Connection> =
            connections.filter(|connection| has(&connection.from) && has(&connection.to)).collect();
        Picture { connections: joined(connections), nodes }
    }

    /// The same with what a plan does. An entry that the stack no longer has is a node too.
    pub fn with_plan(mut self, stack: &Stack, plan: &Plan) -> Self {
        let identity = identity(stack);
        let known: BTreeSet<&ResourceId> =
            plan.steps.iter().map(|step| &step.id).chain(&plan.unchanged).collect();
        let is_entry =
            |id: &ResourceId| !kind(id.kind).section().is_empty() && !is_part(id, |of| known.contains(of));
        for step in &plan.steps {
            let declared = is_entry(&step.id);
            let end = (step.id.kind, outputs::key(&identity, &step.id).to_owned());
            let mut named = self.nodes.iter_mut();
            if let Some(node) = named.find(|node| declared && node.end == end) {
                node.action = Some(step.action);
            } else if declared && step.action == Action::Delete {
                self.nodes.push(Node { end, is_existing: false, action: Some(step.action) });
            }
        }
        // A part of an entry, such as the role of a function, is made at the entry's place in the file.
        let places: BTreeMap<_, End> =
            stack.sections.iter().flat_map(|section| section.places(stack)).collect();
        for step in plan.steps.iter().filter(|step| !is_entry(&step.id)) {
            let owner = step.at.and_then(|at| places.get(&at));
            let node = self.nodes.iter_mut().find(|node| Some(&node.end) == owner && node.action.is_none());
            node.into_iter().for_each(|node| node.action = Some(Action::Update));
        }
        self
    }
}

/// One connection between two entries, however many there are: each has its line in the label.
fn joined(connections: Vec<Connection>) -> Vec<Connection> {
    let mut joined: Vec<Connection> = Vec::new();
    for connection in connections {
        let same = |other: &&mut Connection| other.from == connection.from && other.to == connection.to;
        match joined.iter_mut().find(same) {
            Some(other) => other.labels.extend(connection.labels),
            None => joined.push(connection),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::stacks::{SMALL, stack_in};

    fn shown(picture: &Picture) -> Vec<String> {
        let end = |end: &End| format!("{} {}", end.0, end.1).trim_end().to_owned();
        let line =
            |one: &Connection| format!("{} → {}: {}", end(&one.from), end(&one.to), one.labels.join(", "));
        picture.connections.iter().map(line).collect()
    }

    #[test]
    fn entries_are_connected_by_routes_access_triggers_and_dead_letters() {
        let text = format!(
            "{}\nqueues:\n  jobs: {{ dead_letter: {{ queue: dead, after: 3 }} }}\n  dead: {{ existing: theirs }}\n",
            SMALL.replace(
                "access: { notes: read }",
                "access: { notes: [dynamodb:GetItem] }\n    timeout: 5\n    triggers: [{ queue: jobs }]"
            )
        );
        let picture = Picture::of(&stack_in(&text, None));
        assert_eq!(
            shown(&picture),
            [
                "queue jobs → queue dead: dead letters",
                "function save → table notes: write",
                "function list → table notes: GetItem",
                "queue jobs → function list: triggers",
                "api → function save: POST /notes",
                "api → function list: GET /notes, GET /notes/{id}",
            ]
        );
        let existing: Vec<&str> =
            picture.nodes.iter().filter(|node| node.is_existing).map(Node::label).collect();
        assert_eq!(existing, ["dead"]);
    }
}

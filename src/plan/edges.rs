//! The order of the steps.

use super::{Action, Step};
use crate::kind::kind;
use crate::model::{Graph, Id, Resource, Seen};
use std::collections::{BTreeMap, BTreeSet};

/// Gives every step the steps that it must wait for.
pub(super) fn connect(steps: &mut [Step], graph: &Graph, seen: &BTreeMap<Id, &Seen>) {
    let makes = |step: &Step| step.action != Action::Delete;
    let made: BTreeMap<Id, usize> = steps
        .iter()
        .enumerate()
        .filter(|(_, step)| makes(step))
        .map(|(index, step)| (step.id.clone(), index))
        .collect();
    let edges: Vec<Vec<usize>> = (0..steps.len())
        .map(|index| {
            let after: BTreeSet<usize> = match graph.get(&steps[index].id).filter(|_| makes(&steps[index])) {
                Some(resource) => {
                    before_making(resource, graph, seen).filter_map(|id| made.get(id).copied()).collect()
                }
                None => before_deleting(index, steps),
            };
            after.into_iter().filter(|other| *other != index).collect()
        })
        .collect();
    for (step, after) in steps.iter_mut().zip(edges) {
        step.after = after;
    }
}

/// What a resource waits for: its parent, what it refers to where that cannot be known beforehand or is of a kind that
/// comes before its own, and what it was told to wait for.
fn before_making<'a>(
    resource: &'a Resource,
    graph: &Graph,
    seen: &BTreeMap<Id, &Seen>,
) -> impl Iterator<Item = &'a Id> {
    let before = kind(resource.id.kind).after();
    let references = resource.desired.references().into_iter();
    let references =
        references.filter(|reference| before.contains(&reference.id.kind) || !graph.predicts(reference));
    let gate =
        resource.gate.as_ref().filter(|gate| seen.get(&gate.exists).is_some_and(|seen| seen.is_there()));
    let gate = gate.into_iter().flat_map(|gate| &gate.after);
    resource.parent.iter().chain(references.map(|reference| &reference.id)).chain(&resource.after).chain(gate)
}

/// What a thing's end waits for. With its parent, only for that. Else for the ends of the kinds that come after its own,
/// for every step on a thing that still points to it, and, within a parent, for what is made: so what is new comes first,
/// then what is repointed, then the deletes.
fn before_deleting(index: usize, steps: &[Step]) -> BTreeSet<usize> {
    let step = &steps[index];
    let thing = step.seen.as_ref().map(Seen::thing);
    let parent = step.seen.as_ref().and_then(|seen| seen.parent.clone());
    let waits = |other: &Step| {
        let seen = other.seen.as_ref();
        if step.with_parent {
            return seen.map(Seen::thing) == parent;
        }
        let comes_after = kind(other.id.kind).after().contains(&step.id.kind) && !other.with_parent;
        // What is made of later kinds holds up only ends within a parent: elsewhere what points to the thing is known.
        let later = comes_after && (other.action == Action::Delete || step.parent.is_some());
        let beside = other.id.kind == step.id.kind && other.parent == step.parent && step.parent.is_some();
        let own_child = other.with_parent && seen.is_some_and(|seen| seen.parent == thing);
        let points = seen.zip(thing.as_ref()).is_some_and(|(seen, thing)| seen.refs.contains(thing));
        later || (beside && other.action != Action::Delete) || (points && !own_child)
    };
    steps.iter().enumerate().filter(|(_, other)| waits(other)).map(|(index, _)| index).collect()
}

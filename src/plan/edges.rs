//! The order of the steps.

use super::{Action, Step};
use crate::kind::{kind, kinds};
use crate::model::{Graph, Id, Physical, Resource, Seen};
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, BTreeSet};

/// Gives every step the steps that it must wait for.
pub(super) fn connect(steps: &mut [Step], graph: &Graph, seen: &FxHashMap<&Id, &Seen>) {
    let makes = |step: &Step| step.action != Action::Delete;
    let made: FxHashMap<&Id, usize> = steps
        .iter()
        .enumerate()
        .filter(|(_, step)| makes(step))
        .map(|(index, step)| (&step.id, index))
        .collect();
    let ends = Index::of(steps);
    let edges: Vec<Vec<usize>> = (0..steps.len())
        .map(|index| {
            let after: BTreeSet<usize> = match graph.get(&steps[index].id).filter(|_| makes(&steps[index])) {
                Some(resource) => {
                    before_making(resource, graph, seen).filter_map(|id| made.get(id).copied()).collect()
                }
                None => before_deleting(&steps[index], steps, &ends),
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
    seen: &FxHashMap<&Id, &Seen>,
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

/// The steps by what ends wait for.
struct Index<'a> {
    by_thing: FxHashMap<Physical, usize>,
    by_kind: BTreeMap<&'static str, Vec<usize>>,
    /// The steps on things that point to a thing.
    pointing: FxHashMap<&'a Physical, Vec<usize>>,
}

impl<'a> Index<'a> {
    fn of(steps: &'a [Step]) -> Self {
        let mut index = Index {
            by_thing: FxHashMap::default(),
            by_kind: BTreeMap::new(),
            pointing: FxHashMap::default(),
        };
        for (number, step) in steps.iter().enumerate() {
            index.by_kind.entry(step.id.kind).or_default().push(number);
            let Some(seen) = &step.seen else { continue };
            index.by_thing.insert(seen.thing(), number);
            seen.refs.iter().for_each(|thing| index.pointing.entry(thing).or_default().push(number));
        }
        index
    }

    fn of_kind(&self, kind: &str) -> impl Iterator<Item = usize> {
        self.by_kind.get(kind).into_iter().flatten().copied()
    }

    fn pointing_to(&self, thing: &Physical) -> impl Iterator<Item = usize> {
        self.pointing.get(thing).into_iter().flatten().copied()
    }
}

/// What a thing's end waits for. With its parent, only for that. Else for the ends of the kinds that come after its own,
/// for every step on a thing that still points to it, and, within a parent, for what is made: so what is new comes first,
/// then what is repointed, then the deletes.
fn before_deleting(step: &Step, steps: &[Step], index: &Index) -> BTreeSet<usize> {
    let Some(seen) = &step.seen else { return BTreeSet::new() };
    let (thing, is_child) = (seen.thing(), step.parent.is_some());
    if step.with_parent {
        return seen.parent.iter().filter_map(|parent| index.by_thing.get(parent).copied()).collect();
    }
    let points = index.pointing_to(&thing).filter(|other| {
        let other = &steps[*other];
        let is_own_child = other.seen.as_ref().is_some_and(|other| other.parent.as_ref() == Some(&thing));
        !(other.with_parent && is_own_child)
    });
    let later = kinds().iter().filter(|kind| kind.after().contains(&step.id.kind));
    let later = later.flat_map(|kind| index.of_kind(kind.name())).filter(|other| {
        let other = &steps[*other];
        // What is made of later kinds holds up only ends within a parent. Elsewhere what points to the thing is known, and
        // what does not, and lives in nothing itself, is none of its business.
        let concerns = is_child || (other.action == Action::Delete && other.parent.is_some());
        concerns && !other.with_parent
    });
    let beside = index.of_kind(step.id.kind).filter(|other| {
        let other = &steps[*other];
        is_child && other.parent == step.parent && other.action != Action::Delete
    });
    points.chain(later).chain(beside).collect()
}

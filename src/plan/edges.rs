//! The order of the steps.

use super::{Action, Step};
use crate::kinds::{kind, kinds};
use crate::model::{Graph, Observed, PhysicalId, Resource, ResourceId};
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, BTreeSet};

/// Gives every step the steps that it must wait for.
pub(super) fn connect(steps: &mut [Step], graph: &Graph, observed: &FxHashMap<&ResourceId, &Observed>) {
    let makes = |step: &Step| step.action != Action::Delete;
    let made: FxHashMap<&ResourceId, usize> = steps
        .iter()
        .enumerate()
        .filter(|(_, step)| makes(step))
        .map(|(index, step)| (&step.id, index))
        .collect();
    let ends = Index::of(steps);
    let edges: Vec<Vec<usize>> = (0..steps.len())
        .map(|index| {
            let depends_on: BTreeSet<usize> =
                match graph.get(&steps[index].id).filter(|_| makes(&steps[index])) {
                    Some(resource) => before_making(resource, graph, observed)
                        .filter_map(|id| made.get(id).copied())
                        .collect(),
                    None => before_deleting(&steps[index], steps, &ends),
                };
            depends_on.into_iter().filter(|other| *other != index).collect()
        })
        .collect();
    for (step, depends_on) in steps.iter_mut().zip(edges) {
        step.depends_on = depends_on;
    }
}

/// What a resource waits for: its parent, what it refers to where that cannot be known beforehand or is of a kind that
/// comes before its own, and what it was told to wait for.
fn before_making<'a>(
    resource: &'a Resource,
    graph: &Graph,
    observed: &FxHashMap<&ResourceId, &Observed>,
) -> impl Iterator<Item = &'a ResourceId> {
    let before = kind(resource.id.kind).depends_on();
    let references = resource.desired.references().into_iter();
    let references =
        references.filter(|reference| before.contains(&reference.id.kind) || !graph.knows(reference));
    let order_constraint = resource.order_constraint.as_ref().filter(|order_constraint| {
        observed.get(&order_constraint.exists).is_some_and(|observed| observed.exists())
    });
    let order_constraint =
        order_constraint.into_iter().flat_map(|order_constraint| &order_constraint.depends_on);
    resource
        .parent
        .iter()
        .chain(references.map(|reference| &reference.id))
        .chain(&resource.depends_on)
        .chain(order_constraint)
}

/// The steps by what ends wait for.
struct Index<'a> {
    by_physical_id: FxHashMap<PhysicalId, usize>,
    by_kind: BTreeMap<&'static str, Vec<usize>>,
    /// The steps on things that point to a thing.
    referrers_of: FxHashMap<&'a PhysicalId, Vec<usize>>,
}

impl<'a> Index<'a> {
    fn of(steps: &'a [Step]) -> Self {
        let mut index = Index {
            by_physical_id: FxHashMap::default(),
            by_kind: BTreeMap::new(),
            referrers_of: FxHashMap::default(),
        };
        for (number, step) in steps.iter().enumerate() {
            index.by_kind.entry(step.id.kind).or_default().push(number);
            let Some(observed) = &step.observed else { continue };
            index.by_physical_id.insert(observed.key(), number);
            observed
                .refs
                .iter()
                .for_each(|resource| index.referrers_of.entry(resource).or_default().push(number));
        }
        index
    }

    fn of_kind(&self, kind: &str) -> impl Iterator<Item = usize> {
        self.by_kind.get(kind).into_iter().flatten().copied()
    }

    fn pointing_to(&self, resource: &PhysicalId) -> impl Iterator<Item = usize> {
        self.referrers_of.get(resource).into_iter().flatten().copied()
    }
}

/// What a thing's end waits for. With its parent, only for that. Else for the ends of the kinds that come after its own,
/// for every step on a thing that still points to it, and, within a parent, for what is made: so what is new comes first,
/// then what is repointed, then the deletes.
fn before_deleting(step: &Step, steps: &[Step], index: &Index) -> BTreeSet<usize> {
    let Some(observed) = &step.observed else { return BTreeSet::new() };
    let (resource, is_child) = (observed.key(), step.parent.is_some());
    if step.with_parent {
        return observed
            .parent
            .iter()
            .filter_map(|parent| index.by_physical_id.get(parent).copied())
            .collect();
    }
    let referrers = index.pointing_to(&resource).filter(|other| {
        let other = &steps[*other];
        let is_own_child =
            other.observed.as_ref().is_some_and(|other| other.parent.as_ref() == Some(&resource));
        !(other.with_parent && is_own_child)
    });
    let dependent_kinds = kinds().iter().filter(|kind| kind.depends_on().contains(&step.id.kind));
    let dependent_kinds = dependent_kinds.flat_map(|kind| index.of_kind(kind.name())).filter(|other| {
        let other = &steps[*other];
        // What is made of later kinds holds up only ends within a parent. Elsewhere what points to the thing is known, and
        // what does not, and lives in nothing itself, is none of its business.
        let concerns = is_child || (other.action == Action::Delete && other.parent.is_some());
        concerns && !other.with_parent
    });
    let siblings = index.of_kind(step.id.kind).filter(|other| {
        let other = &steps[*other];
        is_child && other.parent == step.parent && other.action != Action::Delete
    });
    referrers.chain(dependent_kinds).chain(siblings).collect()
}

//! The graph that is executed: its nodes, and their order.

use super::{Action, Half, Node, Step};
use crate::kind::{Registry, Replacement};
use crate::model::{Graph, Observed, PhysicalId, ResourceId};
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, BTreeSet};

/// Makes the nodes of the steps, and gives every step the dependencies of its first node.
pub(super) fn connect(
    steps: &mut [Step],
    graph: &Graph,
    observed: &FxHashMap<&ResourceId, &Observed>,
    registry: Registry,
) -> Vec<Node> {
    let edges = Edges { steps, graph, observed, registry, index: Index::of(steps), places: places(steps) };
    let mut nodes: Vec<Node> = (0..steps.len()).flat_map(|step| edges.nodes(step)).collect();
    for (earlier, later) in edges.before_forgetting() {
        // Two that exchange what they refer to have no such order.
        if !waits(&nodes, earlier, later) {
            nodes[later].depends_on.push(earlier);
        }
    }
    let mut first: Vec<Option<Vec<usize>>> = vec![None; steps.len()];
    for node in &nodes {
        let of = |before: &usize| nodes[*before].step;
        first[node.step].get_or_insert_with(|| {
            node.depends_on.iter().map(of).collect::<BTreeSet<_>>().into_iter().collect()
        });
    }
    for (step, depends_on) in steps.iter_mut().zip(first) {
        step.depends_on = depends_on.unwrap_or_default();
    }
    nodes
}

/// True if a node depends on another one, directly or not.
fn waits(nodes: &[Node], node: usize, on: usize) -> bool {
    let (mut open, mut met) = (vec![node], BTreeSet::from([node]));
    while let Some(next) = open.pop() {
        open.extend(nodes[next].depends_on.iter().filter(|before| met.insert(**before)));
    }
    met.contains(&on)
}

/// The index of each step's first node. A replacement has two.
fn places(steps: &[Step]) -> Vec<usize> {
    let mut next = 0;
    let place = |step: &Step| {
        let place = next;
        next += if step.action == Action::Replace { 2 } else { 1 };
        place
    };
    steps.iter().map(place).collect()
}

struct Edges<'a> {
    steps: &'a [Step],
    graph: &'a Graph,
    observed: &'a FxHashMap<&'a ResourceId, &'a Observed>,
    registry: Registry,
    index: Index<'a>,
    places: Vec<usize>,
}

impl Edges<'_> {
    /// The nodes of a step, in their order.
    fn nodes(&self, step: usize) -> Vec<Node> {
        let node = |half, depends_on: BTreeSet<usize>| Node {
            step,
            half,
            depends_on: depends_on.into_iter().collect(),
        };
        let first = BTreeSet::from([self.places[step]]);
        match (self.steps[step].action, self.registry.kind(self.steps[step].id.kind).replacement()) {
            (Action::Create | Action::Update, _) => vec![node(Half::Whole, self.before_creating(step))],
            (Action::Delete, _) => vec![node(Half::Whole, self.before_deleting(step))],
            (Action::Replace, Replacement::DeleteFirst) => {
                let create: BTreeSet<usize> = &self.before_creating(step) | &first;
                let delete = self.before_deleting_first(step);
                vec![node(Half::Delete, delete), node(Half::Create, create)]
            }
            (Action::Replace, Replacement::CreateFirst | Replacement::Version) => {
                let delete: BTreeSet<usize> = &self.before_deleting(step) | &first;
                vec![node(Half::Create, self.before_creating(step)), node(Half::Delete, delete)]
            }
        }
    }

    /// The node that creates or changes the resource of a step.
    fn creating(&self, step: usize) -> usize {
        self.half(step, Half::Create)
    }

    /// The node that deletes the resource of a step.
    fn deleting(&self, step: usize) -> usize {
        self.half(step, Half::Delete)
    }

    fn half(&self, step: usize, half: Half) -> usize {
        let (place, of) = (self.places[step], &self.steps[step]);
        let first = match self.registry.kind(of.id.kind).replacement() {
            Replacement::DeleteFirst => Half::Delete,
            Replacement::CreateFirst | Replacement::Version => Half::Create,
        };
        if of.action == Action::Replace && half != first { place + 1 } else { place }
    }

    /// The last node of a step.
    fn last(&self, step: usize) -> usize {
        self.creating(step).max(self.deleting(step))
    }

    /// The dependencies of a resource that is created or changed: its parent; what it refers to, where the attribute is known
    /// after `up` only or the kinds depend on each other; declared dependencies; and order constraints.
    fn before_creating(&self, step: usize) -> BTreeSet<usize> {
        let Some(resource) = self.graph.get(&self.steps[step].id) else { return BTreeSet::new() };
        let before = self.registry.kind(resource.id.kind).depends_on();
        let needed = resource
            .desired
            .references()
            .into_iter()
            .filter(|reference| before.contains(&reference.id.kind) || !self.graph.knows(reference));
        let order_constraint = resource.order_constraint.as_ref().filter(|order_constraint| {
            self.observed.get(&order_constraint.exists).is_some_and(|observed| observed.exists())
        });
        let order_constraint =
            order_constraint.into_iter().flat_map(|order_constraint| &order_constraint.depends_on);
        let before = resource
            .id
            .parent()
            .into_iter()
            .chain(needed.map(|reference| &reference.id))
            .chain(&resource.depends_on)
            .chain(order_constraint);
        let created = before.filter_map(|id| self.index.created.get(id).copied());
        created.filter(|other| *other != step).map(|other| self.creating(other)).collect()
    }

    /// Pairs of nodes: what an update may take something from, and the update. These are the deletes of children that a tag of
    /// the resource names, and of what its policy admits; and a change of what it admits, and will not any more.
    fn before_forgetting(&self) -> Vec<(usize, usize)> {
        let kind = |of: usize| self.registry.kind(self.steps[of].id.kind);
        let action = |of: usize| self.steps[of].action;
        let lets_go = |of: usize, update: usize| match action(of) {
            Action::Create => false,
            Action::Delete => true,
            Action::Update | Action::Replace => !self.before_creating(of).contains(&self.creating(update)),
        };
        let mut pairs = Vec::new();
        for update in (0..self.steps.len()).filter(|step| action(*step) == Action::Update) {
            let Some(observed) = &self.steps[update].observed else { continue };
            let resource = observed.key();
            let admitted = self.index.referring_to(&resource);
            let admitted = admitted.filter(|of| kind(*of).admitted() && lets_go(*of, update));
            let named = self.index.children_of(&self.steps[update]);
            let named = named.filter(|of| kind(*of).named_by_parent() && action(*of) == Action::Delete);
            pairs.extend(admitted.chain(named).map(|of| (self.last(of), self.creating(update))));
        }
        pairs
    }

    /// The dependencies of the deletion in a replacement that deletes first: all that the creation needs, so that the resource
    /// is never missing because of something else that failed, and its children that must be deleted before. A child that is
    /// deleted because its parent is replaced cannot wait for the new parent.
    fn before_deleting_first(&self, step: usize) -> BTreeSet<usize> {
        let of = &self.steps[step];
        let parent = of.id.parent().and_then(|parent| self.index.created.get(parent));
        let is_in_replaced = parent.is_some_and(|parent| self.steps[*parent].action == Action::Replace);
        let needs = if is_in_replaced { BTreeSet::new() } else { self.before_creating(step) };
        let children = self.index.children_of(of).filter(|child| self.is_deleted_by_itself(*child));
        needs.into_iter().chain(children.map(|child| self.deleting(child))).collect()
    }

    /// True for a step that deletes a child with a call of its own.
    fn is_deleted_by_itself(&self, step: usize) -> bool {
        let step = &self.steps[step];
        matches!(step.action, Action::Delete | Action::Replace) && !step.with_parent
    }

    /// The dependencies of a delete. With the parent: only the parent's. Else the deletes of kinds that depend on this one,
    /// every step on a resource that still refers to this one, the deletes of children that are not deleted with it, and,
    /// within a parent, what is created: so first the new resources, then the changed references, then the deletes.
    fn before_deleting(&self, step: usize) -> BTreeSet<usize> {
        let of = &self.steps[step];
        let Some(observed) = &of.observed else { return BTreeSet::new() };
        if of.with_parent {
            let parent = observed.parent().and_then(|parent| self.index.by_physical_id.get(parent));
            return parent.map(|parent| self.deleting(*parent)).into_iter().collect();
        }
        let (resource, is_child) = (observed.key(), of.id.parent.is_some());
        let referrers = self.index.referring_to(&resource).filter(|other| {
            let other = &self.steps[*other];
            let is_own_child = other.observed.as_ref().is_some_and(|other| other.parent() == Some(&resource));
            !(other.with_parent && is_own_child)
        });
        let children = self.index.children_of(of).filter(|child| self.is_deleted_by_itself(*child));
        let kinds = self.registry.kinds().iter();
        let dependent_kinds = kinds.filter(|kind| kind.depends_on().contains(&of.id.kind));
        let dependent_kinds =
            dependent_kinds.flat_map(|kind| self.index.of_kind(kind.name())).filter(|other| {
                let other = &self.steps[*other];
                // New resources of dependent kinds delay only deletes within a parent. Elsewhere the references are known, and
                // a resource without a reference or a parent does not depend on this one.
                let concerns = is_child || (other.action == Action::Delete && other.id.parent.is_some());
                concerns && !other.with_parent
            });
        // What another resource admits may wait for an update of that, and the update for this delete.
        let admitted = self.registry.kind(of.id.kind).admitted();
        let siblings = self.index.of_kind(of.id.kind).filter(|other| {
            let other = &self.steps[*other];
            is_child && !admitted && other.id.parent == of.id.parent && other.action != Action::Delete
        });
        let before = referrers.chain(children).chain(dependent_kinds).chain(siblings);
        before.filter(|other| *other != step).map(|other| self.last(other)).collect()
    }
}

/// The steps by what others depend on.
struct Index<'a> {
    /// The steps that create or change a resource.
    created: FxHashMap<&'a ResourceId, usize>,
    by_physical_id: FxHashMap<PhysicalId, usize>,
    by_kind: BTreeMap<&'static str, Vec<usize>>,
    /// The steps on resources that refer to a resource.
    referrers_of: FxHashMap<&'a PhysicalId, Vec<usize>>,
    /// The steps on resources within a resource.
    children_of: FxHashMap<&'a PhysicalId, Vec<usize>>,
}

impl<'a> Index<'a> {
    fn of(steps: &'a [Step]) -> Self {
        let mut index = Index {
            created: FxHashMap::default(),
            by_physical_id: FxHashMap::default(),
            by_kind: BTreeMap::new(),
            referrers_of: FxHashMap::default(),
            children_of: FxHashMap::default(),
        };
        for (number, step) in steps.iter().enumerate() {
            index.by_kind.entry(step.id.kind).or_default().push(number);
            if step.action != Action::Delete {
                index.created.insert(&step.id, number);
            }
            let Some(observed) = &step.observed else { continue };
            index.by_physical_id.insert(observed.key(), number);
            for resource in &observed.refs {
                index.referrers_of.entry(resource).or_default().push(number);
            }
            if let Some(parent) = observed.parent() {
                index.children_of.entry(parent).or_default().push(number);
            }
        }
        index
    }

    fn of_kind(&self, kind: &str) -> impl Iterator<Item = usize> {
        self.by_kind.get(kind).into_iter().flatten().copied()
    }

    fn referring_to(&self, resource: &PhysicalId) -> impl Iterator<Item = usize> {
        self.referrers_of.get(resource).into_iter().flatten().copied()
    }

    fn children_of(&self, step: &Step) -> impl Iterator<Item = usize> {
        let own = step.observed.as_ref().map(Observed::key);
        own.and_then(|own| self.children_of.get(&own)).into_iter().flatten().copied()
    }
}

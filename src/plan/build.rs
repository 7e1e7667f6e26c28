//! Decides what to do with each resource.

use super::{Action, Mode, Options, Plan, PlanError, Step, blockers, cycles, edges};
use crate::diff::{Change, diff};
use crate::kind::{AnyKind, OnParentDelete, Registry, Replacement, Update};
use crate::model::{
    AttributeMap, Graph, LiveState, Observed, Owner, PhysicalId, Reference, Resource, ResourceId, Status,
};
use rustc_hash::FxHashMap;
use serde_json::Value as Json;
use std::collections::BTreeSet;

/// Plans the steps from a live state to a graph. For [`Mode::Down`] the graph is empty.
///
/// # Errors
/// A dependency cycle, or a desired state that its kind cannot read.
pub fn plan(graph: &Graph, live_state: &LiveState, options: &Options) -> Result<Plan, PlanError> {
    let registry = options.registry;
    let chosen = Chosen::of(live_state, registry);
    let existing = &live_state.existing;
    let mut planner = Planner {
        registry,
        graph,
        chosen,
        existing,
        actions: FxHashMap::default(),
        reassigned: FxHashMap::default(),
        steps: Vec::new(),
    };
    let mut unchanged = Vec::new();
    for resource in graph.in_order() {
        let observed = planner.present(resource);
        if observed.is_some_and(is_unmanaged) {
            continue;
        }
        match planner.decide(resource, observed)? {
            Some(step) => {
                planner.actions.insert(&resource.id, step.action);
                planner.reassigned.insert(&resource.id, planner.reassigned_by(&step));
                planner.steps.push(step);
            }
            None => unchanged.push(resource.id.clone()),
        }
    }
    planner.add_notes(&unchanged);
    planner.delete_the_rest(options.mode);
    let nodes = edges::connect(&mut planner.steps, graph, &planner.chosen.by_id, registry);
    let Planner { chosen, actions, steps, .. } = planner;
    if let Some(cycle) = cycles::find(&nodes) {
        let id = |node: usize| steps[nodes[node].step].id.clone();
        return Err(PlanError::Cycle(cycle.into_iter().map(id).collect()));
    }
    let mut blockers = blockers::blockers(graph, &chosen.by_id, &steps, options);
    blockers.extend(blockers::existing(graph, live_state));
    let notes = graph.resources.iter().filter_map(|resource| resource.note.clone()).collect();
    let stays = |id: &ResourceId| !matches!(actions.get(id), Some(Action::Create | Action::Replace));
    let attributes = chosen.by_id.iter().filter(|(id, _)| graph.get(id).is_some() && stays(id));
    let attributes = attributes.map(|(id, observed)| ((*id).clone(), observed.attributes.clone()));
    let attributes = attributes.chain(live_state.existing.clone()).collect();
    let unreadable = live_state.unreadable.clone();
    Ok(Plan { mode: options.mode, steps, nodes, unchanged, blockers, notes, unreadable, attributes })
}

/// A physical id that is looked up without a copy.
type Key<'a> = (&'static str, &'a str, Option<&'a PhysicalId>);

fn key(resource: &PhysicalId) -> Key<'_> {
    (resource.kind, &resource.id, resource.parent.as_deref())
}

fn own_key(observed: &Observed) -> Key<'_> {
    (observed.id.kind, &observed.physical_id, observed.parent())
}

/// The one observed resource that is kept for each logical id, and the duplicates that we own.
#[derive(Default)]
pub(super) struct Chosen<'a> {
    by_id: FxHashMap<&'a ResourceId, &'a Observed>,
    /// The same in an order that is the same in every run.
    kept: Vec<&'a Observed>,
    extra: Vec<&'a Observed>,
}

impl<'a> Chosen<'a> {
    /// Lost responses leave several resources of one id. The one that others refer to or live in is kept, else the smallest
    /// by age and physical id, so that every run keeps the same one.
    fn of(live_state: &'a LiveState, registry: Registry) -> Self {
        let mut used: FxHashMap<Key, usize> = FxHashMap::default();
        for resource in
            live_state.observed.iter().flat_map(|observed| observed.refs.iter().chain(observed.parent()))
        {
            *used.entry(key(resource)).or_default() += 1;
        }
        let mut sorted: Vec<&Observed> = live_state.observed.iter().collect();
        let unmanaged = |observed: &&Observed| matches!(observed.owner, Owner::Unmanaged(_));
        sorted.sort_by_cached_key(|observed| {
            (
                unmanaged(observed),
                observed.parent.is_some(),
                std::cmp::Reverse(used.get(&own_key(observed)).copied()),
                observed.created,
                &observed.physical_id,
            )
        });
        let mut chosen = Chosen::default();
        let mut dropped: BTreeSet<Key> = BTreeSet::new();
        for observed in sorted {
            // Most children of a deleted resource are deleted with it; the others are duplicates as well.
            let in_dropped = observed.parent().is_some_and(|parent| dropped.contains(&key(parent)));
            if in_dropped && registry.cascades(observed.id.kind) {
                continue;
            }
            if !in_dropped && !chosen.by_id.contains_key(&observed.id) {
                chosen.by_id.insert(&observed.id, observed);
                chosen.kept.push(observed);
            } else if observed.owner == Owner::Ours {
                dropped.insert(own_key(observed));
                chosen.extra.push(observed);
            }
        }
        chosen
    }
}

struct Planner<'a> {
    registry: Registry,
    graph: &'a Graph,
    chosen: Chosen<'a>,
    /// The attributes of resources of others.
    existing: &'a AttributeMap,
    actions: FxHashMap<&'a ResourceId, Action>,
    /// The attributes to which an update gives other values.
    reassigned: FxHashMap<&'a ResourceId, &'static [&'static str]>,
    steps: Vec<Step>,
}

impl<'a> Planner<'a> {
    /// The attributes to which a step gives other values, where it is an update.
    fn reassigned_by(&self, step: &Step) -> &'static [&'static str] {
        let update =
            step.observed.as_ref().zip(step.desired.as_ref()).filter(|_| step.action == Action::Update);
        let reassigned = |(observed, to): (&Observed, &Json)| {
            self.registry.kind(step.id.kind).reassigned(&observed.spec, to, &step.changes)
        };
        update.map(reassigned).unwrap_or_default()
    }

    /// The step for a resource and what was observed of it; `None` where it needs no change.
    fn decide(&self, resource: &Resource, observed: Option<&Observed>) -> Result<Option<Step>, PlanError> {
        let lookup = |reference: &Reference| self.lookup(reference);
        let kind = self.registry.kind(resource.id.kind);
        let goes_with_parent = self.blocks_its_parent(resource);
        let is_ready = observed.is_some_and(|observed| observed.status == Status::Ready && !goes_with_parent);
        // Most resources equal their desired state, which a plain comparison finds.
        if observed.is_some_and(|observed| is_ready && resource.desired.equals(&observed.spec, &lookup)) {
            return Ok(None);
        }
        let desired = kind
            .normalise(&resource.desired.resolve(&lookup))
            .map_err(|why| PlanError::InvalidSpec { id: resource.id.clone(), why })?;
        let changes =
            diff(observed.filter(|observed| observed.exists()).map(|observed| &observed.spec), &desired);
        if changes.is_empty() && is_ready {
            return Ok(None);
        }
        let mut step = creation(resource, observed, desired, changes);
        let Some(observed) = observed else { return Ok(Some(step)) };
        self.set_action(&mut step, observed, goes_with_parent);
        if observed.owner == Owner::Untagged {
            let data = observed.contains_data.as_deref().unwrap_or("no data");
            step.reasons.push(format!("it exists without tags and contains {data}; it is adopted"));
        }
        if step.action == Action::Replace {
            step.data_loss = data_loss(self.registry, observed, Mode::Up);
        }
        Ok(Some(step))
    }

    /// Decides whether a resource that exists is updated or replaced, and says why.
    fn set_action(&self, step: &mut Step, observed: &Observed, goes_with_parent: bool) {
        let kind = self.registry.kind(observed.id.kind);
        let immutable = immutable_changes(kind, observed, step.desired.as_ref(), &step.changes);
        match &observed.status {
            Status::Deleting => {
                step.reasons.push("the old one is being deleted; waits until it no longer exists".to_owned())
            }
            Status::Failed(why) => {
                step.action = Action::Replace;
                step.reasons.push(why.clone());
            }
            _ if goes_with_parent => {
                let parent = observed.id.parent().map(ToString::to_string).unwrap_or_default();
                step.action = Action::Replace;
                step.reasons.push(format!("{parent} is replaced, and cannot be deleted before it"));
            }
            _ if !immutable.is_empty() => {
                step.action = Action::Replace;
                step.reasons.push(match kind.replacement() {
                    Replacement::Version => {
                        "a new version is created; what uses the old one moves to it".to_owned()
                    }
                    _ => format!("AWS cannot change {}", Vec::from_iter(immutable).join(", ")),
                });
            }
            Status::Pending if step.changes.is_empty() => {
                step.action = Action::Update;
                step.reasons.push("still being created or changed; waits until it is ready".to_owned());
            }
            _ => step.action = Action::Update,
        }
    }

    /// Adds what the kinds say of the updates.
    fn add_notes(&mut self, unchanged: &[ResourceId]) {
        for step in self.steps.iter_mut().filter(|step| step.action == Action::Update) {
            let Some((observed, to)) = step.observed.as_ref().zip(step.desired.as_ref()) else { continue };
            let (id, from, changes) = (&step.id, &observed.spec, step.changes.as_slice());
            let note = self.registry.kind(id.kind).update_note(&Update { id, from, to, changes, unchanged });
            step.reasons.extend(note);
        }
    }

    /// The observed resource. In a parent that is recreated no child exists that is deleted with it.
    fn present(&self, resource: &Resource) -> Option<&'a Observed> {
        let is_recreated = matches!(self.parent_action(resource), Some(Action::Create | Action::Replace));
        let is_deleted = is_recreated && self.registry.cascades(resource.id.kind);
        self.chosen.by_id.get(&resource.id).copied().filter(|_| !is_deleted)
    }

    fn parent_action(&self, resource: &Resource) -> Option<Action> {
        self.actions.get(resource.id.parent()?).copied()
    }

    /// True for a child without whose deletion its parent cannot be replaced.
    fn blocks_its_parent(&self, resource: &Resource) -> bool {
        let parent = self.registry.kind(resource.id.kind).parent();
        parent.is_some_and(|parent| parent.on_delete == OnParentDelete::Block)
            && self.parent_action(resource) == Some(Action::Replace)
    }

    /// The value of a reference: the attribute that AWS assigned where the resource is kept, else one that follows from names.
    fn lookup(&self, reference: &Reference) -> Option<&'a str> {
        let reassigned =
            self.reassigned.get(&reference.id).is_some_and(|all| all.contains(&reference.attribute));
        let is_new = matches!(self.actions.get(&reference.id), Some(Action::Create | Action::Replace));
        let stays = !is_new && !reassigned;
        let observed = self.chosen.by_id.get(&reference.id).filter(|observed| stays && observed.exists());
        let existing = || self.existing.get(&reference.id);
        let attributes = observed.map(|observed| &observed.attributes).or_else(existing);
        let assigned = attributes.and_then(|attributes| attributes.get(reference.attribute)?.as_str());
        assigned.or_else(|| self.graph.known(reference))
    }

    /// Plans the deletion of everything that we own and that is not declared.
    fn delete_the_rest(&mut self, mode: Mode) {
        let unwanted =
            |observed: &&&Observed| self.graph.get(&observed.id).is_none() && self.is_deleted(observed, mode);
        let mut orphans: Vec<&Observed> = self.chosen.kept.iter().filter(unwanted).copied().collect();
        orphans.sort_by_key(|observed| &observed.id);
        let reason = (mode == Mode::Up).then_some("no longer in the stack file");
        // The URL or name of a duplicate was never shown to anybody, so only the data in it is lost.
        let extra = self.chosen.extra.iter();
        let extra = extra.map(|observed| {
            (*observed, Some("duplicate, left by an interrupted create"), observed.contains_data.clone())
        });
        let mut rest: Vec<_> = orphans
            .into_iter()
            .map(|observed| (observed, reason, data_loss(self.registry, observed, mode)))
            .chain(extra)
            .collect();
        let mut going: BTreeSet<PhysicalId> = rest.iter().map(|(observed, ..)| observed.key()).collect();
        let replaced = self.steps.iter().filter(|step| step.action == Action::Replace);
        going.extend(replaced.filter_map(|step| step.observed.as_ref()).map(Observed::key));
        if mode == Mode::Up {
            // What is being deleted and still uses some of this: that waits for its end.
            let holds_back = |observed: &&&Observed| {
                let is_undeclared = self.graph.get(&observed.id).is_none();
                let uses = || observed.refs.iter().any(|to| going.contains(to));
                observed.owner == Owner::Ours && !observed.exists() && is_undeclared && uses()
            };
            let ending = self.chosen.kept.iter().filter(holds_back);
            rest.extend(ending.map(|observed| (*observed, reason, data_loss(self.registry, observed, mode))));
        }
        for (observed, reason, data_loss) in rest {
            let with_parent = observed.parent().is_some_and(|parent| going.contains(parent))
                && self.registry.cascades(observed.id.kind);
            let reasons = reason.map(str::to_owned).into_iter().chain(observed.deletion_note.clone());
            let reasons = reasons.filter(|_| !with_parent).collect();
            let step = Step { with_parent, reasons, data_loss, ..deletion(observed) };
            self.steps.push(step);
        }
    }

    /// True if a resource that is not declared is to be deleted. An untagged one is deleted only by `down`, and only if a
    /// resource of ours refers to it, as a function does to its log group.
    fn is_deleted(&self, observed: &Observed, mode: Mode) -> bool {
        match observed.owner {
            Owner::Unmanaged(_) => false,
            Owner::Ours => mode == Mode::Down || observed.exists(),
            Owner::Untagged => {
                let mut ours = self.chosen.kept.iter().filter(|other| other.owner == Owner::Ours);
                mode == Mode::Down && ours.any(|other| other.refs.contains(&observed.key()))
            }
        }
    }
}

/// True for a resource of another owner that has a declared name; a blocker says so.
fn is_unmanaged(observed: &Observed) -> bool {
    observed.exists() && matches!(observed.owner, Owner::Unmanaged(_))
}

/// The step that deletes a resource.
fn deletion(observed: &Observed) -> Step {
    Step {
        id: observed.id.clone(),
        action: Action::Delete,
        at: None,
        desired: None,
        observed: Some(observed.clone()),
        changes: Vec::new(),
        files: Vec::new(),
        reasons: Vec::new(),
        data_loss: None,
        with_parent: false,
        depends_on: Vec::new(),
    }
}

/// The fields that differ and that AWS cannot change.
pub(crate) fn immutable_changes(
    kind: &dyn AnyKind,
    observed: &Observed,
    to: Option<&Json>,
    changes: &[Change],
) -> BTreeSet<String> {
    let fields = changes.iter().map(Change::field).filter(|field| kind.immutable().contains(field));
    let by_value = to.map(|to| kind.immutable_changes(&observed.spec, to)).unwrap_or_default();
    fields.map(str::to_owned).chain(by_value).collect()
}

/// The step that creates a resource.
fn creation(resource: &Resource, observed: Option<&Observed>, desired: Json, changes: Vec<Change>) -> Step {
    Step {
        id: resource.id.clone(),
        action: Action::Create,
        at: Some(resource.at),
        changes,
        desired: Some(desired),
        observed: observed.cloned(),
        files: Vec::new(),
        reasons: Vec::new(),
        data_loss: None,
        with_parent: false,
        depends_on: Vec::new(),
    }
}

/// The data that is lost with a resource. `down` has read whether there is any; else the data of its kind is taken to be
/// there.
pub(super) fn data_loss(registry: Registry, observed: &Observed, mode: Mode) -> Option<String> {
    let always = registry.kind(observed.id.kind).data().filter(|_| mode == Mode::Up);
    observed.contains_data.clone().or_else(|| always.map(str::to_owned))
}

//! Decides what to do with each resource.

use super::{Action, Mode, Options, Plan, Step, blockers, edges};
use crate::diff::{Change, diff};
use crate::kinds::kind;
use crate::model::{
    Graph, LiveState, Observed, Owner, PhysicalId, Reference, Resource, ResourceId, Status, Value,
};
use rustc_hash::FxHashMap;
use std::collections::BTreeSet;

/// Plans the way from a world to a graph. For [`Mode::Down`] the graph is empty.
///
/// # Errors
/// The ids of a cycle of references in the graph.
pub fn plan(graph: &Graph, live_state: &LiveState, options: &Options) -> Result<Plan, Vec<ResourceId>> {
    let ordered = graph.in_order()?;
    let mut planner =
        Planner { graph, chosen: Chosen::of(live_state), actions: FxHashMap::default(), steps: Vec::new() };
    let mut unchanged = Vec::new();
    for resource in ordered {
        let observed = planner.present(resource);
        if observed.is_some_and(is_foreign) {
            continue;
        }
        match planner.decide(resource, observed) {
            Some(step) => {
                planner.actions.insert(&resource.id, step.action);
                planner.steps.push(step);
            }
            None => unchanged.push(resource.id.clone()),
        }
    }
    planner.delete_the_rest(options.mode);
    edges::connect(&mut planner.steps, graph, &planner.chosen.by_id);
    let Planner { chosen, actions, steps, .. } = planner;
    let blockers = blockers::blockers(graph, &chosen.by_id, &steps, options);
    let notes = graph.resources.iter().filter_map(|resource| resource.note.clone()).collect();
    let stays = |id: &ResourceId| !matches!(actions.get(id), Some(Action::Create | Action::Replace));
    let attributes = chosen.by_id.iter().filter(|(id, _)| graph.get(id).is_some() && stays(id));
    let attributes = attributes.map(|(id, observed)| ((*id).clone(), observed.attributes.clone())).collect();
    let unreadable = live_state.unreadable.clone();
    Ok(Plan { mode: options.mode, steps, unchanged, blockers, notes, unreadable, attributes })
}

/// What a thing is known by, to look it up without a copy: its kind, and its identifier.
type Key<'a> = (&'static str, &'a str);

fn key(resource: &PhysicalId) -> Key<'_> {
    (resource.kind, &resource.id)
}

fn own_key(observed: &Observed) -> Key<'_> {
    (observed.id.kind, &observed.physical_id)
}

/// The one thing that stands for each id, and what else there is of ours.
#[derive(Default)]
pub(super) struct Chosen<'a> {
    by_id: FxHashMap<&'a ResourceId, &'a Observed>,
    /// The same in an order that is the same in every run.
    kept: Vec<&'a Observed>,
    /// The ids that things stand for.
    ids: FxHashMap<Key<'a>, &'a ResourceId>,
    extra: Vec<&'a Observed>,
}

impl<'a> Chosen<'a> {
    /// Several things of one id are left by lost answers. The one that others point to or live in is kept, else the
    /// smallest by age and id, so that every run keeps the same one.
    fn of(live_state: &'a LiveState) -> Self {
        let mut used: FxHashMap<Key, usize> = FxHashMap::default();
        for resource in
            live_state.observed.iter().flat_map(|observed| observed.refs.iter().chain(&observed.parent))
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
            // What lives in a thing that goes, goes with it.
            if observed.parent.as_ref().is_some_and(|parent| dropped.contains(&key(parent))) {
                continue;
            }
            if !chosen.by_id.contains_key(&observed.id) {
                chosen.by_id.insert(&observed.id, observed);
                chosen.kept.push(observed);
                chosen.ids.insert(own_key(observed), &observed.id);
            } else if observed.owner == Owner::Ours {
                dropped.insert(own_key(observed));
                chosen.extra.push(observed);
            }
        }
        chosen
    }
}

struct Planner<'a> {
    graph: &'a Graph,
    chosen: Chosen<'a>,
    actions: FxHashMap<&'a ResourceId, Action>,
    steps: Vec<Step>,
}

impl<'a> Planner<'a> {
    /// The step for a resource of which this was seen; `None` where it is as it shall be.
    fn decide(&self, resource: &Resource, observed: Option<&Observed>) -> Option<Step> {
        let lookup = |reference: &Reference| self.lookup(reference);
        // Most of a stack is word for word what it shall be, which costs no more than to compare it.
        if observed.is_some_and(|observed| {
            observed.status == Status::Ready && resource.desired.is(&observed.spec, &lookup)
        }) {
            return None;
        }
        let desired = resource.desired.resolve(&lookup);
        // JSON that is no spec stays as it is, and the step fails with a message before anything is sent.
        let desired = desired.normalised(|json| kind(resource.id.kind).normal(json).ok());
        let changes =
            diff(observed.filter(|observed| observed.exists()).map(|observed| &observed.spec), &desired);
        if changes.is_empty() && observed.is_some_and(|observed| observed.status == Status::Ready) {
            return None;
        }
        let mut step = creation(resource, observed, desired, changes);
        let Some(observed) = observed else { return Some(step) };
        let immutable = kind(observed.id.kind).immutable();
        let immutable: BTreeSet<&str> = step
            .changes
            .iter()
            .map(|change| change.field())
            .filter(|field| immutable.contains(field))
            .collect();
        match &observed.status {
            Status::Deleting => {
                step.reasons.push("the old one is being deleted; waits until it is gone".to_owned())
            }
            Status::Failed(why) => {
                step.action = Action::Replace;
                step.reasons.push(why.clone());
            }
            _ if !immutable.is_empty() => {
                step.action = Action::Replace;
                step.reasons.push(format!("AWS cannot change {}", Vec::from_iter(immutable).join(", ")));
            }
            Status::Pending if step.changes.is_empty() => {
                step.action = Action::Update;
                step.reasons.push("still being made or changed; waits until it is ready".to_owned());
            }
            _ => {
                step.action = Action::Update;
                let desired = step.desired.as_ref().and_then(|desired| desired.known().ok());
                let note = desired.and_then(|to| kind(observed.id.kind).update_note(&observed.spec, &to));
                step.reasons.extend(note);
            }
        }
        if observed.owner == Owner::Untagged {
            let contains_data = observed.contains_data.as_deref().unwrap_or("nothing in it");
            step.reasons.push(format!("it exists, untagged, with {contains_data}; it is taken over"));
        }
        if step.action == Action::Replace {
            step.data_loss = data_loss(observed, Mode::Up);
        }
        Some(step)
    }

    /// What there is of a resource. In a parent that is made anew there is nothing.
    fn present(&self, resource: &Resource) -> Option<&'a Observed> {
        let parent = resource.parent.as_ref().and_then(|parent| self.actions.get(parent));
        match parent {
            Some(Action::Create | Action::Replace) => None,
            _ => self.chosen.by_id.get(&resource.id).copied(),
        }
    }

    /// What a reference stands for: what AWS assigned where the thing stays, else what follows from names.
    fn lookup(&self, reference: &Reference) -> Option<&'a str> {
        let stays = !matches!(self.actions.get(&reference.id), Some(Action::Create | Action::Replace));
        let observed = self.chosen.by_id.get(&reference.id).filter(|observed| stays && observed.exists());
        let attributes = observed
            .and_then(|observed| observed.attributes.get(reference.attribute))
            .and_then(|attributes| attributes.as_str());
        let known_attributes =
            || Some(self.graph.get(&reference.id)?.known_attributes.get(reference.attribute)?.as_str());
        attributes.or_else(known_attributes)
    }

    /// Plans the end of everything that is ours and not wanted any more.
    fn delete_the_rest(&mut self, mode: Mode) {
        let unwanted =
            |observed: &&&Observed| self.graph.get(&observed.id).is_none() && self.goes(observed, mode);
        let mut orphans: Vec<&Observed> = self.chosen.kept.iter().filter(unwanted).copied().collect();
        orphans.sort_by_key(|observed| &observed.id);
        let reason = (mode == Mode::Up).then_some("not declared any more");
        // Nobody was ever told of what a lost answer left behind, so nothing is lost with it but what it holds.
        let extra = self.chosen.extra.iter();
        let extra = extra.map(|observed| {
            (*observed, Some("one too many, left by an answer that was lost"), observed.contains_data.clone())
        });
        let rest: Vec<_> = orphans
            .into_iter()
            .map(|observed| (observed, reason, data_loss(observed, mode)))
            .chain(extra)
            .collect();
        let mut going: BTreeSet<PhysicalId> = rest.iter().map(|(observed, ..)| observed.key()).collect();
        let replaced = self.steps.iter().filter(|step| step.action == Action::Replace);
        going.extend(replaced.filter_map(|step| step.observed.as_ref()).map(Observed::key));
        for (observed, reason, data_loss) in rest {
            let with_parent = observed.parent.as_ref().is_some_and(|parent| going.contains(parent));
            let reasons = reason.filter(|_| !with_parent).map(str::to_owned).into_iter().collect();
            let step = Step { with_parent, reasons, data_loss, ..self.deletion(observed) };
            self.steps.push(step);
        }
    }

    /// The step that deletes a thing.
    fn deletion(&self, observed: &Observed) -> Step {
        let parent = observed.parent.as_ref().and_then(|parent| self.chosen.ids.get(&key(parent)));
        Step {
            id: observed.id.clone(),
            action: Action::Delete,
            at: None,
            parent: parent.map(|parent| (*parent).clone()),
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

    /// True if a thing that nobody wants is to be deleted. An untagged log group is ours to delete only when the stack
    /// goes, and only if it belongs to a function of ours.
    fn goes(&self, observed: &Observed, mode: Mode) -> bool {
        match observed.owner {
            Owner::Unmanaged(_) => false,
            Owner::Ours => mode == Mode::Down || observed.exists(),
            Owner::Untagged => {
                let writes = |function: &&&Observed| {
                    function.id.kind == "function" && function.refs.contains(&observed.key())
                };
                let function = self.chosen.kept.iter().find(writes);
                mode == Mode::Down && function.is_some_and(|function| function.owner == Owner::Ours)
            }
        }
    }
}

/// True if another's thing stands in the way; a refusal says so.
fn is_foreign(observed: &Observed) -> bool {
    observed.exists() && matches!(observed.owner, Owner::Unmanaged(_))
}

/// The step that makes a resource, where nothing of what was seen calls for another.
fn creation(resource: &Resource, observed: Option<&Observed>, desired: Value, changes: Vec<Change>) -> Step {
    Step {
        id: resource.id.clone(),
        action: Action::Create,
        at: Some(resource.at),
        parent: resource.parent.clone(),
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

/// What is lost with a thing: what was found in it. Where the whole stack goes it was looked into; else what its kind
/// always holds is taken to be there.
fn data_loss(observed: &Observed, mode: Mode) -> Option<String> {
    let always = kind(observed.id.kind).data().filter(|_| mode == Mode::Up);
    observed.contains_data.clone().or_else(|| always.map(str::to_owned))
}

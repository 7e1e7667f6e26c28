//! Decides what to do with each resource.

use super::{Action, Mode, Options, Plan, Step, edges, refuse};
use crate::diff::{Change, diff};
use crate::kind::kind;
use crate::model::{Graph, Id, Owner, Physical, Reference, Resource, Seen, Status, Value, World};
use rustc_hash::FxHashMap;
use std::collections::BTreeSet;

/// Plans the way from a world to a graph. For [`Mode::Down`] the graph is empty.
///
/// # Errors
/// The ids of a cycle of references in the graph.
pub fn plan(graph: &Graph, world: &World, options: &Options) -> Result<Plan, Vec<Id>> {
    let ordered = graph.in_order()?;
    let mut planner =
        Planner { graph, chosen: Chosen::of(world), actions: FxHashMap::default(), steps: Vec::new() };
    let mut unchanged = Vec::new();
    for resource in ordered {
        let seen = planner.present(resource);
        if seen.is_some_and(is_foreign) {
            continue;
        }
        match planner.decide(resource, seen) {
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
    let refusals = refuse::refusals(graph, &chosen.by_id, &steps, options);
    let notes = graph.resources.iter().filter_map(|resource| resource.note.clone()).collect();
    let stays = |id: &Id| !matches!(actions.get(id), Some(Action::Create | Action::Replace));
    let lives = chosen.by_id.iter().filter(|(id, _)| graph.get(id).is_some() && stays(id));
    let lives = lives.map(|(id, seen)| ((*id).clone(), seen.live.clone())).collect();
    let blind = world.blind.clone();
    Ok(Plan { mode: options.mode, steps, unchanged, refusals, notes, blind, lives })
}

/// What a thing is known by, to look it up without a copy: its kind, and its identifier.
type Key<'a> = (&'static str, &'a str);

fn key(thing: &Physical) -> Key<'_> {
    (thing.kind, &thing.id)
}

fn own_key(seen: &Seen) -> Key<'_> {
    (seen.id.kind, &seen.physical)
}

/// The one thing that stands for each id, and what else there is of ours.
#[derive(Default)]
pub(super) struct Chosen<'a> {
    by_id: FxHashMap<&'a Id, &'a Seen>,
    /// The same in an order that is the same in every run.
    kept: Vec<&'a Seen>,
    /// The ids that things stand for.
    ids: FxHashMap<Key<'a>, &'a Id>,
    extra: Vec<&'a Seen>,
}

impl<'a> Chosen<'a> {
    /// Several things of one id are left by lost answers. The one that others point to or live in is kept, else the
    /// smallest by age and id, so that every run keeps the same one.
    fn of(world: &'a World) -> Self {
        let mut used: FxHashMap<Key, usize> = FxHashMap::default();
        for thing in world.seen.iter().flat_map(|seen| seen.refs.iter().chain(&seen.parent)) {
            *used.entry(key(thing)).or_default() += 1;
        }
        let mut sorted: Vec<&Seen> = world.seen.iter().collect();
        let foreign = |seen: &&Seen| matches!(seen.owner, Owner::Foreign(_));
        sorted.sort_by_cached_key(|seen| {
            (
                foreign(seen),
                seen.parent.is_some(),
                std::cmp::Reverse(used.get(&own_key(seen)).copied()),
                seen.created,
                &seen.physical,
            )
        });
        let mut chosen = Chosen::default();
        let mut dropped: BTreeSet<Key> = BTreeSet::new();
        for seen in sorted {
            // What lives in a thing that goes, goes with it.
            if seen.parent.as_ref().is_some_and(|parent| dropped.contains(&key(parent))) {
                continue;
            }
            if !chosen.by_id.contains_key(&seen.id) {
                chosen.by_id.insert(&seen.id, seen);
                chosen.kept.push(seen);
                chosen.ids.insert(own_key(seen), &seen.id);
            } else if seen.owner == Owner::Ours {
                dropped.insert(own_key(seen));
                chosen.extra.push(seen);
            }
        }
        chosen
    }
}

struct Planner<'a> {
    graph: &'a Graph,
    chosen: Chosen<'a>,
    actions: FxHashMap<&'a Id, Action>,
    steps: Vec<Step>,
}

impl<'a> Planner<'a> {
    /// The step for a resource of which this was seen; `None` where it is as it shall be.
    fn decide(&self, resource: &Resource, seen: Option<&Seen>) -> Option<Step> {
        let lookup = |reference: &Reference| self.lookup(reference);
        // Most of a stack is word for word what it shall be, which costs no more than to compare it.
        if seen.is_some_and(|seen| seen.status == Status::Ready && resource.desired.is(&seen.spec, &lookup)) {
            return None;
        }
        let desired = resource.desired.resolve(&lookup);
        // JSON that is no spec stays as it is, and the step fails with a message before anything is sent.
        let desired = desired.normalised(|json| kind(resource.id.kind).normal(json).ok());
        let changes = diff(seen.filter(|seen| seen.is_there()).map(|seen| &seen.spec), &desired);
        if changes.is_empty() && seen.is_some_and(|seen| seen.status == Status::Ready) {
            return None;
        }
        let mut step = creation(resource, seen, desired, changes);
        let Some(seen) = seen else { return Some(step) };
        let frozen = kind(seen.id.kind).frozen();
        let frozen: BTreeSet<&str> =
            step.changes.iter().map(|change| change.field()).filter(|field| frozen.contains(field)).collect();
        match &seen.status {
            Status::Going => {
                step.reasons.push("the old one is being deleted; waits until it is gone".to_owned())
            }
            Status::Broken(why) => {
                step.action = Action::Replace;
                step.reasons.push(why.clone());
            }
            _ if !frozen.is_empty() => {
                step.action = Action::Replace;
                step.reasons.push(format!("AWS cannot change {}", Vec::from_iter(frozen).join(", ")));
            }
            Status::Busy if step.changes.is_empty() => {
                step.action = Action::Update;
                step.reasons.push("still being made or changed; waits until it is ready".to_owned());
            }
            _ => step.action = Action::Update,
        }
        if seen.owner == Owner::Unclaimed {
            let holds = seen.holds.as_deref().unwrap_or("nothing in it");
            step.reasons.push(format!("it exists, untagged, with {holds}; it is taken over"));
        }
        if step.action == Action::Replace {
            step.loss = loss(seen, Mode::Up);
        }
        Some(step)
    }

    /// What there is of a resource. In a parent that is made anew there is nothing.
    fn present(&self, resource: &Resource) -> Option<&'a Seen> {
        let parent = resource.parent.as_ref().and_then(|parent| self.actions.get(parent));
        match parent {
            Some(Action::Create | Action::Replace) => None,
            _ => self.chosen.by_id.get(&resource.id).copied(),
        }
    }

    /// What a reference stands for: what AWS assigned where the thing stays, else what follows from names.
    fn lookup(&self, reference: &Reference) -> Option<&'a str> {
        let stays = !matches!(self.actions.get(&reference.id), Some(Action::Create | Action::Replace));
        let seen = self.chosen.by_id.get(&reference.id).filter(|seen| stays && seen.is_there());
        let live = seen.and_then(|seen| seen.live.get(reference.attribute)).and_then(|live| live.as_str());
        let predicted = || Some(self.graph.get(&reference.id)?.predicted.get(reference.attribute)?.as_str());
        live.or_else(predicted)
    }

    /// Plans the end of everything that is ours and not wanted any more.
    fn delete_the_rest(&mut self, mode: Mode) {
        let unwanted = |seen: &&&Seen| self.graph.get(&seen.id).is_none() && self.goes(seen, mode);
        let mut orphans: Vec<&Seen> = self.chosen.kept.iter().filter(unwanted).copied().collect();
        orphans.sort_by_key(|seen| &seen.id);
        let reason = (mode == Mode::Up).then_some("not declared any more");
        // Nobody was ever told of what a lost answer left behind, so nothing is lost with it but what it holds.
        let extra = self.chosen.extra.iter();
        let extra = extra
            .map(|seen| (*seen, Some("one too many, left by an answer that was lost"), seen.holds.clone()));
        let rest: Vec<_> =
            orphans.into_iter().map(|seen| (seen, reason, loss(seen, mode))).chain(extra).collect();
        let mut going: BTreeSet<Physical> = rest.iter().map(|(seen, ..)| seen.thing()).collect();
        let replaced = self.steps.iter().filter(|step| step.action == Action::Replace);
        going.extend(replaced.filter_map(|step| step.seen.as_ref()).map(Seen::thing));
        for (seen, reason, loss) in rest {
            let with_parent = seen.parent.as_ref().is_some_and(|parent| going.contains(parent));
            let reasons = reason.filter(|_| !with_parent).map(str::to_owned).into_iter().collect();
            let step = Step { with_parent, reasons, loss, ..self.deletion(seen) };
            self.steps.push(step);
        }
    }

    /// The step that deletes a thing.
    fn deletion(&self, seen: &Seen) -> Step {
        let parent = seen.parent.as_ref().and_then(|parent| self.chosen.ids.get(&key(parent)));
        Step {
            id: seen.id.clone(),
            action: Action::Delete,
            at: None,
            parent: parent.map(|parent| (*parent).clone()),
            desired: None,
            seen: Some(seen.clone()),
            changes: Vec::new(),
            files: Vec::new(),
            reasons: Vec::new(),
            loss: None,
            with_parent: false,
            after: Vec::new(),
        }
    }

    /// True if a thing that nobody wants is to be deleted. An untagged log group is ours to delete only when the stack
    /// goes, and only if it belongs to a function of ours.
    fn goes(&self, seen: &Seen, mode: Mode) -> bool {
        match seen.owner {
            Owner::Foreign(_) => false,
            Owner::Ours => mode == Mode::Down || seen.is_there(),
            Owner::Unclaimed => {
                let writes = |function: &&&Seen| {
                    function.id.kind == "function" && function.refs.contains(&seen.thing())
                };
                let function = self.chosen.kept.iter().find(writes);
                mode == Mode::Down && function.is_some_and(|function| function.owner == Owner::Ours)
            }
        }
    }
}

/// True if another's thing stands in the way; a refusal says so.
fn is_foreign(seen: &Seen) -> bool {
    seen.is_there() && matches!(seen.owner, Owner::Foreign(_))
}

/// The step that makes a resource, where nothing of what was seen calls for another.
fn creation(resource: &Resource, seen: Option<&Seen>, desired: Value, changes: Vec<Change>) -> Step {
    Step {
        id: resource.id.clone(),
        action: Action::Create,
        at: Some(resource.at),
        parent: resource.parent.clone(),
        changes,
        desired: Some(desired),
        seen: seen.cloned(),
        files: Vec::new(),
        reasons: Vec::new(),
        loss: None,
        with_parent: false,
        after: Vec::new(),
    }
}

/// What is lost with a thing: what was found in it. Where the whole stack goes it was looked into; else what its kind
/// always holds is taken to be there.
fn loss(seen: &Seen, mode: Mode) -> Option<String> {
    let always = kind(seen.id.kind).loss().filter(|_| mode == Mode::Up);
    seen.holds.clone().or_else(|| always.map(str::to_owned))
}

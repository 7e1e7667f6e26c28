//! What must be true of the order of every plan.

use super::{Action, Plan, Step, short};
use crate::model::{Desired, Graph, LiveState, Observed};
use std::collections::BTreeSet;

/// Checks the edges of a plan.
pub(super) fn check(plan: &Plan, graph: &Graph, live_state: &LiveState) {
    for (index, step) in plan.steps.iter().enumerate() {
        let before = all_before(plan, index);
        assert!(!before.contains(&index), "{} waits for itself", short(step));
        match step.action {
            Action::Delete if step.with_parent => deleted_with_parent(plan, step),
            Action::Delete => deleted_last(plan, step, &before),
            _ => comes_after_what_it_needs(plan, graph, step, &before),
        }
    }
    the_stage_is_last(plan, live_state);
    a_live_route_leads_somewhere(plan, graph, live_state);
}

/// All steps that must have succeeded before one.
pub(super) fn all_before(plan: &Plan, index: usize) -> BTreeSet<usize> {
    let mut before = BTreeSet::new();
    let mut open = plan.steps[index].depends_on.clone();
    while let Some(next) = open.pop() {
        if before.insert(next) {
            open.extend(&plan.steps[next].depends_on);
        }
    }
    before
}

/// A child that is deleted with its parent depends on the parent alone; it needs no call.
fn deleted_with_parent(plan: &Plan, child: &Step) {
    let [parent] = child.depends_on.as_slice() else {
        panic!("{} waits for {:?}", short(child), child.depends_on)
    };
    let parent = plan.steps[*parent].observed.as_ref().map(Observed::key);
    assert_eq!(child.observed.as_ref().unwrap().parent(), parent.as_ref(), "{}", short(child));
}

/// Nothing is deleted before what refers to it, its own children excepted, leads elsewhere or is deleted, and no permission
/// before what needs it.
fn deleted_last(plan: &Plan, step: &Step, before: &BTreeSet<usize>) {
    let resource = step.observed.as_ref().unwrap().key();
    for (index, other) in plan.steps.iter().enumerate() {
        let Some(observed) = &other.observed else { continue };
        let pointing = observed.refs.contains(&resource) && observed.parent() != Some(&resource);
        let goes = other.action == Action::Delete && !other.with_parent;
        let later = goes && step.id.kind == "permission" && ["api", "route"].contains(&other.id.kind);
        let waits = before.contains(&index);
        assert!(waits || !(pointing || later), "{} does not wait for {}", short(step), short(other));
    }
}

/// What is created depends on its parent and on all whose assigned attributes it needs.
fn comes_after_what_it_needs(plan: &Plan, graph: &Graph, step: &Step, before: &BTreeSet<usize>) {
    let desired = Desired::of(step.desired.as_ref().unwrap()).unwrap();
    let unknown = desired.references();
    let kinds: &[&str] = match step.id.kind {
        "function" => &["role", "log_group"],
        "integration" => &["api"],
        "permission" => &["api", "function"],
        "route" => &["api", "integration"],
        _ => &[],
    };
    let mentioned = graph.get(&step.id).unwrap().desired.references();
    let mentioned = mentioned.into_iter().filter(|reference| kinds.contains(&reference.id.kind));
    let needed = unknown.into_iter().chain(mentioned).map(|reference| &reference.id);
    for needed in needed.chain(step.id.parent()) {
        let made = |other: &Step| other.id == *needed && other.action != Action::Delete;
        let Some(index) = plan.steps.iter().position(made) else { continue };
        assert!(before.contains(&index), "{} does not wait for {needed}", short(step));
    }
}

/// A new stage comes after everything that is created.
fn the_stage_is_last(plan: &Plan, live_state: &LiveState) {
    let attributes = live_state.observed.iter().any(|observed| observed.id.kind == "stage");
    let stage = plan.steps.iter().position(|step| step.id.kind == "stage" && step.action == Action::Create);
    let Some(stage) = stage.filter(|_| !attributes) else { return };
    let before = all_before(plan, stage);
    for (index, step) in plan.steps.iter().enumerate() {
        let made = step.action != Action::Delete && index != stage;
        assert!(!made || before.contains(&index), "the stage does not wait for {}", short(step));
    }
}

/// Where the stage answers requests, a route waits for the function that it leads to, and for its permission.
fn a_live_route_leads_somewhere(plan: &Plan, graph: &Graph, live_state: &LiveState) {
    if !live_state.observed.iter().any(|observed| observed.id.kind == "stage") {
        return;
    }
    let routes = plan.steps.iter().enumerate();
    for (index, route) in routes.filter(|(_, step)| step.id.kind == "route" && step.action != Action::Delete)
    {
        let before = all_before(plan, index);
        for needed in &graph.get(&route.id).unwrap().order_constraint.as_ref().unwrap().depends_on {
            let made = |step: &Step| step.id == *needed && step.action != Action::Delete;
            let Some(needed) = plan.steps.iter().position(made) else { continue };
            assert!(before.contains(&needed), "{} meets half a route", short(route));
        }
    }
}

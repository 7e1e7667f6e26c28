//! Worlds of which anything may be missing, changed or broken: every plan has an order, can be finished in any order that
//! its edges allow, and leaves nothing to do.

use super::live_states::{remove, world_of};
use super::simulation::Dice;
use super::stacks::{FULL, SMALL, graph, lowered, shipped, stack_in};
use super::{accepted, allowing, down, planned_down};
use crate::model::{Graph, LiveState, Observed, Owner, Status};
use crate::plan::Options;
use serde_json::{Value as Json, json};

/// A world of which about one thing in three is not as it should be.
fn disturbed(graph: &Graph, dice: &mut Dice) -> LiveState {
    let mut live_state = world_of(graph);
    for resource in live_state.observed.iter().map(Observed::key).collect::<Vec<_>>() {
        let Some(observed) = live_state.observed.iter_mut().find(|observed| observed.key() == resource)
        else {
            continue;
        };
        match dice.below(12) {
            0 | 1 => remove(&mut live_state, &resource),
            2 => change(&mut observed.spec, dice),
            3 if observed.id.kind == "function" => {
                observed.status = Status::Failed("it is Failed".to_owned())
            }
            3 if observed.id.kind == "table" => observed.status = Status::Deleting,
            3 if observed.id.kind == "log_group" => observed.owner = Owner::Untagged,
            _ => {}
        }
    }
    no_dangling_routes(&mut live_state);
    live_state
}

/// Changes one field that AWS can change.
fn change(spec: &mut Json, dice: &mut Dice) {
    let fields =
        ["memory", "timeout", "retention_days", "timeout_millis", "authorization", "description", "ttl"];
    let own: Vec<&str> = fields.into_iter().filter(|field| spec.get(field).is_some()).collect();
    match own.as_slice() {
        [] => {}
        own => {
            let field = own[dice.below(own.len())];
            spec[field] = if spec[field].is_number() { json!(7_777) } else { json!("changed") };
        }
    }
}

/// AWS does not delete an integration that a route leads to.
fn no_dangling_routes(live_state: &mut LiveState) {
    let things: Vec<_> = live_state.observed.iter().map(Observed::key).collect();
    live_state.observed.retain(|observed| {
        observed.id.kind != "route" || observed.refs.iter().all(|target| things.contains(target))
    });
}

fn any_loss() -> Options {
    Options { replace_stack: true, ..allowing("all") }
}

fn graphs() -> [Graph; 3] {
    [lowered(&shipped()).1, lowered(&stack_in(FULL, Some("dev"))).1, graph(SMALL)]
}

#[test]
fn up_heals_any_world() {
    for graph in graphs() {
        for seed in 0..60 {
            accepted(&graph, &disturbed(&graph, &mut Dice(seed)), &any_loss());
        }
    }
}

#[test]
fn down_ends_any_world() {
    for graph in [lowered(&shipped()).1, graph(SMALL)] {
        for seed in 0..60 {
            planned_down(&disturbed(&graph, &mut Dice(seed)));
        }
    }
}

#[test]
fn any_stack_can_become_any_other() {
    let routes: String = (0..45).map(|route| format!("    GET /r{route}: save\n")).collect();
    let graphs = [
        graph(SMALL),
        graph(&SMALL.replace(" list", " show")),
        graph(&SMALL.replace(": list", ": save")),
        graph(&format!("{SMALL}{routes}")),
        graph(SMALL.split_once("api:").unwrap().0),
        graph(&SMALL.replace("partition_key: id", "partition_key: key")),
        graph("stack: notes\nfunctions: { other: { code: code, runtime: python3.13 } }\n"),
        graph("stack: notes\n"),
    ];
    for (seed, from) in graphs.iter().enumerate() {
        for to in &graphs {
            accepted(to, &world_of(from), &any_loss());
            accepted(to, &disturbed(from, &mut Dice(u64::try_from(seed).unwrap())), &any_loss());
        }
    }
}

#[test]
fn the_second_down_after_one_that_was_killed_goes_on() {
    let graph = graph(SMALL);
    let live_state = world_of(&graph);
    let plan = super::plan(&Graph::default(), &live_state, &down()).unwrap();
    for kept in 0..plan.steps.len() {
        let mut left = live_state.clone();
        for observed in plan.steps.iter().take(kept).filter_map(|step| step.observed.as_ref()) {
            remove(&mut left, &observed.key());
        }
        planned_down(&left);
    }
}

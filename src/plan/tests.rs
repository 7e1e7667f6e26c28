//! The planner without any cloud: live states are made from graphs and changed by hand. The order of every plan here is
//! checked as well, the plan is applied in a simulation in several orders, and must leave nothing to do.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod children;
mod cold;
mod contract;
mod cycles;
mod data;
mod down;
mod drift;
mod duplicates;
pub(crate) mod live_states;
mod order;
mod ownership;
mod random;
mod rename;
mod saved;
mod simulation;
pub(crate) mod stacks;
mod unchanged;

use super::{Action, Mode, Options, Plan, Step, plan};
use crate::kinds::registry;
use crate::model::{Graph, Identity, LiveState};
use crate::outline::Outline;
use crate::render;

/// The options of `up` without flags.
pub(crate) fn up() -> Options {
    Options {
        registry: registry(),
        mode: Mode::Up,
        local: false,
        allow_data_loss: [].into(),
        replace_stack: false,
        protected: [].into(),
        identity: Identity::new("small", None),
    }
}

/// The options of `down` without flags.
pub(crate) fn down() -> Options {
    Options { mode: Mode::Down, ..up() }
}

/// The options of `up --allow-data-loss WHAT`.
pub(crate) fn allowing(what: &str) -> Options {
    Options { allow_data_loss: [what.to_owned()].into(), ..up() }
}

/// A plan whose order was checked and that, unless it is blocked, was applied in a simulation.
fn planned(graph: &Graph, live_state: &LiveState, options: &Options) -> Plan {
    let plan = plan(graph, live_state, options).unwrap();
    order::check(&plan, graph, live_state);
    if plan.blockers.is_empty() {
        (0..5).for_each(|seed| simulation::check(&plan, graph, live_state, options, seed));
    }
    plan
}

/// A plan without blockers.
fn accepted(graph: &Graph, live_state: &LiveState, options: &Options) -> Plan {
    let plan = planned(graph, live_state, options);
    assert!(plan.blockers.is_empty(), "{:#?}", plan.blockers);
    plan
}

/// What `up` does without flags.
fn planned_up(graph: &Graph, live_state: &LiveState) -> Plan {
    accepted(graph, live_state, &up())
}

/// What `down` does without flags; its graph is empty, as in the command.
fn planned_down(live_state: &LiveState) -> Plan {
    accepted(&Graph::default(), live_state, &down())
}

/// What the user reads of a plan.
fn text(plan: &Plan) -> String {
    let blockers = render::blockers(&plan.blockers, &[]);
    let text = format!(
        "{}{}\n{blockers}",
        render::plan(&Outline::of(plan), render::Detail::default()),
        render::summary(plan)
    );
    anstream::adapter::strip_str(&text).to_string()
}

/// The steps in short, for example `update function f`, sorted.
fn steps(plan: &Plan) -> Vec<String> {
    let mut steps: Vec<String> = plan.steps.iter().map(short).collect();
    steps.sort();
    steps
}

/// A step in short.
fn short(step: &Step) -> String {
    let action = match step.action {
        Action::Create => "create",
        Action::Update => "update",
        Action::Replace => "replace",
        Action::Delete => "delete",
    };
    format!("{action} {}", step.id)
}

/// The index of a step by its short form.
fn index(plan: &Plan, step: &str) -> usize {
    let found = plan.steps.iter().position(|one| short(one) == step);
    found.unwrap_or_else(|| panic!("no step `{step}` in {:#?}", steps(plan)))
}

/// The step of a short form.
fn step<'a>(plan: &'a Plan, of: &str) -> &'a Step {
    &plan.steps[index(plan, of)]
}

/// True if one step waits for another one, directly or not.
fn waits(plan: &Plan, step: &str, before: &str) -> bool {
    order::all_before(plan, index(plan, step)).contains(&index(plan, before))
}

/// The blockers of a plan.
fn blockers(plan: &Plan) -> Vec<&str> {
    plan.blockers.iter().map(|blocker| blocker.why.as_str()).collect()
}

/// Compares what the user reads of a plan with `src/plan/snapshots/NAME.snap`.
fn snapshot(name: &str, plan: &Plan) {
    snapshot_in("snapshots", name, &text(plan));
}

/// Compares a text with a snapshot in a folder next to this file.
pub(crate) fn snapshot_in(folder: &str, name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_snapshot_path(folder);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

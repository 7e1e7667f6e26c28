//! The first `up`: everything is created, each resource after its dependencies.

use super::live_states::{lose, the, world_of};
use super::stacks::{FULL, SMALL, graph, graph_with, lowered, shipped, stack_in};
use super::{planned_up, snapshot, snapshot_in, step, steps, waits};
use crate::model::{LiveState, unresolved};
use crate::outline::Outline;
use crate::render;

#[test]
fn nothing_exists_so_everything_is_created() {
    let graph = lowered(&shipped()).1;
    let plan = planned_up(&graph, &LiveState::default());
    assert_eq!(plan.steps.len(), graph.resources.len());
    snapshot("cold_shipped", &plan);
}

#[test]
fn details_show_every_field_and_what_is_known_after_up() {
    let graph = lowered(&stack_in(FULL, Some("dev"))).1;
    let plan = planned_up(&graph, &LiveState::default());
    let text = anstream::adapter::strip_str(&render::plan(
        &Outline::of(&plan),
        render::Detail { details: true, ..Default::default() },
    ))
    .to_string();
    assert!(!text.contains("8080"), "a value of the environment is shown");
    snapshot_in("snapshots", "cold_details", &text);
}

#[test]
fn the_stage_waits_for_all_of_the_stack() {
    let plan = planned_up(&graph(SMALL), &LiveState::default());
    let stage = step(&plan, "create stage $default");
    assert_eq!(stage.depends_on.len(), plan.steps.len() - 1);
}

#[test]
fn routes_of_an_api_that_does_not_answer_yet_wait_for_their_integration_alone() {
    let plan = planned_up(&graph(SMALL), &LiveState::default());
    let route = "create route GET /notes";
    assert!(waits(&plan, route, "create integration list"));
    assert!(!waits(&plan, route, "create function list"));
}

#[test]
fn a_function_waits_for_its_role_and_log_group_but_not_for_the_table() {
    let plan = planned_up(&graph(SMALL), &LiveState::default());
    assert!(waits(&plan, "create function save", "create role save_role"));
    assert!(waits(&plan, "create function save", "create log group /aws/lambda/save"));
    assert!(!waits(&plan, "create function save", "create table notes"));
}

#[test]
fn a_function_that_knows_the_apis_url_is_created_after_the_api() {
    let graph = graph_with(SMALL, "environment: { TABLE:", "environment: { URL: \"${api.url}\", TABLE:");
    let plan = planned_up(&graph, &LiveState::default());
    assert!(waits(&plan, "create function save", "create api"));
    let environment = step(&plan, "create function save").desired.clone().unwrap();
    assert!(unresolved(&environment).is_some(), "the URL is not known before the API is made");
}

#[test]
fn functions_that_mention_each_other_wait_for_neither() {
    let yaml = "
stack: pair
functions:
  ping: { code: code, runtime: python3.13, environment: { OTHER: \"${functions.pong.arn}\" } }
  pong: { code: code, runtime: python3.13, environment: { OTHER: \"${functions.ping.arn}\" } }
";
    let plan = planned_up(&graph(yaml), &LiveState::default());
    assert!(!waits(&plan, "create function ping", "create function pong"));
    assert!(!waits(&plan, "create function pong", "create function ping"));
}

#[test]
fn up_continues_from_what_exists() {
    let graph = graph(SMALL);
    let mut live_state = world_of(&graph);
    for lost in ["stage $default", "route GET /notes", "function save", "integration save"] {
        lose(&mut live_state, lost);
    }
    // Only what the first run made before it was killed can be there: no route leads to an integration that is not.
    lose(&mut live_state, "route POST /notes");
    let plan = planned_up(&graph, &live_state);
    insta::assert_debug_snapshot!(steps(&plan), @r#"
    [
        "create function save",
        "create integration save",
        "create permission save for POST /notes",
        "create route GET /notes",
        "create route POST /notes",
        "create stage $default",
    ]
    "#);
    assert!(waits(&plan, "create stage $default", "create route GET /notes"));
}

#[test]
fn a_known_value_is_taken_from_what_exists() {
    let graph = graph(SMALL);
    let mut live_state = world_of(&graph);
    lose(&mut live_state, "route GET /notes");
    let target = the(&mut live_state, "integration list").physical_id.clone();
    let plan = planned_up(&graph, &live_state);
    let desired = step(&plan, "create route GET /notes").desired.clone().unwrap();
    assert_eq!(desired["target"], format!("integrations/{target}"));
}

#[test]
fn a_public_url_is_said_to_be_public() {
    let image = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/shop:1";
    let yaml = |url: &str| {
        format!(
            "stack: shop\nfunctions:\n  hook: {{ code: code, runtime: python3.13, url: {url} }}\n  \
             talk: {{ image: {image}, url: {{ auth: iam, stream: true }} }}\n"
        )
    };
    let open = graph(&yaml("none"));
    snapshot("urls", &planned_up(&open, &LiveState::default()));
    let guarded = world_of(&graph(&yaml("iam")));
    snapshot("url_is_opened", &planned_up(&open, &guarded));
}

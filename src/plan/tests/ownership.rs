//! Unmanaged resources are not changed, and block the plan where they have a declared name.

use super::live_states::{the, world_of};
use super::stacks::{SMALL, graph};
use super::{blockers, planned, planned_up, snapshot, text, up};
use crate::model::{Graph, LiveState, Owner};
use serde_json::json;

/// A live state with only one resource, which has another owner.
fn unmanaged(graph: &Graph, id: &str, who: &str) -> LiveState {
    let mut live_state = world_of(graph);
    live_state.observed.retain(|observed| observed.id.to_string() == id);
    the(&mut live_state, id).owner = Owner::Unmanaged(who.to_owned());
    live_state
}

#[test]
fn an_unmanaged_resource_of_a_declared_name_blocks_the_plan() {
    let graph = graph(SMALL);
    for id in ["table notes", "role save_role", "log group /aws/lambda/list", "function save"] {
        let live_state = unmanaged(&graph, id, "it belongs to the stack `shop/prod`");
        let why = format!("{id} already exists, and it belongs to the stack `shop/prod`");
        assert_eq!(blockers(&planned(&graph, &live_state, &up())), [why]);
    }
}

#[test]
fn every_unmanaged_resource_is_named_at_once_and_nothing_else() {
    let graph = graph(SMALL);
    let mut live_state = world_of(&graph);
    let who = || Owner::Unmanaged("it was not created by provision".to_owned());
    the(&mut live_state, "function save").owner = who();
    let table = the(&mut live_state, "table notes");
    (table.owner, table.protected, table.spec["partition_key"]["name"]) = (who(), true, json!("other"));
    let plan = planned(&graph, &live_state, &up());
    assert_eq!(plan.blockers.len(), 2);
    snapshot("foreign", &plan);
}

#[test]
fn a_blocker_names_the_place_in_the_stack_file() {
    let graph = graph(SMALL);
    let live_state = unmanaged(&graph, "table notes", "it was not created by provision");
    let plan = planned(&graph, &live_state, &up());
    assert_eq!(plan.blockers[0].at.unwrap().line, 4);
}

#[test]
fn an_untagged_log_group_is_adopted() {
    let graph = graph(SMALL);
    let mut live_state = world_of(&graph);
    let group = the(&mut live_state, "log group /aws/lambda/save");
    group.owner = Owner::Untagged;
    group.spec = json!({ "retention_days": null, "tags": {} });
    group.contains_data = Some("5120 bytes of logs".to_owned());
    insta::assert_snapshot!(text(&planned_up(&graph, &live_state)), @"
      ~ function save
          ~ log group
              it exists without tags and contains 5120 bytes of logs; it is adopted
              retention_days        30
              tags.provision:for    function.save
              tags.provision:id     log_group./aws/lambda/save
              tags.provision:stack  notes
    Plan: 1 to update, 16 unchanged
    ");
}

#[test]
fn an_untagged_log_group_that_is_not_declared_stays() {
    let whole = graph(SMALL);
    let mut live_state = world_of(&whole);
    the(&mut live_state, "log group /aws/lambda/list").owner = Owner::Untagged;
    let renamed = graph(&SMALL.replace(" list", " show"));
    let plan = planned_up(&renamed, &live_state);
    assert!(!super::steps(&plan).contains(&"delete log group /aws/lambda/list".to_owned()));
}

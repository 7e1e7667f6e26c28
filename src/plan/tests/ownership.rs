//! What is not ours is not touched, and stops the plan where it bears a name of ours.

use super::stacks::{SMALL, graph};
use super::worlds::{the, world_of};
use super::{planned, planned_up, refusals, snapshot, text, up};
use crate::model::{Graph, Owner, World};
use serde_json::json;

/// A world that holds nothing but one thing, and that of another owner.
fn foreign(graph: &Graph, id: &str, who: &str) -> World {
    let mut world = world_of(graph);
    world.seen.retain(|seen| seen.id.to_string() == id);
    the(&mut world, id).owner = Owner::Foreign(who.to_owned());
    world
}

#[test]
fn a_foreign_thing_of_a_wanted_name_stops_the_plan() {
    let graph = graph(SMALL);
    for id in ["table notes", "role save_role", "log group /aws/lambda/list", "function save"] {
        let world = foreign(&graph, id, "it belongs to the stack `shop/prod`");
        let why = format!("{id} exists already, and it belongs to the stack `shop/prod`");
        assert_eq!(refusals(&planned(&graph, &world, &up())), [why]);
    }
}

#[test]
fn every_foreign_thing_is_named_at_once_and_nothing_else() {
    let graph = graph(SMALL);
    let mut world = world_of(&graph);
    let who = || Owner::Foreign("it was not made by provision".to_owned());
    the(&mut world, "function save").owner = who();
    let table = the(&mut world, "table notes");
    (table.owner, table.protected, table.spec["partition_key"]["name"]) = (who(), true, json!("other"));
    let plan = planned(&graph, &world, &up());
    assert_eq!(plan.refusals.len(), 2);
    snapshot("foreign", &plan);
}

#[test]
fn the_place_in_the_stack_file_is_told() {
    let graph = graph(SMALL);
    let world = foreign(&graph, "table notes", "it was not made by provision");
    let plan = planned(&graph, &world, &up());
    assert_eq!(plan.refusals[0].at.unwrap().line, 4);
}

#[test]
fn an_untagged_log_group_is_taken_over() {
    let graph = graph(SMALL);
    let mut world = world_of(&graph);
    let group = the(&mut world, "log group /aws/lambda/save");
    group.owner = Owner::Unclaimed;
    group.spec = json!({ "retention_days": null, "tags": {} });
    group.holds = Some("5120 bytes of logs".to_owned());
    insta::assert_snapshot!(text(&planned_up(&graph, &world)), @r#"
    log group
      ~ /aws/lambda/save
          it exists, untagged, with 5120 bytes of logs; it is taken over
          retention_days        30
          tags.provision:for    function.save
          tags.provision:id     log_group./aws/lambda/save
          tags.provision:stack  notes
    Plan: 1 to update, 16 unchanged
    "#);
}

#[test]
fn an_untagged_log_group_that_nobody_asks_for_stays() {
    let whole = graph(SMALL);
    let mut world = world_of(&whole);
    the(&mut world, "log group /aws/lambda/list").owner = Owner::Unclaimed;
    let renamed = graph(&SMALL.replace(" list", " show"));
    let plan = planned_up(&renamed, &world);
    assert!(!super::steps(&plan).contains(&"delete log group /aws/lambda/list".to_owned()));
}

//! Nothing that holds data goes unless the user says so.

use super::stacks::{SMALL, graph, graph_with};
use super::worlds::{the, world_of};
use super::{
    accepted, allowing, planned, planned_down, planned_up, refusals, snapshot, step, steps, text, up,
};
use crate::model::{Graph, Status};
use crate::plan::{Mode, Options};
use serde_json::json;

fn other_key() -> Graph {
    graph_with(SMALL, "partition_key: id", "partition_key: key, sort_key: { name: page, type: N }")
}

#[test]
fn another_key_means_another_table_which_must_be_allowed() {
    let world = world_of(&graph(SMALL));
    snapshot("replace_table_refused", &planned(&other_key(), &world, &up()));
    for allowed in ["notes", "all"] {
        let plan = accepted(&other_key(), &world, &allowing(allowed));
        assert_eq!(steps(&plan), ["replace table notes"]);
        assert_eq!(step(&plan, "replace table notes").loss.as_deref(), Some("all of its items"));
    }
}

#[test]
fn to_allow_one_loss_does_not_allow_another() {
    let plan = planned(&other_key(), &world_of(&graph(SMALL)), &allowing("api"));
    assert_eq!(refusals(&plan).len(), 1);
}

#[test]
fn a_table_and_an_api_that_are_not_declared_any_more_must_be_allowed() {
    let less = graph("stack: notes\nfunctions: { save: { code: code, runtime: python3.13 } }\n");
    let world = world_of(&graph(SMALL));
    let plan = planned(&less, &world, &up());
    insta::assert_debug_snapshot!(refusals(&plan), @r#"
    [
        "the plan would delete api, and its URL would be lost for good",
        "the plan would delete table notes, and all of its items would be lost for good",
    ]
    "#);
    accepted(&less, &world, &allowing("all"));
}

#[test]
fn no_flag_takes_a_protected_table() {
    let mut world = world_of(&graph(SMALL));
    let table = the(&mut world, "table notes");
    (table.protected, table.spec["protect"]) = (true, json!(true));
    for options in [allowing("all"), Options { mode: Mode::Down, local: true, ..allowing("all") }] {
        let graph = if options.mode == Mode::Down { Graph::default() } else { other_key() };
        let plan = planned(&graph, &world, &options);
        assert!(refusals(&plan)[0].starts_with("table notes is protected against deletion"));
    }
}

#[test]
fn protection_is_taken_off_by_an_update() {
    let mut world = world_of(&graph(SMALL));
    let table = the(&mut world, "table notes");
    (table.protected, table.spec["protect"]) = (true, json!(true));
    insta::assert_snapshot!(text(&planned_up(&graph(SMALL), &world)), @r#"
    table
      ~ notes
          protect  true → false
    Plan: 1 to update, 16 unchanged
    "#);
}

#[test]
fn a_protected_log_group_is_refused_with_help_that_fits_it() {
    let renamed = graph(&SMALL.replace(" list", " show"));
    let mut world = world_of(&graph(SMALL));
    the(&mut world, "log group /aws/lambda/list").protected = true;
    let plan = planned(&renamed, &world, &up());
    assert_eq!(refusals(&plan).len(), 1);
    // A log group has no `protect` in the stack file.
    assert!(!plan.refusals[0].help.contains("protect: false"), "{}", plan.refusals[0].help);
}

#[test]
fn logs_that_go_are_shown_as_a_loss() {
    let renamed = graph(&SMALL.replace(" list", " show"));
    let mut world = world_of(&graph(SMALL));
    the(&mut world, "log group /aws/lambda/list").holds = Some("2048 bytes of logs".to_owned());
    let plan = planned_up(&renamed, &world);
    assert_eq!(step(&plan, "delete log group /aws/lambda/list").loss.as_deref(), Some("2048 bytes of logs"));
}

#[test]
fn a_table_that_is_going_is_waited_for_and_made_again() {
    let graph = graph(SMALL);
    let mut world = world_of(&graph);
    the(&mut world, "table notes").status = Status::Going;
    insta::assert_snapshot!(text(&planned_up(&graph, &world)), @r#"
    table
      + notes
          the old one is being deleted; waits until it is gone
    Plan: 1 to create, 16 unchanged
    "#);
}

#[test]
fn a_table_that_is_going_needs_no_further_permission() {
    let mut world = world_of(&graph(SMALL));
    let table = the(&mut world, "table notes");
    (table.status, table.holds) = (Status::Going, Some("its items".to_owned()));
    planned_down(&world);
}

#[test]
fn a_table_that_cannot_be_used_is_replaced_only_where_that_is_allowed() {
    let graph = graph(SMALL);
    let mut world = world_of(&graph);
    the(&mut world, "table notes").status = Status::Broken("it is ARCHIVED".to_owned());
    assert_eq!(refusals(&planned(&graph, &world, &up())).len(), 1);
    assert_eq!(steps(&accepted(&graph, &world, &allowing("notes"))), ["replace table notes"]);
}

#[test]
fn what_is_made_again_shows_all_of_its_fields() {
    let graph = graph(SMALL);
    let mut world = world_of(&graph);
    the(&mut world, "table notes").status = Status::Going;
    let again = step(&planned_up(&graph, &world), "create table notes").changes.clone();
    let first =
        step(&planned_up(&graph, &crate::model::World::default()), "create table notes").changes.clone();
    assert_eq!(again, first);
}

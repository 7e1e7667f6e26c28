//! Nothing that holds data goes unless the user says so.

use super::live_states::{the, world_of};
use super::stacks::{SMALL, graph, graph_with};
use super::{
    accepted, allowing, blockers, planned, planned_down, planned_up, snapshot, step, steps, text, up,
};
use crate::model::{Graph, Status};
use crate::plan::{Mode, Options};
use serde_json::json;

fn other_key() -> Graph {
    graph_with(SMALL, "partition_key: id", "partition_key: key, sort_key: { name: page, type: N }")
}

#[test]
fn another_key_means_another_table_which_must_be_allowed() {
    let live_state = world_of(&graph(SMALL));
    snapshot("replace_table_refused", &planned(&other_key(), &live_state, &up()));
    for allowed in ["notes", "all"] {
        let plan = accepted(&other_key(), &live_state, &allowing(allowed));
        assert_eq!(steps(&plan), ["replace table notes"]);
        assert_eq!(step(&plan, "replace table notes").data_loss.as_deref(), Some("all of its items"));
    }
}

#[test]
fn to_allow_one_loss_does_not_allow_another() {
    let plan = planned(&other_key(), &world_of(&graph(SMALL)), &allowing("api"));
    assert_eq!(blockers(&plan).len(), 1);
}

#[test]
fn a_table_and_an_api_that_are_not_declared_any_more_must_be_allowed() {
    let less = graph("stack: notes\nfunctions: { save: { code: code, runtime: python3.13 } }\n");
    let live_state = world_of(&graph(SMALL));
    let plan = planned(&less, &live_state, &up());
    insta::assert_debug_snapshot!(blockers(&plan), @r#"
    [
        "the plan would delete api, and its URL would be lost for good",
        "the plan would delete table notes, and all of its items would be lost for good",
    ]
    "#);
    accepted(&less, &live_state, &allowing("all"));
}

#[test]
fn no_flag_takes_a_protected_table() {
    let mut live_state = world_of(&graph(SMALL));
    let table = the(&mut live_state, "table notes");
    (table.protected, table.spec["protect"]) = (true, json!(true));
    for options in [allowing("all"), Options { mode: Mode::Down, local: true, ..allowing("all") }] {
        let graph = if options.mode == Mode::Down { Graph::default() } else { other_key() };
        let plan = planned(&graph, &live_state, &options);
        assert!(blockers(&plan)[0].starts_with("table notes is protected against deletion"));
    }
}

#[test]
fn protection_is_taken_off_by_an_update() {
    let mut live_state = world_of(&graph(SMALL));
    let table = the(&mut live_state, "table notes");
    (table.protected, table.spec["protect"]) = (true, json!(true));
    insta::assert_snapshot!(text(&planned_up(&graph(SMALL), &live_state)), @r#"
    table
      ~ notes
          protect  true → false
    Plan: 1 to update, 16 unchanged
    "#);
}

#[test]
fn a_protected_log_group_is_refused_with_help_that_fits_it() {
    let renamed = graph(&SMALL.replace(" list", " show"));
    let mut live_state = world_of(&graph(SMALL));
    the(&mut live_state, "log group /aws/lambda/list").protected = true;
    let plan = planned(&renamed, &live_state, &up());
    assert_eq!(blockers(&plan).len(), 1);
    // A log group has no `protect` in the stack file.
    assert!(!plan.blockers[0].help.contains("protect: false"), "{}", plan.blockers[0].help);
}

#[test]
fn logs_that_go_are_shown_as_a_loss() {
    let renamed = graph(&SMALL.replace(" list", " show"));
    let mut live_state = world_of(&graph(SMALL));
    the(&mut live_state, "log group /aws/lambda/list").contains_data = Some("2048 bytes of logs".to_owned());
    let plan = planned_up(&renamed, &live_state);
    assert_eq!(
        step(&plan, "delete log group /aws/lambda/list").data_loss.as_deref(),
        Some("2048 bytes of logs")
    );
}

#[test]
fn a_table_that_is_going_is_waited_for_and_made_again() {
    let graph = graph(SMALL);
    let mut live_state = world_of(&graph);
    the(&mut live_state, "table notes").status = Status::Deleting;
    insta::assert_snapshot!(text(&planned_up(&graph, &live_state)), @r#"
    table
      + notes
          the old one is being deleted; waits until it is gone
    Plan: 1 to create, 16 unchanged
    "#);
}

#[test]
fn a_table_that_is_going_needs_no_further_permission() {
    let mut live_state = world_of(&graph(SMALL));
    let table = the(&mut live_state, "table notes");
    (table.status, table.contains_data) = (Status::Deleting, Some("its items".to_owned()));
    planned_down(&live_state);
}

#[test]
fn a_table_that_cannot_be_used_is_replaced_only_where_that_is_allowed() {
    let graph = graph(SMALL);
    let mut live_state = world_of(&graph);
    the(&mut live_state, "table notes").status = Status::Failed("it is ARCHIVED".to_owned());
    assert_eq!(blockers(&planned(&graph, &live_state, &up())).len(), 1);
    assert_eq!(steps(&accepted(&graph, &live_state, &allowing("notes"))), ["replace table notes"]);
}

#[test]
fn what_is_made_again_shows_all_of_its_fields() {
    let graph = graph(SMALL);
    let mut live_state = world_of(&graph);
    the(&mut live_state, "table notes").status = Status::Deleting;
    let again = step(&planned_up(&graph, &live_state), "create table notes").changes.clone();
    let first =
        step(&planned_up(&graph, &crate::model::LiveState::default()), "create table notes").changes.clone();
    assert_eq!(again, first);
}

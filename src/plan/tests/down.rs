//! The end of a stack.

use super::stacks::{FULL, SMALL, graph, lowered, shipped, stack_in};
use super::worlds::{lose, the, world_of};
use super::{accepted, down, planned, planned_down, refusals, snapshot, step, steps, waits};
use crate::model::{Graph, Owner, World};
use crate::plan::Options;
use serde_json::json;

#[test]
fn everything_goes_children_with_their_parents() {
    snapshot("down_shipped", &planned_down(&world_of(&lowered(&shipped()).1)));
}

#[test]
fn nothing_there_means_nothing_to_do() {
    assert!(planned_down(&World::default()).is_empty());
}

#[test]
fn what_is_made_last_goes_first() {
    let plan = planned_down(&world_of(&graph(SMALL)));
    // The API leads to the function, which writes to its log group as its role.
    assert!(waits(&plan, "delete function save", "delete api"));
    assert!(waits(&plan, "delete role save_role", "delete function save"));
    assert!(waits(&plan, "delete log group /aws/lambda/save", "delete function save"));
    // It is nobody else's, and need not wait for others.
    assert!(!waits(&plan, "delete role save_role", "delete function list"));
}

#[test]
fn a_table_that_holds_items_must_be_allowed_but_not_on_the_local_cloud() {
    let mut world = world_of(&graph(SMALL));
    the(&mut world, "table notes").holds = Some("its items".to_owned());
    let nothing = Graph::default();
    let plan = planned(&nothing, &world, &down());
    snapshot("down_refused", &plan);
    assert_eq!(refusals(&plan), ["the plan would delete table notes, and its items would be lost for good"]);
    let allowed = Options { allow_data_loss: ["notes".to_owned()].into(), ..down() };
    accepted(&nothing, &world, &allowed);
    accepted(&nothing, &world, &Options { local: true, ..down() });
}

#[test]
fn a_protected_table_of_a_stack_with_every_field_set_is_refused() {
    let graph = lowered(&stack_in(FULL, Some("dev"))).1;
    let mut world = world_of(&graph);
    assert_eq!(refusals(&planned(&Graph::default(), &world, &down())).len(), 1);
    let table = the(&mut world, "table dev-pages");
    (table.protected, table.spec["protect"]) = (false, json!(false));
    planned_down(&world);
}

#[test]
fn what_belongs_to_others_stays() {
    let mut world = world_of(&graph(SMALL));
    the(&mut world, "table notes").owner = Owner::Foreign("it belongs to the stack `other`".to_owned());
    let plan = planned_down(&world);
    assert!(!steps(&plan).contains(&"delete table notes".to_owned()));
}

#[test]
fn an_untagged_log_group_goes_with_the_function_that_is_ours() {
    let mut world = world_of(&graph(SMALL));
    the(&mut world, "log group /aws/lambda/save").owner = Owner::Unclaimed;
    the(&mut world, "log group /aws/lambda/list").owner = Owner::Unclaimed;
    the(&mut world, "function list").owner = Owner::Foreign("it was not made by provision".to_owned());
    lose(&mut world, "role list_role");
    let plan = planned_down(&world);
    step(&plan, "delete log group /aws/lambda/save");
    assert!(!steps(&plan).contains(&"delete log group /aws/lambda/list".to_owned()));
}

#[test]
fn what_could_not_be_looked_at_is_part_of_the_plan() {
    let blind = crate::model::Blind { kind: "role", why: "iam:ListRoles failed".to_owned() };
    let world = World { blind: vec![blind.clone()], ..World::default() };
    assert_eq!(planned_down(&world).blind, [blind]);
}

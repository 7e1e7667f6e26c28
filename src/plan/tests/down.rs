//! The end of a stack.

use super::live_states::{lose, the, world_of};
use super::stacks::{FULL, SMALL, graph, lowered, shipped, stack_in};
use super::{accepted, blockers, down, planned, planned_down, snapshot, step, steps, waits};
use crate::model::{Graph, LiveState, Owner};
use crate::plan::Options;
use serde_json::json;

#[test]
fn everything_goes_children_with_their_parents() {
    snapshot("down_shipped", &planned_down(&world_of(&lowered(&shipped()).1)));
}

#[test]
fn nothing_there_means_nothing_to_do() {
    assert!(planned_down(&LiveState::default()).is_empty());
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
    let mut live_state = world_of(&graph(SMALL));
    the(&mut live_state, "table notes").contains_data = Some("its items".to_owned());
    let nothing = Graph::default();
    let plan = planned(&nothing, &live_state, &down());
    snapshot("down_refused", &plan);
    assert_eq!(blockers(&plan), ["the plan would delete table notes, and its items would be lost for good"]);
    let allowed = Options { allow_data_loss: ["notes".to_owned()].into(), ..down() };
    accepted(&nothing, &live_state, &allowed);
    accepted(&nothing, &live_state, &Options { local: true, ..down() });
}

#[test]
fn a_protected_table_of_a_stack_with_every_field_set_is_refused() {
    let graph = lowered(&stack_in(FULL, Some("dev"))).1;
    let mut live_state = world_of(&graph);
    assert_eq!(blockers(&planned(&Graph::default(), &live_state, &down())).len(), 1);
    let table = the(&mut live_state, "table dev-pages");
    (table.protected, table.spec["protect"]) = (false, json!(false));
    planned_down(&live_state);
}

#[test]
fn what_belongs_to_others_stays() {
    let mut live_state = world_of(&graph(SMALL));
    the(&mut live_state, "table notes").owner =
        Owner::Unmanaged("it belongs to the stack `other`".to_owned());
    let plan = planned_down(&live_state);
    assert!(!steps(&plan).contains(&"delete table notes".to_owned()));
}

#[test]
fn an_untagged_log_group_goes_with_the_function_that_is_ours() {
    let mut live_state = world_of(&graph(SMALL));
    the(&mut live_state, "log group /aws/lambda/save").owner = Owner::Untagged;
    the(&mut live_state, "log group /aws/lambda/list").owner = Owner::Untagged;
    the(&mut live_state, "function list").owner =
        Owner::Unmanaged("it was not created by provision".to_owned());
    lose(&mut live_state, "role list_role");
    let plan = planned_down(&live_state);
    step(&plan, "delete log group /aws/lambda/save");
    assert!(!steps(&plan).contains(&"delete log group /aws/lambda/list".to_owned()));
}

#[test]
fn what_could_not_be_looked_at_is_part_of_the_plan() {
    let unreadable = crate::model::Unreadable { kind: "role", why: "iam:ListRoles failed".to_owned() };
    let live_state = LiveState { unreadable: vec![unreadable.clone()], ..LiveState::default() };
    assert_eq!(planned_down(&live_state).unreadable, [unreadable]);
}

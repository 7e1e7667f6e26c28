//! How a stack stands.

use super::{made, plain};
use crate::model::{Graph, Owner, Status};
use crate::plan::tests::live_states::{lose, the, world_of};
use crate::plan::tests::stacks::{SMALL, graph};
use crate::plan::tests::up;
use crate::render;
use crate::status::status;

fn shown(graph: &Graph, live_state: &crate::model::LiveState) -> String {
    let standings = status(&made(graph, live_state, &up()), live_state);
    serde_json::from_str::<serde_json::Value>(&render::json::status(&standings).to_string()).unwrap();
    plain(&render::status(&standings))
}

#[test]
fn a_stack_in_order_says_so() {
    let graph = graph(SMALL);
    insta::assert_snapshot!(shown(&graph, &world_of(&graph)), @r#"
    table
      ✓ notes
    roles
      ✓ save_role
      ✓ list_role
    log groups
      ✓ /aws/lambda/save
      ✓ /aws/lambda/list
    functions
      ✓ save
      ✓ list
    API
      ✓ api
    integrations
      ✓ list
      ✓ save
    routes
      ✓ GET /notes
      ✓ GET /notes/{id}
      ✓ POST /notes
    permissions
      ✓ list for GET /notes
      ✓ list for GET /notes/{id}
      ✓ save for POST /notes
    stage
      ✓ $default

    Status: 17 in sync
    "#);
}

#[test]
fn a_stack_in_disorder_says_what_is_wrong_where() {
    let old = graph(SMALL);
    let mut live_state = world_of(&old);
    lose(&mut live_state, "table notes");
    the(&mut live_state, "function list").spec["memory"] = 512.into();
    the(&mut live_state, "function save").status = Status::Failed("its image is gone".to_owned());
    the(&mut live_state, "stage $default").status = Status::Pending;
    the(&mut live_state, "role list_role").owner = Owner::Unmanaged("belongs to the stack shop".to_owned());
    insta::assert_snapshot!(shown(&graph(&SMALL.replace("    GET /notes/{id}: list\n", "")), &live_state), @r#"
    table
      ✗ notes  missing
    roles
      ✓ save_role
      · list_role  unmanaged: belongs to the stack shop
    log groups
      ✓ /aws/lambda/save
      ✓ /aws/lambda/list
    functions
      ✗ save  its image is gone
      ~ list  drifted: memory
    API
      ✓ api
    integrations
      ✓ list
      ✓ save
    routes
      ✓ GET /notes
      ✓ POST /notes
      - GET /notes/{id}  orphaned: no longer in the stack file
    permissions
      ✓ list for GET /notes
      ✗ save for POST /notes  missing
      - list for GET /notes/{id}  orphaned: no longer in the stack file
    stage
      … $default  update in progress

    Status: 9 in sync, 1 pending, 2 missing, 1 drifted, 1 failed, 2 orphaned, 1 unmanaged
    "#);
}

#[test]
fn a_stack_that_is_nowhere_is_missing() {
    insta::assert_snapshot!(shown(&graph("stack: none\n"), &crate::model::LiveState::default()), @r#"
    The stack file declares no resources, and none exist.
    "#);
}

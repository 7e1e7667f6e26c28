//! How a stack stands.

use super::{made, plain};
use crate::model::{Graph, Owner, Status};
use crate::plan::tests::stacks::{SMALL, graph};
use crate::plan::tests::up;
use crate::plan::tests::worlds::{lose, the, world_of};
use crate::render;
use crate::status::status;

fn shown(graph: &Graph, world: &crate::model::World) -> String {
    let standings = status(&made(graph, world, &up()), world);
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
    let mut world = world_of(&old);
    lose(&mut world, "table notes");
    the(&mut world, "function list").spec["memory"] = 512.into();
    the(&mut world, "function save").status = Status::Broken("its image is gone".to_owned());
    the(&mut world, "stage $default").status = Status::Busy;
    the(&mut world, "role list_role").owner = Owner::Foreign("belongs to the stack shop".to_owned());
    insta::assert_snapshot!(shown(&graph(&SMALL.replace("    GET /notes/{id}: list\n", "")), &world), @r#"
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
    insta::assert_snapshot!(shown(&graph("stack: none\n"), &crate::model::World::default()), @r#"
    The stack file declares no resources, and none exist.
    "#);
}

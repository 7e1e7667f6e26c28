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
    plain(&format!("{}\n---\n{}", render::status(&standings, false), render::status(&standings, true)))
}

#[test]
fn a_stack_in_order_says_so() {
    let graph = graph(SMALL);
    insta::assert_snapshot!(shown(&graph, &world_of(&graph)), @"
      ✓ table notes
      ✓ function save
          ✓ log group
          ✓ role
          ✓ integration
          ✓ permission for POST /notes
      ✓ function list
          ✓ log group
          ✓ role
          ✓ integration
          ✓ permission for GET /notes
          ✓ permission for GET /notes/{id}
      ✓ api
          ✓ route GET /notes
          ✓ route GET /notes/{id}
          ✓ route POST /notes
          ✓ stage $default

    Status: 17 in sync
    ---
      ✓ table notes
      ✓ function save  (log group, role, integration, permission)
      ✓ function list  (log group, role, integration, 2 permissions)
      ✓ api  (3 routes, stage)

    Status: 17 in sync
    ");
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
    insta::assert_snapshot!(shown(&graph(&SMALL.replace("    GET /notes/{id}: list\n", "")), &live_state), @"
      ✗ table notes  missing
      ✗ function save  its image is gone
          ✓ log group
          ✓ role
          ✓ integration
          ✗ permission for POST /notes  missing
      ~ function list  drifted: memory
          ✓ log group
          ✓ integration
          ✓ permission for GET /notes
          - permission for GET /notes/{id}  orphaned: no longer in the stack file
          · role  unmanaged: belongs to the stack shop
      ✓ api
          ✓ route GET /notes
          ✓ route POST /notes
          … stage $default  update in progress
          - route GET /notes/{id}  orphaned: no longer in the stack file

    Status: 9 in sync, 1 pending, 2 missing, 1 drifted, 1 failed, 2 orphaned, 1 unmanaged
    ---
      ✗ table notes  missing
      ✗ function save  its image is gone  (log group, role, integration)
          ✗ permission for POST /notes  missing
      ~ function list  drifted: memory  (log group, integration, permission)
          - permission for GET /notes/{id}  orphaned: no longer in the stack file
          · role  unmanaged: belongs to the stack shop
      ✓ api  (2 routes)
          … stage $default  update in progress
          - route GET /notes/{id}  orphaned: no longer in the stack file

    Status: 9 in sync, 1 pending, 2 missing, 1 drifted, 1 failed, 2 orphaned, 1 unmanaged
    ");
}

#[test]
fn a_stack_that_is_nowhere_is_missing() {
    insta::assert_snapshot!(shown(&graph("stack: none\n"), &crate::model::LiveState::default()), @"
    The stack file declares no resources, and none exist.
    ---
    The stack file declares no resources, and none exist.
    ");
}

#[test]
fn settings_that_nothing_manages_are_shown_and_are_no_drift() {
    let graph = graph("stack: s\ntables:\n  notes: { partition_key: id }\n");
    let mut live_state = world_of(&graph);
    let settings = [("table_class", "STANDARD_INFREQUENT_ACCESS"), ("stream", "NEW_\u{1b}[31mIMAGE")];
    the(&mut live_state, "table notes").unmanaged_settings =
        settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    insta::assert_snapshot!(shown(&graph, &live_state), @"
      ✓ table notes
          set outside of provision: stream = NEW_IMAGE, table_class = STANDARD_INFREQUENT_ACCESS

    Status: 1 in sync
    ---
      ✓ table notes
          set outside of provision: stream = NEW_IMAGE, table_class = STANDARD_INFREQUENT_ACCESS

    Status: 1 in sync
    ");
    let standings = status(&made(&graph, &live_state, &up()), &live_state);
    let json = render::json::status(&standings).to_string();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["resources"][0]["unmanaged_settings"]["table_class"], "STANDARD_INFREQUENT_ACCESS");
}

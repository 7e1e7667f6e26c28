//! Children, and what happens to them when their parent is deleted or recreated.

use super::live_states::{lose, the, world_of};
use super::stacks::{SMALL, graph, graph_with};
use super::{accepted, allowing, planned_up, snapshot, step, steps, text, waits};
use crate::model::{Graph, Observed, Owner, ResourceId, Status};
use serde_json::json;

#[test]
fn a_new_api_gets_all_of_its_children_and_new_permissions() {
    let graph = graph(SMALL);
    let mut live_state = world_of(&graph);
    lose(&mut live_state, "api");
    let plan = planned_up(&graph, &live_state);
    snapshot("create_api_again", &plan);
    let permission = step(&plan, "update permission save for POST /notes");
    assert_eq!(permission.changes[0].field(), "source_arn");
}

#[test]
fn a_replaced_api_gets_all_of_its_children_again() {
    let graph = graph(SMALL);
    let mut live_state = world_of(&graph);
    the(&mut live_state, "api").spec["protocol"] = json!("WEBSOCKET");
    let plan = accepted(&graph, &live_state, &allowing("api"));
    snapshot("replace_api", &plan);
    for made in ["integration save", "route GET /notes", "stage $default"] {
        assert!(waits(&plan, &format!("create {made}"), "replace api"));
    }
}

#[test]
fn children_of_what_is_deleted_wait_for_it_alone() {
    let small = graph(SMALL);
    let plan = accepted(&graph_without_api(), &world_of(&small), &allowing("api"));
    for child in ["integration save", "route POST /notes", "stage $default"] {
        let step = step(&plan, &format!("delete {child}"));
        assert!(step.with_parent, "{child}");
    }
    assert!(!step(&plan, "delete permission save for POST /notes").with_parent);
    snapshot("delete_api", &plan);
}

fn graph_without_api() -> Graph {
    graph(SMALL.split_once("api:").unwrap().0)
}

#[test]
fn an_undeclared_child_of_a_replaced_parent_is_deleted_with_it() {
    let graph = graph(SMALL);
    let mut live_state = world_of(&graph);
    let function = the(&mut live_state, "function list");
    function.status = Status::Failed("it is Failed".to_owned());
    let parent = function.key();
    let id = ResourceId::new("permission", "list provision-old");
    let mut orphan =
        Observed::new(id, "provision-old", Owner::Ours, json!({ "function": "list" }), json!({}));
    (orphan.parent, orphan.refs) = (Some(parent.clone().into()), vec![parent]);
    live_state.observed.push(orphan);
    assert!(step(&planned_up(&graph, &live_state), "delete permission list provision-old").with_parent);
}

#[test]
fn a_new_route_of_a_live_api_waits_for_its_function_and_permission() {
    let more = format!(
        "{}    PUT /notes: change\n",
        SMALL.replace("api:", "  change: { code: code, runtime: python3.13 }\napi:")
    );
    let plan = planned_up(&graph(&more), &world_of(&graph(SMALL)));
    insta::assert_debug_snapshot!(steps(&plan), @r#"
    [
        "create function change",
        "create integration change",
        "create log group /aws/lambda/change",
        "create permission change for PUT /notes",
        "create role change_role",
        "create route PUT /notes",
    ]
    "#);
    let route = "create route PUT /notes";
    assert!(waits(&plan, route, "create function change"));
    assert!(waits(&plan, route, "create permission change for PUT /notes"));
}

#[test]
fn a_new_route_waits_for_the_update_of_a_function_that_is_there() {
    let more = format!("{SMALL}    PUT /notes: save\n");
    let mut live_state = world_of(&graph(SMALL));
    the(&mut live_state, "function save").spec["code"] = json!("old");
    let plan = planned_up(&graph(&more), &live_state);
    assert!(waits(&plan, "create route PUT /notes", "update function save"));
}

#[test]
fn an_old_route_is_deleted_only_after_a_new_one_exists() {
    let other = graph_with(SMALL, "GET /notes: list", "GET /all: list");
    let plan = planned_up(&other, &world_of(&graph(SMALL)));
    assert!(waits(&plan, "delete route GET /notes", "create route GET /all"));
}

#[test]
fn a_removed_route_is_deleted_before_its_permission_and_integration() {
    let less = graph_with(SMALL, "    POST /notes: save\n", "");
    let plan = planned_up(&less, &world_of(&graph(SMALL)));
    insta::assert_snapshot!(text(&plan), @"
      ~ function save
          - integration
              no longer in the stack file
          - permission for POST /notes
              no longer in the stack file
      ~ api
          - route POST /notes
              no longer in the stack file
    Plan: 3 to delete, 14 unchanged
    ");
    assert!(waits(&plan, "delete integration save", "delete route POST /notes"));
    assert!(waits(&plan, "delete permission save for POST /notes", "delete route POST /notes"));
}

#[test]
fn a_permission_is_deleted_only_after_its_route_leads_elsewhere() {
    let other = graph_with(SMALL, "GET /notes: list", "GET /notes: save");
    let plan = planned_up(&other, &world_of(&graph(SMALL)));
    insta::assert_snapshot!(text(&plan), @"
      ~ function save
          + permission for GET /notes
      ~ function list
          - permission for GET /notes
              no longer in the stack file
      ~ api
          ~ route GET /notes
              target  integrations/i9 → integrations/i14
    Plan: 1 to create, 1 to update, 1 to delete, 15 unchanged
    ");
    let route = "update route GET /notes";
    assert!(waits(&plan, route, "create permission save for GET /notes"));
    assert!(waits(&plan, "delete permission list for GET /notes", route));
}

#[test]
fn one_permission_for_all_routes_comes_before_the_others_go() {
    let routes = |count| (0..count).map(|route| format!("    GET /r{route}: save\n")).collect::<String>();
    let [few, many] = [39, 40].map(|count| graph(&format!("{SMALL}{}", routes(count))));
    let all = "permission save for all routes";
    let plan = planned_up(&many, &world_of(&few));
    assert!(waits(&plan, "delete permission save for GET /r0", &format!("create {all}")));
    let plan = planned_up(&few, &world_of(&many));
    assert!(waits(&plan, &format!("delete {all}"), "create permission save for GET /r0"));
}

//! Changes in the stack file and drift: both are differences, and `up` corrects both in the same way.

use super::live_states::{lose, the, world_of};
use super::stacks::{SMALL, graph, graph_with, stack_in};
use super::{planned_up, snapshot, step, steps, text, waits};
use crate::model::{Graph, LiveState, Status};
use crate::plan::Plan;
use serde_json::json;
use std::sync::Arc;

fn changed(graph: &Graph, change: impl FnOnce(&mut LiveState)) -> Plan {
    let mut live_state = world_of(graph);
    change(&mut live_state);
    planned_up(graph, &live_state)
}

#[test]
fn a_changed_field_is_an_update_of_that_resource_alone() {
    let graph = graph(SMALL);
    let plan = changed(&graph, |live_state| the(live_state, "function save").spec["memory"] = json!(256));
    insta::assert_snapshot!(text(&plan), @"
      ~ function save
          memory  256 → 128
    Plan: 1 to update, 16 unchanged
    ");
}

#[test]
fn changed_code_is_an_update_of_one_function() {
    let graph = graph(SMALL);
    let plan = changed(&graph, |live_state| the(live_state, "function list").spec["code"] = json!("old"));
    insta::assert_snapshot!(text(&plan), @"
      ~ function list
          code  changed
    Plan: 1 to update, 16 unchanged
    ");
}

#[test]
fn values_of_the_environment_are_never_shown() {
    let graph = graph_with(SMALL, "{ TABLE:", "{ NEW: hush-1, SAME: hush-2, TABLE:");
    let plan = changed(&graph, |live_state| {
        let save = the(live_state, "function save");
        save.spec["environment"] = json!({ "OLD": "hush-3", "SAME": "hush-4", "TABLE": "notes" });
    });
    assert!(!text(&plan).contains("hush"));
    insta::assert_snapshot!(text(&plan), @"
      ~ function save
          environment  + NEW  - OLD  ~ SAME  (values not shown)
    Plan: 1 to update, 16 unchanged
    ");
}

#[test]
fn policies_that_others_added_to_a_role_are_named() {
    let graph = graph(SMALL);
    let plan = changed(&graph, |live_state| {
        let role = the(live_state, "role save_role");
        role.spec["attached"] = json!(["arn:aws:iam::aws:policy/AdministratorAccess"]);
        role.spec["policies"]["more"] =
            json!({ "All": { "Effect": "Allow", "Action": ["*"], "Resource": ["*"] } });
        let ours = &mut role.spec["policies"]["provision"];
        ours["Tablenotes"]["Action"] = json!(["dynamodb:*"]);
    });
    snapshot("drift_role", &plan);
}

#[test]
fn a_resource_that_was_deleted_by_hand_is_recreated() {
    let graph = graph(SMALL);
    let plan = changed(&graph, |live_state| {
        lose(live_state, "route GET /notes");
        lose(live_state, "permission list for GET /notes/{id}");
    });
    insta::assert_debug_snapshot!(steps(&plan), @r#"
    [
        "create permission list for GET /notes/{id}",
        "create route GET /notes",
    ]
    "#);
}

#[test]
fn a_function_that_was_deleted_gets_its_permissions_again() {
    let graph = graph(SMALL);
    let plan = changed(&graph, |live_state| lose(live_state, "function list"));
    insta::assert_debug_snapshot!(steps(&plan), @r#"
    [
        "create function list",
        "create permission list for GET /notes",
        "create permission list for GET /notes/{id}",
    ]
    "#);
    assert!(waits(&plan, "create permission list for GET /notes", "create function list"));
}

#[test]
fn a_function_that_is_broken_is_replaced_with_its_permissions() {
    let graph = graph(SMALL);
    let plan = changed(&graph, |live_state| {
        the(live_state, "function list").status = Status::Failed("it is Failed: EniLimitExceeded".to_owned());
    });
    snapshot("replace_broken_function", &plan);
    assert!(waits(&plan, "create permission list for GET /notes", "replace function list"));
}

#[test]
fn a_recreated_role_means_an_update_of_its_function() {
    let graph = graph(SMALL);
    let plan = changed(&graph, |live_state| {
        Arc::make_mut(&mut the(live_state, "role save_role").attributes)["role_id"] = json!("AROA999")
    });
    insta::assert_snapshot!(text(&plan), @"
      ~ function save
          tags.provision:role-id  AROA3 → AROA999
    Plan: 1 to update, 16 unchanged
    ");
}

#[test]
fn a_missing_role_means_an_update_of_its_function_after_it() {
    let graph = graph(SMALL);
    let plan = changed(&graph, |live_state| lose(live_state, "role save_role"));
    assert!(waits(&plan, "update function save", "create role save_role"));
    insta::assert_snapshot!(text(&plan), @"
      ~ function save
          tags.provision:role-id  AROA3 → (role_id of the role save_role, known after up)
          + role
    Plan: 1 to create, 1 to update, 15 unchanged
    ");
}

#[test]
fn a_changed_permission_is_updated() {
    let graph = graph(SMALL);
    let plan = changed(&graph, |live_state| {
        the(live_state, "permission save for POST /notes").spec["source_arn"] =
            json!("arn:aws:execute-api:*");
    });
    insta::assert_snapshot!(text(&plan), @"
      ~ function save
          ~ permission for POST /notes
              source_arn  arn:aws:execute-api:* → arn:aws:execute-api:eu-west-1:123456789012:a8/*/POST/notes
    Plan: 1 to update, 16 unchanged
    ");
}

#[test]
fn a_route_that_was_led_elsewhere_is_led_back() {
    let graph = graph(SMALL);
    let plan = changed(&graph, |live_state| {
        let target = format!("integrations/{}", the(live_state, "integration save").physical_id);
        the(live_state, "route GET /notes").spec["target"] = target.into();
    });
    insta::assert_debug_snapshot!(steps(&plan), @r#"
    [
        "update route GET /notes",
    ]
    "#);
}

#[test]
fn a_new_tag_is_set_on_everything_that_takes_tags() {
    let tagged = super::stacks::lowered(&stack_in(&format!("tags: {{ team: a }}{SMALL}"), None)).1;
    let plan = planned_up(&tagged, &world_of(&graph(SMALL)));
    insta::assert_debug_snapshot!(steps(&plan), @r#"
    [
        "update api",
        "update function list",
        "update function save",
        "update log group /aws/lambda/list",
        "update log group /aws/lambda/save",
        "update role list_role",
        "update role save_role",
        "update stage $default",
        "update table notes",
    ]
    "#);
    let changes = &step(&plan, "update table notes").changes;
    assert_eq!(changes.iter().map(|change| change.path.join(".")).collect::<Vec<_>>(), ["tags.team"]);
}

#[test]
fn every_kind_of_change_reads_well() {
    let yaml = SMALL
        .replace("{ partition_key: id }", "{ partition_key: id, billing: { read: 1, write: 2 }, ttl: until }")
        .replace("access: { notes: read }", "access: { notes: [dynamodb:Scan] }\n    layers: [\"arn:aws:lambda:eu-west-1:123456789012:layer:b:1\"]")
        .replace("api:", "api:\n  description: The notes\n  cors: { origins: [\"https://a.example\"], methods: [GET] }")
        .replace("GET /notes/{id}: list", "GET /notes/{id}: save\n    DELETE /notes/{id}: save");
    let plan = planned_up(&graph(&yaml), &world_of(&graph(SMALL)));
    snapshot("update_everything", &plan);
}

#[test]
fn a_note_comes_with_the_plan() {
    let routes: String = (0..41).map(|route| format!("    GET /r{route}: list\n")).collect();
    let plan = planned_up(&graph(&format!("{SMALL}{routes}")), &world_of(&graph(SMALL)));
    let notes = text(&plan).lines().filter(|line| line.starts_with("note:")).count();
    assert_eq!(notes, 1);
}

#[test]
fn a_policy_that_is_known_in_part_shows_only_what_differs() {
    let policy = "policy:\n      - { Effect: Allow, Action: s3:GetObject, Resource: \"*\", Condition: { StringEquals: { aws:Referer: \"${api.url}\" } } }";
    let graph = graph_with(SMALL, "access: { notes: write }", policy);
    let plan = changed(&graph, |live_state| lose(live_state, "api"));
    let changes = &step(&plan, "update role save_role").changes;
    let paths: Vec<String> = changes.iter().map(|change| change.path.join(".")).collect();
    assert_eq!(paths, ["policies.provision.Policy.Condition.StringEquals.aws:Referer"]);
}

#[test]
fn a_pending_resource_is_waited_for() {
    let graph = graph(SMALL);
    let plan = changed(&graph, |live_state| the(live_state, "table notes").status = Status::Pending);
    insta::assert_snapshot!(text(&plan), @"
      ~ table notes
          still being created or changed; waits until it is ready
    Plan: 1 to update, 16 unchanged
    ");
}

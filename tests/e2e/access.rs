//! The permissions of functions, on a cloud that enforces them.

use crate::cloud::Cloud;
use crate::http::{Response, get, send};
use crate::stack::SMALL;
use serde_json::json;

const NOTE: &str = r#"{"title": "A note", "content": "For those who may"}"#;

/// Asserts that DynamoDB denied the function an action.
#[track_caller]
fn assert_denied(answer: &Response, role: &str, action: &str) {
    assert_eq!(answer.status, 502, "{answer:#?}");
    let message = answer.body["errorMessage"].as_str().unwrap_or_default();
    for part in ["AccessDeniedException", role, action] {
        assert!(message.contains(part), "`{part}` should be in {answer:#?}");
    }
}

#[tokio::test]
async fn a_function_whose_access_is_removed_is_denied_until_it_is_given_back() {
    let cloud = Cloud::with(SMALL);
    let api = cloud.up().api();
    assert_eq!(get(&api, "/items").await.ok(), json!([]));

    cloud.edit("stack.yaml", "    access: { notes: [dynamodb:Scan] }\n", "");
    let steps = cloud.plan().steps();
    assert_eq!(steps.len(), 1, "{steps:#?}");
    let expected = "~ role of function list: running instances may use the old permissions for some minutes; \
                    access to notes - dynamodb:Scan";
    assert!(steps[0].starts_with(expected), "{steps:#?}");
    cloud.up().says("Done: 1 updated");
    assert_denied(&get(&api, "/items").await, "list_role", "dynamodb:Scan");
    send(&api, "POST /items", Some(NOTE)).await.ok();

    cloud.write("stack.yaml", SMALL);
    cloud.up().says("Done: 1 updated");
    assert_eq!(get(&api, "/items").await.ok()[0]["title"], "A note");
}

#[tokio::test]
async fn a_function_may_do_no_more_than_its_access_and_on_no_other_table() {
    let cloud = Cloud::with(&SMALL.replace("tables:\n", "tables:\n  other:\n    partition_key: uuid\n"));
    cloud.edit(
        "stack.yaml",
        "access: { notes: [dynamodb:PutItem] }",
        "access: { other: [dynamodb:PutItem] }",
    );
    cloud.edit("stack.yaml", "access: { notes: [dynamodb:Scan] }", "access: { notes: write }");
    let api = cloud.up().api();
    assert_denied(&get(&api, "/items").await, "list_role", "dynamodb:Scan");
    assert_denied(&send(&api, "POST /items", Some(NOTE)).await, "save_role", "dynamodb:PutItem");

    cloud.edit("stack.yaml", "{ notes: write }", "{ notes: read }");
    cloud.edit("stack.yaml", "{ other: [dynamodb:PutItem] }", "{ notes: read-write }");
    cloud.up();
    send(&api, "POST /items", Some(NOTE)).await.ok();
    assert_eq!(get(&api, "/items").await.ok()[0]["title"], "A note");
}

#[tokio::test]
async fn statements_of_the_stack_file_allow_what_they_say() {
    let cloud = Cloud::with(SMALL);
    let own =
        "policy:\n      - { Effect: Allow, Action: [dynamodb:Scan], Resource: [\"${tables.notes.arn}\"] }\n";
    cloud.edit("stack.yaml", "access: { notes: [dynamodb:Scan] }\n", own);
    let api = cloud.up().api();
    assert_eq!(get(&api, "/items").await.ok(), json!([]));
    cloud.edit("stack.yaml", "Effect: Allow", "Effect: Deny");
    cloud.up();
    assert_denied(&get(&api, "/items").await, "list_role", "dynamodb:Scan");
}

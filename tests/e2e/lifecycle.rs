//! The lifecycle of the shipped stack: up, in use, unchanged, down.

use crate::cloud::Cloud;
use crate::dump::{assert_empty, assert_same, dump, names};
use crate::http::{get, send};
use serde_json::{Value as Json, json};
use std::process::Command;

const SAVED: &str = "A new item was saved successfully in database";

#[tokio::test]
async fn the_shipped_stack_comes_up_answers_every_request_and_goes_down_without_a_trace() {
    let cloud = Cloud::shipped();
    let up = cloud.up().says("Plan: 33 to create").says("12 of 12 checks passed.");
    let api = up.api();

    let first = add(&api, r#"{"title": "Great video", "content": "I learned a lot"}"#).await;
    let wrapped =
        r#"{"event": {"httpMethod": "POST", "body": {"title": "Wrapped", "content": "In an event"}}}"#;
    let second = add(&api, wrapped).await;
    assert_eq!(first, json!({ "uuid": first["uuid"], "title": "Great video", "content": "I learned a lot" }));
    assert_eq!(second, json!({ "uuid": second["uuid"], "title": "Wrapped", "content": "In an event" }));

    one_item_can_be_read_changed_and_deleted(&api, &first).await;
    what_does_not_exist_is_404(&api, first["uuid"].as_str().unwrap()).await;
    invalid_requests_are_400(&api, second["uuid"].as_str().unwrap()).await;
    assert_eq!(get(&api, "/items").await.ok(), json!([second]));

    cloud.down().says("Nothing left.");
    assert_empty(&dump(&cloud.aws().await).await);
    cloud.down().says("Nothing to delete: the stack does not exist.").writes(0);
}

/// Saves an item and returns it as the list shows it.
async fn add(api: &str, body: &str) -> Json {
    let before = get(api, "/items").await.ok();
    send(api, "POST /items", Some(body)).await.is(200, json!({ "message": SAVED }));
    let after = get(api, "/items").await.ok();
    let mut added: Vec<&Json> = after.as_array().unwrap().iter().collect();
    added.retain(|item| !before.as_array().unwrap().contains(item));
    assert_eq!(added.len(), 1, "one item should be new in {after:#}");
    added[0].clone()
}

async fn one_item_can_be_read_changed_and_deleted(api: &str, item: &Json) {
    let path = format!("/items/{}", item["uuid"].as_str().unwrap());
    get(api, &path).await.is(200, json!({ "Item": item }));
    let change = json!({ "uuid": item["uuid"], "content": "Even better" }).to_string();
    let updated = json!({ "message": "The item was updated successfully in database" });
    send(api, "PUT /items", Some(&change)).await.is(200, updated);
    let changed = json!({ "uuid": item["uuid"], "title": item["title"], "content": "Even better" });
    get(api, &path).await.is(200, json!({ "Item": changed }));
    let deleted = json!({ "message": "The item was deleted successfully from database" });
    send(api, &format!("DELETE {path}"), None).await.is(200, deleted);
}

async fn what_does_not_exist_is_404(api: &str, gone: &str) {
    let message = json!({ "message": format!("There is no item {gone}") });
    let change = json!({ "uuid": gone, "content": "Too late" }).to_string();
    get(api, &format!("/items/{gone}")).await.is(404, message.clone());
    send(api, &format!("DELETE /items/{gone}"), None).await.is(404, message.clone());
    send(api, "PUT /items", Some(&change)).await.is(404, message);
    get(api, "/nothing").await.is(404, json!({ "message": "Not Found" }));
    send(api, "PATCH /items", None).await.is(404, json!({ "message": "Not Found" }));
}

async fn invalid_requests_are_400(api: &str, uuid: &str) {
    let refused = async |request: &str, body: &str, message: &str| {
        send(api, request, Some(body)).await.is(400, json!({ "message": message }));
    };
    for request in ["POST /items", "PUT /items"] {
        refused(request, "{", "The body is not valid JSON").await;
        refused(request, "", "The body is not valid JSON").await;
        refused(request, "[]", "The body is not a JSON object").await;
    }
    refused("POST /items", "{}", "Missing, or not a text: title, content").await;
    refused("POST /items", r#"{"title": "Alone"}"#, "Missing, or not a text: content").await;
    refused("POST /items", r#"{"title": 1, "content": "x"}"#, "Missing, or not a text: title").await;
    refused("PUT /items", r#"{"content": "x"}"#, "Missing, or not a text: uuid").await;
    let unchanged = json!({ "uuid": uuid }).to_string();
    refused("PUT /items", &unchanged, "Missing: at least one of title, content").await;
    let wrong = json!({ "uuid": uuid, "title": 1 }).to_string();
    refused("PUT /items", &wrong, "Not a text: title").await;
}

#[tokio::test]
async fn a_second_up_and_a_plan_change_nothing_and_send_no_write() {
    let cloud = Cloud::unchecked();
    cloud.up();
    let aws = cloud.aws().await;
    let before = dump(&aws).await;
    cloud.up().changes_nothing();
    cloud.plan().changes_nothing();
    assert_same(&before, &dump(&aws).await, "nothing should be touched");
}

#[tokio::test]
async fn a_plan_of_a_stack_that_does_not_exist_shows_all_of_it_and_creates_nothing() {
    let cloud = Cloud::unchecked();
    let plan = cloud.plan().says("Plan: 33 to create");
    assert_eq!(plan.steps().len(), 33, "{plan}");
    assert!(plan.steps().iter().all(|step| step.starts_with("+ ")), "{plan}");
    assert_empty(&dump(&cloud.aws().await).await);
}

#[tokio::test]
async fn resources_have_the_names_and_the_least_permissions_of_the_stack_file() {
    let cloud = Cloud::unchecked();
    cloud.up();
    let dump = dump(&cloud.aws().await).await;
    assert_eq!(names(&dump, "tables"), ["tbl_comment"]);
    assert_eq!(
        names(&dump, "functions"),
        ["create_item", "delete_item", "getAlls", "get_item", "update_item"]
    );
    assert_eq!(dump["apis"][0]["name"], "http-crud-tutorial-item-blog-api");
    let role = &dump["roles"]["get_item_role"];
    assert_eq!(
        role["arn"],
        "arn:aws:iam::000000000000:role/provision/http-crud-tutorial/_/us-east-1/get_item_role"
    );
    let policy = percent_encoding::percent_decode_str(role["policies"]["provision"].as_str().unwrap());
    let policy: Json = serde_json::from_str(&policy.decode_utf8().unwrap()).unwrap();
    let mut allowed: Vec<String> = policy["Statement"]
        .as_array()
        .unwrap()
        .iter()
        .map(|statement| format!("{} {} {}", statement["Effect"], statement["Action"], statement["Resource"]))
        .collect();
    allowed.sort();
    assert_eq!(
        allowed,
        [
            r#""Allow" ["dynamodb:GetItem"] ["arn:aws:dynamodb:us-east-1:000000000000:table/tbl_comment"]"#,
            r#""Allow" ["logs:CreateLogStream","logs:PutLogEvents"] ["arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/get_item:*"]"#,
        ]
    );
    let (id, statements) = (&dump["apis"][0]["volatile"]["id"], &dump["functions"]["get_item"]["policy"]);
    let statement = statements.as_object().unwrap().values().next().unwrap();
    let source = format!("arn:aws:execute-api:us-east-1:000000000000:{}/*/GET/items/*", id.as_str().unwrap());
    assert_eq!(statement["Condition"]["ArnLike"]["AWS:SourceArn"], source.as_str(), "{statements:#}");
    assert_eq!(statements.as_object().unwrap().len(), 1, "{statements:#}");
}

#[tokio::test]
async fn the_request_that_up_prints_works_when_pasted() {
    let cloud = Cloud::with(crate::stack::SMALL);
    let up = cloud.up();
    let line = up.out.lines().map(str::trim).find(|line| line.starts_with("curl ")).unwrap();
    match Command::new("sh").args(["-c", line]).output().unwrap() {
        ran if ran.status.code() == Some(127) => {
            let url = line.trim_start_matches("curl ").trim_matches('\'');
            get(url, "").await.is(200, json!([]));
        }
        ran => assert_eq!(String::from_utf8_lossy(&ran.stdout), "[]", "{line}: {ran:?}"),
    }
}

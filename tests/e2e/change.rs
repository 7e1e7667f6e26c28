//! Changes of the stack file and of the code, each of which must change what it is about and nothing else.

use crate::cloud::Cloud;
use crate::dump::{dump, names, touched};
use crate::http::{get, send};
use crate::stack::SMALL;
use serde_json::{Value as Json, json};

#[tokio::test]
async fn a_changed_line_of_one_function_updates_exactly_that_function() {
    let cloud = Cloud::unchecked();
    let api = cloud.up().api();
    let aws = cloud.aws().await;
    assert_eq!(get(&api, "/items").await.ok(), json!([]));
    let before = dump(&aws).await;

    cloud.edit("lambdas/getAlls/lambda_function.py", "list(all_items())", r#"{"all": list(all_items())}"#);
    cloud
        .plan()
        .plans(&["~ function getAlls: code ~ lambda_function.py"])
        .says("Plan: 1 to update, 32 unchanged");
    assert_eq!(touched(&before, &dump(&aws).await), [].into());

    cloud.up().says("Done: 1 updated").writes(1);
    assert_eq!(get(&api, "/items").await.ok(), json!({ "all": [] }));
    assert_eq!(touched(&before, &dump(&aws).await), ["functions getAlls".to_owned()].into());
    cloud.up().changes_nothing();
}

#[tokio::test]
async fn a_route_can_be_added_pointed_elsewhere_and_removed() {
    let cloud = Cloud::with(SMALL);
    let api = cloud.up().api();
    let id = api_id(&dump(&cloud.aws().await).await);

    cloud.edit("stack.yaml", "    PUT /items: save\n", "    PUT /items: save\n    GET /all: list\n");
    cloud.plan().plans(&["+ permission for GET /all of function list", "+ route GET /all of api"]);
    cloud.up().says("Done: 2 created");
    assert_eq!(get(&api, "/all").await.ok(), json!([]));

    cloud.edit("stack.yaml", "    GET /all: list\n", "    GET /all: save\n");
    let steps = cloud.plan().steps();
    assert_eq!(steps.len(), 3, "{steps:#?}");
    assert_eq!(steps[0], "+ permission for GET /all of function save");
    assert_eq!(steps[1], "- permission for GET /all of function list: no longer in the stack file");
    assert!(steps[2].starts_with("~ route GET /all of api: target integrations/"), "{steps:#?}");
    cloud.up().says("Done: 1 created, 1 updated, 1 deleted");
    assert_eq!(get(&api, "/all").await.status, 400, "the other function answers");

    cloud.edit("stack.yaml", "    GET /all: save\n", "");
    let steps = cloud.plan().steps();
    assert_eq!(steps.len(), 2, "{steps:#?}");
    assert_eq!(steps[0], "- permission for GET /all of function save: no longer in the stack file");
    assert_eq!(steps[1], "- route GET /all of api: no longer in the stack file");
    cloud.up().says("Done: 2 deleted");
    get(&api, "/all").await.is(404, json!({ "message": "Not Found" }));
    assert_eq!(get(&api, "/items").await.ok(), json!([]));
    assert_eq!(api_id(&dump(&cloud.aws().await).await), id);
    cloud.up().changes_nothing();
}

#[tokio::test]
async fn a_renamed_function_keeps_its_route_and_leaves_nothing_under_the_old_name() {
    let cloud = Cloud::with(SMALL);
    let api = cloud.up().api();
    let aws = cloud.aws().await;
    let before = dump(&aws).await;

    cloud.edit("stack.yaml", "  list:\n", "  show:\n");
    cloud.edit("stack.yaml", "GET /items: list", "GET /items: show");
    let up = cloud.up().says("Done: 5 created, 1 updated, 5 deleted");
    assert_eq!(up.api(), api, "the API keeps its URL");
    assert_eq!(get(&api, "/items").await.ok(), json!([]));

    let after = dump(&aws).await;
    assert_eq!(api_id(&after), api_id(&before));
    assert_eq!(names(&after, "functions"), ["save", "show"]);
    assert_eq!(names(&after, "roles"), ["save_role", "show_role"]);
    assert_eq!(names(&after, "log_groups"), ["/aws/lambda/save", "/aws/lambda/show"]);
    let integrations = after["apis"][0]["integrations"].as_array().unwrap();
    let descriptions: Vec<&Json> = integrations.iter().map(|one| &one["description"]).collect();
    assert_eq!(descriptions, ["provision:integration.save", "provision:integration.show"]);
    let allowed = after["functions"]["show"]["policy"].as_object().unwrap();
    assert_eq!(allowed.len(), 1, "the API should be allowed to call it by its one route: {allowed:#?}");
    assert_eq!(after["functions"]["save"], before["functions"]["save"]);
    cloud.up().changes_nothing();
}

#[tokio::test]
async fn environment_values_are_set_changed_and_removed_and_never_printed() {
    let cloud = Cloud::with(SMALL);
    let (first, second) = ("first-of-the-secrets", "second-of-the-secrets");
    let (table, secret) = (
        "{ TABLE_NAME: \"${tables.notes.name}\" }\n    access: { notes: [dynamodb:Scan] }",
        "{ TABLE_NAME: \"${tables.notes.name}\", TOKEN: first-of-the-secrets }\n    access: { notes: [dynamodb:Scan] }",
    );
    let never = |ran: crate::ran::Ran| ran.never_says(first).never_says(second);
    let value = async || dump(&cloud.aws().await).await["functions"]["list"]["environment"]["TOKEN"].clone();

    cloud.edit("stack.yaml", table, secret);
    never(cloud.run(&["plan", "--local", "-v"]).ok()).says("+ TOKEN  (values not shown)");
    never(cloud.run(&["up", "--local", "-v"]).ok());
    assert_eq!(value().await, first);

    cloud.edit("stack.yaml", first, second);
    never(cloud.plan()).plans(&["~ function list: environment ~ TOKEN (value not shown)"]);
    let asked = never(cloud.run(&["plan", "--local", "--show-values"]).ok());
    asked.says("--show-values has no effect here: values are shown in a terminal only");
    never(cloud.run(&["up", "--local", "-v"]).ok()).says("Done: 1 updated");
    assert_eq!(value().await, second);

    cloud.edit("stack.yaml", ", TOKEN: second-of-the-secrets", "");
    never(cloud.plan()).plans(&["~ function list: environment - TOKEN (value not shown)"]);
    never(cloud.up());
    assert_eq!(value().await, Json::Null);
    never(cloud.run(&["down", "--local", "-v"]).ok());
}

#[tokio::test]
async fn settings_of_a_function_are_updated_in_place() {
    let cloud = Cloud::with(SMALL);
    let api = cloud.up().api();
    let aws = cloud.aws().await;
    let before = dump(&aws).await;
    let settings =
        "  list:\n    memory: 256\n    timeout: 9\n    description: Lists all notes\n    log_retention: 7\n";
    cloud.edit("stack.yaml", "  list:\n", settings);
    cloud.edit(
        "stack.yaml",
        "    timeout: 9\n",
        "    timeout: 9\n    ephemeral_storage: 1024\n    tracing: true\n",
    );
    cloud.edit("stack.yaml", "[dynamodb:Scan]", "[dynamodb:Scan, dynamodb:Query]");
    let changes = [
        "~ function list: description Lists all notes; ephemeral_storage 512 → 1024; memory 128 → 256; timeout 3 → 9; \
         tracing false → true",
        "~ log group of function list: retention_days 30 → 7",
        "~ role of function list: access to notes + dynamodb:Query; access to * + xray:PutTelemetryRecords + \
         xray:PutTraceSegments",
    ];
    cloud.plan().plans(&changes);
    cloud.up().says("Done: 3 updated");

    let after = dump(&aws).await;
    let expected = ["roles list_role", "log_groups /aws/lambda/list", "functions list"];
    assert_eq!(touched(&before, &after), expected.map(str::to_owned).into());
    let list = &after["functions"]["list"];
    let now = (&list["memory"], &list["timeout"], &list["description"]);
    assert_eq!(now, (&json!(256), &json!(9), &json!("Lists all notes")));
    assert_eq!(after["log_groups"]["/aws/lambda/list"]["retention"], 7);
    assert_eq!(get(&api, "/items").await.ok(), json!([]));
    cloud.up().changes_nothing();
}

#[tokio::test]
async fn settings_of_the_table_and_the_api_are_updated_in_place_and_the_items_stay() {
    let cloud = Cloud::with(SMALL);
    let api = cloud.up().api();
    let saved = r#"{"title": "Kept", "content": "Through all changes"}"#;
    send(&api, "POST /items", Some(saved)).await.ok();
    let table = "    partition_key: uuid\n    ttl: expires\n    point_in_time_recovery: true\n    billing: { read: 2, write: 3 }\n";
    cloud.edit("stack.yaml", "    partition_key: uuid\n", table);
    cloud.edit(
        "stack.yaml",
        "api:\n",
        "api:\n  description: Notes\n  cors: { origins: [\"https://example.com\"] }\n",
    );
    let up = cloud.up().says("Done: 2 updated");
    assert_eq!(up.api(), api);
    let after = dump(&cloud.aws().await).await;
    let notes = &after["tables"]["notes"];
    assert_eq!(notes["ttl"][1], "expires", "{notes:#}");
    assert_eq!(notes["throughput"], json!([2, 3]), "{notes:#}");
    assert!(notes["recovery"].as_str().unwrap().contains("Enabled"), "{notes:#}");
    assert!(after["apis"][0]["cors"].as_str().unwrap().contains("https://example.com"), "{}", after["apis"]);
    assert_eq!(get(&api, "/items").await.ok()[0]["title"], "Kept");
    cloud.up().changes_nothing();

    cloud.write("stack.yaml", SMALL);
    cloud.up().says("Done: 2 updated");
    let after = dump(&cloud.aws().await).await;
    assert_eq!(after["apis"][0]["cors"], Json::Null);
    assert!(after["tables"]["notes"]["recovery"].as_str().unwrap().contains("Disabled"), "{after:#}");
    assert_eq!(get(&api, "/items").await.ok()[0]["title"], "Kept");
    cloud.up().changes_nothing();
}

fn api_id(dump: &Json) -> String {
    assert_eq!(dump["apis"].as_array().unwrap().len(), 1, "{:#}", dump["apis"]);
    dump["apis"][0]["volatile"]["id"].as_str().unwrap().to_owned()
}

//! No resource that contains data is deleted unless that is allowed.

use crate::cloud::Cloud;
use crate::dump::{assert_empty, assert_same, dump, names};
use crate::http::{get, send};
use crate::stack::SMALL;
use serde_json::json;

const NOTE: &str = r#"{"title": "Kept", "content": "As long as nobody allows its loss"}"#;

/// Asserts that `plan` and `up` refuse, say why, and change nothing.
async fn refuses(cloud: &Cloud, why: &[&str]) {
    let aws = cloud.aws().await;
    let before = dump(&aws).await;
    for command in ["plan", "up"] {
        let ran = cloud.run(&[command, "--local"]).fails();
        why.iter().fold(ran, |ran, why| ran.says(why));
        assert_same(&before, &dump(&aws).await, &format!("{command} should touch nothing"));
    }
}

#[tokio::test]
async fn a_table_is_replaced_only_when_data_loss_is_allowed() {
    let cloud = Cloud::with(SMALL);
    let api = cloud.up().api();
    send(&api, "POST /items", Some(NOTE)).await.ok();
    cloud.edit("stack.yaml", "partition_key: uuid", "partition_key: uuid\n    sort_key: title");
    let lost = "the plan would replace table notes, and all of its items would be lost";
    refuses(&cloud, &[lost, "add --allow-data-loss tables.notes", "stack.yaml:5"]).await;
    cloud.run(&["up", "--local", "--allow-data-loss", "tbl"]).fails().says(lost);
    assert_eq!(get(&api, "/items").await.ok()[0]["title"], "Kept");

    let plan = cloud.run(&["plan", "--local", "--allow-data-loss", "notes"]).ok();
    plan.says("-/+ table notes").says("(forces replacement)").says("will be lost: all of its items");
    cloud.run(&["up", "--local", "--allow-data-loss", "notes"]).ok().says("Done: 1 replaced");
    assert_eq!(get(&api, "/items").await.ok(), json!([]));
    send(&api, "POST /items", Some(NOTE)).await.ok();
    cloud.up().changes_nothing();
}

#[tokio::test]
async fn a_table_that_is_no_longer_declared_is_deleted_only_when_that_is_allowed() {
    let cloud = Cloud::with(&SMALL.replace("tables:\n", "tables:\n  old:\n    partition_key: uuid\n"));
    cloud.up();
    cloud.write("stack.yaml", SMALL);
    let lost = "the plan would delete table old, and all of its items would be lost";
    refuses(&cloud, &[lost, "add --allow-data-loss tables.old"]).await;
    cloud.run(&["up", "--local", "--allow-data-loss", "notes"]).fails().says(lost);
    let up = cloud.run(&["up", "--local", "--allow-data-loss", "old"]).ok();
    up.plans(&["- table old: no longer in the stack file; will be lost: all of its items"]);
    assert_eq!(names(&dump(&cloud.aws().await).await, "tables"), ["notes"]);
}

#[tokio::test]
async fn the_api_is_deleted_only_when_the_loss_of_its_url_is_allowed() {
    let cloud = Cloud::with(SMALL);
    cloud.up();
    let (without, _) = SMALL.split_once("\napi:\n").unwrap();
    cloud.write("stack.yaml", without);
    refuses(&cloud, &["the plan would delete api, and its URL would be lost", "--allow-data-loss api"]).await;
    cloud.run(&["up", "--local", "--allow-data-loss", "api"]).ok();
    let after = dump(&cloud.aws().await).await;
    assert_eq!(after["apis"], json!([]));
    assert_eq!(after["functions"]["list"]["policy"], json!({}), "its permissions should be gone");
    cloud.up().changes_nothing();
}

#[tokio::test]
async fn a_protected_table_is_kept_until_its_protection_is_removed() {
    let protected = SMALL.replace("partition_key: uuid", "partition_key: uuid\n    protect: true");
    let cloud = Cloud::with(&protected);
    cloud.up();
    let aws = cloud.aws().await;
    let before = dump(&aws).await;
    let why = "table notes is protected against deletion";
    let all = ["--local", "--allow-data-loss", "all"];
    cloud.run(&[&["down"][..], &all].concat()).fails().says(why).says("Nothing was deleted.");
    cloud.edit("stack.yaml", "partition_key: uuid", "partition_key: id");
    cloud.run(&[&["up"][..], &all].concat()).fails().says(why).says("set `protect: false`");
    cloud.edit("stack.yaml", "protect: true", "protect: false");
    cloud.run(&[&["up"][..], &all].concat()).fails().says(why);
    cloud.run(&["down", "--local", "--stack", "small"]).fails().says(why);
    assert_same(&before, &dump(&aws).await, "nothing should be touched");

    cloud.write("stack.yaml", SMALL);
    cloud.plan().plans(&["~ table notes: protect true → false"]);
    cloud.up();
    cloud.down().says("Nothing left.");
    assert_empty(&dump(&aws).await);
}

#[tokio::test]
async fn down_shows_the_logs_that_are_lost_and_needs_no_allowance_on_the_local_cloud() {
    let cloud = Cloud::with(SMALL);
    let api = cloud.up().api();
    send(&api, "POST /items", Some(NOTE)).await.ok();
    let down = cloud.down();
    let steps = down.steps();
    let lost = |start: &str| steps.iter().any(|step| step.starts_with(start));
    assert!(lost("- table notes: will be lost: its items"), "{down}");
    assert!(lost("- log group of function save: will be lost: "), "{down}");
    assert_empty(&dump(&cloud.aws().await).await);
}

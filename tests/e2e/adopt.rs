//! Resources that exist already, and that a stack adopts.

use crate::cloud::Cloud;
use crate::dump::{assert_empty, assert_same, dump};
use crate::http::get;
use crate::ran::Ran;
use crate::stack::SMALL;
use crate::unmanaged::{create_function, create_role, create_table};
use serde_json::json;

#[tokio::test]
async fn a_table_and_a_function_are_adopted_used_and_deleted() {
    let cloud = Cloud::with(SMALL);
    let aws = cloud.aws().await;
    create_table(&aws, "notes", &[]).await;
    let role = create_role(&aws, "list_role").await;
    create_function(&aws, "list", &role).await;
    cloud.run(&["up", "--local"]).fails().says("or adopt it with `provision adopt table notes`");

    let table = cloud.run(&["adopt", "table", "notes", "--local"]).ok();
    table
        .says("  + table notes  it was not created by provision")
        .says("the next `up` will not change it")
        .says("Adopted 1 resource")
        .never_says("Make it match");
    let function = cloud.run(&["adopt", "function", "list", "--local", "--json"]).ok().documents();
    assert_eq!(function[1]["type"], "adoption");
    let taken: Vec<&str> = function[1]["resources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    assert_eq!(taken[..1], ["list_role"]);
    assert_eq!(taken.last(), Some(&"list"));
    let steps = function.iter().find(|one| one["type"] == "plan").unwrap()["steps"].clone();
    let of_function = steps.as_array().unwrap().iter().find(|step| step["kind"] == "function").unwrap();
    assert_eq!(of_function["action"], "update", "{of_function:#}");
    cloud
        .run(&["adopt", "function", "list", "--local"])
        .ok()
        .says("this stack already owns it")
        .never_says("+");

    let api = cloud.up().api();
    assert_eq!(get(&api, "/items").await.ok(), json!([]));
    assert_eq!(dump(&aws).await["roles"]["list_role"]["arn"], role);
    cloud.up().changes_nothing();
    cloud.down().says("Nothing left.");
    assert_empty(&dump(&aws).await);
}

#[tokio::test]
async fn a_resource_of_another_stack_is_adopted_from_that_stack_only() {
    let cloud = Cloud::with(SMALL);
    let aws = cloud.aws().await;
    create_table(&aws, "notes", &[("provision:stack", "other/prod")]).await;
    let before = dump(&aws).await;
    let on_aws =
        |args: &[&str]| Ran::of(&mut cloud.command_on_aws(&[&["adopt", "table", "notes"], args].concat()));
    on_aws(&["--yes"]).ends(1).says("it belongs to the stack `other/prod`").says("--from other/prod");
    on_aws(&["--yes", "--from", "other"]).ends(1).says("it belongs to the stack `other/prod`");
    on_aws(&["--from", "other/prod"]).ends(64).says("add --yes to adopt it without confirmation");
    cloud.run(&["adopt", "table", "nodes", "--local"]).ends(64).says("it declares notes");
    cloud
        .run(&["adopt", "route", "GET /items", "--local"])
        .ends(64)
        .says("[possible values: table, queue, bucket, topic, stream, bus, archive, parameter");
    assert_same(&before, &dump(&aws).await, "nothing should be touched");
    on_aws(&["--yes", "--from", "other/prod"]).ok().says("Adopted 1 resource");
    cloud.up();
    cloud.down().says("Nothing left.");
    assert_empty(&dump(&aws).await);
}

#[tokio::test]
async fn a_replacement_is_warned_of_before_anything_is_adopted() {
    let cloud = Cloud::with(&SMALL.replace("partition_key: uuid", "partition_key: id"));
    let aws = cloud.aws().await;
    create_table(&aws, "notes", &[("team", "blue")]).await;
    let adopt = Ran::of(&mut cloud.command_on_aws(&["adopt", "table", "notes"])).ends(64);
    adopt.says("warning: table notes would be replaced, and all of its items would be lost");
}

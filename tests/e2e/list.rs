//! The stacks of a cloud, as `list` shows them.

use crate::cloud::Cloud;
use crate::stack::SMALL;
use serde_json::json;

#[tokio::test]
async fn stacks_and_environments_are_listed_without_a_stack_file() {
    let cloud = Cloud::with(SMALL);
    cloud.run(&["list", "--local"]).ok().says("No stacks in this account and region.");
    cloud.edit("stack.yaml", "partition_key: uuid\n", "partition_key: uuid\n    protect: true\n");
    cloud.up();
    cloud.run(&["up", "--local", "--env", "prod"]).ok();
    cloud.run(&["up", "--local", "--env", "eu", "--region", "eu-west-1"]).ok();

    let list = cloud.run(&["list", "--local", "--file", "none.yaml"]).ok();
    list.says("small  –            1 table, 2 roles, 2 log groups, 2 functions, 1 API (protected: notes)\n")
        .says("small  prod         1 table, 2 roles, 2 log groups, 2 functions, 1 API (protected: prod-notes)\n")
        .says("In other regions: small/eu (eu-west-1)");
    let documents = cloud.run(&["list", "--local", "--region", "eu-west-1", "--json"]).ok().documents();
    let stacks: Vec<_> = documents.iter().filter(|one| one["type"] == "stack").collect();
    assert_eq!(stacks.len(), 3, "{documents:#?}");
    assert_eq!((&stacks[0]["environment"], &stacks[0]["resources"]["function"]), (&json!("eu"), &json!(2)));
    assert!(stacks[1..].iter().all(|one| one["region"] == "us-east-1" && one["resources"].is_null()));
}

//! Several stacks in one account: environments, regions, and a name that is in use.

use crate::cloud::Cloud;
use crate::dump::{assert_empty, assert_same, dump, names};
use crate::http::{get, send};
use crate::stack::SMALL;
use crate::unmanaged::create_role;
use serde_json::{Value as Json, json};

const NOTE: &str = r#"{"title": "Mine", "content": "Not yours"}"#;

#[tokio::test]
async fn two_environments_exist_side_by_side_and_deleting_one_leaves_the_other_unchanged() {
    let cloud = Cloud::with(SMALL);
    let aws = cloud.aws().await;
    let a = cloud.run(&["up", "--local", "--env", "a"]).ok().says("stack small/a").api();
    let only_a = dump(&aws).await;
    let b = cloud.run(&["up", "--local", "--env", "b"]).ok().says("stack small/b").api();
    assert_ne!(a, b);
    assert_eq!(names(&dump(&aws).await, "tables"), ["a-notes", "b-notes"]);
    assert_eq!(names(&only_a, "functions"), ["a-list", "a-save"]);
    send(&a, "POST /items", Some(NOTE)).await.ok();
    assert_eq!(get(&b, "/items").await.ok(), json!([]));
    assert_eq!(get(&a, "/items").await.ok()[0]["title"], "Mine");

    cloud.run(&["down", "--local", "--env", "b"]).ok().says("Nothing left.");
    assert_same(&only_a, &dump(&aws).await, "the other environment should be untouched");
    assert_eq!(get(&a, "/items").await.ok()[0]["title"], "Mine");
    cloud.down().says("Nothing to delete");
    cloud.run(&["up", "--local", "--env", "a"]).ok().changes_nothing();
    cloud.run(&["down", "--local", "--env", "a"]).ok();
    assert_empty(&dump(&aws).await);
}

#[tokio::test]
async fn a_second_region_is_refused_because_names_of_roles_are_global() {
    let cloud = Cloud::with(SMALL);
    cloud.up();
    let before = dump(&cloud.aws().await).await;
    let up = cloud.run(&["up", "--local", "--region", "eu-west-1"]).fails();
    up.says("role list_role already exists").says("already lives in us-east-1").says("--env");
    assert_same(&before, &dump(&cloud.aws().await).await, "the first region should be untouched");
    let second = dump(&cloud.aws_in("eu-west-1").await).await;
    assert_eq!((names(&second, "tables"), &second["apis"]), (vec![], &json!([])));

    cloud.run(&["down", "--local", "--region", "eu-west-1"]).ok().says("Nothing to delete");
    assert_same(&before, &dump(&cloud.aws().await).await, "the first region should be untouched");
}

#[tokio::test]
async fn an_environment_for_each_region_is_created_and_deleted_alone() {
    let cloud = Cloud::with(SMALL);
    let (us, eu) = (cloud.aws().await, cloud.aws_in("eu-west-1").await);
    cloud.run(&["up", "--local", "--env", "us"]).ok();
    let only_us = dump(&us).await;
    let api =
        cloud.run(&["up", "--local", "--env", "eu", "--region", "eu-west-1"]).ok().says("eu-west-1").api();
    assert_eq!(names(&dump(&eu).await, "functions"), ["eu-list", "eu-save"]);
    assert_eq!(get(&api, "/items").await.ok(), json!([]));

    cloud.run(&["down", "--local", "--env", "eu", "--region", "eu-west-1"]).ok().says("Nothing left.");
    assert_same(&only_us, &dump(&us).await, "the other region should be untouched");
    assert_eq!(names(&dump(&eu).await, "log_groups"), Vec::<String>::new());
}

#[tokio::test]
async fn a_stack_with_unmanaged_roles_exists_in_two_regions_and_leaves_the_roles() {
    let cloud = Cloud::with(SMALL);
    let (us, eu) = (cloud.aws().await, cloud.aws_in("eu-west-1").await);
    let role = create_role(&us, "shared").await;
    let with_role = |access: &str| (format!("    access: {access}\n"), format!("    role: {role}\n"));
    for access in ["{ notes: [dynamodb:Scan] }", "{ notes: [dynamodb:PutItem] }"] {
        let (from, to) = with_role(access);
        cloud.edit("stack.yaml", &from, &to);
    }
    cloud.up().never_says("_role");
    let first = dump(&us).await;
    cloud.run(&["up", "--local", "--region", "eu-west-1"]).ok().says("Done: 15 created");
    assert_same(&first, &dump(&us).await, "the first region should be untouched");

    cloud.run(&["down", "--local", "--region", "eu-west-1"]).ok().says("Nothing left.");
    assert_same(&first, &dump(&us).await, "the first region should be untouched");
    assert_eq!(names(&dump(&eu).await, "functions"), Vec::<String>::new());
    cloud.down().says("Nothing left.");
    assert_eq!(names(&dump(&us).await, "roles"), ["shared"]);
}

/// Another project's stack file that took the same name.
fn other_project() -> String {
    SMALL.replace("notes", "orders").replace("  list:", "  show:").replace("  save:", "  order:").replace(
        "    GET /items: list\n    POST /items: save\n    PUT /items: save\n",
        "    GET /orders: show\n    POST /orders: order\n",
    )
}

#[tokio::test]
async fn a_stack_name_of_another_project_stops_up_until_replacing_it_is_allowed() {
    let cloud = Cloud::with(SMALL);
    let api = cloud.up().api();
    send(&api, "POST /items", Some(NOTE)).await.ok();
    let aws = cloud.aws().await;
    let before = dump(&aws).await;
    cloud.write("stack.yaml", &other_project());
    let refused = |args: &[&str], why: &str| drop(cloud.run(args).fails().says(why));

    for command in ["plan", "up"] {
        let taken = "a stack of this name already exists here with other resources";
        cloud.run(&[command, "--local"]).fails().says(taken).says("--replace-stack");
    }
    refused(&["up", "--local", "--replace-stack"], "add --allow-data-loss tables.notes");
    refused(&["up", "--local", "--allow-data-loss", "notes"], "add --replace-stack");
    assert_same(&before, &dump(&aws).await, "nothing should be touched");

    cloud.run(&["up", "--local", "--replace-stack", "--allow-data-loss", "notes"]).ok();
    let after = dump(&aws).await;
    assert_eq!(names(&after, "tables"), ["orders"]);
    assert_eq!(names(&after, "functions"), ["order", "show"]);
    assert_eq!(names(&after, "roles"), ["order_role", "show_role"]);
    assert_eq!(after["apis"].as_array().map(Vec::len), Some(1), "{:#}", after["apis"]);
    cloud.up().changes_nothing();
    cloud.down();
    assert_empty(&dump(&aws).await);
}

#[tokio::test]
async fn down_needs_no_stack_file_where_the_stack_is_named() {
    let cloud = Cloud::with(SMALL);
    cloud.up();
    cloud.run(&["up", "--local", "--env", "a"]).ok();
    let empty = tempfile::tempdir().unwrap();
    let down = |args: &[&str]| crate::ran::Ran::of(cloud.command(args).current_dir(&empty));
    down(&["down", "--local"]).fails().says("stack.yaml");
    down(&["down", "--local", "--stack", "other"]).ok().says("Nothing to delete");
    down(&["down", "--local", "--stack", "small", "--env", "a"]).ok().says("Nothing left.");
    let left = dump(&cloud.aws().await).await;
    assert_eq!(names(&left, "functions"), ["list", "save"]);
    down(&["down", "--local", "--stack", "small"]).ok().says("Nothing left.");
    assert_empty(&dump(&cloud.aws().await).await);
}

#[tokio::test]
async fn a_stack_file_elsewhere_brings_its_own_code() {
    let cloud = Cloud::with(SMALL);
    let empty = tempfile::tempdir().unwrap();
    let file = cloud.path("stack/stack.yaml");
    let run = |command: &str| {
        let args = [command, "--local", "--file", file.to_str().unwrap()];
        crate::ran::Ran::of(cloud.command(&args).current_dir(&empty)).ok()
    };
    assert_eq!(get(&run("up").api(), "/items").await.ok(), json!([]));
    run("plan").changes_nothing();
    run("down").says("Nothing left.");
}

#[tokio::test]
async fn down_works_with_a_broken_stack_file_and_deletes_what_is_no_longer_declared() {
    let cloud = Cloud::with(SMALL);
    cloud.up();
    cloud.write("stack.yaml", "stack: small\ntables: [what is this\n");
    let down = cloud.run(&["down", "--local"]);
    down.ok()
        .says("the stack file has errors; using only its name, region and account")
        .says("Nothing left.");
    assert_empty(&dump(&cloud.aws().await).await);

    cloud.write("stack.yaml", SMALL);
    cloud.up();
    cloud.write("stack.yaml", "stack: small\n");
    cloud.down().says("Nothing left.");
    assert_empty(&dump(&cloud.aws().await).await);
}

#[tokio::test]
async fn an_environment_that_is_not_listed_is_refused_and_a_listed_one_has_its_variables() {
    let stack = SMALL.replace("tables:\n", "variables: { who: nobody }\nenvironments:\n  prod:\n    region: eu-west-1\n    variables: { who: everybody }\n\ntables:\n");
    let stack = stack.replace("access: { notes: [dynamodb:Scan] }", "description: \"for ${var.who}\"");
    let cloud = Cloud::with(&stack);
    cloud.run(&["up", "--local", "--env", "pord"]).fails().says("did you mean `prod`?");
    cloud.run(&["up", "--local", "--env", "prod"]).ok().says("eu-west-1");
    let eu = dump(&cloud.aws_in("eu-west-1").await).await;
    assert_eq!(eu["functions"]["prod-list"]["description"], Json::from("for everybody"));
}

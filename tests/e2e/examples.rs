//! Every example comes up as it is, passes its checks, and goes down.

use crate::cloud::Cloud;
use crate::dump::{assert_empty, dump, names};
use crate::programs::is_here;
use crate::stack::{SMALL, root};
use std::fs;
use std::path::PathBuf;

/// The folders of the examples, by name.
fn examples() -> Vec<(String, PathBuf)> {
    let entries = fs::read_dir(root().join("examples")).unwrap().map(|entry| entry.unwrap().path());
    let folders = entries.filter(|path| path.is_dir());
    folders.map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), path)).collect()
}

#[tokio::test]
async fn every_example_comes_up_passes_its_checks_and_goes_down() {
    let cloud = Cloud::with(SMALL);
    let readme = fs::read_to_string(root().join("examples/README.md")).unwrap();
    for (name, folder) in examples() {
        assert!(readme.contains(&format!("| [{name}]({name}) |")), "{name} is not in examples/README.md");
        let file = folder.join("stack.yaml");
        let (text, file) = (fs::read_to_string(&file).unwrap(), file.to_str().unwrap());
        assert!(text.starts_with("# yaml-language-server: $schema=../../src/config/stack.schema.json\n"));
        if text.contains("runtime: nodejs") && !is_here("npm") {
            eprintln!("npm is not installed here: {name} was not tried");
            continue;
        }
        cloud.run(&["up", "--local", "--file", file]).ok().says(" checks passed.");
        cloud.run(&["up", "--local", "--check", "--file", file]).ok().changes_nothing();
        cloud.run(&["down", "--local", "--file", file]).ok().says("Nothing left.");
    }
    assert_empty(&dump(&cloud.aws().await).await);
}

#[tokio::test]
async fn the_environments_of_the_example_are_guarded_and_apart() {
    let cloud = Cloud::with(SMALL);
    let file = root().join("examples/environments/stack.yaml");
    let run = |command: &str, environment: &str| {
        cloud.run(&[command, "--local", "--env", environment, "--file", file.to_str().unwrap()])
    };
    run("up", "test").ok().says("1 of 1 checks passed.");
    run("up", "prod").ok().says("eu-central-1 · local cloud :").says("1 of 1 checks passed.");
    run("up", "staging").ends(65).says("the environment `staging` is not in `environments`");
    assert_eq!(names(&dump(&cloud.aws().await).await, "functions"), ["test-greet"]);

    let prod = ["up", "--yes", "--env", "prod", "--file", file.to_str().unwrap()];
    cloud.run_on_aws(&prod).ends(1).says("allows account 111122223333 only");
    run("down", "prod").ok().says("Nothing left.");
    run("down", "test").ok().says("Nothing left.");
}

/// As the guide that it follows has it: the function is called with the user as its event.
#[tokio::test]
async fn a_user_is_put_by_a_direct_call() {
    if !is_here("npm") {
        eprintln!("npm is not installed here: put-user was not tried");
        return;
    }
    let cloud = Cloud::with(SMALL);
    let file = root().join("examples/put-user/stack.yaml");
    let file = file.to_str().unwrap();
    let run = |args: &[&str]| cloud.run(&[args, &["--local", "--file", file]].concat()).ok();
    run(&["up"]).says("2 of 2 checks passed.");
    run(&["up"]).changes_nothing();
    let event = r#"{ "uid": "2", "username": "ada", "email": "ada@company.com" }"#;
    run(&["invoke", "putitem", "--event", event])
        .says("Put user ada with email ada@company.com to DynamoDB.");
    let aws = cloud.aws().await;
    let key = aws_sdk_dynamodb::types::AttributeValue::S("2".to_owned());
    let item = aws.dynamodb().get_item().table_name("user").key("uid", key).send().await.unwrap();
    assert_eq!(item.item.unwrap()["username"].as_s().unwrap(), "ada");
    let table = aws.dynamodb().describe_table().table_name("user").send().await.unwrap().table.unwrap();
    let capacity = table.provisioned_throughput.unwrap();
    assert_eq!((capacity.read_capacity_units, capacity.write_capacity_units), (Some(5), Some(5)));
    run(&["down"]).says("Nothing left.");
    assert_empty(&dump(&aws).await);
}

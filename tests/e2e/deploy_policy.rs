//! The deploy policy that `iam-policy` prints, as the only policy of a user.

use crate::cloud::{Cloud, REGION};
use crate::dump::{assert_empty, dump};
use crate::ran::Ran;
use crate::stack::SMALL;
use serde_json::{Value as Json, json};
use std::process::Command;

/// The account of the local cloud.
const ACCOUNT: &str = "000000000000";

/// The policy that is printed for commands.
fn printed(cloud: &Cloud, commands: &[&str]) -> Json {
    let args = [&["iam-policy"], commands, &["--account", ACCOUNT, "--region", REGION]].concat();
    serde_json::from_str(&cloud.run(&args).ok().out).unwrap()
}

/// The same on everything: of many calls the local cloud cannot tell what they are about, and it knows no tags of what they
/// are about. Which actions a call needs, it tells by itself.
fn on_everything(mut policy: Json) -> Json {
    for statement in policy["Statement"].as_array_mut().unwrap() {
        statement["Resource"] = json!("*");
        statement.as_object_mut().unwrap().remove("Condition");
    }
    policy
}

/// A user of the cloud.
struct User<'a> {
    cloud: &'a Cloud,
    key: String,
    secret: String,
}

impl<'a> User<'a> {
    /// With this policy and no other.
    async fn with(cloud: &'a Cloud, name: &str, policy: &Json) -> Self {
        let iam = cloud.aws().await.iam();
        iam.create_user().user_name(name).send().await.unwrap();
        let put =
            iam.put_user_policy().user_name(name).policy_name("printed").policy_document(policy.to_string());
        put.send().await.unwrap();
        let key = iam.create_access_key().user_name(name).send().await.unwrap().access_key.unwrap();
        User { cloud, key: key.access_key_id, secret: key.secret_access_key }
    }

    fn run(&self, args: &[&str]) -> Ran {
        let mut command: Command = self.cloud.command_on_aws(args);
        Ran::of(command.env("AWS_ACCESS_KEY_ID", &self.key).env("AWS_SECRET_ACCESS_KEY", &self.secret))
    }
}

#[tokio::test]
async fn a_user_who_may_only_read_sees_the_plan_and_changes_nothing() {
    let cloud = Cloud::with(SMALL);
    let user = User::with(&cloud, "looks", &printed(&cloud, &["plan"])).await;
    user.run(&["plan"]).ok().says("Plan: 17 to create");
    let refused = user.run(&["up", "--yes"]).fails();
    refused.says("help: ask for the permission logs:CreateLogGroup; `provision iam-policy` prints");
    assert_empty(&dump(&cloud.aws().await).await);
}

#[tokio::test]
async fn the_printed_permissions_are_enough_to_change_and_delete_the_stack() {
    let cloud = Cloud::with(SMALL);
    let user = User::with(&cloud, "deploys", &on_everything(printed(&cloud, &[]))).await;
    user.run(&["up", "--yes"]).ok().says("Done: 17 created");
    cloud.edit("stack.yaml", "    POST /items: save\n", "");
    cloud.edit("stack.yaml", "  list:\n", "  all:\n");
    cloud.edit("stack.yaml", "GET /items: list", "GET /items: all");
    cloud.edit("stack.yaml", "[dynamodb:PutItem] }", "[dynamodb:PutItem] }\n    memory: 256");
    user.run(&["up", "--yes"]).ok();
    user.run(&["plan"]).ok().changes_nothing();
    user.run(&["down", "--yes"]).ok().says("Nothing left.");
    assert_empty(&dump(&cloud.aws().await).await);
}

#[tokio::test]
async fn the_policy_is_printed_without_any_aws_settings() {
    let cloud = Cloud::with(SMALL);
    let run = |args: &[&str]| {
        let mut command = cloud.command_on_aws(args);
        command.env("AWS_ENDPOINT_URL", "http://127.0.0.1:1").env_remove("AWS_REGION");
        Ran::of(command.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY"))
    };
    let ran = run(&["iam-policy", "--region", "eu-west-1"]).ok().says("--account ACCOUNT");
    let policy: Json = serde_json::from_str(&ran.out).unwrap();
    assert!(policy.to_string().contains("arn:aws:dynamodb:eu-west-1:*:table/notes"), "{policy}");
    run(&["iam-policy"]).fails().says("no region");
    cloud.edit("stack.yaml", "stack: small\n", "stack: small\nregion: cn-north-1\naccount: '111122223333'\n");
    let ran = run(&["iam-policy", "down", "--env", "test"]).ok().never_says("--account");
    for part in ["arn:aws-cn:lambda:cn-north-1:111122223333:function:*", "\"small/test\""] {
        assert!(ran.out.contains(part), "{ran}");
    }
    run(&["iam-policy", "--account", ACCOUNT]).fails().says("allows account 111122223333 only");
}

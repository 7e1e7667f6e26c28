//! The program where it takes a cloud for the real AWS: it asks, it guards, and it explains what is missing.

use crate::cloud::Cloud;
use crate::dump::{assert_empty, assert_same, dump};
use crate::http::send;
use crate::ran::Ran;
use crate::stack::SMALL;
use std::net::TcpListener;
use std::process::Command;
use std::time::{Duration, Instant};

/// A port of this machine on which no program listens.
fn closed() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

/// The URL by which the local cloud serves the API of the only stack in it.
async fn api(cloud: &Cloud) -> String {
    let dump = dump(&cloud.aws().await).await;
    format!("{}/_aws/execute-api/{}/$default", cloud.url, dump["apis"][0]["volatile"]["id"].as_str().unwrap())
}

/// A command for the real AWS on a machine without any AWS settings, from which nothing can be reached.
fn without_settings(cloud: &Cloud, args: &[&str]) -> Command {
    let mut command = cloud.command_on_aws(args);
    command.env("HOME", cloud.path("stack")).env("AWS_ENDPOINT_URL", closed());
    command.env("PROVISION_CACHE_DIR", cloud.path("cache"));
    command.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY");
    command
}

/// Runs a command that must fail soon, and not by a panic.
fn fails_soon(command: &mut Command) -> Ran {
    let start = Instant::now();
    let ran = Ran::of(command).fails().never_says("panicked");
    assert!(start.elapsed() < Duration::from_secs(20), "it took {:?}:\n{ran}", start.elapsed());
    ran
}

#[tokio::test]
async fn missing_credentials_region_and_network_are_reported_clearly_and_soon() {
    let cloud = Cloud::with(SMALL);
    for args in [&["up", "--yes"][..], &["plan"], &["down", "--yes"], &["down", "--stack", "small"]] {
        let ran = fails_soon(&mut without_settings(&cloud, args));
        ran.says("credentials").says("AWS_ACCESS_KEY_ID").says("--local");
    }
    let profile = &mut without_settings(&cloud, &["up", "--profile", "nobody"]);
    fails_soon(profile).says("nobody");
    let region = &mut without_settings(&cloud, &["up"]);
    fails_soon(region.env_remove("AWS_REGION")).says("no region").says("--region");
    fails_soon(without_settings(&cloud, &["up"]).env("AWS_REGION", ""))
        .says("no region, and no AWS credentials");
    for (variable, value, told) in [
        (
            "AWS_REGION",
            "us-east-1a",
            "AWS_REGION is `us-east-1a`, which is not a region: did you mean `us-east-1`?",
        ),
        ("AWS_PROFILE", "nope", "there is no profile `nope`, which AWS_PROFILE names"),
        ("AWS_ENDPOINT_URL", "localhost:4566", "has no scheme; write `http://localhost:4566`"),
        ("AWS_ENDPOINT_URL_STS", "ws://user:hush@localhost", "AWS_ENDPOINT_URL_STS is `ws://***@localhost`"),
        ("HTTPS_PROXY", "socks5://user:hush@localhost", "HTTPS_PROXY is `socks5://***@localhost`"),
        ("AWS_CA_BUNDLE", "stack.yaml", "AWS_CA_BUNDLE is `stack.yaml`, which holds no certificate in PEM"),
    ] {
        let mut command = cloud.command_on_aws(&["plan"]);
        command.env("HOME", cloud.path("stack")).env("AWS_ENDPOINT_URL", closed()).env(variable, value);
        fails_soon(&mut command).says(told).never_says("hush");
    }
    let network = &mut cloud.command_on_aws(&["up", "--yes"]);
    fails_soon(network.env("AWS_ENDPOINT_URL", closed())).says("AWS_ENDPOINT_URL");
}

#[tokio::test]
async fn nothing_is_changed_without_a_terminal_to_confirm_in() {
    let cloud = Cloud::with(SMALL);
    let aws = cloud.aws().await;
    cloud
        .run_on_aws(&["up"])
        .fails()
        .says("cannot ask for confirmation: not a terminal")
        .says("--yes")
        .says("Plan: 17 to create");
    assert_empty(&dump(&aws).await);
    cloud.up();
    let before = dump(&aws).await;
    cloud
        .run_on_aws(&["down"])
        .fails()
        .says("cannot ask for confirmation: not a terminal")
        .says("Plan: 17 to delete");
    assert_same(&before, &dump(&aws).await, "nothing should be touched");
}

#[tokio::test]
async fn with_yes_the_stack_comes_up_and_goes_down_and_no_check_is_sent_unless_asked_for() {
    let check = "\nchecks:\n  - name: the API answers\n    request: GET /items\n";
    let cloud = Cloud::with(&format!("{SMALL}{check}"));
    let up = cloud.run_on_aws(&["up", "--yes"]).ok().says("Done: 17 created").never_says("checks passed");
    up.says(&format!("us-east-1 · endpoint {}", cloud.url)).never_says("local cloud");
    cloud.run_on_aws(&["plan"]).ok().changes_nothing();
    cloud.run_on_aws(&["up"]).ok().changes_nothing();
    cloud.run_on_aws(&["down", "--yes"]).ok().says("Nothing left.");
    cloud.run_on_aws(&["down"]).ok().says("Nothing to delete");
    assert_empty(&dump(&cloud.aws().await).await);
}

#[tokio::test]
async fn down_of_a_table_that_contains_data_needs_data_loss_to_be_allowed() {
    let cloud = Cloud::with(SMALL);
    cloud.up();
    send(&api(&cloud).await, "POST /items", Some(r#"{"title": "Dear", "content": "To me"}"#)).await.ok();
    let aws = cloud.aws().await;
    let before = dump(&aws).await;
    let lost = "the plan would delete table notes, and its items would be lost for good";
    let refused = cloud.run_on_aws(&["down", "--yes"]).fails().says(lost).says("--allow-data-loss notes");
    refused.says("Nothing was deleted.");
    cloud.run_on_aws(&["down", "--yes", "--allow-data-loss", "other"]).fails().says(lost);
    assert_same(&before, &dump(&aws).await, "nothing should be touched");
    cloud.run_on_aws(&["down", "--yes", "--allow-data-loss", "notes"]).ok().says("Nothing left.");
    assert_empty(&dump(&aws).await);
}

#[tokio::test]
async fn another_account_than_the_stack_file_names_is_refused() {
    let cloud = Cloud::with(&SMALL.replace("stack: small\n", "stack: small\naccount: \"111122223333\"\n"));
    for args in [&["up", "--yes"][..], &["plan"], &["down", "--yes"]] {
        let ran = cloud.run_on_aws(args).fails();
        ran.says("allows account 111122223333 only").says("000000000000");
    }
    assert_empty(&dump(&cloud.aws().await).await);
    let mut right = cloud.command_on_aws(&["up", "--yes"]);
    Ran::of(right.env("AWS_ACCESS_KEY_ID", "111122223333")).ok().says("account 111122223333");
}

#[tokio::test]
async fn a_protected_environment_is_changed_only_when_its_name_is_confirmed() {
    let stack = SMALL.replace("tables:\n", "environments:\n  prod:\n    protect: true\n\ntables:\n");
    let cloud = Cloud::with(&stack);
    let aws = cloud.aws().await;
    let run = |args: &[&str]| cloud.run_on_aws(&[args, &["--env", "prod"]].concat());
    run(&["up", "--yes"]).fails().says("--confirm small/prod");
    run(&["up", "--yes", "--confirm", "small"]).fails().says("`small` is not `small/prod`.");
    assert_empty(&dump(&aws).await);
    run(&["up", "--confirm", "small/prod"]).ok();
    run(&["down", "--yes"]).fails().says("--confirm small/prod");
    run(&["down", "--confirm", "small/prod"]).ok().says("Nothing left.");
    assert_empty(&dump(&aws).await);
}

#[tokio::test]
async fn credentials_that_aws_rejects_are_reported_as_such() {
    let cloud = Cloud::with(SMALL);
    let mut command = cloud.command_on_aws(&["up", "--yes"]);
    let ran = fails_soon(command.env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"));
    let ran = ran.ends(77).says("InvalidClientTokenId");
    let ran = ran.says("with credentials from the environment (AWS_ACCESS_KEY_ID)");
    ran.says("they are expired or invalid; set new values of AWS_ACCESS_KEY_ID");
}

#[tokio::test]
async fn a_profile_that_is_asked_for_comes_before_the_environment() {
    let cloud = Cloud::with(SMALL);
    let secret = cloud.credentials().secret_access_key().to_owned();
    let work = format!("[work]\naws_access_key_id = 111122223333\naws_secret_access_key = {secret}\n");
    cloud.write("credentials", &work);
    let mut command = cloud.command_on_aws(&["plan", "--profile", "work"]);
    let file = cloud.path("stack/credentials");
    Ran::of(command.env("AWS_SHARED_CREDENTIALS_FILE", &file)).ok().says("account 111122223333");
    let mut command = cloud.command_on_aws(&["plan", "--profile", "home"]);
    let ran = Ran::of(command.env("AWS_SHARED_CREDENTIALS_FILE", &file)).ends(77);
    ran.says("there is no profile `home`").says("`work`");
}

#[tokio::test]
async fn calls_are_shown_on_request() {
    let stack = SMALL.replace("{ TABLE_NAME:", "{ TOKEN: hush-hush, TABLE_NAME:");
    let cloud = Cloud::with(&stack);
    let call = |text: &str| {
        let (name, rest) = text.split_once(" 200 in ").unwrap_or_else(|| panic!("{text}"));
        (name.trim().to_owned(), rest.to_owned())
    };
    let quiet = cloud.run(&["plan", "--local"]).ok().never_says(" 200 in ");
    assert!(!quiet.err.contains("call"));
    let calls = cloud.run(&["plan", "--local", "-v"]).ok();
    assert!(
        calls.err.lines().any(|line| line.contains("200 in ") && call(line).0 == "STS:GetCallerIdentity"),
        "{calls}"
    );
    calls.never_says(", request ");
    cloud.run(&["plan", "--local", "-vv"]).ok().says(", request ");
    let calls = cloud.run(&["up", "--local", "-vv"]).ok();
    calls.says("Lambda:CreateFunction").never_says("hush-hush").never_says("Authorization");
}

//! The local cloud's own commands, and how the program behaves on a machine.

use crate::cloud::Cloud;
use crate::dump::{assert_empty, assert_same, dump};
use crate::http::{get, send};
use crate::ran::Ran;
use crate::stack::SMALL;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value as Json;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::process::Stdio;

const NOTE: &str = r#"{"title": "Kept", "content": "Over a stop and a start"}"#;

#[tokio::test]
async fn data_survive_a_stop_and_a_start_and_end_with_a_reset() {
    let cloud = Cloud::with(SMALL);
    let api = cloud.up().api();
    send(&api, "POST /items", Some(NOTE)).await.ok();
    let aws = cloud.aws().await;
    let before = dump(&aws).await;

    let file = cloud.path("state/credentials");
    cloud.run(&["local", "status"]).ok().says(&cloud.url).says(&format!("Credentials: {}", file.display()));
    cloud.run(&["local", "stop"]).ok().says("The local cloud is stopped; its data is kept.");
    cloud.run(&["local", "status"]).ok().says("The local cloud is not running.");
    cloud.run(&["local", "stop"]).ok().says("The local cloud was not running.");
    cloud.run(&["local", "start"]).ok().says(&cloud.url);
    cloud.run(&["local", "start"]).ok().says(&cloud.url);

    assert_eq!(get(&api, "/items").await.ok()[0]["title"], "Kept");
    assert_same(&before, &dump(&aws).await, "everything should be as it was");
    cloud.up().changes_nothing();
    cloud.run(&["local", "reset"]).ok().says("Reset the local cloud; it is empty now.");
    assert_empty(&dump(&aws).await);
    let api = cloud.up().api();
    assert_eq!(get(&api, "/items").await.ok(), Json::Array(vec![]));
}

#[tokio::test]
async fn up_starts_a_local_cloud_that_was_stopped() {
    let cloud = Cloud::with(SMALL);
    cloud.run(&["local", "stop"]).ok();
    let up = cloud.up().says("Starting the local cloud at");
    assert_eq!(get(&up.api(), "/items").await.ok(), Json::Array(vec![]));
}

#[tokio::test]
async fn the_local_cloud_needs_no_setting_of_aws_and_believes_none() {
    let cloud = Cloud::with(SMALL);
    let mut up = cloud.command(&["up", "--local"]);
    up.env("AWS_ENDPOINT_URL", "http://127.0.0.1:1").env("AWS_PROFILE", "nobody").env("AWS_REGION", "mars-1");
    up.env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "secret")
        .env("AWS_MAX_ATTEMPTS", "x");
    Ran::of(&mut up).ok().says("us-east-1 · local cloud :");
}

#[tokio::test]
async fn ctrl_c_stops_in_order_and_the_next_run_continues() {
    let cloud = Cloud::with(SMALL);
    let mut command = cloud.command(&["up", "--local"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut lines = out.by_ref().lines().map(Result::unwrap);
    assert!(lines.any(|line| line.starts_with("  + table notes created")), "the table should be made first");
    let process = i32::try_from(child.id()).ok().and_then(Pid::from_raw).unwrap();
    kill_process(process, Signal::INT).unwrap();
    let mut rest = Vec::new();
    out.read_to_end(&mut rest).unwrap();
    let output = std::process::Output { stdout: rest, ..child.wait_with_output().unwrap() };

    let ran = Ran::from(&command, output).fails();
    let ran = ran.says("Stopping: ").says("Interrupted");
    ran.says("Incomplete: ").says("Run the same command again to continue").never_says("API: ");
    let aws = cloud.aws().await;
    assert_eq!(dump(&aws).await["apis"][0]["stages"], serde_json::json!({}), "the stage comes last of all");
    let up = cloud.up();
    assert_eq!(get(&up.api(), "/items").await.ok(), Json::Array(vec![]));
    cloud.down();
    assert_empty(&dump(&aws).await);
}

#[tokio::test]
async fn colours_are_for_terminals_only_and_off_with_no_color() {
    let cloud = Cloud::with(SMALL);
    let forced = |no_color: bool, args: &[&str]| {
        let mut command = cloud.command(args);
        command.env("CLICOLOR_FORCE", "1");
        if no_color {
            command.env("NO_COLOR", "1");
        }
        Ran::of(&mut command)
    };
    for args in [&["plan", "--local"][..], &["up", "--local", "-v"], &["down", "--local", "--env", "x"]] {
        forced(false, args).ok().says("\u{1b}[");
        forced(true, args).ok().never_says("\u{1b}");
        cloud.run(args).ok().never_says("\u{1b}");
    }
    cloud.edit("stack.yaml", "partition_key", "partition_kye");
    forced(true, &["plan", "--local"]).fails().never_says("\u{1b}");
    cloud.run(&["plan", "--local"]).fails().never_says("\u{1b}");
}

#[tokio::test]
async fn errors_in_the_stack_file_are_reported_at_once_and_nothing_is_sent() {
    let cloud = Cloud::with(SMALL);
    cloud.edit("stack.yaml", "partition_key", "partition_kye");
    cloud.edit("stack.yaml", "POST /items: save", "POST /items: sav");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    for command in ["plan", "up"] {
        let ran = Ran::of(
            cloud
                .command_on_aws(&[command, "--yes"][..if command == "up" { 2 } else { 1 }])
                .env("AWS_ENDPOINT_URL", &url),
        );
        let ran = ran.fails().says("stack.yaml:6:").says("did you mean `partition_key`?");
        ran.says("did you mean `save`?").never_says("panicked");
    }
    let connection = listener.accept();
    assert_eq!(
        connection.map(drop).unwrap_err().kind(),
        std::io::ErrorKind::WouldBlock,
        "nothing should be sent"
    );
    cloud.run(&["up", "--local"]).fails();
    assert_empty(&dump(&cloud.aws().await).await);
}

#[tokio::test]
async fn checks_that_fail_make_up_and_check_fail_and_say_what_was_expected() {
    let check = "\nchecks:\n  - name: there is a note\n    request: GET /items\n    expect: { body: [ { title: None } ] }\n";
    let cloud = Cloud::with(&format!("{SMALL}{check}"));
    cloud.run(&["check", "--local"]).fails().says("no API is deployed");
    cloud.run(&["up", "--local"]).fails().says("✗ there is a note").says("0 of 1 checks passed.");
    let check = cloud.run(&["check", "--local"]).fails().says("✗ there is a note");
    let api = check.out.lines().find_map(|line| line.strip_prefix("Checking ")).unwrap();
    send(api, "POST /items", Some(r#"{"title": "None", "content": "At all"}"#)).await.ok();
    cloud.run(&["check", "--local"]).ok().says("✓ there is a note").says("1 of 1 checks passed.");
    cloud.up().changes_nothing().never_says("checks passed");
}

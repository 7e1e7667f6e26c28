//! The program is killed in the middle of its work. Run again, it ends in the same state as without the kill.

use crate::cloud::Cloud;
use crate::dump::{assert_empty, assert_same, dump, lasting};
use crate::http::{get, send};
use crate::proxy::{Proxy, Trap, When};
use crate::ran::Ran;
use crate::stack::SMALL;
use provision::aws::Clients;
use serde_json::Value as Json;
use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ExitStatus, Stdio};

/// How many writes `up` and `down` of the small stack make, and a change that renames a function.
const UP_WRITES: usize = 21;
const DOWN_WRITES: usize = 10;
const CHANGE_WRITES: usize = 13;

/// A moment of a run, by what it has printed so far.
#[derive(Debug, Clone, Copy)]
enum Moment {
    /// Nothing.
    Start,
    /// Where it acts.
    Greeting,
    /// The plan, and so many steps that were done.
    Steps(usize),
}

/// Runs the program and kills it at a moment. Returns how it ended.
fn kill_at(cloud: &Cloud, args: &[&str], moment: Moment) -> ExitStatus {
    let mut child = cloud.command(args).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    wait_for(&mut child, moment);
    child.kill().unwrap();
    child.wait().unwrap()
}

fn wait_for(child: &mut Child, moment: Moment) {
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let steps = match moment {
        Moment::Start => return,
        Moment::Greeting => return assert!(lines.any(|line| line.starts_with("stack "))),
        Moment::Steps(steps) => steps,
    };
    assert!(lines.any(|line| line.starts_with("Plan: ")), "the plan should be shown before anything is done");
    let done = lines.filter(|line| line.starts_with("  + ") || line.starts_with("  - "));
    assert_eq!(done.take(steps).count(), steps, "there should be so many steps");
}

/// The state that must be reached: a stack that was brought up without a kill, as a dump.
async fn reference(cloud: &Cloud, aws: &Clients) -> Json {
    cloud.up();
    let reference = lasting(&dump(aws).await);
    cloud.down();
    reference
}

/// Asserts that `up` now reaches the right state, and that `down` then leaves nothing.
async fn comes_to_the_same_end(cloud: &Cloud, aws: &Clients, reference: &Json, when: &str) {
    cloud.up();
    assert_same(reference, &lasting(&dump(aws).await), &format!("up, killed {when}, should end the same"));
    cloud.down().says("Nothing left.");
    assert_empty(&dump(aws).await);
}

#[tokio::test]
async fn up_of_the_shipped_stack_continues_after_a_kill_at_any_moment() {
    let cloud = Cloud::unchecked();
    let aws = cloud.aws().await;
    let reference = reference(&cloud, &aws).await;
    let steps = [0, 1, 3, 6, 9, 12, 16, 20, 24, 28, 31].map(Moment::Steps);
    for moment in [Moment::Start, Moment::Greeting].into_iter().chain(steps) {
        let status = kill_at(&cloud, &["up", "--local"], moment);
        assert_eq!(status.signal(), Some(9), "it should be killed at {moment:?}: {status}");
        comes_to_the_same_end(&cloud, &aws, &reference, &format!("at {moment:?}")).await;
    }
}

#[tokio::test]
async fn down_of_the_shipped_stack_continues_after_a_kill_at_any_moment() {
    let cloud = Cloud::unchecked();
    let aws = cloud.aws().await;
    let steps = [0, 1, 2, 4, 6, 8, 10, 12, 14, 16].map(Moment::Steps);
    for moment in [Moment::Start, Moment::Greeting].into_iter().chain(steps) {
        cloud.up();
        let status = kill_at(&cloud, &["down", "--local"], moment);
        // The last steps come so fast that the program may have ended by itself.
        assert!(status.signal() == Some(9) || status.success(), "at {moment:?}: {status}");
        cloud.down();
        assert_empty(&dump(&aws).await);
    }
}

#[tokio::test]
async fn a_stack_that_was_killed_and_brought_up_again_works() {
    let cloud = Cloud::with(SMALL);
    kill_at(&cloud, &["up", "--local"], Moment::Steps(8));
    let api = cloud.up().api();
    send(&api, "POST /items", Some(r#"{"title": "After", "content": "The kill"}"#)).await.ok();
    assert_eq!(get(&api, "/items").await.ok()[0]["title"], "After");
}

/// Runs the program through a proxy, which kills it at a write.
fn kill_at_write(cloud: &Cloud, proxy: &Proxy, args: &[&str], at: usize, when: When) {
    let trap = Trap::new(at, when);
    proxy.set(&trap);
    let mut command = cloud.command_on_aws(args);
    command.env("AWS_ENDPOINT_URL", &proxy.url).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    trap.set_victim(child.id());
    let output = child.wait_with_output().unwrap();
    let signal = output.status.signal();
    let ran = Ran::from(&command, output);
    assert_eq!(signal, Some(9), "it should be killed at write {at}:\n{ran}");
}

/// Every write, before and after in turns.
fn writes(count: usize, first: When) -> impl Iterator<Item = (usize, When)> {
    let second = if first == When::BeforeTheWrite { When::AfterTheWrite } else { When::BeforeTheWrite };
    (1..=count).map(move |at| (at, if at % 2 == 1 { first } else { second }))
}

#[tokio::test]
async fn up_continues_after_a_kill_at_any_of_its_writes() {
    let cloud = Cloud::with(SMALL);
    let aws = cloud.aws().await;
    let proxy = Proxy::start(&cloud.url);
    let reference = reference(&cloud, &aws).await;
    cloud.up().writes(UP_WRITES);
    cloud.down();
    for (at, when) in writes(UP_WRITES, When::AfterTheWrite) {
        kill_at_write(&cloud, &proxy, &["up", "--yes"], at, when);
        comes_to_the_same_end(&cloud, &aws, &reference, &format!("at write {at}, {when:?}")).await;
    }
}

#[tokio::test]
async fn down_continues_after_a_kill_at_any_of_its_writes() {
    let cloud = Cloud::with(SMALL);
    let aws = cloud.aws().await;
    let proxy = Proxy::start(&cloud.url);
    cloud.up();
    cloud.down().writes(DOWN_WRITES);
    for (at, when) in writes(DOWN_WRITES, When::BeforeTheWrite) {
        cloud.up();
        kill_at_write(&cloud, &proxy, &["down", "--yes"], at, when);
        cloud.down();
        assert_empty(&dump(&aws).await);
    }
}

#[tokio::test]
async fn a_change_continues_after_a_kill_at_any_of_its_writes() {
    let changed =
        SMALL.replace("  list:\n", "  show:\n    memory: 256\n").replace("items: list", "items: show");
    let cloud = Cloud::with(&changed);
    let aws = cloud.aws().await;
    let proxy = Proxy::start(&cloud.url);
    let reference = reference(&cloud, &aws).await;
    cloud.write("stack.yaml", SMALL);
    cloud.up();
    cloud.write("stack.yaml", &changed);
    cloud.up().writes(CHANGE_WRITES);
    cloud.down();
    for (at, when) in writes(CHANGE_WRITES, When::AfterTheWrite) {
        cloud.write("stack.yaml", SMALL);
        cloud.up();
        cloud.write("stack.yaml", &changed);
        kill_at_write(&cloud, &proxy, &["up", "--yes"], at, when);
        comes_to_the_same_end(&cloud, &aws, &reference, &format!("at write {at}, {when:?}")).await;
    }
}

//! Output that cannot be written is never a success and never an internal error, whatever the command and the format.

use super::shipped::well;
use crate::cloud::Cloud;
use crate::dump::dump;
use crate::fixture::Fixture;
use crate::program::{Exit, command, visit_after};
use crate::run::{A_MOMENT, Command, empty, later, run};
use std::fs::{File, OpenOptions};
use std::os::fd::OwnedFd;
use std::time::Duration;

/// Every command that prints a result and needs no terminal, in each of its formats.
const COMMANDS: &[&[&str]] = &[
    &["plan"],
    &["plan", "--json"],
    &["plan", "--markdown"],
    &["plan", "--detailed-exitcode"],
    &["up", "--yes"],
    &["up", "--yes", "--json"],
    &["status"],
    &["status", "--json"],
    &["outputs"],
    &["outputs", "api.url"],
    &["outputs", "--json"],
    &["outputs", "--format", "env"],
    &["request", "GET", "/items"],
    &["list"],
    &["list", "--json"],
    &["logs", "--since", "1970-01-01T00:00:00Z"],
    &["logs", "--since", "1970-01-01T00:00:00Z", "--json"],
    &["logs", "--since", "1970-01-01T00:00:00Z", "--follow"],
    &["validate"],
    &["validate", "--json"],
    &["schema"],
    &["iam-policy"],
    &["completions", "bash"],
    &["man"],
    &["init", "new"],
    &["--help"],
    &["--version"],
    &["down", "--yes"],
];

/// Some of them: what a closed pipe means is decided in one place.
const SOME_COMMANDS: &[&[&str]] = &[
    &["plan", "--detailed-exitcode"],
    &["plan", "--json"],
    &["plan", "--markdown"],
    &["logs", "--since", "1970-01-01T00:00:00Z", "--follow"],
    &["schema"],
    &["--help"],
];

/// A stack that is up, with a log.
fn up(stack: &Fixture) -> Cloud {
    let mut cloud = later(&well(run(&empty(), Command::Up(stack), None)).cloud, Duration::from_secs(60));
    cloud.logs.groups.values_mut().for_each(|group| group.events = vec![(1_000, "said".to_owned())]);
    cloud
}

/// Runs a command whose output goes to a file.
fn run_to(cloud: &Cloud, stack: &Fixture, args: &[&str], stdout: File) -> (Exit, Cloud) {
    let mut visit = visit_after(A_MOMENT, cloud, &[command(stack, args).to(stdout)], None);
    (visit.exits.remove(0), visit.cloud)
}

/// A pipe whose reader has closed it.
fn closed_pipe() -> File {
    let (_, writer) = std::io::pipe().expect("a pipe");
    File::from(OwnedFd::from(writer))
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_a_failure_with_its_reason() {
    let stack = Fixture::of(include_str!("../../stacks/small.yaml"));
    let cloud = up(&stack);
    for args in COMMANDS {
        let full = OpenOptions::new().write(true).open("/dev/full").expect("a full device");
        let (exit, _) = run_to(&cloud, &stack, args, full);
        assert_eq!(exit.code, Some(1), "{args:?}\n{}", exit.err);
        let message = "error: the output cannot be written: No space left on device";
        assert!(exit.err.contains(message), "{args:?}\n{}", exit.err);
        assert_eq!(exit.err.matches("error:").count(), 1, "{args:?}\n{}", exit.err);
        let _ = std::fs::remove_dir_all(stack.stack.folder.join("new"));
    }
}

#[test]
fn a_closed_pipe_is_no_success_and_says_nothing() {
    let stack = Fixture::of(include_str!("../../stacks/small.yaml"));
    let cloud = up(&stack);
    for args in SOME_COMMANDS {
        let (exit, _) = run_to(&cloud, &stack, args, closed_pipe());
        assert_eq!(exit.code, Some(141), "{args:?}\n{}", exit.err);
        assert!(!exit.err.contains("error"), "{args:?}\n{}", exit.err);
    }
}

#[test]
fn work_is_finished_if_its_output_cannot_be_written() {
    let stack = Fixture::of(include_str!("../../stacks/small.yaml"));
    let cloud = up(&stack);
    let (exit, cloud) = run_to(&cloud, &stack, &["down", "--yes"], closed_pipe());
    assert_eq!((exit.code, dump(&cloud)), (Some(141), dump(&empty())));
    let (exit, cloud) = run_to(&cloud, &stack, &["up", "--yes"], closed_pipe());
    assert_eq!(exit.code, Some(141));
    assert_eq!(cloud.lambda.functions.len(), 2);
}

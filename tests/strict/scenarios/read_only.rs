//! Commands that read send no write: the real program, with every command and every input that must change nothing.
//! Asserted on the wire, for every stack.

use super::shipped::well;
use crate::cloud::Cloud;
use crate::dump::dump;
use crate::fixture::Fixture;
use crate::port;
use crate::program::Manner::{self, Failing, Well};
use crate::program::{Visit, visit};
use crate::run::{self, Command, later, run};
use regex::Regex;
use std::fs;
use std::time::Duration;

/// The name of a changed stack file, next to the original.
const OTHER: &str = "other.yaml";

/// A command that must not write, how it ends, and what it says.
type Case<'a> = (&'a [&'a str], Manner, &'a str);

/// Commands on an empty account.
const ON_NOTHING: &[Case] = &[
    (&["plan"], Well, " to create"),
    (&["up"], Failing, "add --yes to apply the changes without confirmation"),
    (&["down", "--yes"], Well, "Nothing to delete"),
    (&["logs"], Well, ""),
    (&["list"], Well, "No stacks in this account and region."),
];

/// Commands on a deployed stack.
const ON_THE_STACK: &[Case] = &[
    (&["plan"], Well, "No changes"),
    (&["plan", "--verbose"], Well, "No changes"),
    (&["list"], Well, "environment  resources\n"),
    (&["up"], Well, "No changes"),
    (&["up", "--yes"], Well, "No changes"),
    (&["down"], Failing, " to delete"),
    (&["down", "--env", "nowhere", "--yes"], Well, "Nothing to delete"),
    (&["down", "--stack", "another", "--yes"], Well, "Nothing to delete"),
    (&["logs", "--since", "1d"], Well, ""),
];

/// What is run with another stack's file where the stack is up.
const ON_ANOTHERS: &[Case] = &[
    (&["plan"], Failing, "already exists, and it belongs to the stack `"),
    (&["up", "--yes"], Failing, "Nothing was changed."),
    (&["down", "--yes"], Well, "is not deleted: it belongs to the stack `"),
];

/// Commands on an environment that must not be changed, or that the stack does not declare.
const IN_ENVIRONMENTS: &[Case] = &[
    (&["plan", "--env", "nowhere"], Failing, "the environment `nowhere` is not in `environments`"),
    (&["up", "--yes", "--env", "nowhere"], Failing, "the environment `nowhere` is not in `environments`"),
    (&["check", "--env", "nowhere"], Failing, "the environment `nowhere` is not in `environments`"),
    (&["up", "--yes", "--env", "guarded"], Failing, "add --confirm "),
    (&["up", "--yes", "--env", "guarded", "--confirm", "else"], Failing, "`else` is not `"),
    (&["down", "--yes", "--env", "elsewhere"], Failing, "allows account 999999999999 only"),
    (&["down", "--yes", "--env", "elsewhere", "--stack", "another"], Well, "Nothing to delete"),
];

/// The environments of those.
const ENVIRONMENTS: &str = "
environments:
  guarded: { protect: true }
  elsewhere: { account: '999999999999' }
";

/// A stack file with those environments, next to the original.
fn with_environments(text: String) -> String {
    match text.split_once("\nenvironments:\n") {
        Some((before, own)) => format!("{before}{ENVIRONMENTS}{own}"),
        None => text + ENVIRONMENTS,
    }
}

/// Commands with an invalid stack file.
const COMMANDS: [&[&str]; 3] = [&["plan"], &["up", "--yes"], &["check"]];

/// A change of a stack file's text.
type Change = fn(String) -> String;

/// Errors in a stack file, and their messages.
const SPOILED: &[(Change, &str)] = &[
    (|text| text + "\nnonsense: true\n", "nonsense"),
    (|text| text + "\nstack: [", "error"),
    (|text| text + "\naccount: \"999999999999\"\n", "allows account 999999999999 only"),
    (|text| text.replace("code: lambdas/", "code: nowhere/"), "nowhere/"),
    (|text| text.replace("access: {", "access: { no_such_table: read, "), "no_such_table"),
    (
        |text| text.replace("environment:\n", &format!("environment:\n      LARGE: {}\n", "x".repeat(4096))),
        "bytes as JSON; AWS allows 4096",
    ),
    (|text| text.replace("  routes:\n", "  routes:\n    GET /items/*: nowhere\n"), "invalid part `*`"),
];

/// Runs commands on the stack's other file.
fn look_with_other(cloud: &Cloud, stack: &Fixture, cases: &[Case]) {
    for (args, manner, says) in cases {
        looks(cloud, stack, &[args, &["--file", OTHER][..]].concat(), *manner, says);
    }
}

/// Runs a command, which must neither write nor change anything.
#[track_caller]
fn looks(cloud: &Cloud, stack: &Fixture, args: &[&str], manner: Manner, says: &str) -> Visit {
    let visit = visit(cloud, stack, args, None).ends(manner);
    assert_eq!(visit.writes(), Vec::<String>::new(), "{args:?}");
    assert_eq!(dump(&visit.cloud), dump(cloud), "{args:?}");
    let told = format!("{}{}", visit.exit().out, visit.exit().err);
    assert!(told.contains(says), "{args:?} should say `{says}`:\n{told}");
    visit
}

/// The stack's file with a change in it, in the place of which it is named to the program.
fn write_other(stack: &Fixture, change: impl Fn(String) -> String) {
    let text = fs::read_to_string(&stack.stack.file).unwrap();
    fs::write(stack.stack.folder.join(OTHER), change(text)).unwrap();
}

/// The stack, brought up and at rest.
fn up(stack: &Fixture) -> Cloud {
    later(&well(run(&run::empty(), Command::Up(stack), None)).cloud, Duration::from_secs(60))
}

#[test]
fn a_request_is_sent_once() {
    let stack = Fixture::of(include_str!("../../stacks/small.yaml"));
    let cloud = up(&stack);
    let sent = looks(&cloud, &stack, &["request", "GET", "/items?a=b c"], Failing, "GET /items?a=b c 500 ");
    assert_eq!(sent.asked, ["GET /items?a=b%20c"]);
    assert_eq!(sent.exit().out, "{\"message\":\"Internal Server Error\"}\n");
    let sent = looks(&cloud, &stack, &["request", "POST", "/items", "--body", "{}", "--json"], Failing, "");
    assert_eq!(sent.asked, ["POST /items"]);
    let document: serde_json::Value = serde_json::from_str(&sent.exit().out).expect("one document");
    assert_eq!((&document["type"], &document["status"]), (&"response".into(), &500.into()));
    let unnamed = looks(&cloud, &stack, &["request"], Failing, "the routes of this stack: `");
    assert!(unnamed.asked.is_empty() && unnamed.records.is_empty());
}

#[test]
fn commands_that_read_send_no_write() {
    for (name, stack) in Fixture::every() {
        println!("{name}");
        for (args, manner, says) in ON_NOTHING {
            looks(&port::empty(), &stack, args, *manner, says);
        }
        let cloud = up(&stack);
        for (args, manner, says) in ON_THE_STACK {
            looks(&cloud, &stack, args, *manner, says);
        }
    }
}

#[test]
fn an_invalid_stack_file_sends_no_write() {
    for (name, stack) in Fixture::every() {
        let text = fs::read_to_string(&stack.stack.file).unwrap();
        let cloud = up(&stack);
        for (spoil, says) in SPOILED.iter().filter(|(spoil, _)| spoil(text.clone()) != text) {
            println!("{name}: {says}");
            write_other(&stack, spoil);
            look_with_other(&cloud, &stack, &COMMANDS.map(|command| (command, Failing, *says)));
        }
    }
}

#[test]
fn what_aws_takes_of_its_own_region_alone_sends_no_write() {
    let stack = Fixture::of(include_str!("../../stacks/small.yaml"));
    let layers = "    layers: [\"arn:aws:lambda:us-east-1:111122223333:layer:x:1\"]\n    runtime: ";
    write_other(&stack, |text| text.replacen("    runtime: ", layers, 1));
    // The program gets the region by an option, so `validate` knows it too.
    for command in [&["validate"][..], &["plan"], &["up", "--yes"]] {
        looks(
            &port::empty(),
            &stack,
            &[command, &["--file", OTHER]].concat(),
            Failing,
            "layer:x:1` is in us-east-1, and the stack in ",
        );
    }
}

#[test]
fn unmanaged_and_protected_resources_are_not_written_to() {
    let name_of_stack = Regex::new("(?m)^stack: .*$").unwrap();
    for (name, stack) in Fixture::every() {
        println!("{name}");
        let cloud = up(&stack);
        write_other(&stack, |text| name_of_stack.replace(&text, "stack: another").into_owned());
        look_with_other(&cloud, &stack, ON_ANOTHERS);
        write_other(&stack, with_environments);
        look_with_other(&cloud, &stack, IN_ENVIRONMENTS);
    }
}

#[test]
fn a_table_that_holds_items_is_not_deleted_unasked() {
    for (name, stack) in Fixture::every().into_iter().filter(|(_, stack)| !stack.stack.tables().is_empty()) {
        println!("{name}");
        let mut cloud = up(&stack);
        cloud.dynamodb.tables.values_mut().for_each(|table| (table.items, table.protected) = (3, false));
        looks(&cloud, &stack, &["down", "--yes"], Failing, "add --allow-data-loss ");
    }
}

#[test]
fn checks_write_to_the_api_alone() {
    let patience = Regex::new("retry_for: [0-9]+").unwrap();
    for (name, stack) in Fixture::every() {
        let checks = &stack.stack.checks;
        // What checks do with entries is tried on the local cloud: the strict cloud has no messages and no items.
        if checks.iter().any(|check| check.request().is_none()) {
            continue;
        }
        println!("{name}: {} checks", checks.len());
        write_other(&stack, |text| patience.replace_all(&text, "retry_for: 0").into_owned());
        let command: &[&str] = &["check", "--file", OTHER];
        let cloud = up(&stack);
        let (manner, says) = if checks.is_empty() { (Well, "") } else { (Failing, " checks passed.") };
        let visit = looks(&cloud, &stack, command, manner, says);
        // Some use what another one captures.
        assert_eq!(visit.asked.is_empty(), checks.is_empty(), "{:?}", visit.asked);
        if !checks.is_empty() {
            looks(&port::empty(), &stack, command, Failing, "no API is deployed");
        }
    }
}

//! What only looks, looks only: the real program sends no write where it is not told to change anything, or must not.
//! Asserted on the wire, for every stack.

use super::shipped::well;
use crate::cloud::Cloud;
use crate::dump::dump;
use crate::fixture::Fixture;
use crate::port;
use crate::program::{Visit, visit};
use crate::run::{self, Command, later, run};
use regex::Regex;
use std::fs;
use std::time::Duration;

/// The stack file with something else in it, beside the true one.
const OTHER: &str = "other.yaml";

/// A command that must not write, its exit status, and what it says.
type Case<'a> = (&'a [&'a str], i32, &'a str);

/// What is run where nothing is there.
const ON_NOTHING: &[Case] = &[
    (&["plan"], 0, " to create"),
    (&["up"], 1, "add --yes to change AWS without being asked"),
    (&["down", "--yes"], 0, "Nothing to delete"),
];

/// What is run where the stack is up.
const ON_THE_STACK: &[Case] = &[
    (&["plan"], 0, "No changes"),
    (&["plan", "--verbose"], 0, "No changes"),
    (&["up"], 0, "No changes"),
    (&["up", "--yes"], 0, "No changes"),
    (&["down"], 1, " to delete"),
    (&["down", "--env", "nowhere", "--yes"], 0, "Nothing to delete"),
    (&["down", "--stack", "another", "--yes"], 0, "Nothing to delete"),
];

/// What is run with another stack's file where the stack is up.
const ON_ANOTHERS: &[Case] = &[
    (&["plan"], 1, "exists already, and it belongs to the stack `"),
    (&["up", "--yes"], 1, "Nothing was changed."),
    (&["down", "--yes"], 0, "is left alone: it belongs to the stack `"),
];

/// What is run where the environment is not to be changed, or is none of the stack's.
const IN_ENVIRONMENTS: &[Case] = &[
    (&["plan", "--env", "nowhere"], 1, "the environment `nowhere` is not in `environments`"),
    (&["up", "--yes", "--env", "nowhere"], 1, "the environment `nowhere` is not in `environments`"),
    (&["check", "--env", "nowhere"], 1, "the environment `nowhere` is not in `environments`"),
    (&["up", "--yes", "--env", "guarded"], 1, "add --confirm "),
    (&["up", "--yes", "--env", "guarded", "--confirm", "else"], 1, "`else` is not `"),
    (&["down", "--yes", "--env", "elsewhere"], 1, "allows account 999999999999 only"),
    (&["down", "--yes", "--env", "elsewhere", "--stack", "another"], 0, "Nothing to delete"),
];

/// The environments of those.
const ENVIRONMENTS: &str = "
environments:
  guarded: { protect: true }
  elsewhere: { account: '999999999999' }
";

/// What is run with a file that does not hold.
const COMMANDS: [&[&str]; 3] = [&["plan"], &["up", "--yes"], &["check"]];

/// Ways to spoil a stack file, and what is said of them.
const SPOILED: &[(fn(String) -> String, &str)] = &[
    (|text| text + "\nnonsense: true\n", "nonsense"),
    (|text| text + "\nstack: [", "error"),
    (|text| text + "\naccount: \"999999999999\"\n", "allows account 999999999999 only"),
    (|text| text.replace("code: lambdas/", "code: nowhere/"), "nowhere/"),
    (|text| text.replace("access: {", "access: { no_such_table: read, "), "no_such_table"),
];

/// Runs commands on the stack's other file.
fn look_with_other(cloud: &Cloud, stack: &Fixture, cases: &[Case]) {
    for (args, code, says) in cases {
        looks(cloud, stack, &[args, &["--file", OTHER][..]].concat(), *code, says);
    }
}

/// Runs a command, which must neither write nor change anything.
#[track_caller]
fn looks(cloud: &Cloud, stack: &Fixture, args: &[&str], code: i32, says: &str) -> Visit {
    let visit = visit(cloud, stack, args, None).ends(Some(code));
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
fn what_only_looks_sends_no_write() {
    for (name, stack) in Fixture::every() {
        println!("{name}");
        for (args, code, says) in ON_NOTHING {
            looks(&port::empty(), &stack, args, *code, says);
        }
        let cloud = up(&stack);
        for (args, code, says) in ON_THE_STACK {
            looks(&cloud, &stack, args, *code, says);
        }
    }
}

#[test]
fn a_stack_file_that_does_not_hold_sends_no_write() {
    for (name, stack) in Fixture::every() {
        let text = fs::read_to_string(&stack.stack.file).unwrap();
        let cloud = up(&stack);
        for (spoil, says) in SPOILED.iter().filter(|(spoil, _)| spoil(text.clone()) != text) {
            println!("{name}: {says}");
            write_other(&stack, spoil);
            look_with_other(&cloud, &stack, &COMMANDS.map(|command| (command, 1, *says)));
        }
    }
}

#[test]
fn what_is_anothers_or_guarded_is_not_written_to() {
    let name_of_stack = Regex::new("(?m)^stack: .*$").unwrap();
    for (name, stack) in Fixture::every() {
        println!("{name}");
        let cloud = up(&stack);
        write_other(&stack, |text| name_of_stack.replace(&text, "stack: another").into_owned());
        look_with_other(&cloud, &stack, ON_ANOTHERS);
        write_other(&stack, |text| text + ENVIRONMENTS);
        look_with_other(&cloud, &stack, IN_ENVIRONMENTS);
    }
}

#[test]
fn a_table_that_holds_items_is_not_deleted_unasked() {
    for (name, stack) in Fixture::every() {
        println!("{name}");
        let mut cloud = up(&stack);
        cloud.dynamodb.tables.values_mut().for_each(|table| (table.items, table.protected) = (3, false));
        looks(&cloud, &stack, &["down", "--yes"], 1, "add --allow-data-loss ");
    }
}

#[test]
fn checks_write_to_the_api_alone() {
    let patience = Regex::new("retry_for: [0-9]+").unwrap();
    for (name, stack) in Fixture::every() {
        let checks = &stack.stack.checks;
        println!("{name}: {} checks", checks.len());
        write_other(&stack, |text| patience.replace_all(&text, "retry_for: 0").into_owned());
        let command: &[&str] = &["check", "--file", OTHER];
        let cloud = up(&stack);
        let (code, says) = if checks.is_empty() { (0, "") } else { (1, " checks passed.") };
        let visit = looks(&cloud, &stack, command, code, says);
        // Some wait for what another one captures.
        assert_eq!(visit.asked.is_empty(), checks.is_empty(), "{:?}", visit.asked);
        if !checks.is_empty() {
            looks(&port::empty(), &stack, command, 1, "there is no API to check");
        }
    }
}

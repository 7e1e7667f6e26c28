//! The policies of the shipped stack, which the documentation shows, and of one with every field.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use super::{Statement, Task, calls, documents, permissions, statements};
use crate::config::{Options, Stack, load};
use crate::kind::{Kind as _, On};
use crate::kinds::registry;
use crate::kinds::remote_subscription::RemoteSubscription;
use crate::lower::identity;
use crate::model::Scope;
use crate::plan::tests::stacks::FULL;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The shipped stack.
fn shipped() -> Stack {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("stack.yaml");
    load(
        &file,
        &Options { sections: crate::kinds::sections(), environment: None, process: &|_| None, known: None },
    )
    .unwrap()
}

/// A stack with this text, in an environment.
fn stack(text: &str) -> Stack {
    let options = Options {
        sections: crate::kinds::sections(),
        environment: Some("prod"),
        process: &|_| None,
        known: None,
    };
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("code")).unwrap();
    std::fs::write(folder.path().join("code/lambda_function.py"), "").unwrap();
    std::fs::write(folder.path().join("stack.yaml"), text).unwrap();
    load(&folder.path().join("stack.yaml"), &options).unwrap_or_else(|wrong| panic!("{wrong}"))
}

fn allowed(stack: &Stack, tasks: &[Task]) -> Vec<Statement> {
    let scope = Scope {
        identity: identity(stack),
        partition: "aws".to_owned(),
        account: "123456789012".to_owned(),
        region: "eu-west-1".to_owned(),
        wanted: BTreeMap::new(),
        tag_keys: Default::default(),
        existing: BTreeMap::new(),
        protected: BTreeSet::new(),
        destroy: false,
    };
    statements(stack, &scope, tasks)
}

/// A stack with so many functions and routes to them.
fn many(count: usize) -> Stack {
    let function = |number: usize| format!("  function_{number}: {{ code: code, runtime: python3.13 }}\n");
    let route = |number: usize| format!("    GET /{number}: function_{number}\n");
    let functions: String = (0..count).map(function).collect();
    let routes: String = (0..count).map(route).collect();
    stack(&format!("stack: many\nfunctions:\n{functions}api:\n  routes:\n{routes}"))
}

/// With `UPDATE_DOCS=1` the page gets what is printed.
#[test]
fn the_documentation_shows_what_is_printed() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/permissions.md");
    let docs = std::fs::read_to_string(&page).unwrap();
    let begin = "```json\n{\n  \"Version\"";
    let (mut updated, mut rest) = (String::new(), docs.as_str());
    for tasks in [&[Task::Plan][..], &[Task::Up, Task::Down]] {
        let printed = documents(&allowed(&shipped(), tasks));
        let blocks: Vec<String> = printed
            .iter()
            .map(|document| format!("```json\n{}\n```\n", serde_json::to_string_pretty(document).unwrap()))
            .collect();
        let (before, policies) = rest.split_once(begin).expect("a policy on the page");
        // One block after the other, as many as there were.
        rest = policies;
        loop {
            let (_, after) = rest.split_once("\n```\n").expect("the end of a policy");
            let Some(next) = after.strip_prefix('\n').and_then(|after| after.strip_prefix(begin)) else {
                rest = after;
                break;
            };
            rest = next;
        }
        updated += &format!("{before}{}", blocks.join("\n"));
    }
    updated += rest;
    if std::env::var_os("UPDATE_DOCS").is_some() {
        return std::fs::write(&page, updated).unwrap();
    }
    assert!(docs == updated, "to update docs/permissions.md: UPDATE_DOCS=1 cargo test --lib documentation");
}

#[test]
fn a_stack_with_every_field() {
    let statements = allowed(&stack(FULL), &[Task::Up, Task::Down]);
    insta::assert_snapshot!("full", serde_json::to_string_pretty(&documents(&statements)).unwrap());
}

#[test]
fn each_task_allows_what_it_needs_alone() {
    let shipped = shipped();
    let actions = |tasks: &[Task]| -> BTreeSet<String> {
        allowed(&shipped, tasks).into_iter().flat_map(|statement| statement.actions).collect()
    };
    let (plan, up, down) = (actions(&[Task::Plan]), actions(&[Task::Up]), actions(&[Task::Down]));
    let is_read =
        |action: &String| ["Get", "List", "Describe", "GET"].iter().any(|verb| action.contains(verb));
    assert!(plan.iter().all(is_read), "{plan:?}");
    assert!(plan.is_subset(&up) && plan.is_subset(&down));
    let only_down: Vec<&String> = down.difference(&up).collect();
    assert_eq!(only_down, ["dynamodb:ListTables", "dynamodb:Scan"]);
    assert!(!down.iter().any(|action| action.contains("Create") || action.contains("Pass")), "{down:?}");
}

#[test]
fn a_large_stack_gets_several_policies_that_say_the_same() {
    let whole = allowed(&many(200), &[Task::Up, Task::Down]);
    let documents = documents(&whole);
    assert!(documents.len() > 5, "{}", documents.len());
    for document in &documents {
        assert!(serde_json::to_string(document).unwrap().len() <= 6_144);
    }
    let granted = |statements: &mut dyn Iterator<Item = &Statement>| -> BTreeSet<String> {
        let each = statements.flat_map(|statement| {
            let actions = statement.actions.join(",");
            let condition = format!("{:?}", statement.condition);
            statement.resources.iter().map(move |resource| format!("{actions} {resource} {condition}"))
        });
        each.collect()
    };
    let split = granted(&mut documents.iter().flat_map(|document| &document.statement));
    assert_eq!(split, granted(&mut whole.iter()));
    for document in &documents {
        let sids: BTreeSet<&String> = document.statement.iter().map(|statement| &statement.sid).collect();
        assert_eq!(sids.len(), document.statement.len(), "{sids:?}");
    }
}

/// The tasks of a call, and what it needs, as its kind states them.
fn stated(call: &str) -> (&'static [Task], Vec<(&'static str, &'static On)>) {
    let (_, permission) = permissions().find(|(_, permission)| permission.call == call).unwrap();
    (permission.tasks, permission.needs())
}

#[test]
fn every_call_is_stated_by_one_kind() {
    let mut kinds_of: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (call, kind) in calls() {
        kinds_of.entry(call).or_default().insert(kind);
    }
    for (call, kinds) in &kinds_of {
        // The calls of tags are the same for all resources of a service, and what subscribes at topics of others makes the calls of
        // what does at the stack's.
        let once = kinds.iter().filter(|kind| **kind != RemoteSubscription::NAME).count() == 1;
        assert!(once || call.contains("Tag"), "{call} has a row in each of {kinds:?}");
    }
    for kind in registry().kinds() {
        let (name, prefix) = (kind.name(), kind.service().prefix);
        // A parent may state calls of its children.
        let parent = kind.parent().map_or(name, |parent| parent.kind);
        let is_own = |(_, of): &(&&str, &BTreeSet<&str>)| of.contains(name) || of.contains(parent);
        let own: Vec<&str> = kinds_of.iter().filter(is_own).map(|(call, _)| *call).collect();
        assert!(own.iter().all(|call| call.starts_with(&format!("{prefix}:"))), "{name}: {own:?}");
        let reads = own.iter().any(|call| stated(call).0 == Task::READ);
        let any = |verbs: &[&str]| own.iter().any(|call| verbs.iter().any(|verb| call.contains(verb)));
        let creates = any(&[":Create", ":Add", ":Publish", ":Put", ":Subscribe"]);
        let deletes = any(&[":Delete", ":Remove", ":Unsubscribe"]);
        assert!(reads && creates && deletes, "`{name}` lacks a row for a call: {own:?}");
    }
}

#[test]
fn a_name_of_a_statement_means_one_thing() {
    let mut by_sid: BTreeMap<&str, &On> = BTreeMap::new();
    for (_, on) in permissions().flat_map(|(_, permission)| permission.needs()) {
        assert_eq!(by_sid.insert(on.sid, on).unwrap_or(on), on, "{}", on.sid);
        let registered = registry().kinds().iter().any(|kind| kind.name() == on.kind);
        assert!(registered || *on == On::EVERYTHING, "{} is about no kind", on.sid);
    }
}

#[test]
fn only_a_stack_with_a_boundary_has_bound_roles() {
    let sids = |text: &str| -> Vec<String> {
        let allowed = allowed(&stack(text), &[Task::Up]).into_iter();
        allowed.map(|statement| statement.sid).filter(|sid| sid.ends_with("Roles")).collect()
    };
    let table = "stack: small\ntables:\n  notes: { partition_key: id }\n";
    // Also where no role is declared: an earlier version may have left some.
    assert_eq!(sids(table), ["Roles"]);
    let boundary = "permissions_boundary: arn:aws:iam::012345678901:policy/limits\n";
    assert_eq!(sids(&format!("{table}{boundary}")), ["Roles", "BoundRoles"]);
}

//! The policies of the shipped stack, which the documentation shows, and of one with every field.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use super::{Statement, Task, documents, statements};
use crate::config::{Options, Stack, load};
use crate::lower::identity;
use crate::model::Scope;
use crate::plan::tests::stacks::FULL;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The shipped stack.
fn shipped() -> Stack {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("stack.yaml");
    load(&file, &Options { environment: None, process: &|_| None }).unwrap()
}

/// A stack with this text, in an environment.
fn stack(text: &str) -> Stack {
    let options = Options { environment: Some("prod"), process: &|_| None };
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
        tag_keys: BTreeSet::new(),
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

#[test]
fn the_documentation_shows_what_is_printed() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/permissions.md");
    let docs = std::fs::read_to_string(docs).unwrap();
    for tasks in [&[Task::Plan][..], &[Task::Up, Task::Down]] {
        let printed = documents(&allowed(&shipped(), tasks));
        let [document] = printed.as_slice() else { panic!("it fits into one policy") };
        let text = serde_json::to_string_pretty(document).unwrap();
        assert!(
            docs.contains(&format!("```json\n{text}\n```\n")),
            "docs/permissions.md should have this as it is:\n{text}"
        );
    }
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

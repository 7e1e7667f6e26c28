//! What a stack file says besides its resources: resources of others, names, tags.

use super::shipped::{well, whole};
use crate::cloud::Cloud;
use crate::dump::{differences, dump};
use crate::fixture::Fixture;
use crate::run::{Command, End, Ran, empty, later, run};
use serde_json::Value as Json;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

/// What other stacks refer to.
const CORE: &str = "stack: core
tables: { users: { partition_key: id } }
queues: { jobs: { visibility_timeout: 60 } }
api: { description: of the core }
";

/// A stack that uses what the core has.
fn user(api: &str) -> Fixture {
    Fixture::of(&format!(
        "stack: shop
tables: {{ accounts: {{ existing: users }} }}
queues: {{ work: {{ existing: jobs }} }}
api: {{ existing: {api} }}
functions:
  worker:
    code: lambdas/create_item
    runtime: python3.13
    timeout: 10
    access: {{ accounts: read, work: receive }}
    environment: {{ TABLE: '${{tables.accounts.name}}', QUEUE: '${{queues.work.url}}', API: '${{api.url}}' }}
    triggers: [{{ queue: work }}]
"
    ))
}

fn up(cloud: &Cloud, stack: &Fixture) -> Ran {
    run(cloud, Command::Up(stack), None)
}

/// An account with the core, and the id of its API.
fn core() -> (Cloud, String) {
    let cloud = later(&whole(up(&empty(), &Fixture::of(CORE))).cloud, MINUTE);
    let api = cloud.apigateway.apis.keys().next().cloned();
    (cloud, api.expect("an API with an id"))
}

fn errors(ran: &Ran) -> String {
    match &ran.end {
        End::Failed(errors) => errors.join("\n"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn resources_of_others_are_used_and_never_changed() {
    let (cloud, api) = core();
    let before = dump(&cloud);
    let stack = user(&api);
    let ran = whole(up(&cloud, &stack));
    let cloud = later(&ran.cloud, MINUTE);
    assert_eq!(well(up(&cloud, &stack)).writes(), Vec::<String>::new());
    let after: std::collections::BTreeMap<String, Json> = dump(&cloud);
    for (name, state) in &before {
        assert_eq!(after.get(name), Some(state), "{name} was changed");
    }
    let function = after.iter().find(|(name, _)| name.contains("function worker")).expect("the function");
    let shown = function.1.to_string();
    assert!(shown.contains("https://<api core 1>.") && shown.contains("/123456789012/jobs"), "{shown}");
    let down = well(run(&cloud, Command::Down(&stack), None));
    let left = differences(&dump(&later(&down.cloud, MINUTE)), &before);
    assert_eq!(left, Vec::<String>::new(), "all of the core is left, and nothing else");
}

#[test]
fn what_others_do_not_have_is_an_error_before_anything_is_made() {
    let (cloud, _) = core();
    let before = dump(&cloud);
    let ran = up(&cloud, &user("nowhere"));
    let errors = errors(&ran);
    assert!(errors.contains("api nowhere does not exist in this account and region"), "{errors}");
    assert_eq!(ran.writes(), Vec::<String>::new());
    assert_eq!(differences(&dump(&ran.cloud), &before), Vec::<String>::new());
}

/// An entry that becomes `existing` stays where it is, and nothing that was made for it goes: neither its role nor its logs.
#[test]
fn a_resource_of_ours_cannot_become_existing() {
    let own = "stack: shop
tables: { users: { partition_key: id } }
functions: { f: { code: lambdas/create_item, runtime: python3.13, access: { users: read } } }
";
    let function = own.replace(
        "{ code: lambdas/create_item, runtime: python3.13, access: { users: read } }",
        "{ existing: f }",
    );
    let table = own.replace("{ partition_key: id }", "{ existing: users }");
    let cloud = later(&whole(up(&empty(), &Fixture::of(own))).cloud, MINUTE);
    for (text, what) in [(&function, "function f"), (&table, "table users")] {
        let stack = Fixture::of(text);
        for command in [Command::Up(&stack), Command::Down(&stack)] {
            let ran = run(&cloud, command, None);
            let errors = errors(&ran);
            assert!(
                errors.contains(&format!("{what} belongs to this stack, and cannot be `existing`")),
                "{errors}"
            );
            assert_eq!(ran.writes(), Vec::<String>::new());
        }
    }
}

#[test]
fn a_protected_entry_is_neither_replaced_nor_deleted_while_it_stands_in_the_file() {
    let stack = "stack: shop\nqueues: { jobs: { protect: true }, other: {} }\n";
    let cloud = later(&whole(up(&empty(), &Fixture::of(stack))).cloud, MINUTE);
    let ran = run(&cloud, Command::Down(&Fixture::of(stack)), None);
    let protected = errors(&ran);
    assert!(protected.contains("queue jobs is protected by the stack file"), "{protected}");
    assert_eq!(ran.writes(), Vec::<String>::new());
    // Another name would mean another queue, and the end of this one.
    for other in ["protect: true, fifo: true", "protect: true, name: work"] {
        let ran = run(&cloud, Command::Up(&Fixture::of(&stack.replace("protect: true", other))), None);
        let protected = errors(&ran);
        assert!(protected.contains("queue jobs is protected by the stack file"), "{other}: {protected}");
        assert_eq!(ran.writes(), Vec::<String>::new());
    }
    let without = Fixture::of(&stack.replace("jobs: { protect: true }, ", ""));
    let ran = whole(run(&cloud, Command::Up(&without), None));
    assert_eq!(ran.writes(), ["sqs:DeleteQueue jobs #1"]);
}

#[test]
fn an_entry_has_tags_and_a_name_of_its_own() {
    let stack = "stack: shop
tags: { team: shop, cost: low }
tables:
  users: { partition_key: id, name: people, tags: { cost: high, owner: us } }
  other: { partition_key: id }
";
    let cloud = later(&whole(up(&empty(), &Fixture::of(stack))).cloud, MINUTE);
    assert_eq!(well(up(&cloud, &Fixture::of(stack))).writes(), Vec::<String>::new());
    let account = dump(&cloud);
    let tags = |table: &str| account[&format!("table {table}")]["tags"].clone();
    let (people, other) = (tags("people"), tags("other"));
    assert_eq!(
        (&people["team"], &people["cost"], &people["owner"]),
        (&"shop".into(), &"high".into(), &"us".into())
    );
    assert_eq!((&other["cost"], other.get("owner")), (&"low".into(), None));
    // What an entry no longer declares is left alone, and other entries do not get it.
    let without = stack.replace(", tags: { cost: high, owner: us }", "");
    let ran = whole(up(&cloud, &Fixture::of(&without)));
    assert_eq!(
        ran.writes(),
        ["dynamodb:TagResource arn:aws:dynamodb:eu-west-1:123456789012:table/people #1"]
    );
    let cloud = later(&ran.cloud, MINUTE);
    assert_eq!(dump(&cloud)["table people"]["tags"]["owner"], "us");
    assert_eq!(well(up(&cloud, &Fixture::of(&without))).writes(), Vec::<String>::new());
}

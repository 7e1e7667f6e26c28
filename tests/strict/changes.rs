//! A change of any stack, as data: what a new version of it may bring, so that a new example takes part without a word.

use crate::fixture::Fixture;
use provision::config::{Billing, Cors, Function, Json, Part, Stack, Template};
use std::fs;
use std::path::Path;

/// Changes a stack where it applies; false where it does not.
type Change = fn(&mut Stack) -> bool;

/// What can change.
pub(crate) const CHANGES: &[(&str, Change)] = &[
    ("a function is larger", |stack| {
        stack.functions.first_mut().map(|function| function.memory += 64).is_some()
    }),
    ("logs are kept longer", |stack| {
        stack.functions.first_mut().map(|function| function.log_retention = 365).is_some()
    }),
    ("a function may do more", |stack| {
        let table = stack.tables.first().map(|table| table.name.clone());
        let function = stack.functions.iter_mut().find(|function| function.role.is_none());
        function.zip(table).is_some_and(|(function, table)| {
            let actions = function.access.entry(table).or_default();
            actions.push("dynamodb:DescribeTable".to_owned());
            true
        })
    }),
    ("a table is paid otherwise", |stack| {
        stack.tables.first_mut().is_some_and(|table| {
            table.billing = match table.billing {
                Billing::OnDemand => Billing::Provisioned { read: 2, write: 2 },
                Billing::Provisioned { .. } => Billing::OnDemand,
            };
            true
        })
    }),
    ("a table is kept safer", |stack| {
        let table = stack.tables.iter_mut().find(|table| !table.point_in_time_recovery);
        table.map(|table| table.point_in_time_recovery = true).is_some()
    }),
    ("a route is removed", |stack| {
        stack.api.as_mut().is_some_and(|api| api.routes.len() > 1 && api.routes.pop().is_some())
    }),
    ("a route leads elsewhere", |stack| {
        let names: Vec<String> = stack.functions.iter().map(|function| function.name.clone()).collect();
        stack.api.as_mut().and_then(|api| api.routes.first_mut()).is_some_and(|route| {
            let other = names.into_iter().find(|name| *name != route.function);
            other.map(|other| route.function = other).is_some()
        })
    }),
    ("a function is renamed", |stack| {
        let free = |function: &&Function| !stack.functions.iter().any(|other| names(other, &function.name));
        let function = stack.functions.iter().skip(1).rfind(free).map(|function| function.name.clone());
        function.is_some_and(|old| rename(stack, &old, &format!("{old}_2")))
    }),
    ("a tag is added", |stack| stack.tags.insert("version".to_owned(), "2".to_owned()).is_none()),
    ("another origin may ask", |stack| {
        stack.api.as_mut().is_some_and(|api| {
            let origins = vec!["https://new.example.com".to_owned()];
            api.cors = match api.cors.take() {
                Some(cors) => Some(Cors { origins, ..cors }),
                None => Some(Cors {
                    origins,
                    methods: vec!["GET".to_owned()],
                    headers: Vec::new(),
                    expose: Vec::new(),
                    max_age: None,
                    credentials: false,
                }),
            };
            true
        })
    }),
];

/// The next version of a stack: all of the changes that it knows, and other code of its first function.
pub(crate) fn next_version(stack: &Fixture) -> Fixture {
    let code = stack.stack.functions.first().map(|function| function.code.clone());
    stack.with(
        |stack| {
            for (_, change) in CHANGES {
                change(stack);
            }
        },
        |folder| code.iter().for_each(|code| touch(&folder.join(code))),
    )
}

/// A stack without the protection that would hold its end back.
pub(crate) fn unprotected(stack: &Fixture) -> Fixture {
    stack.with(|stack| stack.tables.iter_mut().for_each(|table| table.protect = false), |_| ())
}

/// Changes a function's code: a folder gets another file, a file another line.
fn touch(code: &Path) {
    if code.is_dir() {
        fs::write(code.join("version.txt"), "2").expect("a file is written");
    } else {
        let text = fs::read_to_string(code).expect("code");
        fs::write(code, text + "\n").expect("a file is written");
    }
}

/// Gives a function another name, with the routes that lead to it.
fn rename(stack: &mut Stack, old: &str, new: &str) -> bool {
    let functions = stack.functions.iter_mut().filter(|function| function.name == old);
    functions.for_each(|function| function.name = new.to_owned());
    let routes = stack.api.iter_mut().flat_map(|api| &mut api.routes).filter(|route| route.function == old);
    routes.for_each(|route| route.function = new.to_owned());
    true
}

/// True if a function's texts name a function.
fn names(function: &Function, name: &str) -> bool {
    let own = [&function.description].into_iter().chain(function.environment.values());
    let policies = function.policy.iter().flat_map(|statement| statement.members.values());
    own.chain(policies.flat_map(texts)).flat_map(|text| &text.parts).any(|part| match part {
        Part::FunctionName(other) | Part::FunctionArn(other) => other == name,
        _ => false,
    })
}

/// The texts of a value.
fn texts(value: &Json) -> Vec<&Template> {
    match value {
        Json::Text(text) => vec![text],
        Json::List(items) => items.iter().flat_map(texts).collect(),
        Json::Map(members) => members.values().flat_map(texts).collect(),
        Json::Null | Json::Bool(_) | Json::Number(_) => Vec::new(),
    }
}

#[test]
fn every_change_is_made_to_some_stack_and_every_stack_is_changed() {
    let every = Fixture::every();
    for (what, change) in CHANGES {
        assert!(every.values().any(|stack| change(&mut stack.stack.clone())), "no stack in which {what}");
    }
    for (name, stack) in &every {
        let next = next_version(stack);
        let changed = CHANGES.iter().filter(|(_, change)| change(&mut stack.stack.clone())).count();
        assert!(changed > 2, "{name}");
        let first = stack.stack.functions.first().map(|function| &stack.hashes[&function.name]);
        let new = next.stack.functions.first().map(|function| &next.hashes[&function.name]);
        assert!(first.is_none() || first != new, "{name}: the code stays the same");
    }
}

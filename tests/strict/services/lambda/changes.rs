//! What a new version of a stack may bring for functions.

use crate::service::StackChange;
use provision::config::{Entry, Json, Part, Stack, Template};
use provision::kinds::function::section::Config;

pub(super) const CHANGES: &[(&str, StackChange)] = &[
    ("a function is larger", |stack| {
        stack.functions_mut().first_mut().map(|function| function.memory += 64).is_some()
    }),
    ("a layer has another description", |stack| {
        let layer = stack.layers_mut().first_mut();
        layer.map(|layer| layer.description = Some("Another".to_owned())).is_some()
    }),
    ("a function is renamed", |stack| {
        let in_machine = |name: &str| {
            let machines = stack.state_machines().iter().flat_map(|machine| machine.definition.values());
            machines.flat_map(texts).any(|text| is_of(text, name))
        };
        let free = |function: &&Entry<Config>| {
            let name = &function.name;
            !in_machine(name) && !stack.functions().iter().any(|other| names(other, name))
        };
        let function = stack.functions().iter().skip(1).rfind(free).map(|function| function.name.clone());
        function.is_some_and(|old| rename(stack, &old, &format!("{old}_2")))
    }),
];

/// Gives a function another name, with the routes that lead to it.
fn rename(stack: &mut Stack, old: &str, new: &str) -> bool {
    let functions = stack.functions_mut().iter_mut().filter(|function| function.name == old);
    functions.for_each(|function| function.name = new.to_owned());
    let routes =
        stack.api_mut().into_iter().flat_map(|api| &mut api.routes).filter(|route| route.function == old);
    routes.for_each(|route| route.function = new.to_owned());
    true
}

/// True if a function's texts name a function.
fn names(function: &Entry<Config>, name: &str) -> bool {
    let own = [&function.description].into_iter().chain(function.environment.values());
    let policies = function.policy.iter().flat_map(|statement| statement.members.values());
    own.chain(policies.flat_map(texts)).any(|text| is_of(text, name))
}

/// True if a text has an attribute of a function.
fn is_of(text: &Template, name: &str) -> bool {
    text.parts.iter().any(|part| match part {
        Part::Attribute { kind, key, .. } => *kind == "function" && key == name,
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

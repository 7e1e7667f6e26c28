//! What Step Functions refuses in a definition.

use crate::cloud::text;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

/// Why a definition is refused for a state machine of a type; `None` where it is not.
pub(super) fn refused(definition: &str, kind: &str) -> Option<String> {
    let Ok(definition) = serde_json::from_str::<Json>(definition) else {
        // [recorded: test_validate_state_machine_definition_not_a_definition]
        return Some("INVALID_JSON_DESCRIPTION: Unrecognized token".to_owned());
    };
    machine(&definition, kind, "").into_iter().next()
}

/// What is wrong with a machine, or with one within a state.
fn machine(machine: &Json, kind: &str, at: &str) -> Vec<String> {
    let required: Vec<&str> =
        ["States", "StartAt"].into_iter().filter(|field| machine.get(field).is_none()).collect();
    if !required.is_empty() {
        // [recorded: test_create_delete_invalid_sm]
        let at = if at.is_empty() { "/" } else { at };
        let required = required.join(", ");
        return vec![format!("SCHEMA_VALIDATION_FAILED: These fields are required: [{required}] at {at}")];
    }
    let none = serde_json::Map::new();
    let states = machine["States"].as_object().unwrap_or(&none);
    let mut found = Vec::new();
    let mut reached: BTreeSet<&str> = BTreeSet::new();
    let start = [(machine.get("StartAt"), format!("{at}/StartAt"))];
    let all = states.iter().flat_map(|(name, state)| targets(state, &format!("{at}/States/{name}")));
    for (target, place) in start.into_iter().chain(all) {
        let target = target.and_then(Json::as_str).unwrap_or_default();
        reached.insert(target);
        // As localstack#12487 shows AWS's answer.
        if !states.contains_key(target) {
            found.push(format!("MISSING_TRANSITION_TARGET: Missing 'Next' target: {target} at {place}"));
        }
    }
    for (name, state) in states {
        let place = format!("{at}/States/{name}");
        if !reached.contains(name.as_str()) {
            found.push(format!("MISSING_TRANSITION_TARGET: State \"{name}\" is not reachable. at {place}"));
        }
        if kind == "EXPRESS" {
            found.extend(of_express(text(state, "Resource").unwrap_or_default(), &place));
        }
        let branches = state["Branches"].as_array().into_iter().flatten();
        let inner =
            branches.chain(["ItemProcessor", "Iterator"].into_iter().filter_map(|name| state.get(name)));
        found.extend(inner.flat_map(|inner| self::machine(inner, kind, &place)));
    }
    let ends = |state: &Json| {
        state["End"] == json!(true) || ["Succeed", "Fail"].iter().any(|kind| state["Type"] == *kind)
    };
    if !states.values().any(ends) {
        // [API: ValidateStateMachineDefinitionDiagnostic]
        found.push(format!("MISSING_END_STATE: No terminal state at {at}/States"));
    }
    found
}

/// What a state leads to, with the places.
fn targets<'a>(state: &'a Json, at: &str) -> Vec<(Option<&'a Json>, String)> {
    let own = ["Next", "Default"].into_iter().filter(|field| state.get(field).is_some());
    let own = own.map(|field| (state.get(field), format!("{at}/{field}")));
    let lists = ["Choices", "Catch"].into_iter().flat_map(|field| {
        let items = state[field].as_array().into_iter().flatten().enumerate();
        items.map(move |(index, item)| (item.get("Next"), format!("{at}/{field}[{index}]/Next")))
    });
    own.chain(lists).collect()
}

/// [recorded: test_illegal_callbacks, test_illegal_activity_task]
fn of_express(resource: &str, at: &str) -> Option<String> {
    let lacks = if resource.ends_with(".waitForTaskToken") {
        "'.waitForTaskToken' service integration "
    } else if waits(resource) {
        "'.sync' service integration"
    } else if resource.contains(":activity:") {
        "Activity ARN"
    } else {
        return None;
    };
    Some(format!("SCHEMA_VALIDATION_FAILED: Express state machine does not support {lacks} at {at}/Resource"))
}

/// Whether a task waits for what it has started.
pub(super) fn waits(resource: &str) -> bool {
    resource.ends_with(".sync") || resource.ends_with(".sync:2")
}

/// The resources of all tasks.
pub(super) fn resources(definition: &Json) -> Vec<String> {
    match definition {
        Json::Object(members) => {
            let own = text(definition, "Resource").map(str::to_owned).into_iter();
            own.chain(members.values().flat_map(resources)).collect()
        }
        Json::Array(items) => items.iter().flat_map(resources).collect(),
        _ => Vec::new(),
    }
}

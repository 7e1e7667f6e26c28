//! One small stack with every wire: each kind of trigger at each kind of entry that it can start.

use crate::fixture::Fixture;
use serde_json::Value as Json;
use std::collections::BTreeSet;

const STACK: &str = include_str!("stack.yaml");
const SCHEMA: &str = include_str!("../../../../src/config/stack.schema.json");

/// What the names of its faults begin with.
pub(super) const NAME: &str = "wires";

pub(super) fn stack() -> Fixture {
    Fixture::of(STACK)
}

/// The sources of the triggers that a schema of them has, by their words in the stack file.
fn sources(schema: &Json) -> BTreeSet<String> {
    let part = schema["$ref"].as_str().and_then(|part| part.strip_prefix("#/$defs/"));
    if let Some(source) = part.and_then(|part| part.strip_suffix("_trigger")) {
        return [source.to_owned()].into();
    }
    let choices = ["anyOf", "oneOf"].into_iter().filter_map(|word| schema[word].as_array()).flatten();
    choices.chain(schema.get("items")).flat_map(sources).collect()
}

#[test]
fn the_stack_has_every_trigger_of_the_schema() {
    let schema: Json = serde_json::from_str(SCHEMA).expect("the schema of a stack file");
    let sections = &schema["properties"]["defaults"]["anyOf"][0]["properties"];
    let stack: Json = serde_yaml::from_str(STACK).expect("YAML");
    let mut seen = 0;
    for (section, fields) in sections.as_object().expect("sections") {
        let entries = stack[section].as_object().into_iter().flat_map(serde_json::Map::values);
        let items: Vec<&Json> = entries.filter_map(|entry| entry["triggers"].as_array()).flatten().collect();
        for source in sources(&fields["anyOf"][0]["properties"]["triggers"]) {
            assert!(
                items.iter().any(|item| !item[&source].is_null()),
                "no trigger `{source}` under `{section}`"
            );
            seen += 1;
        }
    }
    assert!(seen >= 20, "{seen} kinds of triggers");
}

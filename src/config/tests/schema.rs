//! The JSON Schema says what the reader takes: the same keys, limits and words.

use super::Project;
use crate::config::SCHEMA;
use serde_json::Value as Json;

/// A mapping of the stack file: where the schema describes it, and a file with a member of it to be filled in.
const MAPPINGS: &[(&str, &str)] = &[
    ("", "stack: s\n~"),
    ("/$defs/environment", "stack: s\nenvironments:\n  dev:\n    ~"),
    ("/$defs/table", "stack: s\ntables:\n  tab:\n    ~"),
    ("/$defs/table/properties/billing/oneOf/1", "stack: s\ntables:\n  tab: { billing: { ~ } }"),
    ("/$defs/key/oneOf/1", "stack: s\ntables:\n  tab: { partition_key: { ~ } }"),
    ("/$defs/function", "stack: s\nfunctions:\n  f:\n    ~"),
    ("/$defs/statement", "stack: s\nfunctions:\n  f: { policy: [{ ~ }] }"),
    ("/$defs/api", "stack: s\napi:\n  ~"),
    ("/$defs/cors", "stack: s\napi: { cors: { ~ } }"),
    ("/$defs/check", "stack: s\nchecks:\n  - ~"),
    ("/$defs/check/properties/expect", "stack: s\nchecks:\n  - expect: { ~ }"),
];

fn schema() -> Json {
    serde_json::from_str(SCHEMA).unwrap()
}

/// Each mapping with its properties in the schema.
fn mappings() -> Vec<(&'static str, serde_json::Map<String, Json>)> {
    let properties =
        |at: &str| schema().pointer(&format!("{at}/properties")).unwrap().as_object().unwrap().clone();
    MAPPINGS.iter().map(|(at, text)| (*text, properties(at))).collect()
}

/// The messages of what is wrong with a file.
fn messages(text: &str, member: &str) -> Vec<(String, String)> {
    let wrong = Project::new().load(text.replace('~', member), Some("dev"));
    let Err(wrong) = wrong else { return Vec::new() };
    let both =
        |item: &crate::config::Diagnostic| (item.message.clone(), item.help.clone().unwrap_or_default());
    wrong.items().iter().map(both).collect()
}

#[test]
fn the_reader_knows_exactly_the_keys_of_the_schema() {
    for (text, properties) in mappings() {
        let found = messages(text, "qqqqqqqq: 1");
        let (_, help) = found.iter().find(|(message, _)| message.contains("`qqqqqqqq`")).expect(text);
        let known: Vec<&str> = help.split('`').skip(1).step_by(2).collect();
        let more: usize = help
            .split_once(" and ")
            .map_or(0, |(_, more)| more.strip_suffix(" more").map_or(0, |more| more.parse().unwrap()));
        assert_eq!(known.len() + more, properties.len(), "{text}: {help}");
        for key in known {
            assert!(properties.contains_key(key), "{text}: the schema lacks `{key}`");
        }
        for key in properties.keys() {
            let unknown = format!("unknown key `{key}`");
            assert!(
                !messages(text, &format!("{key}: 1")).iter().any(|(why, _)| why.contains(&unknown)),
                "{unknown}"
            );
        }
    }
}

/// Whether the reader says of a value that it must be another.
fn is_refused(text: &str, key: &str, value: i64) -> bool {
    let starts = format!("`{key}` must be");
    messages(text, &format!("{key}: {value}")).iter().any(|(message, _)| message.starts_with(&starts))
}

#[test]
fn the_limits_of_numbers_are_those_of_the_schema() {
    let mut tried = 0;
    for (text, properties) in mappings() {
        for (key, property) in &properties {
            for (limit, beyond) in [("minimum", -1), ("maximum", 1)] {
                let Some(limit) = property.get(limit).and_then(Json::as_i64) else { continue };
                assert!(!is_refused(text, key, limit), "{key}: {limit}");
                assert!(is_refused(text, key, limit + beyond), "{key}: {}", limit + beyond);
                tried += 1;
            }
        }
    }
    assert!(tried >= 13, "{tried}");
}

#[test]
fn the_words_and_defaults_are_those_of_the_schema() {
    for (text, properties) in mappings() {
        for (key, property) in &properties {
            let words = property.get("enum").and_then(Json::as_array).into_iter().flatten();
            for value in words.chain(property.get("default")) {
                let found = messages(text, &format!("{key}: {value}"));
                let about = |(message, _): &&(String, String)| message.contains(&format!("`{key}`"));
                assert_eq!(found.iter().find(about), None, "{key}: {value}");
            }
        }
    }
}

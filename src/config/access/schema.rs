//! The JSON Schema of `access`.

use crate::config::declared::{AnySection, Sections};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

/// The JSON Schema of what may be allowed by the kinds of some sections.
pub(super) fn schema(sections: Sections) -> Json {
    let all = || sections.iter().filter_map(AnySection::access);
    let mut words: Vec<&str> = Vec::new();
    for level in all().flat_map(|access| access.levels) {
        if !words.contains(&level.name) {
            words.push(level.name);
        }
    }
    let services: Vec<String> = all().map(|access| access.service.to_owned()).collect();
    let one_of = services.iter().map(|service| format!("^{service}:[A-Za-z]+[*]?$|^{service}:[*]$"));
    let levels = words.iter().map(|word| format!("^{word}$"));
    let pattern = levels.chain(one_of).collect::<Vec<_>>().join("|");
    let item = json!({ "type": "string", "pattern": pattern });
    let list = json!({ "type": "array", "items": item, "minItems": 1 });
    let paths = json!({ "oneOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" }, "minItems": 1 }] });
    let by_paths = || all().filter(|access| access.paths.is_some());
    let levels = by_paths().flat_map(|access| access.levels.iter().map(|level| level.name));
    let properties: BTreeMap<&str, &Json> = levels.map(|level| (level, &paths)).collect();
    if properties.is_empty() {
        return json!({ "oneOf": [{ "enum": words }, list] });
    }
    let actions = by_paths().map(|access| (format!("^{}:[A-Za-z]+$", access.service), &paths));
    let actions: BTreeMap<String, &Json> = actions.collect();
    let limited = json!({
        "type": "object", "properties": properties, "patternProperties": actions, "additionalProperties": false, "minProperties": 1
    });
    json!({ "oneOf": [{ "enum": words }, list, limited] })
}

//! The JSON Schema of sections, which editors and the reference page read.

use super::{AnyField, Parts, Row};
use crate::config::environment::key_pattern;
use crate::config::existing::EXISTING;
use serde_json::{Map, Value as Json, json};

/// The JSON Schema of a mapping with these fields.
pub(crate) fn object(fields: &[&dyn AnyField], parts: &mut Parts) -> Json {
    let rows = || fields.iter().map(|field| field.row());
    let properties: Map<String, Json> =
        rows().map(|row| (row.name.to_owned(), property(row, parts))).collect();
    let required: Vec<&str> = rows().filter(|row| row.example.is_some()).map(|row| row.name).collect();
    let mut object = json!({ "additionalProperties": false, "properties": properties });
    if required.is_empty() {
        object["type"] = json!(["object", "null"]);
    } else {
        object["type"] = "object".into();
        object["required"] = json!(required);
    }
    for row in rows().filter(|row| !row.excludes.is_empty()) {
        let others: Map<String, Json> =
            row.excludes.iter().map(|other| ((*other).to_owned(), false.into())).collect();
        object["dependentSchemas"][row.name] = json!({ "properties": others });
    }
    object
}

/// The fields that limit a mapping to environments.
pub(crate) const LIMITS: [&str; 2] = ["only", "except"];

/// The JSON Schema of a mapping that `only` and `except` can limit to environments.
pub(crate) fn limited(mut mapping: Json) -> Json {
    let name = json!({ "type": "string", "pattern": key_pattern() });
    let about = ["The only environments in which it exists.", "The environments in which it does not exist."];
    for (field, about) in LIMITS.into_iter().zip(about) {
        mapping["properties"][field] = json!({
            "description": about,
            "oneOf": [name, { "type": "array", "items": name, "minItems": 1 }],
        });
    }
    mapping
}

/// The JSON Schema of an entry of a section, which may also stand for a resource of others. Only the decoder knows what
/// `defaults` supply, so no field is required; the keyword for those that are is our own, and editors ignore it.
pub(crate) fn entry_schema(mut entry: Json) -> Json {
    if let Some(members) = entry.as_object_mut()
        && let Some(required) = members.remove("required")
    {
        members.insert("x-required".to_owned(), required);
    }
    entry["properties"][EXISTING] = json!({
        "description": "The name, the id or the ARN of a resource of others. It is read, and never created, changed or deleted.",
        "type": "string",
        "minLength": 1,
    });
    limited(entry)
}

pub(crate) fn property(row: &Row, parts: &mut Parts) -> Json {
    let mut property = (row.schema)(parts);
    property["description"] = description(row).into();
    if let Some(default) = &row.default {
        property["default"] = default.clone();
    }
    property
}

/// What an editor and the reference page say.
fn description(row: &Row) -> String {
    let mut text = row.doc.to_owned();
    if !row.unit.is_empty() {
        text += &format!(" Unit: {}.", row.unit);
    }
    if row.immutable {
        text += " A change forces replacement.";
    }
    if row.sensitive {
        text += " Its value is never printed.";
    }
    text
}

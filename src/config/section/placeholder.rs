//! A placeholder may stand for every value of a file, so the JSON Schema admits one everywhere.

use serde_json::{Map, Value as Json, json};

/// The name of its definition.
const PLACEHOLDER: &str = "placeholder";

/// The fields in which there can be none.
const LITERAL: [&str; 4] = ["stack", "requires", "only", "except"];

/// Admits placeholders in a whole JSON Schema.
pub(crate) fn admit_placeholders(schema: &mut Json) {
    admit_below(schema);
    if let Some(parts) = schema["$defs"].as_object_mut() {
        parts.values_mut().for_each(admit_below);
    }
    schema["$defs"][PLACEHOLDER] = json!({
        "description": "A value that does not stand here: `${var.NAME}`, `${env}`, `${process.NAME}`, `${ssm:/NAME}`, `${secret:NAME}`.",
        "type": "string",
        "pattern": "[$][{].+[}]",
    });
}

/// Admits placeholders in the values of a mapping or a list.
fn admit_below(schema: &mut Json) {
    let Some(members) = schema.as_object_mut() else { return };
    for (keyword, member) in members.iter_mut() {
        match keyword.as_str() {
            "properties" => {
                let fields = member.as_object_mut().into_iter().flatten();
                fields
                    .filter(|(name, _)| !LITERAL.contains(&name.as_str()))
                    .for_each(|(_, field)| admit(field));
            }
            "additionalProperties" | "items" => admit(member),
            "oneOf" | "anyOf" | "allOf" => member.as_array_mut().into_iter().flatten().for_each(admit_below),
            _ => {}
        }
    }
}

/// Admits a placeholder in place of a value, and in what is in it.
fn admit(schema: &mut Json) {
    admit_below(schema);
    let Some(members) = schema.as_object_mut() else { return };
    let is_about = |keyword: &str| matches!(keyword, "description" | "default");
    let (about, value): (Map<String, Json>, Map<String, Json>) =
        std::mem::take(members).into_iter().partition(|(keyword, _)| is_about(keyword));
    *members = about;
    if takes_any_text(&value) {
        members.extend(value);
    } else {
        let reference = json!({ "$ref": format!("#/$defs/{PLACEHOLDER}") });
        members.insert("anyOf".to_owned(), json!([value, reference]));
    }
}

/// True for a value that may be any text, and so a placeholder.
fn takes_any_text(value: &Map<String, Json>) -> bool {
    let limits = ["pattern", "enum", "const", "oneOf", "anyOf", "$ref", "maxLength"];
    let is_text = match &value.get("type") {
        None => true,
        Some(Json::Array(types)) => types.iter().any(|one| one == "string"),
        Some(one) => *one == "string",
    };
    is_text && !limits.iter().any(|limit| value.contains_key(*limit))
}

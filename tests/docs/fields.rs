//! `docs/reference/stack-file.md`, generated from the schema of the stack file.

use crate::reference::{MADE, compare, table};
use provision::config::schema;
use provision::kinds::sections;
use serde_json::{Map, Value as Json};

const BEGINNING: &str = "\
# Every field

[The stack file](../stack-file.md) explains the fields, with examples. `provision schema` prints the same as a JSON
Schema, for editors and programs.

";

/// The parts of the stack file, each with its heading and its path in the schema.
const PARTS: &[(&str, &str)] = &[
    ("The file", ""),
    ("environments", "/$defs/environment"),
    ("tables", "/$defs/table"),
    ("key", "/$defs/key"),
    ("queues", "/$defs/queue"),
    ("resource_policy", "/$defs/resource_statement"),
    ("functions", "/$defs/function"),
    ("policy", "/$defs/statement"),
    ("api", "/$defs/api"),
    ("cors", "/$defs/cors"),
    ("checks", "/$defs/check"),
];

#[test]
fn the_reference_of_fields_is_that_of_the_schema() {
    let mut schema: Json = serde_json::from_str(&schema(sections())).unwrap();
    leave_placeholders_out(&mut schema);
    let defined = schema["$defs"].as_object().unwrap();
    assert_eq!(PARTS.len(), defined.len() + 1, "each part of the schema has a heading");
    let mut page = format!("{MADE}{BEGINNING}");
    for (heading, place) in PARTS {
        let part = schema.pointer(place).unwrap();
        page += &format!("## {heading}\n\n{}\n\n", described(part));
        let mut rows = Vec::new();
        fields(part, "", &mut rows);
        page += &table(&["field", "type", "default", "description"], &rows);
    }
    compare("stack-file.md", &format!("{}\n", page.trim_end()));
}

/// Takes out that a placeholder may stand for a value, which is so for all of them.
fn leave_placeholders_out(schema: &mut Json) {
    match schema {
        Json::Array(items) => items.iter_mut().for_each(leave_placeholders_out),
        Json::Object(members) => {
            members.remove("placeholder");
            if let Some([value, placeholder]) =
                members.get("anyOf").and_then(Json::as_array).map(Vec::as_slice)
                && placeholder["$ref"] == "#/$defs/placeholder"
            {
                let value = value.as_object().unwrap().clone();
                members.remove("anyOf");
                members.extend(value);
            }
            members.values_mut().for_each(leave_placeholders_out);
        }
        _ => {}
    }
}

/// The fields of a mapping; the fields of nested mappings follow, with a dot in their names.
fn fields(part: &Json, above: &str, rows: &mut Vec<Vec<String>>) {
    let required = part["required"].as_array().or_else(|| part["x-required"].as_array());
    let required = required.cloned().unwrap_or_default();
    let nothing = Map::new();
    let is_required = |name: &str| required.contains(&Json::from(name));
    let mut properties: Vec<_> = part["properties"].as_object().unwrap_or(&nothing).iter().collect();
    properties.sort_by_key(|(name, _)| !is_required(name));
    for (name, field) in properties {
        let default = match field.get("default") {
            _ if is_required(name) => "required".to_owned(),
            Some(Json::String(text)) if text.is_empty() => "empty".to_owned(),
            Some(default) => code(default),
            None => "–".to_owned(),
        };
        rows.push(vec![format!("`{above}{name}`"), kind(field), default, meaning(field)]);
        fields(field, &format!("{above}{name}."), rows);
        for form in field["items"]["anyOf"].as_array().into_iter().flatten() {
            fields(form, &format!("{above}{name}."), rows);
        }
    }
    for form in part["oneOf"].as_array().into_iter().flatten() {
        fields(form, above, rows);
    }
}

/// The type of a field, in words.
fn kind(field: &Json) -> String {
    if let Some(part) = part_of(field) {
        return format!("[{part}](#{part})");
    }
    if let Some(one) = field.get("const") {
        return code(one);
    }
    if let Some(words) = field["enum"].as_array() {
        return words.iter().map(code).collect::<Vec<_>>().join(", ");
    }
    if let Some(forms) = field["oneOf"].as_array() {
        return forms.iter().map(kind).collect::<Vec<_>>().join(" or ");
    }
    if let Some(forms) = field["anyOf"].as_array() {
        return forms.iter().map(kind).collect::<Vec<_>>().join(" or ");
    }
    let first = field["type"].as_str().or_else(|| field["type"][0].as_str());
    match first {
        Some("object") => match field["additionalProperties"].as_object() {
            Some(_) => format!("mapping to {}", kind(&field["additionalProperties"])),
            None => "mapping".to_owned(),
        },
        Some("array") => format!("list of {}", kind(&field["items"])),
        Some("string") => "text".to_owned(),
        Some("integer") => "number".to_owned(),
        Some("boolean") => "`true` or `false`".to_owned(),
        Some(other) => panic!("unknown type {other}"),
        None => "anything".to_owned(),
    }
}

/// The heading of the part that a field refers to.
fn part_of(field: &Json) -> Option<&'static str> {
    let place = field["$ref"].as_str()?.trim_start_matches('#').to_owned();
    PARTS.iter().find(|(_, part)| *part == place).map(|(heading, _)| *heading)
}

/// The description of a field, and its limits.
fn meaning(field: &Json) -> String {
    let mut text = described(field);
    for limit in limits(field).into_iter().chain(examples(field)) {
        text += &format!(" {limit}");
    }
    text.trim().to_owned()
}

fn described(part: &Json) -> String {
    part["description"].as_str().unwrap_or_default().to_owned()
}

/// The limits of a field as sentences.
fn limits(field: &Json) -> Vec<String> {
    let number = |key: &str| field[key].as_i64();
    let mut limits = Vec::new();
    limits.extend(match (number("minimum"), number("maximum")) {
        (Some(least), Some(most)) => Some(format!("{least} to {most}.")),
        (Some(least), None) => Some(format!("At least {least}.")),
        (None, Some(most)) => Some(format!("At most {most}.")),
        (None, None) => None,
    });
    limits.extend(number("maxLength").map(|most| format!("At most {most} characters.")));
    limits.extend(number("maxItems").or(number("maxProperties")).map(|most| format!("At most {most}.")));
    limits.extend(field["pattern"].as_str().map(|pattern| format!("Pattern: `{pattern}`.")));
    limits.extend(
        field["propertyNames"]["pattern"]
            .as_str()
            .map(|pattern| format!("Pattern of the keys: `{pattern}`.")),
    );
    limits
}

fn examples(field: &Json) -> Option<String> {
    let examples = field["examples"].as_array()?;
    Some(format!("For example {}.", examples.iter().map(code).collect::<Vec<_>>().join(", ")))
}

/// A value as it is written in YAML.
fn code(value: &Json) -> String {
    match value {
        Json::String(text) => format!("`{text}`"),
        other => format!("`{other}`"),
    }
}

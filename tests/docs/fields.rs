//! `docs/reference/stack-file.md`, generated from the schema of the stack file.

use crate::reference::{compare, marker, page, table};
use provision::config::schema;
use provision::kinds::sections;
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;

const SOURCE: &str = include_str!("pages/stack-file.md");

/// The fields of a section's entries that are the same in other sections: a table of their own has them.
const OF_EVERY_ENTRY: &[&str] = &["name", "existing", "only", "except", "protect", "tags"];

#[test]
fn the_reference_of_fields_is_that_of_the_schema() {
    let mut schema: Json = serde_json::from_str(&schema(sections())).unwrap();
    leave_placeholders_out(&mut schema);
    let entry = schema["$defs"]["function"]["properties"].as_object().unwrap().clone();
    let of_every_entry: Map<String, Json> =
        entry.into_iter().filter(|(name, _)| OF_EVERY_ENTRY.contains(&name.as_str())).collect();
    leave_out(&mut schema, &of_every_entry);
    let mut parts = BTreeMap::from([
        ("fields of the file".to_owned(), fields_table(&schema)),
        ("fields of every entry".to_owned(), fields_table(&json!({ "properties": of_every_entry }))),
    ]);
    for (name, part) in schema["$defs"].as_object().unwrap() {
        parts.insert(format!("about {name}"), described(part));
        parts.insert(format!("fields of {name}"), fields_table(part));
    }
    compare("stack-file.md", &page(SOURCE, parts));
}

/// Takes fields out of each mapping that has the very same.
fn leave_out(schema: &mut Json, out: &Map<String, Json>) {
    if let Some(properties) = schema.get_mut("properties").and_then(Json::as_object_mut) {
        properties.retain(|name, field| out.get(name) != Some(field));
    }
    match schema {
        Json::Array(items) => items.iter_mut().for_each(|item| leave_out(item, out)),
        Json::Object(members) => members.values_mut().for_each(|member| leave_out(member, out)),
        _ => {}
    }
}

fn fields_table(part: &Json) -> String {
    let mut rows = Vec::new();
    fields(part, "", &mut rows);
    table(&["field", "type", "default", "description"], &rows)
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
        // Its fields are those of the sections.
        if above.is_empty() && name == "defaults" {
            continue;
        }
        fields(field, &format!("{above}{name}."), rows);
        fields(&field["additionalProperties"], &format!("{above}{name}.*."), rows);
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
        return format!("[{part}](#{})", part.to_lowercase().replace(' ', "-"));
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

/// The heading of the part that a field refers to: the last one before the table of its fields.
fn part_of(field: &Json) -> Option<&'static str> {
    let name = field["$ref"].as_str()?.trim_start_matches("#/$defs/");
    let is_table =
        |line: &str| marker(line).and_then(|marker| marker.strip_prefix("fields of ")) == Some(name);
    let before = SOURCE.lines().take_while(|line| !is_table(line));
    before.filter(|line| line.starts_with('#')).last().map(|line| line.trim_start_matches(['#', ' ']))
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

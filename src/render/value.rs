//! Values of fields, as a plan shows them.

use crate::diff::Change;
use crate::model::Value;
use crate::text::sanitize_line;
use serde_json::Value as Json;

/// How a field changes: `128 → 256`. Sensitive values are never shown.
pub(super) fn change(change: &Change, sensitive: bool) -> String {
    if change.field() == "code" {
        return if change.from.is_some() { "changed".to_owned() } else { "new".to_owned() };
    }
    match (&change.from, &change.to) {
        (None, Some(_)) if sensitive => "set (value not shown)".to_owned(),
        (Some(_), None) if sensitive => "removed".to_owned(),
        (Some(_), Some(_)) if sensitive => "changed (values not shown)".to_owned(),
        (Some(Json::Array(from)), Some(Value::Known(Json::Array(to)))) => list(from, to),
        (None, Some(to)) => value(to),
        (Some(Json::String(from)), Some(to)) if from.is_empty() => value(to),
        (Some(from), None) => format!("{} → (none)", json(from)),
        (Some(from), Some(to)) => format!("{} → {}", json(from), value(to)),
        (None, None) => String::new(),
    }
}

/// What is added to a list and removed from it; the whole lists if only their order differs.
fn list(from: &[Json], to: &[Json]) -> String {
    let removed = from.iter().filter(|item| !to.contains(item)).map(|item| format!("- {}", json(item)));
    let added = to.iter().filter(|item| !from.contains(item)).map(|item| format!("+ {}", json(item)));
    let changes: Vec<String> = removed.chain(added).collect();
    if changes.is_empty() {
        format!("{} → {}", json(&from.into()), json(&to.into()))
    } else {
        changes.join("  ")
    }
}

/// A desired value; what AWS has yet to assign is known after `up`.
pub(super) fn value(value: &Value) -> String {
    match value {
        Value::Known(known) => json(known),
        Value::Reference(reference) => {
            format!("({} of the {}, known after up)", reference.attribute, reference.id)
        }
        Value::Join(parts) => parts.iter().map(self::value).collect(),
        Value::List(items) => format!("[{}]", items.iter().map(self::value).collect::<Vec<_>>().join(", ")),
        Value::Map(members) => {
            let members: Vec<String> =
                members.iter().map(|(key, item)| format!("{key}: {}", self::value(item))).collect();
            format!("{{{}}}", members.join(", "))
        }
    }
}

/// A live value.
fn json(value: &Json) -> String {
    match value {
        Json::String(text) => sanitize_line(text),
        Json::Array(items) => format!("[{}]", items.iter().map(json).collect::<Vec<_>>().join(", ")),
        Json::Object(members) => {
            let members: Vec<String> =
                members.iter().map(|(key, item)| format!("{key}: {}", json(item))).collect();
            format!("{{{}}}", members.join(", "))
        }
        other => other.to_string(),
    }
}

//! Values of fields, as a plan shows them.

use crate::diff::Change;
use crate::model::{reference, template, unresolved};
use crate::text::sanitize_line;
use serde_json::Value as Json;

/// How a field changes: `128 → 256`. Sensitive values are never shown.
pub(super) fn change(change: &Change, sensitive: bool) -> String {
    if change.field() == "code" {
        return "changed".to_owned();
    }
    match (&change.from, &change.to) {
        (None, Some(_)) if sensitive => "set (value not shown)".to_owned(),
        (Some(_), None) if sensitive => "removed".to_owned(),
        (Some(_), Some(_)) if sensitive => "changed (values not shown)".to_owned(),
        (Some(Json::Array(from)), Some(desired @ Json::Array(to))) if unresolved(desired).is_none() => {
            list(from, to)
        }
        (None, Some(to)) => value(to),
        (Some(Json::String(from)), Some(to)) if from.is_empty() => value(to),
        (Some(from), None) => format!("{} → (none)", value(from)),
        (Some(from), Some(to)) => format!("{} → {}", value(from), value(to)),
        (None, None) => String::new(),
    }
}

/// What is added to a list and removed from it; the whole lists if only their order differs.
fn list(from: &[Json], to: &[Json]) -> String {
    let removed = from.iter().filter(|item| !to.contains(item)).map(|item| format!("- {}", value(item)));
    let added = to.iter().filter(|item| !from.contains(item)).map(|item| format!("+ {}", value(item)));
    let changes: Vec<String> = removed.chain(added).collect();
    if changes.is_empty() {
        format!("{} → {}", value(&from.into()), value(&to.into()))
    } else {
        changes.join("  ")
    }
}

/// A value. What AWS has yet to assign is known after `up`.
pub(super) fn value(json: &Json) -> String {
    if let Some(parts) = template(json) {
        return parts.iter().map(part).collect();
    }
    match json {
        Json::String(text) => sanitize_line(text),
        Json::Array(items) => format!("[{}]", items.iter().map(value).collect::<Vec<_>>().join(", ")),
        Json::Object(members) => {
            let members: Vec<String> =
                members.iter().map(|(key, item)| format!("{key}: {}", value(item))).collect();
            format!("{{{}}}", members.join(", "))
        }
        other => other.to_string(),
    }
}

/// A part of a text.
fn part(part: &Json) -> String {
    match reference(part) {
        Some(reference) => format!("({} of the {}, known after up)", reference.attribute, reference.id),
        None => value(part),
    }
}

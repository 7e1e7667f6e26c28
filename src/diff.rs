//! The differences between what is wanted and what is there, by field. Generic: no kind is known here.

use crate::model::{Members, Value};
use serde_json::{Map, Value as Json};
use std::collections::BTreeSet;

/// A field that differs.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The way to the field, for example `environment` then `TABLE_NAME`.
    pub path: Vec<String>,
    /// What is there; `None` for nothing.
    pub from: Option<Json>,
    /// What is wanted; `None` for nothing.
    pub to: Option<Value>,
}

impl Change {
    /// The outermost field.
    pub fn field(&self) -> &str {
        self.path.first().map_or("", String::as_str)
    }
}

/// Every field that differs, maps by their keys and everything else as a whole. Null, an empty map and an empty list are
/// nothing.
pub fn diff(from: Option<&Json>, to: &Value) -> Vec<Change> {
    let mut changes = Vec::new();
    walk(&mut Vec::new(), from, Some(to), &mut changes);
    changes
}

fn walk(path: &mut Vec<String>, from: Option<&Json>, to: Option<&Value>, changes: &mut Vec<Change>) {
    let from = from.filter(|from| !is_nothing(from));
    let to = to.filter(|to| !matches!(to, Value::Known(json) if is_nothing(json)));
    if let (Some(from), Some(Value::Known(to))) = (from, to)
        && from == to
    {
        return;
    }
    match (from, to) {
        (None, None) => {}
        (from, to) if is_map(from, to) => {
            let (from, to) = (from.and_then(Json::as_object), members(to));
            for key in keys(from, &to) {
                path.push(key.clone());
                walk(path, from.and_then(|from| from.get(&key)), to.get(key.as_str()), changes);
                path.pop();
            }
        }
        (from, to) => changes.push(Change { path: path.clone(), from: from.cloned(), to: to.cloned() }),
    }
}

/// True if both sides are maps, or one is and the other is nothing.
fn is_map(from: Option<&Json>, to: Option<&Value>) -> bool {
    let from_map = from.is_none_or(Json::is_object);
    let to_map = to.is_none_or(|to| matches!(to, Value::Map(_) | Value::Known(Json::Object(_))));
    from_map && to_map
}

fn members(to: Option<&Value>) -> Members {
    match to {
        Some(Value::Map(members)) => members.clone(),
        Some(Value::Known(Json::Object(members))) => {
            members.iter().map(|(key, value)| (key.clone().into(), Value::Known(value.clone()))).collect()
        }
        _ => Members::new_vec(),
    }
}

fn keys(from: Option<&Map<String, Json>>, to: &Members) -> BTreeSet<String> {
    let from = from.into_iter().flat_map(|members| members.keys().cloned());
    from.chain(to.keys().map(ToString::to_string)).collect()
}

fn is_nothing(json: &Json) -> bool {
    match json {
        Json::Null => true,
        Json::Object(members) => members.values().all(is_nothing),
        Json::Array(items) => items.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Id;
    use serde_json::json;

    fn paths(from: Json, to: Value) -> Vec<String> {
        diff(Some(&from), &to).iter().map(|change| change.path.join(".")).collect()
    }

    #[test]
    fn maps_are_compared_by_key_and_lists_as_a_whole() {
        let from = json!({ "memory": 128, "tags": { "a": "1", "b": "2" }, "layers": ["x"] });
        let to = json!({ "memory": 128, "tags": { "a": "1", "b": "3", "c": "4" }, "layers": ["x", "y"] });
        assert_eq!(paths(from, to.into()), ["layers", "tags.b", "tags.c"]);
    }

    #[test]
    fn nothing_is_written_in_many_ways() {
        let from = json!({ "ttl": null, "layers": [], "cors": {}, "tags": { "a": null } });
        assert_eq!(paths(from, json!({}).into()), [""; 0]);
    }

    #[test]
    fn an_unknown_value_is_a_difference() {
        let reference = Value::reference(&Id::new("api", ""), "id");
        let to = Value::map([
            ("api_id", reference.clone()),
            ("target", Value::Join(vec!["x/".into(), reference])),
        ]);
        assert_eq!(paths(json!({ "api_id": "a1", "target": "x/a1" }), to), ["api_id", "target"]);
    }
}

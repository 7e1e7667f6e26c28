//! The differences between what is wanted and what is there, by field. Generic: no kind is known here.

use crate::model::Value;
use serde_json::Value as Json;
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
    walk(&mut Vec::new(), from, Some(Wanted::of(to)), &mut changes);
    changes
}

/// What is wanted somewhere in the tree. Where nothing is left to resolve it is JSON all the way down.
#[derive(Clone, Copy)]
enum Wanted<'a> {
    Known(&'a Json),
    Unknown(&'a Value),
}

impl<'a> Wanted<'a> {
    fn of(value: &'a Value) -> Self {
        match value {
            Value::Known(json) => Wanted::Known(json),
            unknown => Wanted::Unknown(unknown),
        }
    }

    /// The keys of a map.
    fn keys(self) -> Option<Vec<&'a str>> {
        match self {
            Wanted::Known(Json::Object(members)) => Some(members.keys().map(String::as_str).collect()),
            Wanted::Unknown(Value::Map(members)) => Some(members.keys().map(|key| &**key).collect()),
            _ => None,
        }
    }

    fn get(self, key: &str) -> Option<Self> {
        match self {
            Wanted::Known(json) => json.get(key).map(Wanted::Known),
            Wanted::Unknown(Value::Map(members)) => members.get(key).map(Wanted::of),
            Wanted::Unknown(_) => None,
        }
    }

    fn cloned(self) -> Value {
        match self {
            Wanted::Known(json) => Value::Known(json.clone()),
            Wanted::Unknown(value) => value.clone(),
        }
    }
}

fn walk<'a>(
    path: &mut Vec<&'a str>,
    from: Option<&'a Json>,
    to: Option<Wanted<'a>>,
    changes: &mut Vec<Change>,
) {
    let from = from.filter(|from| !is_nothing(from));
    let to = to.filter(|to| !matches!(to, Wanted::Known(json) if is_nothing(json)));
    match (from, to) {
        (None, None) => return,
        (Some(from), Some(Wanted::Known(to))) if from == to => return,
        _ => {}
    }
    let Some(keys) = keys(from, to) else {
        let path = path.iter().map(|key| (*key).to_owned()).collect();
        return changes.push(Change { path, from: from.cloned(), to: to.map(Wanted::cloned) });
    };
    for key in keys {
        path.push(key);
        walk(path, from.and_then(|from| from.get(key)), to.and_then(|to| to.get(key)), changes);
        path.pop();
    }
}

/// The keys of both sides, if both are maps, or one is and the other is nothing.
fn keys<'a>(from: Option<&'a Json>, to: Option<Wanted<'a>>) -> Option<BTreeSet<&'a str>> {
    let of_from = match from {
        Some(from) => from.as_object()?.keys().map(String::as_str).collect(),
        None => Vec::new(),
    };
    let of_to = match to {
        Some(to) => to.keys()?,
        None => Vec::new(),
    };
    Some(of_from.into_iter().chain(of_to).collect())
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
    use crate::model::ResourceId;
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
        let reference = Value::reference(&ResourceId::new("api", ""), "id");
        let to = Value::map([
            ("api_id", reference.clone()),
            ("target", Value::Join(vec!["x/".into(), reference])),
        ]);
        assert_eq!(paths(json!({ "api_id": "a1", "target": "x/a1" }), to), ["api_id", "target"]);
    }
}

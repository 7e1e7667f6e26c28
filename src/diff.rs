//! The differences between the desired and the live state, by field. Generic: no kind is known here.

use crate::model::template;
use serde_json::Value as Json;
use std::collections::BTreeSet;

/// A field that differs.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The path of the field, for example `environment` then `TABLE_NAME`.
    pub path: Vec<String>,
    /// The live value; `None` for nothing.
    pub from: Option<Json>,
    /// The desired value, which may have references; `None` for nothing.
    pub to: Option<Json>,
}

impl Change {
    /// The outermost field.
    pub fn field(&self) -> &str {
        self.path.first().map_or("", String::as_str)
    }
}

/// Every field that differs, maps by their keys and everything else as a whole. Null, an empty map and an empty list are
/// nothing.
pub fn diff(from: Option<&Json>, to: &Json) -> Vec<Change> {
    let mut changes = Vec::new();
    walk(&mut Vec::new(), from, Some(to), &mut changes);
    changes
}

fn walk<'a>(
    path: &mut Vec<&'a str>,
    from: Option<&'a Json>,
    to: Option<&'a Json>,
    changes: &mut Vec<Change>,
) {
    let from = from.filter(|from| !is_nothing(from));
    let to = to.filter(|to| !is_nothing(to));
    let is_template = to.is_some_and(|to| template(to).is_some());
    if from == to && !is_template {
        return;
    }
    let Some(keys) = keys(from, to).filter(|_| !is_template) else {
        let path = path.iter().map(|key| (*key).to_owned()).collect();
        return changes.push(Change { path, from: from.cloned(), to: to.cloned() });
    };
    for key in keys {
        path.push(key);
        walk(path, from.and_then(|from| from.get(key)), to.and_then(|to| to.get(key)), changes);
        path.pop();
    }
}

/// The keys of both sides, if both are maps, or one is and the other is nothing.
fn keys<'a>(from: Option<&'a Json>, to: Option<&'a Json>) -> Option<BTreeSet<&'a str>> {
    let mut keys = BTreeSet::new();
    for side in from.into_iter().chain(to) {
        keys.extend(side.as_object()?.keys().map(String::as_str));
    }
    Some(keys)
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
    use crate::model::{ResourceId, Text};
    use serde_json::json;

    fn paths(from: Json, to: Json) -> Vec<String> {
        diff(Some(&from), &to).iter().map(|change| change.path.join(".")).collect()
    }

    #[test]
    fn maps_are_compared_by_key_and_lists_as_a_whole() {
        let from = json!({ "memory": 128, "tags": { "a": "1", "b": "2" }, "layers": ["x"] });
        let to = json!({ "memory": 128, "tags": { "a": "1", "b": "3", "c": "4" }, "layers": ["x", "y"] });
        assert_eq!(paths(from, to), ["layers", "tags.b", "tags.c"]);
    }

    #[test]
    fn nothing_is_written_in_many_ways() {
        let from = json!({ "ttl": null, "layers": [], "cors": {}, "tags": { "a": null } });
        assert_eq!(paths(from, json!({})), [""; 0]);
    }

    #[test]
    fn an_unknown_value_is_a_difference() {
        let id = || Text::reference(&ResourceId::new("api", ""), "id");
        let to = json!({ "api_id": id(), "target": Text::join(["x/".into(), id()]) });
        assert_eq!(paths(json!({ "api_id": "a1", "target": "x/a1" }), to), ["api_id", "target"]);
    }
}

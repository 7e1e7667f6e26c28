//! What the requests name: long texts and many tags, and what each service adds.

use crate::services::Service;
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;

/// The values by name.
pub(super) fn names() -> BTreeMap<String, Json> {
    let mut names = BTreeMap::new();
    let mut give = |name: &str, value: Json| drop(names.insert(name.to_owned(), value));
    for length in [65, 129, 513, 1025, 5000] {
        give(&format!("{length} letters"), "x".repeat(length).into());
    }
    let keys = || (0..51).map(|number| format!("k{number}"));
    give("51 tags", keys().map(|key| json!({ "Key": key, "Value": "v" })).collect());
    let states = keys().map(|key| json!({ "key": key, "value": "v" }));
    give("51 tags of states", states.collect());
    give("51 tags by key", keys().map(|key| (key, Json::from("v"))).collect::<Map<_, _>>().into());
    Service::ALL.iter().flat_map(|service| service.given()).for_each(|(name, value)| give(name, value));
    names
}

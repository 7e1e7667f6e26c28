//! All that an account holds, in a form in which two accounts can be compared: names and times that AWS makes up are
//! replaced by what they stand for.

use crate::cloud::Cloud;
use crate::services::Service;
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// Everything that exists, each resource with its settings by kind and name.
pub(crate) fn dump(cloud: &Cloud) -> BTreeMap<String, Json> {
    let resources = Service::ALL.iter().flat_map(|service| service.dump(cloud));
    let made_up: Vec<(String, String)> =
        Service::ALL.iter().flat_map(|service| service.made_up(cloud)).collect();
    let replaced = |(name, resource): (String, Json)| {
        (
            replace(&name, &made_up),
            serde_json::from_str(&replace(&resource.to_string(), &made_up)).unwrap_or(resource),
        )
    };
    resources.map(replaced).collect()
}

/// The differences of two dumps, for people.
pub(crate) fn differences(one: &BTreeMap<String, Json>, two: &BTreeMap<String, Json>) -> Vec<String> {
    let names: std::collections::BTreeSet<&String> = one.keys().chain(two.keys()).collect();
    let differ = names.into_iter().filter(|name| one.get(*name) != two.get(*name));
    let shown = |resource: Option<&Json>| resource.map_or_else(|| "nothing".to_owned(), ToString::to_string);
    differ
        .map(|name| format!("{name}:\n      {}\n      {}", shown(one.get(name)), shown(two.get(name))))
        .collect()
}

fn replace(text: &str, made_up: &[(String, String)]) -> String {
    made_up.iter().fold(text.to_owned(), |text, (id, name)| text.replace(id, name))
}

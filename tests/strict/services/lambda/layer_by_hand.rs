//! What people and other tools do with layers. A version cannot be changed, only published or deleted.

use super::given;
use super::layer::{Layer, Version};
use crate::cloud::Cloud;
use crate::service::{Drift, Make, own, pick};
use crate::services::Service;
use serde_json::json;

/// The layers of random stacks.
pub(crate) const LAYERS: &[&str] = &["shared", "tools"];

impl Version {
    /// True for a version of a stack, by its identity.
    pub(super) fn is_of(&self, stack: &str) -> bool {
        let mut words = self.settings["Description"].as_str().unwrap_or_default().split(' ');
        let is_marked = words.next().is_some_and(|mark| mark.starts_with("provision-"));
        is_marked && words.next().is_some_and(|owner| owner.trim_end_matches(':') == stack)
    }
}

pub(super) const DRIFTS: &[(&str, Drift)] = &[
    ("the newest version of a layer is deleted", |cloud, stack, nth| {
        let newest =
            |layer: &Layer| layer.versions.values().next_back().is_some_and(|newest| newest.is_of(stack));
        let name = pick(&cloud.lambda.layers, newest, nth)?;
        cloud.lambda.layers.get_mut(&name)?.versions.pop_last();
        Some(name)
    }),
    ("all versions of a layer are deleted", |cloud, stack, nth| {
        let of_stack = |layer: &Layer| layer.versions.values().any(|version| version.is_of(stack));
        let name = pick(&cloud.lambda.layers, of_stack, nth)?;
        cloud.lambda.layers.get_mut(&name)?.versions.clear();
        Some(name)
    }),
];

pub(super) const UNMANAGED: &[(&str, Make)] = &[
    ("a layer of a wanted name", |cloud, stack, nth| {
        let name = own(stack, LAYERS, nth);
        // Where the stack has versions of that name, it is the stack's.
        if cloud.lambda.layers.get(&name).is_none_or(|layer| layer.versions.is_empty()) {
            publish(cloud, &name, "theirs");
        }
    }),
    ("a layer of a near name", |cloud, stack, nth| {
        publish(cloud, &format!("{}-2", own(stack, LAYERS, nth)), "provision-0123456789abcdef other: theirs");
    }),
];

/// Publishes a version.
pub(crate) fn publish(cloud: &mut Cloud, name: &str, description: &str) {
    let zip = given::values().into_iter().find(|(name, _)| *name == "zip").map(|(_, zip)| zip);
    let version = json!({ "LayerName": name, "Description": description, "Content": { "ZipFile": zip },
        "CompatibleRuntimes": ["python3.13"] });
    cloud.act(Service::Lambda, "PublishLayerVersion", &version).expect("a version");
}

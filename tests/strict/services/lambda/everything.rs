//! All that there is of functions, layers and event source mappings, each to the last detail, and its deletion by its owner.

use super::alias::Alias;
use super::version::Releases;
use super::{Function, Statements, mappings};
use crate::cloud::Cloud;
use crate::service::Resource;
use crate::services::Service;

/// The resources, with their details. Statements of a policy, and aliases, are resources of their own.
pub(super) fn everything(cloud: &Cloud) -> Vec<(Resource, String)> {
    let mut all = Vec::new();
    for (name, function) in cloud.lambda.functions.iter().filter(|(_, function)| function.gone.is_none()) {
        let resource = Resource::named(Service::Lambda, "function", name);
        for statement in function.policy.now() {
            let sid = statement["Sid"].as_str().unwrap_or_default();
            all.push((resource.child("permission", sid), statement.to_string()));
        }
        for (name, alias) in &function.releases.aliases {
            let resource = resource.child("alias", name);
            for statement in alias.policy.now() {
                let sid = statement["Sid"].as_str().unwrap_or_default();
                all.push((resource.child("permission", sid), statement.to_string()));
            }
            let alias = Alias { policy: Statements::default(), ..alias.clone() };
            let (provisioned, asynchronous) =
                (function.releases.provisioned.get(name), function.releases.asynchronous.get(name));
            all.push((resource, format!("{alias:?} {provisioned:?} {asynchronous:?}")));
        }
        let versions = function.releases.versions.clone();
        let releases = Releases { versions, ..Releases::default() };
        let function = Function { policy: Statements::default(), releases, ..function.clone() };
        all.push((resource, format!("{function:?}")));
    }
    all.extend(cloud.lambda.layers.iter().filter(|(_, layer)| !layer.versions.is_empty()).map(
        |(name, layer)| (Resource::named(Service::Lambda, "layer", name), format!("{:?}", layer.versions)),
    ));
    all.extend(mappings(cloud).map(|(id, mapping)| {
        (Resource::with_id(Service::Lambda, "event_source", id), format!("{mapping:?}"))
    }));
    all
}

/// Deletes a resource.
pub(super) fn remove(cloud: &mut Cloud, resource: &Resource) {
    let now = cloud.now;
    let Some(parent) = &resource.parent else {
        if let Some(layer) = cloud.lambda.layers.get_mut(&resource.name).filter(|_| resource.kind == "layer")
        {
            return layer.versions.clear();
        }
        cloud.lambda.functions.remove(&resource.name);
        cloud.lambda.mappings.remove(&resource.name);
        return;
    };
    let function = parent.parent.as_ref().map_or(&parent.name, |function| &function.name);
    let Some(function) = cloud.lambda.functions.get_mut(function) else { return };
    if resource.kind == "alias" {
        return function.releases.delete_alias(&resource.name);
    }
    let alias = function.releases.aliases.get_mut(&parent.name).filter(|_| parent.kind == "alias");
    let policy = alias.map_or(&mut function.policy, |alias| &mut alias.policy);
    let rest = policy.now().into_iter().filter(|statement| statement["Sid"] != *resource.name);
    policy.set(now, rest.collect());
}

//! A function for comparisons.

use super::alias::Alias;
use super::{Function, Statements, configuration};
use serde_json::{Map, Value as Json, json};

/// A function with all that belongs to it. Of its versions, those count that an alias leads to, whatever their numbers.
pub(super) fn function(function: &Function) -> Json {
    let (policy, configuration) = (policy(&function.policy), settings(&function.configuration));
    let mut dumped = json!({
        "configuration": configuration, "tags": function.tags, "reserved": function.reserved, "policy": policy,
    });
    let apart = function.apart.dumped();
    if !apart.is_null() {
        dumped["apart"] = apart;
    }
    if let Some(url) = &function.url {
        dumped["url"] = url.dumped();
    }
    for (name, settings) in &function.releases.aliases {
        dumped["aliases"][name] = alias(function, name, settings);
    }
    dumped
}

/// An alias, with the settings of the versions that it leads to in the place of their numbers.
fn alias(function: &Function, name: &str, alias: &Alias) -> Json {
    let served = |(version, weight): (&str, f64)| {
        let settings = function.version(Some(version)).map(|version| settings(&version.configuration));
        json!({ "version": settings, "weight": weight })
    };
    let served: Vec<Json> = alias.shares().into_iter().map(served).collect();
    let provisioned = function.releases.provisioned.get(name).map(|provisioned| provisioned.requested);
    json!({
        "description": alias.description, "serves": served, "provisioned": provisioned, "policy": policy(&alias.policy),
        "async": function.releases.asynchronous.get(name),
    })
}

fn policy(statements: &Statements) -> Vec<Json> {
    let mut policy = statements.now();
    policy.iter_mut().for_each(without_number);
    policy.sort_by_key(ToString::to_string);
    policy
}

/// The settings of a function or a version; what says that there is none is the same as nothing.
fn settings(configuration: &Map<String, Json>) -> Map<String, Json> {
    let mut settings = configuration.clone();
    if !configuration::in_network(&settings) {
        settings.remove("VpcConfig");
    }
    if settings.get("SnapStart").is_some_and(|snapshots| snapshots["ApplyOn"] == "None") {
        settings.remove("SnapStart");
    }
    settings
}

/// How often a permission was replaced, which the number at the end of its `Sid` says, makes no difference.
fn without_number(statement: &mut Json) {
    let sid = statement["Sid"].as_str().unwrap_or_default();
    if let Some((base, _)) = sid.rsplit_once('-').filter(|_| sid.starts_with("provision-")) {
        statement["Sid"] = base.into();
    }
}

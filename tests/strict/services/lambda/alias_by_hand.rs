//! What people and other tools do with aliases and versions. An alias has no tags: those of a function of a stack are the stack's, but
//! for the one that is made here.

use super::alias::Alias;
use super::function::Function;
use super::provisioned::Provisioned;
use super::qualifier::LATEST;
use super::version::freeze;
use crate::cloud::Cloud;
use crate::service::{Drift, Make, Marked, pick};
use crate::services::Service;
use serde_json::{Map, json};

const THEIRS: &str = "theirs";

pub(super) const DRIFTS: &[(&str, Drift)] = &[
    ("an alias is deleted", |cloud, stack, nth| {
        let (function, alias) = pick_alias(cloud, stack, nth)?;
        cloud.lambda.functions.get_mut(&function)?.releases.delete_alias(&alias);
        Some(format!("{function}:{alias}"))
    }),
    ("an alias is moved to another version", |cloud, stack, nth| {
        let other = other_version(cloud, stack, nth)?;
        change(cloud, stack, nth, |alias| {
            alias.version.clone_from(&other);
            alias.weights.remove(&other);
        })
    }),
    ("an alias gives another version a share", |cloud, stack, nth| {
        let other = other_version(cloud, stack, nth)?;
        change(cloud, stack, nth, |alias| alias.weights = Map::from_iter([(other, json!(0.3))]))
    }),
    ("an alias is described otherwise", |cloud, stack, nth| {
        change(cloud, stack, nth, |alias| THEIRS.clone_into(&mut alias.description))
    }),
    ("the permissions of an alias are taken away", |cloud, stack, nth| {
        let now = cloud.now;
        change(cloud, stack, nth, |alias| {
            let ours = |sid: &str| sid.starts_with("provision-");
            let mut rest = alias.policy.now();
            rest.retain(|statement| !ours(statement["Sid"].as_str().unwrap_or_default()));
            alias.policy.set(now, rest);
        })
    }),
    ("an alias keeps other executions ready", |cloud, stack, nth| {
        let (function, alias) = pick_alias(cloud, stack, nth)?;
        let (now, function) = (cloud.now, cloud.lambda.functions.get_mut(&function)?);
        let kept = &mut function.releases.provisioned;
        if kept.get(&alias).is_some_and(|kept| kept.requested == 7) {
            kept.remove(&alias);
        } else {
            kept.insert(alias.clone(), Provisioned::of(7, now));
        }
        Some(alias)
    }),
    ("an alias keeps no executions ready", |cloud, stack, nth| {
        let (function, alias) = pick_alias(cloud, stack, nth)?;
        let kept = &mut cloud.lambda.functions.get_mut(&function)?.releases.provisioned;
        kept.remove(&alias).map(|_| alias)
    }),
    ("an alias has other asynchronous settings", |cloud, stack, nth| {
        let (function, alias) = pick_alias(cloud, stack, nth)?;
        let all = &mut cloud.lambda.functions.get_mut(&function)?.releases.asynchronous;
        if all.remove(&alias).is_none() {
            all.insert(alias.clone(), json!({ "MaximumRetryAttempts": 0 }));
        }
        Some(alias)
    }),
    ("a version of a function is published by hand", |cloud, stack, nth| {
        let function = pick(&cloud.lambda.functions, |function| function.is_of(stack), nth)?;
        published(cloud, &function).map(|number| format!("{function}:{number}"))
    }),
];

/// The nth alias of the functions of a stack, counted round and round.
fn pick_alias(cloud: &Cloud, stack: &str, nth: usize) -> Option<(String, String)> {
    let functions = cloud.lambda.functions.iter().filter(|(_, function)| function.is_of(stack));
    let aliases = functions.flat_map(|(name, function)| {
        let ours = function.releases.aliases.keys().filter(|alias| *alias != THEIRS);
        ours.map(move |alias| (name.clone(), alias.clone()))
    });
    let aliases: Vec<_> = aliases.collect();
    aliases.get(nth.checked_rem(aliases.len())?).cloned()
}

fn change(cloud: &mut Cloud, stack: &str, nth: usize, change: impl FnOnce(&mut Alias)) -> Option<String> {
    let (function, alias) = pick_alias(cloud, stack, nth)?;
    let releases = &mut cloud.lambda.functions.get_mut(&function)?.releases;
    let settings = releases.aliases.get_mut(&alias)?;
    change(settings);
    settings.changes += 1;
    Some(format!("{function}:{alias}"))
}

/// A version that the nth alias does not lead to: one that there is, or one that is published by hand.
fn other_version(cloud: &mut Cloud, stack: &str, nth: usize) -> Option<String> {
    let (name, alias) = pick_alias(cloud, stack, nth)?;
    let releases = &cloud.lambda.functions.get(&name)?.releases;
    let current = &releases.aliases.get(&alias)?.version;
    let other = releases.versions.keys().map(u64::to_string).find(|version| version != current);
    other.or_else(|| published(cloud, &name).map(|number| number.to_string()))
}

/// Publishes other settings than those that the function has, which it then has again.
fn published(cloud: &mut Cloud, name: &str) -> Option<u64> {
    let now = cloud.now;
    let memory =
        |function: &mut Function, memory| function.configuration.insert("MemorySize".to_owned(), memory);
    let function = cloud.lambda.functions.get_mut(name)?;
    let before = memory(function, json!(2048)).unwrap_or_default();
    let number = freeze(cloud, name, Some(THEIRS), now);
    memory(cloud.lambda.functions.get_mut(name)?, before);
    number
}

pub(super) const UNMANAGED: &[(&str, Make)] =
    &[("an alias of a function of the stack", |cloud, stack, nth| {
        let Some(name) = pick(&cloud.lambda.functions, |function| function.is_of(stack), nth) else { return };
        let newest = cloud.lambda.functions[&name].releases.versions.keys().last().map(u64::to_string);
        let version = newest.as_deref().unwrap_or(LATEST);
        let alias = json!({ "FunctionName": name, "Name": THEIRS, "FunctionVersion": version });
        cloud.act(Service::Lambda, "CreateAlias", &alias);
        let permission = json!({ "FunctionName": name, "Qualifier": THEIRS, "StatementId": "theirs",
        "Principal": "events.amazonaws.com", "Action": "lambda:InvokeFunction" });
        cloud.act(Service::Lambda, "AddPermission", &permission);
    })];

/// Moves all aliases, and keeps executions ready for them, of a stack that has some.
pub(super) fn change_all(cloud: &mut Cloud) {
    let names: Vec<String> = cloud.lambda.functions.keys().cloned().collect();
    for name in names {
        if cloud.lambda.functions[&name].releases.aliases.is_empty() {
            continue;
        }
        let other = published(cloud, &name).map(|number| number.to_string()).unwrap_or_default();
        let now = cloud.now;
        let Some(function) = cloud.lambda.functions.get_mut(&name) else { continue };
        for (alias, settings) in &mut function.releases.aliases {
            other.clone_into(&mut settings.version);
            settings.weights.clear();
            THEIRS.clone_into(&mut settings.description);
            function.releases.provisioned.insert(alias.clone(), Provisioned::of(7, now));
        }
    }
}

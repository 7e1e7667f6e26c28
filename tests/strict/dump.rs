//! All that an account holds, in a form in which two accounts can be compared: names and times that AWS makes up are
//! replaced by what they stand for.

use crate::cloud::Cloud;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

/// What there is, each thing with its settings by kind and name.
pub(crate) fn dump(cloud: &Cloud) -> BTreeMap<String, Json> {
    let mut things = BTreeMap::new();
    tables(cloud, &mut things);
    roles(cloud, &mut things);
    groups(cloud, &mut things);
    functions(cloud, &mut things);
    apis(cloud, &mut things);
    let made_up = made_up(cloud);
    let replaced = |(name, thing): (String, Json)| {
        (
            replace(&name, &made_up),
            serde_json::from_str(&replace(&thing.to_string(), &made_up)).unwrap_or(thing),
        )
    };
    things.into_iter().map(replaced).collect()
}

/// The differences of two dumps, for people.
pub(crate) fn differences(one: &BTreeMap<String, Json>, two: &BTreeMap<String, Json>) -> Vec<String> {
    let names: std::collections::BTreeSet<&String> = one.keys().chain(two.keys()).collect();
    let differ = names.into_iter().filter(|name| one.get(*name) != two.get(*name));
    let shown = |thing: Option<&Json>| thing.map_or_else(|| "nothing".to_owned(), ToString::to_string);
    differ
        .map(|name| format!("{name}:\n      {}\n      {}", shown(one.get(name)), shown(two.get(name))))
        .collect()
}

fn replace(text: &str, made_up: &[(String, String)]) -> String {
    made_up.iter().fold(text.to_owned(), |text, (id, name)| text.replace(id, name))
}

/// What AWS made up, and what it stands for.
fn made_up(cloud: &Cloud) -> Vec<(String, String)> {
    let mut names = Vec::new();
    for role in cloud.iam.roles.values() {
        names.push((role.id.clone(), format!("<id of role {}>", role.name)));
    }
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for (id, api) in &cloud.apigateway.apis {
        let name = api.settings.get("Name").and_then(Json::as_str).unwrap_or_default();
        let nth = seen.entry(name.to_owned()).or_default();
        *nth += 1;
        names.push((id.clone(), format!("<api {name} {nth}>")));
        for (integration, settings) in &api.integrations {
            let description = settings.get("Description").and_then(Json::as_str).unwrap_or_default();
            let nth = seen.entry(format!("{id} {description}")).or_default();
            *nth += 1;
            names.push((integration.clone(), format!("<integration {description} {nth}>")));
        }
        for (route, settings) in &api.routes {
            let key = settings.get("RouteKey").and_then(Json::as_str).unwrap_or_default();
            names.push((route.clone(), format!("<route {key}>")));
        }
    }
    names
}

fn tables(cloud: &Cloud, things: &mut BTreeMap<String, Json>) {
    for (name, table) in &cloud.dynamodb.tables {
        let status = table.status(cloud.now);
        if table.phase.0 == "DELETING" {
            continue;
        }
        let mut description = table.description.clone();
        description.remove("TableId");
        // A missing summary means PROVISIONED [aws-facts: DynamoDB].
        if description
            .get("BillingModeSummary")
            .is_some_and(|summary| summary["BillingMode"] == "PROVISIONED")
        {
            description.remove("BillingModeSummary");
        }
        let ttl = table.ttl.as_ref().filter(|(_, on, _)| *on).map(|(attribute, ..)| attribute);
        let thing = json!({
            "description": description, "status": status, "ttl": ttl, "recovery": table.recovery,
            "protected": table.protected, "tags": table.tags, "items": table.items,
        });
        things.insert(format!("table {name}"), thing);
    }
}

fn roles(cloud: &Cloud, things: &mut BTreeMap<String, Json>) {
    let parsed = |document: &String| serde_json::from_str::<Json>(document).unwrap_or_default();
    for role in cloud.iam.roles.values() {
        let policies: BTreeMap<&String, Json> =
            role.policies.iter().map(|(name, document)| (name, parsed(document))).collect();
        let thing = json!({
            "path": role.path, "trust": parsed(&role.trust), "policies": policies, "attached": role.attached,
            "boundary": role.boundary, "tags": role.tags, "profiles": role.profiles,
        });
        things.insert(format!("role {}", role.name), thing);
    }
}

fn groups(cloud: &Cloud, things: &mut BTreeMap<String, Json>) {
    for (name, group) in &cloud.logs.groups {
        // How much is in it depends on when the last logs of a function arrive.
        let thing = json!({ "days": group.days, "tags": group.tags, "protected": group.protected });
        things.insert(format!("log group {name}"), thing);
    }
}

fn functions(cloud: &Cloud, things: &mut BTreeMap<String, Json>) {
    for (name, function) in cloud.lambda.functions.iter().filter(|(_, function)| function.gone.is_none()) {
        let mut policy = function.policy.now();
        policy.iter_mut().for_each(without_number);
        policy.sort_by_key(ToString::to_string);
        let thing = json!({
            "configuration": function.configuration, "tags": function.tags, "reserved": function.reserved,
            "policy": policy,
        });
        things.insert(format!("function {name}"), thing);
    }
}

/// How often a permission was replaced, which the number at the end of its `Sid` tells, makes no difference.
fn without_number(statement: &mut Json) {
    let sid = statement["Sid"].as_str().unwrap_or_default();
    if let Some((base, _)) = sid.rsplit_once('-').filter(|_| sid.starts_with("provision-")) {
        statement["Sid"] = base.into();
    }
}

fn apis(cloud: &Cloud, things: &mut BTreeMap<String, Json>) {
    for (id, api) in &cloud.apigateway.apis {
        things.insert(format!("api {id}"), json!({ "settings": api.settings, "tags": api.tags }));
        for (child, settings) in &api.integrations {
            things.insert(format!("api {id} integration {child}"), json!(settings));
        }
        for (child, settings) in &api.routes {
            things.insert(format!("api {id} route {child}"), json!(settings));
        }
        for (child, stage) in &api.stages {
            let thing = json!({ "settings": stage.settings, "tags": stage.tags });
            things.insert(format!("api {id} stage {child}"), thing);
        }
    }
}

//! EventBridge [aws-facts-services: 4].

pub(crate) mod archive;
mod bus;
mod by_hand;
mod pattern;
mod permission;
mod random;
mod rule;
mod tags;
mod target;
mod tests;

pub(crate) use bus::State;
pub(crate) use rule::rule_arn;

use crate::access::{Need, known, nothing, with_tagging};
use crate::cloud::{ACCOUNT, Cloud, REGION, Tags, text};
use crate::random::{Section, Wire};
use crate::service::{Drift, Facts, Make, Resource, StrictService, Tagged};
use crate::services::Service;
use crate::services::sqs::can_be_declared;
use crate::wire::Call;
use proptest::strategy::BoxedStrategy;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::rc::Rc;

pub(crate) struct Events;

/// The ARN of the bus or the rule that a call is about, with its tags as far as they are known.
fn about(cloud: &Cloud, call: &Call) -> Option<(String, Tags)> {
    let params = &call.params;
    let named = |key: &str| text(params, key).map(str::to_owned);
    let bus = bus::named(params);
    let arn = match call.operation.name.as_str() {
        "PutRule" | "DescribeRule" | "DeleteRule" => rule_arn(&bus, &named("Name")?),
        "PutTargets" | "RemoveTargets" | "ListTargetsByRule" => rule_arn(&bus, &named("Rule")?),
        // They know no resources [Service Authorization Reference].
        "PutPermission" | "RemovePermission" | "ListRules" | "ListArchives" => return None,
        "CreateArchive" | "DescribeArchive" | "UpdateArchive" | "DeleteArchive" => {
            archive::archive_arn(&named("ArchiveName")?)
        }
        "CreateEventBus" | "UpdateEventBus" | "DescribeEventBus" | "DeleteEventBus" => {
            bus::bus_arn(&bus::name_in(&named("Name").unwrap_or_else(|| "default".to_owned())))
        }
        _ => named("ResourceARN")?,
    };
    let tags = tags::of(cloud, &arn).and_then(|(created, tags)| known(cloud, created, tags).cloned());
    Some((arn, tags.unwrap_or_default()))
}

/// EventBridge asks KMS about a key in the name of the caller [DG: EventBridge key policy].
fn key_needs(call: &Call) -> Vec<Need> {
    let key = text(&call.params, "KmsKeyIdentifier").filter(|key| !key.is_empty());
    let key = key.map(|key| match key.rsplit_once("alias/") {
        Some((_, alias)) => format!("arn:aws:kms:{REGION}:{ACCOUNT}:key/of-{alias}"),
        None => key.to_owned(),
    });
    let through = format!("events.{REGION}.amazonaws.com");
    let need =
        |action: &str, key: &String| Need::new(action, key.clone()).with("kms:ViaService", Some(&through));
    let all = |key: String| {
        ["kms:DescribeKey", "kms:GenerateDataKey", "kms:Decrypt"].map(|action| need(action, &key))
    };
    key.into_iter().flat_map(all).collect()
}

/// The roles of targets [aws-facts-services: Who needs PassRole].
fn passed(call: &Call) -> Vec<Need> {
    let targets = call.params["Targets"].as_array().into_iter().flatten();
    let roles = targets.filter_map(|target| text(target, "RoleArn"));
    let pass = |role: &str| {
        Need::new("iam:PassRole", role.to_owned()).with("iam:PassedToService", Some("events.amazonaws.com"))
    };
    roles.map(pass).collect()
}

/// The rules but for those of archives, which come and go with them.
fn own_rules(cloud: &Cloud) -> impl Iterator<Item = (&String, &rule::Rule)> {
    cloud.events.rules.iter().filter(|(_, rule)| rule.managed_by.is_none())
}

impl StrictService for Events {
    fn facts(&self) -> &'static Facts {
        &Facts {
            name: "events",
            model: ("events", "2015-10-07"),
            operations: &[
                archive::OPERATIONS,
                bus::OPERATIONS,
                permission::OPERATIONS,
                rule::OPERATIONS,
                target::OPERATIONS,
                tags::OPERATIONS,
            ],
            changed: &["Rule", "Name", "ArchiveName", "EventBusName", "ResourceARN"],
            subject: &["Rule", "Name", "ArchiveName", "EventBusName", "ResourceARN"],
            tokens: &["NextToken"],
            throttled: ("ThrottlingException", 400),
            failed: ("InternalException", 500),
            denied: ("AccessDeniedException", 400),
            invalid: "ValidationException",
            unmodelled: &["ValidationException", "ResourceNotFoundException"],
        }
    }

    fn needs(&self, cloud: &Cloud, call: &Call) -> Vec<Need> {
        let Some((arn, tags)) = about(cloud, call) else {
            return vec![Need::new(call.name(), nothing(call))];
        };
        let own = Need::new(call.name(), arn).of(&tags);
        let creates = ["CreateEventBus", "PutRule"].contains(&call.operation.name.as_str());
        let tagging = with_tagging(call, own, "events:TagResource", creates);
        // A new archive is made of a bus too [Service Authorization Reference].
        let source = text(&call.params, "EventSourceArn").map(|bus| Need::new(call.name(), bus.to_owned()));
        tagging.into_iter().chain(source).chain(key_needs(call)).chain(passed(call)).collect()
    }

    fn tagged(&self, cloud: &Cloud) -> Vec<Tagged> {
        let buses = cloud.events.buses.iter().map(|(name, bus)| Tagged {
            arn: bus::bus_arn(name),
            name: format!("event bus {name}"),
            created: bus.created,
            tags: bus.tags.clone(),
        });
        let rules = cloud.events.rules.iter().map(|(key, rule)| Tagged {
            arn: rule.arn(),
            name: format!("rule {key}"),
            created: rule.created,
            tags: rule.tags.clone(),
        });
        buses.chain(rules).collect()
    }

    fn broken(&self, cloud: &Cloud) -> Vec<(String, String)> {
        target::broken(cloud)
    }

    fn dump(&self, cloud: &Cloud) -> BTreeMap<String, Json> {
        let buses = cloud.events.buses.iter().map(|(name, bus)| {
            // An archive has no tags, and is the bus's owner's.
            let mut shown = bus.dump();
            shown["archives"] = archive::dump_of(cloud, name);
            (format!("event bus {name}"), shown)
        });
        let rules = own_rules(cloud).map(|(key, rule)| (format!("rule {key}"), rule.dump()));
        buses.chain(rules).collect()
    }

    fn change_all(&self, cloud: &mut Cloud) {
        by_hand::change_all(cloud);
    }

    fn leave_behind(&self, cloud: &mut Cloud) {
        by_hand::leave_behind(cloud);
    }

    fn drifts(&self) -> &'static [(&'static str, Drift)] {
        if can_be_declared("bus") { by_hand::DRIFTS } else { &[] }
    }

    fn unmanaged(&self) -> &'static [(&'static str, Make)] {
        by_hand::UNMANAGED
    }

    fn everything(&self, cloud: &Cloud) -> Vec<(Resource, String)> {
        let resource = |kind, name: &String| Resource::named(Service::Events, kind, name);
        let buses = cloud.events.buses.iter().map(|(name, bus)| (resource("bus", name), format!("{bus:?}")));
        let rules = own_rules(cloud).map(|(_, rule)| (resource("rule", &rule.called()), format!("{rule:?}")));
        let archives = &cloud.events.archives;
        let archives = archives.iter().map(|(name, one)| (resource("archive", name), format!("{one:?}")));
        buses.chain(rules).chain(archives).collect()
    }

    fn remove(&self, cloud: &mut Cloud, resource: &Resource) {
        let name = &resource.name;
        match resource.kind {
            "bus" => bus::remove(cloud, name),
            "archive" => drop(archive::remove(cloud, name)),
            _ => cloud.events.rules.retain(|_, rule| rule.called() != *name),
        }
    }

    fn forget(&self, cloud: &mut Cloud, keep: &dyn Fn(&mut Tags)) {
        cloud.events.buses.values_mut().for_each(|bus| keep(&mut bus.tags));
        cloud.events.rules.values_mut().for_each(|rule| keep(&mut rule.tags));
    }

    fn section(&self) -> Option<BoxedStrategy<Rc<dyn Section>>> {
        can_be_declared("bus").then(random::section)
    }

    fn wires(&self) -> &'static [Wire] {
        random::WIRES
    }

    /// Policies of a bus, for an account and for a role that does not exist.
    fn given(&self) -> Vec<(&'static str, Json)> {
        let policy = |principal: &str| {
            let statement = json!({ "Sid": "one", "Effect": "Allow", "Principal": { "AWS": principal },
                "Action": "events:PutEvents", "Resource": bus::bus_arn("orders") });
            Json::from(json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string())
        };
        vec![
            ("bus policy", policy(ACCOUNT)),
            ("bus policy for no one", policy("arn:aws:iam::123456789012:role/none")),
        ]
    }

    fn requests(&self) -> &'static str {
        include_str!("requests.yaml")
    }

    fn disagreements(&self) -> &'static str {
        include_str!("disagreements.yaml")
    }
}

//! What people and other tools do with buses and rules.

use super::archive::{self, Archive};
use super::bus::{self, Bus};
use super::rule::{Rule, key};
use crate::cloud::{ACCOUNT, Cloud, Tags};
use crate::service::{Drift, ID, Make, Marked, changed, map, own, pick, retag};
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

/// The names of buses in random stacks.
pub(super) const BUSES: &[&str] = &["orders", "audit", "walk.events"];

impl Marked for Bus {
    fn tags(&self) -> &Tags {
        &self.tags
    }
}

impl Marked for Rule {
    fn tags(&self) -> &Tags {
        &self.tags
    }
}

pub(super) const DRIFTS: &[(&str, Drift)] = &[
    ("a bus is deleted with its rules", |cloud, stack, nth| {
        let name = pick(&cloud.events.buses, |bus| bus.is_of(stack), nth)?;
        bus::remove(cloud, &name);
        Some(name)
    }),
    ("a bus is described", |cloud, stack, nth| {
        bus(cloud, stack, nth, |bus| "theirs".clone_into(&mut bus.description))
    }),
    ("a bus is encrypted with another key", |cloud, stack, nth| {
        bus(cloud, stack, nth, |bus| "alias/theirs".clone_into(&mut bus.key))
    }),
    ("a bus sends its dead letters elsewhere", |cloud, stack, nth| {
        bus(cloud, stack, nth, |bus| {
            bus.dead_letter = Some("arn:aws:sqs:eu-west-1:123456789012:theirs".to_owned())
        })
    }),
    ("a bus sends its dead letters nowhere", |cloud, stack, nth| {
        let has = |bus: &Bus| bus.is_of(stack) && bus.dead_letter.is_some();
        let name = pick(&cloud.events.buses, has, nth)?;
        cloud.events.buses.get_mut(&name)?.dead_letter = None;
        Some(name)
    }),
    ("a bus has another policy", |cloud, stack, nth| {
        bus(cloud, stack, nth, |bus| bus.policy = vec![theirs()])
    }),
    ("a bus's tags are changed", |cloud, stack, nth| bus(cloud, stack, nth, |bus| retag(&mut bus.tags))),
    ("an archive is deleted", |cloud, stack, nth| {
        let name = archive_of(cloud, stack, nth)?;
        archive::remove(cloud, &name).map(|_| name)
    }),
    ("an archive keeps its events for another time", |cloud, stack, nth| {
        archive(cloud, stack, nth, |archive| archive.days = 17)
    }),
    ("an archive keeps other events", |cloud, stack, nth| {
        archive(cloud, stack, nth, |archive| archive.pattern = Some(r#"{"source":["theirs"]}"#.to_owned()))
    }),
    ("an archive is encrypted with another key", |cloud, stack, nth| {
        archive(cloud, stack, nth, |archive| "alias/theirs".clone_into(&mut archive.key))
    }),
    ("a rule is deleted", |cloud, stack, nth| {
        let key = pick(&cloud.events.rules, |rule| rule.is_of(stack), nth)?;
        cloud.events.rules.remove(&key);
        Some(key)
    }),
    ("a rule is disabled or enabled", |cloud, stack, nth| {
        rule(cloud, stack, nth, |rule| {
            let other = if rule.state == "ENABLED" { "DISABLED" } else { "ENABLED" };
            other.clone_into(&mut rule.state);
        })
    }),
    ("a rule has another pattern", |cloud, stack, nth| {
        rule(cloud, stack, nth, |rule| rule.pattern = Some(r#"{"source":["theirs"]}"#.to_owned()))
    }),
    ("a rule has no target", |cloud, stack, nth| rule(cloud, stack, nth, |rule| rule.targets.clear())),
    ("a rule starts something else", |cloud, stack, nth| {
        target(cloud, stack, nth, |target| target["Arn"] = "arn:aws:sqs:eu-west-1:123456789012:theirs".into())
    }),
    ("a rule hands on something else", |cloud, stack, nth| {
        target(cloud, stack, nth, |target| {
            for name in ["InputPath", "InputTransformer"] {
                target.as_object_mut().map(|members| members.remove(name));
            }
            target["Input"] = r#"{"theirs":true}"#.into();
        })
    }),
    ("a rule tries its target less often", |cloud, stack, nth| {
        target(cloud, stack, nth, |target| {
            target["RetryPolicy"] = json!({ "MaximumRetryAttempts": 11, "MaximumEventAgeInSeconds": 77 })
        })
    }),
    ("a rule sends its dead letters elsewhere", |cloud, stack, nth| {
        target(cloud, stack, nth, |target| {
            target["DeadLetterConfig"] = json!({ "Arn": "arn:aws:sqs:eu-west-1:123456789012:theirs" })
        })
    }),
    ("a rule delivers with another role", |cloud, stack, nth| {
        let has = |rule: &Rule| {
            rule.is_of(stack) && rule.targets.values().any(|target| target["RoleArn"].is_string())
        };
        let key = pick(&cloud.events.rules, has, nth)?;
        let target = cloud.events.rules.get_mut(&key)?.targets.values_mut().next()?;
        target["RoleArn"] = "arn:aws:iam::123456789012:role/theirs".into();
        Some(key)
    }),
    ("a rule's tags are changed", |cloud, stack, nth| rule(cloud, stack, nth, |rule| retag(&mut rule.tags))),
];

fn bus(cloud: &mut Cloud, stack: &str, nth: usize, change: impl FnOnce(&mut Bus)) -> Option<String> {
    changed(&mut cloud.events.buses, stack, nth, change)
}

fn rule(cloud: &mut Cloud, stack: &str, nth: usize, change: impl FnOnce(&mut Rule)) -> Option<String> {
    changed(&mut cloud.events.rules, stack, nth, change)
}

fn target(cloud: &mut Cloud, stack: &str, nth: usize, change: impl FnOnce(&mut Json)) -> Option<String> {
    let has = |rule: &Rule| rule.is_of(stack) && !rule.targets.is_empty();
    let key = pick(&cloud.events.rules, has, nth)?;
    change(cloud.events.rules.get_mut(&key)?.targets.values_mut().next()?);
    Some(key)
}

/// An archive of a stack.
fn archive_of(cloud: &Cloud, stack: &str, nth: usize) -> Option<String> {
    pick(&cloud.events.archives, |archive| archive.is_of(stack), nth)
}

fn archive(cloud: &mut Cloud, stack: &str, nth: usize, change: impl FnOnce(&mut Archive)) -> Option<String> {
    let name = archive_of(cloud, stack, nth)?;
    change(cloud.events.archives.get_mut(&name)?);
    Some(name)
}

fn theirs() -> Json {
    json!({ "Sid": "Theirs", "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{ACCOUNT}:root") },
        "Action": "events:*", "Resource": "*" })
}

pub(super) const UNMANAGED: &[(&str, Make)] = &[
    ("a bus of a wanted name", |cloud, stack, nth| {
        make(cloud, &own(stack, BUSES, nth), &[("owner", "theirs")])
    }),
    ("a bus of a near name", |cloud, stack, nth| make(cloud, &format!("{}-2", own(stack, BUSES, nth)), &[])),
    ("a bus of another stack", |cloud, _, nth| {
        make(cloud, &format!("prod-{}", BUSES[nth % BUSES.len()]), &[("provision:stack", "walk/prod")]);
    }),
    ("a rule of others on the bus of the account", |cloud, _, _| {
        let rule = Rule {
            bus: "default".to_owned(),
            name: "theirs".to_owned(),
            pattern: Some(r#"{"source":["theirs"]}"#.to_owned()),
            state: "ENABLED".to_owned(),
            created: cloud.now,
            ..Rule::default()
        };
        cloud.events.rules.insert(key(&rule.bus, &rule.name), rule);
    }),
];

pub(super) fn make(cloud: &mut Cloud, name: &str, tags: &[(&str, &str)]) {
    let bus = Bus::new(cloud.now, map(tags));
    cloud.events.buses.entry(name.to_owned()).or_insert(bus);
}

/// Changes all buses and rules wherever they can be changed.
pub(super) fn change_all(cloud: &mut Cloud) {
    for bus in cloud.events.buses.values_mut() {
        "theirs".clone_into(&mut bus.description);
        "alias/theirs".clone_into(&mut bus.key);
        bus.dead_letter = None;
        // Where the stack has no statement, an earlier version of it has left one.
        let earlier =
            bus.tags.get("provision:stack").filter(|_| bus.policy.is_empty()).map(|stack| earlier(stack));
        bus.policy = earlier.into_iter().chain([theirs()]).collect();
        bus.tags.remove(ID);
    }
    for archive in cloud.events.archives.values_mut() {
        (archive.days, archive.pattern) = (17, Some(r#"{"source":["theirs"]}"#.to_owned()));
        "alias/theirs".clone_into(&mut archive.key);
    }
    for rule in cloud.events.rules.values_mut().filter(|rule| rule.managed_by.is_none()) {
        "DISABLED".clone_into(&mut rule.state);
        rule.pattern = Some(r#"{"source":["theirs"]}"#.to_owned());
        rule.targets.values_mut().for_each(|target| {
            *target = json!({ "Id": target["Id"], "Arn": "arn:aws:sqs:eu-west-1:123456789012:theirs" });
        });
        rule.tags.remove(ID);
    }
}

/// A statement with the mark of a stack: its ids begin with a hash of the stack's identity.
fn earlier(stack: &str) -> Json {
    let hash: String = Sha256::digest(stack).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let mut statement = theirs();
    statement["Sid"] = format!("provision-{hash}-Earlier").into();
    statement
}

/// A bus, a rule and the archive of a bus that are no longer declared.
pub(super) fn leave_behind(cloud: &mut Cloud) {
    let no_archive = |(name, _): &(&String, &Bus)| !cloud.events.archives.contains_key(*name);
    let bus = cloud.events.buses.iter().find(no_archive).map(|(name, bus)| (name.clone(), bus.tags.clone()));
    if let Some((name, tags)) = bus.filter(|(name, _)| name.len() <= archive::MAX_NAME) {
        let description = tags.get("provision:stack").map(|stack| archive::described(stack));
        archive::insert(
            cloud,
            &name,
            Archive { description: description.unwrap_or_default(), ..Archive::of(&name) },
        );
    }
    if let Some(bus) = cloud.events.buses.values().next().cloned() {
        cloud.events.buses.insert("earlier".to_owned(), bus);
    }
    if let Some(rule) = cloud.events.rules.values().find(|rule| rule.managed_by.is_none()).cloned() {
        let rule = Rule { name: "earlier".to_owned(), ..rule };
        cloud.events.rules.insert(key(&rule.bus, &rule.name), rule);
    }
}

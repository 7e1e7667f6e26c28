//! Event buses: their life. The bus `default` is in every account, and cannot be deleted.

use super::archive::Archive;
use super::rule::Rule;
use crate::cloud::{
    Cloud, Delay, Handler, ServiceError, Tags, Time, check_tags, required, seconds, tag_list, text,
};
use crate::services::Service;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

pub(super) const OPERATIONS: &[(&str, Handler)] = &[
    ("CreateEventBus", create),
    ("DescribeEventBus", describe),
    ("UpdateEventBus", update),
    ("DeleteEventBus", delete),
];

/// For how long a rule that was deleted still counts when its bus is to be deleted [anomalyco/ion#809].
const RULED: Delay = Delay::of_secs("rules of a bus", 2);
/// The name of the bus that every account has.
pub(super) const DEFAULT: &str = "default";
/// How many buses there can be [aws-facts-services: 4].
const MAX_BUSES: usize = 100;

#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    /// The buses by name, without the one that every account has.
    pub(crate) buses: BTreeMap<String, Bus>,
    /// The one that every account has.
    default: Bus,
    /// The rules by the names of their bus and their own, with a slash between them.
    pub(crate) rules: BTreeMap<String, Rule>,
    /// The archives by name.
    pub(crate) archives: BTreeMap<String, Archive>,
    /// When the last rule of a bus was deleted, by the name of the bus.
    pub(crate) ruled: BTreeMap<String, Time>,
    /// How many of the next changes of targets fail in part, in a response that is a success.
    pub(crate) partly: usize,
}

/// An event bus.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bus {
    pub(crate) description: String,
    /// The key that encrypts it, where that is not EventBridge's own.
    pub(crate) key: String,
    pub(crate) dead_letter: Option<String>,
    pub(crate) log: Json,
    /// The statements of its policy.
    pub(crate) policy: Vec<Json>,
    pub(crate) created: Time,
    pub(crate) modified: Time,
    pub(crate) tags: Tags,
}

impl Bus {
    /// A bus that a call, or somebody by hand, makes now.
    pub(super) fn new(now: Time, tags: Tags) -> Self {
        Bus { created: now, modified: now, tags, ..Bus::default() }
    }

    /// Without the statements of others in the policy, which are no part of a stack's state.
    pub(super) fn dump(&self) -> Json {
        let own =
            |statement: &&Json| statement["Sid"].as_str().is_some_and(|sid| sid.starts_with("provision-"));
        let policy: Vec<&Json> = self.policy.iter().filter(own).collect();
        json!({ "description": self.description, "key": self.key, "dead_letter": self.dead_letter, "log": self.log,
            "policy": policy, "tags": self.tags })
    }

    fn set(&mut self, params: &Json) {
        let of = |name: &str| text(params, name).unwrap_or_default().to_owned();
        self.description = of("Description");
        self.key = of("KmsKeyIdentifier");
        self.dead_letter = params["DeadLetterConfig"]["Arn"].as_str().map(str::to_owned);
        self.log = params.get("LogConfig").cloned().unwrap_or_default();
    }

    fn members(&self, name: &str) -> Json {
        let some = |text: &String| (!text.is_empty()).then(|| text.clone());
        json!({
            "Name": name,
            "Arn": bus_arn(name),
            "Description": some(&self.description),
            "KmsKeyIdentifier": some(&self.key),
            "DeadLetterConfig": self.dead_letter.as_ref().map(|arn| json!({ "Arn": arn })),
            "LogConfig": self.log,
        })
    }
}

impl State {
    pub(super) fn bus(&self, name: &str) -> Result<&Bus, ServiceError> {
        let found = if name == DEFAULT { Some(&self.default) } else { self.buses.get(name) };
        found.ok_or_else(|| not_found(name))
    }

    pub(super) fn bus_mut(&mut self, name: &str) -> Result<&mut Bus, ServiceError> {
        let found = if name == DEFAULT { Some(&mut self.default) } else { self.buses.get_mut(name) };
        found.ok_or_else(|| not_found(name))
    }
}

/// Removes a bus with its rules and archives.
pub(super) fn remove(cloud: &mut Cloud, name: &str) {
    cloud.events.archives.retain(|_, archive| archive.bus() != name);
    cloud.events.rules.retain(|_, rule| rule.bus != name);
    cloud.events.buses.remove(name);
}

pub(crate) fn bus_arn(name: &str) -> String {
    Service::Events.arn(&format!("event-bus/{name}"))
}

/// The name of a bus that is named by its name or its ARN.
pub(super) fn name_in(text: &str) -> String {
    text.strip_prefix(&bus_arn("")).unwrap_or(text).to_owned()
}

/// The bus that a call names; without a word about it, the one that every account has.
pub(super) fn named(params: &Json) -> String {
    name_in(text(params, "EventBusName").unwrap_or(DEFAULT))
}

/// [recorded: events, describe-not-existing-event-bus]
fn not_found(name: &str) -> ServiceError {
    ServiceError::new("ResourceNotFoundException", format!("Event bus {name} does not exist."))
}

fn create(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (now, name, tags) = (cloud.now, required(params, "Name"), tag_list(params));
    if name.contains('/') {
        return ServiceError::err("ValidationException", "Event bus name must not contain '/'.");
    }
    // [recorded: events, create-multiple-event-buses-same-name]
    if name == DEFAULT || cloud.events.buses.contains_key(name) {
        let message = format!("Event bus {name} already exists.");
        return ServiceError::err("ResourceAlreadyExistsException", message);
    }
    check_tags(&Tags::new(), &tags, "ValidationException")?;
    if cloud.events.buses.len() >= MAX_BUSES {
        return ServiceError::err(
            "LimitExceededException",
            "The requested resource exceeds the maximum number allowed.",
        );
    }
    let mut bus = Bus::new(now, tags);
    bus.set(params);
    let mut response = bus.members(name);
    cloud.events.buses.insert(name.to_owned(), bus);
    if let Some(members) = response.as_object_mut() {
        members.remove("Name");
        members.insert("EventBusArn".to_owned(), members["Arn"].clone());
        members.remove("Arn");
    }
    Ok(response)
}

/// Without a member where nothing is set [recorded: events, describe-custom-event-bus].
fn describe(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let name = name_in(text(params, "Name").unwrap_or(DEFAULT));
    let bus = cloud.events.bus(&name)?;
    let mut shown = bus.members(&name);
    let policy = (!bus.policy.is_empty()).then(|| super::permission::shown(&bus.policy));
    shown["Policy"] = policy.map_or(Json::Null, Json::from);
    shown["CreationTime"] = seconds(bus.created);
    shown["LastModifiedTime"] = seconds(bus.modified);
    Ok(shown)
}

/// Replaces everything: what is not named is cleared. An empty target for dead letters is refused by the model [hazards: E2].
fn update(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let now = cloud.now;
    let name = name_in(text(params, "Name").unwrap_or(DEFAULT));
    let bus = cloud.events.bus_mut(&name)?;
    bus.set(params);
    bus.modified = now;
    Ok(bus.members(&name))
}

/// Only without rules, those of archives and of others included [aws-facts-services: 4]; for a moment as if it still had those
/// that were just deleted [anomalyco/ion#809].
fn delete(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let name = name_in(required(params, "Name"));
    cloud.events.bus(&name)?;
    if name == DEFAULT {
        return ServiceError::err("ValidationException", "Cannot delete event bus default.");
    }
    let ruled = cloud.events.ruled.get(&name).is_some_and(|at| cloud.now < *at + cloud.delays.of(RULED));
    if ruled || cloud.events.rules.values().any(|rule| rule.bus == name) {
        // [hashicorp/terraform-provider-aws#22131]
        return ServiceError::err("ValidationException", "EventBus can't be deleted since it has rules.");
    }
    cloud.events.ruled.remove(&name);
    cloud.events.buses.remove(&name);
    Ok(Json::Null)
}

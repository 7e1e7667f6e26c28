//! Archives of buses. EventBridge fills each with a rule of its own on the bus.

use super::bus::{bus_arn, name_in};
use super::pattern;
use super::rule::{Rule, key};
use crate::cloud::{Cloud, Delay, Handler, ServiceError, Time, required, seconds, text};
use crate::services::Service;
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

pub(super) const OPERATIONS: &[(&str, Handler)] = &[
    ("CreateArchive", create),
    ("DescribeArchive", describe),
    ("ListArchives", list),
    ("UpdateArchive", update),
    ("DeleteArchive", delete),
];

/// For how long an archive is being created or updated, where it is not at once: the states are in the model [M: ArchiveState].
/// Where it was recorded, it was [recorded: events, archive_and_replay].
pub(crate) const BUSY: Delay = Delay::of_secs("archive busy", 0);

/// How many characters the name of one may have [M: ArchiveName].
pub(super) const MAX_NAME: usize = 48;
/// How many archives there can be [DG: EventBridge quotas; mem].
const MAX_ARCHIVES: usize = 100;

/// An archive.
#[derive(Debug, Clone, Default)]
pub(crate) struct Archive {
    pub(crate) source: String,
    pub(crate) description: String,
    pub(crate) pattern: Option<String>,
    pub(crate) days: u64,
    pub(crate) key: String,
    /// How many events it has.
    pub(crate) events: u64,
    pub(crate) created: Time,
    pub(crate) modified: Time,
}

impl Archive {
    /// A pattern that every event matches is as good as none.
    pub(super) fn dump(&self) -> Json {
        let pattern = self.pattern.as_ref().and_then(|text| serde_json::from_str::<Json>(text).ok());
        let pattern = pattern.filter(|pattern| *pattern != json!({ "source": [{ "prefix": "" }] }));
        json!({ "source": self.source, "description": self.description, "pattern": pattern, "days": self.days,
            "key": self.key })
    }

    /// One that keeps all events of a bus for ever.
    pub(super) fn of(bus: &str) -> Self {
        Archive { source: bus_arn(bus), ..Archive::default() }
    }

    pub(super) fn bus(&self) -> String {
        name_in(&self.source)
    }

    /// Whether its description bears the mark of a stack, by its identity.
    pub(super) fn is_of(&self, stack: &str) -> bool {
        self.description == described(stack)
    }

    fn state(&self, cloud: &Cloud) -> &'static str {
        match cloud.now < self.modified + cloud.delays.of(BUSY) {
            true if self.modified == self.created => "CREATING",
            true => "UPDATING",
            false => "ENABLED",
        }
    }

    /// [recorded: events.archive_and_replay, list-archives and describe-archive]
    fn members(&self, cloud: &Cloud, name: &str) -> Json {
        json!({ "ArchiveName": name, "EventSourceArn": self.source, "State": self.state(cloud),
            "RetentionDays": self.days, "SizeBytes": 159 * self.events, "EventCount": self.events,
            "CreationTime": seconds(self.created) })
    }
}

/// The archives of a bus, by name.
pub(super) fn dump_of(cloud: &Cloud, bus: &str) -> Json {
    let own = cloud.events.archives.iter().filter(|(_, archive)| archive.bus() == bus);
    own.map(|(name, archive)| (name.clone(), archive.dump())).collect()
}

/// The description with the mark of a stack, by its identity: a hash of that.
pub(super) fn described(stack: &str) -> String {
    let hash: String = Sha256::digest(stack).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("provision-{hash} {stack}")
}

pub(super) fn archive_arn(name: &str) -> String {
    Service::Events.arn(&format!("archive/{name}"))
}

/// The rule that fills an archive.
pub(super) fn rule_of(name: &str) -> String {
    format!("Events-Archive-{name}")
}

/// [recorded: events.archive_and_replay]
fn not_found(name: &str) -> ServiceError {
    ServiceError::new("ResourceNotFoundException", format!("Archive {name} does not exist."))
}

fn check_pattern(params: &Json) -> Result<(), ServiceError> {
    text(params, "EventPattern").filter(|text| !text.is_empty()).map_or(Ok(()), |text| {
        pattern::check(text).map_err(|reason| {
            let message = format!("Event pattern is not valid. Reason: {reason}");
            ServiceError::new("InvalidEventPatternException", message)
        })
    })
}

/// [recorded: events.archive_and_replay, test_create_archive_error_unknown_event_bus, test_create_archive_error_duplicate]
fn create(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (now, name, source) =
        (cloud.now, required(params, "ArchiveName"), required(params, "EventSourceArn"));
    let bus = name_in(source);
    cloud.events.bus(&bus)?;
    if cloud.events.archives.len() >= MAX_ARCHIVES {
        let message = "The requested resource exceeds the maximum number allowed.";
        return ServiceError::err("LimitExceededException", message);
    }
    if cloud.events.archives.contains_key(name) {
        let message = format!("Archive {name} already exists.");
        return ServiceError::err("ResourceAlreadyExistsException", message);
    }
    check_pattern(params)?;
    let of = |member: &str| text(params, member).unwrap_or_default().to_owned();
    let archive = Archive {
        source: bus_arn(&bus),
        description: of("Description"),
        pattern: text(params, "EventPattern").map(str::to_owned),
        days: params["RetentionDays"].as_u64().unwrap_or_default(),
        key: of("KmsKeyIdentifier"),
        events: 0,
        created: now,
        modified: now,
    };
    let state = archive.state(cloud);
    insert(cloud, name, archive);
    Ok(json!({ "ArchiveArn": archive_arn(name), "State": state, "CreationTime": seconds(now) }))
}

/// With the rule that fills it, of all events that are not sent once more [DG: EventBridge, "Archiving and replaying events"].
pub(super) fn insert(cloud: &mut Cloud, name: &str, archive: Archive) {
    let now = cloud.now;
    let rule = Rule {
        bus: archive.bus(),
        name: rule_of(name),
        pattern: archive.pattern.clone(),
        state: "ENABLED".to_owned(),
        managed_by: Some("prod.vhs.events.aws.internal".to_owned()),
        created: now,
        ..Rule::default()
    };
    cloud.events.rules.insert(key(&rule.bus, &rule.name), rule);
    cloud.events.archives.insert(name.to_owned(), Archive { created: now, modified: now, ..archive });
}

fn find<'a>(cloud: &'a Cloud, name: &str) -> Result<&'a Archive, ServiceError> {
    cloud.events.archives.get(name).ok_or_else(|| not_found(name))
}

fn describe(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let name = required(params, "ArchiveName");
    let archive = find(cloud, name)?;
    let some = |text: &String| (!text.is_empty()).then(|| text.clone());
    let mut shown = archive.members(cloud, name);
    shown["ArchiveArn"] = archive_arn(name).into();
    shown["Description"] = json!(some(&archive.description));
    // The same pattern in another text, as of a rule.
    shown["EventPattern"] = json!(archive.pattern.as_ref().map(|pattern| pattern.replace(',', ", ")));
    shown["KmsKeyIdentifier"] = json!(some(&archive.key));
    Ok(shown)
}

/// Of all buses, unless one is named [recorded: events.archive_and_replay, test_list_archive_error_unknown_source_arn]. There can be
/// one filter [M: ListArchives].
fn list(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    if ["NamePrefix", "EventSourceArn", "State"].iter().filter(|member| !params[**member].is_null()).count()
        > 1
    {
        let message = "At most one filter is allowed for ListArchives. Use either : State, EventSourceArn, or NamePrefix.";
        return ServiceError::err("ValidationException", message);
    }
    let source = text(params, "EventSourceArn").map(name_in);
    source.as_ref().map_or(Ok(()), |bus| cloud.events.bus(bus).map(drop))?;
    let prefix = text(params, "NamePrefix").unwrap_or_default();
    let is_meant = |(name, archive): &(&String, &Archive)| {
        name.starts_with(prefix)
            && source.as_ref().is_none_or(|bus| archive.bus() == *bus)
            && text(params, "State").is_none_or(|state| archive.state(cloud) == state)
    };
    let found: Vec<Json> =
        cloud.events.archives.iter().filter(is_meant).map(|(name, one)| one.members(cloud, name)).collect();
    let limit = params["Limit"].as_u64().and_then(|limit| usize::try_from(limit).ok());
    let (archives, next) = cloud.paging.page(found, text(params, "NextToken"), limit, (100, 100));
    Ok(json!({ "Archives": archives, "NextToken": next }))
}

/// What is not named stays, as far as it is known; the stack names everything. [recorded: events.archive_and_replay,
/// test_update_archive_error_unknown_archive]
fn update(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (now, name) = (cloud.now, required(params, "ArchiveName"));
    if ["EventPattern", "RetentionDays", "Description"].iter().all(|member| params[*member].is_null()) {
        let message = "At least one of EventPattern, RetentionDays or Description must be provided.";
        return ServiceError::err("ValidationException", message);
    }
    check_pattern(params)?;
    let archive = cloud.events.archives.get_mut(name).ok_or_else(|| not_found(name))?;
    let of = |member: &str| text(params, member).map(str::to_owned);
    archive.description = of("Description").unwrap_or_default();
    archive.pattern = of("EventPattern").or(archive.pattern.take());
    archive.days = params["RetentionDays"].as_u64().unwrap_or(archive.days);
    archive.key = of("KmsKeyIdentifier").unwrap_or_default();
    archive.modified = now;
    let archive = find(cloud, name)?;
    let (state, created) = (archive.state(cloud), seconds(archive.created));
    Ok(json!({ "ArchiveArn": archive_arn(name), "State": state, "CreationTime": created }))
}

/// With its rule [recorded: events.archive_and_replay, test_delete_archive_error_unknown_archive].
fn delete(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let name = required(params, "ArchiveName");
    remove(cloud, name).ok_or_else(|| not_found(name))?;
    Ok(json!({}))
}

/// Removes an archive with its rule.
pub(super) fn remove(cloud: &mut Cloud, name: &str) -> Option<Archive> {
    let archive = cloud.events.archives.remove(name)?;
    cloud.events.rules.remove(&key(&archive.bus(), &rule_of(name)));
    let now = cloud.now;
    cloud.events.ruled.insert(archive.bus(), now);
    Some(archive)
}

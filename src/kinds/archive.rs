//! Archives of event buses: EventBridge keeps the events of a bus, to send them once more. A bus has one of its own name. An
//! archive can have no tags: its description bears the mark of the stack.

use super::bus::{Bus, EVENTBRIDGE, KEY_ACTIONS};
use super::key::as_named;
use super::{list_each, mark, require_str, retry_transient, within};
use crate::aws::wait::{Backoff, Poll, wait_until};
use crate::aws::{Context, Error, Result, Service};
use crate::diff::Change;
use crate::kind::{
    AdoptedBy, Features, Kind, Observation, ObservedOf, ObservedOption, On, OnParentDelete, Parent,
    ParentKind, Permission, Task, When, Which,
};
use crate::model::{Owner, PhysicalId, ResourceId, Status, Texts};
use crate::policy::Tree;
use aws_sdk_eventbridge::operation::describe_archive::DescribeArchiveOutput as Shown;
use aws_sdk_eventbridge::primitives::DateTime;
use aws_sdk_eventbridge::types::ArchiveState;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

/// An archive.
pub struct Archive;

/// The desired state of an archive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "T: Texts")]
pub struct Spec<T = String> {
    /// The ARN of the bus.
    pub source: T,
    /// For how many days an event is kept; 0 for ever.
    pub days: i32,
    /// Which events are kept; all of them without a pattern.
    pub pattern: Option<Tree<T>>,
    /// The key that encrypts them: that of the bus, unless EventBridge owns that. AWS recommends strongly that an archive has it too
    /// [M: CreateArchive].
    pub kms_key: Option<String>,
}

/// The attributes of an archive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attributes {
    /// The name.
    pub name: String,
    /// The ARN.
    pub arn: String,
}

/// How many characters a name may have [M: ArchiveName].
pub(super) const MAX_NAME: usize = 48;

pub(super) const ANY: On = On::new("ReadArchive", Archive::NAME, Which::Any, &[Archive::ARN]);
/// Those that the buses of the stack may have: no condition tells one of an earlier version of the stack, without tags. A new one
/// is made of its bus as well [Service Authorization Reference: EventBridge].
pub(super) const OF_BUSES: On = On::new("Archives", Bus::NAME, Which::Declared, &[Archive::ARN, Bus::ARN]);

/// To make one, and to change it, with the use of the key.
const CREATE: &[(&str, &On)] =
    &[("events:CreateArchive", &OF_BUSES), KEY_ACTIONS[0], KEY_ACTIONS[1], KEY_ACTIONS[2]];
const UPDATE: &[(&str, &On)] =
    &[("events:UpdateArchive", &OF_BUSES), KEY_ACTIONS[0], KEY_ACTIONS[1], KEY_ACTIONS[2]];

impl Kind for Archive {
    const NAME: &'static str = "archive";
    const SERVICE: &'static Service = &EVENTBRIDGE;
    const DATA: Option<&'static str> = Some("all of its events");
    const IMMUTABLE: &'static [&'static str] = &["source"];
    /// EventBridge fills it by a rule of its own on the bus, with which the bus cannot be deleted [DG: EventBridge, "Archiving and
    /// replaying events"; aws-facts-services: 4].
    const PARENT: Option<ParentKind> = Some(ParentKind::new("bus", OnParentDelete::Block));
    const SECTION: &'static str = "buses";
    const ARN: &'static str = "arn:{partition}:events:{region}:{account}:archive/{name}";
    /// The others are in those of buses: an earlier version of the stack may have left an archive.
    const PERMISSIONS: &'static [Permission] = &[
        Permission::of("events:CreateArchive", Task::CHANGE, CREATE).when(When::DECLARED),
        Permission::of("events:UpdateArchive", Task::CHANGE, UPDATE).when(When::DECLARED),
    ];
    const FEATURES: Features = Features {
        adopted_by: Some(AdoptedBy::Name),
        called: Features::ONLY_ONE,
        facts: |spec| {
            let some = (!spec["pattern"].is_null()).then(|| "some events".to_owned());
            [retention(&spec["days"])].into_iter().chain(some).collect()
        },
        differences: |changes, _, _| changes.into_iter().map(as_retention).collect(),
        ..Features::NONE
    };
    type Spec<T: Texts> = Spec<T>;
    type Attributes = Attributes;

    async fn observe(ctx: &Context, buses: &[Parent]) -> Result<Observation<Self>> {
        // One of others that no bus of the stack is to have is theirs.
        let is_of_interest = |archive: &ObservedOf<Self>| {
            archive.owner == Owner::Ours || ctx.scope.wants(Self::NAME, &archive.id.name)
        };
        let own = async |bus: &Parent| {
            let found = read(ctx, &bus.id.name, bus).await?;
            Ok(found.filter(is_of_interest).into_iter().collect())
        };
        Ok(list_each(buses, own).await?.into())
    }

    async fn read(ctx: &Context, name: &str, bus: Option<&Parent>) -> Result<ObservedOption<Self>> {
        read(ctx, name, within(bus, "bus")?).await
    }

    /// With the bus that it is of.
    async fn find(ctx: &Context, physical_id: &str) -> Result<ObservedOption<Self>> {
        let shown = describe(ctx, physical_id).await?;
        let source = shown.as_ref().and_then(|shown| shown.event_source_arn()).unwrap_or_default();
        let Some((_, bus)) = source.rsplit_once('/') else { return Ok(None) };
        let bus = Parent::new(&ResourceId::new(Bus::NAME, bus), PhysicalId::new(Bus::NAME, bus));
        read(ctx, physical_id, &bus).await
    }

    async fn settle(ctx: &Context, observed: &ObservedOf<Self>) -> Result<()> {
        settled(ctx, &observed.id).await
    }

    async fn create(ctx: &Context, id: &ResourceId, spec: &Spec) -> Result<Attributes> {
        let Spec { source, days, pattern, kms_key } = spec;
        let created = retry_transient(ctx, &EVENTBRIDGE, id, async || {
            let create = ctx.clients.eventbridge().create_archive().archive_name(&id.name);
            let create = create
                .event_source_arn(source)
                .description(mark::described(&ctx.scope.identity, ""))
                .retention_days(*days)
                .set_kms_key_identifier(kms_key.clone())
                .set_event_pattern(pattern.as_ref().map(|pattern| pattern.json().to_string()));
            Ok(create.send().await?)
        })
        .await?;
        let arn = require_str(created.archive_arn(), "events:CreateArchive", "the archive's ARN")?;
        once_settled(ctx, id, created.state()).await?;
        Ok(Attributes { name: id.name.clone(), arn })
    }

    async fn update(ctx: &Context, observed: &ObservedOf<Self>, to: &Spec) -> Result<Attributes> {
        let id = &observed.id;
        let Spec { source: _, days, pattern, kms_key } = to;
        // Nothing says that a pattern can be taken away, so one of all events takes its place.
        let pattern = pattern.as_ref().map_or_else(everything, Tree::json);
        let state = retry_transient(ctx, &EVENTBRIDGE, id, async || {
            let update = ctx.clients.eventbridge().update_archive().archive_name(&id.name);
            let update = update
                .retention_days(*days)
                .event_pattern(pattern.to_string())
                .kms_key_identifier(kms_key.as_deref().unwrap_or_default())
                // Nothing says that the mark would stay.
                .description(mark::described(&ctx.scope.identity, ""));
            Ok(update.send().await?.state)
        })
        .await?;
        once_settled(ctx, id, state.as_ref()).await?;
        Ok(observed.attributes.clone())
    }

    async fn delete(ctx: &Context, observed: &ObservedOf<Self>) -> Result<()> {
        retry_transient(ctx, &EVENTBRIDGE, &observed.id, async || {
            let delete = ctx.clients.eventbridge().delete_archive().archive_name(&observed.physical_id);
            EVENTBRIDGE.ignore_not_found(delete.send().await)
        })
        .await
    }
}

/// For how long events are kept.
fn retention(days: &Json) -> String {
    match days.as_i64() {
        Some(1) => "1 day".to_owned(),
        Some(days) if days > 1 => format!("{days} days"),
        _ => "forever".to_owned(),
    }
}

/// A change of the days as the stack file has it.
fn as_retention(change: Change) -> Change {
    if change.field() != "days" {
        return change;
    }
    let shown = |days: Option<Json>| days.map(|days| retention(&days).into());
    Change { path: vec!["retention".to_owned()], from: shown(change.from), to: shown(change.to) }
}

/// A pattern that every event matches: each has a source.
fn everything() -> Json {
    json!({ "source": [{ "prefix": "" }] })
}

async fn describe(ctx: &Context, name: &str) -> Result<Option<Shown>> {
    let describe = ctx.clients.eventbridge().describe_archive().archive_name(name);
    EVENTBRIDGE.not_found_as_none(describe.send().await)
}

async fn read(ctx: &Context, name: &str, bus: &Parent) -> Result<ObservedOption<Archive>> {
    // No archive has a name that long, and AWS refuses to be asked for one.
    if name.len() > MAX_NAME {
        return Ok(None);
    }
    let Some(shown) = describe(ctx, name).await? else { return Ok(None) };
    let source = require_str(shown.event_source_arn(), "events:DescribeArchive", "the archive's source")?;
    let owner = mark::owner(&ctx.scope.identity, shown.description().unwrap_or_default());
    let spec = Spec {
        source,
        days: shown.retention_days().unwrap_or_default(),
        pattern: pattern(shown.event_pattern()).map(Into::into),
        kms_key: shown
            .kms_key_identifier()
            .filter(|key| !key.is_empty())
            .map(|key| as_named(key, &ctx.scope)),
    };
    let arn = ctx.scope.expand(Archive::ARN, name);
    let attributes = Attributes { name: name.to_owned(), arn };
    let mut observed = bus.child(Archive::NAME, name, name, owner, (spec, attributes));
    observed.status = status(&shown);
    observed.refs = vec![PhysicalId::new(Bus::NAME, bus.physical_id.id.clone())];
    observed.created = shown.creation_time().map(DateTime::secs);
    // What EventBridge counts may be a day old [DG: EventBridge, "Archiving and replaying events"].
    observed.contains_data = Some(match shown.event_count() {
        0 => "its events, which EventBridge counts up to a day late,".to_owned(),
        1 => "its event".to_owned(),
        count => format!("its {count} events"),
    });
    Ok(Some(observed))
}

/// How an archive is.
enum State {
    Changing,
    AsAsked,
    /// What EventBridge says of it.
    NotCreated(String),
    /// The same; it is as it was before.
    NotChanged(String),
}

fn state(shown: &Shown) -> State {
    let reason = || shown.state_reason().unwrap_or("it does not say why").to_owned();
    match shown.state() {
        Some(ArchiveState::Creating | ArchiveState::Updating) => State::Changing,
        Some(ArchiveState::CreateFailed) => State::NotCreated(reason()),
        Some(ArchiveState::UpdateFailed) => State::NotChanged(reason()),
        _ => State::AsAsked,
    }
}

fn status(shown: &Shown) -> Status {
    match state(shown) {
        State::Changing => Status::Pending,
        State::NotCreated(reason) => Status::Failed(format!("EventBridge could not create it: {reason}")),
        // What differs shows in its settings.
        State::AsAsked | State::NotChanged(_) => Status::Ready,
    }
}

/// The pattern; none where all events match it.
fn pattern(text: Option<&str>) -> Option<Json> {
    let parsed = text.and_then(|text| serde_json::from_str::<Json>(text).ok());
    parsed.filter(|pattern| *pattern != everything() && *pattern != json!({}))
}

/// Waits until an archive is as it was asked to be, unless the response says that it is: it does, mostly [recorded: events,
/// archive_and_replay].
async fn once_settled(ctx: &Context, id: &ResourceId, state: Option<&ArchiveState>) -> Result<()> {
    if state == Some(&ArchiveState::Enabled) { Ok(()) } else { settled(ctx, id).await }
}

async fn settled(ctx: &Context, id: &ResourceId) -> Result<()> {
    wait_until(Backoff::state(ctx.local), ctx.waiting(id), async || {
        match describe(ctx, &id.name).await?.as_ref().map(state) {
            Some(State::NotCreated(reason) | State::NotChanged(reason)) => {
                Err(Error::state(format!("EventBridge could not make the archive so: {reason}")))
            }
            Some(State::Changing) | None => Ok(Poll::Pending("not ready yet".to_owned())),
            Some(State::AsAsked) => Ok(Poll::Ready(())),
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_of_all_events_is_none() {
        for text in [None, Some(everything().to_string()), Some(String::new()), Some("{}".to_owned())] {
            assert_eq!(pattern(text.as_deref()), None);
        }
        assert_eq!(pattern(Some(r#"{"source":["shop"]}"#)), Some(json!({ "source": ["shop"] })));
    }
}

//! EventBridge's event buses.

mod acts;
mod dead_letter;
mod observe;
mod policy;
pub mod section;

pub(super) use self::dead_letter::{SERVICE, call_for, dead_letters as dead_letter_errors};
pub(super) use self::observe::list_tags;
use self::observe::{describe, read};
use super::{archive, read_each, require_str, retry_transient};
use crate::aws::clients::client;
use crate::aws::tags::{self, Tags};
use crate::aws::wait::{Backoff, retry_if};
use crate::aws::{Clients, Context, Error, Errors, Refusal, Result, Service};
use crate::kind::{
    AdoptedBy, Features, Kind, Observation, ObservedOf, ObservedOption, On, Output, OwnListing, Owned,
    Parent, Permission, Tagging, Task, When, Which,
};
use crate::model::{ResourceId, Texts};
use crate::policy::Policy;
use aws_sdk_eventbridge::types::{DeadLetterConfig, Tag};
use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// EventBridge. Its quotas are higher than what one stack needs [aws-facts-services: 4].
pub(crate) static EVENTBRIDGE: Service = Service {
    errors: Errors {
        not_found: &[Refusal::Code("ResourceNotFoundException")],
        exists: &[Refusal::Code("ResourceAlreadyExistsException")],
        transient: &[(
            Refusal::Code("ConcurrentModificationException"),
            "another change of it is in progress",
        )],
        passing_limits: &[],
    },
    ..Service::new("EventBridge", "events")
};

impl Clients {
    /// The client of EventBridge.
    pub fn eventbridge(&self) -> aws_sdk_eventbridge::Client {
        client!(self, &EVENTBRIDGE, aws_sdk_eventbridge)
    }
}

/// An event bus.
pub struct Bus;

/// The desired state of a bus.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "T: Texts")]
pub struct Spec<T = String> {
    /// The description; may be empty.
    pub description: T,
    /// The key that encrypts its events, unless EventBridge owns that.
    pub kms_key: Option<String>,
    /// The ARN of the queue that gets the events on which the key failed.
    pub dead_letter: Option<T>,
    /// Whom it admits: the statements of the stack, each without the beginning of its `Sid`. Others may have statements there too.
    pub policy: Policy<T>,
    /// The tags that are compared.
    pub tags: Tags<T>,
}

/// The attributes of a bus.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attributes {
    /// The name.
    pub name: String,
    /// The ARN.
    pub arn: String,
}

/// EventBridge as a principal.
pub(super) const EVENTS: &str = "events.amazonaws.com";
/// The bus that every account has.
pub(super) const DEFAULT: &str = "default";

fn has_policy(spec: &Json) -> bool {
    spec["policy"].as_object().is_some_and(|policy| !policy.is_empty())
}
const ANY: On = On::new("ReadBus", Bus::NAME, Which::Any, &[Bus::ARN]);
const DECLARED: On = On::new("Buses", Bus::NAME, Which::Declared, &[Bus::ARN]);
const OWNED: On = On::new("MarkedBuses", Bus::NAME, Which::Owned(""), &[Bus::ARN]);
/// IAM knows no resources of the calls that change policies [Service Authorization Reference].
const POLICIES: On = On::new("PoliciesOfBuses", Bus::NAME, Which::Within, &["*"]);
/// Any key, as long as EventBridge uses it: the stack file may name an alias, to which no statement applies.
const KEYS: On = On::new(
    "KeysOfBuses",
    Bus::NAME,
    Which::With("kms_key"),
    &["arn:{partition}:kms:{region}:{account}:key/{name}"],
)
.only("kms:ViaService", "events.{region}.{dns}");

pub(super) const KEY_ACTIONS: [(&str, &On); 3] =
    [("kms:DescribeKey", &KEYS), ("kms:GenerateDataKey", &KEYS), ("kms:Decrypt", &KEYS)];

impl Kind for Bus {
    const NAME: &'static str = "bus";
    const SERVICE: &'static Service = &EVENTBRIDGE;
    /// The policy of the queue admits the bus before, and no longer after it.
    const DEPENDS_ON: &'static [&'static str] = &["queue"];
    const ADMITTED: bool = true;
    const SECTION: &'static str = "buses";
    const ARN: &'static str = "arn:{partition}:events:{region}:{account}:event-bus/{name}";
    const PERMISSIONS: &'static [Permission] = &[
        Permission::same("events:DescribeEventBus", Task::READ, &ANY).when(When::DECLARED),
        Permission::same("events:ListTagsForResource", Task::READ, &ANY).when(When::DECLARED),
        // Its rules [Service Authorization Reference: EventBridge].
        Permission::same("events:ListRules", Task::READ, &On::EVERYTHING).when(When::DECLARED),
        // Its archive, also of an earlier version of the stack.
        Permission::same("events:DescribeArchive", Task::READ, &archive::ANY).when(When::DECLARED),
        Permission::same("events:DeleteArchive", Task::DELETE, &archive::OF_BUSES).when(When::DECLARED),
        Permission::of(
            "events:CreateEventBus",
            Task::CHANGE,
            &[
                ("events:CreateEventBus", &DECLARED),
                ("events:TagResource", &DECLARED),
                KEY_ACTIONS[0],
                KEY_ACTIONS[1],
                KEY_ACTIONS[2],
            ],
        )
        .when(When::DECLARED),
        Permission::of(
            "events:UpdateEventBus",
            Task::CHANGE,
            &[("events:UpdateEventBus", &DECLARED), KEY_ACTIONS[0], KEY_ACTIONS[1], KEY_ACTIONS[2]],
        )
        .when(When::DECLARED),
        Permission::same("events:TagResource", Task::CHANGE, &DECLARED).when(When::DECLARED),
        Permission::same("events:PutPermission", Task::CHANGE, &POLICIES).when(When::Some(has_policy)),
        // An earlier version of the stack may have left statements.
        Permission::same("events:RemovePermission", Task::CHANGE, &POLICIES)
            .when(When::Some(|spec| !has_policy(spec))),
        Permission::same("events:DeleteEventBus", Task::DELETE, &OWNED).when(When::DECLARED),
    ];
    const TAGGING: Option<Tagging> = Some(Tagging {
        resource_type: "events:event-bus",
        prefix: "event-bus/",
        own_listing: OwnListing::Never,
    });
    const FEATURES: Features = Features {
        nouns: Some(["event bus", "event buses"]),
        adopted_by: Some(AdoptedBy::Name),
        acts: &[&acts::SEND],
        outputs: &[Output::new("buses.NAME", "arn")],
        counted: true,
        ..Features::NONE
    };
    type Spec<T: Texts> = Spec<T>;
    type Attributes = Attributes;

    async fn observe(ctx: &Context, _: &[Parent]) -> Result<Observation<Self>> {
        Ok(read_each(ctx.scope.wanted(Self::NAME), |name| read(ctx, name)).await?.into())
    }

    async fn read(ctx: &Context, name: &str, _: Option<&Parent>) -> Result<ObservedOption<Self>> {
        read(ctx, name).await
    }

    async fn create(ctx: &Context, id: &ResourceId, spec: &Spec) -> Result<Attributes> {
        let Spec { description, kms_key, dead_letter, policy, tags } = spec;
        let create = ctx.clients.eventbridge().create_event_bus().name(&id.name);
        let create = create
            .set_description(Some(description.clone()).filter(|text| !text.is_empty()))
            .set_kms_key_identifier(kms_key.clone())
            .set_dead_letter_config(dead_letters(dead_letter.as_ref()))
            .set_tags(Some(sent(tags)?));
        let created = create.send().await?;
        let arn = require_str(created.event_bus_arn(), "events:CreateEventBus", "the bus's ARN")?;
        if !policy.0.is_empty() {
            policy::set(ctx, id, policy).await?;
        }
        Ok(Attributes { name: id.name.clone(), arn })
    }

    async fn update(ctx: &Context, observed: &ObservedOf<Self>, to: &Spec) -> Result<Attributes> {
        let (id, from) = (&observed.id, &observed.spec);
        let Spec { description, kms_key, dead_letter, policy, tags } = to;
        if (&from.description, &from.kms_key, &from.dead_letter) != (description, kms_key, dead_letter) {
            // What is not named may be cleared, and what others log must stay [aws-facts-services: Clearing a field].
            let shown = describe(&ctx.clients, &id.name).await?;
            let log = shown.and_then(|shown| shown.log_config);
            // An empty target for dead letters is refused [hazards: E2].
            retry_transient(ctx, &EVENTBRIDGE, id, async || {
                let update = ctx.clients.eventbridge().update_event_bus().name(&id.name);
                let update = update
                    .description(description)
                    .kms_key_identifier(kms_key.as_deref().unwrap_or_default())
                    .set_dead_letter_config(dead_letters(dead_letter.as_ref()))
                    .set_log_config(log.clone());
                update.send().await?;
                Ok(())
            })
            .await?;
        }
        if from.policy != *policy {
            policy::set(ctx, id, policy).await?;
        }
        tag(ctx, &observed.attributes.arn, &tags::to_set(&from.tags, tags)).await?;
        Ok(observed.attributes.clone())
    }

    async fn delete(ctx: &Context, observed: &ObservedOf<Self>) -> Result<()> {
        retry_transient(ctx, &EVENTBRIDGE, &observed.id, async || {
            // A rule that was just deleted may still count, that of an archive included [anomalyco/ion#809].
            retry_if(Backoff::VISIBILITY, ctx.waiting(&observed.id), has_rules, async || {
                let delete = ctx.clients.eventbridge().delete_event_bus().name(&observed.physical_id);
                EVENTBRIDGE.ignore_not_found(delete.send().await)
            })
            .await
        })
        .await
    }

    async fn inventory(clients: &Clients, tagged: Vec<Owned>) -> Result<Vec<Owned>> {
        let existing = tagged.into_iter().map(async |Owned { physical_id, .. }| {
            let Some(shown) = describe(clients, &physical_id.id).await? else { return Ok(None) };
            let arn = require_str(shown.arn(), "events:DescribeEventBus", "the bus's ARN")?;
            let mark = list_tags(clients, &arn).await?.and_then(|mut tags| tags.remove(tags::STACK));
            Ok::<_, Error>(mark.map(|mark| Owned::new(&mark, physical_id)))
        });
        Ok(try_join_all(existing).await?.into_iter().flatten().collect())
    }
}

fn has_rules(error: &Error) -> Option<&'static str> {
    let has = error.is("ValidationException") && error.says("since it has rules");
    has.then_some("EventBridge still sees a rule of the bus")
}

fn dead_letters(queue: Option<&String>) -> Option<DeadLetterConfig> {
    queue.map(|arn| DeadLetterConfig::builder().arn(arn).build())
}

/// Sets tags of a bus or a rule.
pub(super) async fn tag(ctx: &Context, arn: &str, set: &Tags) -> Result<()> {
    if set.is_empty() {
        return Ok(());
    }
    ctx.clients.eventbridge().tag_resource().resource_arn(arn).set_tags(Some(sent(set)?)).send().await?;
    Ok(())
}

/// Tags in the form of EventBridge.
pub(super) fn sent(tags: &Tags) -> Result<Vec<Tag>> {
    tags.iter().map(|(key, value)| Ok(Tag::builder().key(key).value(value).build()?)).collect()
}

/// The first failure that a response tells of which is a success [aws-facts-services: 4].
pub(super) fn partly<'a>(
    operation: &str,
    mut failed: impl Iterator<Item = (Option<&'a str>, Option<&'a str>)>,
) -> Result<()> {
    match failed.next() {
        Some((code, message)) => Err(Error::refusal(operation, code, message.unwrap_or_default())),
        None => Ok(()),
    }
}

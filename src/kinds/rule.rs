//! EventBridge's rules: events of a bus that match a pattern start a function or a state machine, or go to a queue, a topic, a
//! stream or another bus. A rule with its one target is one resource; what others add to its targets is theirs.

mod lower;
mod observe;
pub(super) mod pattern;
pub(crate) mod section;
mod target;
pub(super) mod unheard;

use self::observe::read;
pub use self::section::OfBus;
use self::target::{put_target, remove_targets};
use super::bus::{DEFAULT, EVENTBRIDGE, EVENTS, list_tags, sent, tag};
use super::role::Role;
use super::{read_each, require_str, retry_transient, started};
use crate::aws::tags::{self, Tags};
use crate::aws::wait::{Backoff, retry_if};
use crate::aws::{Clients, Context, Error, Result, Service};
use crate::kind::{
    Features, Kind, Observation, ObservedOf, ObservedOption, On, OnExisting, OwnListing, Owned, Parent,
    Permission, Tagging, Task, When, Which, Wire,
};
use crate::model::{Owner, ResourceId, Texts};
use crate::policy::Tree;
use aws_sdk_eventbridge::operation::describe_rule::DescribeRuleOutput;
use aws_sdk_eventbridge::types::RuleState;
use futures_util::future::try_join_all;
use futures_util::try_join;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A rule.
pub struct Rule;

/// The desired state of a rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "T: Texts")]
pub struct Spec<T = String> {
    /// The name of its bus.
    pub bus: T,
    /// The pattern of the events that it is about.
    pub pattern: Tree<T>,
    /// Whether it hands them on.
    pub enabled: bool,
    /// Where to. A rule of the stack that has lost its target has none.
    pub target: Option<Target<T>>,
    /// The ARN of the role with which it delivers there, where it needs one.
    pub role: Option<T>,
    /// The tags that are compared.
    pub tags: Tags<T>,
}

/// Where events go.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "T: Texts")]
pub struct Target<T = String> {
    /// The ARN of what gets them.
    pub arn: T,
    /// What it gets in their place.
    pub input: Option<Tree<T>>,
    /// The part of each that it gets.
    pub input_path: Option<String>,
    /// The text of each that it gets.
    pub input_transformer: Option<Transformer<T>>,
    /// The group of the messages in a queue.
    pub group: Option<String>,
    /// The part of each that is the partition key of its record in a stream.
    pub partition_key: Option<String>,
    /// How often a delivery is tried again at most.
    pub retries: i32,
    /// For how many seconds it is tried.
    pub max_age: i32,
    /// The ARN of the queue that gets what could not be delivered.
    pub dead_letter: Option<T>,
}

/// A text with parts of an event in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transformer<T = String> {
    /// The parts by the names that the text has for them.
    pub paths: BTreeMap<String, String>,
    /// The text.
    pub template: T,
}

/// The attributes of a rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attributes {
    /// The name, after that of its bus, as its ARN has it.
    pub name: String,
    /// The ARN.
    pub arn: String,
}

const ANY: On = On::new("ReadRule", Rule::NAME, Which::Any, &[Rule::ARN]);
const DECLARED: On = On::new("Rules", Rule::NAME, Which::Declared, &[Rule::ARN]);
const OWNED: On = On::new("MarkedRules", Rule::NAME, Which::Owned(""), &[Rule::ARN]);
/// The role with which rules deliver.
const PASSED: On = On::new("PassRuleRole", Role::NAME, Which::Field("role"), &[Role::ARN])
    .only("iam:PassedToService", EVENTS);

impl Kind for Rule {
    const NAME: &'static str = "rule";
    const SERVICE: &'static Service = &EVENTBRIDGE;
    const DEPENDS_ON: &'static [&'static str] =
        &["bus", "permission", "queue", "topic", "stream", "state_machine", "role"];
    const ADMITTED: bool = true;
    const IMMUTABLE: &'static [&'static str] = &["bus"];
    /// PutRule overwrites a rule of the same name without a word [aws-facts-services: Uniqueness].
    const ON_EXISTING: OnExisting = OnExisting::Accept;
    const ARN: &'static str = "arn:{partition}:events:{region}:{account}:rule/{name}";
    const PERMISSIONS: &'static [Permission] = &[
        Permission::same("events:DescribeRule", Task::READ, &ANY).when(When::DECLARED),
        Permission::same("events:ListTargetsByRule", Task::READ, &ANY).when(When::DECLARED),
        Permission::same("events:ListTagsForResource", Task::READ, &ANY).when(When::DECLARED),
        Permission::of(
            "events:PutRule",
            Task::CHANGE,
            &[("events:PutRule", &DECLARED), ("events:TagResource", &DECLARED)],
        )
        .when(When::DECLARED),
        Permission::of(
            "events:PutTargets",
            Task::CHANGE,
            &[("events:PutTargets", &DECLARED), ("iam:PassRole", &PASSED)],
        )
        .when(When::DECLARED),
        Permission::same("events:TagResource", Task::CHANGE, &DECLARED).when(When::DECLARED),
        Permission::same("events:RemoveTargets", Task::DELETE, &OWNED).when(When::DECLARED),
        Permission::same("events:DeleteRule", Task::DELETE, &OWNED).when(When::DECLARED),
    ];
    const TAGGING: Option<Tagging> =
        Some(Tagging { resource_type: "events:rule", prefix: "rule/", own_listing: OwnListing::Never });
    const FEATURES: Features = Features {
        part_of: |id| started::part_of(bus_and_rule(&id.name).1),
        called: |id, _| {
            let (bus, rule) = bus_and_rule(&id.name);
            started::called(&format!("bus {bus}"), rule)
        },
        is_trigger: |id| started::part_of(bus_and_rule(&id.name).1).is_some(),
        wire: |id, spec| Wire::new(&Rule::ARN.replace("{name}", &id.name), spec["target"]["arn"].as_str()?),
        ..Features::NONE
    };
    type Spec<T: Texts> = Spec<T>;
    type Attributes = Attributes;

    async fn observe(ctx: &Context, _: &[Parent]) -> Result<Observation<Self>> {
        let wanted = async { read_each(ctx.scope.wanted(Self::NAME), |name| read(ctx, name)).await };
        let (wanted, others) = try_join!(wanted, observe::further(ctx))?;
        Ok(wanted.into_iter().chain(others).collect::<Vec<_>>().into())
    }

    async fn read(ctx: &Context, name: &str, _: Option<&Parent>) -> Result<ObservedOption<Self>> {
        read(ctx, name).await
    }

    async fn create(ctx: &Context, id: &ResourceId, spec: &Spec) -> Result<Attributes> {
        let arn = put(ctx, id, spec, None).await?;
        // The call also succeeds where another owner has made a rule of this name in the meantime, whose tags stay.
        let tags = observe::settled_tags(ctx, id, &arn).await?.unwrap_or_default();
        match tags::owner(&tags, &ctx.scope) {
            Owner::Unmanaged(owner) => return Err(Error::state(format!("it already exists, and {owner}"))),
            Owner::Ours | Owner::Untagged => {}
        }
        if let Some(target) = &spec.target {
            put_target(ctx, id, target, spec.role.as_deref()).await?;
        }
        Ok(Attributes { name: id.name.clone(), arn })
    }

    async fn update(ctx: &Context, observed: &ObservedOf<Self>, to: &Spec) -> Result<Attributes> {
        let (id, from) = (&observed.id, &observed.spec);
        if (&from.pattern, from.enabled) != (&to.pattern, to.enabled) {
            // What others have set stays.
            let shown = observe::describe(&ctx.clients, &observed.physical_id).await?;
            put(ctx, id, to, Some(shown.unwrap_or_else(|| DescribeRuleOutput::builder().build()))).await?;
        }
        let differs = (&from.target, &from.role) != (&to.target, &to.role);
        if let Some(target) = to.target.as_ref().filter(|_| differs) {
            put_target(ctx, id, target, to.role.as_deref()).await?;
        }
        tag(ctx, &observed.attributes.arn, &tags::to_set(&from.tags, &to.tags)).await?;
        Ok(observed.attributes.clone())
    }

    async fn delete(ctx: &Context, observed: &ObservedOf<Self>) -> Result<()> {
        let (id, (bus, rule)) = (&observed.id, bus_and_rule(&observed.physical_id));
        remove_targets(ctx, id, (bus, rule)).await?;
        // The targets that were just removed still count for minutes [aws-facts-services: 4, TF].
        let held = |error: &Error| {
            let held = error.is("ValidationException") && error.says("since it has targets");
            let held = held.then_some("EventBridge still sees a target of the rule");
            EVENTBRIDGE.transient(error).or(held)
        };
        retry_if(Backoff::state(ctx.local), ctx.waiting(id), held, async || {
            // Without the bus another rule would be meant [hazards: E1].
            let delete = ctx.clients.eventbridge().delete_rule().event_bus_name(bus).name(rule);
            EVENTBRIDGE.ignore_not_found(delete.send().await)
        })
        .await
    }

    async fn inventory(clients: &Clients, tagged: Vec<Owned>) -> Result<Vec<Owned>> {
        let existing = tagged.into_iter().map(async |Owned { physical_id, .. }| {
            let Some(shown) = observe::describe(clients, &physical_id.id).await? else { return Ok(None) };
            let arn = require_str(shown.arn(), "events:DescribeRule", "the rule's ARN")?;
            let mark = list_tags(clients, &arn).await?.and_then(|mut tags| tags.remove(tags::STACK));
            Ok::<_, Error>(mark.map(|mark| Owned::new(&mark, physical_id)))
        });
        Ok(try_join_all(existing).await?.into_iter().flatten().collect())
    }
}

/// Makes a rule what it is to be. What is not named becomes nothing, so all is sent, with what others have set on one that exists
/// [aws-facts-services: Clearing a field]; only the tags of a new one count.
async fn put(
    ctx: &Context,
    id: &ResourceId,
    spec: &Spec,
    existing: Option<DescribeRuleOutput>,
) -> Result<String> {
    let Spec { bus: _, pattern, enabled, target: _, role: _, tags } = spec;
    let (bus, rule) = bus_and_rule(&id.name);
    let state = if *enabled { RuleState::Enabled } else { RuleState::Disabled };
    let tags = existing.is_none().then(|| sent(tags)).transpose()?;
    let theirs = existing.unwrap_or_else(|| DescribeRuleOutput::builder().build());
    let response = retry_transient(ctx, &EVENTBRIDGE, id, async || {
        let put = ctx.clients.eventbridge().put_rule().event_bus_name(bus).name(rule);
        let put = put.event_pattern(pattern.json().to_string()).state(state.clone());
        let put = put
            .set_description(theirs.description.clone())
            .set_role_arn(theirs.role_arn.clone())
            .set_schedule_expression(theirs.schedule_expression.clone());
        Ok(put.set_tags(tags.clone()).send().await?)
    })
    .await?;
    require_str(response.rule_arn(), "events:PutRule", "the rule's ARN")
}

/// The bus and the rule of a name as an ARN has it: without a bus it is on the one that every account has.
fn bus_and_rule(name: &str) -> (&str, &str) {
    name.split_once('/').unwrap_or((DEFAULT, name))
}

/// The name of a rule on a bus, as its ARN has it.
fn on_bus(bus: &str, rule: &str) -> String {
    if bus == DEFAULT { rule.to_owned() } else { format!("{bus}/{rule}") }
}

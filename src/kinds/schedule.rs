//! Schedules of EventBridge Scheduler: at certain times they start a function or a state machine, or send to a queue, a topic or a stream,
//! with the role that the stack has for all of them. They live in the stack's group, which is theirs alone: whatever is in it is the stack's.

mod expression;
mod lower;
mod observe;
pub(crate) mod section;

use self::observe::{list, read};
pub use self::section::AtTimes;
use super::assumable::once_assumable;
use super::role::Role;
use super::schedule_group::SCHEDULER;
use super::{list_each, retry_transient, started, within};
use crate::aws::{Context, Error, Result, Service};
use crate::kind::{
    Features, Kind, Observation, ObservedOf, ObservedOption, On, OnParentDelete, Parent, ParentKind,
    Permission, Task, When, Which,
};
use crate::model::{PhysicalId, ResourceId, Texts};
use crate::policy::Tree;
use aws_sdk_scheduler::primitives::{DateTime, DateTimeFormat};
use aws_sdk_scheduler::types::{
    ActionAfterCompletion, DeadLetterConfig, FlexibleTimeWindow, FlexibleTimeWindowMode, KinesisParameters,
    RetryPolicy, ScheduleState, SqsParameters, Target,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A schedule.
pub struct Schedule;

/// The desired state of a schedule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "T: Texts")]
pub struct Spec<T = String> {
    /// When, in the service's own words.
    pub expression: String,
    /// The time zone in which that is meant.
    pub timezone: String,
    /// Within how many minutes after that.
    pub flexible: Option<i32>,
    /// From when on, and until when.
    pub start: Option<String>,
    /// Until when.
    pub end: Option<String>,
    /// Whether it comes at all.
    pub enabled: bool,
    /// Whether it is deleted after it has come for the last time: only others can have set that.
    pub deletes_itself: bool,
    /// The ARN of what it starts.
    pub target: T,
    /// The ARN of the role with which it does.
    pub role: T,
    /// What is handed on.
    pub input: Option<Tree<T>>,
    /// The group of the messages in a queue.
    pub group: Option<String>,
    /// The partition key of the records in a stream.
    pub partition_key: Option<String>,
    /// How often it is tried again at most.
    pub retries: i32,
    /// For how many seconds it is tried.
    pub max_age: i32,
    /// The ARN of the queue that gets what could not be delivered.
    pub dead_letter: Option<T>,
}

/// The attributes of a schedule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attributes {
    /// The name, after that of its group.
    pub name: String,
    /// The ARN.
    pub arn: String,
}

const IN_GROUP: &str = "arn:{partition}:scheduler:{region}:{account}:schedule/{name}/*";
const ANY: On = On::new("ReadSchedule", Schedule::NAME, Which::Any, &[Schedule::ARN]);
/// The group is the stack's own, and so is all that is in it.
pub(super) const OWN: On = On::new("Schedules", "schedule_group", Which::Declared, &[IN_GROUP]);
const PASSED: On = On::new("PassScheduleRole", Role::NAME, Which::Field("role"), &[Role::ARN])
    .only("iam:PassedToService", section::SCHEDULER_PRINCIPAL);

impl Kind for Schedule {
    const NAME: &'static str = "schedule";
    const SERVICE: &'static Service = &SCHEDULER;
    const PARENT: Option<ParentKind> = Some(ParentKind::new("schedule_group", OnParentDelete::Cascade));
    /// The role allows to start what it starts.
    const DEPENDS_ON: &'static [&'static str] = &["role", "queue", "topic", "stream", "state_machine"];
    const ARN: &'static str = "arn:{partition}:scheduler:{region}:{account}:schedule/{name}";
    const PERMISSIONS: &'static [Permission] = &[
        Permission::same("scheduler:ListSchedules", Task::READ, &On::EVERYTHING).when(When::DECLARED),
        Permission::same("scheduler:GetSchedule", Task::READ, &ANY).when(When::DECLARED),
        Permission::of(
            "scheduler:CreateSchedule",
            Task::CHANGE,
            &[("scheduler:CreateSchedule", &OWN), ("iam:PassRole", &PASSED)],
        )
        .when(When::DECLARED),
        Permission::of(
            "scheduler:UpdateSchedule",
            Task::CHANGE,
            &[("scheduler:UpdateSchedule", &OWN), ("iam:PassRole", &PASSED)],
        )
        .when(When::DECLARED),
        Permission::same("scheduler:DeleteSchedule", Task::DELETE, &OWN).when(When::DECLARED),
    ];
    const FEATURES: Features = Features {
        part_of: |id| started::part_of(&id.name).or_else(|| id.parent().cloned()),
        called: |id, _| started::called("schedule", &id.name),
        is_trigger: |id| started::part_of(&id.name).is_some(),
        facts: |spec| spec["expression"].as_str().map(str::to_owned).into_iter().collect(),
        ..Features::NONE
    };
    type Spec<T: Texts> = Spec<T>;
    type Attributes = Attributes;

    async fn observe(ctx: &Context, groups: &[Parent]) -> Result<Observation<Self>> {
        Ok(list_each(groups, |group| list(ctx, group)).await?.into())
    }

    async fn read(ctx: &Context, name: &str, group: Option<&Parent>) -> Result<ObservedOption<Self>> {
        read(ctx, name, within(group, "schedule group")?).await
    }

    async fn find(ctx: &Context, physical_id: &str) -> Result<ObservedOption<Self>> {
        let Some((group, name)) = physical_id.split_once('/') else { return Ok(None) };
        let id = ResourceId::new("schedule_group", group);
        read(ctx, name, &Parent::new(&id, PhysicalId::new("schedule_group", group))).await
    }

    async fn create(ctx: &Context, id: &ResourceId, spec: &Spec) -> Result<Attributes> {
        let group = group_of(id)?;
        let Sent { window, start, end, state, target } = sent(ctx, spec)?;
        let Spec { expression, timezone, .. } = spec;
        let created = once_assumable(ctx, id, &spec.role, async || {
            let create = ctx.clients.scheduler().create_schedule().group_name(group).name(&id.name);
            let create = create
                .schedule_expression(expression)
                .schedule_expression_timezone(timezone)
                .flexible_time_window(window.clone())
                .set_start_date(start)
                .set_end_date(end)
                .state(state.clone())
                .action_after_completion(ActionAfterCompletion::None)
                .target(target.clone());
            Ok(create.send().await?)
        })
        .await?;
        Ok(Attributes { name: format!("{group}/{}", id.name), arn: created.schedule_arn })
    }

    /// Replaces everything, so all is sent, with what others have set [aws-facts-services: Clearing a field].
    async fn update(ctx: &Context, observed: &ObservedOf<Self>, to: &Spec) -> Result<Attributes> {
        let (id, group) = (&observed.id, group_of(&observed.id)?);
        let Sent { window, start, end, state, target } = sent(ctx, to)?;
        let theirs = observe::get(ctx, group, &id.name).await?;
        let theirs = theirs.map(|shown| (shown.description, shown.kms_key_arn)).unwrap_or_default();
        let Spec { expression, timezone, .. } = to;
        retry_transient(ctx, &SCHEDULER, id, async || {
            once_assumable(ctx, id, &to.role, async || {
                let update = ctx.clients.scheduler().update_schedule().group_name(group).name(&id.name);
                let update = update
                    .schedule_expression(expression)
                    .schedule_expression_timezone(timezone)
                    .flexible_time_window(window.clone())
                    .set_start_date(start)
                    .set_end_date(end)
                    .state(state.clone())
                    .action_after_completion(ActionAfterCompletion::None)
                    .set_description(theirs.0.clone())
                    .set_kms_key_arn(theirs.1.clone())
                    .target(target.clone());
                update.send().await?;
                Ok(())
            })
            .await
        })
        .await?;
        Ok(observed.attributes.clone())
    }

    async fn delete(ctx: &Context, observed: &ObservedOf<Self>) -> Result<()> {
        let (id, group) = (&observed.id, group_of(&observed.id)?);
        retry_transient(ctx, &SCHEDULER, id, async || {
            let delete = ctx.clients.scheduler().delete_schedule().group_name(group).name(&id.name);
            SCHEDULER.ignore_not_found(delete.send().await)
        })
        .await
    }
}

/// What the schedules of a group use.
pub(super) async fn used_in(ctx: &Context, group: &PhysicalId) -> Result<Vec<PhysicalId>> {
    let schedules =
        list(ctx, &Parent::new(&ResourceId::new("schedule_group", &group.id), group.clone())).await?;
    let used: BTreeSet<PhysicalId> = schedules.into_iter().flat_map(|schedule| schedule.refs).collect();
    Ok(used.into_iter().collect())
}

/// The name of the group of a schedule.
fn group_of(id: &ResourceId) -> Result<&str> {
    let group = id.parent().ok_or_else(|| Error::internal("the group of a schedule is unknown"))?;
    Ok(&group.name)
}

/// What a create and an update send.
struct Sent {
    window: FlexibleTimeWindow,
    start: Option<DateTime>,
    end: Option<DateTime>,
    state: ScheduleState,
    target: Target,
}

fn sent(ctx: &Context, spec: &Spec) -> Result<Sent> {
    let Spec {
        expression: _,
        timezone: _,
        flexible,
        start,
        end,
        enabled,
        deletes_itself: _,
        target,
        role,
        input,
        group,
        partition_key,
        retries,
        max_age,
        dead_letter,
    } = spec;
    let mode =
        if flexible.is_some() { FlexibleTimeWindowMode::Flexible } else { FlexibleTimeWindowMode::Off };
    let window = FlexibleTimeWindow::builder().mode(mode).set_maximum_window_in_minutes(*flexible).build()?;
    let time = |text: &Option<String>| {
        let parsed = text.as_ref().map(|text| DateTime::from_str(text, DateTimeFormat::DateTime));
        parsed.transpose().map_err(Error::internal)
    };
    let retry = RetryPolicy::builder()
        .maximum_retry_attempts(*retries)
        .maximum_event_age_in_seconds(*max_age)
        .build();
    let kinesis = partition_key.as_ref().map(|key| KinesisParameters::builder().partition_key(key).build());
    let target = Target::builder()
        .arn(target)
        .role_arn(role)
        .set_input(input.as_ref().map(|input| input.json().to_string()))
        .set_sqs_parameters(
            group.as_ref().map(|group| SqsParameters::builder().message_group_id(group).build()),
        )
        .set_kinesis_parameters(kinesis.transpose()?)
        .retry_policy(retry)
        .set_dead_letter_config(dead_letter.as_ref().map(|arn| DeadLetterConfig::builder().arn(arn).build()))
        .build()?;
    let state = if *enabled { ScheduleState::Enabled } else { ScheduleState::Disabled };
    let start = start.as_ref().filter(|start| !observe::is_past(ctx, start)).cloned();
    Ok(Sent { window, start: time(&start)?, end: time(end)?, state, target })
}

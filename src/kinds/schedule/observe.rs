//! A schedule as the service shows it.

use super::{Attributes, Schedule, Spec};
use crate::aws::pages::all_pages;
use crate::aws::{Context, Result};
use crate::kind::{Kind, ObservedOf, ObservedOption, Parent};
use crate::kinds::ends::ends_of;
use crate::kinds::role::Role;
use crate::kinds::schedule_group::SCHEDULER;
use crate::kinds::started::{MAX_AGE, RETRIES};
use crate::kinds::{read_each, require, unmanaged};
use crate::model::{Owner, PhysicalId};
use crate::policy::Tree;
use aws_sdk_scheduler::operation::get_schedule::GetScheduleOutput as Shown;
use aws_sdk_scheduler::primitives::DateTime;
use aws_sdk_scheduler::types::{ActionAfterCompletion, FlexibleTimeWindowMode, ScheduleState};

/// All schedules of a group.
pub(super) async fn list(ctx: &Context, group: &Parent) -> Result<Vec<ObservedOf<Schedule>>> {
    let list = ctx.clients.scheduler().list_schedules().group_name(&group.physical_id.id).max_results(100);
    let summaries = all_pages("scheduler:ListSchedules", async |token| {
        let page = list.clone().set_next_token(token).send().await?;
        Ok((page.schedules, page.next_token))
    });
    let summaries = SCHEDULER.not_found_as_none(summaries.await)?.unwrap_or_default();
    let names: Vec<String> = summaries.into_iter().filter_map(|summary| summary.name).collect();
    read_each(names.iter().map(String::as_str), |name| read(ctx, name, group)).await
}

/// What GetSchedule shows; `None` if there is no such schedule.
pub(super) async fn get(ctx: &Context, group: &str, name: &str) -> Result<Option<Shown>> {
    let get = ctx.clients.scheduler().get_schedule().group_name(group).name(name);
    SCHEDULER.not_found_as_none(get.send().await)
}

pub(super) async fn read(ctx: &Context, name: &str, group: &Parent) -> Result<ObservedOption<Schedule>> {
    let of = &group.physical_id.id;
    let Some(shown) = get(ctx, of, name).await? else { return Ok(None) };
    let mut spec = spec(&shown)?;
    let declared = ctx.scope.desired_field(Schedule::NAME, name, "start");
    spec.start = as_declared(ctx, spec.start, declared.as_ref().and_then(|start| start.as_str()));
    let arn = shown.arn().unwrap_or_default().to_owned();
    let physical_id = format!("{of}/{name}");
    let role = spec.role.rsplit('/').next().map(|role| PhysicalId::new(Role::NAME, role));
    let ends = [Some(&spec.target), spec.dead_letter.as_ref()].into_iter().flatten();
    let refs = role.into_iter().chain(ends.flat_map(|arn| ends_of(&ctx.scope, arn))).collect();
    let attributes = Attributes { name: physical_id.clone(), arn };
    // Only this stack can have made the group.
    let mut observed = group.child(Schedule::NAME, name, physical_id, Owner::Ours, (spec, attributes));
    observed.refs = refs;
    observed.created = shown.creation_date().map(DateTime::secs);
    observed.unmanaged_settings =
        unmanaged([("description", shown.description(), ""), ("kms_key", shown.kms_key_arn(), "")]);
    Ok(Some(observed))
}

/// With the defaults that the service shows [aws-facts-services: 4].
fn spec(shown: &Shown) -> Result<Spec> {
    let target = require(shown.target(), "scheduler:GetSchedule", "the schedule's target")?;
    let window = shown.flexible_time_window();
    let window = window.filter(|window| *window.mode() == FlexibleTimeWindowMode::Flexible);
    let retry = target.retry_policy();
    Ok(Spec {
        expression: shown.schedule_expression().unwrap_or_default().to_owned(),
        timezone: shown.schedule_expression_timezone().unwrap_or("UTC").to_owned(),
        flexible: window.and_then(|window| window.maximum_window_in_minutes()),
        start: shown.start_date().map(time),
        end: shown.end_date().map(time),
        enabled: shown.state() != Some(&ScheduleState::Disabled),
        deletes_itself: shown.action_after_completion() == Some(&ActionAfterCompletion::Delete),
        target: target.arn().to_owned(),
        role: target.role_arn().to_owned(),
        input: target.input().map(Tree::parsed),
        group: target.sqs_parameters().and_then(|sqs| sqs.message_group_id()).map(str::to_owned),
        partition_key: target.kinesis_parameters().map(|kinesis| kinesis.partition_key().to_owned()),
        retries: retry.and_then(|retry| retry.maximum_retry_attempts()).unwrap_or(RETRIES),
        max_age: retry.and_then(|retry| retry.maximum_event_age_in_seconds()).unwrap_or(MAX_AGE),
        dead_letter: target.dead_letter_config().and_then(|config| config.arn()).map(str::to_owned),
    })
}

/// Whether a time is over. Scheduler refuses a start that is [getmoto/moto#8172], which would change nothing: it is left out.
pub(super) fn is_past(ctx: &Context, text: &str) -> bool {
    let now = chrono::DateTime::from_timestamp(DateTime::from(ctx.time.now()).secs(), 0).unwrap_or_default();
    // Both have the same form, so their order is that of the texts.
    text <= now.format(super::section::TIME).to_string().as_str()
}

/// A start that is over is as good as none, so it is the one that the stack declares, where that is over too.
fn as_declared(ctx: &Context, start: Option<String>, declared: Option<&str>) -> Option<String> {
    let is_over = |start: Option<&str>| start.is_none_or(|start| is_past(ctx, start));
    if is_over(start.as_deref()) && is_over(declared) { declared.map(str::to_owned) } else { start }
}

/// A time as the stack file has it.
fn time(time: &DateTime) -> String {
    let time = chrono::DateTime::from_timestamp(time.secs(), 0).unwrap_or_default();
    time.format(super::section::TIME).to_string()
}

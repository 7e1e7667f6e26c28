//! Schedules. Each hands a role to the service, which must be able to assume it for the group.

use super::group::{self, named};
use super::{expression, group::group_arn};
use crate::cloud::{ACCOUNT, Cloud, Handler, ServiceError, Time, required, seconds, text};
use crate::services::Service;
use crate::services::{iam, lambda, sqs};
use serde_json::{Value as Json, json};

pub(super) const OPERATIONS: &[(&str, Handler)] = &[
    ("CreateSchedule", create),
    ("GetSchedule", get),
    ("UpdateSchedule", update),
    ("DeleteSchedule", delete),
    ("ListSchedules", list),
];

/// What a schedule is, as it was sent.
const SETTINGS: &[&str] = &[
    "ActionAfterCompletion",
    "Description",
    "EndDate",
    "FlexibleTimeWindow",
    "KmsKeyArn",
    "ScheduleExpression",
    "ScheduleExpressionTimezone",
    "StartDate",
    "State",
    "Target",
];

/// A schedule.
#[derive(Debug, Clone, Default)]
pub(crate) struct Schedule {
    pub(crate) group: String,
    pub(crate) name: String,
    /// What is shown of it: what was sent, with defaults.
    pub(crate) settings: Json,
    pub(crate) created: Time,
    pub(crate) modified: Time,
    pub(super) token: String,
}

impl Schedule {
    pub(super) fn new(now: Time, (group, name): (&str, &str), settings: Json) -> Self {
        let (group, name) = (group.to_owned(), name.to_owned());
        Schedule { group, name, settings, created: now, modified: now, token: String::new() }
    }

    pub(super) fn dump(&self) -> Json {
        let mut settings = self.settings.clone();
        let input = settings["Target"]["Input"].as_str().and_then(|text| serde_json::from_str(text).ok());
        if let Some(input) = input {
            settings["Target"]["Input"] = input;
        }
        settings
    }
}

pub(super) fn schedule_arn(group: &str, name: &str) -> String {
    Service::Scheduler.arn(&format!("schedule/{group}/{name}"))
}

pub(super) fn key(group: &str, name: &str) -> String {
    format!("{group}/{name}")
}

fn not_found(name: &str) -> ServiceError {
    ServiceError::new("ResourceNotFoundException", format!("Schedule {name} does not exist."))
}

fn invalid<T>(message: impl Into<String>) -> Result<T, ServiceError> {
    ServiceError::err("ValidationException", message)
}

/// What a call sets, with the defaults that reads show [aws-facts-services: 4, field].
pub(super) fn settings(params: &Json) -> Json {
    let mut all = json!({});
    for name in SETTINGS {
        if let Some(value) = params.get(*name).filter(|value| !value.is_null()) {
            all[*name] = value.clone();
        }
    }
    let mut default = |name: &str, value: &str| {
        if all.get(name).is_none() {
            all[name] = value.into();
        }
    };
    default("State", "ENABLED");
    default("ScheduleExpressionTimezone", "UTC");
    default("ActionAfterCompletion", "NONE");
    let retry = &mut all["Target"]["RetryPolicy"];
    for (name, value) in [("MaximumEventAgeInSeconds", 86_400), ("MaximumRetryAttempts", 185)] {
        if retry.get(name).is_none() {
            retry[name] = value.into();
        }
    }
    all
}

/// [recorded: scheduler; aws-facts-services: 4]
fn check(cloud: &Cloud, group: &str, params: &Json) -> Result<(), ServiceError> {
    let (expression, target) = (required(params, "ScheduleExpression"), &params["Target"]);
    if !expression::is_of_schedule(expression) {
        return invalid(format!("Invalid Schedule Expression {expression}."));
    }
    let zone = text(params, "ScheduleExpressionTimezone").unwrap_or("UTC");
    if !expression::is_zone(zone) {
        return invalid(format!("Invalid Schedule Expression Timezone {zone}."));
    }
    // [getmoto/moto#8172]
    let start = params["StartDate"].as_f64();
    if start.is_some_and(|start| start + 300.0 < seconds(cloud.now).as_f64().unwrap_or_default()) {
        return invalid("The StartDate you specify cannot be earlier than 5 minutes ago.");
    }
    let window = &params["FlexibleTimeWindow"];
    if (window["Mode"] == "FLEXIBLE") != window["MaximumWindowInMinutes"].is_u64() {
        return invalid("Invalid FlexibleTimeWindow provided.");
    }
    let (arn, role) = (required(target, "Arn"), required(target, "RoleArn"));
    if !arn.starts_with("arn:") {
        return invalid(format!("Provided Arn is not in correct format. {arn}"));
    }
    if arn.contains(":lambda:")
        && text(target, "Input").is_some_and(|text| serde_json::from_str::<Json>(text).is_err())
    {
        return invalid("Invalid RequestJson provided. Reason Invalid JSON");
    }
    // [M: KinesisParameters]
    if arn.contains(":kinesis:") && text(&target["KinesisParameters"], "PartitionKey").is_none() {
        return invalid("KinesisParameters with PartitionKey must be provided for a Kinesis stream.");
    }
    let is_fifo = arn.contains(":sqs:") && arn.ends_with(".fifo");
    if is_fifo && text(&target["SqsParameters"], "MessageGroupId").is_none() {
        return invalid("SqsParameters with MessageGroupId must be provided for a FIFO queue.");
    }
    if iam::not_assumable_for(cloud, role, ("scheduler.amazonaws.com", &group_arn(group))) {
        return invalid(
            "The execution role you provide must allow AWS EventBridge Scheduler to assume the role.",
        );
    }
    Ok(())
}

/// The same call with the same token once more is none [M: CreateSchedule].
fn create(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (now, group, name) = (cloud.now, named(params), required(params, "Name"));
    let token = required(params, "ClientToken").to_owned();
    group::check(cloud, &group)?;
    let response = json!({ "ScheduleArn": schedule_arn(&group, name) });
    match cloud.scheduler.schedules.get(&key(&group, name)) {
        Some(schedule) if schedule.token == token && !token.is_empty() => return Ok(response),
        Some(_) => {
            return ServiceError::err("ConflictException", format!("Schedule {name} already exists."));
        }
        None => {}
    }
    check(cloud, &group, params)?;
    let schedule = Schedule { token, ..Schedule::new(now, (&group, name), settings(params)) };
    cloud.scheduler.schedules.insert(key(&group, name), schedule);
    Ok(response)
}

fn get(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (group, name) = (named(params), required(params, "Name"));
    let schedule = cloud.scheduler.schedules.get(&key(&group, name)).ok_or_else(|| not_found(name))?;
    let mut shown = schedule.settings.clone();
    for (member, value) in [
        ("Name", json!(name)),
        ("GroupName", json!(group)),
        ("Arn", schedule_arn(&group, name).into()),
        ("CreationDate", seconds(schedule.created)),
        ("LastModificationDate", seconds(schedule.modified)),
    ] {
        shown[member] = value;
    }
    Ok(shown)
}

/// Replaces everything: what is not named has its default again [aws-facts-services: Clearing a field].
fn update(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (now, group, name) = (cloud.now, named(params), required(params, "Name"));
    group::check(cloud, &group)?;
    if !cloud.scheduler.schedules.contains_key(&key(&group, name)) {
        return Err(not_found(name));
    }
    check(cloud, &group, params)?;
    if let Some(schedule) = cloud.scheduler.schedules.get_mut(&key(&group, name)) {
        schedule.settings = settings(params);
        schedule.modified = now;
    }
    Ok(json!({ "ScheduleArn": schedule_arn(&group, name) }))
}

fn delete(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (group, name) = (named(params), required(params, "Name"));
    cloud.scheduler.schedules.remove(&key(&group, name)).map(|_| json!({})).ok_or_else(|| not_found(name))
}

/// In all groups, unless one is named.
fn list(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let group = text(params, "GroupName");
    let is_there = |group: &&str| *group == group::DEFAULT || cloud.scheduler.groups.contains_key(*group);
    if let Some(group) = group.filter(|group| !is_there(group)) {
        let message = format!("Schedule group {group} does not exist.");
        return ServiceError::err("ResourceNotFoundException", message);
    }
    let prefix = text(params, "NamePrefix").unwrap_or_default();
    let is_meant = |schedule: &&Schedule| {
        group.is_none_or(|group| schedule.group == group) && schedule.name.starts_with(prefix)
    };
    let summary = |schedule: &Schedule| {
        json!({ "Name": schedule.name, "GroupName": schedule.group, "State": schedule.settings["State"],
            "Arn": schedule_arn(&schedule.group, &schedule.name),
            "Target": { "Arn": schedule.settings["Target"]["Arn"] } })
    };
    let found: Vec<Json> = cloud.scheduler.schedules.values().filter(is_meant).map(summary).collect();
    let limit = params["MaxResults"].as_u64().and_then(|limit| usize::try_from(limit).ok());
    let (schedules, next) = cloud.paging.page(found, text(params, "NextToken"), limit, (100, 100));
    Ok(json!({ "Schedules": schedules, "NextToken": next }))
}

/// The schedules of stacks that come and start nothing: without their role, their target or the queue for what fails. Those of a
/// group that is being deleted still come until it is gone [aws-facts-services: 4, M].
pub(super) fn broken(cloud: &Cloud) -> Vec<(String, String)> {
    let own = cloud.scheduler.schedules.values().filter(|schedule| {
        let group = cloud.scheduler.groups.get(&schedule.group);
        let is_own = group.is_some_and(|group| group.tags.contains_key("provision:stack"));
        is_own && schedule.settings["State"] == "ENABLED"
    });
    let broken = own.flat_map(|schedule| {
        let target = &schedule.settings["Target"];
        let role = required(target, "RoleArn");
        let role = (!iam::exists(cloud, role)).then(|| "its role is gone".to_owned());
        let ends = [text(target, "Arn"), text(&target["DeadLetterConfig"], "Arn")].into_iter().flatten();
        // A queue that is being deleted still looks alive to reads: who names it then cannot know. The next run makes it.
        let ends = ends.filter(|arn| !sqs::was_deleted_before(cloud, arn, schedule.modified));
        let lost = ends.filter(|arn| !is_there(cloud, arn)).map(|arn| format!("there is no {arn}"));
        let name = format!("the schedule {}", key(&schedule.group, &schedule.name));
        role.into_iter().chain(lost).map(move |why| (name.clone(), why)).collect::<Vec<_>>()
    });
    broken.collect()
}

/// True for a target that is there, or is not of this account.
fn is_there(cloud: &Cloud, arn: &str) -> bool {
    let parts: Vec<&str> = arn.splitn(7, ':').collect();
    let [_, _, service, _, ACCOUNT, name, ..] = parts.as_slice() else { return true };
    let last = parts.last().copied().unwrap_or_default();
    match *service {
        "lambda" => lambda::callee(cloud, arn).is_some(),
        "sqs" => cloud.sqs.queues.contains_key(*name),
        "sns" => cloud.sns.topics.contains_key(*name),
        "states" => cloud.stepfunctions.machines.contains_key(last),
        "kinesis" => cloud.kinesis.streams.contains_key(name.trim_start_matches("stream/")),
        _ => true,
    }
}

//! CloudWatch log groups [aws-facts: CloudWatch Logs].

use super::filter::Filter;
use crate::cloud::{
    Cloud, Handler, LISTS, ServiceError, TAGS, Tags, Time, VISIBLE, check_tags, required, text, text_map,
};
use crate::services::Service;
use crate::services::iam::grammar;
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;

pub(super) const OPERATIONS: &[(&str, Handler)] = &[
    ("CreateLogGroup", create),
    ("DescribeLogGroups", describe),
    ("FilterLogEvents", filter),
    ("DeleteLogGroup", delete),
    ("ListLogGroups", list),
    ("PutRetentionPolicy", retain),
    ("DeleteRetentionPolicy", keep),
    ("ListTagsForResource", tags),
    ("TagResource", tag),
    ("PutLogGroupDeletionProtection", protect),
];

/// How long the deletion protection of a group is being switched.
const SWITCH: Time = Time::from_secs(20);

/// The times in days that events may be kept [aws-facts: CloudWatch Logs, M].
const DAYS: &[i64] = &[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

/// The groups by name.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    pub(crate) groups: BTreeMap<String, Group>,
    /// Groups that were deleted, and when: lists show them for a while.
    deleted: Vec<(String, Group, Time)>,
    /// Logs of functions that were deleted, still on their way: when they arrive, the group, and whether the role lets
    /// the group be made.
    pub(crate) late: Vec<(Time, String, bool)>,
}

/// A log group.
#[derive(Debug, Clone, Default)]
pub(crate) struct Group {
    pub(crate) created: Time,
    pub(crate) days: Option<i64>,
    pub(crate) tags: Tags,
    pub(crate) bytes: i64,
    pub(crate) protected: bool,
    /// When the protection was switched last.
    pub(crate) switched: Option<Time>,
    /// What else was set by hand, as DescribeLogGroups shows it.
    pub(crate) settings: Map<String, Json>,
    /// The subscription filters by name.
    pub(crate) filters: BTreeMap<String, Filter>,
    /// The events: when, in milliseconds since 1970, and what was said.
    pub(crate) events: Vec<(i64, String)>,
}

pub(crate) fn group_arn(name: &str) -> String {
    Service::Logs.arn(&format!("log-group:{name}"))
}

/// Late log delivery makes a group again, untagged and never expiring, when the role has `logs:CreateLogGroup`
/// [aws-facts: Lambda].
pub(crate) fn deliver_late(cloud: &mut Cloud) {
    let now = cloud.now;
    let (due, rest) = std::mem::take(&mut cloud.logs.late).into_iter().partition(|(time, ..)| *time <= now);
    cloud.logs.late = rest;
    let due: Vec<(Time, String, bool)> = due;
    for (time, name, may_make) in due {
        match cloud.logs.groups.get_mut(&name) {
            Some(group) => group.bytes += 100,
            None if may_make => {
                cloud.logs.groups.insert(name, Group { created: time, bytes: 100, ..Group::default() });
            }
            None => {}
        }
    }
}

/// True if a role, by its ARN, may make the group.
pub(crate) fn may_make(cloud: &Cloud, role: &str, group: &str) -> bool {
    let role = cloud.iam.roles.values().find(|other| other.arn() == role);
    role.is_some_and(|role| {
        let resource = format!("{}:*", group_arn(group));
        role.policies.values().any(|policy| grammar::allows(policy, "logs:CreateLogGroup", &resource))
    })
}

/// The group of a name to be changed: two changes at a time collide, and so does one right after its creation
/// [aws-facts: CloudWatch Logs, TF].
pub(super) fn to_change<'a>(cloud: &'a mut Cloud, name: &str) -> Result<&'a mut Group, ServiceError> {
    let (now, visible) = (cloud.now, cloud.delays.of(VISIBLE));
    let colliding = cloud.overlapping(&format!("logs {name}")) > 1;
    let Some(group) = cloud.logs.groups.get_mut(name) else { return Err(not_found()) };
    if colliding || now < group.created + visible / 2 {
        let message =
            "A conflicting operation is currently in progress against this resource. Please try again.";
        return ServiceError::err("OperationAbortedException", message);
    }
    // While the protection is being switched, first the one and then the other [hazards: C3].
    if let Some(switched) = group.switched.filter(|switched| now < *switched + SWITCH) {
        return Err(match now < switched + SWITCH / 2 {
            true => ServiceError::new(
                "OperationAbortedException",
                "A conflicting operation is currently in progress.",
            ),
            false => ServiceError {
                status: 503,
                ..ServiceError::new("ServiceUnavailableException", "The service cannot complete the request.")
            },
        });
    }
    Ok(group)
}

/// Switches the protection of a group, which is named by its name or its ARN.
fn protect(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (now, name) = (cloud.now, required(params, "logGroupIdentifier"));
    let name = name.split(":log-group:").last().unwrap_or_default();
    let group = to_change(cloud, name)?;
    group.protected = params["deletionProtectionEnabled"].as_bool().unwrap_or_default();
    group.switched = Some(now);
    Ok(Json::Null)
}

pub(super) fn not_found() -> ServiceError {
    ServiceError::new("ResourceNotFoundException", "The specified log group does not exist.")
}

fn create(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let name = required(params, "logGroupName");
    if name.to_lowercase().starts_with("aws/") {
        return ServiceError::err(
            "InvalidParameterException",
            "Log groups starting with AWS/ are reserved for AWS.",
        );
    }
    if cloud.logs.groups.contains_key(name) {
        return ServiceError::err("ResourceAlreadyExistsException", "The specified log group already exists");
    }
    if cloud.overlapping(&format!("logs {name}")) > 1 {
        return ServiceError::err(
            "OperationAbortedException",
            "A conflicting operation is currently in progress.",
        );
    }
    let tags = text_map(params, "tags");
    check_tags(&Tags::new(), &tags, "InvalidParameterException")?;
    let protected = params["deletionProtectionEnabled"].as_bool().unwrap_or_default();
    // Nothing can change the class any more [hazards: C1].
    let set = ["kmsKeyId", "logGroupClass"]
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), params.get(name)?.clone())));
    let settings = set.collect();
    let group = Group { created: cloud.now, tags, protected, settings, ..Group::default() };
    cloud.logs.groups.insert(name.to_owned(), group);
    Ok(Json::Null)
}

/// Filters by prefix, not exactly; the ARN ends in `:*` [aws-facts: CloudWatch Logs].
fn describe(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    if params.get("logGroupNamePrefix").is_some() && params.get("logGroupNamePattern").is_some() {
        let message = "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.";
        return ServiceError::err("InvalidParameterException", message);
    }
    let prefix = text(params, "logGroupNamePrefix").unwrap_or_default();
    let paging = cloud.paging;
    let groups = cloud.logs.groups.iter().filter(|(name, _)| name.starts_with(prefix)).map(|(name, group)| {
        let mut description = json!({
            "logGroupName": name, "creationTime": group.created.as_millis() as u64, "retentionInDays": group.days,
            "metricFilterCount": 0, "arn": format!("{}:*", group_arn(name)), "logGroupArn": group_arn(name),
            "storedBytes": group.bytes, "logGroupClass": "STANDARD",
            "deletionProtectionEnabled": group.protected,
        });
        group.settings.iter().for_each(|(name, value)| description[name] = value.clone());
        description
    });
    let (groups, next) = paging.page(groups.collect(), text(params, "nextToken"), limit(params), (50, 50));
    Ok(json!({ "logGroups": groups, "nextToken": next }))
}

pub(super) fn limit(params: &Json) -> Option<usize> {
    params["limit"].as_u64().and_then(|limit| usize::try_from(limit).ok())
}

fn delete(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (now, name) = (cloud.now, required(params, "logGroupName"));
    if to_change(cloud, name)?.protected {
        return ServiceError::err("ValidationException", "The log group is protected against deletion.");
    }
    let group = cloud.logs.groups.remove(name);
    cloud.logs.deleted.extend(group.map(|group| (name.to_owned(), group, now)));
    Ok(Json::Null)
}

/// The events since a time that fit a pattern. A page may be empty and yet not be the last one, says AWS's documentation; here every first page
/// is.
fn filter(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let group = cloud.logs.groups.get(required(params, "logGroupName")).ok_or_else(not_found)?;
    let phrases = phrases(text(params, "filterPattern").unwrap_or_default())?;
    let Some(token) = text(params, "nextToken") else {
        return Ok(json!({ "events": [], "searchedLogStreams": [], "nextToken": "after-0" }));
    };
    if !token.starts_with("after-") {
        // [recorded: logs, test_filter_log_events_unknown_token]
        return ServiceError::err("InvalidParameterException", "The specified nextToken is invalid.");
    }
    let since = params["startTime"].as_i64().unwrap_or_default();
    let fits = |message: &str| phrases.iter().all(|phrase| message.contains(phrase));
    let events = group.events.iter().enumerate();
    let events = events.filter(|(_, (at, message))| *at >= since && fits(message));
    let events = events.map(|(id, (at, message))| {
        json!({ "eventId": id.to_string(), "timestamp": at, "ingestionTime": at, "logStreamName": "one", "message": message })
    });
    let (events, next) = cloud.paging.page(events.collect(), Some(token), limit(params), (10_000, 10_000));
    Ok(json!({ "events": events, "searchedLogStreams": [], "nextToken": next }))
}

/// The phrases of a pattern, each in quotes: a message contains all of them, in this case. What else a pattern may be, and how a
/// quote is written within a phrase, is not known here [DG: CloudWatch Logs, "Filter pattern syntax"].
fn phrases(pattern: &str) -> Result<Vec<&str>, ServiceError> {
    let parts: Vec<&str> = pattern.split('"').collect();
    let (between, phrases): (Vec<_>, Vec<_>) =
        parts.iter().enumerate().partition(|(index, _)| index % 2 == 0);
    let is_known = parts.len() % 2 == 1 && !pattern.contains('\\');
    if !is_known || between.iter().any(|(_, text)| !text.trim().is_empty()) {
        return ServiceError::err("InvalidParameterException", "Invalid filter pattern");
    }
    Ok(phrases.into_iter().map(|(_, phrase)| *phrase).collect())
}

/// Filters by tag [aws-facts: Corrections 2], and follows what happens with a delay.
fn list(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (now, delay, paging) = (cloud.now, cloud.delays.of(LISTS), cloud.paging);
    let filters = params["logGroupTags"].as_array().cloned().unwrap_or_default();
    let matches = |tags: &Tags| {
        filters.iter().all(|filter| {
            let value = tags.get(required(filter, "key")).map(|value| Json::from(value.as_str()));
            value
                .is_some_and(|value| filter["values"].as_array().is_none_or(|values| values.contains(&value)))
        })
    };
    let living = cloud.logs.groups.iter().filter(|(_, group)| now >= group.created + delay);
    let deleted = cloud.logs.deleted.iter().filter(|(.., when)| now < *when + delay);
    let all = living.chain(deleted.map(|(name, group, _)| (name, group)));
    let groups = all.filter(|(_, group)| matches(&group.tags)).map(|(name, _)| {
        json!({ "logGroupName": name, "logGroupArn": group_arn(name), "logGroupClass": "STANDARD" })
    });
    let (groups, next) = paging.page(groups.collect(), text(params, "nextToken"), limit(params), (50, 1_000));
    Ok(json!({ "logGroups": groups, "nextToken": next }))
}

fn retain(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let days = params["retentionInDays"].as_i64().unwrap_or_default();
    if !DAYS.contains(&days) {
        return ServiceError::err("InvalidParameterException", format!("{days} is no valid retention."));
    }
    to_change(cloud, required(params, "logGroupName"))?.days = Some(days);
    Ok(Json::Null)
}

fn keep(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    to_change(cloud, required(params, "logGroupName"))?.days = None;
    Ok(Json::Null)
}

/// The group of an ARN. The model does not let it end in `:*` [aws-facts: CloudWatch Logs; hazards: C7].
fn of_arn<'a>(cloud: &'a mut Cloud, params: &Json) -> Result<&'a mut Group, ServiceError> {
    let arn = required(params, "resourceArn");
    let group = cloud.logs.groups.iter_mut().find(|(name, _)| group_arn(name) == arn);
    group.map(|(_, group)| group).ok_or_else(not_found)
}

fn tags(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (now, delay) = (cloud.now, cloud.delays.of(TAGS));
    let group = of_arn(cloud, params)?;
    let tags = if now >= group.created + delay { group.tags.clone() } else { Tags::new() };
    Ok(json!({ "tags": tags }))
}

fn tag(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let new = text_map(params, "tags");
    let group = of_arn(cloud, params)?;
    check_tags(&group.tags, &new, "TooManyTagsException")?;
    group.tags.extend(new);
    Ok(Json::Null)
}

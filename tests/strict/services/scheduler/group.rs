//! Schedule groups: the only thing of the service that has tags. One that is deleted takes a while, and its schedules with it.

use super::schedule::Schedule;
use crate::cloud::{
    Cloud, Delay, Handler, ServiceError, TAGS, Tags, Time, check_tags, listed, required, seconds, tag_list,
    text,
};
use crate::services::Service;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

/// How long a deletion takes: minutes [aws-facts-services: 4, M].
pub(crate) const DELETED: Delay = Delay::of_secs("schedule group deleted", 90);

pub(super) const OPERATIONS: &[(&str, Handler)] = &[
    ("CreateScheduleGroup", create),
    ("GetScheduleGroup", get),
    ("DeleteScheduleGroup", delete),
    ("ListTagsForResource", tags),
    ("TagResource", tag),
    ("UntagResource", untag),
];

/// The group that every account has.
pub(super) const DEFAULT: &str = "default";
/// How many groups there can be [aws-facts-services: 4].
const MAX_GROUPS: usize = 500;

#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    /// The groups by name, without the one that every account has.
    pub(crate) groups: BTreeMap<String, Group>,
    /// The schedules by the names of their group and their own, with a slash between them.
    pub(crate) schedules: BTreeMap<String, Schedule>,
}

/// A schedule group.
#[derive(Debug, Clone, Default)]
pub(crate) struct Group {
    pub(crate) created: Time,
    pub(crate) tags: Tags,
    /// When its deletion ends.
    pub(crate) gone: Option<Time>,
    token: String,
}

impl Group {
    pub(super) fn new(now: Time, tags: Tags) -> Self {
        Group { created: now, tags, ..Group::default() }
    }

    pub(super) fn dump(&self) -> Json {
        json!({ "tags": self.tags })
    }
}

pub(super) fn group_arn(name: &str) -> String {
    Service::Scheduler.arn(&format!("schedule-group/{name}"))
}

pub(super) fn name_in(arn: &str) -> String {
    arn.strip_prefix(&group_arn("")).unwrap_or_default().to_owned()
}

/// The group that a call names; without a word about it, the one that every account has.
pub(super) fn named(params: &Json) -> String {
    text(params, "GroupName").unwrap_or(DEFAULT).to_owned()
}

fn not_found(name: &str) -> ServiceError {
    ServiceError::new("ResourceNotFoundException", format!("Schedule group {name} does not exist."))
}

fn being_deleted(name: &str) -> ServiceError {
    ServiceError::new("ConflictException", format!("Schedule group {name} is being deleted."))
}

/// Whether schedules of a group can be made and changed.
pub(super) fn check(cloud: &Cloud, name: &str) -> Result<(), ServiceError> {
    match cloud.scheduler.groups.get(name) {
        _ if name == DEFAULT => Ok(()),
        None => Err(not_found(name)),
        Some(group) if group.gone.is_some() => Err(being_deleted(name)),
        Some(_) => Ok(()),
    }
}

/// The same call with the same token once more is none [M: CreateScheduleGroup].
fn create(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (now, name, tags) = (cloud.now, required(params, "Name"), tag_list(params));
    let token = required(params, "ClientToken").to_owned();
    let response = json!({ "ScheduleGroupArn": group_arn(name) });
    match cloud.scheduler.groups.get(name) {
        Some(group) if group.gone.is_some() => return Err(being_deleted(name)),
        Some(group) if group.token == token && !token.is_empty() => return Ok(response),
        None if name != DEFAULT => {}
        _ => {
            return ServiceError::err("ConflictException", format!("Schedule group {name} already exists."));
        }
    }
    check_tags(&Tags::new(), &tags, "ValidationException")?;
    if cloud.scheduler.groups.len() >= MAX_GROUPS {
        return ServiceError::err("ServiceQuotaExceededException", "The number of groups exceeds the quota.");
    }
    cloud.scheduler.groups.insert(name.to_owned(), Group { token, ..Group::new(now, tags) });
    Ok(response)
}

fn get(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let name = required(params, "Name");
    let group = match cloud.scheduler.groups.get(name) {
        None if name == DEFAULT => &Group::default(),
        found => found.ok_or_else(|| not_found(name))?,
    };
    let state = if group.gone.is_some() { "DELETING" } else { "ACTIVE" };
    Ok(json!({ "Arn": group_arn(name), "Name": name, "State": state, "CreationDate": seconds(group.created),
        "LastModificationDate": seconds(group.created) }))
}

/// Begins the deletion, which takes the schedules along [aws-facts-services: 4, M].
fn delete(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (now, delay, name) = (cloud.now, cloud.delays.of(DELETED), required(params, "Name"));
    if name == DEFAULT {
        return ServiceError::err("ValidationException", "The default schedule group cannot be deleted.");
    }
    check(cloud, name)?;
    if let Some(group) = cloud.scheduler.groups.get_mut(name) {
        group.gone = Some(now + delay);
    }
    finish_deletions(cloud);
    Ok(json!({}))
}

/// Ends the deletions that are due.
pub(super) fn finish_deletions(cloud: &mut Cloud) {
    let now = cloud.now;
    let gone = cloud.scheduler.groups.iter().filter(|(_, group)| group.gone.is_some_and(|gone| gone <= now));
    let gone: Vec<String> = gone.map(|(name, _)| name.clone()).collect();
    gone.iter().for_each(|name| remove(cloud, name));
}

/// Deletes a group with its schedules.
pub(super) fn remove(cloud: &mut Cloud, name: &str) {
    cloud.scheduler.groups.remove(name);
    cloud.scheduler.schedules.retain(|_, schedule| schedule.group != name);
}

fn tagged<'a>(cloud: &'a mut Cloud, params: &Json) -> Result<&'a mut Group, ServiceError> {
    let name = name_in(required(params, "ResourceArn"));
    cloud.scheduler.groups.get_mut(&name).ok_or_else(|| not_found(&name))
}

fn tags(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (now, delay) = (cloud.now, cloud.delays.of(TAGS));
    let group = tagged(cloud, params)?;
    let shown = if now >= group.created + delay { listed(&group.tags) } else { json!([]) };
    Ok(json!({ "Tags": shown }))
}

fn tag(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let new = tag_list(params);
    let group = tagged(cloud, params)?;
    check_tags(&group.tags, &new, "ValidationException")?;
    group.tags.extend(new);
    Ok(json!({}))
}

fn untag(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let group = tagged(cloud, params)?;
    let keys = params["TagKeys"].as_array().into_iter().flatten().filter_map(Json::as_str);
    keys.for_each(|key| drop(group.tags.remove(key)));
    Ok(json!({}))
}

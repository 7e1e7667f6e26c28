//! The tags of buses and rules.

use super::bus::{bus_arn, name_in};
use super::rule::{self, rule_arn};
use crate::cloud::{Cloud, Handler, ServiceError, TAGS, Tags, Time, check_tags, listed, required, tag_list};
use serde_json::{Value as Json, json};

pub(super) const OPERATIONS: &[(&str, Handler)] =
    &[("ListTagsForResource", list), ("TagResource", tag), ("UntagResource", untag)];

/// The bus, and where it is about one the rule, of an ARN: `rule/NAME` is on the bus that every account has.
fn parts(arn: &str) -> Option<(String, Option<String>)> {
    if let Some(rule) = arn.strip_prefix(&rule_arn("default", "")) {
        return Some(match rule.split_once('/') {
            Some((bus, rule)) => (bus.to_owned(), Some(rule.to_owned())),
            None => ("default".to_owned(), Some(rule.to_owned())),
        });
    }
    arn.starts_with(&bus_arn("")).then(|| (name_in(arn), None))
}

/// When what an ARN is about was made, and its tags.
pub(super) fn of<'a>(cloud: &'a Cloud, arn: &str) -> Option<(Time, &'a Tags)> {
    match parts(arn)? {
        (bus, None) => cloud.events.bus(&bus).ok().map(|bus| (bus.created, &bus.tags)),
        (bus, Some(rule)) => rule::find(cloud, &bus, &rule).ok().map(|rule| (rule.created, &rule.tags)),
    }
}

fn tagged<'a>(cloud: &'a mut Cloud, params: &Json) -> Result<(Time, &'a mut Tags), ServiceError> {
    let arn = required(params, "ResourceARN");
    match parts(arn) {
        Some((bus, None)) => cloud.events.bus_mut(&bus).map(|bus| (bus.created, &mut bus.tags)),
        Some((bus, Some(rule))) => {
            rule::find_mut(cloud, &bus, &rule).map(|rule| (rule.created, &mut rule.tags))
        }
        None => {
            let message =
                format!("Parameter {arn} is not valid. Reason: Provided Arn is not in correct format.");
            ServiceError::err("ValidationException", message)
        }
    }
}

fn list(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (now, delay) = (cloud.now, cloud.delays.of(TAGS));
    let (created, tags) = tagged(cloud, params)?;
    let shown = if now >= created + delay { listed(tags) } else { json!([]) };
    Ok(json!({ "Tags": shown }))
}

fn tag(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let new = tag_list(params);
    let (_, tags) = tagged(cloud, params)?;
    check_tags(tags, &new, "ValidationException")?;
    tags.extend(new);
    Ok(json!({}))
}

/// A key that is not there is no error [recorded: events_tags, untag_resource_not_existing_tag].
fn untag(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (_, tags) = tagged(cloud, params)?;
    let keys = params["TagKeys"].as_array().into_iter().flatten().filter_map(Json::as_str);
    keys.for_each(|key| drop(tags.remove(key)));
    Ok(json!({}))
}

//! The tags of functions and of event source mappings, by ARN.

use super::checks::refused;
use super::function;
use super::mapping;
use super::qualifier::Named;
use crate::cloud::{
    Cloud, Handler, REGION, ServiceError, TAGS, Tags, Time, check_tags, required, text_map, too_many_tags,
};
use serde_json::{Value as Json, json};

pub(super) const OPERATIONS: &[(&str, Handler)] =
    &[("ListTags", list), ("TagResource", tag), ("UntagResource", untag)];

/// The tags of what an ARN names, and when that was created.
fn of_arn<'a>(cloud: &'a mut Cloud, params: &Json) -> Result<(&'a mut Tags, Time), ServiceError> {
    let arn = required(params, "Resource");
    let id = arn.rsplit(':').next().unwrap_or_default();
    if arn == mapping::mapping_arn(id) {
        let message = format!("Event source mapping not found: {arn}");
        let found = mapping::find(cloud, id).map(|mapping| (&mut mapping.tags, mapping.created));
        return found.map_err(|_| ServiceError::new("ResourceNotFoundException", message));
    }
    if !arn.contains(&format!(":{REGION}:")) || !arn.contains(":function:") {
        return ServiceError::err("ResourceNotFoundException", format!("Function not found: {arn}"));
    }
    if Named::parse(arn).qualifier.is_some() {
        let message =
            "Tags on function aliases and versions are not supported. Please specify a function ARN.";
        return ServiceError::err("InvalidParameterValueException", message);
    }
    function::find(cloud, arn).map(|function| (&mut function.tags, function.created))
}

/// Refuses tags that cannot be added [recorded: lambda_, test_tag_limits].
pub(super) fn check(before: &Tags, new: &Tags) -> Result<(), ServiceError> {
    match too_many_tags(before, new) {
        true => refused("Number of tags exceeds resource tag limit."),
        false => check_tags(before, new, "InvalidParameterValueException"),
    }
}

fn list(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (now, delay) = (cloud.now, cloud.delays.of(TAGS));
    let (tags, created) = of_arn(cloud, params)?;
    let tags = if now >= created + delay { tags.clone() } else { Tags::new() };
    Ok(json!({ "Tags": tags }))
}

fn tag(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let new = text_map(params, "Tags");
    if new.is_empty() {
        // [recorded: lambda_, tag_empty_tags]
        return refused("An error occurred and the request cannot be processed.");
    }
    let (tags, _) = of_arn(cloud, params)?;
    check(tags, &new)?;
    tags.extend(new);
    Ok(Json::Null)
}

fn untag(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (tags, _) = of_arn(cloud, params)?;
    let keys = params["TagKeys"].as_array().into_iter().flatten().filter_map(Json::as_str);
    keys.for_each(|key| drop(tags.remove(key)));
    Ok(Json::Null)
}

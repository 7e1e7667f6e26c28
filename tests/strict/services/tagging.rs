//! The Resource Groups Tagging API: it misses new things, and remembers deleted ones for long
//! [aws-facts: Resource Groups Tagging API].

use super::lambda::function_arn;
use super::logs::group_arn;
use crate::cloud::{Cloud, Handler, ServiceError, Tags, Time, arn, listed, required, text};
use crate::model::Service;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

pub(crate) const OPERATIONS: &[(&str, Handler)] = &[("GetResources", resources)];

/// What was seen last, by ARN, with when it ended.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    known: BTreeMap<String, Tags>,
    ended: BTreeMap<String, Time>,
}

fn resources(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    learn(cloud);
    if params["ResourcesPerPage"].as_u64().is_some_and(|limit| !(1..=100).contains(&limit)) {
        return ServiceError::err("InvalidParameterException", "ResourcesPerPage must be between 1 and 100");
    }
    let filters = params["TagFilters"].as_array().cloned().unwrap_or_default();
    let types = params["ResourceTypeFilters"].as_array().cloned().unwrap_or_default();
    let tagged = |tags: &Tags| {
        filters.iter().all(|filter| {
            let value = tags.get(required(filter, "Key")).map(|value| Json::from(value.as_str()));
            value
                .is_some_and(|value| filter["Values"].as_array().is_none_or(|values| values.contains(&value)))
        })
    };
    let typed = |arn: &str| {
        let mut parts = arn.split(':').skip(2);
        let (service, resource) = (parts.next().unwrap_or_default(), parts.nth(2).unwrap_or_default());
        let kind = resource.split('/').next().unwrap_or_default();
        let kind = format!("{service}:{kind}");
        types.is_empty() || types.iter().any(|wanted| *wanted == service || *wanted == kind.as_str())
    };
    let found = cloud.tagging.known.iter().filter(|(arn, tags)| typed(arn) && tagged(tags));
    let found = found.map(|(arn, tags)| json!({ "ResourceARN": arn, "Tags": listed(tags) }));
    let limit = params["ResourcesPerPage"].as_u64().and_then(|limit| usize::try_from(limit).ok());
    let token = text(params, "PaginationToken").filter(|token| !token.is_empty());
    let (list, next) = cloud.paging.page(found.collect(), token, limit, (50, 100));
    // An empty token, not a missing one, says that this was the last page.
    Ok(json!({ "ResourceTagMappingList": list, "PaginationToken": next.unwrap_or_default() }))
}

/// Takes in what is old enough by now, and forgets what ended long ago.
fn learn(cloud: &mut Cloud) {
    let (now, delay, remembered) = (cloud.now, cloud.delays.tagging, cloud.delays.remembered);
    let functions =
        cloud.lambda.functions.iter().map(|(name, f)| (function_arn(name), f.created, f.tags.clone()));
    let tables = cloud.dynamodb.tables.iter().map(|(name, table)| {
        (arn(Service::DynamoDb, &format!("table/{name}")), table.created, table.tags.clone())
    });
    let groups = cloud.logs.groups.iter();
    let groups = groups.map(|(name, group)| (group_arn(name), group.created, group.tags.clone()));
    let all: Vec<(String, Time, Tags)> = functions.chain(tables).chain(groups).collect();
    let state = &mut cloud.tagging;
    let alive: Vec<&String> = all.iter().map(|(arn, ..)| arn).collect();
    for arn in state.known.keys().filter(|arn| !alive.contains(arn)) {
        state.ended.entry(arn.clone()).or_insert(now);
    }
    for (arn, created, tags) in all {
        state.ended.remove(&arn);
        if now >= created + delay {
            state.known.insert(arn, tags);
        }
    }
    let State { known, ended } = state;
    known.retain(|arn, _| ended.get(arn).is_none_or(|when| now < *when + remembered));
}

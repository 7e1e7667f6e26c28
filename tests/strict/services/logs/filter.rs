//! The subscription filters of log groups: CloudWatch Logs calls the function once before it takes one.

use super::group::{group_arn, limit, not_found, to_change};
use crate::cloud::{ACCOUNT, Cloud, Delay, Handler, REGION, ServiceError, Time, required, text};
use crate::services::lambda::callee;
use serde_json::{Value as Json, json};

pub(super) const OPERATIONS: &[(&str, Handler)] = &[
    ("PutSubscriptionFilter", put),
    ("DescribeSubscriptionFilters", describe),
    ("DeleteSubscriptionFilter", delete),
];

/// How many a group can have [M: PutSubscriptionFilter].
const MAX: usize = 2;

/// Until CloudWatch Logs knows of a permission [TF: aws_cloudwatch_log_subscription_filter, which tries again].
const ADMITTED: Delay = Delay::of_secs("admitted to logs", 4);

/// A subscription filter.
#[derive(Debug, Clone)]
pub(crate) struct Filter {
    pub(crate) pattern: String,
    pub(crate) destination: String,
    created: Time,
}

impl Filter {
    pub(super) fn dump(&self) -> Json {
        json!({ "pattern": self.pattern, "destination": self.destination })
    }
}

/// True for a filter of a stack.
pub(super) fn is_marked(name: &str) -> bool {
    name.starts_with("provision-")
}

/// The service as functions admit it: by both names [DG: CloudWatch Logs, "Subscription filters with Lambda"; recorded:
/// test_put_subscription_filter_lambda].
fn principals() -> [String; 2] {
    ["logs.amazonaws.com".to_owned(), format!("logs.{REGION}.amazonaws.com")]
}

/// The filters of stacks through which nothing can come.
pub(super) fn broken(cloud: &Cloud) -> Vec<(String, String)> {
    let groups = cloud.logs.groups.iter();
    let filters =
        groups.flat_map(|(group, own)| own.filters.iter().map(move |(name, one)| (group, name, one)));
    let lost = filters.filter(|(group, name, filter)| {
        let source = format!("{}:*", group_arn(group));
        let admits = callee(cloud, &filter.destination)
            .is_some_and(|callee| principals().iter().any(|one| callee.policy.allows(one, &source)));
        is_marked(name) && !admits
    });
    let why = "CloudWatch Logs may not call it".to_owned();
    lost.map(|(group, _, one)| (format!("the log group {group} to {}", one.destination), why.clone()))
        .collect()
}

/// Replaces one of the same name. The group is looked at after the function [recorded: test_put_subscription_filter_errors].
fn put(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (group, name) = (required(params, "logGroupName"), required(params, "filterName"));
    let destination = required(params, "destinationArn");
    check_destination(cloud, group, destination, params)?;
    let pattern = text(params, "filterPattern").unwrap_or_default();
    if pattern.matches('"').count() % 2 == 1 {
        return ServiceError::err("InvalidParameterException", "Invalid filter pattern");
    }
    let now = cloud.now;
    let group = to_change(cloud, group)?;
    if !group.filters.contains_key(name) && group.filters.len() >= MAX {
        // [recorded: test_put_subscription_filter_limit_exceeded]
        return ServiceError::err("LimitExceededException", "Resource limit exceeded.");
    }
    let (pattern, destination) = (pattern.to_owned(), destination.to_owned());
    group.filters.insert(name.to_owned(), Filter { pattern, destination, created: now });
    Ok(Json::Null)
}

fn check_destination(
    cloud: &Cloud,
    group: &str,
    destination: &str,
    params: &Json,
) -> Result<(), ServiceError> {
    let parts: Vec<&str> = destination.split(':').collect();
    // [recorded: test_put_subscription_filter_errors]
    match (parts.get(2), parts.get(4)) {
        (Some(&"lambda"), account) if account != Some(&ACCOUNT) => {
            return ServiceError::err(
                "AccessDeniedException",
                "Cross-account lambda invocation passing is not allowed. You must use DestinationPolicies to create cross account lambda triggers.",
            );
        }
        (Some(&"lambda"), _) => {}
        (Some(vendor), _) if text(params, "roleArn").is_none() => {
            let message = format!("destinationArn for vendor {vendor} cannot be used without roleArn");
            return ServiceError::err("InvalidParameterException", message);
        }
        _ => return Ok(()),
    }
    let source = format!("{}:*", group_arn(group));
    let known = cloud.now.saturating_sub(cloud.delays.of(ADMITTED));
    let admits = callee(cloud, destination)
        .is_some_and(|callee| principals().iter().any(|one| callee.policy.allowed(one, &source, known)));
    match admits {
        true => Ok(()),
        false => ServiceError::err(
            "InvalidParameterException",
            "Could not execute the lambda function. Make sure you have given CloudWatch Logs permission to execute your function.",
        ),
    }
}

fn describe(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let paging = cloud.paging;
    let name = required(params, "logGroupName");
    let group = cloud.logs.groups.get(name).ok_or_else(not_found)?;
    let begin = text(params, "filterNamePrefix").unwrap_or_default();
    let filters = group.filters.iter().filter(|(own, _)| own.starts_with(begin)).map(|(own, filter)| {
        json!({
            "filterName": own, "logGroupName": name, "filterPattern": filter.pattern,
            "destinationArn": filter.destination, "distribution": "ByLogStream", "applyOnTransformedLogs": false,
            "creationTime": filter.created.as_millis() as u64,
        })
    });
    let (filters, next) = paging.page(filters.collect(), text(params, "nextToken"), limit(params), (50, 50));
    Ok(json!({ "subscriptionFilters": filters, "nextToken": next }))
}

fn delete(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let group = to_change(cloud, required(params, "logGroupName"))?;
    match group.filters.remove(required(params, "filterName")) {
        Some(_) => Ok(Json::Null),
        // [recorded: test_delete_subscription_filter_errors]
        None => {
            let message = "The specified subscription filter does not exist.";
            ServiceError::err("ResourceNotFoundException", message)
        }
    }
}

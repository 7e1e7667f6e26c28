//! The targets of rules. A call that changes them can fail for some of them, in a response that is a success.

use super::bus::named;
use super::rule::{check_managed, find, find_mut};
use crate::cloud::{Cloud, Handler, ServiceError, required, text};
use crate::services::iam;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

pub(super) const OPERATIONS: &[(&str, Handler)] =
    &[("PutTargets", put), ("RemoveTargets", remove), ("ListTargetsByRule", list)];

/// How many targets a rule can have [recorded: events, test_add_exceed_fife_targets_per_rule].
const MAX_TARGETS: usize = 5;

fn invalid<T>(message: String) -> Result<T, ServiceError> {
    ServiceError::err("ValidationException", message)
}

/// What predefined variables of templates begin with [DG: EventBridge input transformation].
const PREDEFINED: &str = "aws.events.";

fn check(cloud: &Cloud, rule: &str, target: &Json) -> Result<(), ServiceError> {
    let (id, arn) = (required(target, "Id"), required(target, "Arn"));
    let inputs = ["Input", "InputPath", "InputTransformer"];
    if inputs.iter().filter(|name| target.get(**name).is_some_and(|input| !input.is_null())).count() > 1 {
        // [recorded: events_inputs, duplicated-input-operations-error]
        return invalid(format!(
            "Only one of Input, InputPath, or InputTransformer must be provided for target {id}."
        ));
    }
    if text(target, "Input").is_some_and(|input| serde_json::from_str::<Json>(input).is_err()) {
        return invalid(format!("JSON syntax error in input for target {id}"));
    }
    if text(target, "InputPath").is_some_and(|path| !path.starts_with('$')) {
        return invalid(format!("Invalid InputPath for target {id}."));
    }
    check_template(id, &target["InputTransformer"])?;
    if !arn.starts_with("arn:") {
        return invalid(format!(
            "Parameter {arn} is not valid. Reason: Provided Arn is not in correct format."
        ));
    }
    let is_fifo = arn.contains(":sqs:") && arn.ends_with(".fifo");
    if is_fifo && text(&target["SqsParameters"], "MessageGroupId").is_none() {
        return invalid(format!("Parameter(s) SqsParameters must be specified for target: {id}."));
    }
    let needs_role = [":kinesis:", ":states:", ":firehose:", ":event-bus/"];
    if needs_role.iter().any(|service| arn.contains(service)) && text(target, "RoleArn").is_none() {
        return invalid(format!("RoleArn is required for target {arn}."));
    }
    // [Miserlou/Zappa#381: the message of PutRule; aws-facts-services: Who may call whom]
    match text(target, "RoleArn") {
        Some(role) if iam::not_assumable_for(cloud, role, ("events.amazonaws.com", rule)) => {
            invalid(format!("Provided role '{role}' cannot be assumed by principal 'events.amazonaws.com'."))
        }
        _ => Ok(()),
    }
}

/// [aws-facts-services: 4, LS]
fn check_template(id: &str, transformer: &Json) -> Result<(), ServiceError> {
    let Some(template) = text(transformer, "InputTemplate") else { return Ok(()) };
    let paths = transformer["InputPathsMap"].as_object();
    let known =
        |name: &str| name.starts_with(PREDEFINED) || paths.is_some_and(|paths| paths.contains_key(name));
    let names = template.split('<').skip(1).filter_map(|rest| rest.split_once('>')).map(|(name, _)| name);
    let is_name = |name: &&str| !name.is_empty() && !name.contains([' ', '"']);
    match names.filter(is_name).find(|name| !known(name)) {
        Some(name) => invalid(format!("InputTemplate for target {id} contains invalid placeholder {name}.")),
        None => Ok(()),
    }
}

/// What a response says of targets on which a call has failed.
fn failures(failed: &[(&str, &str, String)]) -> Json {
    let entry = |(id, code, message): &(&str, &str, String)| json!({ "TargetId": id, "ErrorCode": code, "ErrorMessage": message });
    let entries: Vec<Json> = failed.iter().map(entry).collect();
    json!({ "FailedEntryCount": entries.len(), "FailedEntries": entries })
}

/// True if this change is one that fails in part.
fn fails(cloud: &mut Cloud) -> bool {
    let fails = cloud.events.partly > 0;
    cloud.events.partly = cloud.events.partly.saturating_sub(1);
    fails
}

const COLLISION: &str = "The rule was modified concurrently.";

/// Overwrites the targets of the same ids, and keeps the others [aws-facts-services: Uniqueness].
fn put(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (bus, name) = (named(params), required(params, "Rule"));
    let targets = params["Targets"].as_array().cloned().unwrap_or_default();
    let rule = find(cloud, &bus, name)?;
    check_managed(rule)?;
    let arn = rule.arn();
    targets.iter().try_for_each(|target| check(cloud, &arn, target))?;
    let ids = targets.iter().map(|target| required(target, "Id"));
    let all: BTreeSet<&str> = ids.chain(rule.targets.keys().map(String::as_str)).collect();
    if all.len() > MAX_TARGETS {
        return ServiceError::err(
            "LimitExceededException",
            "The requested resource exceeds the maximum number allowed.",
        );
    }
    if fails(cloud) {
        let id = targets.first().map(|target| required(target, "Id")).unwrap_or_default();
        return Ok(failures(&[(id, "ConcurrentModificationException", COLLISION.to_owned())]));
    }
    let rule = find_mut(cloud, &bus, name)?;
    for target in targets {
        rule.targets.insert(required(&target, "Id").to_owned(), target);
    }
    Ok(failures(&[]))
}

fn remove(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (now, bus, name) = (cloud.now, named(params), required(params, "Rule"));
    check_managed(find(cloud, &bus, name)?)?;
    let fails = fails(cloud);
    let rule = find_mut(cloud, &bus, name)?;
    let ids = params["Ids"].as_array().into_iter().flatten().filter_map(Json::as_str);
    let mut failed = Vec::new();
    for id in ids {
        match rule.targets.contains_key(id) {
            true if fails => failed.push((id, "ConcurrentModificationException", COLLISION.to_owned())),
            true => drop(rule.targets.remove(id)),
            false => failed.push((
                id,
                "ResourceNotFoundException",
                format!("Rule {name} does not have target(s) with id {id}."),
            )),
        }
    }
    if rule.targets.is_empty() {
        rule.emptied = Some(now);
    }
    Ok(failures(&failed))
}

fn list(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let rule = find(cloud, &named(params), required(params, "Rule"))?;
    let limit = params["Limit"].as_u64().and_then(|limit| usize::try_from(limit).ok());
    let targets: Vec<Json> = rule.targets.values().cloned().collect();
    let (targets, next) = cloud.paging.page(targets, text(params, "NextToken"), limit, (100, 100));
    Ok(json!({ "Targets": targets, "NextToken": next }))
}

/// A rule of a stack that delivers with a role that is not there.
pub(super) fn broken(cloud: &Cloud) -> Vec<(String, String)> {
    let own = cloud.events.rules.values().filter(|rule| rule.tags.contains_key("provision:stack"));
    let lost = own.filter(|rule| {
        let mut roles = rule.targets.values().filter_map(|target| text(target, "RoleArn"));
        roles.any(|role| !iam::exists(cloud, role))
    });
    lost.map(|rule| (format!("the rule {}", rule.called()), "its role is gone".to_owned())).collect()
}

//! The policies of IAM roles [aws-facts: IAM].

use super::role::{PAGE, Role, encoded, find, find_to_change, limit};
use super::{grammar, managed};
use crate::cloud::{Cloud, Handler, ServiceError, required, text};
use crate::services::Service;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

pub(super) const OPERATIONS: &[(&str, Handler)] = &[
    ("PutRolePolicy", put),
    ("GetRolePolicy", get),
    ("DeleteRolePolicy", delete),
    ("ListRolePolicies", list),
    ("ListAttachedRolePolicies", list_attached),
    ("AttachRolePolicy", attach),
    ("DetachRolePolicy", detach),
];

/// Managed policies of AWS's own, as far as anything here names them.
const OF_AWS: &[&str] = &[
    "AdministratorAccess",
    "AmazonDynamoDBFullAccess",
    "AmazonSQSFullAccess",
    "AWSLambdaExecute",
    "AWSLambdaInvocation-DynamoDB",
    "AWSLambda_ReadOnlyAccess",
    "AWSXRayDaemonWriteAccess",
    "CloudWatchReadOnlyAccess",
    "IAMReadOnlyAccess",
    "PowerUserAccess",
    "ReadOnlyAccess",
    "SecretsManagerReadWrite",
    "job-function/Billing",
    "service-role/AWSLambdaBasicExecutionRole",
    "service-role/AWSLambdaSQSQueueExecutionRole",
    "service-role/AWSLambdaVPCAccessExecutionRole",
];

/// Managed policies on a role [aws-facts: IAM].
const MAX_ATTACHED: usize = 10;

/// Characters without blanks of all inline policies of a role [aws-facts: IAM].
const MAX_INLINE: usize = 10_240;

fn put(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (name, document) = (required(params, "PolicyName"), required(params, "PolicyDocument"));
    grammar::check_identity(document)?;
    let role = find_to_change(cloud, params)?;
    let others =
        role.policies.iter().filter(|(other, _)| *other != name).map(|(_, document)| document.as_str());
    let size: usize = others.chain([document]).map(without_blanks).sum();
    if size > MAX_INLINE {
        let message = format!("Maximum policy size of {MAX_INLINE} bytes exceeded for role {}", role.name);
        return ServiceError::err("LimitExceeded", message);
    }
    role.policies.insert(name.to_owned(), document.to_owned());
    Ok(Json::Null)
}

fn without_blanks(document: &str) -> usize {
    document.chars().filter(|c| !c.is_whitespace()).count()
}

fn get(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let name = required(params, "PolicyName");
    let role = find(cloud, params)?;
    let document = role.policies.get(name).ok_or_else(|| no_policy(role, name))?;
    Ok(json!({ "RoleName": role.name, "PolicyName": name, "PolicyDocument": encoded(document) }))
}

fn no_policy(role: &Role, name: &str) -> ServiceError {
    let message = format!("The role policy with name {name} cannot be found.");
    debug_assert!(!role.policies.contains_key(name));
    ServiceError::new("NoSuchEntity", message)
}

fn delete(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (now, name) = (cloud.now, required(params, "PolicyName"));
    let role = find_to_change(cloud, params)?;
    if role.policies.remove(name).is_none() {
        return Err(no_policy(role, name));
    }
    role.released = now;
    Ok(Json::Null)
}

fn list(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let paging = cloud.paging;
    let names: Vec<String> = find(cloud, params)?.policies.keys().cloned().collect();
    let (names, next) = paging.page(names, text(params, "Marker"), limit(params), PAGE);
    Ok(json!({ "PolicyNames": names, "IsTruncated": next.is_some(), "Marker": next }))
}

fn list_attached(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let paging = cloud.paging;
    let attached = find(cloud, params)?.attached.iter().map(|arn| {
        let name = arn.rsplit('/').next().unwrap_or_default();
        json!({ "PolicyName": name, "PolicyArn": arn })
    });
    let (attached, next) = paging.page(attached.collect(), text(params, "Marker"), limit(params), PAGE);
    Ok(json!({ "AttachedPolicies": attached, "IsTruncated": next.is_some(), "Marker": next }))
}

/// Attaching what is attached changes nothing.
fn attach(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let arn = required(params, "PolicyArn");
    if !arn.starts_with("arn:") {
        // [recorded: iam, role_attach_policy]
        return ServiceError::err("ValidationError", "Invalid ARN:  Could not be parsed!");
    }
    let exists = exists(cloud, arn);
    let attached = attached(cloud, params)?;
    if !exists {
        return ServiceError::err(
            "NoSuchEntity",
            format!("Policy {arn} does not exist or is not attachable."),
        );
    }
    if attached.len() >= MAX_ATTACHED && !attached.contains(arn) {
        let message = format!("Cannot exceed quota for PoliciesPerRole: {MAX_ATTACHED}");
        return ServiceError::err("LimitExceeded", message);
    }
    attached.insert(arn.to_owned());
    Ok(Json::Null)
}

/// The policies of a role that is to be changed.
fn attached<'a>(cloud: &'a mut Cloud, params: &Json) -> Result<&'a mut BTreeSet<String>, ServiceError> {
    let name = required(params, "RoleName");
    if cloud.iam.others.contains_key(name) {
        return Ok(cloud.iam.others.get_mut(name).expect("a role"));
    }
    Ok(&mut find_to_change(cloud, params)?.attached)
}

/// True for a managed policy that can be attached: one of AWS's own, or one that the account has.
fn exists(cloud: &Cloud, arn: &str) -> bool {
    match arn.strip_prefix("arn:aws:iam::aws:policy/") {
        Some(name) => OF_AWS.contains(&name),
        None => arn == Service::Iam.arn("policy/boundary") || managed::can_attach(cloud, arn),
    }
}

fn detach(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (now, arn) = (cloud.now, required(params, "PolicyArn"));
    if !attached(cloud, params)?.remove(arn) {
        return ServiceError::err("NoSuchEntity", format!("Policy {arn} was not found."));
    }
    if let Some(role) = cloud.iam.roles.get_mut(&required(params, "RoleName").to_lowercase()) {
        role.released = now;
    }
    managed::released(cloud, arn);
    Ok(Json::Null)
}

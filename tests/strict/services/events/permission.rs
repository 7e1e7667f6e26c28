//! The policy of a bus.

use super::bus::{bus_arn, named};
use crate::cloud::{ACCOUNT, Cloud, Handler, ServiceError, required, text};
use crate::services::iam::{grammar, resource_policy};
use serde_json::{Value as Json, json};

pub(super) const OPERATIONS: &[(&str, Handler)] = &[("PutPermission", put), ("RemovePermission", remove)];

/// Bytes of a policy [aws-facts-services: Policy text as read back].
const MAX_POLICY: usize = 10_240;

fn document(statements: &[Json]) -> Json {
    json!({ "Version": "2012-10-17", "Statement": statements })
}

/// A policy as it is read: the same meaning in another text [aws-facts-services: Policy text as read back].
pub(super) fn shown(statements: &[Json]) -> String {
    grammar::rewritten(&document(statements).to_string())
}

/// A whole policy replaces the one that is there; a single statement is added [recorded: events, put-permission-policy].
fn put(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (now, name) = (cloud.now, named(params));
    let mut statements = cloud.events.bus(&name)?.policy.clone();
    match text(params, "Policy") {
        Some(policy) => statements = read(cloud, policy)?,
        None => {
            let statement = single(params, &name)?;
            statements.retain(|other| other["Sid"] != statement["Sid"]);
            statements.push(statement);
        }
    }
    if document(&statements).to_string().len() > MAX_POLICY {
        let message = "The policy size exceeds the limit.";
        return ServiceError::err("PolicyLengthExceededException", message);
    }
    let bus = cloud.events.bus_mut(&name)?;
    bus.policy = statements;
    bus.modified = now;
    Ok(Json::Null)
}

/// The statements of a whole policy. A role that is not there, or that not all of AWS knows yet, is refused
/// [aws-facts-services: Propagation].
fn read(cloud: &Cloud, policy: &str) -> Result<Vec<Json>, ServiceError> {
    let parsed: Json = serde_json::from_str(policy).unwrap_or_default();
    if !resource_policy::is_valid(policy) {
        return ServiceError::err(
            "ValidationException",
            "Provided value in parameter 'policy' is not valid.",
        );
    }
    if resource_policy::names_unknown_role(cloud, &parsed) {
        return ServiceError::err("ValidationException", "Invalid principal in policy");
    }
    let statements = resource_policy::statements(&parsed).into_iter().cloned().map(|mut statement| {
        if statement["Principal"]["AWS"] == ACCOUNT {
            statement["Principal"]["AWS"] = format!("arn:aws:iam::{ACCOUNT}:root").into();
        }
        statement
    });
    Ok(statements.collect())
}

fn single(params: &Json, bus: &str) -> Result<Json, ServiceError> {
    let missing =
        ["Action", "Principal", "StatementId"].into_iter().find(|name| text(params, name).is_none());
    if let Some(missing) = missing {
        return ServiceError::err("ValidationException", format!("Parameter {missing} must be specified."));
    }
    let principal = match required(params, "Principal") {
        "*" => json!("*"),
        account => json!({ "AWS": format!("arn:aws:iam::{account}:root") }),
    };
    Ok(
        json!({ "Sid": params["StatementId"], "Effect": "Allow", "Principal": principal, "Action": params["Action"],
        "Resource": bus_arn(bus) }),
    )
}

/// [recorded: events, test_remove_permission and test_remove_permission_non_existing_sid]
fn remove(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (now, name) = (cloud.now, named(params));
    let bus = cloud.events.bus_mut(&name)?;
    let before = bus.policy.len();
    match (params["RemoveAllPermissions"].as_bool(), text(params, "StatementId")) {
        (Some(true), _) => bus.policy.clear(),
        (_, Some(sid)) => bus.policy.retain(|statement| statement["Sid"] != sid),
        (_, None) => {
            return ServiceError::err("ValidationException", "Parameter StatementId must be specified.");
        }
    }
    if bus.policy.len() == before {
        return ServiceError::err(
            "ResourceNotFoundException",
            "Statement with the provided id does not exist.",
        );
    }
    bus.modified = now;
    Ok(Json::Null)
}

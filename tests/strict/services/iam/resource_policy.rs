//! The grammar of policies of resources, as the services check it.

use super::role::ASSUMABLE;
use crate::cloud::{ACCOUNT, Cloud};
use serde_json::Value as Json;

/// True for a policy of a resource, which says whom each statement is about.
pub(crate) fn is_valid(text: &str) -> bool {
    let policy: Json = serde_json::from_str(text).unwrap_or_default();
    let statements = statements(&policy);
    let has = |statement: &Json, name: &str, other: &str| {
        statement.get(name).is_some() != statement.get(other).is_some()
    };
    let valid = |statement: &&Json| {
        ["Allow", "Deny"].map(Json::from).contains(&statement["Effect"])
            && has(statement, "Principal", "NotPrincipal")
            && has(statement, "Action", "NotAction")
            && has(statement, "Resource", "NotResource")
    };
    !statements.is_empty() && statements.iter().all(valid)
}

/// The statements of a policy: a list, or the only one.
pub(crate) fn statements(policy: &Json) -> Vec<&Json> {
    match &policy["Statement"] {
        Json::Array(statements) => statements.iter().collect(),
        one => Some(one).filter(|one| one.is_object()).into_iter().collect(),
    }
}

/// The texts of a list, or the only one.
fn texts(one_or_more: &Json) -> Vec<&str> {
    match one_or_more {
        Json::Array(items) => items.iter().filter_map(Json::as_str).collect(),
        one => one.as_str().into_iter().collect(),
    }
}

/// The resources that a policy names.
pub(crate) fn resources(policy: &Json) -> Vec<&str> {
    statements(policy).into_iter().flat_map(|statement| texts(&statement["Resource"])).collect()
}

/// True if a policy allows something to everybody.
pub(crate) fn admits_everybody(policy: &Json) -> bool {
    let is_open = |statement: &&Json| {
        let principal = &statement["Principal"];
        let everybody = texts(principal).contains(&"*") || texts(&principal["AWS"]).contains(&"*");
        everybody && statement["Effect"] == "Allow" && statement.get("Condition").is_none()
    };
    statements(policy).iter().any(is_open)
}

/// True if a policy names a role of this account that is not there, or that not all of AWS knows yet [aws-facts: Propagation].
pub(crate) fn names_unknown_role(cloud: &Cloud, policy: &Json) -> bool {
    let known = cloud.delays.of(ASSUMABLE);
    let is_known = |arn: &str| {
        let role = cloud.iam.roles.values().find(|role| role.arn() == arn);
        role.is_some_and(|role| cloud.now >= role.created + known)
    };
    let named = statements(policy).into_iter().flat_map(|statement| texts(&statement["Principal"]["AWS"]));
    let mut roles = named.filter(|arn| arn.starts_with(&format!("arn:aws:iam::{ACCOUNT}:role/")));
    roles.any(|arn| !is_known(arn))
}

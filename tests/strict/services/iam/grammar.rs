//! The grammar of IAM policies, as IAM checks it, and what they allow.

use crate::cloud::ServiceError;
use crate::pattern;
use serde_json::{Map, Value as Json};
use std::collections::BTreeSet;

/// Characters of a role's trust policy [aws-facts: IAM].
const MAX_TRUST: usize = 2_048;

/// The elements that a statement may have.
const ELEMENTS: &[&str] = &[
    "Sid",
    "Effect",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Principal",
    "NotPrincipal",
    "Condition",
];

/// Checks a policy that says what its bearer may do.
pub(crate) fn check_identity(document: &str) -> Result<(), ServiceError> {
    for statement in statements(document)? {
        one_of(&statement, "Resource", "NotResource")?;
        none_of(&statement, &["Principal", "NotPrincipal"])?;
        for resource in texts(statement.get("Resource").or(statement.get("NotResource"))) {
            let arn = resource == "*" || pattern::matches(r"arn:[^:]*:[^:]+:[^:]*:[^:]*:.+", &resource);
            malformed_unless(arn, &format!("Resource {resource} must be in ARN format or \"*\"."))?;
        }
    }
    Ok(())
}

/// Checks a policy that says who may assume a role.
pub(crate) fn check_trust(document: &str) -> Result<(), ServiceError> {
    if document.len() > MAX_TRUST {
        return ServiceError::err("LimitExceeded", "Cannot exceed quota for ACLSizePerRole: 2048");
    }
    for statement in statements(document)? {
        one_of(&statement, "Principal", "NotPrincipal")?;
        malformed_unless(
            !statement.contains_key("Resource") && !statement.contains_key("NotResource"),
            "Has prohibited field Resource",
        )?;
        for action in texts(statement.get("Action")) {
            malformed_unless(
                action.starts_with("sts:"),
                "AssumeRole policy may only specify STS AssumeRole actions.",
            )?;
        }
        let service = statement.get("Principal").and_then(|principal| principal.get("Service"));
        for service in texts(service) {
            let known = pattern::matches(r"[a-z0-9.-]+\.amazonaws\.com(\.cn)?", &service);
            malformed_unless(known, &format!("Invalid principal in policy: \"SERVICE\":\"{service}\""))?;
        }
    }
    Ok(())
}

/// The statements of a document whose common part is right.
fn statements(document: &str) -> Result<Vec<Map<String, Json>>, ServiceError> {
    let policy: Json =
        serde_json::from_str(document).map_err(|_| malformed("This policy contains invalid Json"))?;
    let Json::Object(members) = &policy else { return Err(malformed("Syntax errors in policy.")) };
    let known = members.keys().all(|name| ["Version", "Id", "Statement"].contains(&name.as_str()));
    malformed_unless(known, "Syntax errors in policy.")?;
    // A missing version means the older one.
    let version =
        policy.get("Version").is_none_or(|version| version == "2012-10-17" || version == "2008-10-17");
    malformed_unless(version, "The policy failed legacy parsing")?;
    let statements: Vec<Json> = match &policy["Statement"] {
        Json::Array(statements) => statements.clone(),
        Json::Object(_) => vec![policy["Statement"].clone()],
        _ => Vec::new(),
    };
    malformed_unless(!statements.is_empty(), "Missing required field Statement cannot be empty!")?;
    let mut sids = BTreeSet::new();
    let checked = statements.into_iter().map(|statement| match statement {
        Json::Object(statement) => check_statement(&statement, &mut sids).map(|()| statement),
        _ => Err(malformed("Syntax errors in policy.")),
    });
    checked.collect()
}

fn check_statement(statement: &Map<String, Json>, sids: &mut BTreeSet<String>) -> Result<(), ServiceError> {
    if let Some(unknown) = statement.keys().find(|name| !ELEMENTS.contains(&name.as_str())) {
        return Err(malformed(&format!("Syntax errors in policy: unknown element {unknown}.")));
    }
    malformed_unless(
        [Some("Allow"), Some("Deny")].contains(&statement.get("Effect").and_then(Json::as_str)),
        "Effect is missing",
    )?;
    if let Some(sid) = statement.get("Sid").and_then(Json::as_str) {
        malformed_unless(
            pattern::matches("[a-zA-Z0-9]*", sid),
            "Statement IDs (SID) must be alpha-numeric.",
        )?;
        malformed_unless(
            sids.insert(sid.to_owned()),
            "Statement IDs (SID) in a single policy must be unique.",
        )?;
    }
    one_of(statement, "Action", "NotAction")?;
    let actions = texts(statement.get("Action").or(statement.get("NotAction")));
    malformed_unless(!actions.is_empty(), "Policy statement must contain actions.")?;
    for action in actions {
        let right = action == "*" || pattern::matches(r"[a-zA-Z0-9-]+:[a-zA-Z0-9*?]+", &action);
        malformed_unless(
            right,
            "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
        )?;
    }
    if let Some(condition) = statement.get("Condition") {
        let operators = condition.as_object().ok_or_else(|| malformed("Syntax errors in policy."))?;
        malformed_unless(operators.values().all(Json::is_object), "Syntax errors in policy.")?;
    }
    Ok(())
}

fn one_of(statement: &Map<String, Json>, one: &str, other: &str) -> Result<(), ServiceError> {
    let there = statement.contains_key(one) != statement.contains_key(other);
    malformed_unless(there, &format!("Policy statement must contain {one} or {other}."))
}

fn none_of(statement: &Map<String, Json>, names: &[&str]) -> Result<(), ServiceError> {
    let there = names.iter().any(|name| statement.contains_key(*name));
    malformed_unless(!there, "Policy document should not specify a principal.")
}

fn malformed_unless(right: bool, message: &str) -> Result<(), ServiceError> {
    if right { Ok(()) } else { Err(malformed(message)) }
}

fn malformed(message: &str) -> ServiceError {
    ServiceError::new("MalformedPolicyDocument", message)
}

/// A text or a list of texts.
fn texts(value: Option<&Json>) -> Vec<String> {
    match value {
        Some(Json::String(text)) => vec![text.clone()],
        Some(Json::Array(items)) => items.iter().filter_map(Json::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// A document as IAM answers it: the same meaning in another text.
pub(crate) fn rewritten(document: &str) -> String {
    fn plain(value: Json) -> Json {
        match value {
            Json::Array(items) if items.len() == 1 => plain(items.into_iter().next().unwrap_or_default()),
            Json::Array(items) => items.into_iter().rev().map(plain).collect(),
            Json::Object(members) => {
                Json::Object(members.into_iter().map(|(key, value)| (key, plain(value))).collect())
            }
            other => other,
        }
    }
    serde_json::from_str(document).map_or_else(|_| document.to_owned(), |json| plain(json).to_string())
}

/// The principals of AWS that a trust policy names.
pub(crate) fn principals(document: &str) -> Vec<String> {
    let statements = statements(document).unwrap_or_default();
    let of = |statement: &Map<String, Json>| texts(statement.get("Principal").and_then(|one| one.get("AWS")));
    statements.iter().flat_map(of).collect()
}

/// True if a trust policy lets a service assume the role.
pub(crate) fn trusts(document: &str, service: &str) -> bool {
    let statements = statements(document).unwrap_or_default();
    let trusts = |statement: &Map<String, Json>| {
        let services = statement.get("Principal").and_then(|principal| principal.get("Service"));
        statement["Effect"] == "Allow" && texts(services).iter().any(|other| other == service)
    };
    statements.iter().any(trusts)
}

/// The same where the policy may name the ARN for which the service does it.
pub(crate) fn trusts_for(document: &str, service: &str, source: &str) -> bool {
    let statements = statements(document).unwrap_or_default();
    let trusts = |statement: &Map<String, Json>| {
        let services = statement.get("Principal").and_then(|principal| principal.get("Service"));
        let conditions = statement.get("Condition").and_then(Json::as_object).into_iter().flatten();
        let arns: Vec<String> = conditions.flat_map(|(_, keys)| texts(keys.get("aws:SourceArn"))).collect();
        let is_source = arns.is_empty() || arns.iter().any(|arn| pattern::is_like(arn, source, false));
        statement["Effect"] == "Allow" && texts(services).iter().any(|other| other == service) && is_source
    };
    statements.iter().any(trusts)
}

/// A condition key that is set for calls of a function's code alone, and not for those that Lambda makes with its role
/// [DG: Lambda, "Attaching functions to a VPC"].
const BY_CODE: &str = "lambda:SourceFunctionArn";

/// True if a policy allows an action of a service on a resource. Other conditions are taken to hold.
pub(crate) fn allows(document: &str, action: &str, resource: &str) -> bool {
    let statements = statements(document).unwrap_or_default();
    let of_service = |statement: &&Map<String, Json>| {
        !statement.get("Condition").is_some_and(|condition| condition.to_string().contains(BY_CODE))
    };
    let applies = |statement: &&Map<String, Json>| {
        let actions = texts(statement.get("Action"));
        let resources = texts(statement.get("Resource"));
        actions.iter().any(|pattern| pattern::is_like(pattern, action, true))
            && resources.iter().any(|pattern| pattern::is_like(pattern, resource, false))
    };
    let effects: Vec<&Json> =
        statements.iter().filter(of_service).filter(applies).map(|statement| &statement["Effect"]).collect();
    effects.iter().any(|effect| **effect == "Allow") && effects.iter().all(|effect| **effect != "Deny")
}

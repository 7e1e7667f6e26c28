//! A statement of a function's policy, as Lambda writes it.

use super::Spec;
use crate::policy::Statement;
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// What a statement with a `Sid` allows on a function.
pub(super) fn spec(function: &str, sid: &str, statement: &Statement) -> Spec {
    let condition = Condition::of(statement);
    Spec {
        function: function.to_owned(),
        sid: sid.to_owned(),
        action: text(statement, "/Action"),
        principal: principal(statement),
        source_arn: condition.source_arn,
        source_account: condition.source_account,
        organization: condition.organization,
        url_auth: condition.url_auth,
        through_url: condition.through_url,
        superseded: Vec::new(),
    }
}

/// Whom a statement is about. Lambda writes an account as the ARN of its root [recorded: add_permission_principal_account].
fn principal(statement: &Statement) -> String {
    let of = |member: &str| Some(text(statement, member)).filter(|who| !who.is_empty());
    match of("/Principal/Service").or_else(|| of("/Principal/AWS")) {
        Some(who) => account_of(&who).unwrap_or(&who).to_owned(),
        None => text(statement, "/Principal"),
    }
}

/// The account of the ARN of its root.
pub(super) fn account_of(arn: &str) -> Option<&str> {
    let (before, account) = arn.strip_suffix(":root")?.rsplit_once(':')?;
    before.ends_with(":iam:").then_some(account)
}

/// A member of a statement as text: itself if it is one, its JSON if someone made it more than one.
fn text(statement: &Statement, pointer: &str) -> String {
    match statement.json().pointer(pointer) {
        None => String::new(),
        Some(Json::Array(items)) if items.len() == 1 => items[0].as_str().unwrap_or_default().to_owned(),
        Some(value) => value.as_str().map_or_else(|| value.to_string(), str::to_owned),
    }
}

/// The condition of a statement.
#[derive(Default)]
struct Condition {
    source_arn: Option<String>,
    source_account: Option<String>,
    organization: Option<String>,
    url_auth: Option<String>,
    through_url: bool,
}

impl Condition {
    /// The condition where all of it is known, else the condition as it is for a source, so that a change of it shows. Lambda
    /// writes a source as `ArnLike`, whatever was sent [aws-facts: Lambda], and a flag as a text [aws-facts-services: 8, field].
    fn of(statement: &Statement) -> Self {
        let text = text(statement, "/Condition");
        let parsed: Option<BTreeMap<String, BTreeMap<String, String>>> = serde_json::from_str(&text).ok();
        let all = parsed.iter().flatten().flat_map(|(operator, keys)| {
            keys.iter().map(move |(key, value)| (operator.as_str(), key.to_lowercase(), value))
        });
        let mut condition = Condition::default();
        for (operator, key, value) in all {
            match (operator, key.as_str()) {
                ("ArnLike", "aws:sourcearn") => condition.source_arn = Some(value.clone()),
                ("StringEquals", "aws:sourceaccount") => condition.source_account = Some(value.clone()),
                ("StringEquals", "aws:principalorgid") => condition.organization = Some(value.clone()),
                ("StringEquals", "lambda:functionurlauthtype") => condition.url_auth = Some(value.clone()),
                ("Bool", "lambda:invokedviafunctionurl") if value == "true" => condition.through_url = true,
                _ => return Condition { source_arn: Some(text), ..Condition::default() },
            }
        }
        let is_read = parsed.is_some() || text.is_empty();
        if is_read { condition } else { Condition { source_arn: Some(text), ..Condition::default() } }
    }
}

//! The stack's statements in a policy that others may write to as well, such as that of a queue. A `Sid` is the only mark that a
//! statement can bear: those of the stack begin with its mark, all others stay as they are.

use super::mark;
use crate::model::Identity;
use crate::policy::{Policy, Statement};
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// Statements with the stack's mark.
pub(super) fn marked(policy: &Policy, identity: &Identity) -> Policy {
    let mark = mark::begin(identity);
    Policy(policy.0.iter().map(|(sid, statement)| (format!("{mark}{sid}"), statement.clone())).collect())
}

/// The statements with a mark, without it.
pub(super) fn own(policy: Policy, mark: &str) -> Policy {
    let own = |(sid, statement): (String, Statement)| Some((sid.strip_prefix(mark)?.to_owned(), statement));
    Policy(policy.0.into_iter().filter_map(own).collect())
}

/// A policy with these statements of the stack in place of those that it has, and all others as they are.
pub(super) fn merged(live: &Policy, wanted: &Policy, identity: &Identity) -> Policy {
    let mark = mark::begin(identity);
    let others = live.0.iter().filter(|(sid, _)| !sid.starts_with(&mark));
    let others = others.map(|(sid, statement)| (sid.clone(), statement.clone()));
    Policy(others.chain(marked(wanted, identity).0).collect())
}

/// The statements without a mark, as `status` shows them.
pub(super) fn of_others(policy: Policy, mark: &str) -> BTreeMap<String, String> {
    let others = policy.0.into_iter().filter(|(sid, _)| !sid.starts_with(mark));
    others.map(|(sid, statement)| (format!("policy.{sid}"), statement.json().to_string())).collect()
}

/// The roles that a policy names.
pub(super) fn roles(policy: &Policy) -> Vec<String> {
    let statements = policy.0.values().map(Statement::json);
    let named = statements.flat_map(|statement| match statement.pointer("/Principal/AWS") {
        Some(Json::Array(names)) => names.clone(),
        other => other.cloned().into_iter().collect(),
    });
    named.filter_map(|name| name.as_str().map(str::to_owned)).filter(|arn| arn.contains(":role/")).collect()
}

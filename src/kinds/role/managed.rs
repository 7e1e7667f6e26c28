//! `managed_policies`: the managed policies that are attached to a role.

use crate::config::declared::{Connection, End};
use crate::config::decode::{Value, help};
use crate::config::names::{iam_arn, is_made_of};
use crate::config::section::Shape;
use crate::config::section::shape::list;
use crate::kind::Kind;
use crate::kinds::policy::Policy;
use crate::lower::Lower;
use crate::model::Text;
use crate::suggest;
use serde_json::json;
use std::collections::BTreeSet;

/// How many managed policies a role may have [aws-facts: IAM].
pub(crate) const MAX_ATTACHED: usize = 10;

/// A managed policy.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum ManagedPolicy {
    /// One of AWS's own, by its name with its path.
    Aws(String),
    /// One of the stack, by its key in `policies`.
    Key(String),
    /// One of an account, by its ARN.
    Arn(String),
}

impl ManagedPolicy {
    /// Its ARN.
    pub(crate) fn arn(&self, lower: &Lower) -> Text {
        match self {
            ManagedPolicy::Aws(name) => {
                lower.scope.expand("arn:{partition}:iam::aws:policy/{name}", name).into()
            }
            ManagedPolicy::Key(key) => Text::reference(&lower.id(Policy::NAME, key), "arn"),
            ManagedPolicy::Arn(arn) => arn.into(),
        }
    }

    /// The key of an entry of `policies`, where it is one.
    pub(in crate::kinds) fn key(&self) -> Option<&str> {
        match self {
            ManagedPolicy::Key(key) => Some(key),
            ManagedPolicy::Aws(_) | ManagedPolicy::Arn(_) => None,
        }
    }
}

/// The policies of the stack that an entry has.
pub(in crate::kinds) fn connections(end: &End, policies: &[ManagedPolicy]) -> Vec<Connection> {
    let of = |key: &str| Connection::new(end.clone(), (Policy::NAME, key.to_owned()), "managed policy");
    policies.iter().filter_map(ManagedPolicy::key).map(of).collect()
}

/// The shape of `managed_policies`.
pub(crate) fn managed_policies() -> Shape<Vec<ManagedPolicy>> {
    let policy = Shape::new(json!({ "type": "string", "minLength": 1 }), managed_policy);
    list(policy)
        .refine(|value, policies| {
            let mut all = BTreeSet::new();
            value.list(|item| match item.node.text() {
                Some(text) if !all.insert(text.to_owned()) => {
                    item.fail(format!("`{text}` is there twice"), help("remove one of the two"))
                }
                _ => Some(()),
            })?;
            if policies.len() > MAX_ATTACHED {
                let count = policies.len();
                let message = format!("a role can have at most {MAX_ATTACHED} managed policies, not {count}");
                return value.fail(message, help("grant the rest under `policy`"));
            }
            Some(policies)
        })
        .with("maxItems", MAX_ATTACHED)
        .with("examples", json!([["service-role/AWSLambdaVPCAccessExecutionRole"]]))
}

fn managed_policy(value: Value) -> Option<ManagedPolicy> {
    let text = value.text()?;
    if text.starts_with("arn:") {
        return iam_arn(value, "policy").map(ManagedPolicy::Arn);
    }
    let keys = value.cx.scope.names.keys(Policy::SECTION);
    if keys.contains(&text) {
        return Some(ManagedPolicy::Key(text.to_owned()));
    }
    let (name, path) = text.rsplit_once('/').map_or((text, ""), |(path, name)| (name, path));
    // The names of all of AWS's own begin so, as its list of them shows.
    let is_own = name.starts_with(|c: char| c.is_ascii_uppercase()) && is_made_of(name, "+=,.@_-");
    if is_own && (path.is_empty() || is_made_of(path, "-/")) {
        return Some(ManagedPolicy::Aws(text.to_owned()));
    }
    let way = "write a key of `policies`, the name of one of AWS's own with its path, such as \
               `service-role/AWSLambdaVPCAccessExecutionRole`, or an ARN";
    let absent = value.cx.scope.names.why_absent(Policy::SECTION, text);
    let meant = absent.or_else(|| suggest::did_you_mean(text, keys.iter().copied())).or(help(way));
    value.fail(format!("`{text}` is not a managed policy"), meant)
}

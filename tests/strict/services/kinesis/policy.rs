//! The policies of streams [M: PutResourcePolicy; recorded: test_resource_policy_crud].

use super::stream::{Stream, find, find_active, invalid, name_of};
use super::stream_arn;
use crate::cloud::{Cloud, Handler, ServiceError, Time, VISIBLE, required};
use crate::services::iam::{grammar, resource_policy};
use serde_json::{Value as Json, json};

pub(super) const OPERATIONS: &[(&str, Handler)] =
    &[("GetResourcePolicy", get), ("PutResourcePolicy", put), ("DeleteResourcePolicy", delete)];

/// The policy of a stream.
#[derive(Debug, Clone, Default)]
pub(crate) struct Policy {
    pub(super) text: Option<String>,
    /// What reads still show, and until when.
    before: (Option<String>, Time),
}

impl Policy {
    /// What a dump has of it.
    pub(super) fn dumped(&self) -> Option<Json> {
        self.text.as_ref().and_then(|text| serde_json::from_str(text).ok())
    }

    /// The same by hand.
    pub(super) fn by_hand(&mut self, text: Option<String>) {
        *self = Policy { text, ..Policy::default() };
    }
}

/// A stream without a policy shows an empty one [recorded]. A change is taken to show late, as elsewhere.
fn get(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let now = cloud.now;
    let Policy { text, before: (before, until) } = &find(cloud, params)?.policy;
    let shown = if now < *until { before } else { text };
    Ok(json!({ "Policy": shown.as_deref().map_or_else(|| "{}".to_owned(), grammar::rewritten) }))
}

fn put(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let policy = required(params, "Policy").to_owned();
    let parsed: Json = serde_json::from_str(&policy).unwrap_or_default();
    find(cloud, params)?;
    let own = stream_arn(&name_of(params).unwrap_or_default());
    let is_own = resource_policy::resources(&parsed).iter().all(|resource| *resource == own);
    if !resource_policy::is_valid(&policy) || !is_own {
        return invalid("Policy is malformed, or is about another resource.");
    }
    if resource_policy::names_unknown_role(cloud, &parsed) {
        return invalid("Policy has an invalid principal.");
    }
    change(cloud, params, Some(policy))
}

/// One that is not there is refused by emulators; nothing of AWS's tells.
fn delete(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    if find(cloud, params)?.policy.text.is_none() {
        let arn = required(params, "ResourceARN");
        let message = format!("No resource policy found for resource ARN {arn}.");
        return ServiceError::err("ResourceNotFoundException", message);
    }
    change(cloud, params, None)
}

fn change(cloud: &mut Cloud, params: &Json, to: Option<String>) -> Result<Json, ServiceError> {
    let until = cloud.now + cloud.delays.of(VISIBLE);
    let Stream { policy, .. } = find_active(cloud, params)?;
    let before = std::mem::replace(&mut policy.text, to);
    policy.before = (before, until);
    Ok(Json::Null)
}

/// A policy of somebody else.
pub(super) fn theirs(name: &str) -> String {
    let statement = json!({ "Sid": "theirs", "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::210987654321:root" },
        "Action": "kinesis:GetRecords", "Resource": stream_arn(name) });
    json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string()
}

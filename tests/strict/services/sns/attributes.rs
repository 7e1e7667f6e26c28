//! The attributes of topics: texts, each with rules of its own.

use super::topic::topic_arn;
use crate::cloud::{ACCOUNT, Cloud};
use crate::services::iam::{grammar, resource_policy};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

/// Attributes by name.
pub(crate) type Attributes = BTreeMap<String, String>;

/// What has a few values.
const CHOICES: &[(&str, [&str; 2])] = &[
    ("FifoTopic", ["true", "false"]),
    ("ContentBasedDeduplication", ["true", "false"]),
    ("FifoThroughputScope", ["Topic", "MessageGroup"]),
    ("SignatureVersion", ["1", "2"]),
    ("TracingConfig", ["PassThrough", "Active"]),
];

/// What only FIFO topics have, and what they have not [M].
const ONLY_FIFO: &[&str] = &["ContentBasedDeduplication", "FifoThroughputScope"];
const NOT_FIFO: &[&str] = &["TracingConfig"];

/// Characters of a display name [DG: SNS, CreateTopic], and bytes of a policy [aws-facts-services: Policy text as read back].
const MAX_DISPLAY: usize = 100;
const MAX_POLICY: usize = 30_720;

/// The `Sid` of the statement that every topic has at first.
pub(super) const DEFAULT: &str = "__default_statement_ID";

/// The policy of a topic for which nobody has set one [recorded: test_create_topic_test_arn].
pub(super) fn default_policy(name: &str) -> String {
    let actions = [
        "SNS:GetTopicAttributes",
        "SNS:SetTopicAttributes",
        "SNS:AddPermission",
        "SNS:RemovePermission",
        "SNS:DeleteTopic",
        "SNS:Subscribe",
        "SNS:ListSubscriptionsByTopic",
        "SNS:Publish",
    ];
    let statement = json!({ "Sid": DEFAULT, "Effect": "Allow", "Principal": { "AWS": "*" }, "Action": actions,
        "Resource": topic_arn(name), "Condition": { "StringEquals": { "AWS:SourceOwner": ACCOUNT } } });
    json!({ "Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement] }).to_string()
}

/// What is wrong with an attribute that is set.
pub(super) fn wrong(cloud: &Cloud, name: &str, value: &str, fifo: bool) -> Option<String> {
    if (ONLY_FIFO.contains(&name) && !fifo) || (NOT_FIFO.contains(&name) && fifo) {
        return Some(format!("{name}: not supported for this type of topic"));
    }
    let choice = CHOICES.iter().find(|(other, _)| *other == name);
    match (choice, name) {
        (Some((_, values)), _) => {
            (!values.contains(&value)).then(|| format!("{name}: Invalid value [{value}]."))
        }
        (_, "DisplayName") => (value.chars().count() > MAX_DISPLAY).then(|| "DisplayName".to_owned()),
        (_, "Policy") => wrong_policy(cloud, value),
        (_, "DeliveryPolicy") => {
            let is_json =
                value.is_empty() || serde_json::from_str::<Json>(value).is_ok_and(|json| json.is_object());
            (!is_json).then(|| "DeliveryPolicy: failed to parse JSON.".to_owned())
        }
        (_, "KmsMasterKeyId") => None,
        _ => Some("AttributeName".to_owned()),
    }
}

/// Why a policy is not taken. A role that is not there, or that not all of AWS knows yet, is no principal
/// [aws-facts-services: 3, Propagation].
fn wrong_policy(cloud: &Cloud, policy: &str) -> Option<String> {
    if policy.len() > MAX_POLICY || !resource_policy::is_valid(policy) {
        return Some("Policy Error: null".to_owned());
    }
    let parsed: Json = serde_json::from_str(policy).unwrap_or_default();
    let named = resource_policy::statements(&parsed).into_iter().flat_map(|statement| {
        let actions = statement.get("Action").or(statement.get("NotAction")).cloned().unwrap_or_default();
        actions.as_array().cloned().unwrap_or_else(|| vec![actions])
    });
    let of_sns =
        |action: &Json| action.as_str().is_some_and(|action| action.to_lowercase().starts_with("sns:"));
    if !named.into_iter().all(|action| of_sns(&action)) {
        return Some("Policy statement action out of service scope!".to_owned());
    }
    resource_policy::names_unknown_role(cloud, &parsed).then(|| "Policy Error: PrincipalNotFound".to_owned())
}

/// Sets an attribute; an empty key or policy of deliveries takes it away [recorded: test_topic_delivery_policy_crud].
pub(super) fn apply(cloud: &Cloud, attributes: &mut Attributes, name: &str, value: &str) {
    match name {
        "KmsMasterKeyId" | "DeliveryPolicy" if value.is_empty() => drop(attributes.remove(name)),
        "Policy" => drop(attributes.insert(name.to_owned(), policy_kept(cloud, value))),
        _ => drop(attributes.insert(name.to_owned(), value.to_owned())),
    }
}

/// True if an attribute that a create names is not what the topic has [recorded: test_create_topic_different_attrs].
pub(super) fn differs(cloud: &Cloud, topic: &str, live: &Attributes, name: &str, value: &str) -> bool {
    let shown = shown(cloud, topic, live);
    let parsed = |text: &str| serde_json::from_str::<Json>(text).unwrap_or_else(|_| text.into());
    let plain = |text: &str| if name == "Policy" { parsed(&grammar::rewritten(text)) } else { parsed(text) };
    let live = shown.get(name).map(|live| plain(live));
    let kept =
        if name == "Policy" { policy_shown(cloud, &policy_kept(cloud, value)) } else { value.to_owned() };
    live != Some(plain(&kept))
}

/// What reads show: of what was not set only what is always there [recorded: test_create_topic_test_arn].
pub(super) fn shown(cloud: &Cloud, topic: &str, attributes: &Attributes) -> Attributes {
    let mut all = attributes.clone();
    all.entry("DisplayName".to_owned()).or_default();
    if all.contains_key("FifoTopic") {
        all.entry("ContentBasedDeduplication".to_owned()).or_insert_with(|| "false".to_owned());
    }
    let policy = all.entry("Policy".to_owned()).or_insert_with(|| default_policy(topic));
    *policy = policy_shown(cloud, policy);
    all
}

/// The attributes without the statements of others in the policy, which are no part of a stack's state.
pub(super) fn without_others(topic: &str, attributes: &Attributes) -> Attributes {
    let mut all = attributes.clone();
    all.entry("DisplayName".to_owned()).or_default();
    let text = all.remove("Policy").unwrap_or_else(|| default_policy(topic));
    let mut policy: Json = serde_json::from_str(&text).unwrap_or_default();
    let is_ours =
        |statement: &&Json| statement["Sid"].as_str().is_some_and(|sid| sid.starts_with("provision-"));
    let own: Vec<Json> = resource_policy::statements(&policy).into_iter().filter(is_ours).cloned().collect();
    if !own.is_empty() {
        policy = json!({ "Statement": own });
        all.insert("Policy".to_owned(), policy.to_string());
    }
    for (name, default) in
        [("SignatureVersion", "1"), ("TracingConfig", "PassThrough"), ("ContentBasedDeduplication", "false")]
    {
        if all.get(name).is_some_and(|value| value == default) {
            all.remove(name);
        }
    }
    all
}

/// The attributes with what is JSON read.
pub(super) fn read(attributes: Attributes) -> BTreeMap<String, Json> {
    let read = |text: String| {
        let json = serde_json::from_str::<Json>(&text).ok().filter(Json::is_object);
        json.unwrap_or_else(|| json!(text))
    };
    attributes.into_iter().map(|(name, value)| (name, read(value))).collect()
}

/// A policy with the ids of roles in place of their ARNs.
fn policy_kept(cloud: &Cloud, policy: &str) -> String {
    let roles = cloud.iam.roles.values();
    roles.fold(policy.to_owned(), |text, role| {
        text.replace(&format!("\"{}\"", role.arn()), &format!("\"{}\"", role.id))
    })
}

/// A policy as it is read: the same meaning in another text, and a role that was deleted is its id
/// [aws-facts-services: Policy text as read back].
fn policy_shown(cloud: &Cloud, kept: &str) -> String {
    let roles = cloud.iam.roles.values();
    let text = roles.fold(kept.to_owned(), |text, role| {
        text.replace(&format!("\"{}\"", role.id), &format!("\"{}\"", role.arn()))
    });
    let mut policy: Json = serde_json::from_str(&text).unwrap_or_default();
    let statements: Vec<Json> = resource_policy::statements(&policy).into_iter().cloned().collect();
    let spelt = statements.into_iter().map(|mut statement| {
        if statement["Principal"]["AWS"] == ACCOUNT {
            statement["Principal"]["AWS"] = format!("arn:aws:iam::{ACCOUNT}:root").into();
        }
        statement
    });
    policy["Statement"] = json!(spelt.collect::<Vec<_>>());
    grammar::rewritten(&policy.to_string())
}

//! Topics: their life, and what each call does.

use super::attributes::{self, Attributes};
use super::subscription::Subscription;
use super::{invalid, parts};
use crate::cloud::{
    ACCOUNT, Cloud, Handler, REGION, ServiceError, Tags, Time, check_tags, listed, required, tag_list, text,
    text_map,
};
use crate::pattern;
use crate::services::Service;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

pub(super) const OPERATIONS: &[(&str, Handler)] = &[
    ("CreateTopic", create),
    ("GetTopicAttributes", get),
    ("SetTopicAttributes", set),
    ("ListTagsForResource", tags),
    ("TagResource", tag),
    ("DeleteTopic", delete),
];

/// The topics by name, and the subscriptions by ARN.
#[derive(Debug, Clone)]
pub(crate) struct State {
    pub(crate) topics: BTreeMap<String, Topic>,
    /// The topics of other accounts by ARN, and whether they let this account subscribe.
    pub(crate) theirs: BTreeMap<String, bool>,
    pub(crate) subscriptions: BTreeMap<String, Subscription>,
    /// The subscriptions that were deleted last, and when.
    pub(super) deleted: BTreeMap<String, (Subscription, Time)>,
}

/// Another account, which has a topic that is always there.
pub(super) const ANOTHER: &str = "444455556666";

/// The ARN of that topic.
pub(crate) fn theirs() -> String {
    format!("arn:aws:sns:{REGION}:{ANOTHER}:alerts")
}

impl Default for State {
    fn default() -> Self {
        let theirs = BTreeMap::from([(theirs(), true)]);
        State { topics: BTreeMap::new(), theirs, subscriptions: BTreeMap::new(), deleted: BTreeMap::new() }
    }
}

/// A topic.
#[derive(Debug, Clone, Default)]
pub(crate) struct Topic {
    /// What was set, without defaults.
    pub(crate) attributes: Attributes,
    pub(crate) tags: Tags,
    pub(crate) created: Time,
}

impl Topic {
    pub(super) fn is_fifo(&self) -> bool {
        self.attributes.get("FifoTopic").is_some_and(|fifo| fifo == "true")
    }
}

/// The ARN of a topic of the account by its name; of one of another account, that is the ARN.
pub(crate) fn topic_arn(name: &str) -> String {
    if name.starts_with("arn:") { name.to_owned() } else { Service::Sns.arn(name) }
}

/// The name of the topic that an ARN is of; `None` where there is no such topic of the account.
pub(super) fn name_of(arn: &str) -> Option<&str> {
    arn.strip_prefix(&topic_arn(""))
}

/// The name of the topic that a parameter names, if it exists.
pub(super) fn named(cloud: &Cloud, params: &Json) -> Result<String, ServiceError> {
    let arn = required(params, "TopicArn");
    parts(arn, "TopicArn")?;
    let name = name_of(arn).filter(|name| cloud.sns.topics.contains_key(*name));
    match name {
        Some(name) => Ok(name.to_owned()),
        None => ServiceError::err("NotFound", "Topic does not exist"),
    }
}

/// The same for a call that other accounts may make: the policy of their topic must admit it
/// [DG: SNS, "Example cases for Amazon SNS access control"].
pub(super) fn named_by_others(cloud: &Cloud, params: &Json, action: &str) -> Result<String, ServiceError> {
    let arn = required(params, "TopicArn");
    match cloud.sns.theirs.get(arn) {
        None => named(cloud, params),
        Some(true) => Ok(arn.to_owned()),
        Some(false) => not_admitted(action, arn),
    }
}

/// The refusal of what is another account's.
pub(super) fn not_admitted<T>(action: &str, arn: &str) -> Result<T, ServiceError> {
    ServiceError::err(
        "AuthorizationError",
        format!(
            "User: arn:aws:iam::{ACCOUNT}:user/deployer is not authorized to perform: {action} on resource: {arn} \
             because no resource-based policy allows the {action} action"
        ),
    )
}

/// The ending of the name of a FIFO topic counts [recorded: test_create_topic_name_constraints].
fn check_name(name: &str, fifo: bool) -> Result<(), ServiceError> {
    let base = if fifo { name.strip_suffix(".fifo").unwrap_or_default() } else { name };
    match pattern::matches("[a-zA-Z0-9_-]+", base) && name.len() <= 256 {
        true => Ok(()),
        false => invalid("Topic Name"),
    }
}

/// For an equal topic, or one of which only a part is named, the answer is the same as for a new one
/// [recorded: test_create_duplicate_topic_check_idempotency].
fn create(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (name, given, tags) = (required(params, "Name"), text_map(params, "Attributes"), tag_list(params));
    let fifo = given.get("FifoTopic").is_some_and(|fifo| fifo == "true");
    check_name(name, fifo)?;
    if params["Tags"].as_array().is_some_and(|list| list.len() != tags.len()) {
        return invalid("Duplicated keys are not allowed.");
    }
    check_tags(&Tags::new(), &tags, "InvalidParameter")?;
    for (attribute, value) in &given {
        if let Some(wrong) = attributes::wrong(cloud, attribute, value, fifo) {
            return invalid(format!("Attributes Reason: {wrong}"));
        }
    }
    if let Some(topic) = cloud.sns.topics.get(name) {
        let differs = |(attribute, value): (&String, &String)| {
            attributes::differs(cloud, name, &topic.attributes, attribute, value)
        };
        if given.iter().any(differs) {
            return invalid("Attributes Reason: Topic already exists with different attributes");
        }
        if tags.iter().any(|(key, value)| topic.tags.get(key) != Some(value)) {
            return invalid("Tags Reason: Topic already exists with different tags");
        }
        return Ok(json!({ "TopicArn": topic_arn(name) }));
    }
    let mut topic = Topic { tags, created: cloud.now, ..Topic::default() };
    // An attribute of a standard topic that says so is not kept.
    for (attribute, value) in given.iter().filter(|(name, value)| *name != "FifoTopic" || *value == "true") {
        attributes::apply(cloud, &mut topic.attributes, attribute, value);
    }
    cloud.sns.topics.insert(name.to_owned(), topic);
    Ok(json!({ "TopicArn": topic_arn(name) }))
}

fn get(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let name = named(cloud, params)?;
    let topic = &cloud.sns.topics[&name];
    let mut all = attributes::shown(cloud, &name, &topic.attributes);
    let own = cloud.sns.subscriptions.values().filter(|subscription| subscription.topic == name);
    let (confirmed, pending): (Vec<_>, Vec<_>) = own.partition(|subscription| subscription.confirmed);
    let retries = json!({ "http": { "defaultHealthyRetryPolicy": { "minDelayTarget": 20, "maxDelayTarget": 20,
        "numRetries": 3 }, "disableSubscriptionOverrides": false } });
    for (attribute, value) in [
        ("TopicArn", topic_arn(&name)),
        ("Owner", ACCOUNT.to_owned()),
        ("EffectiveDeliveryPolicy", retries.to_string()),
        ("SubscriptionsConfirmed", confirmed.len().to_string()),
        ("SubscriptionsPending", pending.len().to_string()),
        ("SubscriptionsDeleted", "0".to_owned()),
    ] {
        all.insert(attribute.to_owned(), value);
    }
    Ok(json!({ "Attributes": all }))
}

/// One attribute at a time. Nothing changes the type of a topic [recorded: test_topic_get_attributes_with_fifo_false].
fn set(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (name, attribute) = (named(cloud, params)?, required(params, "AttributeName"));
    let value = text(params, "AttributeValue").unwrap_or_default();
    let mut topic = cloud.sns.topics[&name].clone();
    if attribute == "FifoTopic" {
        return invalid("AttributeName");
    }
    if let Some(wrong) = attributes::wrong(cloud, attribute, value, topic.is_fifo()) {
        return invalid(wrong);
    }
    attributes::apply(cloud, &mut topic.attributes, attribute, value);
    cloud.sns.topics.insert(name, topic);
    Ok(Json::Null)
}

/// The topic of a call about tags, whose code for what does not exist is another one [M].
fn tagged<'a>(cloud: &'a mut Cloud, params: &Json) -> Result<&'a mut Topic, ServiceError> {
    let arn = required(params, "ResourceArn");
    parts(arn, "ResourceArn")?;
    let topic = name_of(arn).and_then(|name| cloud.sns.topics.get_mut(name));
    topic.ok_or_else(|| ServiceError::new("ResourceNotFound", "Resource does not exist"))
}

fn tags(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    Ok(json!({ "Tags": listed(&tagged(cloud, params)?.tags) }))
}

fn tag(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let new = tag_list(params);
    let sent = params["Tags"].as_array().map_or(0, Vec::len);
    if new.len() < sent {
        // [recorded: sns, test_tags]
        return invalid("Duplicated keys are not allowed.");
    }
    let topic = tagged(cloud, params)?;
    check_tags(&topic.tags, &new, "TagLimitExceeded")?;
    topic.tags.extend(new);
    Ok(json!({}))
}

/// Also of what does not exist [recorded: test_delete_topic_idempotency].
fn delete(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let arn = required(params, "TopicArn");
    parts(arn, "TopicArn")?;
    if let Some(name) = name_of(arn) {
        remove(cloud, name);
    }
    Ok(Json::Null)
}

/// Deletes a topic if it exists, and its subscriptions with it: by a call, or by hand.
pub(super) fn remove(cloud: &mut Cloud, name: &str) {
    cloud.sns.topics.remove(name);
    cloud.sns.subscriptions.retain(|_, subscription| subscription.topic != name);
}

//! SNS [aws-facts-services: 3].

mod attributes;
mod by_hand;
mod filter;
mod random;
mod subscription;
mod tests;
mod topic;

pub(crate) use by_hand::{confirm, expire, make, subscribe};
pub(crate) use topic::{State, theirs, topic_arn};

use crate::access::{Need, nothing, with_tagging};
use crate::cloud::{Cloud, REGION, ServiceError, Tags, text};
use crate::quota::Quota;
use crate::random::{Section, Wire};
use crate::service::{Drift, Facts, Make, Resource, StrictService, Tagged};
use crate::services::Service;
use crate::wire::Call;
use proptest::strategy::BoxedStrategy;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::rc::Rc;

pub(crate) struct Sns;

/// A refusal. AWS has one code for nearly all of them, and says what is wrong in the message.
fn invalid<T>(what: impl std::fmt::Display) -> Result<T, ServiceError> {
    ServiceError::err("InvalidParameter", format!("Invalid parameter: {what}"))
}

/// The parts of an ARN, of which one has at least six [recorded: test_unsubscribe_wrong_arn_format].
fn parts<'a>(arn: &'a str, parameter: &str) -> Result<Vec<&'a str>, ServiceError> {
    let parts: Vec<&str> = arn.split(':').collect();
    match parts.len() {
        1..=5 => {
            invalid(format!("{parameter} Reason: An ARN must have at least 6 elements, not {}", parts.len()))
        }
        // [recorded: sns, test_cross_region_access]
        _ if parameter == "TopicArn" && parts[3] != REGION => invalid(parameter),
        _ => Ok(parts),
    }
}

impl StrictService for Sns {
    fn facts(&self) -> &'static Facts {
        &Facts {
            name: "sns",
            model: ("sns", "2010-03-31"),
            operations: &[topic::OPERATIONS, subscription::OPERATIONS],
            changed: &["SubscriptionArn", "TopicArn", "ResourceArn", "Name"],
            subject: &["Name", "TopicArn", "ResourceArn", "SubscriptionArn", "Endpoint", "AttributeName"],
            tokens: &["NextToken"],
            throttled: ("Throttling", 400),
            failed: ("InternalError", 500),
            denied: ("AuthorizationError", 403),
            invalid: "InvalidParameter",
            unmodelled: &[],
        }
    }

    /// What names a subscription alone knows no resources [Service Authorization Reference: SNS].
    fn needs(&self, cloud: &Cloud, call: &Call) -> Vec<Need> {
        let arn = text(&call.params, "TopicArn").or(text(&call.params, "ResourceArn"));
        let made = text(&call.params, "Name").map(topic_arn);
        let Some(arn) = arn.map(str::to_owned).or(made).filter(|arn| arn.starts_with("arn:")) else {
            return vec![Need::new(call.name(), nothing(call))];
        };
        let topic = cloud.sns.topics.iter().find(|(name, _)| topic_arn(name) == arn);
        let tags = topic.map(|(_, topic)| topic.tags.clone()).unwrap_or_default();
        let own = Need::new(call.name(), arn).of(&tags);
        with_tagging(call, own, "sns:TagResource", call.operation.name == "CreateTopic")
    }

    /// [M]; for topics [aws-facts-services: 3, mem].
    fn quota(&self, _: &Cloud, operation: &str) -> Option<Quota> {
        match operation {
            "Subscribe" | "Unsubscribe" => Some(("sns:subscriptions", 100.0, 100.0)),
            "CreateTopic" | "DeleteTopic" | "TagResource" => Some(("sns:topics", 10.0, 30.0)),
            _ => None,
        }
    }

    fn tagged(&self, cloud: &Cloud) -> Vec<Tagged> {
        let tagged = |(name, topic): (&String, &topic::Topic)| Tagged {
            arn: topic_arn(name),
            name: format!("topic {name}"),
            created: topic.created,
            tags: topic.tags.clone(),
        };
        cloud.sns.topics.iter().map(tagged).collect()
    }

    /// What a stack's topic says reaches the functions and queues of the account that have subscribed: SNS does not look when
    /// they do, and fails silently later [aws-facts-services: 3].
    fn broken(&self, cloud: &Cloud) -> Vec<(String, String)> {
        subscription::broken(cloud)
    }

    fn dump(&self, cloud: &Cloud) -> BTreeMap<String, Json> {
        let topics = cloud.sns.topics.iter().map(|(name, topic)| {
            let attributes = attributes::read(attributes::without_others(name, &topic.attributes));
            // An empty note is none.
            let is_said =
                |(key, value): &(&String, &String)| *key != "provision:subscribers" || !value.is_empty();
            let tags: Tags =
                topic.tags.iter().filter(is_said).map(|(key, value)| (key.clone(), value.clone())).collect();
            (format!("topic {name}"), json!({ "attributes": attributes, "tags": tags }))
        });
        let subscriptions = cloud.sns.subscriptions.values().map(|subscription| {
            let subscription::Subscription { topic, protocol, endpoint, attributes, .. } = subscription;
            let attributes = attributes::read(subscription::with_defaults(attributes));
            let state = json!({ "attributes": attributes, "confirmed": subscription.confirmed });
            (format!("subscription of {topic} for {protocol} {endpoint}"), state)
        });
        topics.chain(subscriptions).collect()
    }

    /// The ids of subscriptions.
    fn made_up(&self, cloud: &Cloud) -> Vec<(String, String)> {
        let ids = cloud.sns.subscriptions.iter().map(|(arn, subscription)| {
            let id = arn.rsplit(':').next().unwrap_or_default().to_owned();
            (id, format!("ID-OF-{}", subscription.endpoint))
        });
        ids.collect()
    }

    fn change_all(&self, cloud: &mut Cloud) {
        by_hand::change_all(cloud);
    }

    fn leave_behind(&self, cloud: &mut Cloud) {
        by_hand::leave_behind(cloud);
    }

    fn drifts(&self) -> &'static [(&'static str, Drift)] {
        by_hand::DRIFTS
    }

    fn unmanaged(&self) -> &'static [(&'static str, Make)] {
        by_hand::UNMANAGED
    }

    fn everything(&self, cloud: &Cloud) -> Vec<(Resource, String)> {
        let topic = |name: &String| Resource::named(Service::Sns, "topic", name);
        let topics = cloud.sns.topics.iter().map(|(name, state)| (topic(name), format!("{state:?}")));
        let subscriptions = cloud.sns.subscriptions.iter().map(|(arn, state)| {
            let child = topic(&state.topic).child("subscription", arn);
            (Resource { has_id: true, ..child }, format!("{state:?}"))
        });
        topics.chain(subscriptions).collect()
    }

    fn remove(&self, cloud: &mut Cloud, resource: &Resource) {
        match resource.kind {
            "topic" => topic::remove(cloud, &resource.name),
            _ => drop(cloud.sns.subscriptions.remove(&resource.name)),
        }
    }

    fn forget(&self, cloud: &mut Cloud, keep: &dyn Fn(&mut Tags)) {
        cloud.sns.topics.values_mut().for_each(|topic| keep(&mut topic.tags));
    }

    fn section(&self) -> Option<BoxedStrategy<Rc<dyn Section>>> {
        Some(random::section())
    }

    fn wires(&self) -> &'static [Wire] {
        random::WIRES
    }

    fn requests(&self) -> &'static str {
        include_str!("requests.yaml")
    }

    /// Policies of a topic, for an account and for a role that does not exist.
    fn given(&self) -> Vec<(&'static str, Json)> {
        let policy = |principal: &str| {
            let statement = json!({ "Sid": "one", "Effect": "Allow", "Principal": { "AWS": principal },
                "Action": "SNS:Publish", "Resource": topic_arn("news") });
            Json::from(json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string())
        };
        vec![
            ("topic policy", policy(crate::cloud::ACCOUNT)),
            ("topic policy for nobody", policy("arn:aws:iam::123456789012:role/none")),
            ("topic arn", topic_arn("news").into()),
        ]
    }

    fn disagreements(&self) -> &'static str {
        include_str!("disagreements.yaml")
    }
}

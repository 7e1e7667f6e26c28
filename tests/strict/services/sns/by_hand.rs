//! What people and other tools do with topics and subscriptions.

use super::attributes::{Attributes, DEFAULT, default_policy};
use super::subscription::Subscription;
use super::topic::{Topic, remove, topic_arn};
use crate::cloud::{Cloud, Tags};
use crate::service::{Drift, ID, Make, Marked, changed, map, own, pick, retag};
use crate::services::sqs;
use serde_json::{Value as Json, json};

/// The names of topics in random stacks.
pub(super) const TOPICS: &[&str] = &["news", "alerts"];

impl Marked for Topic {
    fn tags(&self) -> &Tags {
        &self.tags
    }
}

pub(super) const DRIFTS: &[(&str, Drift)] = &[
    ("a topic is deleted", |cloud, stack, nth| {
        let name = pick(&cloud.sns.topics, |topic| topic.is_of(stack), nth)?;
        remove(cloud, &name);
        Some(name)
    }),
    ("a topic gets another display name", |cloud, stack, nth| {
        set(cloud, stack, nth, "DisplayName", "theirs")
    }),
    ("a topic is encrypted with another key", |cloud, stack, nth| {
        set(cloud, stack, nth, "KmsMasterKeyId", "alias/theirs")
    }),
    ("a topic is not encrypted any more", |cloud, stack, nth| clear(cloud, stack, nth, "KmsMasterKeyId")),
    ("a topic signs otherwise", |cloud, stack, nth| {
        topic(cloud, stack, nth, |topic| flip(&mut topic.attributes, "SignatureVersion", ["1", "2"]))
    }),
    ("a topic is traced otherwise", |cloud, stack, nth| {
        let is_one = |topic: &Topic| topic.is_of(stack) && !topic.is_fifo();
        let name = pick(&cloud.sns.topics, is_one, nth)?;
        let attributes = &mut cloud.sns.topics.get_mut(&name)?.attributes;
        flip(attributes, "TracingConfig", ["PassThrough", "Active"]);
        Some(name)
    }),
    ("a topic knows duplicates by another rule", |cloud, stack, nth| {
        let name = pick(&cloud.sns.topics, |topic| topic.is_of(stack) && topic.is_fifo(), nth)?;
        let attributes = &mut cloud.sns.topics.get_mut(&name)?.attributes;
        flip(attributes, "ContentBasedDeduplication", ["false", "true"]);
        Some(name)
    }),
    ("a topic's policy is changed", |cloud, stack, nth| {
        let has = |topic: &Topic| topic.is_of(stack) && topic.attributes.contains_key("Policy");
        let name = pick(&cloud.sns.topics, has, nth)?;
        let policy = json!({ "Version": "2012-10-17", "Statement": [theirs(&name)] }).to_string();
        cloud.sns.topics.get_mut(&name)?.attributes.insert("Policy".to_owned(), policy);
        Some(name)
    }),
    ("a topic's policy is taken away", |cloud, stack, nth| clear(cloud, stack, nth, "Policy")),
    ("a topic's tags are changed", |cloud, stack, nth| {
        topic(cloud, stack, nth, |topic| retag(&mut topic.tags))
    }),
    ("a subscription is deleted", |cloud, stack, nth| {
        let arn = picked(cloud, stack, nth, |_| true)?;
        cloud.sns.subscriptions.remove(&arn).map(|one| one.endpoint)
    }),
    ("a subscription gets another filter", |cloud, stack, nth| {
        subscription(cloud, stack, nth, |one| {
            one.attributes.remove("FilterPolicyScope");
            one.attributes.insert("FilterPolicy".to_owned(), r#"{"theirs":[true]}"#.to_owned());
        })
    }),
    ("a subscription filters by the body", |cloud, stack, nth| {
        subscription(cloud, stack, nth, |one| {
            one.attributes.insert("FilterPolicyScope".to_owned(), "MessageBody".to_owned());
            one.attributes.insert("FilterPolicy".to_owned(), r#"{"a":{"b":[true]}}"#.to_owned());
        })
    }),
    ("a subscription loses its filter", |cloud, stack, nth| {
        let arn = picked(cloud, stack, nth, |one| one.attributes.contains_key("FilterPolicy"))?;
        let one = cloud.sns.subscriptions.get_mut(&arn)?;
        // The scope stays, and does not show.
        one.attributes.remove("FilterPolicy");
        Some(one.endpoint.clone())
    }),
    ("a subscription gets messages otherwise", |cloud, stack, nth| {
        let arn = picked(cloud, stack, nth, |one| one.protocol == "sqs" || one.protocol == "https")?;
        let one = cloud.sns.subscriptions.get_mut(&arn)?;
        flip(&mut one.attributes, "RawMessageDelivery", ["false", "true"]);
        Some(one.endpoint.clone())
    }),
    ("a subscription's dead letters go elsewhere", |cloud, stack, nth| {
        subscription(cloud, stack, nth, |one| {
            let policy = json!({ "deadLetterTargetArn": sqs::queue_arn("theirs.fifo") });
            one.attributes.insert("RedrivePolicy".to_owned(), policy.to_string());
        })
    }),
    ("a subscription's dead letters go nowhere", |cloud, stack, nth| {
        let arn = picked(cloud, stack, nth, |one| one.attributes.contains_key("RedrivePolicy"))?;
        let one = cloud.sns.subscriptions.get_mut(&arn)?;
        one.attributes.remove("RedrivePolicy");
        Some(one.endpoint.clone())
    }),
];

fn theirs(topic: &str) -> Json {
    json!({ "Sid": "Theirs", "Effect": "Allow", "Principal": "*", "Action": "SNS:Publish", "Resource": topic_arn(topic) })
}

fn topic(cloud: &mut Cloud, stack: &str, nth: usize, change: impl FnOnce(&mut Topic)) -> Option<String> {
    changed(&mut cloud.sns.topics, stack, nth, change)
}

fn set(cloud: &mut Cloud, stack: &str, nth: usize, name: &str, value: &str) -> Option<String> {
    topic(cloud, stack, nth, |topic| drop(topic.attributes.insert(name.to_owned(), value.to_owned())))
}

fn clear(cloud: &mut Cloud, stack: &str, nth: usize, name: &str) -> Option<String> {
    let has = |topic: &Topic| topic.is_of(stack) && topic.attributes.contains_key(name);
    let found = pick(&cloud.sns.topics, has, nth)?;
    cloud.sns.topics.get_mut(&found)?.attributes.remove(name);
    Some(found)
}

/// The ARN of a subscription of a stack's topic that was confirmed: nobody can change another one.
fn picked(cloud: &Cloud, stack: &str, nth: usize, is_one: impl Fn(&Subscription) -> bool) -> Option<String> {
    let of_stack = |one: &Subscription| {
        let is_own = cloud.sns.topics.get(&one.topic).is_some_and(|topic| topic.is_of(stack));
        is_own || cloud.sns.theirs.contains_key(&one.topic)
    };
    pick(&cloud.sns.subscriptions, |one| one.confirmed && of_stack(one) && is_one(one), nth)
}

fn subscription(
    cloud: &mut Cloud,
    stack: &str,
    nth: usize,
    change: impl FnOnce(&mut Subscription),
) -> Option<String> {
    let arn = picked(cloud, stack, nth, |_| true)?;
    let one = cloud.sns.subscriptions.get_mut(&arn)?;
    change(one);
    Some(one.endpoint.clone())
}

/// The other one of two values, of which the first is the default.
fn flip(attributes: &mut Attributes, name: &str, [default, other]: [&str; 2]) {
    let is_other = attributes.get(name).is_some_and(|value| value == other);
    attributes.insert(name.to_owned(), if is_other { default } else { other }.to_owned());
}

pub(super) const UNMANAGED: &[(&str, Make)] = &[
    ("a topic of a wanted name", |cloud, stack, nth| {
        make(cloud, &own(stack, TOPICS, nth), &[("owner", "theirs")]);
    }),
    ("a topic of a near name", |cloud, stack, nth| {
        make(cloud, &format!("{}-2", own(stack, TOPICS, nth)), &[]);
    }),
    ("a topic of another stack", |cloud, _, nth| {
        make(cloud, &format!("prod-{}", TOPICS[nth % TOPICS.len()]), &[("provision:stack", "walk/prod")]);
    }),
    ("a subscription of somebody else to a stack's topic", |cloud, stack, nth| {
        let topic = pick(&cloud.sns.topics, |topic| topic.is_of(stack) && !topic.is_fifo(), nth);
        if let Some(topic) = topic {
            subscribe(cloud, &topic, "email", "theirs@example.com", true);
        }
    }),
    ("a subscription to a stack's topic that nobody has confirmed", |cloud, stack, nth| {
        let topic = pick(&cloud.sns.topics, |topic| topic.is_of(stack) && !topic.is_fifo(), nth);
        if let Some(topic) = topic {
            subscribe(cloud, &topic, "https", "https://theirs.example/hook", false);
        }
    }),
];

pub(crate) fn make(cloud: &mut Cloud, name: &str, tags: &[(&str, &str)]) {
    let topic = Topic { tags: map(tags), created: cloud.now, ..Topic::default() };
    cloud.sns.topics.entry(name.to_owned()).or_insert(topic);
}

/// A subscription that somebody makes by hand.
pub(crate) fn subscribe(cloud: &mut Cloud, topic: &str, protocol: &str, endpoint: &str, confirmed: bool) {
    let id = cloud.made_up("subscription", &format!("{topic} {protocol} {endpoint}"), "0123456789abcdef", 32);
    let subscription = Subscription {
        topic: topic.to_owned(),
        protocol: protocol.to_owned(),
        endpoint: endpoint.to_owned(),
        attributes: Attributes::new(),
        confirmed,
        theirs: cloud.sns.theirs.contains_key(topic),
        created: cloud.now,
    };
    cloud.sns.subscriptions.insert(format!("{}:{id}", topic_arn(topic)), subscription);
}

/// What people do who get a message that asks them to confirm a subscription.
pub(crate) fn confirm(cloud: &mut Cloud) {
    cloud.sns.subscriptions.values_mut().for_each(|one| one.confirmed = true);
}

/// What AWS does with what nobody has confirmed, after three days [aws-facts-services: 3, field].
pub(crate) fn expire(cloud: &mut Cloud) {
    cloud.sns.subscriptions.retain(|_, one| one.confirmed);
}

/// Changes all topics and subscriptions wherever they can be changed.
pub(super) fn change_all(cloud: &mut Cloud) {
    for (name, topic) in &mut cloud.sns.topics {
        let policy = json!({ "Version": "2012-10-17", "Statement": [theirs(name)] }).to_string();
        topic.attributes.extend(map(&[
            ("DisplayName", "theirs"),
            ("KmsMasterKeyId", "alias/theirs"),
            ("SignatureVersion", "2"),
            ("Policy", &policy),
        ]));
        if topic.is_fifo() {
            flip(&mut topic.attributes, "ContentBasedDeduplication", ["false", "true"]);
        } else {
            flip(&mut topic.attributes, "TracingConfig", ["PassThrough", "Active"]);
        }
        topic.tags.remove(ID);
    }
    for one in cloud.sns.subscriptions.values_mut() {
        one.attributes
            .extend(map(&[("FilterPolicy", r#"{"a":{"b":[true]}}"#), ("FilterPolicyScope", "MessageBody")]));
        one.attributes.remove("RedrivePolicy");
    }
}

/// A topic that is no longer declared, and a subscription of a queue of the stack.
pub(super) fn leave_behind(cloud: &mut Cloud) {
    let Some(mut topic) = cloud.sns.topics.values().next().cloned() else { return };
    let name = if topic.is_fifo() { "earlier.fifo" } else { "earlier" };
    let policy = default_policy(name);
    debug_assert!(policy.contains(DEFAULT));
    topic.attributes.insert("Policy".to_owned(), policy);
    cloud.sns.topics.insert(name.to_owned(), topic);
    let plain = cloud.sns.topics.iter().find(|(name, topic)| !topic.is_fifo() && *name != "earlier");
    let queue = cloud.sqs.queues.keys().find(|name| !name.ends_with(".fifo"));
    if let (Some((topic, _)), Some(queue)) = (plain, queue) {
        let (topic, endpoint) = (topic.clone(), sqs::queue_arn(queue));
        let is_there =
            cloud.sns.subscriptions.values().any(|one| one.topic == topic && one.endpoint == endpoint);
        if !is_there {
            subscribe(cloud, &topic, "sqs", &endpoint, true);
        }
    }
}

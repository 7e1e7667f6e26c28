//! What people and other tools do with queues.

use super::Queue;
use super::attributes::Attributes;
use super::queue::{queue_arn, remove};
use crate::cloud::{ACCOUNT, Cloud, Tags};
use crate::service::{Drift, ID, Make, Marked, changed, map, own, pick, retag};
use serde_json::json;

/// The names of queues in random stacks.
pub(super) const QUEUES: &[&str] = &["jobs", "mails", "jobs-failed"];

impl Marked for Queue {
    fn tags(&self) -> &Tags {
        &self.tags
    }
}

pub(super) const DRIFTS: &[(&str, Drift)] = &[
    ("a queue is deleted", |cloud, stack, nth| {
        let name = pick(&cloud.sqs.queues, |queue| queue.is_of(stack), nth)?;
        remove(cloud, &name);
        Some(name)
    }),
    ("a queue delays its messages", |cloud, stack, nth| set(cloud, stack, nth, "DelaySeconds", "7")),
    ("a queue takes shorter messages", |cloud, stack, nth| {
        set(cloud, stack, nth, "MaximumMessageSize", "2048")
    }),
    ("a queue keeps its messages for another time", |cloud, stack, nth| {
        set(cloud, stack, nth, "MessageRetentionPeriod", "77")
    }),
    ("a queue makes its receivers wait", |cloud, stack, nth| {
        set(cloud, stack, nth, "ReceiveMessageWaitTimeSeconds", "13")
    }),
    ("a queue hides its messages for another time", |cloud, stack, nth| {
        set(cloud, stack, nth, "VisibilityTimeout", "1234")
    }),
    ("a queue's policy is changed", |cloud, stack, nth| {
        let statement = json!({ "Sid": "Theirs", "Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Resource": "*" });
        let policy = json!({ "Version": "2012-10-17", "Statement": [statement] });
        set(cloud, stack, nth, "Policy", &policy.to_string())
    }),
    ("a queue's policy is taken away", |cloud, stack, nth| clear(cloud, stack, nth, "Policy")),
    ("a queue's dead letters go elsewhere", |cloud, stack, nth| {
        let policy = json!({ "deadLetterTargetArn": queue_arn("theirs"), "maxReceiveCount": 9 });
        set(cloud, stack, nth, "RedrivePolicy", &policy.to_string())
    }),
    ("a queue's dead letters go nowhere", |cloud, stack, nth| clear(cloud, stack, nth, "RedrivePolicy")),
    ("a queue takes no dead letters", |cloud, stack, nth| {
        set(cloud, stack, nth, "RedriveAllowPolicy", r#"{"redrivePermission":"denyAll"}"#)
    }),
    ("a queue is encrypted with another key", |cloud, stack, nth| {
        queue(cloud, stack, nth, |queue| {
            let key = [("KmsMasterKeyId", "alias/theirs"), ("SqsManagedSseEnabled", "false")];
            queue.attributes.extend(map(&key));
            queue.attributes.insert("KmsDataKeyReusePeriodSeconds".to_owned(), "900".to_owned());
        })
    }),
    ("a queue is not encrypted any more", |cloud, stack, nth| {
        queue(cloud, stack, nth, |queue| {
            queue.attributes.remove("KmsMasterKeyId");
            queue.attributes.insert("SqsManagedSseEnabled".to_owned(), "false".to_owned());
        })
    }),
    ("a queue knows duplicates by another rule", |cloud, stack, nth| {
        fifo(cloud, stack, nth, |attributes| flip(attributes, "ContentBasedDeduplication", ["false", "true"]))
    }),
    ("a queue lets each group of messages through faster", |cloud, stack, nth| {
        fifo(cloud, stack, nth, |attributes| {
            flip(attributes, "DeduplicationScope", ["queue", "messageGroup"]);
            flip(attributes, "FifoThroughputLimit", ["perQueue", "perMessageGroupId"]);
        })
    }),
    ("a queue's tags are changed", |cloud, stack, nth| {
        queue(cloud, stack, nth, |queue| retag(&mut queue.tags))
    }),
];

fn queue(cloud: &mut Cloud, stack: &str, nth: usize, change: impl FnOnce(&mut Queue)) -> Option<String> {
    changed(&mut cloud.sqs.queues, stack, nth, change)
}

fn set(cloud: &mut Cloud, stack: &str, nth: usize, name: &str, value: &str) -> Option<String> {
    queue(cloud, stack, nth, |queue| drop(queue.attributes.insert(name.to_owned(), value.to_owned())))
}

fn clear(cloud: &mut Cloud, stack: &str, nth: usize, name: &str) -> Option<String> {
    let has = |queue: &Queue| queue.is_of(stack) && queue.attributes.contains_key(name);
    let found = pick(&cloud.sqs.queues, has, nth)?;
    cloud.sqs.queues.get_mut(&found)?.attributes.remove(name);
    Some(found)
}

/// Changes the attributes of a queue that keeps the order.
fn fifo(cloud: &mut Cloud, stack: &str, nth: usize, change: impl FnOnce(&mut Attributes)) -> Option<String> {
    let name = pick(&cloud.sqs.queues, |queue| queue.is_of(stack) && queue.is_fifo(), nth)?;
    change(&mut cloud.sqs.queues.get_mut(&name)?.attributes);
    Some(name)
}

/// The other one of two values, of which the first is the default.
fn flip(attributes: &mut Attributes, name: &str, [default, other]: [&str; 2]) {
    let is_other = attributes.get(name).is_some_and(|value| value == other);
    attributes.insert(name.to_owned(), if is_other { default } else { other }.to_owned());
}

pub(super) const UNMANAGED: &[(&str, Make)] = &[
    ("a queue of a wanted name", |cloud, stack, nth| {
        make(cloud, &own(stack, QUEUES, nth), &[("owner", "theirs")]);
    }),
    ("a queue of a near name", |cloud, stack, nth| {
        make(cloud, &format!("{}-2", own(stack, QUEUES, nth)), &[])
    }),
    ("a queue of another stack", |cloud, _, nth| {
        make(cloud, &format!("prod-{}", QUEUES[nth % QUEUES.len()]), &[("provision:stack", "walk/prod")]);
    }),
];

pub(crate) fn make(cloud: &mut Cloud, name: &str, tags: &[(&str, &str)]) {
    let queue = Queue::new(cloud.now, Attributes::new(), map(tags));
    cloud.sqs.queues.entry(name.to_owned()).or_insert(queue);
}

/// Changes all queues wherever they can be changed.
pub(super) fn change_all(cloud: &mut Cloud) {
    for queue in cloud.sqs.queues.values_mut() {
        let statement = json!({ "Sid": "Theirs", "Effect": "Allow", "Principal": { "AWS": ACCOUNT }, "Action": "sqs:*", "Resource": "*" });
        let policy = json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
        queue.attributes.extend(map(&[
            ("DelaySeconds", "7"),
            ("MaximumMessageSize", "2048"),
            ("MessageRetentionPeriod", "77"),
            ("ReceiveMessageWaitTimeSeconds", "13"),
            ("VisibilityTimeout", "1234"),
            ("KmsMasterKeyId", "alias/theirs"),
            ("KmsDataKeyReusePeriodSeconds", "900"),
            ("SqsManagedSseEnabled", "false"),
            ("RedriveAllowPolicy", r#"{"redrivePermission":"allowAll"}"#),
            ("Policy", &policy),
        ]));
        queue.attributes.remove("RedrivePolicy");
        queue.tags.remove(ID);
    }
}

/// A queue that is no longer declared.
pub(super) fn leave_behind(cloud: &mut Cloud) {
    let Some(queue) = cloud.sqs.queues.values().next().cloned() else { return };
    let name = if queue.is_fifo() { "earlier.fifo" } else { "earlier" };
    cloud.sqs.queues.insert(name.to_owned(), queue);
}

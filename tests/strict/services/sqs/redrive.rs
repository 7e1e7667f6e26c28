//! Dead letters: where a queue sends what nobody could process, and which queues may send it here.

use super::attributes::Set;
use super::queue::{KNOWN, Queue, queue_arn};
use crate::cloud::{Cloud, Delay, ServiceError};
use serde_json::Value as Json;

/// Until a new queue can be the target of dead letters [hazards: Q2].
pub(crate) const TARGET: Delay = Delay::of_secs("dead letter target", 8);

fn refused<T>(attribute: &str, value: &str, reason: &str) -> Result<T, ServiceError> {
    let message = format!("Value {value} for parameter {attribute} is invalid. Reason: {reason}");
    ServiceError::err("InvalidParameterValueException", message)
}

/// Checks what is set of dead letters for a queue.
pub(super) fn check(cloud: &Cloud, name: &str, fifo: bool, set: &Set) -> Result<(), ServiceError> {
    let of = |attribute: &str| set.get(attribute).and_then(Option::as_deref);
    if let Some(value) = of("RedrivePolicy") {
        check_target(cloud, name, fifo, value)?;
    }
    of("RedriveAllowPolicy").map_or(Ok(()), check_sources)
}

/// The target must exist, be of the same type, and admit the queue [aws-facts: SQS, M].
fn check_target(cloud: &Cloud, name: &str, fifo: bool, value: &str) -> Result<(), ServiceError> {
    let refused = |reason: &str| refused("RedrivePolicy", value, reason);
    let Ok(Json::Object(policy)) = serde_json::from_str(value) else {
        return refused("Redrive policy is not a valid JSON map.");
    };
    for member in ["deadLetterTargetArn", "maxReceiveCount"] {
        if !policy.contains_key(member) {
            return refused(&format!("Redrive policy does not contain mandatory attribute: {member}."));
        }
    }
    // As a text or as a number [aws-facts: SQS].
    let count = &policy["maxReceiveCount"];
    let number = count.as_u64().or_else(|| count.as_str()?.parse().ok());
    if number.is_none_or(|number| !(1..=1_000).contains(&number)) {
        return refused(&format!(
            "Invalid value for maxReceiveCount: {count}, valid values are from 1 to 1000 both inclusive."
        ));
    }
    let target = policy["deadLetterTargetArn"].as_str().unwrap_or_default();
    let known = cloud.delays.of(KNOWN).max(cloud.delays.of(TARGET));
    let mut queues = cloud.sqs.queues.iter();
    let queue = queues.find(|(name, _)| queue_arn(name) == target).map(|(_, queue)| queue);
    match queue.filter(|queue| cloud.now >= queue.created + known) {
        None => refused("Dead letter target does not exist."),
        Some(queue) if queue.is_fifo() != fifo => {
            refused("Dead-letter queue must be same type of queue as the source.")
        }
        Some(queue) if !admits(queue, &queue_arn(name)) => {
            refused("The dead-letter queue's redrive allow policy does not admit this source.")
        }
        Some(_) => Ok(()),
    }
}

fn admits(target: &Queue, source: &str) -> bool {
    let policy = target.attributes.get("RedriveAllowPolicy");
    let policy: Json = policy.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    match policy["redrivePermission"].as_str() {
        None | Some("allowAll") => true,
        Some("byQueue") => {
            policy["sourceQueueArns"].as_array().is_some_and(|arns| arns.contains(&source.into()))
        }
        Some(_) => false,
    }
}

/// All, none, or up to ten sources by their ARNs [aws-facts: SQS].
fn check_sources(value: &str) -> Result<(), ServiceError> {
    let policy: Json = serde_json::from_str(value).unwrap_or_default();
    let sources = policy.get("sourceQueueArns").map(|arns| arns.as_array().map_or(0, Vec::len));
    match (policy["redrivePermission"].as_str(), sources) {
        (Some("allowAll" | "denyAll"), None) | (Some("byQueue"), Some(1..=10)) => Ok(()),
        _ => refused("RedriveAllowPolicy", value, "Amazon SQS can't create the redrive allow policy."),
    }
}

/// The queue that a queue sends its dead letters to, by its ARN.
pub(super) fn target(queue: &Queue) -> Option<String> {
    let policy: Json = serde_json::from_str(queue.attributes.get("RedrivePolicy")?).ok()?;
    policy["deadLetterTargetArn"].as_str().map(str::to_owned)
}

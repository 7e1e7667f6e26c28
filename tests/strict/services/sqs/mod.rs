//! SQS [aws-facts: SQS].

mod attributes;
mod by_hand;
mod queue;
mod random;
mod redrive;
mod tests;

pub(crate) use by_hand::make;
pub(crate) use queue::{Queue, State, of_arn, queue_arn, was_deleted_before};

use crate::access::{Need, known, nothing, with_tagging};
use crate::cloud::{ACCOUNT, Cloud, ServiceError, Tags, text};
use crate::constraint::Words;
use crate::random::Section;
use crate::service::{Drift, Facts, Make, Resource, StrictService, Tagged};
use crate::services::Service;
use crate::wire::Call;
use proptest::strategy::BoxedStrategy;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::rc::Rc;

pub(crate) struct Sqs;

/// The codes that errors also have in a header, as they were before the service spoke JSON, where these are others; SDKs go by
/// them [aws-facts: LS].
const OLD_CODES: &[(&str, &str)] = &[
    ("QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"),
    ("QueueNameExists", "QueueAlreadyExists"),
    ("QueueDeletedRecently", "AWS.SimpleQueueService.QueueDeletedRecently"),
    ("InvalidParameterValueException", "InvalidParameterValue"),
    ("MissingRequiredParameterException", "MissingParameter"),
];

/// True for a kind that stacks can have: the rest cannot drift from what a stack says.
pub(crate) fn can_be_declared(kind: &str) -> bool {
    provision::kinds::kinds().iter().any(|known| known.name() == kind)
}

/// A hindrance: in the middle of the propagation of a role, a call whose policy names it may fail with status 500 and nothing in
/// the body [hazards: G1].
pub(crate) fn fails_without_a_word(cloud: &Cloud, call: &Call) -> Option<ServiceError> {
    let policy = text(call.params.get("Attributes")?, "Policy").filter(|_| call.service == Service::Sqs)?;
    attributes::names_a_fresh_role(cloud, policy).then(|| ServiceError {
        code: String::new(),
        message: String::new(),
        status: 500,
    })
}

impl StrictService for Sqs {
    fn facts(&self) -> &'static Facts {
        &Facts {
            name: "sqs",
            model: ("sqs", "2012-11-05"),
            operations: &[queue::OPERATIONS],
            changed: &["QueueUrl", "QueueName"],
            subject: &["QueueName", "QueueUrl", "QueueNamePrefix"],
            tokens: &["NextToken"],
            throttled: ("RequestThrottled", 403),
            failed: ("InternalFailure", 500),
            denied: ("AccessDenied", 403),
            invalid: "InvalidParameterValueException",
            unmodelled: &["InvalidParameterValueException", "InvalidAttributeValue"],
        }
    }

    fn words(&self) -> Words {
        Words::Own
    }

    /// ListQueues knows no resources.
    fn needs(&self, cloud: &Cloud, call: &Call) -> Vec<Need> {
        let of_url = text(&call.params, "QueueUrl").and_then(queue::name_of);
        let Some(name) = text(&call.params, "QueueName").or(of_url) else {
            return vec![Need::new(call.name(), nothing(call))];
        };
        let queue = cloud.sqs.queues.get(name);
        let tags = queue.and_then(|queue| known(cloud, queue.created, &queue.tags));
        let own = Need::new(call.name(), queue_arn(name)).of(&tags.cloned().unwrap_or_default());
        with_tagging(call, own, "sqs:TagQueue", call.operation.name == "CreateQueue")
    }

    /// Names of attributes that are none have a code of their own [aws-facts: LS].
    fn invalid(&self, _: &Call, wrong: &str) -> (&'static str, Option<String>) {
        let code = match wrong {
            name if name.starts_with("Attribute") && name.contains("is none of") => "InvalidAttributeName",
            missing if missing.ends_with("is missing") => "MissingRequiredParameterException",
            _ => self.facts().invalid,
        };
        (code, None)
    }

    fn dress(
        &self,
        error: &ServiceError,
        status: u16,
        headers: &mut Vec<(&'static str, String)>,
        body: &mut Json,
    ) {
        let old = OLD_CODES.iter().find(|(code, _)| *code == error.code).map(|(_, old)| *old);
        let whose = if status < 500 { "Sender" } else { "Receiver" };
        headers.push(("x-amzn-query-error", format!("{};{whose}", old.unwrap_or(&error.code))));
        // Access control is not of the service.
        body["__type"] = match error.code.as_str() {
            "AccessDenied" => "com.amazon.coral.service#AccessDeniedException".into(),
            code => format!("com.amazonaws.sqs#{code}").into(),
        };
    }

    fn tagged(&self, cloud: &Cloud) -> Vec<Tagged> {
        let tagged = |(name, queue): (&String, &Queue)| Tagged {
            arn: queue_arn(name),
            name: format!("queue {name}"),
            created: queue.created,
            tags: queue.tags.clone(),
        };
        cloud.sqs.queues.iter().map(tagged).collect()
    }

    /// The dead letters of a stack's queue have a place to go to: nothing on AWS keeps it there [aws-facts: SQS].
    fn broken(&self, cloud: &Cloud) -> Vec<(String, String)> {
        let queues = cloud.sqs.queues.iter().filter(|(_, queue)| queue.tags.contains_key("provision:stack"));
        let targets = queues.filter_map(|(name, queue)| Some((name, redrive::target(queue)?)));
        let there = |arn: &String| cloud.sqs.queues.keys().any(|name| queue_arn(name) == *arn);
        let lost = targets.filter(|(_, target)| !there(target));
        lost.map(|(name, target)| (format!("the queue {name}"), format!("there is no queue {target}")))
            .collect()
    }

    fn dump(&self, cloud: &Cloud) -> BTreeMap<String, Json> {
        let dumped = |(name, queue): (&String, &Queue)| {
            let attributes = attributes::with_defaults(&attributes::without_others(&queue.attributes));
            let read = |text: &String| serde_json::from_str(text).unwrap_or_else(|_| json!(text));
            let attributes: BTreeMap<&String, Json> =
                attributes.iter().map(|(name, value)| (name, read(value))).collect();
            (format!("queue {name}"), json!({ "attributes": attributes, "tags": queue.tags }))
        };
        cloud.sqs.queues.iter().map(dumped).collect()
    }

    fn change_all(&self, cloud: &mut Cloud) {
        by_hand::change_all(cloud);
    }

    fn leave_behind(&self, cloud: &mut Cloud) {
        by_hand::leave_behind(cloud);
    }

    fn drifts(&self) -> &'static [(&'static str, Drift)] {
        if can_be_declared("queue") { by_hand::DRIFTS } else { &[] }
    }

    fn unmanaged(&self) -> &'static [(&'static str, Make)] {
        by_hand::UNMANAGED
    }

    fn everything(&self, cloud: &Cloud) -> Vec<(Resource, String)> {
        let resource = |name: &String| Resource::named(Service::Sqs, "queue", name);
        cloud.sqs.queues.iter().map(|(name, queue)| (resource(name), format!("{queue:?}"))).collect()
    }

    fn remove(&self, cloud: &mut Cloud, resource: &Resource) {
        queue::remove(cloud, &resource.name);
    }

    fn forget(&self, cloud: &mut Cloud, keep: &dyn Fn(&mut Tags)) {
        cloud.sqs.queues.values_mut().for_each(|queue| keep(&mut queue.tags));
    }

    fn section(&self) -> Option<BoxedStrategy<Rc<dyn Section>>> {
        can_be_declared("queue").then(random::section)
    }

    fn requests(&self) -> &'static str {
        include_str!("requests.yaml")
    }

    /// Policies of a queue, for an account and for a role that does not exist.
    fn given(&self) -> Vec<(&'static str, Json)> {
        let policy = |principal: &str| {
            let statement = json!({ "Sid": "one", "Effect": "Allow", "Principal": { "AWS": principal },
                "Action": "sqs:SendMessage", "Resource": queue_arn("jobs") });
            Json::from(json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string())
        };
        vec![
            ("queue policy", policy(ACCOUNT)),
            ("queue policy for nobody", policy("arn:aws:iam::123456789012:role/none")),
        ]
    }

    fn disagreements(&self) -> &'static str {
        include_str!("disagreements.yaml")
    }
}

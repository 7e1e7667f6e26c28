//! Kinesis data streams [aws-facts-services: 6].

mod by_hand;
mod policy;
mod random;
mod records;
mod stream;
mod tests;

pub(crate) use stream::{State, Stream, of_arn};

use crate::access::{Need, known, nothing, with_tagging};
use crate::cloud::{Cloud, Tags};
use crate::quota::Quota;
use crate::random::Section;
use crate::service::{Drift, Facts, Make, Resource, StackChange, StrictService, Tagged};
use crate::services::Service;
use crate::wire::Call;
use proptest::strategy::BoxedStrategy;
use provision::config::Stack;
use provision::kinds::stream::Shards;
use provision::kinds::stream::section::Config;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::rc::Rc;

pub(crate) struct Kinesis;

impl StrictService for Kinesis {
    fn facts(&self) -> &'static Facts {
        &Facts {
            name: "kinesis",
            model: ("kinesis", "2013-12-02"),
            operations: &[stream::OPERATIONS, records::OPERATIONS, policy::OPERATIONS],
            changed: &["StreamName", "StreamARN", "ResourceARN"],
            subject: &["StreamName", "StreamARN", "ResourceARN", "ShardId", "ShardIterator"],
            tokens: &["NextToken"],
            throttled: ("LimitExceededException", 400),
            failed: ("InternalFailure", 500),
            denied: ("AccessDeniedException", 400),
            invalid: "ValidationException",
            unmodelled: &["ValidationException"],
        }
    }

    fn needs(&self, cloud: &Cloud, call: &Call) -> Vec<Need> {
        let Some(name) = stream::name_of(&call.params) else {
            return vec![Need::new(call.name(), nothing(call))];
        };
        let stream = cloud.kinesis.streams.get(&name);
        let tags = stream.and_then(|stream| known(cloud, stream.created, &stream.tags));
        // These two name no resource [Service Authorization Reference: Kinesis].
        if ["UpdateShardCount", "UpdateStreamMode"].contains(&call.operation.name.as_str()) {
            return vec![Need::new(call.name(), nothing(call))];
        }
        let own = Need::new(call.name(), stream_arn(&name)).of(&tags.cloned().unwrap_or_default());
        // TagResource does not do for a stream that is created with tags [aws-facts-services: 6, M].
        with_tagging(call, own, "kinesis:AddTagsToStream", call.operation.name == "CreateStream")
    }

    /// Each operation has a quota of its own, says its documentation.
    fn quota(&self, _: &Cloud, operation: &str) -> Option<Quota> {
        Some(match operation {
            "CreateStream" => ("kinesis:CreateStream", 5.0, 5.0),
            "DeleteStream" => ("kinesis:DeleteStream", 5.0, 5.0),
            "AddTagsToStream" => ("kinesis:AddTagsToStream", 5.0, 5.0),
            "ListTagsForStream" => ("kinesis:ListTagsForStream", 5.0, 5.0),
            "DescribeStreamSummary" => ("kinesis:DescribeStreamSummary", 20.0, 20.0),
            _ => return None,
        })
    }

    fn tagged(&self, cloud: &Cloud) -> Vec<Tagged> {
        let tagged = |(name, stream): (&String, &Stream)| Tagged {
            arn: stream_arn(name),
            name: format!("stream {name}"),
            created: stream.created,
            tags: stream.tags.clone(),
        };
        cloud.kinesis.streams.iter().map(tagged).collect()
    }

    fn unready(&self, cloud: &Cloud) -> Vec<String> {
        let streams = cloud.kinesis.streams.iter();
        let streams = streams.filter(|(_, stream)| stream.status(cloud.now) != "ACTIVE");
        streams.map(|(name, stream)| format!("the stream {name} is {}", stream.status(cloud.now))).collect()
    }

    fn dump(&self, cloud: &Cloud) -> BTreeMap<String, Json> {
        let streams = cloud.kinesis.streams.iter().filter(|(_, stream)| stream.phase.0 != "DELETING");
        let dumped = |(name, stream): (&String, &Stream)| {
            let shards = if stream.on_demand { json!("on-demand") } else { json!(stream.shards) };
            let dumped = json!({
                "shards": shards, "retention": stream.retention, "key": stream.key, "tags": stream.tags,
                "status": stream.status(cloud.now), "records": stream.records, "policy": stream.policy.dumped(),
            });
            (format!("stream {name}"), dumped)
        };
        streams.map(dumped).collect()
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
        let gone = |stream: &Stream| stream.phase.0 == "DELETING" && cloud.now >= stream.phase.1;
        let streams = cloud.kinesis.streams.iter().filter(|(_, stream)| !gone(stream));
        let resource = |name: &String| Resource::named(Service::Kinesis, "stream", name);
        streams.map(|(name, stream)| (resource(name), format!("{stream:?}"))).collect()
    }

    fn remove(&self, cloud: &mut Cloud, resource: &Resource) {
        cloud.kinesis.streams.remove(&resource.name);
    }

    fn forget(&self, cloud: &mut Cloud, keep: &dyn Fn(&mut Tags)) {
        for stream in cloud.kinesis.streams.values_mut() {
            stream.records = 0;
            // Kinesis's own choice is no part of what a stack declares.
            if stream.on_demand {
                stream.shards = 0;
            }
            keep(&mut stream.tags);
        }
    }

    /// It takes only so many changes in a time.
    fn until_tomorrow(&self) -> &'static [&'static str] {
        &["times in a 24 hour period", "times per rolling 24-hour period"]
    }

    fn changes(&self) -> &'static [(&'static str, StackChange)] {
        fn first(stack: &mut Stack, change: impl FnOnce(&mut Config)) -> bool {
            stack.streams_mut().first_mut().map(|stream| change(stream)).is_some()
        }
        &[
            ("a stream takes in more", |stack| {
                first(stack, |stream| {
                    stream.shards = match stream.shards {
                        Shards::OnDemand => Shards::Count(3),
                        Shards::Count(count) => Shards::Count(count * 3),
                    }
                })
            }),
            ("a stream takes in what comes", |stack| first(stack, |stream| stream.shards = Shards::OnDemand)),
            ("a stream keeps its records longer", |stack| {
                first(stack, |stream| stream.retention += 7 * 3_600)
            }),
            ("a stream is encrypted with another key", |stack| {
                first(stack, |stream| {
                    let is_one = stream.kms_key.as_deref() == Some("alias/one");
                    stream.kms_key = (!is_one).then(|| "alias/one".to_owned());
                })
            }),
            ("a stream admits its account alone", |stack| {
                let stream = stack.streams_mut().iter_mut().find(|stream| !stream.resource_policy.is_empty());
                stream.map(|stream| stream.resource_policy.clear()).is_some()
            }),
        ]
    }

    fn section(&self) -> Option<BoxedStrategy<Rc<dyn Section>>> {
        Some(random::section())
    }

    fn given(&self) -> Vec<(&'static str, Json)> {
        let policy = |stream: &str| {
            let statement = json!({ "Effect": "Allow", "Principal": { "AWS": "210987654321" },
                "Action": "kinesis:PutRecord", "Resource": stream_arn(stream) });
            Json::from(json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string())
        };
        vec![("stream policy", policy("clicks")), ("policy of no stream", policy("none"))]
    }

    fn requests(&self) -> &'static str {
        include_str!("requests.yaml")
    }

    fn disagreements(&self) -> &'static str {
        include_str!("disagreements.yaml")
    }
}

pub(crate) fn stream_arn(name: &str) -> String {
    Service::Kinesis.arn(&format!("stream/{name}"))
}

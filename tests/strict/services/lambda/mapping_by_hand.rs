//! What people and other tools do with event source mappings.

use super::function_arn;
use super::mapping::Mapping;
use crate::cloud::{Cloud, Tags, Time};
use crate::service::{Drift, ID, Make, Marked, changed, pick, retag};
use crate::services::sqs;
use serde_json::{Value as Json, json};

impl Marked for Mapping {
    fn tags(&self) -> &Tags {
        &self.tags
    }
}

pub(super) const DRIFTS: &[(&str, Drift)] = &[
    ("an event source mapping is deleted", |cloud, stack, nth| {
        let id = pick(&cloud.lambda.mappings, |mapping| mapping.is_of(stack), nth)?;
        cloud.lambda.mappings.remove(&id);
        Some(id)
    }),
    ("an event source mapping is switched", |cloud, stack, nth| {
        mapping(cloud, stack, nth, |mapping| mapping.enabled = !mapping.enabled)
    }),
    ("an event source mapping takes smaller batches", |cloud, stack, nth| {
        set(cloud, stack, nth, "BatchSize", 3.into())
    }),
    ("an event source mapping gathers longer", |cloud, stack, nth| {
        set(cloud, stack, nth, "MaximumBatchingWindowInSeconds", 77.into())
    }),
    ("an event source mapping gets a filter", |cloud, stack, nth| {
        let filter = json!({ "Filters": [{ "Pattern": "{\"body\":{\"theirs\":[true]}}" }] });
        set(cloud, stack, nth, "FilterCriteria", filter)
    }),
    ("an event source mapping loses its filters", |cloud, stack, nth| {
        let has =
            |mapping: &Mapping| mapping.is_of(stack) && mapping.configuration.contains_key("FilterCriteria");
        let id = pick(&cloud.lambda.mappings, has, nth)?;
        cloud.lambda.mappings.get_mut(&id)?.configuration.remove("FilterCriteria");
        Some(id)
    }),
    ("an event source mapping takes failures otherwise", |cloud, stack, nth| {
        mapping(cloud, stack, nth, |mapping| {
            if mapping.configuration.remove("FunctionResponseTypes").is_none() {
                let types = json!(["ReportBatchItemFailures"]);
                mapping.configuration.insert("FunctionResponseTypes".to_owned(), types);
            }
        })
    }),
    ("an event source mapping calls fewer at once", |cloud, stack, nth| {
        let of_queue =
            |mapping: &Mapping| mapping.is_of(stack) && mapping.member("StartingPosition").is_empty();
        let id = pick(&cloud.lambda.mappings, of_queue, nth)?;
        let mapping = cloud.lambda.mappings.get_mut(&id)?;
        mapping.configuration.insert("ScalingConfig".to_owned(), json!({ "MaximumConcurrency": 2 }));
        Some(id)
    }),
    ("an event source mapping of a stream gives up sooner", |cloud, stack, nth| {
        of_stream(
            cloud,
            stack,
            nth,
            &[("MaximumRetryAttempts", 1.into()), ("MaximumRecordAgeInSeconds", 77.into())],
        )
    }),
    ("an event source mapping of a stream works otherwise", |cloud, stack, nth| {
        of_stream(
            cloud,
            stack,
            nth,
            &[("ParallelizationFactor", 7.into()), ("BisectBatchOnFunctionError", true.into())],
        )
    }),
    ("an event source mapping of a stream tells another queue", |cloud, stack, nth| {
        let theirs = json!({ "OnFailure": { "Destination": sqs::queue_arn("theirs") } });
        of_stream(cloud, stack, nth, &[("DestinationConfig", theirs)])
    }),
    ("an event source mapping's tags are changed", |cloud, stack, nth| {
        mapping(cloud, stack, nth, |mapping| retag(&mut mapping.tags))
    }),
];

fn mapping(cloud: &mut Cloud, stack: &str, nth: usize, change: impl FnOnce(&mut Mapping)) -> Option<String> {
    changed(&mut cloud.lambda.mappings, stack, nth, change)
}

/// Changes a mapping of a stream.
fn of_stream(cloud: &mut Cloud, stack: &str, nth: usize, values: &[(&str, Json)]) -> Option<String> {
    let is_one = |mapping: &Mapping| mapping.is_of(stack) && !mapping.member("StartingPosition").is_empty();
    let id = pick(&cloud.lambda.mappings, is_one, nth)?;
    let values = values.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
    cloud.lambda.mappings.get_mut(&id)?.configuration.extend(values);
    Some(id)
}

fn set(cloud: &mut Cloud, stack: &str, nth: usize, name: &str, value: Json) -> Option<String> {
    mapping(cloud, stack, nth, |mapping| drop(mapping.configuration.insert(name.to_owned(), value)))
}

pub(super) const UNMANAGED: &[(&str, Make)] = &[
    ("an event source mapping of a function of the stack", |cloud, stack, nth| {
        let Some(function) = pick(&cloud.lambda.functions, |function| function.is_of(stack), nth) else {
            return;
        };
        sqs::make(cloud, "theirs", &[]);
        make(cloud, "theirs", &function);
    }),
    ("an event source mapping of a queue of the stack", |cloud, stack, nth| {
        let Some(queue) = pick(&cloud.sqs.queues, |queue| queue.is_of(stack), nth) else { return };
        make(cloud, &queue, "theirs");
    }),
];

fn make(cloud: &mut Cloud, queue: &str, function: &str) {
    let id = cloud.made_up("mapping", &format!("by hand {queue} {function}"), "0123456789abcdef", 12);
    let configuration = json!({
        "EventSourceArn": sqs::queue_arn(queue), "FunctionArn": function_arn(function), "BatchSize": 10,
        "MaximumBatchingWindowInSeconds": 0,
    });
    let mapping = Mapping {
        configuration: configuration.as_object().cloned().unwrap_or_default(),
        enabled: true,
        transition: ("Creating", Time::ZERO),
        created: cloud.now,
        modified: cloud.now,
        deleted: false,
        tags: Tags::new(),
    };
    let same = cloud.lambda.mappings.values().any(|other| other.name() == mapping.name());
    if !same {
        cloud.lambda.mappings.insert(format!("00000000-0000-4000-8000-{id}"), mapping);
    }
}

/// Changes all mappings wherever they can be changed.
pub(super) fn change_all(cloud: &mut Cloud) {
    for mapping in cloud.lambda.mappings.values_mut() {
        mapping.enabled = !mapping.enabled;
        if mapping.member("StartingPosition").is_empty() {
            mapping.configuration.insert("ScalingConfig".to_owned(), json!({ "MaximumConcurrency": 2 }));
        }
        let other = json!({
            "BatchSize": 3, "MaximumBatchingWindowInSeconds": 0,
            "FilterCriteria": { "Filters": [{ "Pattern": "{\"body\":{\"theirs\":[true]}}" }] },
        });
        mapping.configuration.extend(other.as_object().cloned().unwrap_or_default());
        mapping.configuration.remove("FunctionResponseTypes");
        mapping.tags.remove(ID);
    }
}

/// A mapping to a function that is no longer declared.
pub(super) fn leave_behind(cloud: &mut Cloud) {
    let Some(mut mapping) = cloud.lambda.mappings.values().next().cloned() else { return };
    if !cloud.lambda.functions.contains_key("earlier") {
        return;
    }
    mapping.configuration.insert("FunctionArn".to_owned(), function_arn("earlier").into());
    cloud.lambda.mappings.insert("00000000-0000-4000-8000-00000000ea51".to_owned(), mapping);
}

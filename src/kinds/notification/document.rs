//! The document of all notifications of a bucket: three lists, each for a sort of destination.

use super::Spec;
use super::filter::Filter;
use crate::aws::Result;
use aws_sdk_s3::types::{
    Event, FilterRule, FilterRuleName, LambdaFunctionConfiguration, NotificationConfiguration,
    NotificationConfigurationFilter, QueueConfiguration, S3KeyFilter, TopicConfiguration,
};

/// The ids of the entries, each with what it is.
pub(in crate::kinds) fn entries(document: &NotificationConfiguration) -> Vec<(String, Spec)> {
    let entry = |id: Option<&str>,
                 destination: &str,
                 events: &[Event],
                 filter: Option<&NotificationConfigurationFilter>| {
        let spec = Spec {
            destination: destination.to_owned(),
            events: events.iter().map(|event| event.as_str().to_owned()).collect(),
            prefix: rule(filter, "prefix"),
            suffix: rule(filter, "suffix"),
        };
        (id.unwrap_or_default().to_owned(), spec)
    };
    let functions = document.lambda_function_configurations().iter();
    let functions =
        functions.map(|one| entry(one.id(), one.lambda_function_arn(), one.events(), one.filter()));
    let queues = document.queue_configurations().iter();
    let queues = queues.map(|one| entry(one.id(), one.queue_arn(), one.events(), one.filter()));
    let topics = document.topic_configurations().iter();
    let topics = topics.map(|one| entry(one.id(), one.topic_arn(), one.events(), one.filter()));
    functions.chain(queues).chain(topics).collect()
}

/// The value of a rule.
fn rule(filter: Option<&NotificationConfigurationFilter>, name: &str) -> String {
    let rules = filter.and_then(|filter| filter.key()).map(S3KeyFilter::filter_rules).unwrap_or_default();
    let is_it = |rule: &&FilterRule| rule.name().is_some_and(|own| own.as_str() == name);
    rules.iter().find(is_it).and_then(FilterRule::value).unwrap_or_default().to_owned()
}

/// The document without an entry.
pub(super) fn without(document: &NotificationConfiguration, id: &str) -> NotificationConfiguration {
    retained(document, &|own, _| own != id)
}

/// The entry of a notification, by the sort of its destination.
#[derive(Clone)]
pub(super) enum OfNotification {
    Function(LambdaFunctionConfiguration),
    Queue(QueueConfiguration),
    Topic(TopicConfiguration),
}

/// The entry of a notification.
pub(super) fn entry_of(id: &str, spec: &Spec) -> Result<OfNotification> {
    let events = Some(spec.events.iter().map(|event| Event::from(event.as_str())).collect());
    let (filter, to) = (filter(spec.filter()), &spec.destination);
    Ok(match to.split(':').nth(2) {
        Some("lambda") => {
            let entry = LambdaFunctionConfiguration::builder().id(id).lambda_function_arn(to);
            OfNotification::Function(entry.set_events(events).set_filter(filter).build()?)
        }
        Some("sqs") => {
            let entry = QueueConfiguration::builder().id(id).queue_arn(to);
            OfNotification::Queue(entry.set_events(events).set_filter(filter).build()?)
        }
        _ => {
            let entry = TopicConfiguration::builder().id(id).topic_arn(to);
            OfNotification::Topic(entry.set_events(events).set_filter(filter).build()?)
        }
    })
}

/// The document with the entry of a notification. One of ours that overlaps with it is changed or deleted in this run, too: its own
/// step writes it.
pub(super) fn merged(
    document: &NotificationConfiguration,
    (id, entry): (&str, &OfNotification),
    mark: &str,
    spec: &Spec,
) -> NotificationConfiguration {
    if entries(document).iter().any(|(own, live)| own == id && live == spec) {
        return document.clone();
    }
    let is_kept = |own: &str, live: &Spec| {
        own != id && !(own.starts_with(mark) && live.filter().overlaps(spec.filter()))
    };
    let mut merged = retained(document, &is_kept);
    match entry.clone() {
        OfNotification::Function(entry) => {
            merged.lambda_function_configurations.get_or_insert_default().push(entry);
        }
        OfNotification::Queue(entry) => merged.queue_configurations.get_or_insert_default().push(entry),
        OfNotification::Topic(entry) => merged.topic_configurations.get_or_insert_default().push(entry),
    }
    merged
}

/// The document with some of its entries.
fn retained(
    document: &NotificationConfiguration,
    is_kept: &dyn Fn(&str, &Spec) -> bool,
) -> NotificationConfiguration {
    let kept: Vec<String> =
        entries(document).into_iter().filter(|(id, spec)| is_kept(id, spec)).map(|(id, _)| id).collect();
    let has = |id: Option<&str>| kept.iter().any(|kept| kept == id.unwrap_or_default());
    let mut document = document.clone();
    document.lambda_function_configurations.iter_mut().for_each(|all| all.retain(|one| has(one.id())));
    document.queue_configurations.iter_mut().for_each(|all| all.retain(|one| has(one.id())));
    document.topic_configurations.iter_mut().for_each(|all| all.retain(|one| has(one.id())));
    document.lambda_function_configurations.take_if(|all| all.is_empty());
    document.queue_configurations.take_if(|all| all.is_empty());
    document.topic_configurations.take_if(|all| all.is_empty());
    document
}

fn filter(filter: Filter) -> Option<NotificationConfigurationFilter> {
    let rule = |name: FilterRuleName, value: &str| {
        (!value.is_empty()).then(|| FilterRule::builder().name(name).value(value).build())
    };
    let rules = [rule(FilterRuleName::Prefix, filter.prefix), rule(FilterRuleName::Suffix, filter.suffix)];
    let rules: Vec<FilterRule> = rules.into_iter().flatten().collect();
    let key = (!rules.is_empty()).then(|| S3KeyFilter::builder().set_filter_rules(Some(rules)).build());
    key.map(|key| NotificationConfigurationFilter::builder().key(key).build())
}

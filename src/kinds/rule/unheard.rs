//! Patterns of events that never come to their bus, although EventBridge takes them.

use super::OfBus;
use super::section::Config;
use crate::config::{Diagnostic, Entries, Entry, Item, Json, Part, Stack, Template};
use crate::kind::Kind as _;
use crate::kinds::bucket::{self, Bucket};
use crate::kinds::bus::{self, DEFAULT};

/// Where events of S3 name their bucket.
const BUCKET: [&str; 3] = ["detail", "bucket", "name"];

/// The source of what S3 sends.
const OF_S3: &str = "aws.s3";

/// What the sources of AWS's own events begin with. PutEvents refuses them [M: PutEventsRequestEntry].
const OF_AWS: &str = "aws.";

/// Errors of patterns that name a bucket of the stack which tells EventBridge nothing.
pub(super) fn buckets(trigger: &Entry<Config>, entries: &Entries) -> Vec<Diagnostic> {
    let buckets: &[Entry<bucket::section::Config>] = entries.of();
    let silent = |template: &&Template| {
        let [Part::Attribute { kind: Bucket::NAME, key, attribute: "name" }] = template.parts.as_slice()
        else {
            return None;
        };
        buckets.iter().find(|bucket| bucket.name == *key && !bucket.eventbridge).map(|bucket| &bucket.name)
    };
    // Others may send events of the same form.
    let is_of_s3 =
        |source: &&Template| matches!(source.parts.as_slice(), [Part::Text(text)] if text == OF_S3);
    let sources = texts(&trigger.pattern, &["source"]);
    if sources.is_empty() || !sources.iter().all(is_of_s3) {
        return Vec::new();
    }
    let named = texts(&trigger.pattern, &BUCKET).into_iter();
    let error = |bucket: &String| Diagnostic {
        at: trigger.place("pattern"),
        length: 0,
        message: format!("`{bucket}` sends EventBridge no events"),
        help: Some(format!("add `eventbridge: true` to the bucket `{bucket}`")),
    };
    named.filter_map(|template| silent(&template)).map(error).collect()
}

/// Doubts about patterns of AWS's own events at a bus that nothing in the stack forwards them to: they come to the default one alone
/// [DG: EventBridge, "Event buses"]. Other accounts may, by a policy.
pub(in crate::kinds) fn of_aws(stack: &Stack) -> Vec<Diagnostic> {
    let buses: &[Entry<bus::section::Config>] = stack.entries.of();
    let gets_none =
        |bus: &&Entry<bus::section::Config>| bus.triggers.is_empty() && bus.resource_policy.is_empty();
    let all = stack.sections.iter().flat_map(|section| section.items(&stack.entries));
    let all = all.filter_map(Item::of::<OfBus>).filter(|trigger| trigger.bus != DEFAULT);
    let doubt = |trigger: &Entry<Config>| {
        let bus = buses.iter().filter(gets_none).find(|bus| bus.name == trigger.bus)?;
        let sources = texts(&trigger.pattern, &["source"]);
        let is_of_aws = |source: &&Template| matches!(source.parts.as_slice(), [Part::Text(text)] if text.starts_with(OF_AWS));
        (!sources.is_empty() && sources.iter().all(is_of_aws)).then(|| Diagnostic {
            at: trigger.place("pattern"),
            length: 0,
            message: format!("no events of AWS come to the bus `{}`", bus.name),
            help: Some(format!(
                "write `bus: {DEFAULT}`, or let the bus get them: `triggers: [{{ bus: {DEFAULT}, pattern: … }}]` there"
            )),
        })
    };
    all.filter_map(doubt).collect()
}

/// The texts that a pattern allows at a path; none where it says something else of them.
fn texts<'a>(pattern: &'a Json, path: &[&str]) -> Vec<&'a Template> {
    let step = |at: Option<&'a Json>, key: &&str| match at? {
        Json::Map(members) => members.get(*key),
        _ => None,
    };
    match path.iter().fold(Some(pattern), step) {
        Some(Json::List(values)) => {
            let text = |value: &'a Json| match value {
                Json::Text(template) => Some(template),
                _ => None,
            };
            values.iter().map(text).collect::<Option<Vec<_>>>().unwrap_or_default()
        }
        _ => Vec::new(),
    }
}

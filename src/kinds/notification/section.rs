//! `triggers` of buckets.

use super::filter::{CREATED, Filter, REMOVED};
use super::{Notification, Spec, TO};
use crate::config::declared::{Declared, End};
use crate::config::decode::{Value, help};
use crate::config::section::shape::{entry_of, text};
use crate::config::section::{Shape, section};
use crate::config::trigger::{Started, Trigger};
use crate::config::{Diagnostic, Entries, Entry, Grant, Item};
use crate::kind::Kind as _;
use crate::kinds::alias::section::no_alias;
use crate::kinds::bucket::{self, Bucket};
use crate::kinds::function::Function;
use crate::kinds::permission;
use crate::kinds::queue::{self, Queue};
use crate::kinds::topic::{self, Topic};
use crate::lower::{Call, Lower, LoweredTrigger, resource};
use crate::model::{Resource, ResourceId, Text, in_words};
use crate::suggest;
use crate::yaml::Kind as Node;
use aws_sdk_s3::types::Event;
use serde_json::json;
use std::collections::BTreeSet;

/// How many bytes a key can have.
const MAX_KEY: usize = 1_024;

section! {
    /// A bucket whose events start the function, or are delivered to the queue or the topic. S3 is allowed to do that.
    pub(crate) struct Config {
        /// The key of the bucket.
        bucket: String = Shape::new(json!({ "type": "string", "minLength": 1 }), own_bucket).required("NAME"),
        /// `created`, `removed`, or a list of events as AWS names them, such as `s3:ObjectCreated:Put`.
        events: BTreeSet<String> = events().required("created"),
        /// How the keys of the objects begin; by default all objects.
        prefix: String = text(MAX_KEY).or_empty(),
        /// How they end.
        suffix: String = text(MAX_KEY).or_empty(),
        /// An alias of the function's release; by default the first one.
        alias: Option<String> = text(128).optional(),
        /// A name that tells this trigger from another one of the same bucket.
        name: Option<String> = text(64).optional(),
    }
}

fn events() -> Shape<BTreeSet<String>> {
    let words = json!({ "enum": ["created", "removed"] });
    let list = json!({ "type": "array", "items": { "type": "string", "pattern": "^s3:" }, "minItems": 1 });
    Shape::new(json!({ "oneOf": [words, list] }), |value| match (&value.node.kind, value.node.text()) {
        (Node::List(items), _) if items.is_empty() => {
            value.fail("an empty list starts nothing", help("write `created` or `removed`"))
        }
        (Node::List(_), _) => Some(value.list(event)?.into_iter().collect()),
        (_, Some("created")) => Some([CREATED.to_owned()].into()),
        (_, Some("removed")) => Some([REMOVED.to_owned()].into()),
        (_, Some(text)) if text.starts_with("s3:") => value
            .wrong_type("`created`, `removed` or a list of events", help(format!("write `[\"{text}\"]`"))),
        (_, text) => {
            let near = text.and_then(|text| suggest::did_you_mean(text, ["created", "removed"]));
            let meant = match text {
                Some("put" | "uploaded" | "create") => help("did you mean `created`?"),
                Some("delete" | "deleted") => help("did you mean `removed`?"),
                _ => near,
            };
            value.wrong_type("`created`, `removed` or a list of events", meant)
        }
    })
}

fn event(value: Value) -> Option<String> {
    let text = value.text()?;
    if Event::values().contains(&text) {
        return Some(text.to_owned());
    }
    value.fail(
        format!("S3 has no event `{text}`"),
        suggest::did_you_mean(text, Event::values().iter().copied()),
    )
}

/// A bucket of this stack: all notifications of a bucket are in one document, which is its owner's.
fn own_bucket(value: Value) -> Option<String> {
    let name = entry_of::<Bucket>(value)?;
    if value.cx.scope.names.existing.contains(&(Bucket::SECTION, name.clone())) {
        let way = "its owner can set `eventbridge: true` instead, and a rule of EventBridge takes the events from there";
        let message = format!("`{name}` is `existing`, and its notifications are its owner's");
        return value.fail(message, help(way));
    }
    Some(name)
}

impl Config {
    fn filter(&self) -> Filter<'_> {
        Filter { events: &self.events, prefix: &self.prefix, suffix: &self.suffix }
    }
}

/// Events of a bucket.
pub(crate) struct OfBucket;

impl Trigger for OfBucket {
    type Kind = Notification;
    const WORD: &'static str = "bucket";
    const STARTS: &'static [&'static str] = &[Function::NAME, Queue::NAME, Topic::NAME];
    type Config = Config;

    fn name(trigger: &Config) -> String {
        trigger.name.clone().unwrap_or_else(|| trigger.bucket.clone())
    }

    fn source(trigger: &Config) -> Option<End> {
        Some((Bucket::NAME, trigger.bucket.clone()))
    }

    fn writes(trigger: &Config, grant: &Grant) -> bool {
        writes_there(grant, trigger)
    }

    fn check(trigger: &Entry<Config>, started: Started, entries: &Entries) -> Vec<Diagnostic> {
        let errors = overlap(trigger, entries).into_iter();
        let errors = errors.chain(match started.kind {
            Function::NAME => Vec::new(),
            _ => cannot_deliver(trigger, started, entries),
        });
        let error = |(field, message, help): Refused| Diagnostic {
            at: trigger.place(field),
            length: 0,
            message,
            help: Some(help),
        };
        let named = trigger.alias.as_deref().filter(|_| started.kind == Function::NAME);
        let no_alias = named.and_then(|alias| no_alias(started.key, alias, trigger.place("alias"), entries));
        errors.map(error).chain(no_alias).collect()
    }
}

/// What is wrong with a trigger: the field, the reason and the way out.
type Refused = (&'static str, String, String);

/// An earlier trigger of the file for some of the same events: S3 refuses both.
fn overlap(trigger: &Entry<Config>, entries: &Entries) -> Option<Refused> {
    let all = triggers_of::<Function>(entries);
    let all = all.chain(triggers_of::<Queue>(entries)).chain(triggers_of::<Topic>(entries));
    let before = all.take_while(|(other, ..)| other.place("bucket") != trigger.place("bucket"));
    let mut same = before.filter(|(other, ..)| other.bucket == trigger.bucket);
    let (other, kind, key) = same.find(|(other, ..)| other.filter().overlaps(trigger.filter()))?;
    let Config { name, .. } = &**other;
    let name = name.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
    let message = format!("the {} `{key}` has a trigger{name} for some of the same events", in_words(kind));
    let way = "S3 sends an event to one of them only: write another `prefix` or `suffix`";
    Some(("bucket", message, way.to_owned()))
}

/// The triggers of buckets at entries of a kind, each with the entry.
fn triggers_of<D: Declared>(entries: &Entries) -> impl Iterator<Item = (&Entry<Config>, &'static str, &str)> {
    let all: &[Entry<D::Config>] = entries.of();
    all.iter().flat_map(|entry| {
        let items = D::triggers(entry).iter().filter_map(Item::of::<OfBucket>);
        items.map(|item| (item, D::NAME, entry.name.as_str()))
    })
}

/// Why S3 cannot deliver to a queue or a topic [S3 User Guide: EventNotifications, Supported event destinations].
fn cannot_deliver(trigger: &Config, started: Started, entries: &Entries) -> Vec<Refused> {
    let Started { kind, key } = started;
    let queue = queue::section::named(key, entries).filter(|_| kind == Queue::NAME);
    let topic = topic::section::named(key, entries).filter(|_| kind == Topic::NAME);
    let has_order = queue.is_some_and(|queue| queue.fifo.is_some());
    let has_order = has_order || topic.is_some_and(|topic| topic.fifo.is_some());
    let no_alias = trigger.alias.as_ref();
    let no_alias = no_alias.map(|_| ("alias", format!("a {kind} has no alias"), "remove it".to_owned()));
    let ordered = has_order.then(|| {
        let message = format!("S3 delivers nothing to a FIFO {kind}, and `{key}` is one");
        ("bucket", message, format!("name another {kind}"))
    });
    let of_queue = queue.and_then(|queue| queue::section::out_of_reach(queue, "S3"));
    let out_of_reach = of_queue.or_else(|| topic.and_then(|topic| topic::section::out_of_reach(topic, "S3")));
    let out_of_reach = out_of_reach.map(|(message, way)| ("bucket", message, way));
    no_alias.into_iter().chain(ordered).chain(out_of_reach).collect()
}

/// Whether a grant on the bucket lets its owner create objects that a trigger is about.
fn writes_there(grant: &Grant, trigger: &Config) -> bool {
    const PUT: &str = "s3:PutObject";
    if grant.within.is_empty() {
        return grant.allows(PUT) && trigger.filter().is_about("*");
    }
    let writing = grant.within.iter().filter(|within| within.allows(PUT));
    writing.flat_map(|within| &within.paths).any(|path| trigger.filter().is_about(path))
}

impl LoweredTrigger for OfBucket {
    fn lower(item: &Entry<Config>, started: &ResourceId, lower: &mut Lower) {
        let Config { bucket, events, prefix, suffix, alias: _, name } = &**item;
        let bucket = lower.id(Bucket::NAME, bucket);
        let call = call(item, started, lower);
        let own = name.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
        let to = format!("{}{TO}{} {}{own}", bucket.name, in_words(started.kind), started.name);
        let id = bucket.child(Notification::NAME, to);
        let spec = Spec {
            destination: Text::reference(&call.on, "arn"),
            events: events.clone(),
            prefix: prefix.clone(),
            suffix: suffix.clone(),
        };
        // The ARN is known before, and makes no order.
        let depends_on = vec![permission::admitted(&call), call.on];
        let notification = resource::<Notification>(id, item.at, &spec);
        lower.resources.push(Resource { depends_on, ..notification });
    }

    fn callers(item: &Entry<Config>, started: &ResourceId, lower: &Lower) -> Vec<Call> {
        vec![call(item, started, lower)]
    }
}

/// S3 calls the function, or its alias, or sends to the queue or the topic. The ARN of a bucket does not name its account.
fn call(item: &Config, started: &ResourceId, lower: &Lower) -> Call {
    let key = lower.scope.identity.key(started.kind, &started.name);
    let on = if started.kind == Function::NAME {
        lower.called(key, item.alias.as_deref())
    } else {
        started.clone()
    };
    Call {
        on,
        what: format!("bucket {}", item.bucket),
        service: bucket::PRINCIPAL.into(),
        source: lower.arn::<Bucket>(&item.bucket),
        account: true,
    }
}

//! `triggers` of streams: what those of tables and those of Kinesis share.

use super::record::Record;
use super::section::{alias_of, check_filter, filter, mapping};
use super::{EventSource, From, Spec, named};
use crate::config::access::Grant;
use crate::config::declared::End;
use crate::config::decode::{Value, help};
use crate::config::destination::destination;
use crate::config::fields::Fields;
use crate::config::section::shape::{duration, flag, number, text};
use crate::config::section::{AnyField, Section, section};
use crate::config::trigger::{Started, Trigger};
use crate::config::{Destination, Diagnostic, Entries, Entry, Item};
use crate::kind::Kind;
use crate::kinds::alias::section::no_alias;
use crate::kinds::bucket::Bucket;
use crate::kinds::fifo::FIFO;
use crate::kinds::function::Function;
use crate::kinds::function::section::Config as FunctionConfig;
use crate::kinds::queue::section::SEND_ACTION;
use crate::kinds::queue::{self, Queue};
use crate::kinds::topic::section::PUBLISH_ACTION;
use crate::kinds::topic::{self, Topic};
use crate::lower::{Lower, LoweredTrigger, allow};
use crate::model::{ResourceId, Text, in_words};
use crate::policy::{Statement, Tree};
use serde_json::Value as Json;
use std::fmt::Debug;
use std::marker::PhantomData;

section! {
    /// How a function reads a stream.
    pub(crate) struct Reader {
        /// How many records an invocation gets at most. Those of a table are its changes.
        batch: u32 = number("records", 1..=10_000).default(100),
        /// How long records are gathered before an invocation, at most 5 minutes.
        window: u32 = duration(0..=300).default(0),
        /// Whether a batch on which the function fails is tried again in halves, to find the record that it fails on.
        bisect: bool = flag().default(false),
        /// How many batches of a shard are worked on at a time. The changes of an item, and the records of a partition key, stay
        /// in order.
        parallel: u32 = number("batches", 1..=10).default(1),
        /// How often a batch on which the function fails is tried again. By default until its records expire, those of a table
        /// after a day, and nothing that comes after them is worked on.
        retries: Option<u32> = number("retries", 0..=10_000).optional(),
        /// How old a record may be, from 1 minute to 7 days. Older ones are skipped.
        max_age: Option<u32> = duration(60..=604_800).optional(),
        /// Patterns of the records that start the function: one, or a list of up to five. Other records are skipped.
        filter: Vec<String> = filter().or_empty(),
        /// Whether the function says which record of a batch failed. The batch then begins again with it; otherwise with its
        /// first record.
        partial_failures: bool = flag().default(false),
        /// Where a record of a batch that is given up is sent: the key or the ARN of a queue, a topic or a bucket. The function is
        /// allowed to send there.
        on_failure: Option<Destination> = destination().refine(takes_records).optional(),
        /// Whether records start the function.
        enabled: bool = flag().default(true),
        /// An alias of the function's release; by default the first one.
        alias: Option<String> = text(128).optional(),
        /// A name that tells this trigger from another one of the same source.
        name: Option<String> = text(64).optional(),
    }
}

/// A source that functions read as a stream.
pub(crate) trait Source: Section + Debug + Clone + PartialEq + Send + Sync {
    /// Its kind.
    type Kind: Kind;
    /// [`Trigger::WORD`].
    const WORD: &'static str;
    /// The attribute with the ARN of the stream.
    const ARN: &'static str;
    /// What Lambda does with the stream in the function's role [aws-facts-services: 2, DG].
    const READ: &'static [&'static str];
    /// What writes to it.
    const WRITES: &'static [&'static str];
    /// What a filter can be about.
    const RECORD: &'static Record;

    /// The key of the entry.
    fn key(&self) -> &str;
    /// Where a new trigger begins.
    fn from(&self) -> From;
    /// Why the entry has no stream, and what to do.
    fn lacks_stream(&self, _entries: &Entries) -> Option<(String, &'static str)> {
        None
    }
    /// Why no record can be as a filter wants it, and what to do.
    fn cannot_filter(&self, _pattern: &Json, _entries: &Entries) -> Option<(String, &'static str)> {
        None
    }
}

/// A trigger: its source, and how it is read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Reading<S> {
    pub(crate) source: S,
    pub(crate) reader: Reader,
}

impl<S: Source> Section for Reading<S> {
    type Decoded = (S::Decoded, <Reader as Section>::Decoded);
    const ABOUT: &'static str = S::ABOUT;

    fn fields() -> Vec<&'static dyn AnyField> {
        [S::fields(), Reader::fields()].concat()
    }

    fn decode(fields: &mut Fields) -> Self::Decoded {
        let (source, reader) = (S::decode(fields), Reader::decode(fields));
        if reader.filter.is_some() {
            check_filter(S::RECORD, fields);
        }
        (source, reader)
    }

    fn whole((source, reader): Self::Decoded) -> Option<Self> {
        Some(Reading { source: S::whole(source)?, reader: Reader::whole(reader)? })
    }
}

/// A queue, a topic or a bucket: Lambda sends records to nothing else [aws-facts-services: 2, DG].
fn takes_records(value: Value, destination: Destination) -> Option<Destination> {
    let service = destination.service();
    if failures_of(service).is_some() {
        return Some(destination);
    }
    let what = if destination.entry().is_some() { in_words(service) } else { service.to_owned() };
    value.fail(
        format!("Lambda sends records of a stream to no {what}"),
        help("name a queue, a topic or a bucket"),
    )
}

/// What Lambda does with a destination, by its kind or the service of its ARN [aws-facts-services: 2, DG].
fn failures_of(service: &str) -> Option<&'static [&'static str]> {
    match service {
        Queue::NAME | "sqs" => Some(&[SEND_ACTION]),
        Topic::NAME | "sns" => Some(&[PUBLISH_ACTION]),
        Bucket::NAME | "s3" => Some(&["s3:ListBucket", "s3:PutObject"]),
        _ => None,
    }
}

/// What a role must allow on a destination outside of the stack.
fn sends_to(arn: &str, actions: &[&'static str]) -> Statement<Text> {
    let mut on = vec![Tree::Text(Text::from(arn))];
    if arn.split(':').nth(2) == Some("s3") {
        on.push(Tree::Text(Text::from(format!("{arn}/*"))));
    }
    match on.as_slice() {
        [_] => allow(actions.iter().copied(), arn.into()),
        _ => Statement::allow(actions.iter().copied(), ("Resource", Tree::List(on))),
    }
}

/// Lambda sends records to no FIFO queue or topic [DG: Lambda, "Retaining discarded batches"].
fn is_fifo(destination: &Destination, entries: &Entries) -> bool {
    match destination {
        Destination::Arn(arn, _) => arn.ends_with(FIFO),
        Destination::Entry(grant) if grant.kind == Queue::NAME => {
            queue::section::named(&grant.key, entries).is_some_and(|queue| queue.fifo.is_some())
        }
        Destination::Entry(grant) if grant.kind == Topic::NAME => {
            topic::section::named(&grant.key, entries).is_some_and(|topic| topic.fifo.is_some())
        }
        Destination::Entry(_) => false,
    }
}

/// Records of a source that is read as a stream.
pub(crate) struct Of<S>(PhantomData<fn() -> S>);

impl<S: Source> Trigger for Of<S> {
    type Kind = EventSource;
    const WORD: &'static str = S::WORD;
    const STARTS: &'static [&'static str] = &[Function::NAME];
    type Config = Reading<S>;

    fn name(trigger: &Reading<S>) -> String {
        trigger.reader.name.clone().unwrap_or_else(|| trigger.source.key().to_owned())
    }

    fn source(trigger: &Reading<S>) -> Option<End> {
        Some((S::Kind::NAME, trigger.source.key().to_owned()))
    }

    fn grants(trigger: &Reading<S>) -> Vec<Grant> {
        let actions = S::READ.iter().map(|action| S::Kind::SERVICE.operation(action)).collect();
        vec![Grant::new(S::Kind::NAME, trigger.source.key(), actions)]
    }

    fn failures(trigger: &Reading<S>) -> Vec<Grant> {
        let entry = trigger.reader.on_failure.as_ref().and_then(Destination::entry);
        let grant = |to: &Grant| {
            let actions = failures_of(to.kind).unwrap_or_default().iter();
            Grant::new(to.kind, &to.key, actions.map(|action| (*action).to_owned()).collect())
        };
        entry.map(grant).into_iter().collect()
    }

    fn passes(trigger: &Reading<S>) -> bool {
        trigger.reader.enabled && trigger.reader.filter.is_empty()
    }

    fn writes(_: &Reading<S>, grant: &Grant) -> bool {
        S::WRITES.iter().any(|action| grant.allows(&S::Kind::SERVICE.operation(action)))
    }

    fn check(trigger: &Entry<Reading<S>>, started: Started, entries: &Entries) -> Vec<Diagnostic> {
        let functions: &[Entry<FunctionConfig>] = entries.of();
        let Some(function) = functions.iter().find(|other| other.name == started.key) else {
            return Vec::new();
        };
        let Reading { source, reader } = &**trigger;
        let key = source.key();
        let error = |(message, help): (String, &str)| Diagnostic {
            at: trigger.place(S::WORD),
            length: 0,
            message,
            help: Some(help.to_owned()),
        };
        let named = reader.alias.as_deref();
        let no_alias =
            named.and_then(|alias| no_alias(&function.name, alias, trigger.place("alias"), entries));
        let mut own = function.triggers.iter().filter_map(Item::of::<Self>);
        let first = own.find(|other| other.source.key() == key);
        let is_second = first.is_some_and(|first| first.place(S::WORD) != trigger.place(S::WORD));
        let twice = is_second.then(|| {
            let message = format!("`{key}` already starts `{}`", function.name);
            (message, "AWS allows one trigger of a stream for a function: remove one")
        });
        let others = source.lacks_stream(entries).into_iter().chain(twice);
        let patterns = reader.filter.iter().filter_map(|pattern| serde_json::from_str::<Json>(pattern).ok());
        let mut cannot = patterns.filter_map(|pattern| source.cannot_filter(&pattern, entries));
        let cannot = cannot.next().map(|(message, help)| Diagnostic {
            at: trigger.place("filter"),
            length: 0,
            message,
            help: Some(help.to_owned()),
        });
        let fifo = reader.on_failure.as_ref().filter(|destination| is_fifo(destination, entries));
        let fifo = fifo.map(|_| Diagnostic {
            at: trigger.place("on_failure"),
            length: 0,
            message: "Lambda sends records to no FIFO queue or topic".to_owned(),
            help: Some("name another queue or topic".to_owned()),
        });
        no_alias.into_iter().chain(others.map(error)).chain(cannot).chain(fifo).collect()
    }
}

impl<S: Source> LoweredTrigger for Of<S> {
    fn lower(trigger: &Entry<Reading<S>>, function: &ResourceId, lower: &mut Lower) {
        let Reading { source, reader } = &**trigger;
        let Reader {
            batch,
            window,
            bisect,
            parallel,
            retries,
            max_age,
            filter,
            partial_failures,
            on_failure,
            enabled,
            alias,
            name,
        } = reader;
        let from = source.from();
        let source = lower.id(S::Kind::NAME, source.key());
        let id = function.child(EventSource::NAME, named(&source.name, name.as_deref()));
        let on_failure = on_failure.as_ref().map(|to| lower.destination(to));
        let spec = Spec {
            function: function.name.clone(),
            alias: alias_of(function, alias.as_deref(), lower),
            source: Text::reference(&source, S::ARN),
            from: Some(from),
            batch: batch.cast_signed(),
            window: window.cast_signed(),
            partial_failures: *partial_failures,
            concurrency: None,
            bisect: *bisect,
            parallel: parallel.cast_signed(),
            retries: retries.map(u32::cast_signed),
            max_age: max_age.map(u32::cast_signed),
            on_failure,
            filters: filter.iter().cloned().collect(),
            enabled: *enabled,
            tags: lower.tags(&id),
        };
        lower.resources.push(mapping(id, trigger.at, &spec, function, lower));
    }

    fn needs(trigger: &Reading<S>) -> Vec<(&'static str, Statement<Text>)> {
        let statement = |to: &Destination| match to {
            Destination::Entry(_) => None,
            Destination::Arn(arn, _) => Some(("Failures", sends_to(arn, failures_of(to.service())?))),
        };
        trigger.reader.on_failure.iter().filter_map(statement).collect()
    }
}

//! What rules and schedules start: a function or an entry of another kind that takes deliveries. Their names say which.

mod role;

pub(super) use self::role::{Delivery, allowing, needs_role};

use super::alias::section::no_alias;
use super::bus::Bus;
use super::fifo::FIFO;
use super::function::Function;
use super::mark::hash;
use super::queue::Queue;
use super::queue::section::named as queue_named;
use super::state_machine::StateMachine;
use super::stream::Stream;
use super::topic::{self, Topic};
use crate::config::decode::{Value, help};
use crate::config::names::is_made_of;
use crate::config::section::shape::{duration, number, pattern};
use crate::config::section::{Field, Shape};
use crate::config::trigger::Started;
use crate::config::{At, Diagnostic, Entries};
use crate::kind::Kind;
use crate::lower::Lower;
use crate::model::{ResourceId, Text};

/// The kinds of the entries that rules and schedules can start.
pub(super) const STARTS: &[&str] =
    &[Function::NAME, Queue::NAME, Topic::NAME, StateMachine::NAME, Stream::NAME];
/// Those that only rules can start: EventBridge hands the events on to another bus.
pub(super) const FORWARDS: &[&str] =
    &[Function::NAME, Queue::NAME, Topic::NAME, StateMachine::NAME, Stream::NAME, Bus::NAME];

/// How many characters the name of a rule or a schedule may have [M: RuleName; M: Scheduler, Name].
const MAX_NAME: usize = 64;
/// How many of them a hash takes, with the hyphen before it.
const HASH: usize = 17;

/// How often, and for how many seconds, a delivery is tried at most and by default [aws-facts-services: 4].
pub(super) const RETRIES: i32 = 185;
pub(super) const MAX_AGE: i32 = 86_400;

/// How often a delivery is tried again.
pub(super) fn retries() -> Field<u32> {
    number("retries", 0..=RETRIES.into()).default(RETRIES.cast_unsigned())
}

/// For how long a delivery is tried.
pub(super) fn max_age() -> Field<u32> {
    duration(60..=MAX_AGE.into()).default(MAX_AGE.cast_unsigned()).shown_as("1 day")
}

/// A name that tells an item from the others of its entry.
pub(super) fn name() -> Shape<String> {
    pattern("^[A-Za-z0-9._-]{1,32}$", |value: Value| {
        let text = value.short(32)?;
        if text.split('.').next() == FIFO.split('.').next_back() {
            let message = format!("`{text}` reads as the end of the name of a FIFO queue");
            return value.fail(message, help("choose another name"));
        }
        if text.starts_with('.') {
            return value.fail(format!("`{text}` begins with a dot"), help("begin with a letter or a digit"));
        }
        if is_made_of(text, "._-") {
            return Some(text.to_owned());
        }
        let message = format!("`{text}` cannot be a part of a name in AWS");
        value.fail(message, help("write letters, digits, and `-`, `_` or `.`"))
    })
}

/// The name in AWS of what starts an entry: the entry's kind and name, and the name of the item. One that is too long ends in a
/// hash of all of it. Names of streams and buses may have dots: each stands there twice.
pub(super) fn named(started: &ResourceId, name: Option<&str>) -> String {
    let key = if has_dots(started.kind) { started.name.replace('.', "..") } else { started.name.clone() };
    let whole: Vec<&str> = [started.kind, &key].into_iter().chain(name).collect();
    let whole = whole.join(".");
    if whole.len() <= MAX_NAME {
        return whole;
    }
    format!("{}-{}", &whole[..MAX_NAME - HASH], hash(&whole, 8))
}

fn has_dots(kind: &str) -> bool {
    [Stream::NAME, Bus::NAME].contains(&kind)
}

/// Whether a rule of this name may be a stack's: it begins like those.
pub(super) fn may_be_own(name: &str) -> bool {
    name.split_once('.').is_some_and(|(kind, _)| FORWARDS.contains(&kind))
}

/// Whether a name ends in a hash, and no longer says of which entry it is.
fn is_hashed(name: &str) -> bool {
    let hash = name.rsplit_once('-').map(|(_, hash)| hash).unwrap_or_default();
    name.len() == MAX_NAME
        && hash.len() == HASH - 1
        && hash.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// The entry that a rule or a schedule of this name starts, and the name of the item.
fn parts(name: &str) -> Option<(ResourceId, &str)> {
    let (kind, rest) = name.split_once('.')?;
    let kind = FORWARDS.iter().find(|known| **known == kind).filter(|_| !is_hashed(name))?;
    if has_dots(kind) {
        let (key, item) = undoubled(rest);
        return Some((ResourceId::new(kind, key), item));
    }
    let (key, item) = rest.split_once('.').unwrap_or((rest, ""));
    let ending = FIFO.trim_start_matches('.');
    let (key, item) = match item.split_once('.').unwrap_or((item, "")) {
        (first, item) if first == ending && *kind != Function::NAME => (format!("{key}{FIFO}"), item),
        _ => (key.to_owned(), item),
    };
    Some((ResourceId::new(kind, key), item))
}

/// A name whose dots stand there twice, and what comes after a single one.
fn undoubled(text: &str) -> (String, &str) {
    let mut key = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('.') {
        key += before;
        let Some(next) = after.strip_prefix('.') else { return (key, after) };
        key.push('.');
        rest = next;
    }
    (key + rest, "")
}

/// The entry that a rule or a schedule of this name is a part of.
pub(super) fn part_of(name: &str) -> Option<ResourceId> {
    parts(name).map(|(started, _)| started)
}

/// What a rule or a schedule is called as a part of its entry.
pub(super) fn called(source: &str, name: &str) -> String {
    match parts(name) {
        Some((_, item)) if !item.is_empty() => format!("trigger {source} {item}"),
        _ => format!("trigger {source}"),
    }
}

/// What is called: the entry, or of a function an alias.
pub(super) fn target(started: &ResourceId, alias: Option<&str>, lower: &Lower) -> ResourceId {
    if started.kind != Function::NAME {
        return started.clone();
    }
    lower.called(lower.scope.identity.key(Function::NAME, &started.name), alias)
}

/// The ARN of that.
pub(super) fn arn_of(target: &ResourceId) -> Text {
    Text::reference(target, "arn")
}

/// The fields of an item that only some entries take, each with its place.
pub(super) struct Only<'a> {
    pub(super) alias: (Option<&'a str>, At),
    pub(super) group: (Option<&'a str>, At),
    pub(super) partition_key: (Option<&'a str>, At),
}

/// Errors between an item and what it starts.
pub(super) fn check(started: Started, only: &Only, entries: &Entries) -> Vec<Diagnostic> {
    let Only { alias: (alias, alias_at), group: (group, group_at), partition_key: (key, key_at) } = *only;
    let no_key = key.filter(|_| started.kind != Stream::NAME).map(|_| Diagnostic {
        at: key_at,
        length: 0,
        message: "only records of streams have a partition key".to_owned(),
        help: Some("remove `partition_key`".to_owned()),
    });
    check_others(started, (alias, alias_at), (group, group_at), entries).into_iter().chain(no_key).collect()
}

fn check_others(
    started: Started,
    (alias, alias_at): (Option<&str>, At),
    (group, group_at): (Option<&str>, At),
    entries: &Entries,
) -> Vec<Diagnostic> {
    let error =
        |at, message: String, help: &str| Diagnostic { at, length: 0, message, help: Some(help.to_owned()) };
    let no_group = || {
        group.map(|_| error(group_at, "only messages of queues have a group".to_owned(), "remove `group`"))
    };
    if started.kind == Function::NAME {
        let no_alias = alias.and_then(|alias| no_alias(started.key, alias, alias_at, entries));
        return no_alias.into_iter().chain(no_group()).collect();
    }
    let alias = alias.map(|_| error(alias_at, "only functions have aliases".to_owned(), "remove `alias`"));
    if started.kind == Topic::NAME {
        let topic = topic::section::named(started.key, entries).filter(|topic| topic.fifo.is_some());
        // [DG: EventBridge, "Targets available in the EventBridge console"]
        let fifo = topic.map(|topic| {
            let message = format!("`{}` is a FIFO topic, to which EventBridge cannot send", topic.name);
            error(group_at, message, "let a topic that is none get the messages, or a FIFO queue")
        });
        return alias.into_iter().chain(fifo.or_else(no_group)).collect();
    }
    if started.kind != Queue::NAME {
        return alias.into_iter().chain(no_group()).collect();
    }
    let queue = queue_named(started.key, entries);
    let fifo = queue.and_then(|queue| Some((queue, queue.fifo.as_ref()?)));
    let fifo = fifo.into_iter().flat_map(|(queue, fifo)| {
        let no_group = group.is_none().then(|| {
            let message = format!("messages of the FIFO queue `{}` need a group", queue.name);
            error(group_at, message, "add `group: NAME`: the messages of a group keep their order")
        });
        // [M: SqsParameters]
        let no_deduplication = (!fifo.content_deduplication).then(|| {
            let message = format!(
                "`{}` must know duplicates by their content, or it takes no such messages",
                queue.name
            );
            error(group_at, message, "write `fifo: { content_deduplication: true }` in the queue")
        });
        no_group.into_iter().chain(no_deduplication)
    });
    alias.into_iter().chain(fifo).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_what_is_started() {
        let worker = ResourceId::new(Function::NAME, "dev-worker");
        let jobs = ResourceId::new(Queue::NAME, "jobs.fifo");
        let news = ResourceId::new(Topic::NAME, "news");
        let flow = ResourceId::new(StateMachine::NAME, "flow");
        let clicks = ResourceId::new(Stream::NAME, "walk.clicks.");
        let orders = ResourceId::new(Bus::NAME, "orders");
        for (started, name, called) in [
            (&flow, Some("a"), "trigger x a"),
            (&clicks, None, "trigger x"),
            (&clicks, Some("a.b"), "trigger x a.b"),
            (&orders, None, "trigger x"),
            (&worker, None, "trigger x"),
            (&worker, Some("a.b"), "trigger x a.b"),
            (&jobs, Some("c"), "trigger x c"),
            (&news, None, "trigger x"),
        ] {
            let whole = named(started, name);
            assert_eq!(part_of(&whole).as_ref(), Some(started), "{whole}");
            assert_eq!(super::called("x", &whole), called);
        }
        assert_eq!(part_of("theirs"), None);
        let (one, other) = (ResourceId::new(Stream::NAME, "a.b"), ResourceId::new(Stream::NAME, "a"));
        assert_ne!(named(&one, None), named(&other, Some("b")));
    }

    #[test]
    fn a_long_name_ends_in_a_hash() {
        let long = ResourceId::new(Function::NAME, "f".repeat(64));
        let (one, two) = (named(&long, None), named(&long, Some("b")));
        assert_eq!((one.len(), two.len()), (64, 64));
        assert_ne!(one, two);
        // It says of no entry, or it would say of a wrong one.
        assert_eq!((part_of(&one), may_be_own(&one)), (None, true));
        let exact = ResourceId::new(Function::NAME, "f".repeat(MAX_NAME - "function.".len()));
        assert_eq!(part_of(&named(&exact, None)), Some(exact));
    }
}

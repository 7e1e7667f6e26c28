//! `triggers` of topics.

use super::{Spec, Subscription, named};
use crate::config::access::Grant;
use crate::config::declared::End;
use crate::config::decode::help;
use crate::config::existing::entry_or_arn;
use crate::config::fields::Fields;
use crate::config::section::shape::{Target, flag, text, word};
use crate::config::section::{Section, Shape, section};
use crate::config::trigger::{Started, Trigger};
use crate::config::{Diagnostic, Entries, Entry, Item};
use crate::kind::Kind;
use crate::kinds::alias::section::no_alias;
use crate::kinds::event_source::section::written;
use crate::kinds::fifo::FIFO;
use crate::kinds::function::Function;
use crate::kinds::function::section::Config as FunctionConfig;
use crate::kinds::pattern::MESSAGES;
use crate::kinds::permission::admitted;
use crate::kinds::queue::Queue;
use crate::kinds::queue::section::{dead_letters_of, named as queue_named, out_of_reach};
use crate::kinds::remote_subscription::{self, RemoteSubscription};
use crate::kinds::topic::section::PUBLISH_ACTION;
use crate::kinds::topic::{self, Topic};
use crate::lower::{Call, Lower, LoweredTrigger, resource};
use crate::model::{Resource, ResourceId, Text};
use serde_json::{Value as Json, json};

section! {
    /// A topic whose messages start the function, or come into the queue. The topic is allowed to deliver them.
    pub(crate) struct Config, checked by fits_together {
        /// The key of the topic, or the ARN of one outside of the stack. A topic of another account must let this account subscribe.
        topic: String = source().required("NAME"),
        /// Which messages are delivered: a pattern of up to five keys. By default all.
        filter: Option<String> = filter().optional(),
        /// What of a message the `filter` is about: its attributes, which is the default, or its body, which is JSON then.
        filter_scope: Option<bool> = filter_scope().optional(),
        /// Whether a queue gets messages as they are. By default SNS puts each into an envelope of JSON.
        raw: bool = flag().default(false),
        /// A queue for messages that cannot be delivered: its key or ARN.
        dead_letter: Option<Target> = dead_letter().optional(),
        /// An alias of the function's release; by default the first one.
        alias: Option<String> = text(128).optional(),
        /// A name that tells this trigger from another one of the same topic.
        name: Option<String> = text(64).optional(),
    }
}

/// How many keys a filter may have at its top [recorded: test_policy_complexity].
const MAX_KEYS: usize = 5;

static SCOPES: [(&str, bool); 2] = [("message-attributes", false), ("message-body", true)];

/// The key of a topic, or the ARN of one outside of the stack.
fn source() -> Shape<String> {
    let shape = Shape::new(json!({ "type": "string", "minLength": 1 }), entry_or_arn::<Topic>);
    // [recorded: test_cross_region_access]
    shape.of_region("SNS takes subscriptions in the region of a topic alone")
}

/// `filter` of a subscription.
pub(super) fn filter() -> Shape<String> {
    let schema = json!({ "type": "object", "maxProperties": MAX_KEYS });
    Shape::new(schema, |value| {
        MESSAGES.check(value)?;
        let text = written(value)?;
        let keys = serde_json::from_str::<Json>(&text).ok()?.as_object()?.len();
        if keys > MAX_KEYS {
            let message = format!("a filter of a topic can have at most {MAX_KEYS} keys, not {keys}");
            return value.fail(message, help("leave the rest to the code that gets the messages"));
        }
        Some(text).filter(|_| keys > 0)
    })
}

/// `filter_scope` of a subscription: whether it is about the body.
pub(super) fn filter_scope() -> Shape<bool> {
    word(&SCOPES, |value| value.one_of(&SCOPES))
}

/// `dead_letter` of a subscription.
pub(super) fn dead_letter() -> Shape<Target> {
    dead_letters_of("topic")
}

/// Reports what does not go together in a filter and its scope.
pub(super) fn check_filter(filter: Option<&String>, body: Option<bool>, fields: &Fields) {
    let Some(filter) = filter else {
        if body.is_some() {
            let way = help("add a `filter`, or remove it");
            fields.fail_at("filter_scope", "`filter_scope` needs a `filter`", way);
        }
        return;
    };
    let rules = serde_json::from_str::<Json>(filter).unwrap_or_default();
    let nested = rules.as_object().into_iter().flatten().find(|(_, rule)| rule.is_object());
    if let Some((key, _)) = nested.filter(|_| body != Some(true)) {
        let message = format!("`{key}` is nested, and attributes of messages are not");
        fields.fail_at("filter", message, help("add `filter_scope: message-body`, or write a list"));
    }
}

pub(super) fn fits_together(trigger: &<Config as Section>::Decoded, fields: &mut Fields) {
    if let (Some(filter), Some(scope)) = (&trigger.filter, trigger.filter_scope) {
        check_filter(filter.as_ref(), scope, fields);
    }
}

/// Messages of a topic.
pub struct OfTopic;

impl Trigger for OfTopic {
    type Kind = Subscription;
    const WORD: &'static str = "topic";
    const STARTS: &'static [&'static str] = &[Function::NAME, Queue::NAME];
    type Config = Config;

    fn name(trigger: &Config) -> String {
        trigger.name.clone().unwrap_or_else(|| trigger.topic.clone())
    }

    fn source(trigger: &Config) -> Option<End> {
        Some((Topic::NAME, trigger.topic.clone()))
    }

    fn dead_letters(trigger: &Config) -> Option<End> {
        Some((Queue::NAME, trigger.dead_letter.as_ref()?.key()?.to_owned()))
    }

    fn passes(trigger: &Config) -> bool {
        trigger.filter.is_none()
    }

    fn writes(_: &Config, grant: &Grant) -> bool {
        grant.allows(PUBLISH_ACTION)
    }

    fn check(trigger: &Entry<Config>, started: Started, entries: &Entries) -> Vec<Diagnostic> {
        let mut errors = twice(trigger, started, entries).into_iter().collect::<Vec<_>>();
        let mut error = |field: &str, (message, way): (String, String)| {
            errors.push(Diagnostic { at: trigger.place(field), length: 0, message, help: Some(way) });
        };
        let own = topic::section::named(&trigger.topic, entries);
        // Of one of others its name in AWS shows it.
        let theirs = entries.existing(Topic::NAME, &trigger.topic).unwrap_or(&trigger.topic);
        let fifo = own.map_or(theirs.ends_with(FIFO), |topic| topic.fifo.is_some());
        let queue = queue_named(started.key, entries).filter(|_| started.kind == Queue::NAME);
        match (started.kind == Queue::NAME, &queue) {
            (true, Some(queue)) => {
                if !fifo && queue.fifo.is_some() {
                    let message =
                        format!("`{}` is a FIFO queue, and `{}` is no FIFO topic", queue.name, trigger.topic);
                    let way = own.map_or("name a FIFO topic", |_| "add `fifo: true` to the topic");
                    error("topic", (message, way.to_owned()));
                }
                out_of_reach(queue, "SNS").into_iter().for_each(|why| error("topic", why));
            }
            (true, None) => {}
            (false, _) => {
                if fifo {
                    let message =
                        format!("`{}` is a FIFO topic, which delivers to queues only", trigger.topic);
                    let way = "let a queue get the messages, and start the function with it";
                    error("topic", (message, way.to_owned()));
                }
                if trigger.raw {
                    let message = "a function gets messages in an envelope only".to_owned();
                    error("raw", (message, "remove `raw`, or let a queue get the messages".to_owned()));
                }
            }
        }
        if started.kind == Queue::NAME && trigger.alias.is_some() {
            error("alias", ("a queue has no aliases".to_owned(), "remove `alias`".to_owned()));
        }
        // A queue without an order gets no order from a FIFO topic.
        let ordered = fifo && queue.is_some_and(|queue| queue.fifo.is_some());
        let dead_letters = trigger.dead_letter.as_ref().and_then(Target::key);
        let cannot = dead_letters.and_then(|key| cannot_take(key, ordered, entries));
        cannot.into_iter().for_each(|why| error("dead_letter", why));
        let named = trigger.alias.as_deref().filter(|_| started.kind == Function::NAME);
        errors.extend(named.and_then(|alias| no_alias(started.key, alias, trigger.place("alias"), entries)));
        errors
    }
}

/// That the topic already delivers there: AWS knows one subscription of an endpoint.
fn twice(trigger: &Entry<Config>, started: Started, entries: &Entries) -> Option<Diagnostic> {
    let functions: &[Entry<FunctionConfig>] = entries.of();
    let function = functions.iter().find(|function| function.name == started.key);
    let triggers = match started.kind {
        Queue::NAME => &queue_named(started.key, entries)?.triggers,
        _ => &function?.triggers,
    };
    let alias = |trigger: &Config| {
        let entry = function.filter(|_| started.kind == Function::NAME);
        entry.and_then(|function| function.alias(trigger.alias.as_deref()).map(str::to_owned))
    };
    let own = triggers.iter().filter_map(Item::of::<OfTopic>);
    let mut own = own.filter(|other| other.topic == trigger.topic && alias(other) == alias(trigger));
    own.next().filter(|first| first.place("topic") != trigger.place("topic")).map(|_| Diagnostic {
        at: trigger.place("topic"),
        length: 0,
        message: format!("`{}` already delivers to `{}`", trigger.topic, started.key),
        help: Some("AWS allows one subscription of an endpoint: remove one".to_owned()),
    })
}

/// Why a queue of the stack cannot take what a topic cannot deliver.
pub(crate) fn cannot_take(key: &str, ordered: bool, entries: &Entries) -> Option<(String, String)> {
    let queue = queue_named(key, entries)?;
    match (queue.fifo.is_some(), ordered) {
        (false, true) => Some((
            format!("`{key}` is no FIFO queue, and takes the dead letters of a FIFO topic"),
            "name a FIFO queue".to_owned(),
        )),
        (true, false) => Some((
            format!("`{key}` is a FIFO queue, and takes dead letters that have no order"),
            "name another queue".to_owned(),
        )),
        _ => out_of_reach(queue, "SNS"),
    }
}

/// That a topic sends dead letters to a queue of the stack.
pub(crate) fn dead_letter_call(queue: &str, topic: &str, lower: &Lower) -> Call {
    let on = lower.id(Queue::NAME, queue);
    match of_others(topic, lower) {
        Some(arn) => remote_subscription::sends_dead_letters(on, arn),
        None => topic::section::call(on, topic, lower),
    }
}

/// The ARN of a topic that is one of others.
fn of_others(topic: &str, lower: &Lower) -> Option<String> {
    let is_one = lower.stack.existing.iter().any(|one| one.kind == Topic::NAME && one.key == topic);
    is_one.then(|| lower.arn::<Topic>(topic))
}

/// The ARN of the queue for dead letters, and the queue, if it is the stack's.
pub(super) fn dead_letters(target: Option<&Target>, lower: &Lower) -> (Option<Text>, Option<ResourceId>) {
    match target {
        None => (None, None),
        Some(Target::Arn(arn)) => (Some(arn.into()), None),
        Some(Target::Key(key)) => (Some(lower.arn::<Queue>(key).into()), Some(lower.id(Queue::NAME, key))),
    }
}

/// Who delivers what the topic says to what an item starts.
fn delivers(trigger: &Config, started: &ResourceId, lower: &Lower) -> Call {
    let on = match started.kind {
        Function::NAME => {
            let key = lower.scope.identity.key(Function::NAME, &started.name);
            lower.called(key, trigger.alias.as_deref())
        }
        _ => started.clone(),
    };
    match of_others(&trigger.topic, lower) {
        Some(arn) => remote_subscription::delivers(on, arn),
        None => topic::section::call(on, &trigger.topic, lower),
    }
}

impl LoweredTrigger for OfTopic {
    fn lower(trigger: &Entry<Config>, started: &ResourceId, lower: &mut Lower) {
        let Config { topic, filter, filter_scope, raw, dead_letter, alias: _, name: _ } = &**trigger;
        let call = delivers(trigger, started, lower);
        let (kind, protocol, pattern) = match started.kind {
            Function::NAME => ("function", "lambda", Function::ARN),
            _ => ("queue", "sqs", Queue::ARN),
        };
        let (topic, of_others) = (lower.id(Topic::NAME, topic), of_others(topic, lower));
        let (dead_letter, queue) = dead_letters(dead_letter.as_ref(), lower);
        let spec = Spec {
            topic: of_others.clone(),
            protocol: protocol.to_owned(),
            endpoint: Text::from(lower.scope.expand(pattern, &call.on.name)),
            filter: filter.clone(),
            filter_body: filter_scope.unwrap_or_default(),
            raw: *raw,
            dead_letter,
        };
        let to = format!("{kind} {}", call.on.name);
        let subscription = match of_others {
            Some(arn) => {
                let id = ResourceId::new(RemoteSubscription::NAME, named(&arn, &to));
                resource::<RemoteSubscription>(id, trigger.place("topic"), &spec)
            }
            None => {
                let id = topic.child(Subscription::NAME, named(&topic.name, &to));
                resource::<Subscription>(id, trigger.at, &spec)
            }
        };
        let depends_on = [admitted(&call), call.on].into_iter().chain(queue).collect();
        lower.resources.push(Resource { depends_on, ..subscription });
    }

    fn callers(trigger: &Entry<Config>, started: &ResourceId, lower: &Lower) -> Vec<Call> {
        let dead_letters = trigger.dead_letter.as_ref().and_then(Target::key);
        let dead_letters = dead_letters.map(|queue| dead_letter_call(queue, &trigger.topic, lower));
        [delivers(trigger, started, lower)].into_iter().chain(dead_letters).collect()
    }
}

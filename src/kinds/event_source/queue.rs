//! `triggers` of queues.

use super::record::MESSAGE;
use super::section::{alias_of, check_filter, filter, mapping, source};
use super::{EventSource, Spec, named};
use crate::config::access::Grant;
use crate::config::declared::End;
use crate::config::decode::help;
use crate::config::fields::Fields;
use crate::config::section::shape::{duration, flag, number, text};
use crate::config::section::{Section, section};
use crate::config::trigger::{Started, Trigger};
use crate::config::{Diagnostic, Entries, Entry, Item};
use crate::kind::Kind;
use crate::kinds::alias::section::no_alias;
use crate::kinds::function::Function;
use crate::kinds::function::section::Config as FunctionConfig;
use crate::kinds::queue::section::SEND_ACTION;
use crate::kinds::queue::{self, Queue};
use crate::lower::{Lower, LoweredTrigger};
use crate::model::{ResourceId, Text};

section! {
    /// A queue whose messages start the function. The function is allowed to receive them.
    pub(crate) struct Config, checked by fits_together {
        /// The key of the queue, or the ARN of one outside of the stack.
        queue: String = source::<Queue>().required("NAME"),
        /// How many messages an invocation gets at most. More than 10 need a `window`; a FIFO queue allows 10.
        batch: u32 = number("messages", 1..=10_000).default(10),
        /// How long messages are gathered before an invocation, at most 5 minutes. Not for FIFO queues.
        window: u32 = duration(0..=300).default(0),
        /// Whether the function says which messages of a batch failed. Only these come again; otherwise all of the batch do.
        partial_failures: bool = flag().default(false),
        /// How many invocations run at a time at most. Without it, the function's concurrency is the limit.
        concurrency: Option<u32> = number("invocations", 2..=1_000).optional(),
        /// Patterns of the messages that start the function: one, or a list of up to five. Other messages are deleted.
        filter: Vec<String> = filter().or_empty(),
        /// Whether messages start the function.
        enabled: bool = flag().default(true),
        /// An alias of the function's release; by default the first one.
        alias: Option<String> = text(128).optional(),
        /// A name that tells this trigger from another one of the same queue.
        name: Option<String> = text(64).optional(),
    }
}

/// The largest batch without a window, and of a FIFO queue.
pub(super) const MAX_BATCH: u32 = 10;

/// What Lambda does with the queue in the function's role [aws-facts: Event source mappings, DG].
pub(super) const RECEIVE: &[&str] = &["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"];

/// Messages of a queue.
pub struct OfQueue;

impl Trigger for OfQueue {
    type Kind = EventSource;
    const WORD: &'static str = "queue";
    const STARTS: &'static [&'static str] = &[Function::NAME];
    type Config = Config;

    fn name(trigger: &Config) -> String {
        trigger.name.clone().unwrap_or_else(|| trigger.queue.clone())
    }

    fn source(trigger: &Config) -> Option<End> {
        Some((Queue::NAME, trigger.queue.clone()))
    }

    fn grants(trigger: &Config) -> Vec<Grant> {
        let actions = RECEIVE.iter().map(|action| (*action).to_owned()).collect();
        vec![Grant::new(Queue::NAME, &trigger.queue, actions)]
    }

    fn passes(trigger: &Config) -> bool {
        trigger.enabled && trigger.filter.is_empty()
    }

    fn writes(_: &Config, grant: &Grant) -> bool {
        grant.allows(SEND_ACTION)
    }

    fn check(trigger: &Entry<Config>, started: Started, entries: &Entries) -> Vec<Diagnostic> {
        let functions: &[Entry<FunctionConfig>] = entries.of();
        let queues: &[Entry<queue::section::Config>] = entries.of();
        let function = functions.iter().find(|other| other.name == started.key);
        let queue = queues.iter().find(|queue| queue.name == trigger.queue);
        let (Some(function), Some(queue)) = (function, queue) else { return Vec::new() };
        let named = trigger.alias.as_deref();
        let no_alias =
            named.and_then(|alias| no_alias(&function.name, alias, trigger.place("alias"), entries));
        let mut errors: Vec<Diagnostic> = no_alias.into_iter().collect();
        let mut error = |field: &str, message: String, help: String| {
            errors.push(Diagnostic { at: trigger.place(field), length: 0, message, help: Some(help) });
        };
        let own = function.triggers.iter().filter_map(Item::of::<OfQueue>);
        let mut own = own.filter(|other| other.queue == trigger.queue);
        if own.next().is_some_and(|first| first.place("queue") != trigger.place("queue")) {
            let message = format!("`{}` already starts `{}`", queue.name, function.name);
            error(
                "queue",
                message,
                "AWS allows one trigger of a queue for a function: remove one".to_owned(),
            );
        }
        // Lambda refuses such a mapping [aws-facts: SQS, IT].
        if let Some(visible) = queue.visibility_timeout.filter(|visible| *visible < function.timeout) {
            let message = format!(
                "the visibility timeout of `{}`, {visible} seconds, is shorter than the timeout of `{}`, {} seconds",
                queue.name, function.name, function.timeout
            );
            let advice = 6 * function.timeout + trigger.window;
            error(
                "queue",
                message,
                format!("AWS advises {advice} seconds; without `visibility_timeout` that is the default"),
            );
        }
        // Lambda takes such a mapping, and what is throttled goes to the dead letters [DG: Lambda, "Configuring scaling behavior"].
        // With 0 the function is meant to stop.
        if let (Some(wanted), Some(reserved)) = (trigger.concurrency, function.reserved_concurrency)
            && wanted > reserved
            && reserved > 0
        {
            let message =
                format!("`{}` runs {reserved} invocations at a time at most, not {wanted}", function.name);
            error(
                "concurrency",
                message,
                "raise its `reserved_concurrency`, or remove `concurrency`".to_owned(),
            );
        }
        if queue.fifo.is_some() && trigger.batch > MAX_BATCH {
            let message = format!(
                "a batch of a FIFO queue can have at most {MAX_BATCH} messages, not {}",
                trigger.batch
            );
            error("batch", message, format!("write `batch: {MAX_BATCH}`"));
        }
        if queue.fifo.is_some() && trigger.window > 0 {
            error(
                "window",
                "messages of a FIFO queue cannot be gathered".to_owned(),
                "remove `window`".to_owned(),
            );
        }
        errors
    }
}

impl LoweredTrigger for OfQueue {
    fn lower(trigger: &Entry<Config>, function: &ResourceId, lower: &mut Lower) {
        let Config { queue, batch, window, partial_failures, concurrency, filter, enabled, alias, name } =
            &**trigger;
        let queue = lower.id(Queue::NAME, queue);
        let id = function.child(EventSource::NAME, named(&queue.name, name.as_deref()));
        let spec = Spec {
            function: function.name.clone(),
            alias: alias_of(function, alias.as_deref(), lower),
            source: Text::reference(&queue, "arn"),
            from: None,
            batch: batch.cast_signed(),
            window: window.cast_signed(),
            partial_failures: *partial_failures,
            concurrency: concurrency.map(u32::cast_signed),
            bisect: false,
            parallel: 1,
            retries: None,
            max_age: None,
            on_failure: None,
            filters: filter.iter().cloned().collect(),
            enabled: *enabled,
            tags: lower.tags(&id),
        };
        lower.resources.push(mapping(id, trigger.at, &spec, function, lower));
    }
}

pub(super) fn fits_together(trigger: &<Config as Section>::Decoded, fields: &mut Fields) {
    if let (Some(batch), Some(0)) = (trigger.batch, trigger.window)
        && batch > MAX_BATCH
    {
        let message = format!("a batch of more than {MAX_BATCH} messages needs a `window`");
        fields.fail_at("batch", message, help("add `window: 1`, or a longer one"));
    }
    if trigger.filter.is_some() {
        check_filter(&MESSAGE, fields);
    }
}

//! `queues`.

use super::{DeadLetter, Encryption, Queue, RedriveFrom, Spec};
use crate::config::access::{Access, Level};
use crate::config::declared::{Connection, Declared, Referable, Sections, keyed};
use crate::config::decode::{Value, help};
use crate::config::fields::Fields;
use crate::config::names::NameRule;
use crate::config::policy::{resource_policy, templates_of};
use crate::config::section::shape::{duration, either, flag, list, mapping, number, target};
use crate::config::section::{Keyed, Section, Shape, section};
use crate::config::trigger::triggers;
use crate::config::{self, ActOn, Diagnostic, Entries, Entry, Grant, Item, Stack, Target, Template};
use crate::kind::Kind;
use crate::kinds::event_source::OfQueue;
use crate::kinds::fifo;
use crate::kinds::key::{self, kms_key, use_of};
use crate::lower::{Lower, Lowered, known_attributes, resource};
use crate::model::{Resource, Text};
use crate::policy::Statement;
use std::borrow::Cow;

pub(super) const NAME: NameRule = NameRule { what: "queue", others: "-_", min: 1, max: 80, because: "" };
pub(super) const NAME_OF_FIFO: NameRule = NameRule {
    max: 75,
    because: "AWS allows 80 characters, and the name of a FIFO queue ends in `.fifo`",
    ..NAME
};
/// What delivers a message.
pub(in crate::kinds) const SEND_ACTION: &str = "sqs:SendMessage";
/// The limits and the default of the visibility timeout, in seconds.
pub(super) const MAX_VISIBILITY: u32 = 43_200;
pub(super) const DEFAULT_VISIBILITY: u32 = 30;
/// How many queues can be named as sources of dead letters [aws-facts: SQS].
pub(super) const MAX_SOURCES: usize = 10;

section! {
    /// An SQS queue.
    pub struct Config, checked by fits_together {
        /// How long a received message is hidden from other receivers, at most 12 hours. By default 30 seconds; for a queue that
        /// starts functions AWS's advice: six times the longest of their timeouts, plus the trigger's `window`.
        visibility_timeout: Option<u32> = duration(0..=i64::from(MAX_VISIBILITY)).optional(),
        /// How long a message is kept, at most 14 days.
        retention: u32 = duration(60..=1_209_600).default(345_600),
        /// How long a new message is held back, at most 15 minutes.
        delay: u32 = duration(0..=900).default(0),
        /// How long a receive waits for messages, at most 20 seconds. A longer wait saves calls.
        receive_wait: u32 = duration(0..=20).default(0),
        /// The largest message.
        max_message_size: u32 = number("bytes", 1_024..=1_048_576).default(1_048_576),
        /// Whether it is a FIFO queue, which keeps the order of its messages. AWS's name for it ends in `.fifo`, so a change
        /// deletes the queue and creates another one.
        fifo: Option<Fifo> = either(flag().map(|fifo| fifo.then_some(Fifo::PLAIN)), mapping().map(Some)).or_empty(),
        /// Where messages go that were received too often.
        dead_letter: Option<DeadLetters> = mapping().optional(),
        /// The queues whose dead letters this one takes: keys or ARNs, at most ten. By default every queue; an empty list
        /// admits none.
        redrive_from: Option<Vec<Target>> = redrive_from().optional(),
        /// A key in KMS that encrypts the messages: its ARN or alias, or `aws` for AWS's own key for SQS. By default a key that
        /// SQS owns.
        kms_key: Option<String> = kms_key(AWS_KEY).optional(),
        /// What is delivered to the queue. An item names its source under one key; the permission comes with it.
        triggers: Vec<Item> = triggers(Queue::NAME).or_empty(),
        /// Whom the queue admits besides this account, in IAM's own syntax.
        resource_policy: Vec<config::Statement> = resource_policy().or_empty(),
    }
}

section! {
    /// The settings of a FIFO queue.
    pub struct Fifo {
        /// Whether messages with the same body count as duplicates.
        content_deduplication: bool = flag().default(false),
        /// Whether each message group has a throughput of its own. Duplicates are then found within a group only.
        high_throughput: bool = flag().default(false),
    }
}

section! {
    /// Where messages go that were received too often.
    pub struct DeadLetters {
        /// The key of a queue, or an ARN. Both queues are FIFO queues, or neither is.
        queue: Target = target::<Queue>()
            .of_region("SQS moves messages to queues of the same region alone")
            .required("NAME"),
        /// After how many receives.
        after: u32 = number("receives", 1..=1_000).default(3),
    }
}

impl Fifo {
    /// A FIFO queue of AWS's defaults.
    const PLAIN: Fifo = Fifo { content_deduplication: false, high_throughput: false };
}

impl Declared for Queue {
    const ABOUT: &'static str =
        "SQS queues. The key is the queue's name in AWS; that of a FIFO queue ends in `.fifo`.";
    const REFERENCES: &'static [Referable] =
        &[Referable::known("name"), Referable::known("arn"), Referable::assigned("url")];
    const ACCESS: Option<&'static Access> = Some(&ACCESS);
    const LIMITED: &'static [&'static str] = &["triggers"];
    const DELIVERY: Option<&'static str> = Some(SEND_ACTION);
    type Config = Config;

    fn section() -> Shape<Vec<Entry<Config>>> {
        keyed()
    }

    fn aws_name(queue: &Entry<Config>) -> Cow<'_, str> {
        fifo::aws_name(queue.aws_name(), queue.fifo.is_some())
    }

    fn triggers(queue: &Config) -> &[Item] {
        &queue.triggers
    }

    fn check_act(queue: &Entry<Config>, act: &ActOn) -> Option<(&'static str, String, String)> {
        fifo::ungrouped(act, queue.fifo.is_some())
    }

    fn connections(queue: &Entry<Config>, _: Sections) -> Vec<Connection> {
        let target = queue.dead_letter.as_ref().and_then(|dead_letter| dead_letter.queue.key());
        let end = |key: &str| (Self::NAME, key.to_owned());
        target
            .map(|target| Connection::new(end(&queue.name), end(target), "dead letters"))
            .into_iter()
            .collect()
    }

    fn check(queue: &Entry<Config>, entries: &Entries) -> Vec<Diagnostic> {
        let all: &[Entry<Config>] = entries.of();
        let of = |key: &str| all.iter().find(|other| other.name == key);
        let error = |field: &str, message: String, help: &str| Diagnostic {
            at: queue.place(field),
            length: 0,
            message,
            help: Some(help.to_owned()),
        };
        let dead_letters = queue.dead_letter.iter().map(|dead_letter| &dead_letter.queue);
        let targets = dead_letters.filter_map(Target::key).filter_map(of).flat_map(|target| {
            let admitted =
                target.redrive_from.iter().flatten().any(|source| source.key() == Some(&queue.name));
            let message = if target.name == queue.name {
                Some((format!("`{}` cannot take its own dead letters", queue.name), "name another queue"))
            } else if target.redrive_from.is_some() && !admitted {
                let message = format!("`{}` does not take dead letters of `{}`", target.name, queue.name);
                Some((message, "add this queue to `redrive_from` there"))
            } else {
                None
            };
            message
                .map(|(message, help)| error("dead_letter", message, help))
                .into_iter()
                .chain(mixed(queue, target).map(|message| error("dead_letter", message, BOTH_FIFO)))
        });
        let sources = queue.redrive_from.iter().flatten().filter_map(Target::key).filter_map(of);
        let sources = sources.filter_map(|source| mixed(queue, source));
        targets.chain(sources.map(|message| error("redrive_from", message, BOTH_FIFO))).collect()
    }

    fn templates(queue: &Entry<Config>) -> Vec<&Template> {
        templates_of(&queue.resource_policy)
    }
}

pub(super) const BOTH_FIFO: &str = "both must be FIFO queues, or neither";

/// Why one queue cannot take the dead letters of the other.
pub(super) fn mixed(queue: &Entry<Config>, other: &Entry<Config>) -> Option<String> {
    let (fifo, plain) = match (&queue.fifo, &other.fifo) {
        (Some(_), None) => (queue, other),
        (None, Some(_)) => (other, queue),
        _ => return None,
    };
    Some(format!("`{}` is a FIFO queue, and `{}` is not", fifo.name, plain.name))
}

impl Lowered for Queue {
    fn lower(queue: &Entry<Config>, lower: &mut Lower) {
        let id = lower.id(Self::NAME, &queue.name);
        let arn = lower.scope.expand(Self::ARN, &id.name);
        let Config {
            visibility_timeout,
            retention,
            delay,
            receive_wait,
            max_message_size,
            fifo,
            dead_letter,
            redrive_from,
            kms_key,
            triggers,
            resource_policy,
        } = &**queue;
        let dead_letter = dead_letter.as_ref().map(|DeadLetters { queue, after }| DeadLetter {
            queue: lower.arn_of_target::<Queue>(queue),
            after: after.cast_signed(),
        });
        // No references: the sources depend on this queue, not the other way round.
        let source = |source: &Target| match source {
            Target::Key(key) => lower.arn::<Queue>(key),
            Target::Arn(arn) => arn.clone(),
        };
        let visibility = visibility_timeout.unwrap_or_else(|| advised_visibility(lower.stack, &queue.name));
        let spec = Spec {
            visibility_timeout: visibility.cast_signed(),
            retention: retention.cast_signed(),
            delay: delay.cast_signed(),
            receive_wait: receive_wait.cast_signed(),
            max_message_size: max_message_size.cast_signed(),
            fifo: fifo.is_some(),
            content_deduplication: fifo.as_ref().is_some_and(|fifo| fifo.content_deduplication),
            high_throughput: fifo.as_ref().is_some_and(|fifo| fifo.high_throughput),
            dead_letter,
            redrive_from: match redrive_from.as_deref() {
                None => RedriveFrom::All,
                Some([]) => RedriveFrom::None,
                Some(sources) => RedriveFrom::Only(sources.iter().map(source).collect()),
            },
            encryption: kms_key.clone().map_or(Encryption::Sqs, Encryption::Kms),
            policy: lower.admitting(lower.resource_policy(resource_policy, &arn), (&id, &arn), SEND_ACTION),
            tags: lower.tags(&id),
        };
        let known_attributes = known_attributes(&id, arn);
        let queue = resource::<Queue>(id.clone(), queue.at, &spec);
        lower.resources.push(Resource { known_attributes, ..queue });
        triggers.iter().for_each(|item| lower.trigger(item, &id));
    }

    /// SQS asks KMS in the name of who sends or receives [aws-facts: Who may call whom]. AWS's own key admits them by itself.
    fn use_of_key(queue: &Entry<Config>, grant: &Grant, lower: &Lower) -> Option<Statement<Text>> {
        let key = queue.kms_key.as_deref().filter(|key| *key != AWS_KEY)?;
        let may = |wanted: &str| grant.allows(&format!("sqs:{wanted}"));
        // Who sends makes a data key, and reads it again.
        let actions: &[&str] = match (may("SendMessage"), may("ReceiveMessage")) {
            (true, _) => &["kms:Decrypt", "kms:GenerateDataKey"],
            (false, true) => &["kms:Decrypt"],
            (false, false) => &[],
        };
        use_of(key, actions.iter().copied(), None, lower)
    }
}

/// AWS's advice for a queue that starts functions; the default of SQS for others [aws-facts: SQS, DG].
pub(super) fn advised_visibility(stack: &Stack, queue: &str) -> u32 {
    let advice = stack.functions().iter().flat_map(|function| {
        let triggers = function.triggers.iter().filter_map(Item::of::<OfQueue>);
        let triggers = triggers.filter(|trigger| trigger.queue == queue);
        triggers.map(|trigger| (6 * function.timeout + trigger.window).min(MAX_VISIBILITY))
    });
    advice.max().unwrap_or(DEFAULT_VISIBILITY)
}

impl Keyed for Config {
    const WHAT: &'static str = NAME.what;

    fn pattern() -> String {
        NAME.pattern()
    }

    fn check_key(value: Value) -> bool {
        fifo::check_key(value, [&NAME, &NAME_OF_FIFO])
    }
}

pub(super) fn fits_together(queue: &<Config as Section>::Decoded, fields: &mut Fields) {
    let sources = queue.redrive_from.iter().flatten().map(Vec::len).max().unwrap_or_default();
    if sources > MAX_SOURCES {
        let message = format!("`redrive_from` can name at most {MAX_SOURCES} queues, not {sources}");
        fields.fail_at("redrive_from", message, help("without it, every queue is admitted"));
    }
}

pub(super) fn redrive_from() -> Shape<Vec<Target>> {
    list(target::<Queue>()).with("maxItems", MAX_SOURCES)
}

/// AWS's own key for SQS.
pub(in crate::kinds) const AWS_KEY: &str = "alias/aws/sqs";

/// The queue of the stack with a key.
pub(in crate::kinds) fn named<'a>(key: &str, entries: &'a Entries) -> Option<&'a Entry<Config>> {
    let queues: &[Entry<Config>] = entries.of();
    queues.iter().find(|queue| queue.name == key)
}

/// Why a service cannot send to a queue, and what helps.
pub(in crate::kinds) fn out_of_reach(queue: &Entry<Config>, service: &str) -> Option<(String, String)> {
    key::out_of_reach((&queue.name, queue.kms_key.as_deref()), (AWS_KEY, "SQS"), service)
}

/// A queue for what `what` could not deliver. Its policy admits that, so it is one of the stack.
pub(in crate::kinds) fn dead_letters_of(what: &'static str) -> Shape<Target> {
    target::<Queue>()
        .refine(move |value, target| match &target {
            Target::Key(key) if value.cx.scope.names.existing.contains(&(Queue::SECTION, key.clone())) => {
                let message = format!(
                    "`{key}` is `existing`, and dead letters of a {what} need a statement in its policy"
                );
                value.fail(message, help(format!("write its ARN, and admit the {what} in its policy")))
            }
            _ => Some(target),
        })
        .of_region("dead letters go to queues of the same region alone")
}

/// The access levels, and every other action that SQS checks against a queue.
pub(super) static ACCESS: Access = Access {
    service: "sqs",
    what: "SQS action on queues",
    levels: &[
        Level { name: "send", actions: &[SEND, FIND], misspelt: &["write", "put", "publish"] },
        Level { name: "receive", actions: &[RECEIVE, FIND], misspelt: &["read", "consume", "get"] },
    ],
    others: &[
        "AddPermission",
        "CancelMessageMoveTask",
        "CreateQueue",
        "DeleteQueue",
        "ListDeadLetterSourceQueues",
        "ListMessageMoveTasks",
        "ListQueueTags",
        "PurgeQueue",
        "RemovePermission",
        "SetQueueAttributes",
        "StartMessageMoveTask",
        "TagQueue",
        "UntagQueue",
    ],
    ..Access::NONE
};

pub(super) const SEND: &[&str] = &["SendMessage"];
pub(super) const RECEIVE: &[&str] = &["ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility"];
/// What clients ask of any queue that they use.
pub(super) const FIND: &[&str] = &["GetQueueUrl", "GetQueueAttributes"];

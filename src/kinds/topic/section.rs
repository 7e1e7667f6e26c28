//! `topics`.

use super::{PRINCIPAL, Spec, Topic};
use crate::config::access::{Access, Level};
use crate::config::declared::{Connection, Declared, Referable, Sections, keyed};
use crate::config::decode::{Value, help};
use crate::config::fields::Fields;
use crate::config::names::NameRule;
use crate::config::policy::{resource_policy, templates_of};
use crate::config::section::shape::{Target, either, flag, list, mapping, number, text};
use crate::config::section::{Keyed, Section, Shape, section};
use crate::config::trigger::triggers;
use crate::config::{self, ActOn, Diagnostic, Entries, Entry, Grant, Item, Template};
use crate::kind::Kind;
use crate::kinds::fifo;
use crate::kinds::key::{self, kms_key, use_of};
use crate::kinds::queue::Queue;
use crate::kinds::subscription::outside::{Outside, outside};
use crate::kinds::subscription::section::{cannot_take, dead_letter_call};
use crate::lower::{Call, Lower, Lowered, known_attributes, resource};
use crate::model::{Resource, Text};
use crate::policy::Statement;
use std::borrow::Cow;
use std::collections::BTreeSet;

pub(super) const NAME: NameRule = NameRule { what: "topic", others: "-_", min: 1, max: 256, because: "" };
pub(super) const NAME_OF_FIFO: NameRule = NameRule {
    max: 251,
    because: "AWS allows 256 characters, and the name of a FIFO topic ends in `.fifo`",
    ..NAME
};
/// How many characters a display name may have [DG: SNS, CreateTopic].
const MAX_DISPLAY: usize = 100;
/// How many addresses outside of AWS a topic can note: a tag has 256 characters.
pub(super) const MAX_SUBSCRIPTIONS: usize = 25;
/// What publishes a message.
pub(in crate::kinds) const PUBLISH_ACTION: &str = "sns:Publish";

section! {
    /// An SNS topic.
    pub struct Config, checked by fits_together {
        /// What text messages and e-mails are sent as.
        display_name: Option<String> = text(MAX_DISPLAY).optional(),
        /// Whether it is a FIFO topic, which keeps the order of its messages and delivers to queues only. AWS's name for it ends
        /// in `.fifo`, so a change deletes the topic and creates another one.
        fifo: Option<Fifo> = either(flag().map(|fifo| fifo.then_some(Fifo::PLAIN)), mapping().map(Some)).or_empty(),
        /// A key in KMS that encrypts the messages: its ARN or alias, or `aws` for AWS's own key for SNS. By default SNS
        /// encrypts nothing.
        kms_key: Option<String> = kms_key(AWS_KEY).optional(),
        /// With which version of its signature SNS signs messages: 1 with SHA-1, 2 with SHA-256.
        signature_version: u32 = number("", 1..=2).default(1),
        /// Whether AWS X-Ray follows what is delivered. Not for FIFO topics.
        tracing: bool = flag().default(false),
        /// Addresses outside of AWS that get the messages, at most 25. Functions and queues name the topic in their `triggers`.
        /// People confirm a subscription by e-mail, and endpoints by their own; until then nothing is sent to them.
        subscriptions: Vec<Outside> = list(outside()).or_empty(),
        /// What is published to the topic: events of a bucket or a bus, or what comes at certain times. An item names its source under
        /// one key; the permission comes with it.
        triggers: Vec<Item> = triggers(Topic::NAME).or_empty(),
        /// Whom the topic admits besides this account, in IAM's own syntax.
        resource_policy: Vec<config::Statement> = resource_policy().or_empty(),
    }
}

section! {
    /// The settings of a FIFO topic.
    pub struct Fifo {
        /// Whether messages with the same body count as duplicates.
        content_deduplication: bool = flag().default(false),
    }
}

impl Fifo {
    /// A FIFO topic of AWS's defaults.
    const PLAIN: Fifo = Fifo { content_deduplication: false };
}

impl Declared for Topic {
    const ABOUT: &'static str =
        "SNS topics. The key is the topic's name in AWS; that of a FIFO topic ends in `.fifo`.";
    const REFERENCES: &'static [Referable] = &[Referable::known("name"), Referable::known("arn")];
    const LIMITED: &'static [&'static str] = &["subscriptions", "triggers"];
    const ACCESS: Option<&'static Access> = Some(&ACCESS);
    const DELIVERY: Option<&'static str> = Some(PUBLISH_ACTION);
    type Config = Config;

    fn section() -> Shape<Vec<Entry<Config>>> {
        keyed()
    }

    fn aws_name(topic: &Entry<Config>) -> Cow<'_, str> {
        fifo::aws_name(topic.aws_name(), topic.fifo.is_some())
    }

    fn triggers(topic: &Config) -> &[Item] {
        &topic.triggers
    }

    fn check_act(topic: &Entry<Config>, act: &ActOn) -> Option<(&'static str, String, String)> {
        fifo::ungrouped(act, topic.fifo.is_some())
    }

    fn connections(topic: &Entry<Config>, _: Sections) -> Vec<Connection> {
        let end = |kind, key: &str| (kind, key.to_owned());
        let queues: BTreeSet<&str> = topic.dead_letters().collect();
        let to = |queue: &str| {
            Connection::new(end(Self::NAME, &topic.name), end(Queue::NAME, queue), "dead letters")
        };
        queues.into_iter().map(to).collect()
    }

    fn check(topic: &Entry<Config>, entries: &Entries) -> Vec<Diagnostic> {
        let queues: BTreeSet<&str> = topic.dead_letters().collect();
        let cannot = queues.into_iter().filter_map(|queue| cannot_take(queue, topic.fifo.is_some(), entries));
        let at = topic.place("subscriptions");
        cannot.map(|(message, way)| Diagnostic { at, length: 0, message, help: Some(way) }).collect()
    }

    fn templates(topic: &Entry<Config>) -> Vec<&Template> {
        templates_of(&topic.resource_policy)
    }
}

impl Config {
    /// The queues of the stack that get what cannot be delivered to its addresses.
    fn dead_letters(&self) -> impl Iterator<Item = &str> {
        self.subscriptions.iter().filter_map(|one| one.dead_letter.as_ref()).filter_map(Target::key)
    }
}

impl Lowered for Topic {
    fn lower(topic: &Entry<Config>, lower: &mut Lower) {
        let id = lower.id(Self::NAME, &topic.name);
        let arn = lower.scope.expand(Self::ARN, &id.name);
        let Config {
            display_name,
            fifo,
            kms_key,
            signature_version,
            tracing,
            subscriptions,
            triggers,
            resource_policy,
        } = &**topic;
        let policy = lower.resource_policy(resource_policy, &arn);
        let spec = Spec {
            display_name: display_name.clone().unwrap_or_default(),
            fifo: fifo.is_some(),
            content_deduplication: fifo.as_ref().is_some_and(|fifo| fifo.content_deduplication),
            kms_key: kms_key.clone(),
            signature_version: signature_version.cast_signed(),
            tracing: *tracing,
            subscribers: subscriptions.iter().map(Outside::subscriber).collect(),
            policy: lower.admitting(policy, (&id, &arn), PUBLISH_ACTION),
            tags: lower.tags(&id),
        };
        let known_attributes = known_attributes(&id, arn);
        let resource = resource::<Topic>(id.clone(), topic.at, &spec);
        lower.resources.push(Resource { known_attributes, ..resource });
        subscriptions.iter().for_each(|one| one.lower(topic, &id, lower));
        triggers.iter().for_each(|item| lower.trigger(item, &id));
    }

    /// What cannot be delivered to addresses outside is sent to queues of the stack.
    fn callers(topic: &Entry<Config>, lower: &Lower) -> Vec<Call> {
        topic.dead_letters().map(|queue| dead_letter_call(queue, &topic.name, lower)).collect()
    }

    /// SNS asks KMS in the name of who publishes [aws-facts: Who may call whom]. AWS's own key admits them by itself.
    fn use_of_key(topic: &Entry<Config>, grant: &Grant, lower: &Lower) -> Option<Statement<Text>> {
        let key = topic.kms_key.as_deref().filter(|key| *key != AWS_KEY)?;
        // Who publishes makes a data key, and reads it again.
        let actions: &[&str] =
            if grant.allows(PUBLISH_ACTION) { &["kms:Decrypt", "kms:GenerateDataKey"] } else { &[] };
        use_of(key, actions.iter().copied(), None, lower)
    }
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

pub(super) fn fits_together(topic: &<Config as Section>::Decoded, fields: &mut Fields) {
    let fifo = topic.fifo.as_ref().is_some_and(Option::is_some);
    if fifo && topic.tracing == Some(true) {
        let way = help("remove `tracing`");
        fields.fail_at("tracing", "what a FIFO topic delivers cannot be traced", way);
    }
    let subscriptions = topic.subscriptions.as_deref().unwrap_or_default();
    if fifo && !subscriptions.is_empty() {
        let way = help("let a queue or function get the messages, and hand them on");
        fields.fail_at("subscriptions", "a FIFO topic delivers to queues only", way);
    }
    if subscriptions.len() > MAX_SUBSCRIPTIONS {
        let message = format!(
            "a topic can have at most {MAX_SUBSCRIPTIONS} `subscriptions`, not {}",
            subscriptions.len()
        );
        fields.fail_at("subscriptions", message, help("split them over several topics"));
    }
    let mut subscribers = BTreeSet::new();
    let twice = subscriptions.iter().map(Outside::subscriber).find(|one| !subscribers.insert(one.clone()));
    if let Some(twice) = twice {
        let message = format!("`{twice}` has subscribed twice");
        fields.fail_at(
            "subscriptions",
            message,
            help("AWS allows one subscription of an address: remove one"),
        );
    }
}

/// The topic of the stack with a key.
pub(in crate::kinds) fn named<'a>(key: &str, entries: &'a Entries) -> Option<&'a Entry<Config>> {
    let topics: &[Entry<Config>] = entries.of();
    topics.iter().find(|topic| topic.name == key)
}

/// Why a service cannot send to a topic, and what helps.
pub(in crate::kinds) fn out_of_reach(topic: &Entry<Config>, service: &str) -> Option<(String, String)> {
    key::out_of_reach((&topic.name, topic.kms_key.as_deref()), (AWS_KEY, "SNS"), service)
}

/// AWS's own key for SNS.
pub(super) const AWS_KEY: &str = "alias/aws/sns";

/// The access level, and every other action that SNS checks against a topic.
pub(super) static ACCESS: Access = Access {
    service: "sns",
    what: "SNS action on topics",
    levels: &[Level { name: "publish", actions: &[&["Publish"]], misspelt: &["send", "write", "put"] }],
    others: &[
        "AddPermission",
        "ConfirmSubscription",
        "CreateTopic",
        "DeleteTopic",
        "GetDataProtectionPolicy",
        "GetTopicAttributes",
        "ListSubscriptionsByTopic",
        "ListTagsForResource",
        "PutDataProtectionPolicy",
        "RemovePermission",
        "SetTopicAttributes",
        "Subscribe",
        "TagResource",
        "UntagResource",
    ],
    ..Access::NONE
};

/// Who delivers what a topic says, and what cannot be delivered.
pub(in crate::kinds) fn call(on: crate::model::ResourceId, topic: &str, lower: &Lower) -> Call {
    let source = lower.arn::<Topic>(topic);
    Call { on, what: format!("topic {topic}"), service: PRINCIPAL.into(), source, account: false }
}

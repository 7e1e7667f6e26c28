//! `buses`.

use super::dead_letter::{call_for, dead_letters};
use super::{Bus, DEFAULT, Spec};
use crate::config::access::{Access, Level};
use crate::config::declared::{Connection, Declared, Referable, Sections, keyed};
use crate::config::decode::{Value, help};
use crate::config::names::NameRule;
use crate::config::policy::{resource_policy, templates_of};
use crate::config::section::shape::template;
use crate::config::section::{Keyed, Shape, section};
use crate::config::trigger::triggers;
use crate::config::{self, Diagnostic, Entries, Entry, Item, Target, Template};
use crate::kind::Kind;
use crate::kinds::key::{as_named, kms_key_of_ours};
use crate::kinds::queue::Queue;
use crate::kinds::queue::section::dead_letters_of;
use crate::lower::{Call, Lower, Lowered, Size, Sizes, known_attributes, resource};
use crate::model::{Resource, ResourceId};

const NAME: NameRule = NameRule { what: "bus", others: "-_.", min: 1, max: 256, because: "" };
/// How many characters a description may have [M: EventBusDescription].
const MAX_DESCRIPTION: usize = 512;
/// What delivers an event.
const PUT: &str = "events:PutEvents";

section! {
    /// An event bus. What it does with an event say the items of `triggers` that name it.
    pub struct Config {
        /// What it is for. `${…}` works.
        description: Template = template().or_empty(),
        /// A key in KMS that encrypts the events: its ARN or alias. Its policy must admit EventBridge. By default a key that
        /// EventBridge owns.
        kms_key: Option<String> = kms_key_of_ours().optional(),
        /// What gets the events on which that key failed: the key of a queue, or an ARN. The queue's policy admits the bus.
        dead_letter: Option<Target> = dead_letters_of("bus").optional(),
        /// What else sends it events: other buses, of which a rule hands events on.
        triggers: Vec<Item> = triggers(Bus::NAME).or_empty(),
        /// Whom the bus admits besides this account, in IAM's own syntax.
        resource_policy: Vec<config::Statement> = resource_policy().or_empty(),
    }
}

impl Declared for Bus {
    const ABOUT: &'static str = "Event buses of EventBridge. The key is the bus's name in AWS. The bus `default`, which every account has, \
         needs no entry.";
    const REFERENCES: &'static [Referable] = &[Referable::known("name"), Referable::known("arn")];
    const ACCESS: Option<&'static Access> = Some(&ACCESS);
    const DELIVERY: Option<&'static str> = Some(PUT);
    const LIMITED: &'static [&'static str] = &["triggers"];
    type Config = Config;

    fn triggers(bus: &Config) -> &[Item] {
        &bus.triggers
    }

    fn section() -> Shape<Vec<Entry<Config>>> {
        keyed()
    }

    fn connections(bus: &Entry<Config>, _: Sections) -> Vec<Connection> {
        let end = |kind, key: &str| (kind, key.to_owned());
        let queue = bus.dead_letter.as_ref().and_then(Target::key);
        let own = || end(Self::NAME, &bus.name);
        queue.map(|key| Connection::new(own(), end(Queue::NAME, key), "dead letters")).into_iter().collect()
    }

    fn check(bus: &Entry<Config>, entries: &Entries) -> Vec<Diagnostic> {
        dead_letters(bus.dead_letter.as_ref(), bus.place("dead_letter"), entries)
    }

    fn templates(bus: &Entry<Config>) -> Vec<&Template> {
        [&bus.description].into_iter().chain(templates_of(&bus.resource_policy)).collect()
    }
}

impl Keyed for Config {
    const WHAT: &'static str = NAME.what;

    fn pattern() -> String {
        NAME.pattern()
    }

    fn check_key(value: Value) -> bool {
        if value.key.text == DEFAULT {
            let way = help("remove it: `bus: default` in `triggers` works without an entry");
            return value.fail_key::<()>("every account has the bus `default`", way).is_some();
        }
        NAME.check(value)
    }
}

impl Lowered for Bus {
    fn lower(bus: &Entry<Config>, lower: &mut Lower) {
        let id = lower.id(Self::NAME, &bus.name);
        let arn = lower.scope.expand(Self::ARN, &id.name);
        let Config { description, kms_key, dead_letter, triggers, resource_policy } = &**bus;
        let spec = Spec {
            description: lower.template(description),
            kms_key: kms_key.as_ref().map(|key| as_named(key, lower.scope)),
            dead_letter: dead_letter.as_ref().map(|queue| lower.arn_of_target::<Queue>(queue)),
            policy: lower.resource_policy(resource_policy, &arn),
            tags: lower.tags(&id),
        };
        let known_attributes = known_attributes(&id, arn);
        let bus = resource::<Bus>(id.clone(), bus.at, &spec);
        lower.resources.push(Resource { known_attributes, ..bus });
        triggers.iter().for_each(|item| lower.trigger(item, &id));
    }

    fn callers(bus: &Entry<Config>, lower: &Lower) -> Vec<Call> {
        let arn = lower.arn::<Bus>(&bus.name);
        let what = format!("bus {}", bus.name);
        bus.dead_letter.iter().filter_map(|queue| call_for(queue, what.clone(), &arn, lower)).collect()
    }

    fn check_sizes(bus: &Entry<Config>, sizes: &mut Sizes) {
        let id = ResourceId::new(Bus::NAME, sizes.identity.named(Bus::NAME, &bus.name));
        let desired = sizes.shortest(&id);
        let description = Size::of_description(&id, &desired, MAX_DESCRIPTION);
        sizes.check(
            bus.place("description"),
            description,
            "shorten it: placeholders count with their values",
        );
    }
}

/// The access levels, and every other action that EventBridge checks against a bus.
static ACCESS: Access = Access {
    service: "events",
    what: "EventBridge action on event buses",
    levels: &[Level { name: "put", actions: &[&["PutEvents"]], misspelt: &["write", "send", "publish"] }],
    others: &[
        "CreateEventBus",
        "DeleteEventBus",
        "DescribeEventBus",
        "ListTagsForResource",
        "PutPermission",
        "RemovePermission",
        "TagResource",
        "UntagResource",
        "UpdateEventBus",
    ],
    ..Access::NONE
};

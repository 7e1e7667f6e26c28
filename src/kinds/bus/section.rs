//! `buses`.

use super::dead_letter::{call_for, dead_letters};
use super::{Bus, DEFAULT, Spec};
use crate::config::access::{Access, Level};
use crate::config::declared::{Connection, Declared, Referable, Sections, keyed};
use crate::config::decode::{Value, help};
use crate::config::names::NameRule;
use crate::config::policy::{resource_policy, templates_of};
use crate::config::section::shape::{duration, either, mapping, part, template};
use crate::config::section::{Keyed, Shape, section};
use crate::config::trigger::triggers;
use crate::config::{self, Diagnostic, Entries, Entry, Item, Json, Stack, Target, Template};
use crate::kind::Kind;
use crate::kinds::archive::{self, Archive};
use crate::kinds::key::{as_named, kms_key_of_ours};
use crate::kinds::queue::Queue;
use crate::kinds::queue::section::dead_letters_of;
use crate::kinds::rule::pattern::pattern;
use crate::kinds::rule::unheard;
use crate::lower::{Call, Lower, Lowered, Size, Sizes, known_attributes, resource};
use crate::model::{Identity, Resource, ResourceId, Text};
use crate::suggest;
use serde::Serialize;
use serde_json::json;

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
        /// For how long EventBridge keeps the events, to send them once more: `forever`, a time in whole days, or a mapping. By
        /// default it keeps none. Removing it deletes the events.
        archive: Option<Archived> = part("archive", Archived::ABOUT, either(retention().map(Archived::of), mapping())).optional(),
        /// What else sends it events: other buses, of which a rule hands events on.
        triggers: Vec<Item> = triggers(Bus::NAME).or_empty(),
        /// Whom the bus admits besides this account, in IAM's own syntax.
        resource_policy: Vec<config::Statement> = resource_policy().or_empty(),
    }
}

section! {
    /// Which events of a bus are kept, and for how long.
    pub struct Archived {
        /// For how long: `forever`, or a time in whole days.
        retention: Retention = retention().default(Retention::Forever),
        /// Which events, in the syntax of `pattern` in `triggers`. By default all. `${…}` works.
        pattern: Option<Json> = pattern().optional(),
    }
}

/// For how long events are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Retention {
    /// For ever.
    #[serde(rename = "forever")]
    Forever,
    /// So many days.
    #[serde(untagged)]
    Days(i32),
}

impl Archived {
    fn of(retention: Retention) -> Self {
        Archived { retention, pattern: None }
    }

    fn resource(&self, of: &Entry<Config>, bus: &ResourceId, lower: &Lower) -> Resource {
        let Archived { retention, pattern } = self;
        let id = bus.child(Archive::NAME, bus.name.clone());
        let spec = archive::Spec {
            source: Text::reference(bus, "arn"),
            // [M: RetentionDays]
            days: match retention {
                Retention::Forever => 0,
                Retention::Days(days) => *days,
            },
            pattern: pattern.as_ref().map(|pattern| lower.json(pattern)),
            kms_key: of.kms_key.as_ref().map(|key| as_named(key, lower.scope)),
        };
        let known_attributes = known_attributes(&id, lower.scope.expand(Archive::ARN, &id.name));
        Resource { known_attributes, ..resource::<Archive>(id, of.place("archive"), &spec) }
    }
}

const FOREVER: &str = "forever";
/// The seconds of a day.
const DAY: i64 = 86_400;
/// A hundred years: AWS names no limit [M: RetentionDays].
const MAX_DAYS: i64 = 36_500;

fn retention() -> Shape<Retention> {
    let days = duration::<i64>(DAY..=MAX_DAYS * DAY).refine(|value, seconds: i64| {
        let days = i32::try_from(seconds / DAY).ok().filter(|_| seconds % DAY == 0);
        days.or_else(|| {
            let message = format!("`{}` is a number of whole days", value.key.text);
            value.fail(message, help("write for example `7 days`, or `forever`"))
        })
    });
    let schema = days.schema(&mut Default::default());
    let schema = json!({ "oneOf": [{ "const": FOREVER }, schema], "examples": ["7 days", FOREVER] });
    Shape::new(schema, move |value| {
        let text = value.node.text().unwrap_or_default();
        if text == FOREVER {
            return Some(Retention::Forever);
        }
        if text.starts_with(|first: char| first.is_ascii_digit()) {
            return days.decode(value).map(Retention::Days);
        }
        value.wrong_type("`forever` or a time such as `7 days`", suggest::did_you_mean(text, [FOREVER]))
    })
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
        let pattern = bus.archive.iter().filter_map(|archive| archive.pattern.as_ref());
        let pattern = pattern.flat_map(Json::templates);
        [&bus.description].into_iter().chain(pattern).chain(templates_of(&bus.resource_policy)).collect()
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
    fn doubts(stack: &Stack, _: &Identity) -> Vec<Diagnostic> {
        unheard::of_aws(stack)
    }

    fn lower(bus: &Entry<Config>, lower: &mut Lower) {
        let id = lower.id(Self::NAME, &bus.name);
        let arn = lower.scope.expand(Self::ARN, &id.name);
        let Config { description, kms_key, dead_letter, archive, triggers, resource_policy } = &**bus;
        let spec = Spec {
            description: lower.template(description),
            kms_key: kms_key.as_ref().map(|key| as_named(key, lower.scope)),
            dead_letter: dead_letter.as_ref().map(|queue| lower.arn_of_target::<Queue>(queue)),
            policy: lower.resource_policy(resource_policy, &arn),
            tags: lower.tags(&id),
        };
        let known_attributes = known_attributes(&id, arn);
        let own = resource::<Bus>(id.clone(), bus.at, &spec);
        lower.resources.push(Resource { known_attributes, ..own });
        let archive = archive.as_ref().map(|archive| archive.resource(bus, &id, lower));
        lower.resources.extend(archive);
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
        if bus.archive.is_some() {
            let what = format!("the name of the archive of {id}");
            let name = Size { what, size: id.name.len(), unit: "characters", limit: archive::MAX_NAME };
            sizes.check(bus.place("archive"), name, "shorten the name of the bus: its archive has the same");
        }
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

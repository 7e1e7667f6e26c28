//! `triggers` of buses.

use super::pattern::pattern;
use super::{Rule, unheard};
use crate::config::declared::End;
use crate::config::decode::{Value, help};
use crate::config::fields::Fields;
use crate::config::names::is_made_of;
use crate::config::section::shape::{Keys, entry_of, flag, json_value, map, mapping, template, text};
use crate::config::section::{Section, Shape, section};
use crate::config::trigger::{Started, Trigger};
use crate::config::{self, Diagnostic, Entries, Entry, Grant, Json, Template};
use crate::kind::Kind;
use crate::kinds::bus::{self, Bus, DEFAULT, SERVICE};
use crate::kinds::queue::{self, Queue};
use crate::kinds::started;
use crate::kinds::topic::{self, Topic};
use serde_json::json;
use std::collections::BTreeMap;

section! {
    /// Events of a bus that start the entry. EventBridge is allowed to deliver them.
    pub(crate) struct Config, checked by fits_together {
        /// The key of the bus, or `default` for the bus that every account has.
        bus: String = Shape::new(json!({ "type": "string", "minLength": 1 }), of_bus).required("NAME"),
        /// Which events: a mapping like an event, with lists of what a value may be, in EventBridge's own syntax. `${…}` works.
        pattern: Json = pattern().required("{ source: [NAME] }"),
        /// What is delivered in place of the event: a text, or a mapping, which is sent as JSON. `${…}` works.
        input: Option<Json> = json_value().optional().excludes(&["input_path", "input_transformer"]),
        /// The part of the event that is delivered: a path such as `$.detail`.
        input_path: Option<String> = path().optional().excludes(&["input", "input_transformer"]),
        /// A text that is delivered, with parts of the event in it.
        input_transformer: Option<InputTransformer> = mapping().optional().excludes(&["input", "input_path"]),
        /// The group of the messages: for a FIFO queue, or a fair one.
        group: Option<String> = text(128).optional(),
        /// The part of an event that is the partition key of its record in a stream, which decides on the shard: a path such as
        /// `$.detail.id`. By default the event's id.
        partition_key: Option<String> = path().optional(),
        /// How often a delivery is tried again at most.
        retries: u32 = started::retries(),
        /// For how long a delivery is tried, from 1 minute to 1 day.
        max_age: u32 = started::max_age(),
        /// Where events go that could not be delivered: the key of a queue, or an ARN. The queue's policy admits the rule.
        dead_letter: Option<config::Target> = queue::section::dead_letters_of("rule").optional(),
        /// Whether events start it.
        enabled: bool = flag().default(true),
        /// An alias of the function's release; by default the first one.
        alias: Option<String> = text(128).optional(),
        /// A name that tells this trigger from another one of the same bus.
        name: Option<String> = started::name().optional(),
    }
}

section! {
    /// A text with parts of an event in it.
    pub(crate) struct InputTransformer, checked by names_are_known {
        /// The parts: names with their paths, such as `id: $.detail.id`.
        paths: BTreeMap<String, String> = map(Keys::pattern("^[A-Za-z0-9_-]+$", is_name), path()).or_empty(),
        /// The text. `<NAME>` stands for the part of that name; `<aws.events.rule-name>` and the like for what EventBridge
        /// knows of the event. `${…}` works.
        template: Template = template().required("'{ \"id\": <id> }'"),
    }
}

/// What the names of EventBridge's own parts begin with [DG: EventBridge, "Input transformation"].
const PREDEFINED: &str = "aws.events.";

fn of_bus(value: Value) -> Option<String> {
    if value.text()? == DEFAULT { Some(DEFAULT.to_owned()) } else { entry_of::<Bus>(value) }
}

fn path() -> Shape<String> {
    Shape::new(json!({ "type": "string", "pattern": "^\\$" }), |value| {
        let path = value.short(256)?;
        if path.starts_with('$') {
            return Some(path.to_owned());
        }
        value.fail(
            format!("`{path}` is no path of an event"),
            help(format!("write `$.{}`", path.trim_start_matches('.'))),
        )
    })
}

fn is_name(value: Value) -> Option<()> {
    let name = &value.key.text;
    if is_made_of(name, "_-") {
        return Some(());
    }
    value.fail_key(format!("`{name}` is no name of a part"), help("write letters, digits, `-` and `_`"))
}

/// EventBridge refuses a text with a name that stands for nothing [aws-facts-services: 4, LS].
fn names_are_known(transformer: &<InputTransformer as Section>::Decoded, fields: &mut Fields) {
    let (Some(paths), Some(template)) = (&transformer.paths, &transformer.template) else { return };
    let text: String = template
        .parts
        .iter()
        .map(|part| match part {
            config::Part::Text(text) => text.as_str(),
            _ => " ",
        })
        .collect();
    let names = text.split('<').skip(1).filter_map(|rest| rest.split_once('>')).map(|(name, _)| name);
    let mut names = names.filter(|name| is_made_of(name, "._-"));
    let is_known = |name: &&str| name.starts_with(PREDEFINED) || paths.contains_key(*name);
    if let Some(unknown) = names.find(|name| !is_known(name)) {
        let message = format!("`<{unknown}>` stands for nothing");
        fields.fail_at("template", message, help(format!("add `{unknown}: $.detail.NAME` to `paths`")));
    }
}

fn fits_together(trigger: &<Config as Section>::Decoded, fields: &mut Fields) {
    let inputs = [
        matches!(trigger.input, Some(Some(_))),
        matches!(trigger.input_path, Some(Some(_))),
        matches!(trigger.input_transformer, Some(Some(_))),
    ];
    if inputs.into_iter().filter(|given| *given).count() > 1 {
        let field = if inputs[2] { "input_transformer" } else { "input_path" };
        let message = "a trigger delivers one of `input`, `input_path` and `input_transformer`";
        fields.fail_at(field, message, help("remove the others"));
    }
}

/// Events of a bus.
pub struct OfBus;

impl Trigger for OfBus {
    type Kind = Rule;
    const WORD: &'static str = "bus";
    const STARTS: &'static [&'static str] = started::FORWARDS;
    type Config = Config;

    fn name(trigger: &Config) -> String {
        trigger.name.clone().unwrap_or_else(|| trigger.bus.clone())
    }

    fn source(trigger: &Config) -> Option<End> {
        (trigger.bus != DEFAULT).then(|| (Bus::NAME, trigger.bus.clone()))
    }

    fn dead_letters(trigger: &Config) -> Option<End> {
        let key = trigger.dead_letter.as_ref()?.key()?;
        Some((Queue::NAME, key.to_owned()))
    }

    /// What the events of the function's own are is not in the file. A pattern that names a source, a type or a part of the events
    /// leaves out most others, and probably these: only one that says no more than where the events come from is taken for all of
    /// them.
    fn passes(trigger: &Config) -> bool {
        const OF_EVERY_EVENT: [&str; 4] = ["account", "region", "time", "version"];
        let Json::Map(pattern) = &trigger.pattern else { return false };
        trigger.enabled && pattern.keys().all(|key| OF_EVERY_EVENT.contains(&key.as_str()))
    }

    fn writes(_: &Config, grant: &Grant) -> bool {
        grant.allows("events:PutEvents")
    }

    fn check(trigger: &Entry<Config>, started: Started, entries: &Entries) -> Vec<Diagnostic> {
        let only = started::Only {
            alias: (trigger.alias.as_deref(), trigger.place("alias")),
            group: (trigger.group.as_deref(), trigger.place("group")),
            partition_key: (trigger.partition_key.as_deref(), trigger.place("partition_key")),
        };
        let out_of_reach = match started.kind {
            Queue::NAME => queue::section::named(started.key, entries)
                .and_then(|queue| queue::section::out_of_reach(queue, SERVICE)),
            Topic::NAME => topic::section::named(started.key, entries)
                .and_then(|topic| topic::section::out_of_reach(topic, SERVICE)),
            _ => None,
        };
        let out_of_reach = out_of_reach.map(|(message, way)| {
            let at = trigger.place("bus");
            Diagnostic { at, length: 0, message, help: Some(way) }
        });
        let dead_letter =
            bus::dead_letter_errors(trigger.dead_letter.as_ref(), trigger.place("dead_letter"), entries);
        started::check(started, &only, entries)
            .into_iter()
            .chain(out_of_reach)
            .chain(dead_letter)
            .chain(forwarding(trigger, started))
            .chain(unheard::buckets(trigger, entries))
            .collect()
    }
}

/// Errors of events that another bus gets, as they are.
fn forwarding(trigger: &Entry<Config>, started: Started) -> Vec<Diagnostic> {
    if started.kind != Bus::NAME {
        return Vec::new();
    }
    let error = |field: &str, message: String, help: &str| Diagnostic {
        at: trigger.place(field),
        length: 0,
        message,
        help: Some(help.to_owned()),
    };
    let to_itself = (started.key == trigger.bus).then(|| {
        let message = format!("the bus `{}` would send its events to itself, again and again", started.key);
        error("bus", message, "name another bus")
    });
    let inputs = [
        ("input", trigger.input.is_some()),
        ("input_path", trigger.input_path.is_some()),
        ("input_transformer", trigger.input_transformer.is_some()),
    ];
    let changed = inputs.into_iter().filter(|(_, given)| *given).map(|(field, _)| {
        error(field, "events reach another bus as they are".to_owned(), &format!("remove `{field}`"))
    });
    to_itself.into_iter().chain(changed).collect()
}

//! `triggers`: what starts an entry, such as a function. Each item belongs to the kind that has its key; the entry knows none of
//! them.

use super::access::Grant;
use super::declared::{End, Entries, Sections};
use super::decode::{Value, help};
use super::diagnostic::Diagnostic;
use super::section::shape::list;
use super::section::{Entry, Parts, Section, Shape, limited, object};
use crate::kind::Kind;
use crate::model::in_words;
use crate::suggest;
use crate::yaml::{At, Kind as Node};
use serde_json::{Value as Json, json};
use std::any::Any;
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::Arc;

/// What an item of `triggers` starts, or delivers to: the entry that has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Started<'a> {
    /// The kind of the entry.
    pub(crate) kind: &'static str,
    /// Its key.
    pub(crate) key: &'a str,
}

/// What starts entries: its resources are items of `triggers`.
pub(crate) trait Trigger: Send + Sync + 'static {
    /// The kind of its resources. Items with another word may have the same one.
    type Kind: Kind;
    /// The key that names the source, for example `queue`.
    const WORD: &'static str;
    /// The kinds of the entries that it can start.
    const STARTS: &'static [&'static str];
    /// The fields of an item.
    type Config: Section + Debug + PartialEq + Send + Sync + 'static;

    /// What tells an item from the others of its entry: the source, or a name that the user gives.
    fn name(config: &Self::Config) -> String;
    /// The entry that is the source, where it is one.
    fn source(_config: &Self::Config) -> Option<End> {
        None
    }
    /// The entry that gets what cannot be delivered, where the source itself sends it there.
    fn dead_letters(_config: &Self::Config) -> Option<End> {
        None
    }
    /// What the role of a function must be allowed for it.
    fn grants(_config: &Self::Config) -> Vec<Grant> {
        Vec::new()
    }
    /// What the role of a function must be allowed on where the trigger sends what the function fails on.
    fn failures(_config: &Self::Config) -> Vec<Grant> {
        Vec::new()
    }
    /// Whether whatever comes to the source starts the entry, as far as the file tells: an item that is limited may leave out
    /// just what the entry itself sends there.
    fn passes(_config: &Self::Config) -> bool {
        true
    }
    /// Whether a grant on the source lets its owner write there what starts the entry.
    fn writes(_config: &Self::Config, _grant: &Grant) -> bool {
        false
    }
    /// Errors between an item and other entries.
    fn check(_item: &Entry<Self::Config>, _started: Started, _entries: &Entries) -> Vec<Diagnostic> {
        Vec::new()
    }
}

/// A trigger behind the list of triggers.
pub(crate) trait AnyTrigger: Send + Sync {
    /// [`Kind::NAME`].
    fn kind(&self) -> &'static str;
    /// [`Trigger::WORD`].
    fn word(&self) -> &'static str;
    /// [`Trigger::STARTS`].
    fn starts(&self) -> &'static [&'static str];
    /// Whether an item can have a `name`, which tells it from others of the same source.
    fn has_name(&self) -> bool;
    /// Decodes an item.
    fn take(&'static self, value: Value) -> Option<Item>;
    /// The JSON Schema of an item.
    fn schema(&self, parts: &mut Parts) -> Json;
    /// [`Trigger::source`].
    fn source(&self, item: &Item) -> Option<End>;
    /// [`Trigger::dead_letters`].
    fn dead_letters(&self, item: &Item) -> Option<End>;
    /// [`Trigger::grants`].
    fn grants(&self, item: &Item) -> Vec<Grant>;
    /// [`Trigger::failures`].
    fn failures(&self, item: &Item) -> Vec<Grant>;
    /// [`Trigger::passes`].
    fn passes(&self, item: &Item) -> bool;
    /// [`Trigger::writes`].
    fn writes(&self, item: &Item, grant: &Grant) -> bool;
    /// [`Trigger::check`].
    fn check(&self, item: &Item, started: Started, entries: &Entries) -> Vec<Diagnostic>;
}

/// An item of `triggers`.
#[derive(Clone)]
pub struct Item {
    trigger: &'static dyn AnyTrigger,
    /// What tells it from the others of its entry.
    pub name: String,
    config: Arc<dyn AnyConfig>,
}

trait AnyConfig: Any + Debug + Send + Sync {
    fn as_any(&self) -> &dyn Any;
    fn at(&self) -> At;
    fn place(&self, field: &str) -> At;
    fn equals(&self, other: &dyn AnyConfig) -> bool;
}

impl<C: Debug + PartialEq + Send + Sync + 'static> AnyConfig for Entry<C> {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn at(&self) -> At {
        self.at
    }

    fn place(&self, field: &str) -> At {
        Entry::place(self, field)
    }

    fn equals(&self, other: &dyn AnyConfig) -> bool {
        other.as_any().downcast_ref::<Self>() == Some(self)
    }
}

impl Debug for Item {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.config.fmt(f)
    }
}

impl PartialEq for Item {
    fn eq(&self, other: &Self) -> bool {
        self.config.equals(&*other.config)
    }
}

impl Item {
    /// The kind of its resource.
    pub(crate) fn kind(&self) -> &'static str {
        self.trigger.kind()
    }

    /// Its place in the file.
    pub(super) fn at(&self) -> At {
        self.config.at()
    }

    /// The entry that is the source, where it is one; one of others may be named by its ARN in place of a key.
    pub(crate) fn source(&self) -> Option<End> {
        self.trigger.source(self)
    }

    /// The entry that gets what cannot be delivered, where the source itself sends it there.
    pub(crate) fn dead_letters(&self) -> Option<End> {
        self.trigger.dead_letters(self)
    }

    /// What the role of a function must be allowed for it.
    pub(crate) fn grants(&self) -> Vec<Grant> {
        self.trigger.grants(self)
    }

    /// What the role of a function must be allowed on where it sends what the function fails on.
    pub(crate) fn failures(&self) -> Vec<Grant> {
        self.trigger.failures(self)
    }

    /// The place of what names its source.
    pub(crate) fn place_of_source(&self) -> At {
        self.config.place(self.trigger.word())
    }

    /// Whether whatever comes to the source starts the entry.
    pub(crate) fn passes(&self) -> bool {
        self.trigger.passes(self)
    }

    /// Whether somebody with a grant on the source can write there what starts the entry.
    pub(crate) fn writes(&self, grant: &Grant) -> bool {
        self.trigger.writes(self, grant)
    }

    /// Errors between it and other entries.
    pub(crate) fn check(&self, started: Started, entries: &Entries) -> Vec<Diagnostic> {
        self.trigger.check(self, started, entries)
    }

    /// Its fields, if it is of this kind.
    pub(crate) fn of<T: Trigger>(&self) -> Option<&Entry<T::Config>> {
        (*self.config).as_any().downcast_ref()
    }
}

/// Carries a trigger into the list of triggers.
pub(crate) struct Triggers<T>(std::marker::PhantomData<fn() -> T>);

impl<T> Triggers<T> {
    /// The entry of a kind.
    pub(crate) const NEW: Self = Triggers(std::marker::PhantomData);
}

impl<T: Trigger> AnyTrigger for Triggers<T> {
    fn kind(&self) -> &'static str {
        T::Kind::NAME
    }

    fn word(&self) -> &'static str {
        T::WORD
    }

    fn starts(&self) -> &'static [&'static str] {
        T::STARTS
    }

    fn has_name(&self) -> bool {
        T::Config::fields().iter().any(|field| field.row().name == "name")
    }

    fn take(&'static self, value: Value) -> Option<Item> {
        let mut fields = value.fields_of_item("a trigger");
        let config = T::Config::take(&mut fields);
        fields.finish();
        let config = config?;
        let name = T::name(&config);
        let entry = Entry::new(value, name.clone(), config);
        Some(Item { trigger: self, name, config: Arc::new(entry) })
    }

    fn schema(&self, parts: &mut Parts) -> Json {
        let item = limited(object(&T::Config::fields(), parts));
        parts.define(format!("{}_trigger", T::WORD), item)
    }

    fn source(&self, item: &Item) -> Option<End> {
        T::source(item.of::<T>()?)
    }

    fn dead_letters(&self, item: &Item) -> Option<End> {
        T::dead_letters(item.of::<T>()?)
    }

    fn grants(&self, item: &Item) -> Vec<Grant> {
        item.of::<T>().map(|item| T::grants(item)).unwrap_or_default()
    }

    fn failures(&self, item: &Item) -> Vec<Grant> {
        item.of::<T>().map(|item| T::failures(item)).unwrap_or_default()
    }

    fn passes(&self, item: &Item) -> bool {
        item.of::<T>().is_none_or(|item| T::passes(item))
    }

    fn writes(&self, item: &Item, grant: &Grant) -> bool {
        item.of::<T>().is_some_and(|item| T::writes(item, grant))
    }

    fn check(&self, item: &Item, started: Started, entries: &Entries) -> Vec<Diagnostic> {
        item.of::<T>().map(|item| T::check(item, started, entries)).unwrap_or_default()
    }
}

/// The shape of `triggers` of entries of a kind.
pub(crate) fn triggers(of: &'static str) -> Shape<Vec<Item>> {
    let item = Shape::new(Json::Null, move |value| item(value, of)).described(move |parts| {
        let triggers = starting(of, parts.sections);
        json!({ "anyOf": triggers.map(|trigger| trigger.schema(parts)).collect::<Vec<_>>() })
    });
    list(item).refine(move |value, items| {
        let mut names = BTreeSet::new();
        let mut twice = items.iter().filter(|item| !names.insert((item.kind(), item.name.as_str())));
        match twice.next() {
            Some(item) => {
                let message = format!("`{}` starts the {} twice", item.name, in_words(of));
                let way = match item.trigger.has_name() {
                    true => "give one of the two a `name`, or remove it",
                    false => "remove one of the two",
                };
                value.fail(message, help(way))
            }
            None => Some(items),
        }
    })
}

/// What can start entries of a kind.
fn starting(of: &str, sections: Sections) -> impl Iterator<Item = &'static dyn AnyTrigger> + Clone {
    sections.triggers().filter(move |trigger| trigger.starts().contains(&of))
}

fn item(value: Value, started: &'static str) -> Option<Item> {
    let triggers = starting(started, value.cx.scope.names.sections);
    if !matches!(value.node.kind, Node::Map(_)) {
        return value.cx.fail_at(value.span(), "a trigger must be a mapping", help(example(triggers)));
    }
    let of = |trigger: &&'static dyn AnyTrigger| value.node.get(trigger.word()).is_some();
    let mut found = triggers.clone().filter(of);
    match (found.next(), found.next()) {
        (Some(trigger), None) => trigger.take(value),
        (Some(one), Some(other)) => {
            let message =
                format!("a trigger has one source, not both `{}` and `{}`", one.word(), other.word());
            value.cx.fail_at(value.span(), message, help("write two triggers"))
        }
        (None, _) => {
            if let Some(other) = value.cx.scope.names.sections.triggers().find(of) {
                let message = format!("a `{}` cannot start a {}", other.word(), in_words(started));
                return value.cx.fail_at(value.span(), message, help(example(triggers)));
            }
            let words: Vec<&str> = triggers.clone().map(AnyTrigger::word).collect();
            let keys = value.node.entries().iter().map(|entry| entry.key.text.as_str());
            let meant = keys.filter_map(|key| suggest::did_you_mean(key, words.iter().copied())).next();
            let message = "a trigger must name its source";
            value.cx.fail_at(value.span(), message, meant.or_else(|| help(example(triggers))))
        }
    }
}

/// What a trigger looks like.
fn example(triggers: impl Iterator<Item = &'static dyn AnyTrigger>) -> String {
    let examples: Vec<String> = triggers.map(|trigger| format!("{{ {}: … }}", trigger.word())).collect();
    let examples: Vec<&str> = examples.iter().map(String::as_str).collect();
    format!("a trigger looks like {}", suggest::quoted(&examples).replace(" and ", " or "))
}

//! `triggers`: what starts a function. Each item belongs to the kind that has its key; the function knows none of them.

use super::access::Grant;
use super::declared::Entries;
use super::decode::{Value, help};
use super::diagnostic::Diagnostic;
use super::section::shape::list;
use super::section::{Entry, Parts, Section, Shape, limited, object};
use crate::kind::Kind;
use crate::suggest;
use crate::yaml::Kind as Node;
use serde_json::{Value as Json, json};
use std::any::Any;
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::Arc;

/// What starts functions: its resources are items of `triggers`.
pub(crate) trait Trigger: Send + Sync + 'static {
    /// The kind of its resources. Items with another word may have the same one.
    type Kind: Kind;
    /// The key that names the source, for example `queue`.
    const WORD: &'static str;
    /// The fields of an item.
    type Config: Section + Debug + PartialEq + Send + Sync + 'static;

    /// What tells an item from the others of its function: the source, or a name that the user gives.
    fn name(config: &Self::Config) -> String;
    /// What the function must be allowed for it.
    fn grants(config: &Self::Config) -> Vec<Grant>;
    /// What the function must be allowed on where the trigger sends what the function fails on.
    fn failures(_config: &Self::Config) -> Vec<Grant> {
        Vec::new()
    }
    /// Errors between an item and other entries.
    fn check(_item: &Entry<Self::Config>, _function: &str, _entries: &Entries) -> Vec<Diagnostic> {
        Vec::new()
    }
}

/// A trigger behind the list of triggers.
pub(crate) trait AnyTrigger: Send + Sync {
    /// [`Kind::NAME`].
    fn kind(&self) -> &'static str;
    /// [`Trigger::WORD`].
    fn word(&self) -> &'static str;
    /// Decodes an item.
    fn take(&'static self, value: Value) -> Option<Item>;
    /// The JSON Schema of an item.
    fn schema(&self, parts: &mut Parts) -> Json;
    /// [`Trigger::grants`].
    fn grants(&self, item: &Item) -> Vec<Grant>;
    /// [`Trigger::failures`].
    fn failures(&self, item: &Item) -> Vec<Grant>;
    /// [`Trigger::check`].
    fn check(&self, item: &Item, function: &str, entries: &Entries) -> Vec<Diagnostic>;
}

/// An item of `triggers`.
#[derive(Clone)]
pub struct Item {
    trigger: &'static dyn AnyTrigger,
    /// What tells it from the others of its function.
    pub name: String,
    config: Arc<dyn AnyConfig>,
}

trait AnyConfig: Any + Debug + Send + Sync {
    fn as_any(&self) -> &dyn Any;
    fn equals(&self, other: &dyn AnyConfig) -> bool;
}

impl<C: Debug + PartialEq + Send + Sync + 'static> AnyConfig for Entry<C> {
    fn as_any(&self) -> &dyn Any {
        self
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

    /// What the function must be allowed for it.
    pub(crate) fn grants(&self) -> Vec<Grant> {
        self.trigger.grants(self)
    }

    /// What the function must be allowed on where it sends what the function fails on.
    pub(crate) fn failures(&self) -> Vec<Grant> {
        self.trigger.failures(self)
    }

    /// Errors between it and other entries.
    pub(crate) fn check(&self, function: &str, entries: &Entries) -> Vec<Diagnostic> {
        self.trigger.check(self, function, entries)
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
        limited(object(&T::Config::fields(), parts))
    }

    fn grants(&self, item: &Item) -> Vec<Grant> {
        item.of::<T>().map(|item| T::grants(item)).unwrap_or_default()
    }

    fn failures(&self, item: &Item) -> Vec<Grant> {
        item.of::<T>().map(|item| T::failures(item)).unwrap_or_default()
    }

    fn check(&self, item: &Item, function: &str, entries: &Entries) -> Vec<Diagnostic> {
        item.of::<T>().map(|item| T::check(item, function, entries)).unwrap_or_default()
    }
}

/// The shape of `triggers`.
pub(crate) fn triggers() -> Shape<Vec<Item>> {
    let item = Shape::new(Json::Null, item).described(|parts| {
        let triggers = parts.sections.triggers();
        json!({ "anyOf": triggers.map(|trigger| trigger.schema(parts)).collect::<Vec<_>>() })
    });
    list(item).refine(|value, items| {
        let mut names = BTreeSet::new();
        let mut twice = items.iter().filter(|item| !names.insert((item.kind(), item.name.as_str())));
        match twice.next() {
            Some(item) => {
                let message = format!("`{}` starts the function twice", item.name);
                value.fail(message, help("give one of the two a `name`, or remove it"))
            }
            None => Some(items),
        }
    })
}

fn item(value: Value) -> Option<Item> {
    let triggers = value.cx.scope.names.sections.triggers();
    if !matches!(value.node.kind, Node::Map(_)) {
        return value.cx.fail_at(value.span(), "a trigger must be a mapping", help(example(value)));
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
            let words: Vec<&str> = triggers.map(AnyTrigger::word).collect();
            let keys = value.node.entries().iter().map(|entry| entry.key.text.as_str());
            let meant = keys.filter_map(|key| suggest::did_you_mean(key, words.iter().copied())).next();
            let message = "a trigger must name its source";
            value.cx.fail_at(value.span(), message, meant.or_else(|| help(example(value))))
        }
    }
}

/// What a trigger looks like.
fn example(value: Value) -> String {
    let triggers = value.cx.scope.names.sections.triggers();
    let examples: Vec<String> = triggers.map(|trigger| format!("{{ {}: … }}", trigger.word())).collect();
    let examples: Vec<&str> = examples.iter().map(String::as_str).collect();
    format!("a trigger looks like {}", suggest::quoted(&examples).replace(" and ", " or "))
}

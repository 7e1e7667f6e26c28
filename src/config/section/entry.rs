//! Entries of a section: the same fields under keys of the user's own.

use std::ops::{Deref, DerefMut};

use crate::yaml::{At, Key, Kind};
use serde_json::{Value as Json, json};

use super::shape::{flag, mapping_to, part, text};
use super::{LIMITS, Section, Shape, entry_schema, object, section};
use crate::config::decode::Value;
use crate::config::existing::EXISTING;
use crate::config::tags::{Tags, tags};

/// An entry of a section: its key and its fields, with their places in the file.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry<S> {
    /// The place of its key.
    pub at: At,
    /// Its key: the name in AWS, before an environment's prefix, unless it has another one.
    pub name: String,
    /// What every entry may have.
    pub(crate) common: Common,
    places: Vec<(String, At)>,
    fields: S,
}

section! {
    /// What every entry may have.
    pub(crate) struct Common {
        /// The name in AWS, before the environment's prefix; by default the key.
        name: Option<String> = text(MAX_NAME).optional(),
        /// Tags of the entry's resources, besides those of the stack.
        tags: Tags = tags().or_empty(),
        /// As long as the entry has it, no flag replaces or deletes the resource.
        protect: bool = flag().default(false),
    }
}

impl Common {
    /// Of an entry that says nothing.
    const NONE: Self = Common { name: None, tags: Tags::new(), protect: false };
}

/// The fields of every entry that are taken out before it is decoded.
pub(crate) const OF_EVERY_ENTRY: [&str; 3] = [EXISTING, LIMITS[0], LIMITS[1]];

/// More than a name in AWS has anywhere. Each kind has its own rule.
const MAX_NAME: usize = 512;

impl<S> Entry<S> {
    /// An entry at a value of the file.
    pub(crate) fn new(value: Value, name: String, fields: S) -> Self {
        let places = value.node.entries().iter().map(|field| {
            let place = Value { key: &field.key, node: &field.value, ..value }.at();
            (field.key.text.clone(), place)
        });
        Self { at: value.key_at(), name, common: Common::NONE, places: places.collect(), fields }
    }

    /// The same with what every entry may have.
    pub(crate) fn with(self, common: Common) -> Self {
        Self { common, ..self }
    }

    /// The name in AWS, without the environment's prefix.
    pub fn aws_name(&self) -> &str {
        self.common.name.as_deref().unwrap_or(&self.name)
    }

    /// The place of the value of a field, or of the key where the field is not in the file.
    pub fn place(&self, field: &str) -> At {
        self.places.iter().find(|(name, _)| name == field).map_or(self.at, |(_, place)| *place)
    }
}

/// The fields, as if they were the entry's own.
impl<S> Deref for Entry<S> {
    type Target = S;

    fn deref(&self) -> &S {
        &self.fields
    }
}

impl<S> DerefMut for Entry<S> {
    fn deref_mut(&mut self) -> &mut S {
        &mut self.fields
    }
}

/// A section whose entries have keys.
pub(crate) trait Keyed: Section {
    /// An entry in messages, and its name in the schema.
    const WHAT: &'static str;
    /// Its name in the schema, where that word has a blank.
    const DEFINED: &'static str = Self::WHAT;
    /// Whether an entry stands for resources.
    const IS_RESOURCE: bool = true;

    /// The pattern of the keys, for editors.
    fn pattern() -> String;

    /// How an entry is written that is no mapping, where it can be one.
    fn short() -> Option<Shape<Self>> {
        None
    }

    /// Reports a name that is not valid; whether the entry can be used. The name is the text of the value's key.
    fn check_key(value: Value) -> bool;
}

/// A mapping of entries.
pub(crate) fn entries<S: Keyed>() -> Shape<Vec<Entry<S>>> {
    let entry = Shape::new(Json::Null, entry::<S>);
    let entry = entry.described(|parts| match S::IS_RESOURCE {
        true => {
            // A kind's own field of the same name says more.
            let fields = [Common::fields(), S::fields()].concat();
            let entry = entry_schema(object(&fields, parts));
            match S::short() {
                Some(short) => json!({ "oneOf": [short.schema(parts), entry] }),
                None => entry,
            }
        }
        false => object(&S::fields(), parts),
    });
    let Shape { decode, schema, .. } = part(S::DEFINED, S::ABOUT, entry);
    Shape::new(Json::Null, move |value| value.map(&decode))
        .described(move |parts| mapping_to(schema(parts), &json!({ "pattern": S::pattern() })))
}

fn entry<S: Keyed>(value: Value) -> Option<Entry<S>> {
    let key = value.key.text.clone();
    if let Some(short) = S::short().filter(|_| !matches!(value.node.kind, Kind::Map(_))) {
        let usable = S::check_key(value);
        let section = short.decode(value)?;
        return usable.then(|| Entry::new(value, key, section));
    }
    let mut fields = value.fields(format!("{} `{key}`", S::WHAT))?;
    let common = if S::IS_RESOURCE { Common::take(&mut fields) } else { Some(Common::NONE) };
    let named = common.as_ref().and_then(|common| common.name.clone()).zip(fields.value("name"));
    let named = named.map(|(text, value)| Key { text, span: value.span() });
    let usable = S::check_key(Value { key: named.as_ref().unwrap_or(value.key), ..value });
    let section = S::take(&mut fields);
    if S::IS_RESOURCE {
        fields.know(&OF_EVERY_ENTRY);
    }
    fields.finish();
    usable.then_some(())?;
    Some(Entry::new(value, key, section?).with(common?))
}

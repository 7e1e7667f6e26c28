//! Entries of a section: the same fields under keys of the user's own.

use std::ops::{Deref, DerefMut};

use crate::yaml::At;
use serde_json::{Value as Json, json};

use super::shape::{mapping_to, part};
use super::{Section, Shape};
use crate::config::decode::Value;

/// An entry of a section: its key and its fields, with their places in the file.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry<S> {
    /// The place of its key.
    pub at: At,
    /// Its key: the name in AWS, before an environment's prefix.
    pub name: String,
    places: Vec<(String, At)>,
    fields: S,
}

impl<S> Entry<S> {
    /// An entry at a value of the file.
    pub(crate) fn new(value: Value, name: String, fields: S) -> Self {
        let places = value.node.entries().iter().map(|field| {
            let place = Value { key: &field.key, node: &field.value, ..value }.at();
            (field.key.text.clone(), place)
        });
        Self { at: value.key_at(), name, places: places.collect(), fields }
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

    /// The pattern of the keys, for editors.
    fn pattern() -> String;

    /// Reports a key that is not valid; whether the entry can be used.
    fn check_key(value: Value) -> bool;
}

/// A mapping of entries.
pub(crate) fn entries<S: Keyed>() -> Shape<Vec<Entry<S>>> {
    let entry = part(S::WHAT, S::ABOUT, Shape::new(Json::Null, entry::<S>).of_fields::<S>());
    let Shape { decode, schema, .. } = entry;
    Shape::new(Json::Null, move |value| value.map(&decode))
        .described(move |parts| mapping_to(schema(parts), &json!({ "pattern": S::pattern() })))
}

fn entry<S: Keyed>(value: Value) -> Option<Entry<S>> {
    let name = value.key.text.clone();
    let usable = S::check_key(value);
    let mut fields = value.fields(format!("{} `{name}`", S::WHAT))?;
    let section = S::take(&mut fields);
    fields.finish();
    usable.then_some(())?;
    Some(Entry::new(value, name, section?))
}

//! The desired spec of a resource as a tree: what lowering makes, and what a plan compares with the observed spec.
//!
//! It is not JSON, because small maps in thousands are most of the planner's work: here a map is a list of pairs, and a field's
//! name is the program's own text. Two trees are never merged, and none is changed.

mod serialize;

use super::value::{Lookup, TEMPLATE, Word};
use super::{Part, Reference, ResourceId, Text};
use litemap::LiteMap;
use serde::Serialize;
use serde_json::{Number, Value as Json};
use std::borrow::Cow;
use std::sync::Arc;

/// A desired spec, or a part of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Desired {
    /// Nothing.
    Null,
    /// A flag.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A text, which may refer to attributes that AWS has yet to assign.
    Text(Text),
    /// A list.
    List(Vec<Desired>),
    /// A map, in the order of its keys.
    Map(LiteMap<Cow<'static, str>, Desired>),
}

impl Desired {
    /// The tree of a spec.
    ///
    /// # Errors
    /// The spec has a part that is no JSON: a map whose keys are no texts, or bytes.
    pub fn of(spec: &impl Serialize) -> Result<Self, serde_json::Error> {
        spec.serialize(serialize::ToDesired)
    }

    /// Every reference in the tree.
    pub fn references(&self) -> Vec<&Reference> {
        let mut found = Vec::new();
        self.find_references(&mut found);
        found
    }

    fn find_references<'d>(&'d self, found: &mut Vec<&'d Reference>) {
        match self {
            Desired::Text(Text::Template(parts)) => found.extend(parts.iter().filter_map(Part::reference)),
            Desired::List(items) => items.iter().for_each(|item| item.find_references(found)),
            Desired::Map(members) => members.values().for_each(|member| member.find_references(found)),
            _ => {}
        }
    }

    /// The JSON, with every reference that `lookup` knows filled in.
    pub fn resolve<'a>(&self, lookup: Lookup<'_, 'a>) -> Json {
        match self {
            Desired::Null => Json::Null,
            Desired::Bool(flag) => Json::Bool(*flag),
            Desired::Number(number) => Json::Number(number.clone()),
            Desired::Text(text) => text.resolve(lookup),
            Desired::List(items) => items.iter().map(|item| item.resolve(lookup)).collect(),
            Desired::Map(members) => {
                members.iter().map(|(key, member)| (key.to_string(), member.resolve(lookup))).collect()
            }
        }
    }

    /// The JSON, with all references as they are.
    pub fn json(&self) -> Json {
        self.resolve(&|_| None)
    }

    /// True if the tree, with every reference filled in, is this JSON. Nothing is copied: most resources equal their desired
    /// state.
    pub fn equals<'a>(&self, observed: &Json, lookup: Lookup<'_, 'a>) -> bool {
        match (self, observed) {
            (Desired::Null, Json::Null) => true,
            (Desired::Bool(flag), Json::Bool(other)) => flag == other,
            (Desired::Number(number), Json::Number(other)) => number == other,
            (Desired::Text(Text::Known(text)), Json::String(other)) => text == other,
            (Desired::Text(Text::Template(parts)), Json::String(text)) => {
                is_text(parts, text, lookup).is_some()
            }
            (Desired::List(items), Json::Array(others)) => {
                let both = items.iter().zip(others);
                items.len() == others.len()
                    && both.into_iter().all(|(item, other)| item.equals(other, lookup))
            }
            (Desired::Map(members), Json::Object(others)) => {
                let both = members.iter().zip(others);
                let equal =
                    |((key, member), (other_key, other)): ((&Cow<str>, &Desired), (&String, &Json))| {
                        key == other_key && member.equals(other, lookup)
                    };
                members.len() == others.len() && both.into_iter().all(equal)
            }
            _ => false,
        }
    }

    /// The member of a map.
    pub fn get(&self, field: &str) -> Option<&Desired> {
        match self {
            Desired::Map(members) => members.get(field),
            _ => None,
        }
    }

    /// The keys of a map; none of anything else.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        let members = match self {
            Desired::Map(members) => Some(members),
            _ => None,
        };
        members.into_iter().flat_map(LiteMap::keys).map(Cow::as_ref)
    }

    /// The text, where nothing is left to resolve.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Desired::Text(Text::Known(text)) => Some(text),
            _ => None,
        }
    }

    /// The members as a map; those of a text with references are that text.
    fn of_members(mut members: Vec<(Cow<'static, str>, Desired)>) -> Option<Self> {
        if let [(key, Desired::List(_))] = members.as_slice()
            && key == TEMPLATE
        {
            let (_, Desired::List(parts)) = members.pop()? else { return None };
            return Some(Desired::Text(Text::Template(parts.into_iter().map(part).collect::<Option<_>>()?)));
        }
        members.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        Some(Desired::Map(LiteMap::from_sorted_store_unchecked(members)))
    }
}

/// The part of a text, from the form in which it is serialized.
fn part(part: Desired) -> Option<Part> {
    match part {
        Desired::Text(Text::Known(text)) => Some(Part::Text(text)),
        Desired::List(reference) => {
            let [id, attribute] = <[Desired; 2]>::try_from(reference).ok()?;
            Some(Part::Reference(Reference { id: resource_id(id)?, attribute: word(&attribute)? }))
        }
        _ => None,
    }
}

fn resource_id(id: Desired) -> Option<ResourceId> {
    let Desired::List(members) = id else { return None };
    let mut members = members.into_iter();
    let kind = word(&members.next()?)?;
    let Desired::Text(Text::Known(name)) = members.next()? else { return None };
    let parent = members.next().map(|parent| resource_id(parent).map(Arc::new));
    Some(ResourceId { kind, name, parent: parent.map_or(Some(None), |parent| parent.map(Some))? })
}

fn word(text: &Desired) -> Option<&'static str> {
    Word::find(text.as_str()?).map(|Word(word)| word)
}

/// Some if the parts are this text.
fn is_text<'a>(parts: &[Part], text: &str, lookup: Lookup<'_, 'a>) -> Option<()> {
    let mut rest = text;
    for part in parts {
        rest = match part {
            Part::Text(text) => rest.strip_prefix(text.as_str())?,
            Part::Reference(reference) => rest.strip_prefix(lookup(reference)?)?,
        };
    }
    rest.is_empty().then_some(())
}

#[cfg(test)]
mod tests;

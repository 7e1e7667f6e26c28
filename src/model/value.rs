//! What a resource shall be, as a tree that may point to what AWS has yet to assign.

use super::ResourceId;
use litemap::LiteMap;
use serde_json::Value as Json;
use std::borrow::Cow;

/// A JSON-like tree with references. Resolving it is the only way to JSON, so an unresolved reference cannot reach AWS.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A value with nothing left to resolve.
    Known(Json),
    /// A list.
    List(Vec<Value>),
    /// A map.
    Map(Members),
    /// An attribute that AWS assigns to a resource.
    Reference(Reference),
    /// Texts and references, to be written one after the other.
    Join(Vec<Value>),
}

/// The members of a map in the order of their keys, most of which are fields' names that are known to the program. A list of
/// pairs: small maps in thousands are most of the planner's work.
pub type Members = LiteMap<Cow<'static, str>, Value>;

/// What a text begins with that stands for an unknown value: no stack file can hold NUL.
const STAND_IN: char = '\0';

/// An attribute of a resource, as its kind's `Attributes` names it: `arn`, `id`, `url`, …
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    /// The resource.
    pub id: ResourceId,
    /// The attribute.
    pub attribute: &'static str,
}

impl Value {
    /// A map from pairs.
    pub fn map<const N: usize>(pairs: [(&'static str, Value); N]) -> Self {
        Value::Map(pairs.into_iter().map(|(key, value)| (key.into(), value)).collect())
    }

    /// A reference to an attribute.
    pub fn reference(id: &ResourceId, attribute: &'static str) -> Self {
        Value::Reference(Reference { id: id.clone(), attribute })
    }

    /// Every reference in the tree.
    pub fn references(&self) -> Vec<&Reference> {
        let mut found = Vec::new();
        self.find_references(&mut found);
        found
    }

    fn find_references<'a>(&'a self, found: &mut Vec<&'a Reference>) {
        match self {
            Value::Known(_) => {}
            Value::Reference(reference) => found.push(reference),
            Value::List(items) | Value::Join(items) => {
                items.iter().for_each(|item| item.find_references(found))
            }
            Value::Map(members) => members.values().for_each(|item| item.find_references(found)),
        }
    }

    /// The tree with every reference that `lookup` knows filled in.
    pub fn resolve<'a>(&self, lookup: &dyn Fn(&Reference) -> Option<&'a str>) -> Value {
        match self {
            Value::Known(_) => self.clone(),
            Value::Reference(reference) => lookup(reference).map_or_else(|| self.clone(), Value::from),
            Value::List(items) => Value::List(items.iter().map(|item| item.resolve(lookup)).collect()).fold(),
            Value::Map(members) => {
                Value::Map(members.iter().map(|(key, value)| (key.clone(), value.resolve(lookup))).collect())
                    .fold()
            }
            Value::Join(parts) => Value::Join(parts.iter().map(|part| part.resolve(lookup)).collect()).fold(),
        }
    }

    /// True if the tree, with every reference filled in, is this JSON. Both have their keys in order.
    pub fn is<'a>(&self, json: &Json, lookup: &dyn Fn(&Reference) -> Option<&'a str>) -> bool {
        match (self, json) {
            (Value::Known(known), _) => known == json,
            (Value::List(items), Json::Array(others)) => {
                items.len() == others.len()
                    && items.iter().zip(others).all(|(item, other)| item.is(other, lookup))
            }
            (Value::Map(members), Json::Object(others)) => {
                members.len() == others.len()
                    && members
                        .iter()
                        .zip(others)
                        .all(|((key, item), (other_key, other))| key == other_key && item.is(other, lookup))
            }
            (Value::Reference(reference), Json::String(text)) => lookup(reference) == Some(text),
            (Value::Join(_), _) => matches!(self.resolve(lookup), Value::Known(known) if known == *json),
            _ => false,
        }
    }

    /// The JSON, where nothing is left to resolve.
    ///
    /// # Errors
    /// The first reference that is unresolved.
    pub fn known(&self) -> Result<Json, &Reference> {
        match self {
            Value::Known(json) => Ok(json.clone()),
            Value::Reference(reference) => Err(reference),
            Value::List(items) => items.iter().map(Value::known).collect::<Result<_, _>>().map(Json::Array),
            Value::Map(members) => members
                .iter()
                .map(|(key, value)| Ok((key.to_string(), value.known()?)))
                .collect::<Result<_, _>>()
                .map(Json::Object),
            Value::Join(parts) => {
                let texts: Vec<Json> = parts.iter().map(Value::known).collect::<Result<_, _>>()?;
                Ok(Json::String(texts.iter().map(text_of).collect()))
            }
        }
    }

    /// The tree in the form that `normal` gives to its JSON; what is unknown keeps its place. JSON that has no such form
    /// stays as it is.
    pub fn normalised(self, normal: impl Fn(&Json) -> Option<Json>) -> Value {
        let mut unknown = Vec::new();
        let json = self.with_stand_ins(&mut unknown);
        let json = normal(&json).unwrap_or(json);
        if unknown.is_empty() { Value::Known(json) } else { Value::from_stand_ins(json, &unknown) }
    }

    /// The JSON, with a text that cannot be anything else in place of each unknown value.
    fn with_stand_ins(self, unknown: &mut Vec<Value>) -> Json {
        match self {
            Value::Known(json) => json,
            Value::List(items) => items.into_iter().map(|item| item.with_stand_ins(unknown)).collect(),
            Value::Map(members) => {
                let members = members.into_iter();
                Json::Object(
                    members.map(|(key, item)| (key.into_owned(), item.with_stand_ins(unknown))).collect(),
                )
            }
            Value::Reference(_) | Value::Join(_) => {
                unknown.push(self);
                Json::String(format!("{STAND_IN}{}", unknown.len() - 1))
            }
        }
    }

    fn from_stand_ins(json: Json, unknown: &[Value]) -> Value {
        let restore = |json| Value::from_stand_ins(json, unknown);
        match json {
            Json::String(text) => {
                let index = text.strip_prefix(STAND_IN).and_then(|index| index.parse::<usize>().ok());
                match index.and_then(|index| unknown.get(index)) {
                    Some(unknown) => unknown.clone(),
                    None => text.into(),
                }
            }
            Json::Array(items) => Value::List(items.into_iter().map(restore).collect()).fold(),
            Json::Object(members) => {
                Value::Map(members.into_iter().map(|(key, item)| (key.into(), restore(item))).collect())
                    .fold()
            }
            other => other.into(),
        }
    }

    /// Turns a tree whose parts have nothing left to resolve into `Known`.
    fn fold(self) -> Value {
        let are_known = |parts: &[Value]| parts.iter().all(Value::is_known);
        match self {
            Value::List(items) if are_known(&items) => {
                items.into_iter().filter_map(Value::json).collect::<Json>().into()
            }
            Value::Map(members) if members.values().all(Value::is_known) => {
                let members =
                    members.into_iter().filter_map(|(key, item)| Some((key.into_owned(), item.json()?)));
                Value::Known(Json::Object(members.collect()))
            }
            Value::Join(parts) if are_known(&parts) => {
                let texts = parts.into_iter().filter_map(Value::json);
                texts.map(|text| text_of(&text)).collect::<String>().into()
            }
            other => other,
        }
    }

    fn is_known(&self) -> bool {
        matches!(self, Value::Known(_))
    }

    fn json(self) -> Option<Json> {
        if let Value::Known(json) = self { Some(json) } else { None }
    }
}

fn text_of(json: &Json) -> String {
    json.as_str().map_or_else(|| json.to_string(), str::to_owned)
}

impl<T: Into<Json>> From<T> for Value {
    fn from(json: T) -> Self {
        Value::Known(json.into())
    }
}

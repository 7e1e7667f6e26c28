//! Texts of desired specs, which may refer to attributes that AWS has yet to assign, and the same in the JSON of a spec.
//!
//! In JSON, a text with references is `{"$template": [part, …]}`, and each part a text or a reference. No field of a stack file
//! can contain this key.

use super::ResourceId;
use serde::de::{DeserializeOwned, Error as _, MapAccess, SeqAccess, Visitor, value::SeqAccessDeserializer};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value as Json;
use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

/// The key that marks a text with references.
pub(crate) const TEMPLATE: &str = "$template";

/// An attribute of a resource, as its kind's `Attributes` names it: `arn`, `id`, `url`, …
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    /// The resource.
    pub id: ResourceId,
    /// The attribute.
    pub attribute: &'static str,
}

/// Looks an attribute up; `None` where AWS has yet to assign it.
pub type Lookup<'l, 'a> = &'l dyn Fn(&Reference) -> Option<&'a str>;

/// A text of a desired spec.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Text {
    /// A text with nothing left to resolve.
    Known(String),
    /// Texts and references, to be joined.
    Template(Vec<Part>),
}

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Literal text.
    Text(String),
    /// An attribute that AWS assigns to a resource.
    Reference(Reference),
}

impl Text {
    /// A reference to an attribute.
    pub fn reference(id: &ResourceId, attribute: &'static str) -> Self {
        Text::Template(vec![Part::Reference(Reference { id: id.clone(), attribute })])
    }

    /// Several texts as one.
    pub fn join(texts: impl IntoIterator<Item = Text>) -> Self {
        let (mut parts, mut last) = (Vec::new(), String::new());
        let known = |text: &mut String| Some(std::mem::take(text)).filter(|text| !text.is_empty());
        for text in texts {
            let template = match text {
                Text::Known(text) => vec![Part::Text(text)],
                Text::Template(template) => template,
            };
            for part in template {
                match part {
                    Part::Text(text) => last += &text,
                    reference => {
                        parts.extend(known(&mut last).map(Part::Text).into_iter().chain([reference]))
                    }
                }
            }
        }
        if parts.is_empty() {
            return Text::Known(last);
        }
        parts.extend(known(&mut last).map(Part::Text));
        Text::Template(parts)
    }

    /// The attributes that it refers to.
    pub(crate) fn references(&self) -> impl Iterator<Item = &Reference> {
        let parts: &[Part] = match self {
            Text::Known(_) => &[],
            Text::Template(parts) => parts,
        };
        parts.iter().filter_map(Part::reference)
    }

    /// The JSON, with every reference that `lookup` knows filled in.
    pub(crate) fn resolve<'a>(&self, lookup: Lookup<'_, 'a>) -> Json {
        let parts = match self {
            Text::Known(text) => return text.as_str().into(),
            Text::Template(parts) => parts,
        };
        let text = |part: &Part| match part {
            Part::Text(text) => Some(Cow::Owned(text.clone())),
            Part::Reference(reference) => lookup(reference).map(Cow::Borrowed),
        };
        let texts: Vec<Option<Cow<'a, str>>> = parts.iter().map(text).collect();
        if texts.iter().all(Option::is_some) {
            return texts.into_iter().flatten().collect::<String>().into();
        }
        let known = texts.into_iter().zip(parts);
        let part = |(text, part): (Option<Cow<str>>, &Part)| match text {
            Some(text) => Part::Text(text.into_owned()),
            None => part.clone(),
        };
        // It cannot fail: a part is a text or a list of texts.
        serde_json::to_value(Text::Template(known.map(part).collect())).unwrap_or_default()
    }
}

impl Part {
    /// The reference, if it is one.
    pub(crate) fn reference(&self) -> Option<&Reference> {
        match self {
            Part::Text(_) => None,
            Part::Reference(reference) => Some(reference),
        }
    }
}

impl<S: Into<String>> From<S> for Text {
    fn from(text: S) -> Self {
        Text::Known(text.into())
    }
}

/// What stands for a text in the spec of a kind: [`Text`] where it is desired, [`String`] where it is observed or sent. So a
/// spec with unresolved references cannot be sent: it has another type.
pub trait Texts:
    Serialize + DeserializeOwned + From<String> + Clone + Ord + fmt::Debug + Send + Sync + 'static
{
    /// A text with references.
    ///
    /// # Errors
    /// The first reference, where there can be none.
    fn template(parts: Vec<Part>) -> Result<Self, Reference>;
    /// True for a text with references.
    fn is_template(&self) -> bool;
}

impl Texts for Text {
    fn template(parts: Vec<Part>) -> Result<Self, Reference> {
        Ok(Text::Template(parts))
    }

    fn is_template(&self) -> bool {
        matches!(self, Text::Template(_))
    }
}

impl Texts for String {
    fn template(parts: Vec<Part>) -> Result<Self, Reference> {
        let text = |part| match part {
            Part::Text(text) => Ok(text),
            Part::Reference(reference) => Err(reference),
        };
        parts.into_iter().map(text).collect()
    }

    fn is_template(&self) -> bool {
        false
    }
}

/// The first reference of a desired spec that is left to resolve.
pub fn unresolved(json: &Json) -> Option<Reference> {
    match json {
        Json::Array(items) => items.iter().find_map(unresolved),
        Json::Object(members) => match template(json) {
            Some(parts) => parts.iter().find_map(reference),
            None => members.values().find_map(unresolved),
        },
        _ => None,
    }
}

/// The JSON of a desired spec with every reference that `lookup` knows filled in.
pub fn resolve<'a>(json: &Json, lookup: Lookup<'_, 'a>) -> Json {
    match json {
        Json::Array(items) => items.iter().map(|item| resolve(item, lookup)).collect(),
        Json::Object(members) => match template(json).and_then(|_| Text::deserialize(json).ok()) {
            Some(text) => text.resolve(lookup),
            None => members.iter().map(|(key, member)| (key.clone(), resolve(member, lookup))).collect(),
        },
        other => other.clone(),
    }
}

/// The parts of a text with references.
pub(crate) fn template(json: &Json) -> Option<&[Json]> {
    let members = json.as_object().filter(|members| members.len() == 1)?;
    members.get(TEMPLATE)?.as_array().map(Vec::as_slice)
}

/// The reference that is a part of a text.
pub(crate) fn reference(part: &Json) -> Option<Reference> {
    part.is_array().then(|| Reference::deserialize(part).ok())?
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Text::Known(text) => serializer.serialize_str(text),
            Text::Template(parts) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry(TEMPLATE, parts)?;
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;

        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_str<E>(self, text: &str) -> Result<Text, E> {
                Ok(text.into())
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Text, A::Error> {
                let Some(TEMPLATE) = map.next_key::<String>()?.as_deref() else {
                    return Err(A::Error::custom("invalid type: map, expected a text"));
                };
                Ok(Text::Template(map.next_value()?))
            }
        }

        deserializer.deserialize_any(TextVisitor)
    }
}

impl Serialize for Part {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Part::Text(text) => serializer.serialize_str(text),
            Part::Reference(reference) => reference.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Part {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PartVisitor;

        impl<'de> Visitor<'de> for PartVisitor {
            type Value = Part;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a text or a reference")
            }

            fn visit_str<E>(self, text: &str) -> Result<Part, E> {
                Ok(Part::Text(text.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Part, A::Error> {
                Reference::deserialize(SeqAccessDeserializer::new(seq)).map(Part::Reference)
            }
        }

        deserializer.deserialize_any(PartVisitor)
    }
}

/// `[id, attribute]`.
impl Serialize for Reference {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (&self.id, Word(self.attribute)).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Reference {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (id, Word(attribute)) = Deserialize::deserialize(deserializer)?;
        Ok(Reference { id, attribute })
    }
}

/// `[kind, name]`, and the parent where there is one.
impl Serialize for ResourceId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let ResourceId { kind, name, parent } = self;
        match parent {
            Some(parent) => (Word(kind), name, &**parent).serialize(serializer),
            None => (Word(kind), name).serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for ResourceId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct IdVisitor;

        impl<'de> Visitor<'de> for IdVisitor {
            type Value = ResourceId;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("the id of a resource")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<ResourceId, A::Error> {
                let missing = |what| A::Error::custom(format!("an id without {what}"));
                let Word(kind) = seq.next_element()?.ok_or_else(|| missing("kind"))?;
                let name = seq.next_element()?.ok_or_else(|| missing("name"))?;
                Ok(ResourceId { kind, name, parent: seq.next_element::<ResourceId>()?.map(Arc::new) })
            }
        }

        deserializer.deserialize_seq(IdVisitor)
    }
}

/// The name of a kind or of an attribute.
pub(super) struct Word(pub(super) &'static str);

/// Every [`Word`] that was written. References are read only from JSON that this run has written, so each word is found here
/// again as the program's own text. No registry of kinds is needed, and nothing grows with the input: the table holds only
/// texts that are part of the program.
static WORDS: RwLock<Vec<&'static str>> = RwLock::new(Vec::new());

impl Word {
    pub(super) fn find(text: &str) -> Option<Self> {
        let words = WORDS.read().unwrap_or_else(PoisonError::into_inner);
        words.iter().find(|word| **word == text).map(|word| Word(word))
    }
}

impl Serialize for Word {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if Word::find(self.0).is_none() {
            WORDS.write().unwrap_or_else(PoisonError::into_inner).push(self.0);
        }
        serializer.serialize_str(self.0)
    }
}

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct WordVisitor;

        impl Visitor<'_> for WordVisitor {
            type Value = Word;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("the name of a kind or of an attribute")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Word, E> {
                Word::find(text).ok_or_else(|| E::custom(format!("`{text}` is no kind and no attribute")))
            }
        }

        deserializer.deserialize_str(WordVisitor)
    }
}

#[cfg(test)]
mod tests;

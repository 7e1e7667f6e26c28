//! JSON whose texts may have references.

use crate::model::{TEMPLATE, Texts};
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Number, Value as Json};
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

/// JSON with `T` in place of its texts.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "JSON's own names")]
pub enum Tree<T = String> {
    Null,
    Bool(bool),
    Number(Number),
    Text(T),
    List(Vec<Tree<T>>),
    Map(BTreeMap<String, Tree<T>>),
}

impl Tree {
    /// What a text says: its JSON, or the text itself where it is none.
    pub(crate) fn parsed(text: &str) -> Self {
        serde_json::from_str::<Json>(text).map_or_else(|_| Tree::Text(text.to_owned()), Tree::from)
    }
}

impl<T: Texts> Tree<T> {
    /// The same as JSON.
    pub fn json(&self) -> Json {
        // It cannot fail: the keys of its maps are texts.
        serde_json::to_value(self).unwrap_or_default()
    }

    /// True if one of its texts has references.
    pub(super) fn has_templates(&self) -> bool {
        match self {
            Tree::Text(text) => text.is_template(),
            Tree::List(items) => items.iter().any(Tree::has_templates),
            Tree::Map(members) => members.values().any(Tree::has_templates),
            _ => false,
        }
    }
}

impl From<Json> for Tree {
    fn from(json: Json) -> Self {
        match json {
            Json::Null => Tree::Null,
            Json::Bool(flag) => Tree::Bool(flag),
            Json::Number(number) => Tree::Number(number),
            Json::String(text) => Tree::Text(text),
            Json::Array(items) => Tree::List(items.into_iter().map(Tree::from).collect()),
            Json::Object(members) => {
                Tree::Map(members.into_iter().map(|(key, member)| (key, member.into())).collect())
            }
        }
    }
}

impl<T: Texts> Serialize for Tree<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Tree::Null => serializer.serialize_unit(),
            Tree::Bool(flag) => serializer.serialize_bool(*flag),
            Tree::Number(number) => number.serialize(serializer),
            Tree::Text(text) => text.serialize(serializer),
            Tree::List(items) => items.serialize(serializer),
            Tree::Map(members) => members.serialize(serializer),
        }
    }
}

impl<'de, T: Texts> Deserialize<'de> for Tree<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TreeVisitor(PhantomData))
    }
}

struct TreeVisitor<T>(PhantomData<T>);

impl<'de, T: Texts> Visitor<'de> for TreeVisitor<T> {
    type Value = Tree<T>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Tree<T>, E> {
        Ok(Tree::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Tree<T>, E> {
        Ok(Tree::Bool(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Tree<T>, E> {
        Ok(Tree::Number(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Tree<T>, E> {
        Ok(Tree::Number(number.into()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Tree<T>, E> {
        Number::from_f64(number).map(Tree::Number).ok_or_else(|| E::custom("not a number of JSON"))
    }

    fn visit_str<E>(self, text: &str) -> Result<Tree<T>, E> {
        Ok(Tree::Text(text.to_owned().into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Tree<T>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Tree::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tree<T>, A::Error> {
        let mut members = BTreeMap::new();
        while let Some(key) = map.next_key::<String>()? {
            if key == TEMPLATE {
                let text = T::template(map.next_value()?);
                return text.map(Tree::Text).map_err(|reference| {
                    A::Error::custom(format!(
                        "the {} of {} is still unknown",
                        reference.attribute, reference.id
                    ))
                });
            }
            members.insert(key, map.next_value()?);
        }
        Ok(Tree::Map(members))
    }
}

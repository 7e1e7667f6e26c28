//! `pattern`: which events a rule is about.

use crate::config::decode::{Value, help};
use crate::config::section::Shape;
use crate::config::{Json, Part};
use crate::kinds::pattern::EVENTS;
use serde_json::json;

/// How many characters a pattern can have [M: EventPattern].
const MAX: usize = 4_096;

/// The shape of `pattern`.
pub(in crate::kinds) fn pattern() -> Shape<Json> {
    Shape::new(json!({ "type": "object", "minProperties": 1 }), decode)
}

fn decode(value: Value) -> Option<Json> {
    EVENTS.check(value)?;
    let json = value.json()?;
    let size = size(&json);
    if size > MAX {
        let message = format!("a pattern can have {MAX} characters as JSON; this one has {size}");
        return value.fail(message, help("shorten it, or write several triggers"));
    }
    Some(json)
}

/// How many characters it has as JSON, without what is not known yet.
fn size(json: &Json) -> usize {
    let text = |part: &Part| match part {
        Part::Text(text) => text.len(),
        _ => 0,
    };
    match json {
        Json::Null | Json::Bool(true) => 4,
        Json::Bool(false) => 5,
        Json::Number(number) => number.to_string().len(),
        Json::Text(template) => template.parts.iter().map(text).sum::<usize>() + 2,
        Json::List(items) => items.iter().map(|item| size(item) + 1).sum::<usize>() + 1,
        Json::Map(members) => {
            members.iter().map(|(key, member)| key.len() + size(member) + 4).sum::<usize>() + 1
        }
    }
}

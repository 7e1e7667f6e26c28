//! XML: the responses of the Query protocol, and both ways of REST XML.

use super::json::iso8601;
use crate::model::{Model, Shape};
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use serde_json::Value as Json;

/// The content of an element.
///
/// # Panics
/// For a member that the model does not know: the cloud must not answer what AWS would not.
pub(crate) fn encode(model: &Model, shape: &Shape, value: &Json) -> String {
    match (shape.kind.as_str(), value) {
        ("structure", Json::Object(members)) => {
            let present = members.iter().filter(|(_, value)| !value.is_null());
            let encode = |(name, value): (&String, &Json)| {
                let member = shape.members.get(name);
                let member = member.unwrap_or_else(|| panic!("{name} is in no response of AWS"));
                let (shape, wire) = (model.shape(member), member.wire_name(name));
                match (shape.flattened, value) {
                    // Each item is a member by itself.
                    (true, Json::Array(items)) => {
                        let item = model.shape(shape.member.as_ref().expect("a list has a member shape"));
                        items.iter().map(|value| element(wire, &encode(model, item, value))).collect()
                    }
                    _ => element(wire, &encode(model, shape, value)),
                }
            };
            present.map(encode).collect()
        }
        ("list", Json::Array(items)) => {
            let member = shape.member.as_ref().expect("a list has a member shape");
            let name = member.location_name.as_deref().unwrap_or("member");
            items.iter().map(|item| element(name, &encode(model, model.shape(member), item))).collect()
        }
        ("map", Json::Object(entries)) => {
            let item = shape.value.as_ref().expect("a map has a value shape");
            let entry = |(name, value): (&String, &Json)| {
                let value = encode(model, model.shape(item), value);
                element("entry", &(element("key", &escaped(name)) + &element("value", &value)))
            };
            entries.iter().map(entry).collect()
        }
        ("timestamp", Json::Number(seconds)) => iso8601(seconds.as_f64().unwrap_or_default()),
        ("string", Json::String(text)) => escaped(text),
        ("integer" | "long", Json::Number(number)) => number.to_string(),
        ("boolean", Json::Bool(flag)) => flag.to_string(),
        (kind, value) => panic!("AWS answers a {kind} and not {value}"),
    }
}

/// An element with its content.
pub(crate) fn element(name: &str, content: &str) -> String {
    format!("<{name}>{content}</{name}>")
}

/// A text within an element.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// An element of a request, without attributes.
#[derive(Debug, Default)]
pub(super) struct Element {
    name: String,
    children: Vec<Element>,
    text: String,
}

impl Element {
    /// Reads a document.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (mut open, mut rest) = (vec![Element::default()], text);
        while let Some((before, behind)) = rest.split_once('<') {
            let (tag, after) = behind.split_once('>').ok_or("a tag without an end")?;
            let inner = open.last_mut().ok_or("an end without a beginning")?;
            inner.text += &unescaped(before);
            rest = after;
            let is_empty = tag.ends_with('/');
            let name = tag.trim_end_matches('/').split_whitespace().next().unwrap_or_default();
            match name.strip_prefix('/') {
                _ if name.starts_with(['?', '!']) => {}
                None if is_empty => {
                    inner.children.push(Element { name: name.to_owned(), ..Element::default() })
                }
                None => open.push(Element { name: name.to_owned(), ..Element::default() }),
                Some(_) => {
                    let closed = open.pop().unwrap_or_default();
                    open.last_mut().ok_or("an end without a beginning")?.children.push(closed);
                }
            }
        }
        match open.as_mut_slice() {
            [whole] if !whole.children.is_empty() => Ok(whole.children.remove(0)),
            _ => Err(format!("no XML: {text}")),
        }
    }
}

fn unescaped(text: &str) -> String {
    let plain = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&apos;", "'");
    plain.replace("&#xD;", "\r").replace("&#xA;", "\n").replace("&amp;", "&")
}

/// The seconds of a time.
fn seconds(text: &str) -> Option<f64> {
    DateTime::from_str(text, Format::DateTime).ok().map(|time| time.as_secs_f64())
}

/// The value of an element. What the model does not know keeps its name, and validation refuses it.
pub(super) fn decode(model: &Model, shape: &Shape, element: &Element) -> Json {
    match shape.kind.as_str() {
        "structure" => {
            let mut members = serde_json::Map::new();
            for child in &element.children {
                let named = shape.members.iter().find(|(name, member)| member.wire_name(name) == child.name);
                let Some((name, member)) = named else {
                    members.insert(child.name.clone(), child.text.as_str().into());
                    continue;
                };
                let shape = model.shape(member);
                if shape.kind == "list" && shape.flattened {
                    let item = model.shape(shape.member.as_ref().expect("a list has a member shape"));
                    let items = members.entry(name.clone()).or_insert_with(|| Json::Array(Vec::new()));
                    items.as_array_mut().into_iter().for_each(|items| items.push(decode(model, item, child)));
                } else {
                    members.insert(name.clone(), decode(model, shape, child));
                }
            }
            Json::Object(members)
        }
        "list" => {
            let item = model.shape(shape.member.as_ref().expect("a list has a member shape"));
            element.children.iter().map(|child| decode(model, item, child)).collect()
        }
        "integer" | "long" => {
            element.text.parse::<i64>().map_or_else(|_| element.text.as_str().into(), Json::from)
        }
        "timestamp" => seconds(&element.text).map_or_else(|| element.text.as_str().into(), Json::from),
        "boolean" => element.text.parse::<bool>().map_or_else(|_| element.text.as_str().into(), Json::from),
        _ => element.text.as_str().into(),
    }
}

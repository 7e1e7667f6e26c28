//! The responses of the Query protocol, in XML.

use super::json::iso8601;
use crate::model::{Model, Shape};
use serde_json::Value as Json;

/// The content of an element.
///
/// # Panics
/// For a member that the model does not know: the cloud must not answer what AWS would not.
pub(super) fn encode(model: &Model, shape: &Shape, value: &Json) -> String {
    match (shape.kind.as_str(), value) {
        ("structure", Json::Object(members)) => {
            let present = members.iter().filter(|(_, value)| !value.is_null());
            let encode = |(name, value): (&String, &Json)| {
                let member = shape.members.get(name);
                let member = member.unwrap_or_else(|| panic!("{name} is in no response of AWS"));
                element(member.wire_name(name), &encode(model, model.shape(member), value))
            };
            present.map(encode).collect()
        }
        ("list", Json::Array(items)) => {
            let member = shape.member.as_ref().expect("a list has a member shape");
            assert!(!shape.flattened, "no flattened list is in use");
            items.iter().map(|item| element("member", &encode(model, model.shape(member), item))).collect()
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
pub(super) fn element(name: &str, content: &str) -> String {
    format!("<{name}>{content}</{name}>")
}

/// A text within an element.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

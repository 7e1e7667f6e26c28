//! The bodies of the JSON protocols: the same trees, with the names of the wire in place of the model's.

use crate::model::{Model, Shape};
use serde_json::{Map, Value as Json};

/// From the wire's names to the model's. What the model does not know keeps its name, and validation refuses it.
pub(super) fn decode(model: &Model, shape: &Shape, value: Json) -> Json {
    match (shape.kind.as_str(), value) {
        ("structure", Json::Object(members)) => {
            let named =
                |wire: &str| shape.members.iter().find(|(name, member)| member.wire_name(name) == wire);
            let members = members.into_iter().filter(|(_, value)| !value.is_null());
            let members = members.map(|(wire, value)| match named(&wire) {
                Some((name, member)) => (name.clone(), decode(model, model.shape(member), value)),
                None => (wire, value),
            });
            Json::Object(members.collect())
        }
        ("list", Json::Array(items)) => {
            let Some(member) = &shape.member else { return Json::Array(items) };
            items.into_iter().map(|item| decode(model, model.shape(member), item)).collect()
        }
        ("map", Json::Object(members)) => {
            let Some(value) = &shape.value else { return Json::Object(members) };
            let decoded =
                members.into_iter().map(|(key, item)| (key, decode(model, model.shape(value), item)));
            Json::Object(decoded.collect())
        }
        (_, value) => value,
    }
}

/// From the model's names to the wire's.
///
/// # Panics
/// For a member that the model does not know: the cloud must not answer what AWS would not.
pub(super) fn encode(model: &Model, shape: &Shape, value: &Json) -> Json {
    match (shape.kind.as_str(), value) {
        ("structure", Json::Object(members)) => {
            let encode = |(name, value): (&String, &Json)| {
                let member = shape.members.get(name);
                let member = member.unwrap_or_else(|| panic!("{name} is in no response of AWS"));
                (member.wire_name(name).to_owned(), encode(model, model.shape(member), value))
            };
            // The status is no member of the body.
            let is_status = |name: &String| {
                shape.members.get(name).is_some_and(|member| member.location.as_deref() == Some("statusCode"))
            };
            let present = members.iter().filter(|(name, value)| !value.is_null() && !is_status(name));
            Json::Object(present.map(encode).collect::<Map<_, _>>())
        }
        ("list", Json::Array(items)) => {
            let member = shape.member.as_ref().expect("a list has a member shape");
            items.iter().map(|item| encode(model, model.shape(member), item)).collect()
        }
        ("map", Json::Object(members)) => {
            let item = shape.value.as_ref().expect("a map has a value shape");
            let encoded =
                members.iter().map(|(key, value)| (key.clone(), encode(model, model.shape(item), value)));
            Json::Object(encoded.collect())
        }
        ("timestamp", Json::Number(seconds)) if shape.timestamp_format.as_deref() == Some("iso8601") => {
            iso8601(seconds.as_f64().unwrap_or_default()).into()
        }
        ("string", Json::String(_))
        | ("integer" | "long" | "float" | "double" | "timestamp", Json::Number(_))
        | ("boolean", Json::Bool(_))
        | ("blob", Json::String(_)) => value.clone(),
        (kind, value) => panic!("AWS answers a {kind} and not {value}"),
    }
}

/// A time as API Gateway and the Query protocol write it, to the second.
pub(super) fn iso8601(seconds: f64) -> String {
    let time = aws_smithy_types::DateTime::from_secs(seconds as i64);
    time.fmt(aws_smithy_types::date_time::Format::DateTime).expect("a time of our days")
}

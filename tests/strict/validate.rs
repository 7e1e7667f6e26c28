//! Every request is held against its input shape: required members, unknown ones, types, ranges, patterns, enums.

use crate::cloud::ServiceError;
use crate::constraint;
use crate::model::{Member, Model, Operation, Shape};
use crate::pattern;
use crate::wire::Call;
use serde_json::Value as Json;

/// How much of a wrong value is shown.
const MAX_REPORTED: usize = 200;

/// How a service refuses what its model does not allow.
pub(crate) fn refused(call: &Call, wrong: &str) -> ServiceError {
    let words =
        || constraint::message(call.service.model(), call.operation, &call.params, call.service.words());
    let (code, own) = call.service.invalid(call, wrong);
    ServiceError::new(code, own.or_else(words).unwrap_or_else(|| wrong.to_owned()))
}

/// Everything that is wrong with the parameters of a call; empty for a valid one.
pub(crate) fn validate(model: &Model, operation: &Operation, params: &Json) -> Vec<String> {
    let mut wrong = Vec::new();
    match &operation.input {
        Some(input) => check(model, model.shape(input), params, "", &mut wrong),
        None if params.as_object().is_some_and(|members| members.is_empty()) => {}
        None => wrong.push(format!("{} takes no parameters", operation.name)),
    }
    wrong
}

fn check(model: &Model, shape: &Shape, value: &Json, path: &str, wrong: &mut Vec<String>) {
    let mut say = |what: String| {
        let shown: String = value.to_string().chars().take(MAX_REPORTED).collect();
        wrong.push(format!("{}: {what}: {shown}", if path.is_empty() { "the request" } else { path }));
    };
    match (shape.kind.as_str(), value) {
        ("structure", Json::Object(members)) => structure(model, shape, members, path, wrong),
        ("list", Json::Array(items)) => {
            range(shape, items.len() as f64, "items", &mut say);
            let member = shape.member.as_ref().expect("a list has a member shape");
            for (index, item) in items.iter().enumerate() {
                check(model, model.shape(member), item, &format!("{path}[{index}]"), wrong);
            }
        }
        ("map", Json::Object(members)) => {
            range(shape, members.len() as f64, "entries", &mut say);
            let (key, item) = (part(&shape.key), part(&shape.value));
            for (name, value) in members {
                check(model, model.shape(key), &Json::from(name.clone()), &format!("{path} (key)"), wrong);
                check(model, model.shape(item), value, &format!("{path}.{name}"), wrong);
            }
        }
        ("string", Json::String(text)) => {
            range(shape, text.chars().count() as f64, "characters", &mut say);
            if shape.pattern.as_ref().is_some_and(|pattern| !pattern::matches(pattern, text)) {
                say(format!("does not match {}", shape.pattern.as_deref().unwrap_or_default()));
            }
            if !shape.values.is_empty() && !shape.values.contains(text) {
                say(format!("is none of {}", shape.values.join(", ")));
            }
        }
        ("integer" | "long", Json::Number(number)) if number.is_i64() || number.is_u64() => {
            range(shape, number.as_f64().unwrap_or_default(), "", &mut say);
        }
        ("float" | "double" | "timestamp", Json::Number(_)) | ("boolean", Json::Bool(_)) => {}
        // Only where a shape has no form of its own on the wire.
        ("blob", Json::String(_)) => {}
        (kind, _) => say(format!("is no {kind}")),
    }
}

fn structure(
    model: &Model,
    shape: &Shape,
    members: &serde_json::Map<String, Json>,
    path: &str,
    wrong: &mut Vec<String>,
) {
    for name in shape.required.iter().filter(|name| !members.contains_key(*name)) {
        wrong.push(format!("{path}.{name} is missing"));
    }
    for (name, value) in members {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        match shape.members.get(name) {
            Some(member) => check(model, model.shape(member), value, &path, wrong),
            None => wrong.push(format!("{path} is no member that the model knows")),
        }
    }
}

fn part(member: &Option<Member>) -> &Member {
    member.as_ref().expect("a map has a key and a value")
}

fn range(shape: &Shape, size: f64, unit: &str, say: &mut impl FnMut(String)) {
    if shape.min.is_some_and(|min| size < min) || shape.max.is_some_and(|max| size > max) {
        let bound = |bound: Option<f64>| bound.map_or_else(|| "…".to_owned(), |bound| bound.to_string());
        say(format!("{size} {unit} where {} to {} are allowed", bound(shape.min), bound(shape.max)));
    }
}

//! How services say which constraint of their model a request breaks [recorded: lambda_, events, logs, stepfunctions, iam, sns]:
//! all that is wrong stands in one sentence.

use crate::model::{Member, Model, Operation, Shape};
use crate::pattern;
use serde_json::Value as Json;

/// How much a service says of a wrong value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Words {
    /// The value, and what is allowed.
    All,
    /// Only where it stands, and the kind of the constraint.
    WithoutValues,
    /// Always the same sentence.
    Sentence(&'static str),
    /// Words of its own.
    Own,
}

/// The message about the parameters of a call; `None` where no constraint is broken, but a type.
pub(crate) fn message(model: &Model, operation: &Operation, params: &Json, words: Words) -> Option<String> {
    if let Words::Sentence(sentence) = words {
        return Some(sentence.to_owned());
    }
    let input = operation.input.as_ref().map(|input| model.shape(input))?;
    let mut wrong = Vec::new();
    check(model, input, params, "", &mut wrong);
    let said: Vec<String> = wrong
        .iter()
        .map(|Wrong { value, path, constraint }| match words {
            Words::All => format!("Value {value} at '{path}' failed to satisfy constraint: {constraint}"),
            _ => {
                let constraint = constraint.split(" set: ").next().unwrap_or_default();
                let end = if constraint.ends_with("enum value") { " set" } else { "" };
                format!("Value at '{path}' failed to satisfy constraint: {constraint}{end}")
            }
        })
        .collect();
    let plural = if said.len() == 1 { "" } else { "s" };
    (words != Words::Own && !said.is_empty())
        .then(|| format!("{} validation error{plural} detected: {}", said.len(), said.join("; ")))
}

struct Wrong {
    value: String,
    path: String,
    constraint: String,
}

fn check(model: &Model, shape: &Shape, value: &Json, path: &str, wrong: &mut Vec<Wrong>) {
    let mut say = |constraint: String| {
        wrong.push(Wrong { value: format!("'{}'", shown(value)), path: path.to_owned(), constraint });
    };
    broken(shape, value).into_iter().for_each(&mut say);
    match value {
        Json::Object(members) if shape.kind == "structure" => {
            let join =
                |name: &str| if path.is_empty() { lower(name) } else { format!("{path}.{}", lower(name)) };
            for name in shape.required.iter().filter(|name| !members.contains_key(*name)) {
                let constraint = "Member must not be null".to_owned();
                wrong.push(Wrong { value: "null".to_owned(), path: join(name), constraint });
            }
            for (name, value) in members {
                if let Some(member) = shape.members.get(name) {
                    check(model, model.shape(member), value, &join(name), wrong);
                }
            }
        }
        Json::Object(entries) => {
            let (Some(key), Some(item)) = (&shape.key, &shape.value) else { return };
            let (key, item) = (model.shape(key), model.shape(item));
            if entries.keys().any(|name| !broken(key, &Json::from(name.as_str())).is_empty()) {
                say(format!("Map keys must satisfy constraint: [{}]", all(key)));
            } else if is_scalar(item) && entries.values().any(|value| !broken(item, value).is_empty()) {
                say(format!("Map value must satisfy constraint: [{}]", all(item)));
            }
        }
        Json::Array(items) => {
            let Some(item) = shape.member.as_ref().map(|member: &Member| model.shape(member)) else { return };
            if is_scalar(item) {
                if items.iter().any(|value| !broken(item, value).is_empty()) {
                    say(format!("Member must satisfy constraint: [{}]", all(item)));
                }
                return;
            }
            for (index, value) in items.iter().enumerate() {
                check(model, item, value, &format!("{path}.{}.member", index + 1), wrong);
            }
        }
        _ => {}
    }
}

fn is_scalar(shape: &Shape) -> bool {
    !matches!(shape.kind.as_str(), "structure" | "list" | "map")
}

/// The constraints that a value breaks by itself.
fn broken(shape: &Shape, value: &Json) -> Vec<String> {
    let mut wrong = Vec::new();
    let size = match value {
        Json::String(text) => text.chars().count() as f64,
        Json::Array(items) => items.len() as f64,
        Json::Object(entries) if shape.kind == "map" => entries.len() as f64,
        Json::Number(number) => number.as_f64().unwrap_or_default(),
        _ => return wrong,
    };
    let text = value.as_str().unwrap_or_default();
    if value.is_string() && shape.pattern.as_ref().is_some_and(|pattern| !pattern::matches(pattern, text)) {
        wrong.extend(of_pattern(shape));
    }
    if value.is_string() && !shape.values.is_empty() && !shape.values.iter().any(|one| one == text) {
        wrong.extend(of_values(shape));
    }
    if shape.max.is_some_and(|max| size > max) {
        wrong.extend(of_most(shape));
    }
    if shape.min.is_some_and(|min| size < min) {
        wrong.extend(of_least(shape));
    }
    wrong
}

/// All constraints of a shape, as they are said of items.
fn all(shape: &Shape) -> String {
    let parts = [of_most(shape), of_least(shape), of_pattern(shape), of_values(shape)];
    let is_text = shape.kind == "string" && shape.values.is_empty();
    let not_null = (!is_text).then(|| "Member must not be null".to_owned());
    parts.into_iter().flatten().chain(not_null).collect::<Vec<_>>().join(", ")
}

fn of_pattern(shape: &Shape) -> Option<String> {
    shape.pattern.as_ref().map(|pattern| format!("Member must satisfy regular expression pattern: {pattern}"))
}

fn of_values(shape: &Shape) -> Option<String> {
    let values = shape.values.join(", ");
    (!shape.values.is_empty()).then(|| format!("Member must satisfy enum value set: [{values}]"))
}

fn of_most(shape: &Shape) -> Option<String> {
    let max = shape.max.map(|max| number(shape, max));
    max.map(|max| format!("Member must have {} less than or equal to {max}", measure(shape)))
}

fn of_least(shape: &Shape) -> Option<String> {
    let min = shape.min.map(|min| number(shape, min));
    min.map(|min| format!("Member must have {} greater than or equal to {min}", measure(shape)))
}

fn measure(shape: &Shape) -> &'static str {
    if matches!(shape.kind.as_str(), "integer" | "long" | "float" | "double") { "value" } else { "length" }
}

fn number(shape: &Shape, limit: f64) -> String {
    if matches!(shape.kind.as_str(), "float" | "double") { format!("{limit:?}") } else { limit.to_string() }
}

/// A value as Java shows it.
fn shown(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Array(items) => format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(", ")),
        Json::Object(entries) => {
            let entries = entries.iter().map(|(name, value)| format!("{name}={}", shown(value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

/// The name of a member with a small first letter.
fn lower(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

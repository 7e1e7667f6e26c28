//! What `triggers` of all sources share: patterns, and that the role comes first.

use super::record::Record;
use super::{EventSource, Spec};
use crate::config::decode::{Value, help};
use crate::config::existing::entry_or_arn;
use crate::config::fields::Fields;
use crate::config::section::Shape;
use crate::config::{self, At, Part};
use crate::kind::Kind;
use crate::kinds::alias::{self, Alias};
use crate::kinds::function::Function;
use crate::kinds::pattern::RECORDS;
use crate::kinds::role::{self, Role};
use crate::lower::{Lower, resource};
use crate::model::{Resource, ResourceId, Text};
use crate::yaml::Kind as Node;
use serde_json::{Value as Json, json};

/// How many patterns a mapping can have, and the characters of each [aws-facts: Event source mappings].
const MAX_FILTERS: usize = 5;
const MAX_PATTERN: usize = 4_096;

/// What a function reads: the key of an entry, or the ARN of one outside of the stack.
pub(super) fn source<K: Kind>() -> Shape<String> {
    let shape = Shape::new(json!({ "type": "string", "minLength": 1 }), entry_or_arn::<K>);
    // [DG: Lambda, "Using Lambda with Amazon SQS"]
    shape.of_region("a function reads from queues, streams and tables of its own region alone")
}

/// Patterns of what starts the function: one, or a list.
pub(super) fn filter() -> Shape<Vec<String>> {
    let many = json!({ "type": "array", "items": { "type": "object" }, "maxItems": MAX_FILTERS });
    Shape::new(json!({ "oneOf": [{ "type": "object" }, many] }), patterns)
}

/// Reports keys of the patterns that no record of the source has.
pub(super) fn check_filter(of: &Record, fields: &Fields) {
    let Some(filter) = fields.value("filter") else { return };
    match &filter.node.kind {
        Node::List(_) => {
            filter.list(|pattern| of.check(pattern));
        }
        _ => {
            of.check(filter);
        }
    }
}

/// The alias that a trigger starts; `None` for the function itself.
pub(super) fn alias_of(function: &ResourceId, named: Option<&str>, lower: &Lower) -> Option<String> {
    let key = lower.scope.identity.key(Function::NAME, &function.name);
    alias::parts(&lower.called(key, named).name).1.map(str::to_owned)
}

/// A mapping as a resource. It comes after the role of its function, which Lambda tries on the source, and after the alias that
/// it starts.
pub(super) fn mapping(
    id: ResourceId,
    at: At,
    spec: &Spec<Text>,
    function: &ResourceId,
    lower: &Lower,
) -> Resource {
    let role = ResourceId::new(Role::NAME, role::name_for(&function.name));
    let alias =
        spec.alias.as_ref().map(|alias| function.child(Alias::NAME, alias::named(&function.name, alias)));
    let is_ours = |id: &ResourceId| lower.resources.iter().any(|resource| resource.id == *id);
    let depends_on = [role].into_iter().chain(alias).filter(is_ours).collect();
    Resource { depends_on, ..resource::<EventSource>(id, at, spec) }
}

/// A pattern, or a list of patterns.
fn patterns(value: Value) -> Option<Vec<String>> {
    let one = |value: Value| {
        RECORDS.check(value)?;
        written(value)
    };
    match &value.node.kind {
        Node::Map(_) => Some(vec![one(value)?]),
        Node::List(items) if items.len() > MAX_FILTERS => {
            let message = format!("a trigger can have at most {MAX_FILTERS} patterns, not {}", items.len());
            value.fail(message, help("join some of them"))
        }
        Node::List(_) => value.list(one),
        _ => value.wrong_type("a pattern or a list of patterns", help(RECORDS.example)),
    }
}

/// A pattern as JSON.
pub(in crate::kinds) fn written(value: Value) -> Option<String> {
    let Some(json) = known(&value.json()?) else {
        return value.fail("`${…}` is not supported here", help("write the value itself"));
    };
    let text = json.to_string();
    if text.len() > MAX_PATTERN {
        let message =
            format!("a pattern can have {MAX_PATTERN} characters as JSON; this one has {}", text.len());
        return value.fail(message, help("write several patterns in a list"));
    }
    Some(text)
}

/// JSON without placeholders.
fn known(json: &config::Json) -> Option<Json> {
    let text = |part: &Part| match part {
        Part::Text(text) => Some(text.clone()),
        _ => None,
    };
    Some(match json {
        config::Json::Null => Json::Null,
        config::Json::Bool(flag) => (*flag).into(),
        config::Json::Number(number) => Json::Number(number.clone()),
        config::Json::Text(template) => template.parts.iter().map(text).collect::<Option<String>>()?.into(),
        config::Json::List(items) => items.iter().map(known).collect::<Option<Vec<_>>>()?.into(),
        config::Json::Map(members) => {
            let members = members.iter().map(|(key, member)| Some((key.clone(), known(member)?)));
            Json::Object(members.collect::<Option<_>>()?)
        }
    })
}

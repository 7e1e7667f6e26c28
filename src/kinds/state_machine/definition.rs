//! `definition`: a state machine in the Amazon States Language.

use super::section::Config;
use super::states;
use crate::config::code::file;
use crate::config::decode::help;
use crate::config::section::Shape;
use crate::config::{Grant, Json, Part};
use crate::kind::Kind as _;
use crate::kinds::function::{Function, INVOKE};
use crate::yaml::Kind;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// A mapping in the Amazon States Language, or the file in which it stands, which is read before.
pub(super) fn definition() -> Shape<BTreeMap<String, Json>> {
    let mapping = json!({ "type": "object", "required": ["StartAt", "States"] });
    let path = json!({ "type": "string", "minLength": 1, "examples": ["flow.asl.json"] });
    Shape::new(json!({ "oneOf": [mapping, path] }), |value| {
        if let Kind::Plain(_) | Kind::Text(_) = value.node.kind {
            // Why it was not read.
            file(value)?;
            return value
                .fail("only an entry itself can name the file of its definition", help("name it there"));
        }
        if !matches!(value.node.kind, Kind::Map(_)) {
            return value.wrong_type("a mapping in the Amazon States Language, or a file", help(EXAMPLE));
        }
        states::check(value);
        match value.json()? {
            Json::Map(members) => Some(members),
            _ => None,
        }
    })
}

pub(super) const EXAMPLE: &str =
    "for example `{ StartAt: Work, States: { Work: { Type: Task, Resource: …, End: true } } }`";

/// The functions of the stack that a definition names, which it may call, each by its key.
pub(super) fn functions(machine: &Config) -> BTreeSet<&str> {
    let templates = machine.definition.values().flat_map(Json::templates);
    let parts = templates.flat_map(|template| &template.parts);
    let named = parts.filter_map(|part| match part {
        Part::Attribute { kind, key, .. } if *kind == Function::NAME => Some(key.as_str()),
        _ => None,
    });
    named.collect()
}

/// What the machine's role must allow for its tasks. A task may call a version or an alias of a function
/// [aws-facts-services: Who may call whom].
pub(in crate::kinds) fn grants(machine: &Config) -> Vec<Grant> {
    let grant = |key: &str| Grant::new(Function::NAME, key, vec![INVOKE.to_owned()]);
    functions(machine).into_iter().map(grant).collect()
}

/// Whether a task waits for what it has started, with a rule that Step Functions manages [hazards: E7].
pub(super) fn waits(machine: &Config) -> bool {
    let templates = machine.definition.values().flat_map(Json::templates);
    let texts = templates.flat_map(|template| template.parts.last());
    texts.into_iter().any(|part| matches!(part, Part::Text(text) if is_awaited(text)))
}

/// Whether a resource is one that a task waits for.
pub(super) fn is_awaited(resource: &str) -> bool {
    let (before, after) = resource.rsplit_once(".sync").unwrap_or_default();
    before.contains(':') && (after.is_empty() || after == ":2")
}

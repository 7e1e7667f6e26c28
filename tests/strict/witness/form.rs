//! The members of responses as a whole: how often each is there, and with which values.

use crate::model::{Model, Shape};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

/// The members of many responses of one operation, by the path of what has them.
#[derive(Debug, Default)]
pub(super) struct Members {
    structures: BTreeMap<String, Structure>,
    /// What has a placeholder in the place of a structure.
    opaque: BTreeSet<String>,
}

/// All structures at a path.
#[derive(Debug, Default)]
struct Structure {
    count: usize,
    members: BTreeMap<String, Values>,
}

#[derive(Debug, Default)]
struct Values {
    count: usize,
    /// How often each value is there, of those that may be a default.
    values: BTreeMap<String, usize>,
}

/// A value has to be there so often, and in one of four, to be taken for a default.
const OFTEN: usize = 3;

impl Members {
    /// Adds a response.
    pub(super) fn add(&mut self, model: &Model, shape: Option<&Shape>, response: &Json) {
        self.walk(model, shape, "", response);
    }

    fn walk(&mut self, model: &Model, shape: Option<&Shape>, path: &str, value: &Json) {
        let is_map = shape.is_some_and(|shape| shape.kind == "map");
        match value {
            // The keys of a map are its user's, but for attributes.
            Json::Object(entries) if is_map && !path.to_lowercase().ends_with("attributes") => {
                let shape = shape.and_then(|shape| shape.value.as_ref()).map(|inner| model.shape(inner));
                entries.values().for_each(|inner| self.walk(model, shape, &format!("{path}{{}}"), inner));
            }
            Json::Object(members) => {
                self.structures.entry(path.to_owned()).or_default().count += 1;
                for (name, inner) in members.iter().filter(|(_, inner)| !inner.is_null()) {
                    let named = shape.and_then(|shape| shape.members.get(name));
                    let named = named.or_else(|| shape.and_then(|shape| shape.value.as_ref()));
                    let shape = named.map(|member| model.shape(member));
                    let structure = self.structures.entry(path.to_owned()).or_default();
                    let values = structure.members.entry(name.clone()).or_default();
                    values.count += 1;
                    if let Some(value) = comparable(shape, inner) {
                        *values.values.entry(value).or_default() += 1;
                    }
                    self.walk(model, shape, &join(path, name), inner);
                }
            }
            Json::Array(items) => {
                let shape = shape.and_then(|shape| shape.member.as_ref()).map(|inner| model.shape(inner));
                items.iter().for_each(|inner| self.walk(model, shape, &format!("{path}[]"), inner));
            }
            Json::String(_) if shape.is_none_or(|shape| !is_scalar(shape)) => {
                self.opaque.insert(path.to_owned());
            }
            _ => {}
        }
    }

    /// Where these differ from recorded ones.
    pub(super) fn differences(&self, recorded: &Members) -> Vec<String> {
        let mut found = Vec::new();
        for (path, theirs) in &recorded.structures {
            let Some(ours) = self.structures.get(path) else { continue };
            for (name, values) in &theirs.members {
                let (all, path) = (values.count == theirs.count, join(path, name));
                match ours.members.get(name) {
                    None if all => found.push(format!("never has {path}")),
                    None => {}
                    Some(own) => {
                        let always = own.count == ours.count;
                        found.extend((all && !always).then(|| format!("does not always have {path}")));
                        found.extend(wrong_defaults(&path, own, values));
                    }
                }
            }
            let is_new =
                |name: &&String| !theirs.members.contains_key(*name) && !recorded.opaque.contains(path);
            let new = ours.members.keys().filter(is_new);
            found.extend(new.map(|name| format!("has {}, which no recording has", join(path, name))));
        }
        found
    }
}

/// What many of the recordings say, and we never do.
fn wrong_defaults(path: &str, ours: &Values, theirs: &Values) -> Vec<String> {
    let said: Vec<&str> = ours.values.keys().map(String::as_str).collect();
    let is_default = |often: usize| often >= OFTEN && often * 4 > theirs.count;
    let missing = theirs
        .values
        .iter()
        .filter(|(value, often)| is_default(**often) && !ours.values.contains_key(*value));
    missing.map(|(value, _)| format!("never has {value} as {path}, but {}", said.join(", "))).collect()
}

/// A value that may be a default: a number, a flag, or one of few texts.
pub(super) fn comparable(shape: Option<&Shape>, value: &Json) -> Option<String> {
    let is_time = shape.is_some_and(|shape| shape.kind == "timestamp");
    match value {
        Json::Bool(flag) => Some(flag.to_string()),
        Json::Number(number) if !is_time => Some(number.to_string()),
        Json::String(text) => {
            let of_few = shape.is_some_and(|shape| shape.values.contains(text));
            let is_number =
                !text.is_empty() && text.len() < 10 && text.chars().all(|letter| letter.is_ascii_digit());
            (of_few || is_number || text == "true" || text == "false").then(|| text.clone())
        }
        _ => None,
    }
}

fn is_scalar(shape: &Shape) -> bool {
    !matches!(shape.kind.as_str(), "structure" | "list" | "map")
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

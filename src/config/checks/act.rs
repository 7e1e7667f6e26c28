//! Acts of checks: what the kinds say that can be done with their entries.

use super::body::{self, Content};
use crate::config::declared::{AnySection, Sections};
use crate::config::decode::{Value, help};
use crate::config::fields::Fields;
use crate::config::reference::known;
use crate::config::section::shape::{json_value, template};
use crate::config::section::{Parts, Shape};
use crate::config::stack::{ActOn, Body, Json};
use crate::kind::{Act, ActField};
use crate::suggest;
use crate::yaml::Kind;
use serde_json::{Value as Schema, json};
use std::collections::BTreeMap;

impl ActOn {
    /// What is done, with the entry.
    pub fn called(&self) -> String {
        let part = self.part.as_ref().map(|part| format!("/{part}")).unwrap_or_default();
        self.act.called(&format!("{}{part}", self.key))
    }
}

/// The shape of an act.
pub(super) fn act(verb: &'static str) -> Shape<ActOn> {
    Shape::new(Schema::Null, move |value| decode(value, verb)).described(move |parts| {
        let acts: Vec<Schema> = acts(verb, parts.sections).map(|(_, act)| schema(act, parts)).collect();
        if acts.len() == 1 { acts.into_iter().next().unwrap_or_default() } else { json!({ "anyOf": acts }) }
    })
}

/// What can be done under a verb, each with the section of its entries.
fn acts(
    verb: &'static str,
    sections: Sections,
) -> impl Iterator<Item = (&'static dyn AnySection, &'static Act)> + Clone {
    let of = move |section: &'static dyn AnySection| section.acts().iter().map(move |act| (section, *act));
    sections.iter().flat_map(of).filter(move |(_, act)| act.verb == verb)
}

fn schema(act: &Act, parts: &mut Parts) -> Schema {
    let entry = json!({ "type": "string", "minLength": 1 });
    if act.word.is_empty() {
        return entry;
    }
    let mut properties = serde_json::Map::from_iter([(act.word.to_owned(), entry)]);
    for ActField { name, about, is_map, .. } in act.fields {
        let of = if *is_map { json!({ "type": "object" }) } else { json!({ "type": ["string", "number"] }) };
        let mut of = of;
        of["description"] = (*about).into();
        properties.insert((*name).to_owned(), of);
    }
    if act.has_body {
        let shapes = [json_value().schema(parts), template().schema(parts), body::file().schema(parts)];
        properties.extend(body::FIELDS.iter().map(|field| (*field).to_owned()).zip(shapes));
    }
    let required = act.fields.iter().filter(|field| field.required).map(|field| field.name);
    let required: Vec<&str> = std::iter::once(act.word).chain(required).collect();
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

fn decode(value: Value, verb: &'static str) -> Option<ActOn> {
    let sections = value.cx.scope.names.sections;
    let found = |word: &str| acts(verb, sections).find(|(_, act)| act.word == word);
    if let Some((section, act)) = found("") {
        let text = value.text()?;
        let (key, part) = text.split_once('/').map_or((text, None), |(key, part)| (key, Some(part)));
        let key = entry(value, section, key)?;
        let part = part.map(str::to_owned);
        return Some(ActOn {
            act,
            kind: section.kind(),
            key,
            part,
            fields: BTreeMap::new(),
            places: BTreeMap::new(),
            body: Body::None,
        });
    }
    let words: Vec<&str> = acts(verb, sections).map(|(_, act)| act.word).collect();
    let example = || {
        let forms: Vec<String> = words.iter().map(|word| format!("{verb}: {{ {word}: … }}")).collect();
        let forms: Vec<&str> = forms.iter().map(String::as_str).collect();
        help(format!("write {}", suggest::quoted(&forms).replace(" and ", " or ")))
    };
    if !matches!(value.node.kind, Kind::Map(_)) {
        return value.wrong_type("a mapping", example());
    }
    let named = words.iter().find(|word| value.node.get(word).is_some());
    let Some((section, act)) = named.and_then(|word| found(word)) else {
        return value.fail(format!("`{verb}` must name an entry"), example());
    };
    let mut fields = value.fields(format!("`{verb}`"))?;
    let key = fields.take(act.word).and_then(|value| entry(value, section, value.text()?));
    let own = own_fields(act, &mut fields);
    let names = act.fields.iter().map(|field| field.name).chain([act.word]);
    let places = names.filter_map(|name| Some((name, fields.value(name)?.at())));
    let places = places.collect();
    let body = if act.has_body { content(&mut fields) } else { Some(Body::None) };
    fields.finish();
    Some(ActOn { act, kind: section.kind(), key: key?, part: None, fields: own?, places, body: body? })
}

fn entry(value: Value, section: &'static dyn AnySection, key: &str) -> Option<String> {
    match known(section, key, value.cx.scope.names) {
        Ok(()) => Some(key.to_owned()),
        Err(error) => value.fail(error.message, error.help),
    }
}

fn own_fields(act: &Act, fields: &mut Fields) -> Option<BTreeMap<&'static str, Json>> {
    let mut own = BTreeMap::new();
    let mut is_valid = true;
    for ActField { name, required, is_map, .. } in act.fields {
        match fields.take(name) {
            Some(value) => match field(value, *is_map) {
                Some(json) => drop(own.insert(*name, json)),
                None => is_valid = false,
            },
            None if *required => {
                fields.missing(name, if *is_map { "{ … }" } else { "…" });
                is_valid = false;
            }
            None => {}
        }
    }
    is_valid.then_some(own)
}

fn field(value: Value, is_map: bool) -> Option<Json> {
    match (&value.node.kind, is_map) {
        (Kind::Map(_), true) => value.json(),
        (_, true) => value.wrong_type("a mapping", None),
        (Kind::Map(_) | Kind::List(_) | Kind::Null, false) => value.wrong_type("text", None),
        (_, false) => value.json(),
    }
}

fn content(fields: &mut Fields) -> Option<Body> {
    let [json, text, file] = body::FIELDS.map(|field| fields.take(field));
    body::check(fields);
    let body = match json {
        Some(value) => Some(json_value().decode(value)?),
        None => None,
    };
    let text = match text {
        Some(value) => Some(template().decode(value)?),
        None => None,
    };
    let file = match file {
        Some(value) => Some(body::file().decode(value)?),
        None => None,
    };
    Some(Content { body, text, file }.into())
}

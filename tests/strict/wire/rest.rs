//! REST JSON: the operation is a method and a path.

use super::json;
use super::query::form;
use super::request::Call;
use crate::model::{Member, Model, Operation, Shape};
use crate::services::Service;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;

/// The call of a method, a path, a query and a body.
pub(super) fn decode(method: &str, path: &str, search: &str, body: &[u8]) -> Result<Call, String> {
    let services = Service::ALL.iter().filter(|service| service.model().metadata.protocol == "rest-json");
    let operations = services
        .flat_map(|service| service.model().operations.values().map(move |operation| (*service, operation)));
    let matching = operations.filter(|(_, operation)| operation.http.method == method);
    let matching = matching.filter(|(_, operation)| asked_with(operation).all(|part| has(search, part)));
    let matching = matching.filter_map(|(service, operation)| {
        Some((service, operation, captures(&operation.http.request_uri, path)?))
    });
    // Of several templates that match the one with the fewest variables is meant, and the longest query.
    let best = matching.min_by_key(|(_, operation, captured)| {
        (captured.len(), std::cmp::Reverse(asked_with(operation).count()))
    });
    let (service, operation, captured) = best.ok_or_else(|| format!("no operation for {method} {path}"))?;
    let model = service.model();
    let params = match &operation.input {
        Some(input) => params(model, operation, model.shape(input), &captured, search, body)?,
        None => Json::Object(Map::new()),
    };
    Ok(Call { service, operation, params })
}

/// The parts of a query that are always the same and belong to the name of the operation: `find=LayerVersion`.
pub(super) fn asked_with(operation: &Operation) -> impl Iterator<Item = &str> {
    let query = operation.http.request_uri.split_once('?').map(|(_, query)| query);
    query.into_iter().flat_map(|query| query.split('&'))
}

pub(super) fn has(search: &str, part: &str) -> bool {
    search.split('&').any(|given| given == part)
}

/// The variables of a path by name, where it fits the template.
fn captures(template: &str, path: &str) -> Option<BTreeMap<String, String>> {
    let template = template.split('?').next().unwrap_or_default();
    let (mut wanted, mut given) =
        (template.trim_end_matches('/').split('/'), path.trim_end_matches('/').split('/'));
    let mut captured = BTreeMap::new();
    loop {
        let (wanted, given) = match (wanted.next(), given.next()) {
            (Some(wanted), Some(given)) => (wanted, given),
            (None, None) => return Some(captured),
            _ => return None,
        };
        match wanted.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            Some(name) => {
                let value = percent_decode_str(given).decode_utf8_lossy().into_owned();
                captured.insert(name.trim_end_matches('+').to_owned(), value);
            }
            None if wanted == given => {}
            None => return None,
        }
    }
}

fn params(
    model: &'static Model,
    operation: &Operation,
    shape: &Shape,
    captured: &BTreeMap<String, String>,
    search: &str,
    body: &[u8],
) -> Result<Json, String> {
    let body: Json = match body {
        [] => Json::Object(Map::new()),
        body => serde_json::from_slice(body).map_err(|error| format!("{}: {error}", operation.name))?,
    };
    let Json::Object(mut params) = json::decode(model, shape, body) else {
        return Err(format!("{}: the body is no object", operation.name));
    };
    let placed = |place: &str, member: &Member| member.location.as_deref() == Some(place);
    if let Some(name) =
        params.keys().find(|name| shape.members.get(*name).is_some_and(|m| m.location.is_some()))
    {
        return Err(format!("{}: {name} belongs outside of the body", operation.name));
    }
    for (name, member) in shape.members.iter().filter(|(_, member)| placed("uri", member)) {
        let value = captured.get(member.wire_name(name)).filter(|value| !value.is_empty());
        let value = value.ok_or_else(|| format!("{}: no {name} in the path", operation.name))?;
        params.insert(name.clone(), typed(model.shape(member), vec![value.clone()]));
    }
    let mut fields = form_lists(search);
    for part in asked_with(operation) {
        fields.remove(part.split('=').next().unwrap_or_default());
    }
    for (name, member) in shape.members.iter().filter(|(_, member)| placed("querystring", member)) {
        if let Some(values) = fields.remove(member.wire_name(name)) {
            params.insert(name.clone(), typed(model.shape(member), values));
        }
    }
    match fields.keys().next() {
        Some(unknown) => Err(format!("{} takes no {unknown} in its query", operation.name)),
        None => Ok(Json::Object(params)),
    }
}

/// The fields of a query, each as often as it is there.
pub(super) fn form_lists(search: &str) -> BTreeMap<String, Vec<String>> {
    let mut fields: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for field in search.split('&').filter(|field| !field.is_empty()) {
        for (key, value) in form(field) {
            fields.entry(key).or_default().push(value);
        }
    }
    fields
}

pub(super) fn typed(shape: &Shape, values: Vec<String>) -> Json {
    let first = values.first().cloned().unwrap_or_default();
    match shape.kind.as_str() {
        "list" => values.into(),
        "integer" | "long" => first.parse::<i64>().map_or(Json::from(first), Json::from),
        "boolean" => first.parse::<bool>().map_or(Json::from(first), Json::from),
        _ => first.into(),
    }
}

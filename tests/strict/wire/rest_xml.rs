//! REST XML: the operation is a method and a path, the name of a bucket may stand in the host, and bodies are XML.

use super::request::Call;
use super::rest::{asked_with, form_lists, has, typed};
use super::xml::{self, Element};
use crate::model::{Model, Operation, Shape};
use crate::services::Service;
use aws_smithy_runtime_api::http::Headers;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;

/// The service that a request is signed for, if it speaks this protocol.
pub(super) fn service(headers: &Headers) -> Option<Service> {
    let signed_for = headers.get("authorization")?.split_once("Credential=")?.1.split('/').nth(3)?;
    Service::ALL.iter().copied().find(|service| {
        let metadata = &service.model().metadata;
        metadata.protocol == "rest-xml" && metadata.endpoint_prefix == signed_for
    })
}

/// The path with the name that stands before the service in the host.
pub(super) fn whole_path(service: Service, url: &str, path: &str) -> String {
    let host = url.split_once("://").map_or("", |(_, rest)| rest).split('/').next().unwrap_or_default();
    let prefix = format!(".{}.", service.model().metadata.endpoint_prefix);
    host.split_once(&prefix).map_or_else(|| path.to_owned(), |(bucket, _)| format!("/{bucket}{path}"))
}

/// The call of a request.
pub(super) fn decode(
    service: Service,
    (method, path, search): (&str, &str, &str),
    headers: &Headers,
    body: &[u8],
) -> Result<Call, String> {
    let model = service.model();
    // SDKs say the name of some operations once more.
    let search: Vec<&str> = search.split('&').filter(|part| !part.starts_with("x-id=")).collect();
    let search = search.join("&");
    let known = service.operations().map(|(name, _)| &model.operations[*name]);
    let fits = |operation: &&Operation| {
        operation.http.method == method
            && asked_with(operation).all(|part| has(&search, part) || has(&search, &format!("{part}=")))
            && required_in_query(model, operation).all(|name| search.contains(&format!("{name}=")))
    };
    let matching = known
        .filter(fits)
        .filter_map(|operation| Some((operation, captures(&operation.http.request_uri, path)?)));
    let best = matching.max_by_key(|(operation, _)| asked_with(operation).count());
    let (operation, captured) = best.ok_or_else(|| format!("no operation for {method} {path}?{search}"))?;
    let params = match &operation.input {
        Some(input) => params(model, operation, model.shape(input), (&captured, &search, headers, body))?,
        None => Json::Object(Map::new()),
    };
    Ok(Call { service, operation, params })
}

/// The fields of the query without which it is another operation.
fn required_in_query<'a>(model: &'a Model, operation: &'a Operation) -> impl Iterator<Item = &'a str> {
    let shape = operation.input.as_ref().map(|input| model.shape(input));
    shape.into_iter().flat_map(|shape| {
        let members = shape.members.iter().filter(|(name, _)| shape.required.contains(name));
        let placed = members.filter(|(_, member)| member.location.as_deref() == Some("querystring"));
        placed.map(|(name, member)| member.wire_name(name))
    })
}

/// The variables of a path. The last one may have several segments.
fn captures(template: &str, path: &str) -> Option<BTreeMap<String, String>> {
    let template = template.split('?').next().unwrap_or_default();
    let (mut rest, mut captured) = (path.strip_prefix('/')?, BTreeMap::new());
    for part in template.strip_prefix('/')?.split('/').filter(|part| !part.is_empty()) {
        let name = part.strip_prefix('{')?.strip_suffix('}')?;
        let (value, behind) = match name.strip_suffix('+') {
            Some(_) => (rest, ""),
            None => rest.split_once('/').unwrap_or((rest, "")),
        };
        rest = behind;
        let value = percent_decode_str(value).decode_utf8_lossy().into_owned();
        captured
            .insert(name.trim_end_matches('+').to_owned(), Some(value).filter(|value| !value.is_empty())?);
    }
    rest.is_empty().then_some(captured)
}

type Parts<'a> = (&'a BTreeMap<String, String>, &'a str, &'a Headers, &'a [u8]);

fn params(
    model: &'static Model,
    operation: &Operation,
    shape: &Shape,
    (captured, search, headers, body): Parts,
) -> Result<Json, String> {
    let (mut params, mut fields) = (Map::new(), form_lists(search));
    for part in asked_with(operation) {
        fields.remove(part.split('=').next().unwrap_or_default());
    }
    for (name, member) in &shape.members {
        let wire = member.wire_name(name);
        let values = match member.location.as_deref() {
            Some("uri") => captured.get(wire).map(|value| vec![value.clone()]),
            Some("querystring") => fields.remove(wire),
            Some("header") => headers.get(wire.to_lowercase()).map(|value| vec![value.to_owned()]),
            _ => None,
        };
        params.extend(values.map(|values| (name.clone(), typed(model.shape(member), values))));
    }
    if let Some(unknown) = fields.keys().next() {
        return Err(format!("{} takes no {unknown} in its query", operation.name));
    }
    let text = std::str::from_utf8(body).map_err(|error| error.to_string())?;
    if let Some((name, member)) = shape.payload.as_ref().and_then(|name| shape.members.get_key_value(name))
        && !text.is_empty()
    {
        let shape = model.shape(member);
        let value = match shape.kind.as_str() {
            "structure" => xml::decode(model, shape, &Element::parse(text)?),
            _ => text.into(),
        };
        params.insert(name.clone(), value);
    }
    Ok(Json::Object(params))
}

/// The body and the headers of a response.
pub(super) fn encode(call: &Call, output: &Json) -> (String, Vec<(&'static str, String)>) {
    let (model, operation) = (call.service.model(), call.operation);
    let Some(shape) = operation.output.as_ref().map(|output| model.shape(output)) else {
        return Default::default();
    };
    let members =
        || shape.members.iter().filter_map(|(name, member)| Some((name, member, output.get(name)?)));
    let in_headers = members().filter(|(_, member, value)| member.location.is_some() && !value.is_null());
    let headers = in_headers.map(|(name, member, value)| {
        (member.wire_name(name), value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    });
    let body = match &shape.payload {
        Some(payload) => {
            let member = &shape.members[payload];
            match (model.shape(member).kind.as_str(), output.get(payload)) {
                ("structure", Some(value)) => {
                    let root = member.location_name.as_deref().unwrap_or(payload);
                    xml::element(root, &xml::encode(model, model.shape(member), value))
                }
                (_, Some(value)) => value.as_str().unwrap_or_default().to_owned(),
                (_, None) => String::new(),
            }
        }
        None => {
            let rest = members().filter(|(_, member, _)| member.location.is_none());
            let rest: Map<String, Json> =
                rest.map(|(name, _, value)| (name.clone(), value.clone())).collect();
            match call.service.root(&operation.name) {
                Some(root) => xml::element(root, &xml::encode(model, shape, &Json::Object(rest))),
                None => String::new(),
            }
        }
    };
    (body, headers.collect())
}

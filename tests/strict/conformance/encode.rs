//! A call as an HTTP request, by AWS's models, whatever is wrong with the call: what the models do not know keeps its name,
//! and what they require may be missing.

use crate::cloud::ACCOUNT;
use crate::model::{Model, Operation, Shape};
use crate::services::Service;
use crate::wire::xml::element;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value as Json};

/// The request of a call such as `iam:CreateRole`, to a region of a cloud at a URL.
pub(super) fn request(url: &str, region: &str, call: &str, params: &Json) -> HttpRequest {
    let (service, operation) = find(call);
    let (path, body) = match service.model().metadata.protocol.as_str() {
        "query" => ("/".to_owned(), form(service.model(), operation, params)),
        "json" => ("/".to_owned(), body(service.model(), operation, params).to_string()),
        _ => rest(service.model(), operation, params),
    };
    let mut request = HttpRequest::new(SdkBody::from(body));
    request.set_method(&operation.http.method).expect("a method");
    request.set_uri(format!("{url}{path}")).expect("a URL");
    for (name, value) in in_headers(service.model(), operation, params) {
        request.headers_mut().insert(name, value);
    }
    for (name, value) in headers(service, operation, region) {
        request.headers_mut().insert(name, value);
    }
    request
}

fn find(call: &str) -> (Service, &'static Operation) {
    let (service, operation) = call.split_once(':').unwrap_or_else(|| panic!("{call} is no call"));
    let service = Service::of(service);
    let service = service.unwrap_or_else(|| panic!("{call} is of no service"));
    let operation = service.model().operations.get(operation);
    (service, operation.unwrap_or_else(|| panic!("{call} is no operation")))
}

fn headers(service: Service, operation: &Operation, region: &str) -> Vec<(&'static str, String)> {
    let metadata = &service.model().metadata;
    let content = match (metadata.protocol.as_str(), &metadata.json_version) {
        ("query", _) => "application/x-www-form-urlencoded".to_owned(),
        ("json", Some(version)) => format!("application/x-amz-json-{version}"),
        _ => "application/json".to_owned(),
    };
    // Emulators check no signature; they read the account, the region and the service from what is signed for.
    let scope = format!("{ACCOUNT}/20260101/{region}/{}/aws4_request", metadata.endpoint_prefix);
    let signature =
        format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host;x-amz-date, Signature=none");
    let mut headers = vec![("content-type", content), ("authorization", signature)];
    headers.push(("x-amz-date", "20260101T000000Z".to_owned()));
    let target = metadata.target_prefix.as_ref().map(|prefix| format!("{prefix}.{}", operation.name));
    headers.extend(target.map(|target| ("x-amz-target", target)));
    headers
}

/// What SDKs encode in paths, queries and forms.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

fn escaped(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// A scalar as a text, as paths, queries and forms have it.
fn plain(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The whole of the parameters as a body of JSON.
fn body(model: &Model, operation: &Operation, params: &Json) -> Json {
    match &operation.input {
        Some(input) => named(model, Some(model.shape(input)), params),
        None => params.clone(),
    }
}

/// A value with the names of the wire.
fn named(model: &Model, shape: Option<&Shape>, value: &Json) -> Json {
    match value {
        Json::Object(members) => {
            let member = |(name, value): (&String, &Json)| {
                let member = shape.and_then(|shape| shape.members.get(name));
                let entry = shape.and_then(|shape| shape.value.as_ref());
                let wire = member.map_or(name.as_str(), |member| member.wire_name(name));
                let inner = member.or(entry).map(|inner| model.shape(inner));
                (wire.to_owned(), named(model, inner, value))
            };
            Json::Object(members.iter().map(member).collect())
        }
        Json::Array(items) => {
            let item = shape.and_then(|shape| shape.member.as_ref()).map(|member| model.shape(member));
            items.iter().map(|value| named(model, item, value)).collect()
        }
        other => other.clone(),
    }
}

fn form(model: &Model, operation: &Operation, params: &Json) -> String {
    let version = model.metadata.api_version.clone();
    let mut out = vec![("Action".to_owned(), operation.name.clone()), ("Version".to_owned(), version)];
    fields(model, operation.input.as_ref().map(|input| model.shape(input)), "", params, &mut out);
    let fields = out.iter().map(|(name, value)| format!("{name}={}", escaped(value)));
    fields.collect::<Vec<_>>().join("&")
}

/// The fields of a form that a value takes.
fn fields(model: &Model, shape: Option<&Shape>, prefix: &str, value: &Json, out: &mut Vec<(String, String)>) {
    let under = |name: &str| if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") };
    match value {
        Json::Object(entries) if shape.is_some_and(|shape| shape.kind == "map") => {
            for (index, (name, value)) in entries.iter().enumerate() {
                out.push((under(&format!("entry.{}.key", index + 1)), name.clone()));
                fields(model, None, &under(&format!("entry.{}.value", index + 1)), value, out);
            }
        }
        Json::Object(members) => {
            for (name, value) in members {
                let member = shape.and_then(|shape| shape.members.get(name));
                let wire = member.map_or(name.as_str(), |member| member.wire_name(name));
                fields(model, member.map(|member| model.shape(member)), &under(wire), value, out);
            }
        }
        Json::Array(items) => {
            let item = shape.and_then(|shape| shape.member.as_ref()).map(|member| model.shape(member));
            for (index, value) in items.iter().enumerate() {
                fields(model, item, &under(&format!("member.{}", index + 1)), value, out);
            }
        }
        other => out.push((prefix.to_owned(), plain(other))),
    }
}

/// The path with its query, and the body, of a REST operation.
fn rest(model: &Model, operation: &Operation, params: &Json) -> (String, String) {
    let shape = operation.input.as_ref().map(|input| model.shape(input));
    let (mut path, mut query, mut rest) = (operation.http.request_uri.clone(), Vec::new(), Map::new());
    for (name, value) in params.as_object().into_iter().flatten() {
        let member = shape.and_then(|shape| shape.members.get(name));
        let wire = member.map_or(name.as_str(), |member| member.wire_name(name));
        match member.and_then(|member| member.location.as_deref()) {
            Some("uri") => {
                let value = escaped(&plain(value));
                let several = value.replace("%2F", "/");
                path =
                    path.replace(&format!("{{{wire}}}"), &value).replace(&format!("{{{wire}+}}"), &several);
            }
            Some("querystring") => {
                let values = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
                query.extend(values.iter().map(|value| format!("{wire}={}", escaped(&plain(value)))));
            }
            Some("header") => {}
            _ => drop(rest.insert(name.clone(), value.clone())),
        }
    }
    if !query.is_empty() {
        let mark = if path.contains('?') { '&' } else { '?' };
        path = format!("{path}{mark}{}", query.join("&"));
    }
    if model.metadata.protocol == "rest-xml" {
        return (path, xml(model, shape, &rest));
    }
    let body = named(model, shape, &Json::Object(rest));
    (path, if operation.http.method == "GET" { String::new() } else { body.to_string() })
}

/// The body of a call in XML: its payload, or nothing.
fn xml(model: &Model, shape: Option<&Shape>, params: &Map<String, Json>) -> String {
    let payload = shape.and_then(|shape| shape.members.get_key_value(shape.payload.as_ref()?));
    let Some((name, member)) = payload else { return String::new() };
    match params.get(name) {
        Some(Json::String(text)) => text.clone(),
        Some(value) => elements(model, model.shape(member), member.wire_name(name), value),
        None => String::new(),
    }
}

/// A value as elements of a name, whatever is wrong with it.
fn elements(model: &Model, shape: &Shape, name: &str, value: &Json) -> String {
    let member = |(name, value): (&String, &Json)| match shape.members.get(name) {
        Some(member) => elements(model, model.shape(member), member.wire_name(name), value),
        None => element(name, &plain(value)),
    };
    match (value, shape.member.as_ref()) {
        (Json::Object(members), _) => element(name, &members.iter().map(member).collect::<String>()),
        (Json::Array(items), Some(item)) => {
            let of = model.shape(item);
            let one =
                |name: &str| items.iter().map(|value| elements(model, of, name, value)).collect::<String>();
            if shape.flattened {
                one(name)
            } else {
                element(name, &one(item.location_name.as_deref().unwrap_or("member")))
            }
        }
        (other, _) => element(name, &plain(other).replace('&', "&amp;").replace('<', "&lt;")),
    }
}

/// The parameters that are headers.
fn in_headers(
    model: &'static Model,
    operation: &'static Operation,
    params: &Json,
) -> Vec<(&'static str, String)> {
    let shape = operation.input.as_ref().map(|input| model.shape(input));
    let members = shape.into_iter().flat_map(|shape| &shape.members);
    let placed = members.filter(|(_, member)| member.location.as_deref() == Some("header"));
    placed.filter_map(|(name, member)| Some((member.wire_name(name), plain(params.get(name)?)))).collect()
}

//! The Query protocol: a form goes in, with lists as `Tags.member.1.Key`, and maps as `Attributes.entry.1.key` and `….value`.

use super::request::{Call, operation};
use crate::model::{Model, Shape};
use crate::services::Service;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;

/// The call of a form.
pub(super) fn decode(body: &[u8]) -> Result<Call, String> {
    let body = str::from_utf8(body).map_err(|error| error.to_string())?;
    let mut form = form(body);
    let action = form.remove("Action").ok_or("a form without an Action")?;
    let version = form.remove("Version").ok_or("a form without a Version")?;
    let versioned = |service: &Service| {
        let metadata = &service.model().metadata;
        metadata.protocol == "query" && metadata.api_version == version
    };
    let service = Service::ALL.iter().copied().find(versioned);
    let service = service.ok_or_else(|| format!("no service of version {version}"))?;
    let model = service.model();
    let operation = operation(model, &action)?;
    let params = match &operation.input {
        Some(input) => structure(model, model.shape(input), &form, ""),
        None => Json::Object(Map::new()),
    };
    let known = |key: &&String| operation.input.is_some() && params.pointer(&pointer(&form, key)).is_some();
    match form.keys().find(|key| !known(key)) {
        Some(unknown) => Err(format!("{action} takes no {unknown}")),
        None => Ok(Call { service, operation, params }),
    }
}

/// The fields of a form.
pub(super) fn form(text: &str) -> BTreeMap<String, String> {
    let decode = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    let fields = text.split('&').filter(|field| !field.is_empty());
    fields
        .map(|field| field.split_once('=').unwrap_or((field, "")))
        .map(|(k, v)| (decode(k), decode(v)))
        .collect()
}

/// Where the value of a field of the form is in the parameters. Both fields of an entry of a map are under its key.
fn pointer(form: &BTreeMap<String, String>, key: &str) -> String {
    if let Some((map, entry)) = key.split_once(ENTRY) {
        let number = entry.split('.').next().unwrap_or_default();
        let name = form.get(&format!("{map}{ENTRY}{number}.key")).cloned().unwrap_or_default();
        return format!("/{map}/{name}");
    }
    let parts = key.split('.').filter(|part| *part != "member");
    let index = |part: &str| part.parse::<usize>().map_or_else(|_| part.to_owned(), |n| (n - 1).to_string());
    parts.map(|part| format!("/{}", index(part))).collect()
}

/// Between the name of a map and the number of an entry.
const ENTRY: &str = ".entry.";

fn structure(model: &Model, shape: &Shape, form: &BTreeMap<String, String>, prefix: &str) -> Json {
    let member = |(name, member): (&String, &crate::model::Member)| {
        let key = format!("{prefix}{}", member.wire_name(name));
        Some((name.clone(), value(model, model.shape(member), form, &key)?))
    };
    Json::Object(shape.members.iter().filter_map(member).collect())
}

fn value(model: &Model, shape: &Shape, form: &BTreeMap<String, String>, key: &str) -> Option<Json> {
    let has = |prefix: &str| form.keys().any(|key| key.starts_with(prefix));
    match shape.kind.as_str() {
        "structure" => has(&format!("{key}.")).then(|| structure(model, shape, form, &format!("{key}."))),
        "list" => {
            let member = shape.member.as_ref()?;
            let items = (1..)
                .map_while(|index| value(model, model.shape(member), form, &format!("{key}.member.{index}")));
            let items: Vec<Json> = items.collect();
            (!items.is_empty()).then_some(Json::Array(items))
        }
        "map" => {
            let item = shape.value.as_ref()?;
            let entry = |index: usize| {
                let entry = format!("{key}{ENTRY}{index}");
                let name = form.get(&format!("{entry}.key"))?.clone();
                Some((name, value(model, model.shape(item), form, &format!("{entry}.value"))?))
            };
            let entries: Map<String, Json> = (1..).map_while(entry).collect();
            (!entries.is_empty()).then_some(Json::Object(entries))
        }
        "integer" | "long" => {
            form.get(key).map(|text| text.parse().map_or(Json::from(text.as_str()), i64::into))
        }
        "boolean" => form.get(key).map(|text| text.parse().map_or(Json::from(text.as_str()), bool::into)),
        _ => form.get(key).map(|text| text.as_str().into()),
    }
}

//! From an HTTP request to a call.

use super::{json, query, rest, rest_xml};
use crate::cloud::text;
use crate::model::{Model, Operation};
use crate::services::Service;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use serde_json::Value as Json;

/// A call as the service sees it.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) service: Service,
    pub(crate) operation: &'static Operation,
    /// The parameters, by the names of the model. Blobs are in base64.
    pub(crate) params: Json,
}

/// What an HTTP request with this URL and body asks for.
///
/// # Errors
/// That it is no request of a known operation.
pub(crate) fn decode(request: &HttpRequest, url: &str, body: &[u8]) -> Result<Call, String> {
    if let Some(target) = request.headers().get("x-amz-target") {
        return targeted(target, request.headers().get("content-type").unwrap_or_default(), body);
    }
    let path_and_query = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path_and_query = path_and_query.find('/').map_or("/", |slash| &path_and_query[slash..]);
    let (path, search) = path_and_query.split_once('?').unwrap_or((path_and_query, ""));
    if let Some(service) = rest_xml::service(request.headers()) {
        let path = rest_xml::whole_path(service, url, path);
        return rest_xml::decode(service, (request.method(), &path, search), request.headers(), body);
    }
    if path == "/" {
        return query::decode(body);
    }
    rest::decode(request.method(), path, search, body)
}

/// AWS JSON: the operation is in a header.
fn targeted(target: &str, content_type: &str, body: &[u8]) -> Result<Call, String> {
    let (prefix, name) = target.split_once('.').ok_or("no operation in x-amz-target")?;
    let named = |service: &Service| service.model().metadata.target_prefix.as_deref() == Some(prefix);
    let service = Service::ALL.iter().copied().find(named).ok_or_else(|| format!("no service {prefix}"))?;
    let model = service.model();
    let version = model.metadata.json_version.as_deref().unwrap_or_default();
    if content_type != format!("application/x-amz-json-{version}") {
        return Err(format!("{target} with content type {content_type}"));
    }
    let operation = operation(model, name)?;
    let body: Json = serde_json::from_slice(body).map_err(|error| format!("{target}: {error}"))?;
    let params = match &operation.input {
        Some(input) => json::decode(model, model.shape(input), body),
        None => body,
    };
    Ok(Call { service, operation, params })
}

/// The operation of a name.
pub(super) fn operation(model: &'static Model, name: &str) -> Result<&'static Operation, String> {
    model.operations.get(name).ok_or_else(|| format!("no operation {name}"))
}

impl Call {
    /// The name by which the call is known to access control, such as `lambda:CreateFunction`.
    pub(crate) fn name(&self) -> String {
        format!("{}:{}", self.service.name(), self.operation.name)
    }

    /// The subject of the call: the parameters that name it. Of a URL the last part names it, for the rest is the cloud's.
    pub(crate) fn subject(&self) -> String {
        let names = self.service.facts().subject.iter();
        let texts = names.filter_map(|name| text(&self.params, name));
        let texts = texts.map(|text| match text.starts_with("http") {
            true => text.rsplit('/').next().unwrap_or(text),
            false => text,
        });
        texts.filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" ")
    }
}

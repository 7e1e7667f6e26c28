//! From a result or an error to HTTP.

use super::request::Call;
use super::xml::{self, element, escaped};
use super::{json, request, rest_xml};
use crate::cloud::ServiceError;
use crate::model::{Metadata, Shape};
use serde_json::{Value as Json, json};

/// An HTTP response before it is sent.
#[derive(Debug, Clone)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

/// The response to a call that succeeded.
pub(crate) fn success(call: &request::Call, output: &Json, request_id: &str) -> Response {
    let (model, operation) = (call.service.model(), call.operation);
    let shape = operation.output.as_ref().map(|output| model.shape(output));
    let protocol = model.metadata.protocol.as_str();
    let status = stated(shape, output).or_else(|| call.service.status(&operation.name));
    let status = status.or(operation.http.response_code).unwrap_or(200);
    if protocol == "rest-xml" {
        let (body, more) = rest_xml::encode(call, output);
        return Response {
            status,
            headers: headers(call, request_id).into_iter().chain(more).collect(),
            body,
        };
    }
    let body = match (protocol, shape) {
        ("query", shape) => {
            let wrapper = operation.output.as_ref().and_then(|output| output.result_wrapper.as_deref());
            let result = shape.map(|shape| xml::encode(model, shape, output)).unwrap_or_default();
            let result = wrapper.map(|wrapper| element(wrapper, &result)).unwrap_or_default();
            let metadata = element("ResponseMetadata", &element("RequestId", request_id));
            let namespace = model.metadata.xml_namespace.as_deref().unwrap_or_default();
            format!("<{0}Response xmlns=\"{namespace}\">{result}{metadata}</{0}Response>", operation.name)
        }
        (_, Some(shape)) => json::encode(model, shape, output).to_string(),
        ("json", None) => "{}".to_owned(),
        (_, None) => String::new(),
    };
    Response { status, headers: headers(call, request_id), body }
}

/// The status that a result says itself, in the member that stands for it.
fn stated(shape: Option<&Shape>, output: &Json) -> Option<u16> {
    let members = &shape?.members;
    let name = members.iter().find(|(_, member)| member.location.as_deref() == Some("statusCode"))?.0;
    output[name].as_u64().and_then(|status| u16::try_from(status).ok())
}

/// The response to a call that AWS refuses.
pub(crate) fn error(call: &Call, error: &ServiceError, request_id: &str) -> Response {
    let model = call.service.model();
    let (modelled, message) = model.error(&error.code).unwrap_or((400, "message"));
    let status = if error.status == 0 { modelled } else { error.status };
    let mut headers = headers(call, request_id);
    // A failure that says nothing at all.
    if error.code.is_empty() {
        return Response { status, headers, body: String::new() };
    }
    let body = match model.metadata.protocol.as_str() {
        "rest-xml" => {
            let details = element("Code", &error.code) + &element("Message", &escaped(&error.message));
            element("Error", &(details + &element("RequestId", request_id)))
        }
        "query" => {
            let sender = element("Type", if status < 500 { "Sender" } else { "Receiver" });
            let details =
                sender + &element("Code", &error.code) + &element("Message", &escaped(&error.message));
            element("ErrorResponse", &(element("Error", &details) + &element("RequestId", request_id)))
        }
        protocol => {
            let mut body = json!({ message: error.message });
            match protocol {
                "json" => body["__type"] = error.code.as_str().into(),
                _ => headers.push(("x-amzn-errortype", error.code.clone())),
            }
            call.service.dress(error, status, &mut headers, &mut body);
            body.to_string()
        }
    };
    Response { status, headers, body }
}

fn headers(call: &Call, request_id: &str) -> Vec<(&'static str, String)> {
    let metadata = &call.service.model().metadata;
    let content = match (metadata.protocol.as_str(), &metadata.json_version) {
        ("query", _) => "text/xml".to_owned(),
        ("rest-xml", _) => "application/xml".to_owned(),
        ("json", Some(version)) => format!("application/x-amz-json-{version}"),
        _ => "application/json".to_owned(),
    };
    vec![("content-type", content), (request_id_header(metadata), request_id.to_owned())]
}

fn request_id_header(metadata: &Metadata) -> &'static str {
    if metadata.protocol == "rest-xml" { "x-amz-request-id" } else { "x-amzn-requestid" }
}

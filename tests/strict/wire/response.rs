//! From an answer or a fault to HTTP.

use super::request::Call;
use super::xml::{self, element, escaped};
use super::{json, request};
use crate::cloud::Fault;
use serde_json::{Value as Json, json};

/// An HTTP answer, before it is on its way.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

/// The answer of a call that succeeded.
pub(crate) fn answer(call: &request::Call, output: &Json, request_id: &str) -> Answer {
    let (model, operation) = (call.service.model(), call.operation);
    let shape = operation.output.as_ref().map(|output| model.shape(output));
    let protocol = model.metadata.protocol.as_str();
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
    let status = operation.http.response_code.unwrap_or(200);
    Answer { status, headers: headers(call, request_id), body }
}

/// The answer of a call that AWS refuses.
pub(crate) fn fault(call: &Call, fault: &Fault, request_id: &str) -> Answer {
    let model = call.service.model();
    let (modelled, message) = model.error(&fault.code).unwrap_or((400, "message"));
    let status = if fault.status == 0 { modelled } else { fault.status };
    let mut headers = headers(call, request_id);
    // A failure that says nothing at all.
    if fault.code.is_empty() {
        return Answer { status, headers, body: String::new() };
    }
    let body = match model.metadata.protocol.as_str() {
        "query" => {
            let sender = element("Type", if status < 500 { "Sender" } else { "Receiver" });
            let error =
                sender + &element("Code", &fault.code) + &element("Message", &escaped(&fault.message));
            element("ErrorResponse", &(element("Error", &error) + &element("RequestId", request_id)))
        }
        "json" => {
            let kind = match model.metadata.target_prefix.as_deref() {
                Some("DynamoDB_20120810") => format!("com.amazonaws.dynamodb.v20120810#{}", fault.code),
                _ => fault.code.clone(),
            };
            json!({ "__type": kind, message: fault.message }).to_string()
        }
        _ => {
            headers.push(("x-amzn-errortype", fault.code.clone()));
            let mut body = json!({ message: fault.message });
            if call.service == crate::model::Service::Lambda && status == 429 {
                headers.push(("retry-after", "1".to_owned()));
                body["Reason"] = "CallerRateLimitExceeded".into();
            }
            body.to_string()
        }
    };
    Answer { status, headers, body }
}

fn headers(call: &Call, request_id: &str) -> Vec<(&'static str, String)> {
    let metadata = &call.service.model().metadata;
    let content = match (metadata.protocol.as_str(), &metadata.json_version) {
        ("query", _) => "text/xml".to_owned(),
        ("json", Some(version)) => format!("application/x-amz-json-{version}"),
        _ => "application/json".to_owned(),
    };
    vec![("content-type", content), ("x-amzn-requestid", request_id.to_owned())]
}

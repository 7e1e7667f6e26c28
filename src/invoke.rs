//! Calls a function with an event, and reads its response. It prints nothing.

use crate::aws::{Clients, Error, Result};
use aws_sdk_lambda::config::{Builder, retry::RetryConfig};
use aws_sdk_lambda::operation::invoke::InvokeOutput;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::LogType;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;
use std::time::{Duration, Instant};

/// The result of a call.
#[derive(Debug, Clone, PartialEq)]
pub struct Invocation {
    /// The response of the function, or its error.
    pub result: std::result::Result<Vec<u8>, FunctionError>,
    /// The end of what it logged, at most 4 KB, where that was asked for.
    pub log: Option<String>,
    /// How long the call took.
    pub took: Duration,
}

/// The error of a function that Lambda has called, as its runtime reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionError {
    /// The error's message.
    pub message: String,
    /// The error's type, for example `ValueError`.
    pub kind: Option<String>,
    /// The calls that led to it, as the runtime writes them.
    pub trace: Vec<String>,
}

/// Calls a function of a name in AWS, once: whether it is harmless to call it again only its author knows.
///
/// # Errors
/// Lambda did not call it, or its response was lost.
pub async fn invoke(clients: &Clients, name: &str, event: Vec<u8>, log: bool) -> Result<Invocation> {
    let start = Instant::now();
    let once = Builder::new().retry_config(RetryConfig::disabled());
    let log = if log { LogType::Tail } else { LogType::None };
    let call = clients.lambda().invoke().function_name(name).payload(Blob::new(event)).log_type(log);
    let response = call.customize().config_override(once).send().await.map_err(explain_lost)?;
    Ok(parse(response, start.elapsed()))
}

/// A lost response does not mean that the function did not run.
fn explain_lost(error: impl Into<Error>) -> Error {
    let error: Error = error.into();
    if error.is_ambiguous() {
        Error { message: format!("{}; the function may have run anyway", error.message), ..error }
    } else {
        error
    }
}

fn parse(response: InvokeOutput, took: Duration) -> Invocation {
    let log = response.log_result().and_then(|log| STANDARD.decode(log).ok());
    let log = log.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let failed = response.function_error().is_some();
    let payload = response.payload.map(Blob::into_inner).unwrap_or_default();
    let result = if failed { Err(FunctionError::read(&payload)) } else { Ok(payload) };
    Invocation { result, log, took }
}

impl FunctionError {
    /// From what a runtime reports: an object whose trace is called `stackTrace` by Python, Java and Ruby, and `trace` by
    /// Node.js. Anything else is the message.
    fn read(payload: &[u8]) -> Self {
        let report: Json = serde_json::from_slice(payload).unwrap_or_default();
        let text = |key: &str| report[key].as_str().map(str::to_owned);
        let trace = report["stackTrace"].as_array().or_else(|| report["trace"].as_array());
        let trace = trace.into_iter().flatten().filter_map(Json::as_str).map(str::to_owned).collect();
        let message = text("errorMessage").filter(|message| !message.is_empty());
        let message = message.unwrap_or_else(|| match &report {
            Json::Object(_) => "no message".to_owned(),
            _ => String::from_utf8_lossy(payload).into_owned(),
        });
        FunctionError { message, kind: text("errorType").filter(|kind| !kind.is_empty()), trace }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response() -> aws_sdk_lambda::operation::invoke::builders::InvokeOutputBuilder {
        InvokeOutput::builder().status_code(200)
    }

    fn failed(payload: &str) -> FunctionError {
        let response = response().function_error("Unhandled").payload(Blob::new(payload)).build();
        parse(response, Duration::ZERO).result.expect_err("it failed")
    }

    #[test]
    fn a_response_is_kept_byte_by_byte() {
        let payload = r#"{"number": 1.00, "error": null}"#;
        let response =
            response().payload(Blob::new(payload)).log_result(STANDARD.encode("START\nEND\n")).build();
        let invocation = parse(response, Duration::ZERO);
        assert_eq!(invocation.result, Ok(payload.as_bytes().to_vec()));
        assert_eq!(invocation.log.as_deref(), Some("START\nEND\n"));
    }

    #[test]
    fn an_error_is_read_as_each_runtime_writes_it() {
        let python = failed(
            r#"{"errorMessage": "no", "errorType": "ValueError", "requestId": "x", "stackTrace": ["  File \"a.py\"\n"]}"#,
        );
        let trace = vec!["  File \"a.py\"\n".to_owned()];
        assert_eq!(
            python,
            FunctionError {
                message: "no".to_owned(),
                kind: Some("ValueError".to_owned()),
                trace: trace.clone()
            }
        );
        let node =
            failed(r#"{"errorType": "Error", "errorMessage": "no", "trace": ["Error: no", "    at x"]}"#);
        assert_eq!(node.trace, ["Error: no", "    at x"]);
        let out_of_time = failed(r#"{"errorMessage": "Task timed out after 3.00 seconds"}"#);
        assert_eq!((out_of_time.kind, out_of_time.trace.len()), (None, 0));
        assert_eq!(failed("broken {").message, "broken {");
        assert_eq!(failed("{}").message, "no message");
    }
}

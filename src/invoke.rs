//! Calls a function with an event, and makes sense of what comes back. It prints nothing.

use crate::aws::{Clients, Error, Result};
use aws_sdk_lambda::config::{Builder, retry::RetryConfig};
use aws_sdk_lambda::operation::invoke::InvokeOutput;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::LogType;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;
use std::time::{Duration, Instant};

/// What came of a call.
#[derive(Debug, Clone, PartialEq)]
pub struct Invocation {
    /// What the function answered, or what is wrong with it.
    pub ended: std::result::Result<Vec<u8>, Failed>,
    /// The end of what it logged, at most 4 KB, where that was asked for.
    pub log: Option<String>,
    /// How long the call took.
    pub took: Duration,
}

/// A function that failed: Lambda has called it, and this is what its runtime tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
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
/// That Lambda did not call it, or that its answer was lost.
pub async fn invoke(clients: &Clients, name: &str, event: Vec<u8>, log: bool) -> Result<Invocation> {
    let start = Instant::now();
    let once = Builder::new().retry_config(RetryConfig::disabled());
    let log = if log { LogType::Tail } else { LogType::None };
    let call = clients.lambda.invoke().function_name(name).payload(Blob::new(event)).log_type(log);
    let answer = call.customize().config_override(once).send().await.map_err(explained)?;
    Ok(understood(answer, start.elapsed()))
}

/// A lost answer says nothing of the function.
fn explained(error: impl Into<Error>) -> Error {
    let error: Error = error.into();
    match error.is_ambiguous() {
        true => Error { message: format!("{}; the function may have run anyway", error.message), ..error },
        false => error,
    }
}

fn understood(answer: InvokeOutput, took: Duration) -> Invocation {
    let log = answer.log_result().and_then(|log| STANDARD.decode(log).ok());
    let log = log.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let failed = answer.function_error().is_some();
    let payload = answer.payload.map(Blob::into_inner).unwrap_or_default();
    let ended = if failed { Err(Failed::read(&payload)) } else { Ok(payload) };
    Invocation { ended, log, took }
}

impl Failed {
    /// From what a runtime tells: an object whose trace is called `stackTrace` by Python, Java and Ruby, and `trace` by
    /// Node.js. What is none is the message.
    fn read(payload: &[u8]) -> Self {
        let told: Json = serde_json::from_slice(payload).unwrap_or_default();
        let text = |key: &str| told[key].as_str().map(str::to_owned);
        let trace = told["stackTrace"].as_array().or_else(|| told["trace"].as_array());
        let trace = trace.into_iter().flatten().filter_map(Json::as_str).map(str::to_owned).collect();
        let message = text("errorMessage").filter(|message| !message.is_empty());
        let message = message.unwrap_or_else(|| match &told {
            Json::Object(_) => "no message".to_owned(),
            _ => String::from_utf8_lossy(payload).into_owned(),
        });
        Failed { message, kind: text("errorType").filter(|kind| !kind.is_empty()), trace }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer() -> aws_sdk_lambda::operation::invoke::builders::InvokeOutputBuilder {
        InvokeOutput::builder().status_code(200)
    }

    fn failed(payload: &str) -> Failed {
        let answer = answer().function_error("Unhandled").payload(Blob::new(payload)).build();
        understood(answer, Duration::ZERO).ended.expect_err("it failed")
    }

    #[test]
    fn an_answer_is_kept_byte_by_byte() {
        let payload = r#"{"number": 1.00, "error": null}"#;
        let answer = answer().payload(Blob::new(payload)).log_result(STANDARD.encode("START\nEND\n")).build();
        let invocation = understood(answer, Duration::ZERO);
        assert_eq!(invocation.ended, Ok(payload.as_bytes().to_vec()));
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
            Failed { message: "no".to_owned(), kind: Some("ValueError".to_owned()), trace: trace.clone() }
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

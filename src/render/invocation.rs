//! The response of a function, or its error.

use super::{DIM, error, json::Document, styled};
use crate::invoke::{FunctionError, Invocation};
use crate::kinds::code;
use crate::text::sanitize;
use serde_json::{Value as Json, json};

/// The response of a function: in a terminal readable, elsewhere byte by byte.
pub fn response(payload: &[u8], terminal: bool) -> String {
    let text = String::from_utf8_lossy(payload);
    if !terminal {
        return text.into_owned();
    }
    match serde_json::from_slice::<Json>(payload) {
        Ok(json) => format!("{json:#}"),
        Err(_) => sanitize(&text),
    }
}

/// The error of a function, and where in its code it happened. `help` is the next step.
pub fn failed(function: &str, failed: &FunctionError, help: &str) -> String {
    let kind = failed.kind.as_ref().map(|kind| format!("{kind}: ")).unwrap_or_default();
    let message = sanitize(&format!("function {function} failed: {kind}{}", failed.message));
    let trace = failed.trace.iter().flat_map(|frame| frame.trim_end().lines());
    let trace: String = trace.map(|line| format!("    {}\n", styled(DIM, sanitize(line)))).collect();
    format!("{trace}{}", error(&message, Some(help)))
}

/// The end of a function's log.
pub fn tail(log: &str) -> String {
    let lines: Vec<String> = log.trim_end().lines().map(|line| styled(DIM, sanitize(line))).collect();
    lines.join("\n")
}

/// The same for programs. A response that is not JSON is a text.
pub fn document(function: &str, invocation: &Invocation) -> Document {
    let response = invocation.result.as_ref().ok().map(|payload| {
        serde_json::from_slice(payload).unwrap_or_else(|_| Json::from(String::from_utf8_lossy(payload)))
    });
    let error = invocation
        .result
        .as_ref()
        .err()
        .map(|failed| json!({ "type": failed.kind, "message": failed.message, "trace": failed.trace }));
    Document::new(
        "invocation",
        json!({
            (code().0.name()): function, "error": error, "log": invocation.log, "seconds": invocation.took.as_secs_f64(),
        }),
    )
    .with("answer", response.unwrap_or_default())
}

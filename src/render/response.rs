//! The response of an API.

use super::{DIM, GREEN, RED, YELLOW, json::Document, styled};
use crate::http::Response;
use crate::text::{sanitize, sanitize_line};
use anstyle::Style;
use serde_json::{Map, Value as Json, json};
use std::time::Duration;

/// The style of a status: whose fault a failure is.
pub(super) fn style_of(status: u16) -> Style {
    match status {
        500.. => RED,
        400..=499 => YELLOW,
        _ => GREEN,
    }
}

/// A request, with the status of its response and how long that took; below, where they are wanted, its headers.
pub fn answered(method: &str, path: &str, response: &Response, took: Duration, headers: bool) -> String {
    let (status, took) = (styled(style_of(response.status), response.status), took.as_millis());
    let line = format!(
        "{} {status} {}",
        sanitize_line(&format!("{method} {path}")),
        styled(DIM, format!("{took} ms"))
    );
    let headers = response.headers.iter().filter(|_| headers);
    headers.fold(line, |text, (name, value)| {
        format!("{text}\n  {} {}", styled(DIM, format!("{}:", sanitize(name))), sanitize_line(value))
    })
}

/// The same for programs, with the body: JSON, or else a text. A header may come more than once.
pub fn document(method: &str, path: &str, response: &Response, took: Duration) -> Document {
    let mut headers = Map::new();
    for (name, value) in &response.headers {
        let values = headers.entry(name.as_str()).or_insert_with(|| Json::Array(Vec::new()));
        values.as_array_mut().into_iter().for_each(|values| values.push(value.as_str().into()));
    }
    let text = || Json::from(String::from_utf8_lossy(&response.body));
    let body = match response.body.as_slice() {
        [] => Json::Null,
        body => serde_json::from_slice(body).unwrap_or_else(|_| text()),
    };
    let members =
        json!({ "method": method, "path": path, "status": response.status, "seconds": took.as_secs_f64() });
    Document::new("response", members).with("headers", headers.into()).with("body", body)
}

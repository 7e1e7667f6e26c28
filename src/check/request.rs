//! One request of a check: filled in, sent, and its response compared.

use super::matching::{align, excerpt};
use super::{CheckFailure, Resolve};
use crate::config::{Check, Json, Part, Template};
use crate::http::{Client, Response};
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use std::collections::BTreeMap;

/// What earlier checks captured, by name.
pub(super) type Captures = BTreeMap<String, Value>;

const EXCERPT: usize = 500;
const CONTENT_TYPE: &str = "content-type";
/// What is filled into a path is one segment, or one value of the query, whatever is in it.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What no URL may hold, wherever it was written: all that is not ASCII is encoded as well.
const ILLEGAL: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// A request with all of its placeholders filled in, and the expected response.
pub(super) struct Request {
    method: String,
    path: String,
    headers: BTreeMap<String, String>,
    body: Option<Value>,
    status: u16,
    expect: Option<Value>,
    capture: BTreeMap<String, String>,
}

impl Request {
    /// Fills in everything but the path, which is filled in already, or says what is not known.
    pub(super) fn new(check: &Check, path: String, fill: Fill<'_>) -> Result<Self, String> {
        let headers = check.headers.iter().map(|(name, value)| Ok((name.clone(), fill.text(value)?)));
        Ok(Self {
            method: check.method.clone(),
            path,
            headers: headers.collect::<Result<_, String>>()?,
            body: check.body.as_ref().map(|body| fill.json(body)).transpose()?,
            status: check.status,
            expect: check.expect.as_ref().map(|body| fill.json(body)).transpose()?,
            capture: check.capture.clone(),
        })
    }

    /// Sends it, once.
    pub(super) async fn send(&self, client: &Client, base: &str) -> Result<Response, CheckFailure> {
        let url = format!("{}{}", base.trim_end_matches('/'), utf8_percent_encode(&self.path, ILLEGAL));
        let mut headers: Vec<(&str, &str)> =
            self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        if self.body.is_some() && !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(CONTENT_TYPE)) {
            headers.push((CONTENT_TYPE, "application/json"));
        }
        let body = self.body.as_ref().map(|body| body.to_string().into_bytes());
        let response = client.send(&self.method, &url, &headers, body).await;
        response.map_err(|error| CheckFailure::NoResponse(format!("{error:#}")))
    }

    /// Compares the response with the expected one, and returns what is captured from it.
    pub(super) fn compare(&self, response: &Response) -> Result<Captures, CheckFailure> {
        if response.status != self.status {
            return Err(CheckFailure::Status { expected: self.status, got: response.status });
        }
        if self.expect.is_none() && self.capture.is_empty() {
            return Ok(Captures::new());
        }
        let mut body: Value = serde_json::from_slice(&response.body)
            .map_err(|error| CheckFailure::NotJson(error.to_string()))?;
        if let Some(expected) = &self.expect {
            body = align(expected, &body).map_err(CheckFailure::Body)?;
        }
        let captured = self.capture.iter().map(|(name, pointer)| match body.pointer(pointer) {
            Some(value) => Ok((name.clone(), value.clone())),
            None => Err(CheckFailure::Capture { name: name.clone(), pointer: pointer.clone() }),
        });
        captured.collect()
    }
}

/// The beginning of a response's body.
pub(super) fn excerpt_of(response: &Response) -> String {
    excerpt(String::from_utf8_lossy(&response.body).trim(), EXCERPT)
}

/// Knows what placeholders stand for.
#[derive(Clone, Copy)]
pub(super) struct Fill<'a> {
    /// What earlier checks captured.
    pub(super) captures: &'a Captures,
    /// Everything else.
    pub(super) resolve: Resolve<'a>,
}

impl Fill<'_> {
    /// A path with every value percent-encoded. An unknown value is left as a placeholder, and the reason is returned too.
    pub(super) fn path(self, template: &Template) -> (String, Option<String>) {
        let (mut path, mut unknown) = (String::new(), None);
        for part in &template.parts {
            match (part, self.part(part)) {
                (Part::Text(text), _) => path.push_str(text),
                (_, Ok(value)) => path.extend(utf8_percent_encode(&value, RESERVED)),
                (Part::Capture(name), Err(reason)) => {
                    path.push_str(&format!("${{capture.{name}}}"));
                    unknown.get_or_insert(reason);
                }
                (_, Err(reason)) => {
                    path.push_str("${…}");
                    unknown.get_or_insert(reason);
                }
            }
        }
        (path, unknown)
    }

    fn text(self, template: &Template) -> Result<String, String> {
        template.parts.iter().map(|part| self.part(part)).collect()
    }

    fn json(self, json: &Json) -> Result<Value, String> {
        Ok(match json {
            Json::Null => Value::Null,
            Json::Bool(value) => Value::Bool(*value),
            Json::Number(number) => Value::Number(number.clone()),
            Json::Text(template) => self.text_or_capture(template)?,
            Json::List(list) => {
                Value::Array(list.iter().map(|value| self.json(value)).collect::<Result<_, _>>()?)
            }
            Json::Map(members) => {
                let filled = members.iter().map(|(name, value)| Ok((name.clone(), self.json(value)?)));
                Value::Object(filled.collect::<Result<_, String>>()?)
            }
        })
    }

    /// A capture that stands alone in JSON keeps its type: a number stays a number.
    fn text_or_capture(self, template: &Template) -> Result<Value, String> {
        match &template.parts[..] {
            [Part::Capture(name)] => self.captured(name).cloned(),
            _ => self.text(template).map(Value::String),
        }
    }

    fn part(self, part: &Part) -> Result<String, String> {
        match part {
            Part::Text(text) => Ok(text.clone()),
            Part::Capture(name) => Ok(match self.captured(name)? {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            }),
            other => (self.resolve)(other).map_err(|error| format!("{error:#}")),
        }
    }

    fn captured(&self, name: &str) -> Result<&Value, String> {
        self.captures.get(name).ok_or_else(|| format!("no earlier check captured `{name}`"))
    }
}

//! One request of a check: filled in, and sent.

use super::matching::excerpt;
use super::{CheckFailure, Resolve, Signer};
use crate::aws::sign::Unsigned;
use crate::config::{self, Body, Json, Part, Template};
use crate::http::{Client, Response, Trust, is_here, url_of};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, SystemTime};

/// What earlier checks captured, by name.
pub(super) type Captures = BTreeMap<String, Value>;

const CONNECT: Duration = Duration::from_secs(5);
const RESPONSE: Duration = Duration::from_secs(30);
const EXCERPT: usize = 500;
const CONTENT_TYPE: &str = "content-type";
/// What is filled into a path is one segment, or one value of the query, whatever is in it.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A request with all of its placeholders filled in.
pub(super) struct Request {
    method: String,
    url: String,
    headers: BTreeMap<String, String>,
    body: Option<Vec<u8>>,
    is_signed: bool,
}

impl Request {
    /// Fills in everything but the path, which is filled in already, or says what is not known. `base` is what it is sent to.
    pub(super) fn new(
        sent: &config::Request,
        base: &str,
        path: &str,
        fill: Fill<'_>,
    ) -> Result<Self, String> {
        let headers = sent.headers.iter().map(|(name, value)| Ok((name.clone(), fill.text(value)?)));
        let mut headers = headers.collect::<Result<BTreeMap<_, _>, String>>()?;
        let has_type = headers.keys().any(|name| name.eq_ignore_ascii_case(CONTENT_TYPE));
        if let Some(content_type) = content_type(&sent.body).filter(|_| !has_type) {
            headers.insert(CONTENT_TYPE.to_owned(), content_type.to_owned());
        }
        let url = url_of(if sent.is_absolute { "" } else { base }, path);
        Ok(Self {
            method: sent.method.clone(),
            url,
            headers,
            body: fill.body(&sent.body)?,
            is_signed: sent.is_signed,
        })
    }

    /// Sends it, once.
    pub(super) async fn send(&self, net: &Net<'_>) -> Result<Response, CheckFailure> {
        let own: Vec<(&str, &str)> =
            self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let signature = if self.is_signed { self.signature(&own, net)? } else { Vec::new() };
        let signature = signature.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let headers: Vec<(&str, &str)> = own.iter().copied().chain(signature).collect();
        let response = net.client(&self.url).send(&self.method, &self.url, &headers, self.body.clone()).await;
        response.map_err(|error| CheckFailure::NoResponse(format!("{error:#}")))
    }

    /// The headers that sign it.
    fn signature(&self, headers: &[(&str, &str)], net: &Net) -> Result<Vec<(String, String)>, CheckFailure> {
        let unsigned = |error: &str| CheckFailure::NoResponse(format!("it cannot be signed: {error}"));
        let Some((credentials, region)) = net.signer else {
            return Err(unsigned("there are no credentials"));
        };
        let service = if self.url.contains("lambda-url") { "lambda" } else { "execute-api" };
        let body = self.body.as_deref().unwrap_or_default();
        let request = Unsigned { method: &self.method, url: &self.url, headers, body };
        let signed = request.signed_for(service, region, credentials, SystemTime::now());
        signed.map_err(|error| unsigned(&format!("{error:#}")))
    }
}

/// The type of a body, unless `headers` says another one: what a file has is not known.
fn content_type(body: &Body) -> Option<&'static str> {
    match body {
        Body::Json(_) => Some("application/json"),
        Body::Text(_) => Some("text/plain; charset=utf-8"),
        Body::None | Body::File(_) => None,
    }
}

/// The clients, each made when the first request needs it.
pub(super) struct Net<'a> {
    trust: &'a Trust,
    /// What signs requests: the credentials, and the region.
    signer: Signer<'a>,
    here: OnceCell<Client>,
    outside: OnceCell<Client>,
}

impl<'a> Net<'a> {
    pub(super) fn new(trust: &'a Trust, signer: Signer<'a>) -> Self {
        Net { trust, signer, here: OnceCell::new(), outside: OnceCell::new() }
    }

    fn client(&self, url: &str) -> &Client {
        let client = if is_here(url) { &self.here } else { &self.outside };
        client.get_or_init(|| Client::to(url, self.trust, CONNECT, RESPONSE))
    }
}

/// The beginning of a body.
pub(super) fn excerpt_of(body: &[u8]) -> String {
    excerpt(String::from_utf8_lossy(body).trim(), EXCERPT)
}

/// Knows what placeholders stand for.
#[derive(Clone, Copy)]
pub(super) struct Fill<'a> {
    /// What earlier checks captured.
    pub(super) captures: &'a Captures,
    /// Everything else.
    pub(super) resolve: Resolve<'a>,
    /// The stack's folder.
    pub(super) folder: &'a Path,
}

impl Fill<'_> {
    /// A path with every value percent-encoded. An unknown value is left as a placeholder, and the reason is returned too.
    pub(super) fn path(self, template: &Template) -> (String, Option<String>) {
        let (mut path, mut unknown) = (String::new(), None);
        for (index, part) in template.parts.iter().enumerate() {
            match (part, self.part(part)) {
                (Part::Text(text), _) => path.push_str(text),
                // The begin of a whole URL.
                (_, Ok(value)) if index == 0 => path.push_str(&value),
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

    pub(super) fn text(self, template: &Template) -> Result<String, String> {
        template.parts.iter().map(|part| self.part(part)).collect()
    }

    /// What is sent.
    pub(super) fn body(self, body: &Body) -> Result<Option<Vec<u8>>, String> {
        Ok(match body {
            Body::None => None,
            Body::Json(json) => Some(self.json(json)?.to_string().into_bytes()),
            Body::Text(text) => Some(self.text(text)?.into_bytes()),
            Body::File(file) => {
                let unread = |error| format!("cannot read `{}`: {error}", file.display());
                Some(std::fs::read(self.folder.join(file)).map_err(unread)?)
            }
        })
    }

    pub(super) fn json(self, json: &Json) -> Result<Value, String> {
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

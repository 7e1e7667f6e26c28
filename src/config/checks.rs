//! `checks`: requests to the live API, and the responses that are expected.

use std::collections::{BTreeMap, BTreeSet};

use super::decode::{Value, help};
use super::fields::Fields;
use super::names::{is_header as is_header_name, is_made_of};
use super::reference::{Captures, Scope};
use super::section::shape::{Keys, json_value, list, map, mapping, number, part, pattern, template, text};
use super::section::{Section, Shape, limited, object, section};
use super::stack::{Check, Json, Part, Template};
use crate::suggest;
use crate::yaml::Kind;
use serde_json::{Value as Schema, json};

/// The methods that a request can have.
const METHODS: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];

/// How long a check may be retried, in seconds.
const MAX_RETRY: i64 = 900;

section! {
    /// A request, and the expected response.
    pub(crate) struct Config, checked by only_reads_are_retried {
        /// The name in the report; by default the request.
        name: Option<String> = text(256).optional(),
        /// `METHOD /path`, optionally with a query. `${…}` works.
        request: Request = pattern("^[A-Z]+ /", request)
            .with("examples", json!(["GET /items"]))
            .required("GET /items"),
        /// Request headers.
        headers: BTreeMap<String, Template> = map(Keys::new(Schema::Null, is_header), template()).or_empty(),
        /// The body, sent as JSON. `${…}` works.
        body: Option<Json> = json_value().optional(),
        /// The expected response.
        expect: Option<Expect> = mapping().optional(),
        /// Values to read from the response with a JSON pointer, for later checks: `${capture.NAME}`.
        capture: BTreeMap<String, String> = map(Keys::new(Schema::Null, is_capture), pattern("^(/.*)?$", pointer))
            .or_empty(),
        /// How long to retry the request until the check passes. Only for `GET`.
        retry_for: u64 = number("seconds", 0..=MAX_RETRY).default(0),
    }
}

section! {
    /// The expected response.
    pub(crate) struct Expect {
        /// The status code.
        status: u16 = number("", 100..=599).default(OK),
        /// The expected JSON, as a subset: an object may have more members, a list may have more elements and another order.
        body: Option<Json> = json_value().optional(),
    }
}

const OK: u16 = 200;

/// A request line.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Request {
    line: String,
    method: String,
    path: Template,
}

/// `checks`.
pub(crate) fn checks() -> Shape<Vec<Check>> {
    let check = Shape::new(Schema::Null, check);
    let check = check.described(|parts| limited(object(&Config::fields(), parts)));
    list(part("check", Config::ABOUT, check)).decoded_by(all)
}

fn all(value: Value) -> Option<Vec<Check>> {
    let names = value.cx.scope.names;
    if !names.has_url() && matches!(&value.node.kind, Kind::List(items) if !items.is_empty()) {
        value.fail_key::<()>(
            "`checks` need an `api` to send their requests to",
            help("add an `api`, or remove them"),
        );
    }
    let mut captures = Captures { earlier: BTreeSet::new(), all: captured(value) };
    value.list(|item| {
        let cx = item.cx.with_scope(Scope { names, captures: Some(&captures) });
        let decoded = check(Value { cx: &cx, ..item });
        captures.earlier.extend(captured_by(item));
        decoded
    })
}

/// The names that all checks together capture.
fn captured(value: Value<'_>) -> BTreeSet<&str> {
    match &value.node.kind {
        Kind::List(items) => items.iter().flat_map(|node| captured_by(Value { node, ..value })).collect(),
        _ => BTreeSet::new(),
    }
}

fn captured_by(check: Value<'_>) -> impl Iterator<Item = &str> {
    let capture = check.node.get("capture").map(|node| node.entries()).unwrap_or_default();
    capture.iter().map(|entry| entry.key.text.as_str())
}

fn check(value: Value) -> Option<Check> {
    if !matches!(value.node.kind, Kind::Map(_)) {
        let example = "write `- request: GET /items`";
        return value.cx.fail_at(value.span(), "a check must be a mapping", help(example));
    }
    let mut fields = value.fields_of_item("a check");
    let check = Config::take(&mut fields);
    fields.finish();
    let Config { name, request, headers, body, expect, capture, retry_for } = check?;
    let Expect { status, body: expect } = expect.unwrap_or(Expect { status: OK, body: None });
    let Request { line, method, path } = request;
    let name = name.unwrap_or(line);
    Some(Check { at: value.at(), name, method, path, headers, body, status, expect, capture, retry_for })
}

fn only_reads_are_retried(check: &<Config as Section>::Decoded, fields: &mut Fields) {
    let method = check.request.as_ref().map(|request| request.method.as_str());
    if let (Some(value), Some(method)) = (fields.value("retry_for"), method)
        && method != "GET"
    {
        let message = format!("`retry_for` works only with `GET`: a repeated `{method}` may write twice");
        value.fail_key::<()>(message, help("put a check with a `GET` and `retry_for` before this one"));
    }
}

/// `METHOD /path`.
fn request(value: Value) -> Option<Request> {
    let Some(text) = value.node.written() else { return value.wrong_type("text", None) };
    let (method, path) = text.split_once(' ').unwrap_or((&text, ""));
    if !METHODS.contains(&method) {
        return unknown_method(value, method, path);
    }
    if !path.starts_with('/') {
        let meant = help(format!("did you mean `{method} /{}`?", path.trim().trim_start_matches('/')));
        return value.fail("the path of a request must begin with `/`, after one space", meant);
    }
    let mut template = value.template()?;
    if let Some(Part::Text(first)) = template.parts.first_mut() {
        first.drain(..=method.len());
    }
    let wrong = |part: &Part| match part {
        Part::Text(text) => text.chars().find(|c| c.is_whitespace() || "{}".contains(*c)),
        _ => None,
    };
    match template.parts.iter().find_map(wrong) {
        Some('{' | '}') => value.fail(
            "a request cannot contain route variables",
            help("write a value, or `${capture.NAME}` for one that an earlier check captured"),
        ),
        Some(_) => value.fail("the path of a request cannot contain spaces", help("write `%20` for a space")),
        None => Some(Request { line: text.to_string(), method: method.to_owned(), path: template }),
    }
}

fn unknown_method<T>(value: Value, method: &str, path: &str) -> Option<T> {
    if method.starts_with('/') {
        return value.fail(
            format!("missing HTTP method before `{method}`"),
            help(format!("did you mean `GET {method}`?")),
        );
    }
    let upper = method.to_uppercase();
    let meant = if METHODS.contains(&upper.as_str()) {
        help(format!("methods are in upper case: `{upper} {path}`"))
    } else {
        suggest::did_you_mean(method, METHODS).or_else(|| help("a request looks like `GET /items`"))
    };
    value.fail(format!("unknown HTTP method `{method}`"), meant)
}

fn is_header(header: Value) -> Option<()> {
    let name = header.key.text.as_str();
    if is_header_name(name) {
        return Some(());
    }
    header.fail_key(format!("invalid header name `{name}`"), None)
}

fn is_capture(capture: Value) -> Option<()> {
    let name = capture.key.text.as_str();
    if is_made_of(name, "_-") {
        return Some(());
    }
    let message = format!("invalid capture name `{name}`");
    capture.fail_key(message, help("use letters, digits, `_` and `-`"))
}

/// A JSON pointer: empty for the whole response, or `/key/0/key`.
fn pointer(value: Value) -> Option<String> {
    let text = value.text()?;
    if !text.is_empty() && !text.starts_with('/') {
        let path = text.trim_start_matches(['$', '.']).replace(['.', '['], "/").replace(']', "");
        let message = format!("invalid JSON pointer `{text}`");
        return value.fail(message, help(format!("did you mean `/{path}`?")));
    }
    let escapes = text.match_indices('~').map(|(offset, _)| &text[offset + 1..]);
    if escapes.clone().any(|rest| !rest.starts_with(['0', '1'])) {
        let message = format!("invalid JSON pointer `{text}`");
        return value
            .fail(message, help("in a JSON pointer, write `~0` for `~`, and `~1` for a `/` in a key"));
    }
    Some(text.to_owned())
}

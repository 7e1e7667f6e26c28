//! `checks`: requests to the live API, and the responses that are expected.

use std::collections::{BTreeMap, BTreeSet};

use super::decode::{Value, help};
use super::names::is_made_of;
use super::reference::{Captures, Names, Scope};
use super::route;
use super::stack::{Check, Json, Part, Template};
use crate::suggest;
use crate::yaml::Kind;

/// The methods that a request can have.
const METHODS: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];

/// The value of `checks`.
pub(super) fn checks(value: Value, names: &Names) -> Option<Vec<Check>> {
    if !names.api && matches!(&value.node.kind, Kind::List(items) if !items.is_empty()) {
        value.fail_key::<()>(
            "`checks` need an `api` to send their requests to",
            help("add an `api`, or remove them"),
        );
    }
    let mut captures = Captures { earlier: BTreeSet::new(), all: captured(value) };
    value.list(|item| {
        let decoded = check(item, Scope { names, captures: Some(&captures) });
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

fn check(value: Value, scope: Scope) -> Option<Check> {
    if !matches!(value.node.kind, Kind::Map(_)) {
        let example = "write `- request: GET /items`";
        return value.cx.fail_at(value.span(), "a check must be a mapping", help(example));
    }
    let mut fields = value.fields_of_item("a check");
    let name = fields.optional("name", |value| value.short(256));
    let request_value = fields.take("request");
    let request = fields.required("request", "GET /items", |value| request(value, scope));
    let headers = fields.optional("headers", |value| headers(value, scope));
    let body = fields.take("body").map(|value| value.json(scope));
    let expect = fields.optional("expect", |value| expect(value, scope));
    let capture = fields.optional("capture", capture);
    let retry_value = fields.take("retry_for");
    let retry_for = retry_value.and_then(|value| value.integer("seconds", 0..=900));
    fields.finish();

    let (method, path) = request?;
    if let Some(value) = retry_value
        && method != "GET"
    {
        let message = format!("`retry_for` works only with `GET`: a repeated `{method}` may write twice");
        return value.fail_key(message, help("put a check with a `GET` and `retry_for` before this one"));
    }
    let line = request_value.and_then(|value| value.node.text());
    let expect = expect.unwrap_or(Expect { status: None, body: None });
    Some(Check {
        at: value.at(),
        name: name.or(line)?.to_owned(),
        method,
        path,
        headers: headers.unwrap_or_default(),
        body: body.flatten(),
        status: expect.status.unwrap_or(200),
        expect: expect.body,
        capture: capture.unwrap_or_default(),
        retry_for: retry_for.and_then(|seconds| u64::try_from(seconds).ok()).unwrap_or(0),
    })
}

/// `METHOD /path`.
fn request(value: Value, scope: Scope) -> Option<(String, Template)> {
    let text = value.scalar()?;
    let (method, path) = text.split_once(' ').unwrap_or((text, ""));
    if !METHODS.contains(&method) {
        return unknown_method(value, method, path);
    }
    if !path.starts_with('/') {
        let meant = help(format!("did you mean `{method} /{}`?", path.trim().trim_start_matches('/')));
        return value.fail("the path of a request must begin with `/`, after one space", meant);
    }
    let mut template = value.template(scope)?;
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
        None => Some((method.to_owned(), template)),
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

fn headers(value: Value, scope: Scope) -> Option<BTreeMap<String, Template>> {
    let headers = value.map(|header| {
        let template = header.template(scope);
        let name = header.key.text.as_str();
        if !route::is_header(name) {
            return header.fail_key(format!("invalid header name `{name}`"), None);
        }
        Some((name.to_owned(), template?))
    })?;
    Some(headers.into_iter().collect())
}

struct Expect {
    status: Option<u16>,
    body: Option<Json>,
}

fn expect(value: Value, scope: Scope) -> Option<Expect> {
    let mut fields = value.fields("`expect`")?;
    let status = fields.optional("status", |value| value.integer("", 100..=599));
    let body = fields.optional("body", |value| value.json(scope));
    fields.finish();
    Some(Expect { status: status.and_then(|status| u16::try_from(status).ok()), body })
}

fn capture(value: Value) -> Option<BTreeMap<String, String>> {
    let captures = value.map(|entry| {
        let pointer = entry.text().and_then(|text| pointer(entry, text));
        let name = entry.key.text.as_str();
        if !is_made_of(name, "_-") {
            let message = format!("invalid capture name `{name}`");
            return entry.fail_key(message, help("use letters, digits, `_` and `-`"));
        }
        Some((name.to_owned(), pointer?))
    })?;
    Some(captures.into_iter().collect())
}

/// A JSON pointer: empty for the whole response, or `/key/0/key`.
fn pointer(value: Value, text: &str) -> Option<String> {
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

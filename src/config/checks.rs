//! `checks`: what is sent to the live stack, and what is expected.

mod act;
mod body;
mod request;

use std::collections::{BTreeMap, BTreeSet};

use self::act::act;
use self::body::Content;
use self::request::{Line, request};
use super::decode::{Value, help};
use super::fields::Fields;
use super::names::{is_header as is_header_name, is_made_of};
use super::reference::{Captures, Scope};
use super::section::shape::{
    Keys, duration, flag, json_value, list, map, mapping, number, part, pattern, template, text, word,
};
use super::section::{Section, Shape, limited, object, section};
use super::stack::{self, ActOn, Check, Exchange, Json, Request, Template};
use crate::suggest;
use crate::yaml::Kind;
use serde_json::{Value as Schema, json};
use std::path::PathBuf;

/// How long a check may be retried, in seconds.
const MAX_RETRY: i64 = 900;

section! {
    /// What is done, under exactly one of `request`, `invoke`, `send`, `put`, `message`, `item` and `object`, and what is expected.
    pub(crate) struct Config, checked by fits_together {
        /// The name in the report; by default what is done.
        name: Option<String> = text(256).optional(),
        /// `METHOD /path`, optionally with a query; or a method and a whole URL. `${…}` works.
        request: Option<Line> = pattern(r"^[A-Z]+ (/|https?://|\$\{)", request)
            .with("examples", json!(["GET /items"]))
            .optional(),
        /// Who sends the request: `iam` signs it with the credentials of the command, for what IAM guards. By default it is not signed.
        sender: Option<Sender> = word(&SENDERS, |value| value.one_of(&SENDERS)).optional().key("as"),
        /// Request headers.
        headers: BTreeMap<String, Template> = map(Keys::new(Schema::Null, is_header), template()).or_empty(),
        /// The body of the request, sent as JSON. `${…}` works.
        body: Option<Json> = json_value().optional(),
        /// The body of the request as it is. `${…}` works.
        text: Option<Template> = template().optional(),
        /// A file in the stack's folder that is the body of the request.
        file: Option<PathBuf> = body::file().optional(),
        /// The key of a function that is called, or `FUNCTION/ALIAS`.
        invoke: Option<ActOn> = act("invoke").optional(),
        /// The event for the function, sent as JSON. `${…}` works.
        event: Option<Json> = json_value().optional(),
        /// Sends something to an entry: `{ queue: work, body: { id: 1 } }`.
        send: Option<ActOn> = act("send").optional(),
        /// Writes an object into a bucket: `{ bucket: pictures, key: in/cat.png, file: checks/cat.png }`.
        put: Option<ActOn> = act("put").optional(),
        /// Receives a message of a queue, `{ queue: work }`, and deletes the one that is as expected. Others are hidden for two
        /// seconds, and count as received.
        message: Option<ActOn> = act("message").optional(),
        /// Reads an item of a table: `{ table: orders, key: { id: "1" } }`.
        item: Option<ActOn> = act("item").optional(),
        /// Reads an object of a bucket: `{ bucket: pictures, key: out/cat.json }`.
        object: Option<ActOn> = act("object").optional(),
        /// What is expected.
        expect: Option<Expect> = mapping().optional(),
        /// Values to read from the response with a JSON pointer, for later checks: `${capture.NAME}`.
        capture: BTreeMap<String, String> = map(Keys::new(Schema::Null, is_capture), pattern("^(/.*)?$", pointer))
            .or_empty(),
        /// How long to try again until the check passes, at most 15 minutes. Only for what reads: `GET`, `message`, `item` and `object`.
        retry_for: u64 = duration(0..=MAX_RETRY).default(0),
    }
}

section! {
    /// What is expected.
    pub(crate) struct Expect {
        /// The status code of the response; by default 200.
        status: Option<u16> = number("", 100..=599).optional(),
        /// Headers of the response.
        headers: BTreeMap<String, Template> = map(Keys::new(Schema::Null, is_header), template()).or_empty(),
        /// A part of the body, as it is.
        text: Option<Template> = template().optional(),
        /// The expected JSON, as a subset: an object may have more members, a list may have more elements and another order.
        body: Option<Json> = json_value().optional(),
        /// A part of the error with which the function fails.
        error: Option<Template> = template().optional(),
        /// Whether there is an item, an object or a message.
        exists: bool = flag().default(true),
    }
}

/// Who sends a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sender {
    /// The credentials of the command.
    Iam,
}

static SENDERS: [(&str, Sender); 1] = [("iam", Sender::Iam)];

/// What a check can do, one of which it does.
const ACTS: [&str; 7] = ["request", "invoke", "send", "put", "message", "item", "object"];
/// The fields that need one of these.
const NEEDS: [(&str, &str); 6] = [
    ("as", "request"),
    ("headers", "request"),
    ("body", "request"),
    ("text", "request"),
    ("file", "request"),
    ("event", "invoke"),
];
/// The same of `expect`.
const EXPECTS: [(&str, &[&str]); 4] = [
    ("status", &["request"]),
    ("headers", &["request"]),
    ("error", &["invoke"]),
    ("exists", &["message", "item", "object"]),
];

/// `checks`.
pub(crate) fn checks() -> Shape<Vec<Check>> {
    let check = Shape::new(Schema::Null, check);
    let check = check.described(|parts| limited(object(&Config::fields(), parts)));
    list(part("check", Config::ABOUT, check)).decoded_by(all)
}

fn all(value: Value) -> Option<Vec<Check>> {
    let names = value.cx.scope.names;
    let mut captures = Captures { earlier: BTreeSet::new(), all: captured(value) };
    let checks = value.list(|item| {
        let cx = item.cx.with_scope(Scope { names, captures: Some(&captures) });
        let decoded = check(Value { cx: &cx, ..item });
        captures.earlier.extend(captured_by(item));
        decoded
    })?;
    let to_api = |check: &Check| check.request().is_some_and(|request| !request.is_absolute);
    if !names.has_endpoint() && checks.iter().any(to_api) {
        value.fail_key::<()>(
            "requests of `checks` need an `api` that they are sent to",
            help("add an `api`, or remove them"),
        );
    }
    Some(checks)
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
    let Config {
        name,
        request,
        sender,
        headers,
        body,
        text,
        file,
        invoke,
        event,
        send,
        put,
        message,
        item,
        object,
        expect,
        capture,
        retry_for,
    } = check?;
    let act = [invoke, send, put, message, item, object].into_iter().flatten().next();
    let (done, exchange) = match (request, act) {
        (Some(Line { text: line, method, path, is_absolute }), None) => {
            let body = Content { body, text, file }.into();
            (
                line,
                Exchange::Request(Request {
                    method,
                    path,
                    is_absolute,
                    headers,
                    body,
                    is_signed: sender == Some(Sender::Iam),
                }),
            )
        }
        (None, Some(mut act)) => {
            act.fields.extend(event.map(|event| ("event", event)));
            (act.called(), Exchange::Act(act))
        }
        // An error has been reported.
        _ => return None,
    };
    let expect = expect.map(Expect::plain).unwrap_or_default();
    Some(Check { at: value.at(), name: name.unwrap_or(done), exchange, expect, capture, retry_for })
}

impl Expect {
    fn plain(self) -> stack::Expect {
        let Expect { status, headers, text, body, error, exists } = self;
        stack::Expect { status, headers, text, body, error, is_absent: !exists }
    }
}

/// A check has one act, and no fields of another.
fn fits_together(check: &<Config as Section>::Decoded, fields: &mut Fields) {
    let done: Vec<&str> = ACTS.into_iter().filter(|act| fields.value(act).is_some()).collect();
    let act = match done.as_slice() {
        [act] => *act,
        [] => {
            // A key that is nearly one of these is reported as unknown.
            fields.missing("request", "GET /items");
            return;
        }
        several => {
            let message = format!("a check cannot do {} at once", suggest::quoted(several));
            fields.fail_at(several[1], message, help("write a check for each"));
            return;
        }
    };
    for (field, of) in NEEDS.iter().filter(|(field, of)| *of != act && fields.value(field).is_some()) {
        let way = if *of == "request" && !["headers", "as"].contains(field) {
            format!("write it into `{act}`")
        } else {
            "remove it".to_owned()
        };
        fields.fail_at(field, format!("`{field}` is for `{of}`"), help(way));
    }
    if let Some(expect) = fields.value("expect") {
        let of = |(field, of): &&(&str, &[&str])| !of.contains(&act) && expect.node.get(field).is_some();
        for (field, of) in EXPECTS.iter().filter(of) {
            let message = format!("`{field}` cannot be expected of `{act}`, only of {}", suggest::quoted(of));
            fields.fail_at("expect", message, help("remove it"));
        }
    }
    body::check(fields);
    only_reads_are_retried(check, fields);
}

fn only_reads_are_retried(check: &<Config as Section>::Decoded, fields: &Fields) {
    let method = check.request.as_ref().and_then(|line| line.as_ref()).map(|line| line.method.as_str());
    let act =
        |act: &Option<Option<ActOn>>| act.clone().flatten().filter(|on| !on.act.reads).map(|on| on.act.verb);
    let acts = [&check.invoke, &check.send, &check.put, &check.message, &check.item, &check.object];
    let written = method.filter(|method| *method != "GET").or_else(|| acts.into_iter().find_map(act));
    if let (Some(value), Some(written)) = (fields.value("retry_for"), written) {
        let message =
            format!("`retry_for` works only with what reads: a repeated `{written}` may write twice");
        value.fail_key::<()>(message, help("put it on a check after this one that reads the result"));
    }
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

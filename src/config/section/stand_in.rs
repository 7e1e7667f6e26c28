//! What stands for a value from elsewhere until it is read. A field that can be left out is left out; in place of any other the
//! JSON Schema says what it takes. So the rest of the file is checked, and `down` needs no such value.

use serde_json::Value as Json;

use super::{Decode, Parts, Shape};
use crate::config::decode::{Log, Value};
use crate::yaml::{Kind, Node};

impl<T: 'static> Shape<T> {
    /// The same, with a value that stands for one that has not been read.
    pub(super) fn or_stand_in(self) -> Self {
        let Shape { decode, schema, unit } = self;
        let own = schema.clone();
        let decode = move |value: Value| match value.node.kind.is_unread() {
            true => {
                let mut parts = Parts::new(value.cx.scope.names.sections);
                let schema = own(&mut parts);
                stand_in(value, &schema, &parts, &decode)
            }
            false => decode(value),
        };
        Shape { decode: Box::new(decode), schema, unit }
    }
}

/// The first value of the schema that can be decoded.
fn stand_in<T>(value: Value, schema: &Json, parts: &Parts, decode: &Decode<T>) -> Option<T> {
    value.note_unread();
    // What is wrong with one that cannot says nothing of the file.
    let quiet = Log::new(value.cx.source());
    let cx = value.cx.with_log(&quiet);
    let found = values(schema, parts).into_iter().find_map(|kind| {
        let node = Node { span: value.node.span, kind };
        decode(Value { cx: &cx, node: &node, ..value })
    });
    // Why it is an error is said in the same way for all.
    found.or_else(|| value.fail("", None))
}

/// Scalars that a schema admits, as far as it says.
fn values(schema: &Json, parts: &Parts) -> Vec<Kind> {
    let texts = |keyword: &str| schema[keyword].as_array().into_iter().flatten().map(scalar);
    let mut all: Vec<Kind> = texts("examples").chain(texts("enum")).collect();
    let is = |name: &str| match &schema["type"] {
        Json::Array(types) => types.iter().any(|one| one == name),
        one => one == name,
    };
    if is("integer") || is("number") {
        all.push(Kind::Plain(schema["minimum"].as_i64().unwrap_or(1).to_string()));
    }
    if is("boolean") {
        all.push(Kind::Plain("false".to_owned()));
    }
    if is("string") || schema["type"].is_null() {
        let length = schema["minLength"].as_u64().and_then(|length| usize::try_from(length).ok());
        all.push(Kind::Text(SOME_TEXT.repeat(length.unwrap_or(1).max(1))));
    }
    for form in ["oneOf", "anyOf"] {
        all.extend(schema[form].as_array().into_iter().flatten().flat_map(|one| values(one, parts)));
    }
    let defined = schema["$ref"].as_str().and_then(|name| name.strip_prefix("#/$defs/"));
    all.extend(
        defined.and_then(|name| parts.defined.get(name)).into_iter().flat_map(|one| values(one, parts)),
    );
    all
}

/// What stands for a part of a text.
pub(crate) const SOME_TEXT: &str = "x";

fn scalar(value: &Json) -> Kind {
    match value {
        Json::String(text) => Kind::Text(text.clone()),
        other => Kind::Plain(other.to_string()),
    }
}

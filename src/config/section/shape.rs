//! Shapes: ordinary functions, so that a new one needs no macro.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

use crate::kind::Kind;
use crate::suggest;
use crate::yaml::Kind as Node;
use serde_json::{Value as Json, json};

use super::{Parts, Section, Shape};
use crate::config::decode::Value;
use crate::config::reference::known;
use crate::config::stack::{self, Template};

/// A text that is not empty, and at most so many characters long.
pub(crate) fn text(most: usize) -> Shape<String> {
    let schema = json!({ "type": "string", "minLength": 1, "maxLength": most });
    Shape::new(schema, move |value| value.short(most).map(str::to_owned))
}

/// A text that a function of its own decodes; a pattern describes it to editors.
pub(crate) fn pattern<T: 'static>(pattern: &str, decode: fn(Value) -> Option<T>) -> Shape<T> {
    Shape::new(json!({ "type": "string", "pattern": pattern }), decode)
}

/// A whole number within limits; `unit` is what it counts, or empty. It has no upper limit from `i32::MAX` on.
pub(crate) fn number<N: TryFrom<i64> + 'static>(unit: &'static str, limits: RangeInclusive<i64>) -> Shape<N> {
    let mut schema = json!({ "type": "integer", "minimum": limits.start() });
    if *limits.end() < i64::from(i32::MAX) {
        schema["maximum"] = (*limits.end()).into();
    }
    Shape::new(schema, move |value| value.integer(unit, limits.clone())?.try_into().ok()).counts(unit)
}

/// A duration in whole seconds: `5 minutes`, or a bare number of seconds.
pub(crate) fn duration<N: TryFrom<i64> + 'static>(limits: RangeInclusive<i64>) -> Shape<N> {
    let seconds = json!({ "type": "integer", "minimum": limits.start(), "maximum": limits.end() });
    let units: Vec<&str> = UNITS.iter().map(|(unit, _)| *unit).collect();
    let words = json!({ "type": "string", "pattern": format!("^[0-9]+ ({})s?$", units.join("|")) });
    let schema = json!({ "oneOf": [seconds, words], "examples": [spelt(*limits.end())] });
    Shape::new(schema, move |value| value.duration(limits.clone())?.try_into().ok()).counts("seconds")
}

/// A number of whole days: `30 days`, or a bare number, which counts days here.
pub(crate) fn whole_days<N: TryFrom<i64> + 'static>(limits: RangeInclusive<i64>) -> Shape<N> {
    let days = json!({ "type": "integer", "minimum": limits.start(), "maximum": limits.end() });
    let schema = json!({ "oneOf": [days, in_days()], "examples": [format!("{} days", limits.end())] });
    let number = move |value: Value| value.whole_days(limits.clone())?.try_into().ok();
    Shape::new(schema, number).counts("days")
}

/// The JSON Schema of a number of days in words.
pub(crate) fn in_days() -> Json {
    json!({ "type": "string", "pattern": "^[0-9]+ days?$" })
}

/// The units of durations, in seconds.
const UNITS: [(&str, i64); 4] = [("second", 1), ("minute", 60), ("hour", 3_600), ("day", 86_400)];

impl Value<'_> {
    fn duration(self, limits: RangeInclusive<i64>) -> Option<i64> {
        let Some(text) = self.node.text() else { return self.wrong_type(A_DURATION, None) };
        let (digits, unit) = text.split_once(' ').unwrap_or((text, "second"));
        let known = |(name, _): &&(&str, i64)| unit == *name || unit.strip_suffix('s') == Some(name);
        let factor = UNITS.iter().find(known).map(|(_, seconds)| *seconds);
        let Ok(number) = digits.parse::<i64>() else { return self.wrong_type(A_DURATION, None) };
        let Some(factor) = factor else {
            let near = suggest::nearest(unit, UNITS.iter().map(|(name, _)| *name));
            return self.wrong_type(A_DURATION, near.map(|unit| format!("did you mean `{digits} {unit}s`?")));
        };
        match number.checked_mul(factor).filter(|seconds| limits.contains(seconds)) {
            Some(seconds) => Some(seconds),
            None => {
                let (least, most) = (spelt(*limits.start()), spelt(*limits.end()));
                let message = format!("`{}` must be from {least} to {most}, not {text}", self.key.text);
                self.fail(message, meant(text, &limits))
            }
        }
    }

    /// A number of days, alone or as a duration.
    pub(crate) fn whole_days(self, limits: RangeInclusive<i64>) -> Option<i64> {
        let Some(text) = self.node.text() else { return self.wrong_type(SOME_DAYS, None) };
        if text.split(' ').next().is_none_or(|digits| digits.parse::<i64>().is_err()) {
            return self.wrong_type(SOME_DAYS, None);
        }
        let days = match text.parse() {
            Ok(days) => days,
            Err(_) => {
                let seconds = self.duration(0..=i64::MAX)?;
                if seconds % DAY != 0 {
                    let message = format!("`{}` is a number of whole days", self.key.text);
                    return self.fail(message, Some("write for example `7 days`".to_owned()));
                }
                seconds / DAY
            }
        };
        if limits.contains(&days) {
            return Some(days);
        }
        let limit = match (*limits.start(), *limits.end()) {
            (least, most) if days < least && most >= i64::from(i32::MAX) => format!("at least {least}"),
            (least, most) => format!("from {least} to {most}"),
        };
        self.fail(format!("`{}` must be {limit} days, not {days}", self.key.text), None)
    }
}

/// What a bare number probably means that is no valid number of seconds: it counts what the least value does.
fn meant(text: &str, limits: &RangeInclusive<i64>) -> Option<String> {
    let (number, least) = (text.parse::<i64>().ok()?, spelt(*limits.start()));
    let unit = least.split_once(' ')?.1.trim_end_matches('s');
    let (_, factor) = UNITS.iter().find(|(name, factor)| *name == unit && *factor > 1)?;
    let seconds = number.checked_mul(*factor).filter(|seconds| limits.contains(seconds))?;
    let plural = if seconds == *factor { "" } else { "s" };
    Some(format!("a bare number counts seconds: did you mean `{number} {unit}{plural}`?"))
}

const DAY: i64 = 86_400;
const SOME_DAYS: &str = "a number of days such as `30 days`";

const A_DURATION: &str = "a duration such as `30 seconds` or `5 minutes`";

/// A duration in its largest unit.
fn spelt(seconds: i64) -> String {
    let whole = |(_, unit): &&(&str, i64)| seconds != 0 && seconds % unit == 0;
    let (unit, factor) = UNITS.iter().rev().find(whole).copied().unwrap_or(UNITS[0]);
    let count = seconds / factor;
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// Another resource: the key of an entry of the stack, or an ARN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// The key of an entry of the kind that the field is for.
    Key(String),
    /// The ARN of a resource outside of the stack.
    Arn(String),
}

impl Target {
    /// The key, where it is one.
    pub fn key(&self) -> Option<&str> {
        match self {
            Target::Key(key) => Some(key),
            Target::Arn(_) => None,
        }
    }
}

/// The key of an entry of kind `K`, or an ARN.
pub(crate) fn target<K: Kind>() -> Shape<Target> {
    Shape::new(json!({ "type": "string", "minLength": 1 }), |value| {
        let text = value.text()?;
        if text.starts_with("arn:") {
            return Some(Target::Arn(text.to_owned()));
        }
        entry_of::<K>(value).map(Target::Key)
    })
}

/// The key of an entry of kind `K`.
pub(crate) fn entry_of<K: Kind>(value: Value) -> Option<String> {
    let (text, names) = (value.text()?, value.cx.scope.names);
    match names.sections.of(K::SECTION).map(|section| known(section, text, names)) {
        Some(Err(error)) => value.fail(error.message, error.help),
        _ => Some(text.to_owned()),
    }
}

/// `true` or `false`.
pub(crate) fn flag() -> Shape<bool> {
    Shape::new(json!({ "type": "boolean" }), |value| value.boolean())
}

/// One of a few words; `decode` reports a word that is none of them.
pub(crate) fn word<T: Copy + Send + Sync>(
    words: &'static [(&str, T)],
    decode: fn(Value) -> Option<T>,
) -> Shape<T> {
    let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
    Shape::new(json!({ "enum": names }), decode)
}

/// A list.
pub(crate) fn list<T: 'static>(item: Shape<T>) -> Shape<Vec<T>> {
    let Shape { decode, schema, .. } = item.or_stand_in();
    Shape::new(Json::Null, move |value| value.list(&decode))
        .described(move |parts| json!({ "type": ["array", "null"], "items": schema(parts) }))
}

/// The keys that a mapping may have.
pub(crate) struct Keys {
    schema: Json,
    check: fn(Value) -> Option<()>,
}

impl Keys {
    /// Keys with a JSON Schema, and a function that reports those that are not valid.
    pub(crate) fn new(schema: Json, check: fn(Value) -> Option<()>) -> Self {
        Self { schema, check }
    }

    /// Keys with a pattern, and a function that reports those that are not valid.
    pub(crate) fn pattern(pattern: &str, check: fn(Value) -> Option<()>) -> Self {
        Self::new(json!({ "pattern": pattern }), check)
    }
}

/// A mapping of the user's own keys.
pub(crate) fn map<T: 'static>(keys: Keys, value: Shape<T>) -> Shape<BTreeMap<String, T>> {
    ordered(keys, value).map(|members| members.into_iter().collect())
}

/// The same in the order of the file.
pub(crate) fn ordered<T: 'static>(keys: Keys, value: Shape<T>) -> Shape<Vec<(String, T)>> {
    let Keys { schema: names, check } = keys;
    let Shape { decode, schema, .. } = value.or_stand_in();
    Shape::new(Json::Null, move |value| {
        value.map(|member| {
            let decoded = decode(member);
            check(member)?;
            Some((member.key.text.clone(), decoded?))
        })
    })
    .described(move |parts| mapping_to(schema(parts), &names))
}

/// The JSON Schema of a mapping of the user's own keys.
pub(super) fn mapping_to(value: Json, names: &Json) -> Json {
    let mut mapping = json!({ "type": ["object", "null"], "additionalProperties": value });
    if !names.is_null() {
        mapping["propertyNames"] = names.clone();
    }
    mapping
}

/// A mapping with fields of its own.
pub(crate) fn mapping<S: Section>() -> Shape<S> {
    let decode = |value: Value| {
        if !matches!(value.node.kind, Node::Map(_) | Node::Null) {
            return value.wrong_type("a mapping", example_of::<S>(value));
        }
        let mut fields = value.fields(format!("`{}`", value.key.text))?;
        let section = S::take(&mut fields);
        fields.finish();
        section
    };
    Shape::new(Json::Null, decode).of_fields::<S>()
}

/// What to write in place of a value that is no mapping: its required fields, of which a single one has probably that value.
fn example_of<S: Section>(value: Value) -> Option<String> {
    let fields = S::fields();
    let required = fields.iter().filter_map(|field| Some((field.row().name, field.row().example?)));
    let required: Vec<(&str, &str)> = required.collect();
    let is_plain = |text: &&str| {
        let is_flag = ["true", "false"].contains(text);
        !is_flag && text.chars().all(|sign| sign.is_alphanumeric() || "-_ ".contains(sign))
    };
    let written = value.node.text().filter(is_plain).filter(|_| required.len() == 1);
    let members = required.iter().map(|(name, example)| format!("{name}: {}", written.unwrap_or(example)));
    let members: Vec<String> = members.collect();
    let example = format!("`{}: {{ {} }}`", value.key.text, members.join(", "));
    (!members.is_empty()).then(|| format!("write for example {example}"))
}

/// A shape that has a name and a heading of its own in the schema and on the reference page.
pub(crate) fn part<T: 'static>(name: &'static str, about: &'static str, shape: Shape<T>) -> Shape<T> {
    let Shape { decode, schema, unit } = shape;
    let described = move |parts: &mut Parts| {
        let mut part = schema(parts);
        part["description"] = about.trim().into();
        parts.define(name.to_owned(), part)
    };
    Shape { decode, schema: Arc::new(described), unit }
}

/// A value with two forms: a mapping is the second one, everything else the first.
pub(crate) fn either<T: 'static>(first: Shape<T>, mapping: Shape<T>) -> Shape<T> {
    let (one, other) = (first.decode, mapping.decode);
    Shape::new(Json::Null, move |value| match value.node.kind {
        Node::Map(_) => other(value),
        _ => one(value),
    })
    .described(move |parts| json!({ "oneOf": [(first.schema)(parts), (mapping.schema)(parts)] }))
}

/// A mapping with two forms: with one of the keys it is the second one, everything else the first.
pub(crate) fn by_keys<T: 'static>(
    first: Shape<T>,
    keys: &'static [&'static str],
    second: Shape<T>,
) -> Shape<T> {
    let (one, other) = (first.decode, second.decode);
    Shape::new(Json::Null, move |value| match keys.iter().any(|key| value.node.get(key).is_some()) {
        true => other(value),
        false => one(value),
    })
    .described(move |parts| json!({ "oneOf": [(first.schema)(parts), (second.schema)(parts)] }))
}

/// The JSON Schema of a scalar whose text counts.
pub(crate) fn scalar() -> Json {
    json!({ "type": ["string", "number", "boolean"] })
}

/// A text with `${…}`.
pub(crate) fn template() -> Shape<Template> {
    Shape::new(scalar(), |value| value.template())
}

/// Any value, as JSON with `${…}` in its texts.
pub(crate) fn json_value() -> Shape<stack::Json> {
    Shape::new(json!({}), |value| value.json())
}

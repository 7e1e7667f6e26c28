//! `pattern`: which events a rule is about. What EventBridge refuses is an error at its place [recorded: events_patterns].

use crate::config::decode::{Value, help};
use crate::config::section::Shape;
use crate::config::{Json, Part};
use crate::yaml::Kind as Node;
use serde_json::json;

/// How many characters a pattern can have [M: EventPattern].
const MAX: usize = 4_096;

/// What a value may be besides itself: operators, with what each takes.
const OPERATORS: [(&str, Takes); 8] = [
    ("prefix", Takes::TextOrCase),
    ("suffix", Takes::TextOrCase),
    ("equals-ignore-case", Takes::Text),
    ("wildcard", Takes::Wildcard),
    ("cidr", Takes::Cidr),
    ("exists", Takes::Flag),
    ("anything-but", Takes::Others),
    ("numeric", Takes::Range),
];

#[derive(Clone, Copy)]
enum Takes {
    Text,
    /// Or `{ equals-ignore-case: … }`.
    TextOrCase,
    Wildcard,
    Cidr,
    Flag,
    /// What the value must not be.
    Others,
    /// Comparisons with numbers.
    Range,
}

const EXAMPLE: &str = "for example `{ source: [shop], detail: { kind: [order] } }`";

/// The shape of `pattern`.
pub(in crate::kinds) fn pattern() -> Shape<Json> {
    Shape::new(json!({ "type": "object", "minProperties": 1 }), decode)
}

fn decode(value: Value) -> Option<Json> {
    if !matches!(value.node.kind, Node::Map(_)) {
        return value.wrong_type("a pattern", help(EXAMPLE));
    }
    members(value)?;
    let json = value.json()?;
    let size = size(&json);
    if size > MAX {
        let message = format!("a pattern can have {MAX} characters as JSON; this one has {size}");
        return value.fail(message, help("shorten it, or write several triggers"));
    }
    Some(json)
}

/// How many characters it has as JSON, without what is not known yet.
fn size(json: &Json) -> usize {
    let text = |part: &Part| match part {
        Part::Text(text) => text.len(),
        _ => 0,
    };
    match json {
        Json::Null | Json::Bool(true) => 4,
        Json::Bool(false) => 5,
        Json::Number(number) => number.to_string().len(),
        Json::Text(template) => template.parts.iter().map(text).sum::<usize>() + 2,
        Json::List(items) => items.iter().map(|item| size(item) + 1).sum::<usize>() + 1,
        Json::Map(members) => {
            members.iter().map(|(key, member)| key.len() + size(member) + 4).sum::<usize>() + 1
        }
    }
}

/// The members of an event, each with what its value may be.
fn members(value: Value) -> Option<()> {
    let Node::Map(entries) = &value.node.kind else { return None };
    if entries.is_empty() {
        return value.fail(format!("`{}` matches nothing", value.key.text), help(EXAMPLE));
    }
    (value.map(member)?.len() == entries.len()).then_some(())
}

fn member(value: Value) -> Option<()> {
    match &value.node.kind {
        Node::Map(_) => members(value),
        Node::List(items) if items.is_empty() => {
            let key = &value.key.text;
            value.fail(format!("`{key}` lists nothing that the value may be"), help("for example `[order]`"))
        }
        Node::List(items) => {
            // One of several patterns.
            let is_or = value.key.text == "$or";
            let each = value.list(if is_or { members } else { matcher })?;
            (each.len() == items.len()).then_some(())
        }
        _ => {
            let written = value.node.text().unwrap_or("VALUE");
            let key = &value.key.text;
            let way = help(format!("write `{key}: [{written}]`"));
            value.fail(format!("`{key}` must be a list of what the value may be"), way)
        }
    }
}

/// A value, or an operator.
fn matcher(value: Value) -> Option<()> {
    match &value.node.kind {
        Node::List(_) => value.fail("a list in a list matches nothing", help("write its values themselves")),
        Node::Map(entries) if entries.len() != 1 => {
            value.fail("what a value may be has one operator", help("write several in the list"))
        }
        Node::Map(_) => value.map(operator)?.pop(),
        _ => Some(()),
    }
}

fn operator(value: Value) -> Option<()> {
    let name = value.key.text.as_str();
    match OPERATORS.iter().find(|(known, _)| *known == name) {
        Some((_, takes)) => operand(value, *takes),
        None => {
            let known: Vec<&str> = OPERATORS.iter().map(|(known, _)| *known).collect();
            let way = crate::suggest::did_you_mean_or_list(name, "the operators of patterns", &known);
            value.fail_key(format!("`{name}` is no operator of patterns"), way)
        }
    }
}

fn operand(value: Value, takes: Takes) -> Option<()> {
    let is_map = matches!(value.node.kind, Node::Map(_));
    match takes {
        Takes::Text => text(value),
        Takes::TextOrCase if is_map => only(value, &["equals-ignore-case"]),
        Takes::TextOrCase => text(value),
        Takes::Flag => value.boolean().map(drop),
        Takes::Wildcard => {
            text(value)?;
            match value.node.text() {
                Some(written) if written.contains("**") => {
                    value.fail("`**` is no wildcard", help("write `*`: it stands for any characters"))
                }
                _ => Some(()),
            }
        }
        Takes::Cidr => {
            text(value)?;
            match value.node.text() {
                Some(written) if !is_network(written) => value
                    .fail(format!("`{written}` is no range of addresses"), help("for example `10.0.0.0/24`")),
                _ => Some(()),
            }
        }
        Takes::Others if is_map => only(value, &["prefix", "suffix", "equals-ignore-case", "wildcard"]),
        Takes::Others => {
            let plain = |value: Value| match &value.node.kind {
                Node::Plain(text) if ["true", "false"].contains(&text.as_str()) => no_others(value),
                Node::Plain(_) | Node::Text(_) | Node::Template { .. } => Some(()),
                _ => no_others(value),
            };
            match &value.node.kind {
                Node::List(items) if !items.is_empty() => {
                    (value.list(plain)?.len() == items.len()).then_some(())
                }
                _ => plain(value),
            }
        }
        Takes::Range => range(value),
    }
}

fn no_others<T>(value: Value) -> Option<T> {
    value.fail("`anything-but` takes texts and numbers", help("for example `[{ anything-but: [draft] }]`"))
}

/// An address with the number of bits that count.
fn is_network(text: &str) -> bool {
    let Some((address, bits)) = text.split_once('/') else { return false };
    let most = match address.parse::<std::net::IpAddr>() {
        Ok(std::net::IpAddr::V4(_)) => 32,
        Ok(std::net::IpAddr::V6(_)) => 128,
        Err(_) => return false,
    };
    bits.parse::<u8>().is_ok_and(|bits| bits <= most)
}

fn text(value: Value) -> Option<()> {
    match &value.node.kind {
        Node::Plain(_) | Node::Text(_) | Node::Template { .. } => Some(()),
        _ => value.wrong_type("a text", None),
    }
}

/// One more operator, with a text or several.
fn only(value: Value, known: &[&str]) -> Option<()> {
    let one = |value: Value| {
        if !known.contains(&value.key.text.as_str()) {
            let way = format!("write one of {}", crate::suggest::quoted(known));
            return value.fail_key(format!("`{}` is not possible here", value.key.text), help(way));
        }
        match &value.node.kind {
            Node::List(items) if !items.is_empty() => (value.list(text)?.len() == items.len()).then_some(()),
            _ => text(value),
        }
    };
    let all = value.map(one)?;
    if all.len() == 1 { Some(()) } else { value.fail("one operator is possible here", None) }
}

/// Comparisons in pairs: one, or a lower and an upper limit.
fn range(value: Value) -> Option<()> {
    let way = || help("for example `[{ numeric: [\">\", 0, \"<=\", 100] }]`");
    let Node::List(items) = &value.node.kind else {
        return value.wrong_type("a list of comparisons", way());
    };
    let texts: Option<Vec<&str>> = items.iter().map(|item| item.text()).collect();
    let texts = texts.unwrap_or_default();
    let is_number = |text: &&str| text.parse::<f64>().is_ok();
    let operators: Vec<&str> = texts.iter().step_by(2).copied().collect();
    let numbers = texts.iter().skip(1).step_by(2).filter(|text| is_number(text)).count();
    let valid = matches!(operators.as_slice(), ["=" | "<" | "<=" | ">" | ">="] | [">" | ">=", "<" | "<="]);
    if valid && numbers == operators.len() {
        return Some(());
    }
    value.fail("`numeric` takes a comparison with a number, or a lower and an upper limit", way())
}

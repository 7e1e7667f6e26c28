//! Filters of subscriptions, as SNS reads them [recorded: sns_filter_policy]. Where its parser stood it says as well; that is left
//! out here.

use serde_json::Value as Json;
use std::net::IpAddr;

/// Keys at the top of a filter, and the combinations that its values make [recorded: test_policy_complexity].
const MAX_KEYS: usize = 5;
const MAX_COMBINATIONS: usize = 150;

/// What is wrong with a filter, for messages' attributes or for their bodies.
pub(super) fn wrong(text: &str, of_body: bool) -> Option<String> {
    let Ok(Json::Object(rules)) = serde_json::from_str::<Json>(text) else {
        return Some(format!("FilterPolicy: {}", no_json(text)));
    };
    if rules.len() > MAX_KEYS {
        return Some("FilterPolicy: Filter policy can not have more than 5 keys".to_owned());
    }
    let mut combinations = 1;
    for (key, rule) in &rules {
        let is_rule = rule.as_object().is_some_and(|rule| rule.values().all(Json::is_string));
        if rule.is_object() && !is_rule && !of_body {
            return Some(
                "Filter policy scope MessageAttributes does not support nested filter policy".to_owned(),
            );
        }
        if let Some(wrong) = wrong_rule(key, rule, &mut combinations) {
            return Some(format!("FilterPolicy: {wrong}"));
        }
    }
    (combinations > MAX_COMBINATIONS).then(|| "FilterPolicy: Filter policy is too complex".to_owned())
}

/// How a text that is no JSON is refused.
pub(super) fn no_json(text: &str) -> String {
    let (first, inner) = match text.strip_prefix('{') {
        Some(inner) => (inner.chars().next(), true),
        None => (text.chars().next(), false),
    };
    let why = match first {
        Some(letter) if inner => {
            let code = u32::from(letter);
            format!(
                "Unexpected character ('{letter}' (code {code})): was expecting double-quote to start field name"
            )
        }
        _ => {
            let token: String = text.chars().take_while(|letter| letter.is_alphanumeric()).collect();
            format!(
                "Unrecognized token '{token}': was expecting (JSON String, Number, Array, Object or token 'null', \
                 'true' or 'false')"
            )
        }
    };
    format!("failed to parse JSON. {why}")
}

fn wrong_rule(key: &str, rule: &Json, combinations: &mut usize) -> Option<String> {
    match rule {
        Json::Object(rules) => rules.iter().find_map(|(key, rule)| wrong_rule(key, rule, combinations)),
        Json::Array(values) if values.is_empty() => Some("Empty arrays are not allowed".to_owned()),
        Json::Array(values) => {
            *combinations *= values.len();
            values.iter().find_map(|value| match value {
                Json::Array(_) => Some("Match value must be String, number, true, false, or null".to_owned()),
                Json::Object(one) => match one.iter().next() {
                    Some((operator, value)) if one.len() == 1 => wrong_match(operator, value),
                    _ => Some("Only one key allowed in match expression".to_owned()),
                },
                _ => None,
            })
        }
        _ => Some(format!("\"{key}\" must be an object or an array")),
    }
}

/// What is wrong with what an operator takes.
fn wrong_match(operator: &str, value: &Json) -> Option<String> {
    let text = |name: &str| (!value.is_string()).then(|| format!("{name} match pattern must be a string"));
    match operator {
        "prefix" | "suffix" | "equals-ignore-case" => text(operator),
        "cidr" => value.as_str().map_or_else(|| text("prefix"), wrong_cidr),
        "exists" if !value.is_boolean() => {
            Some("exists match pattern must be either true or false.".to_owned())
        }
        "exists" => None,
        "numeric" => value.as_array().and_then(|parts| wrong_numbers(parts)),
        "anything-but" => match value.as_object().and_then(|rule| rule.iter().next()) {
            Some((operator, value)) if operator == "prefix" => wrong_match(operator, value),
            Some((operator, _)) => Some(format!("Unsupported anything-but pattern: {operator}")),
            None => None,
        },
        other => Some(format!("Unrecognized match type {other}")),
    }
}

fn wrong_cidr(text: &str) -> Option<String> {
    let Some((address, bits)) = text.split_once('/') else {
        return Some("Malformed CIDR, one '/' required".to_owned());
    };
    if bits.parse::<u8>().is_err() {
        return Some("Malformed CIDR, mask bits must be an integer".to_owned());
    }
    address.parse::<IpAddr>().is_err().then(|| format!("Nonstandard IP address: {address}"))
}

/// One comparison, or a range from below to above.
fn wrong_numbers(parts: &[Json]) -> Option<String> {
    let shown = |value: Option<&Json>| match value {
        None => "]".to_owned(),
        Some(Json::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    let Some(first) = parts.first().and_then(Json::as_str) else {
        return Some(format!("Invalid member in numeric match: {}", shown(parts.first())));
    };
    let name = if first == "=" { "equals" } else { first };
    if !["=", "<", "<=", ">", ">="].contains(&first) {
        return Some(format!("Unrecognized numeric range operator: {first}"));
    }
    let Some(bottom) = parts.get(1).and_then(Json::as_f64) else {
        return Some(format!("Value of {name} must be numeric"));
    };
    let second = parts.get(2)?;
    if !first.starts_with('>') {
        return Some("Too many elements in numeric expression".to_owned());
    }
    let Some(operator) = second.as_str() else {
        return Some(format!("Bad value in numeric range: {second}"));
    };
    if !["<", "<="].contains(&operator) {
        return Some(format!("Bad numeric range operator: {operator}"));
    }
    let Some(top) = parts.get(3).and_then(Json::as_f64) else {
        return Some(format!("Value of {operator} must be numeric"));
    };
    if bottom >= top {
        return Some("Bottom must be less than top".to_owned());
    }
    (parts.len() > 4).then(|| "Too many terms in numeric range expression".to_owned())
}

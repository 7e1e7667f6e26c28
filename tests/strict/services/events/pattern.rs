//! Event patterns, as EventBridge checks them [recorded: events_patterns].

use serde_json::Value as Json;

/// What can stand in the place of a value, as an operator.
const OPERATORS: &[&str] =
    &["prefix", "suffix", "equals-ignore-case", "wildcard", "anything-but", "numeric", "exists", "cidr"];

/// Why a pattern is none.
pub(super) fn check(text: &str) -> Result<(), String> {
    match serde_json::from_str(text) {
        Ok(pattern @ Json::Object(_)) => object(&pattern),
        Ok(_) => Err("Filter is not an object".to_owned()),
        Err(_) => Err("Unrecognized token: was expecting JSON".to_owned()),
    }
}

fn object(pattern: &Json) -> Result<(), String> {
    let members = pattern.as_object().into_iter().flatten();
    for (key, value) in members {
        match value {
            Json::Object(members) if members.is_empty() => {
                return Err("Empty objects are not allowed".to_owned());
            }
            Json::Object(_) => object(value)?,
            Json::Array(items) if items.is_empty() => {
                return Err("Empty arrays are not allowed".to_owned());
            }
            Json::Array(items) if key == "$or" => items.iter().try_for_each(object)?,
            Json::Array(items) => items.iter().try_for_each(matcher)?,
            _ => return Err(format!("\"{key}\" must be an object or an array")),
        }
    }
    Ok(())
}

/// A value, or an operator with what it takes.
fn matcher(item: &Json) -> Result<(), String> {
    let Some(members) = item.as_object() else {
        return if item.is_array() {
            Err("Match value must be String, number, true, false, or null".to_owned())
        } else {
            Ok(())
        };
    };
    let mut members = members.iter();
    let (Some((operator, value)), None) = (members.next(), members.next()) else {
        return Err("Only one key allowed in match expression".to_owned());
    };
    if !OPERATORS.contains(&operator.as_str()) {
        return Err(format!("Unrecognized match type {operator}"));
    }
    operand(operator, value)
}

fn operand(operator: &str, value: &Json) -> Result<(), String> {
    let ignores_case = |value: &Json| {
        value.as_object().is_some_and(|members| members.len() == 1 && value["equals-ignore-case"].is_string())
    };
    match operator {
        "prefix" | "suffix" if value.is_string() || ignores_case(value) => Ok(()),
        "equals-ignore-case" | "wildcard" | "cidr" if value.is_string() => of_text(operator, value),
        "exists" if value.is_boolean() => Ok(()),
        "anything-but" => anything_but(value),
        "numeric" => numeric(value),
        _ => Err(format!("{operator} match pattern must be a string")),
    }
}

fn of_text(operator: &str, value: &Json) -> Result<(), String> {
    let text = value.as_str().unwrap_or_default();
    match operator {
        "wildcard" if text.contains("**") => Err("Consecutive wildcard characters".to_owned()),
        "cidr" if !text.contains('/') => Err("Malformed CIDR, one '/' required".to_owned()),
        _ => Ok(()),
    }
}

fn anything_but(value: &Json) -> Result<(), String> {
    let is_plain = |value: &Json| value.is_string() || value.is_number();
    match value {
        Json::Array(items) if items.iter().all(is_plain) && !items.is_empty() => Ok(()),
        Json::Array(_) => Err("Inside anything but list, start|null|boolean is not supported.".to_owned()),
        Json::Object(members) if members.len() == 1 => {
            let of = |value: &Json| match value {
                Json::String(text) => !text.is_empty(),
                _ => false,
            };
            let all = members.iter().all(|(name, value)| {
                let known = ["prefix", "suffix", "equals-ignore-case", "wildcard"].contains(&name.as_str());
                known && value.as_array().map_or_else(|| of(value), |items| items.iter().all(of))
            });
            if all { Ok(()) } else { Err("prefix/suffix match pattern must be a string".to_owned()) }
        }
        value if is_plain(value) => Ok(()),
        _ => Err("Value of anything-but must be an array or single string/number value.".to_owned()),
    }
}

/// One comparison, or a lower and an upper limit.
fn numeric(value: &Json) -> Result<(), String> {
    let Some(items) = value.as_array() else { return Err("Value of numeric must be an array.".to_owned()) };
    let pair = |pair: &[Json]| match pair {
        [operator, number] if number.is_number() => operator.as_str().map(str::to_owned),
        _ => None,
    };
    let operators: Option<Vec<String>> = items.chunks(2).map(pair).collect();
    let operators = operators.ok_or("Value of numeric must be numeric")?;
    match operators.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["=" | "<" | "<=" | ">" | ">="] | [">" | ">=", "<" | "<="] => Ok(()),
        _ => Err("Bad numeric range operator".to_owned()),
    }
}

//! Filters of subscriptions, as SNS reads them.

use serde_json::Value as Json;

/// Keys at the top of a filter, and the combinations that its values make [recorded: test_policy_complexity].
const MAX_KEYS: usize = 5;
const MAX_COMBINATIONS: usize = 150;

/// What is wrong with a filter, for messages' attributes or for their bodies.
pub(super) fn wrong(text: &str, of_body: bool) -> Option<String> {
    let Ok(Json::Object(rules)) = serde_json::from_str::<Json>(text) else {
        return Some("FilterPolicy: failed to parse JSON. Unexpected character".to_owned());
    };
    if rules.len() > MAX_KEYS {
        return Some("FilterPolicy: Filter policy can not have more than 5 keys".to_owned());
    }
    let mut combinations = 1;
    for (key, rule) in &rules {
        if rule.is_object() && !of_body {
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

fn wrong_rule(key: &str, rule: &Json, combinations: &mut usize) -> Option<String> {
    match rule {
        Json::Object(rules) => rules.iter().find_map(|(key, rule)| wrong_rule(key, rule, combinations)),
        Json::Array(values) if values.is_empty() => Some("Empty arrays are not allowed".to_owned()),
        Json::Array(values) => {
            *combinations *= values.len();
            values.iter().find_map(|value| match value {
                Json::Array(_) => Some("Match value must be String, number, true, false, or null".to_owned()),
                Json::Object(one) if one.len() != 1 => {
                    Some("Only one key allowed in match expression".to_owned())
                }
                _ => None,
            })
        }
        _ => Some(format!("\"{key}\" must be an object or an array")),
    }
}

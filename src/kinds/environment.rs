//! The environment of a function: its size, and that Lambda's own messages do not show its values.

use crate::aws::{Error, Result};
use crate::sensitive::SHORT;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// How many bytes the environment may have as JSON [aws-facts: Lambda].
pub(crate) const MAX_SIZE: usize = 4096;

/// The size that Lambda measures: quotes, colons, commas and escapes count.
pub(crate) fn size(environment: &BTreeMap<String, String>) -> usize {
    serde_json::to_string(environment).map(|json| json.len()).unwrap_or_default()
}

/// Lambda's error for an environment that is too large quotes every value, so the size is checked before the call.
pub(super) fn fits(environment: &BTreeMap<String, String>) -> Result<()> {
    let size = size(environment);
    if size <= MAX_SIZE {
        return Ok(());
    }
    Err(Error::local(format!(
        "the environment takes {size} bytes as JSON, and Lambda allows {MAX_SIZE}; keep large values elsewhere"
    )))
}

/// An error without the values of the environment, which Lambda quotes in some of its messages, plain or as JSON.
pub(super) fn redacted(error: Error, environment: &BTreeMap<String, String>) -> Error {
    let mut values: Vec<&String> = environment.values().filter(|value| value.len() >= SHORT).collect();
    // The longest first: a value may begin with another one, and its rest must not stay.
    values.sort_by_key(|value| Reverse(value.len()));
    let clean = |message: &str| {
        let mut message = message.split("String measured").next().unwrap_or_default().to_owned();
        for value in &values {
            let escaped = serde_json::to_string(value).unwrap_or_default();
            message = message.replace(escaped.trim_matches('"'), "…").replace(value.as_str(), "…");
        }
        message
    };
    let message = clean(&error.message);
    let aws_message = error.aws_message.as_deref().map(|message| clean(message).into());
    Error { message, aws_message, ..error }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(value: &str) -> BTreeMap<String, String> {
        [("PASSWORD".to_owned(), value.to_owned())].into()
    }

    #[test]
    fn an_environment_is_measured_as_json() {
        assert!(fits(&environment(&"x".repeat(MAX_SIZE - 15))).is_ok());
        let error = fits(&environment(&"\"".repeat(MAX_SIZE / 2))).expect_err("each quote takes two bytes");
        assert!(error.message.contains("4111 bytes"), "{error}");
    }

    #[test]
    fn a_message_loses_the_values_and_keeps_the_rest() {
        let said = |message: &str| redacted(Error::local(message), &environment("s3cr\"et")).message;
        assert_eq!(
            said(r#"Value '{PASSWORD=s3cr"et}' at 'environment' is bad"#),
            "Value '{PASSWORD=…}' at 'environment' is bad"
        );
        assert_eq!(said(r#"bad: {"PASSWORD":"s3cr\"et"}"#), r#"bad: {"PASSWORD":"…"}"#);
        assert_eq!(
            said(r#"exceeded the 4KB limit. String measured: {"PASSWORD":"#),
            "exceeded the 4KB limit. "
        );
    }

    #[test]
    fn of_a_value_that_begins_with_another_one_nothing_stays() {
        let both =
            [("A", "s3cr"), ("B", "s3cret-of-b")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        let refusal = Error::refusal("lambda:CreateFunction", None, "bad: s3cret-of-b, s3cr");
        let error = redacted(refusal, &both.into());
        assert_eq!(error.message, "bad: …, …");
        assert_eq!(error.aws_message.as_deref(), Some("bad: …, …"));
    }
}

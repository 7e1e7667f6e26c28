//! Sensitive values, which no output shows. A value is noted as soon as it is read, and everything that is printed passes
//! [`redacted`]: so it does not matter who quotes it, this program, AWS or a function.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::{PoisonError, RwLock};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// What is shown in place of a value.
pub const SHOWN: &str = "(sensitive)";

/// A shorter text gives nothing away, and would hit half the words of a message.
pub(crate) const SHORT: usize = 4;

/// The values of this run, in every form in which they are quoted, the longest first: a value may begin with another one, and
/// its rest must not stay.
static VALUES: RwLock<Vec<String>> = RwLock::new(Vec::new());

/// From now on, this value is not shown.
pub fn note(value: &str) {
    let mut values = VALUES.write().unwrap_or_else(PoisonError::into_inner);
    let known: BTreeSet<String> = values.drain(..).chain(forms(value)).collect();
    values.extend(known);
    values.sort_by_key(|value| std::cmp::Reverse(value.len()));
}

/// A value as it is, in JSON and in a URL; of several lines also each alone, since logs show them so.
fn forms(value: &str) -> Vec<String> {
    let lines = value.lines().map(str::trim).chain([value.trim()]);
    let forms = lines.flat_map(|text| {
        let json = serde_json::to_string(text).unwrap_or_default();
        let json = json.trim_matches('"').to_owned();
        [text.to_owned(), json, utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()]
    });
    forms.filter(|form| form.len() >= SHORT).collect()
}

/// A text without the values.
pub fn redacted(text: &str) -> Cow<'_, str> {
    let values = VALUES.read().unwrap_or_else(PoisonError::into_inner);
    let mut text = Cow::Borrowed(text);
    for value in values.iter().filter(|value| !value.is_empty()) {
        if text.contains(value.as_str()) {
            text = Cow::Owned(text.replace(value.as_str(), SHOWN));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_not_shown_in_any_form() {
        note("pa\"ss w\u{f6}rd/1");
        note("-----BEGIN KEY-----\nMIIEvQ==\n-----END KEY-----");
        for quoted in [
            "the password is pa\"ss w\u{f6}rd/1.",
            r#"{"password":"pa\"ss wörd/1"}"#,
            "GET /?p=pa%22ss%20w%C3%B6rd%2F1",
            "MIIEvQ==",
            r"-----BEGIN KEY-----\nMIIEvQ==\n-----END KEY-----",
        ] {
            let shown = redacted(quoted);
            assert!(shown.contains(SHOWN) && !shown.contains("ss w") && !shown.contains("MII"), "{shown}");
        }
    }

    #[test]
    fn of_a_value_that_begins_with_another_one_nothing_stays() {
        note("sesame");
        note("sesame-open");
        assert_eq!(redacted("sesame-open, sesame"), format!("{SHOWN}, {SHOWN}"));
        assert_eq!(redacted("nothing here"), "nothing here");
    }

    #[test]
    fn a_short_value_is_not_looked_for() {
        note("a");
        assert_eq!(redacted("a man"), "a man");
    }
}

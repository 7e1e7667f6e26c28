//! The patterns of the models, which are Java's, as the `regex` crate reads them.

use regex::Regex;
use std::collections::HashMap;
use std::sync::{Mutex, OnceLock, PoisonError};

/// Patterns that `regex` cannot express; what they guard is never sent: buckets of code.
const SKIPPED: &[&str] = &[r"[0-9A-Za-z\.\-_]*(?<!\.)"];
/// What `regex` cannot express within patterns, and is left out: that a qualifier behind a function's name is no number.
const LEFT_OUT: &str = r"(?!\d+$)";

/// True if all of the text matches, as AWS checks it.
///
/// # Panics
/// For a pattern that can neither be read nor is among the known exceptions.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    // In brackets that hold all of it.
    if let Some(inner) = pattern.strip_prefix("((?!").and_then(|inner| inner.strip_suffix(')')) {
        return matches(&format!("(?!{inner}"), text);
    }
    // `regex` has nothing that looks ahead; a name of an alias is of letters and digits, and not of digits alone.
    if let Some((not, rest)) = pattern.strip_prefix("(?!").and_then(|pattern| pattern.split_once(')')) {
        return !matches(not, text) && matches(rest, text);
    }
    static COMPILED: OnceLock<Mutex<HashMap<String, Option<Regex>>>> = OnceLock::new();
    let compiled = COMPILED.get_or_init(Mutex::default);
    let mut compiled = compiled.lock().unwrap_or_else(PoisonError::into_inner);
    let regex = compiled.entry(pattern.to_owned()).or_insert_with(|| compile(pattern));
    regex.as_ref().is_none_or(|regex| regex.is_match(text))
}

fn compile(pattern: &str) -> Option<Regex> {
    let regex = Regex::new(&format!("^(?s:{})$", pattern.replace(LEFT_OUT, "")));
    assert!(regex.is_ok() || SKIPPED.contains(&pattern), "a pattern of AWS cannot be read: {pattern}");
    regex.ok()
}

/// True if a text is like a pattern with `*` and `?`.
pub(crate) fn is_like(like: &str, text: &str, fold: bool) -> bool {
    let regex = regex::escape(like).replace(r"\*", ".*").replace(r"\?", ".");
    matches(&if fold { format!("(?i:{regex})") } else { regex }, text)
}

#[test]
fn patterns_are_anchored_and_may_use_javas_escapes() {
    assert!(matches("[a-zA-Z0-9-_]+", "create_item-2"));
    assert!(!matches("[a-zA-Z0-9-_]+", "no spaces"));
    assert!(matches(r"(\u002F)|(\u002F[\u0021-\u007E]+\u002F)", "/provision/demo/"));
    assert!(!matches(r"(\u002F)|(\u002F[\u0021-\u007E]+\u002F)", "/provision"));
    assert!(matches(SKIPPED[0], "anything"));
    let alias = "(?!^[0-9]+$)([a-zA-Z0-9-_]+)";
    assert!(matches(alias, "2024-01-02") && !matches(alias, "2024") && !matches(alias, "a b"));
    let of_url = r"((?!^\d+$)^[0-9a-zA-Z-_]+$)";
    assert!(matches(of_url, "live") && !matches(of_url, "1") && !matches(of_url, "$LATEST"));
    assert!(matches(&format!("a(:({LEFT_OUT}[0-9a-z]+))?"), "a:b"));
}

//! `tags`, of the stack and of an entry.

use std::collections::BTreeMap;

use super::decode::{Value, help};
use super::diagnostic::Diagnostic;
use super::section::Shape;
use super::section::shape::{Keys, map, scalar};
use crate::yaml::At;
use serde_json::json;

/// Tags by key.
pub(crate) type Tags = BTreeMap<String, String>;

/// AWS allows 50 tags; `provision` adds three.
const MAX_TAGS: usize = 47;

/// The shape of `tags`.
pub(crate) fn tags() -> Shape<Tags> {
    let keys =
        json!({ "minLength": 1, "maxLength": 128, "not": { "pattern": "^([aA][wW][sS]|provision):" } });
    map(Keys::new(keys, is_tag), Shape::new(scalar(), tag_value))
        .refine(|value, tags| match tags.len() {
            0..=MAX_TAGS => Some(tags),
            count => {
                let message = format!("there are {count} tags; AWS allows 50, and `provision` adds 3");
                value.fail_key(message, None)
            }
        })
        .with("maxProperties", MAX_TAGS)
}

fn is_tag(tag: Value) -> Option<()> {
    let key = tag.key.text.as_str();
    let lower = key.to_lowercase();
    for (prefix, owner) in [("aws:", "AWS"), ("provision:", "`provision`")] {
        if lower.starts_with(prefix) {
            let message = format!("tag keys that begin with `{prefix}` are reserved for {owner}");
            return tag.fail_key(message, help("choose another name"));
        }
    }
    if !(1..=128).contains(&key.chars().count()) {
        return tag.fail_key("the key of a tag must have 1 to 128 characters", None);
    }
    if !is_made_for_tags(key) {
        return tag.fail_key(format!("invalid tag key `{key}`"), help(TAG_RULE));
    }
    Some(())
}

fn tag_value(tag: Value) -> Option<String> {
    let text = tag.text()?;
    if text.chars().count() > 256 {
        return tag.fail("the value of a tag can have at most 256 characters", None);
    }
    if !is_made_for_tags(text) {
        return tag.fail(format!("invalid tag value `{text}`"), help(TAG_RULE));
    }
    Some(text.to_owned())
}

const TAG_RULE: &str = "use letters, digits, spaces and `_ . : / = + - @`";

fn is_made_for_tags(text: &str) -> bool {
    text.chars().all(|c| c.is_alphanumeric() || c == ' ' || "_.:/=+-@".contains(c))
}

/// What is wrong with the tags of an entry together with those of the stack. Its place is for the caller to say.
pub(crate) fn together(of_stack: &Tags, own: &Tags) -> Option<Diagnostic> {
    let error = |message: String, help: &str| {
        Some(Diagnostic { at: At::default(), length: 0, message, help: Some(help.to_owned()) })
    };
    let all = of_stack.keys().chain(own.keys().filter(|key| !of_stack.contains_key(*key)));
    let count = all.count();
    if !own.is_empty() && count > MAX_TAGS {
        let message =
            format!("with those of the stack there are {count} tags; AWS allows 50, and `provision` adds 3");
        return error(message, "remove some");
    }
    // IAM takes them for one key, and a function has a role.
    let differs = |one: &str, other: &str| one != other && one.eq_ignore_ascii_case(other);
    let mut pairs = own.keys().flat_map(|one| of_stack.keys().map(move |other| (one, other)));
    let (one, other) = pairs.find(|(one, other)| differs(one, other))?;
    error(
        format!("the tags `{one}` and `{other}`, which the stack has, differ only in case"),
        "write them alike",
    )
}

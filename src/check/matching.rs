//! Compares a response with the expected one.
//!
//! The expected value is a subset: an object may hold more members than are expected, and a list more elements, in any
//! order, because services promise none. Numbers are compared by value: `1` is `1.0`.

use crate::sensitive::redacted;
use serde_json::{Number, Value};
use std::fmt;

const EXCERPT: usize = 200;

/// The first place where a response differs from the expected one.
#[derive(Debug, Clone, PartialEq)]
pub struct Mismatch {
    /// The JSON pointer of that place in the expected value; empty for the whole.
    pub pointer: String,
    /// What is expected there, as JSON.
    pub expected: String,
    /// The actual value, as JSON; `None` if it is missing.
    pub got: Option<String>,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.pointer.is_empty() { "the body" } else { &self.pointer };
        match &self.got {
            Some(got) => write!(f, "expected {} at {place}, got {got}", self.expected),
            None => write!(f, "expected {} at {place}, which is missing", self.expected),
        }
    }
}

/// Finds the expected value in a response. Gives back the answer with each list put in the order of the expected one, its
/// further elements last: there a pointer such as `/0/uuid` leads to what the first expected element was found to be.
pub(super) fn align(expected: &Value, got: &Value) -> Result<Value, Mismatch> {
    at("", expected, got)
}

/// The beginning of a text, with `…` if it is cut.
pub(super) fn excerpt(text: &str, length: usize) -> String {
    // What is cut would no longer be known as a sensitive value.
    let text = redacted(text);
    match text.char_indices().nth(length) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into_owned(),
    }
}

fn at(pointer: &str, expected: &Value, got: &Value) -> Result<Value, Mismatch> {
    match (expected, got) {
        (Value::Object(members), Value::Object(found)) => {
            let mut aligned = found.clone();
            for (name, value) in members {
                let pointer = format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
                let found = found.get(name).ok_or_else(|| mismatch(&pointer, value, None))?;
                aligned.insert(name.clone(), at(&pointer, value, found)?);
            }
            Ok(Value::Object(aligned))
        }
        (Value::Array(elements), Value::Array(found)) => list(pointer, elements, found),
        (Value::Number(one), Value::Number(other)) if equal(one, other) => Ok(got.clone()),
        _ if expected == got => Ok(got.clone()),
        _ => Err(mismatch(pointer, expected, Some(got))),
    }
}

/// Each expected element takes the first element that matches it and that no earlier one took.
fn list(pointer: &str, expected: &[Value], found: &[Value]) -> Result<Value, Mismatch> {
    let mut rest: Vec<&Value> = found.iter().collect();
    let mut aligned = Vec::with_capacity(found.len());
    for (index, value) in expected.iter().enumerate() {
        let pointer = format!("{pointer}/{index}");
        let matching =
            rest.iter().enumerate().find_map(|(place, got)| Some((place, at(&pointer, value, got).ok()?)));
        let Some((place, element)) = matching else {
            // With one element to choose from, what differs in it says more than that there is none.
            return Err(match rest[..] {
                [only] => at(&pointer, value, only).err(),
                _ => None,
            }
            .unwrap_or_else(|| mismatch(&pointer, value, None)));
        };
        rest.remove(place);
        aligned.push(element);
    }
    aligned.extend(rest.into_iter().cloned());
    Ok(Value::Array(aligned))
}

/// Integers are compared exactly: as floating-point numbers, large neighbours would be the same.
fn equal(one: &Number, other: &Number) -> bool {
    if one.is_f64() || other.is_f64() { one.as_f64() == other.as_f64() } else { one == other }
}

fn mismatch(pointer: &str, expected: &Value, got: Option<&Value>) -> Mismatch {
    let show = |value: &Value| excerpt(&value.to_string(), EXCERPT);
    Mismatch { pointer: pointer.to_owned(), expected: show(expected), got: got.map(show) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn differs(expected: Value, got: Value) -> String {
        align(&expected, &got).expect_err("they differ").to_string()
    }

    #[test]
    fn an_object_may_hold_more_than_is_expected() {
        let got = json!({ "Item": { "uuid": "1", "title": "a" }, "more": [1] });
        assert_eq!(align(&json!({ "Item": { "title": "a" } }), &got), Ok(got.clone()));
        assert_eq!(align(&json!({}), &got), Ok(got));
    }

    #[test]
    fn the_first_difference_is_named_with_its_place() {
        let got = json!({ "Item": { "title": "a", "a/b~c": [] } });
        assert_eq!(
            differs(json!({ "Item": { "title": "b" } }), got.clone()),
            r#"expected "b" at /Item/title, got "a""#
        );
        assert_eq!(
            differs(json!({ "Item": { "uuid": 1 } }), got.clone()),
            "expected 1 at /Item/uuid, which is missing"
        );
        assert_eq!(differs(json!({ "Item": { "a/b~c": {} } }), got), "expected {} at /Item/a~1b~0c, got []");
        assert_eq!(differs(json!([]), json!(null)), "expected [] at the body, got null");
    }

    #[test]
    fn a_list_matches_in_any_order_and_is_put_in_the_expected_one() {
        let got = json!([{ "n": 1 }, { "n": 2, "id": "b" }, { "n": 3, "id": "c" }]);
        let aligned = align(&json!([{ "n": 3 }, { "n": 2 }]), &got).expect("both are there");
        assert_eq!(aligned, json!([{ "n": 3, "id": "c" }, { "n": 2, "id": "b" }, { "n": 1 }]));
        assert_eq!(aligned.pointer("/0/id"), Some(&json!("c")));
    }

    #[test]
    fn an_element_is_taken_once() {
        assert_eq!(differs(json!([1, 1]), json!([1, 2, 3])), "expected 1 at /1, which is missing");
        assert_eq!(align(&json!([1, 1]), &json!([1, 2, 1])), Ok(json!([1, 1, 2])));
    }

    #[test]
    fn the_only_candidate_is_compared_in_full() {
        assert_eq!(differs(json!([{ "n": 1 }]), json!([{ "n": 2 }])), "expected 1 at /0/n, got 2");
        assert_eq!(differs(json!([1]), json!([])), "expected 1 at /0, which is missing");
    }

    #[test]
    fn numbers_are_compared_by_value() {
        assert!(align(&json!([1, 2.5, -3.0]), &json!([1.0, 2.5, -3])).is_ok());
        assert!(align(&json!(u64::MAX), &json!(u64::MAX - 1)).is_err());
        assert!(align(&json!(1), &json!("1")).is_err());
    }

    #[test]
    fn long_values_are_cut_between_characters() {
        assert_eq!(excerpt("añb", 2), "añ…");
        assert_eq!(excerpt("añb", 3), "añb");
    }
}

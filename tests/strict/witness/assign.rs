//! Which operation a recorded response is of. The first of these decides: a rule of the service; the name of an operation in
//! the label; the members, where only one operation has them all, or only one of those that begin with the verb in the label;
//! the name of an operation in the name of the test. The status tells operations with the same members apart, and no more: it is
//! compared.

use super::recordings::{Recorded, Rule, Service};
use crate::model::{Model, Operation};
use crate::pattern::is_like;

/// What a response was assigned to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Assigned<'a> {
    /// To an operation that the strict cloud serves.
    To(&'a str),
    /// To one that it does not serve, or to another service.
    Elsewhere,
    /// To none.
    Nowhere,
}

/// Assigns a response.
pub(super) fn assign<'a>(known: &'a Service, recorded: &Recorded) -> Assigned<'a> {
    let can = can_be_of(known.service.model(), recorded);
    let rule = known.rules.rules.iter().find(|rule| fits(rule, recorded));
    let operation = rule.map(|rule| rule.is.as_str());
    let operation = operation.or_else(|| by_words(&can, &recorded.label));
    let operation = operation.or_else(|| by_members(&with_status(&can, recorded), recorded));
    // The name of its class is about many operations.
    let test = recorded.test.rsplit("::").next().unwrap_or_default();
    let operation = operation.or_else(|| by_words(&can, test));
    match operation {
        Some(operation) if known.serves(operation) => Assigned::To(operation),
        Some(_) => Assigned::Elsewhere,
        None => Assigned::Nowhere,
    }
}

/// True if a pattern fits, or one of several.
fn is_one(patterns: &str, text: &str) -> bool {
    patterns.is_empty() || patterns.split('|').any(|pattern| is_like(pattern, text, true))
}

fn fits(rule: &Rule, recorded: &Recorded) -> bool {
    let is_error = recorded.error.is_some();
    let of_error = |pattern: &str, text: &dyn Fn() -> Vec<String>| {
        pattern.is_empty() || text().iter().any(|text| is_one(pattern, text))
    };
    let codes = || recorded.error.iter().flat_map(|error| error.codes.clone()).collect();
    let message = || recorded.error.iter().map(|error| error.message.clone()).collect();
    is_one(&rule.label, &recorded.label)
        && is_one(&rule.test, &recorded.test)
        && rule.ok.is_none_or(|ok| ok != is_error)
        && rule.members.iter().all(|member| has(recorded, member))
        && of_error(&rule.code, &codes)
        && of_error(&rule.message, &message)
}

/// True if a response has a member; of one within another the path has points.
fn has(recorded: &Recorded, path: &str) -> bool {
    let mut names = path.split('.');
    let first = names.next().and_then(|name| recorded.members.get(name));
    names.try_fold(first, |value, name| value.map(|value| value.get(name))).flatten().is_some()
}

/// The operations that may answer so: a success has only members of its operation. The tests ask nothing that is deprecated, but
/// shorten the names of what has taken its place to the deprecated ones: `get-bucket-lifecycle`.
fn can_be_of<'a>(model: &'a Model, recorded: &Recorded) -> Vec<&'a Operation> {
    let can = |operation: &&Operation| {
        let shape = operation.output.as_ref().map(|output| model.shape(output));
        let has = |name: &String| shape.is_some_and(|shape| shape.members.contains_key(name));
        !operation.deprecated && (recorded.error.is_some() || recorded.members.keys().all(has))
    };
    model.operations.values().filter(can).collect()
}

/// Those of them whose model has the status, if there are any.
fn with_status<'a>(can: &[&'a Operation], recorded: &Recorded) -> Vec<&'a Operation> {
    let is_its = |operation: &&Operation| operation.http.response_code.unwrap_or(200) == recorded.status;
    let likely: Vec<&Operation> = can.iter().filter(|operation| is_its(operation)).copied().collect();
    if likely.is_empty() { can.to_vec() } else { likely }
}

/// The operation with the longest name of those that a text names.
fn by_words<'a>(can: &[&'a Operation], text: &str) -> Option<&'a str> {
    let text = words(text);
    let named = can.iter().filter(|operation| {
        let name = words(&operation.name);
        text.windows(name.len()).any(|part| part == name) || text.contains(&name.concat())
    });
    named.max_by_key(|operation| operation.name.len()).map(|operation| operation.name.as_str())
}

/// By the members of a success: the only operation that can have them, or the only one with the verb of the label. Where none can
/// have them, it is another service's.
fn by_members<'a>(can: &[&'a Operation], recorded: &Recorded) -> Option<&'a str> {
    if recorded.members.is_empty() {
        return None;
    }
    let label = words(&recorded.label);
    let verbs = label.iter().find_map(|word| verbs_of(word));
    let begins = |operation: &&&Operation| {
        let verb = words(&operation.name).swap_remove(0);
        verbs.is_some_and(|verbs| verbs.split(' ').any(|one| one == verb))
    };
    let with_verb: Vec<&Operation> = can.iter().filter(begins).copied().collect();
    match (can, with_verb.as_slice()) {
        ([], _) => Some("of another service"),
        ([only], _) | (_, [only]) => Some(only.name.as_str()),
        _ => None,
    }
}

/// The verbs that operations have for a word of a label.
fn verbs_of(word: &str) -> Option<&str> {
    const VERBS: &str = "create list put update delete publish add remove tag untag";
    match word {
        "creation" | "created" => Some("create"),
        "get" | "describe" => Some("get describe"),
        "updated" => Some("update"),
        "deletion" | "deleting" => Some("delete"),
        _ => VERBS.split(' ').find(|verb| *verb == word),
    }
}

/// The words of a label or a name, in lower case: `get-queue_url` and `GetQueueUrl` have the same.
fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    for letter in text.chars() {
        let begins = (letter.is_uppercase() && before.is_lowercase())
            || letter.is_ascii_digit() != before.is_ascii_digit()
            || !letter.is_alphanumeric();
        if begins {
            words.push(String::new());
        }
        if letter.is_alphanumeric() {
            words.last_mut().expect("a word").extend(letter.to_lowercase());
        }
        before = letter;
    }
    words.retain(|word| !word.is_empty());
    words
}

#[test]
fn labels_and_names_have_the_same_words() {
    assert_eq!(words("get-queue_url"), words("GetQueueUrl"));
    assert_eq!(words("put_rule_2"), ["put", "rule", "2"]);
}

//! Route keys: `GET /items/{id}`, `ANY /{proxy+}`, `$default`.

use std::collections::HashSet;

use super::decode::{Value, help};
use super::names::is_made_of;
use crate::suggest;

/// The methods that a route can have.
pub(super) const METHODS: [&str; 8] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "ANY"];

/// What a route matches: its key with the names of the variables left out. Two routes of one pattern are in each
/// other's way.
pub(super) fn pattern(value: Value) -> Option<String> {
    let key = value.key.text.as_str();
    if key == "$default" {
        return Some(key.to_owned());
    }
    if key.to_lowercase().rsplit([' ', '$', '/']).next() == Some("default") && !key.contains('/') {
        return value.fail_key(format!("`{key}` is not a route"), help("did you mean `$default`?"));
    }
    let Some((method, path)) = key.split_once(' ') else {
        let meant = match key.starts_with('/') {
            true => format!("put a method before the path: `GET {key}`, or `ANY {key}` for all methods"),
            false => "a route looks like `GET /items/{id}`, or is `$default`".to_owned(),
        };
        return value.fail_key(format!("`{key}` is not a route"), Some(meant));
    };
    if !METHODS.contains(&method) {
        return unknown_method(value, method, path);
    }
    let path = path_pattern(value, path)?;
    Some(format!("{method} {path}"))
}

fn unknown_method<T>(value: Value, method: &str, path: &str) -> Option<T> {
    let key = value.key.text.as_str();
    let upper = method.to_uppercase();
    let meant = if METHODS.contains(&upper.as_str()) {
        help(format!("methods are in upper case: `{upper} {path}`"))
    } else if method.starts_with('/') {
        help(format!("the method comes first: `{path} {method}`"))
    } else {
        suggest::did_you_mean_or_list(method, "the methods are", &METHODS)
    };
    value.fail_key(format!("`{key}` begins with no method that API Gateway knows"), meant)
}

fn path_pattern(value: Value, path: &str) -> Option<String> {
    if !path.starts_with('/') {
        let method = value.key.text.split(' ').next().unwrap_or_default();
        let meant = format!("did you mean `{method} /{}`?", path.trim().trim_start_matches('/'));
        return value.fail_key("the path of a route begins with `/`, after one space", Some(meant));
    }
    if let Some(wrong) = path.chars().find(|c| c.is_whitespace() || "?#".contains(*c)) {
        return value.fail_key(format!("the path of a route cannot contain `{wrong}`"), None);
    }
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let mut names = HashSet::new();
    let mut pattern = String::new();
    for (index, segment) in segments.iter().enumerate() {
        pattern.push('/');
        let Segment::Variable { name, greedy } = part(value, segment)? else {
            pattern.push_str(segment);
            continue;
        };
        if !names.insert(name) {
            let message = format!("the variable `{{{name}}}` comes twice");
            return value.fail_key(message, help("give one of them another name"));
        }
        if greedy && index + 1 < segments.len() {
            return value.fail_key(format!("`{segment}` takes the rest of the path, so it comes last"), None);
        }
        pattern.push_str(if greedy { "{+}" } else { "{}" });
    }
    Some(pattern)
}

/// What stands between two `/`.
enum Segment<'a> {
    Literal,
    Variable { name: &'a str, greedy: bool },
}

fn part<'a>(value: Value, segment: &'a str) -> Option<Segment<'a>> {
    if let Some(name) = segment.strip_prefix(':') {
        let meant = help(format!("did you mean `{{{name}}}`?"));
        return value.fail_key(format!("`{segment}` is not a variable"), meant);
    }
    if !segment.contains(['{', '}']) {
        return Some(Segment::Literal);
    }
    let Some(inner) = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) else {
        let help = help("a variable fills the whole part between two `/`: `/items/{id}`");
        return value.fail_key(format!("`{segment}` cannot be part of a route"), help);
    };
    let (name, greedy) = inner.strip_suffix('+').map_or((inner, false), |name| (name, true));
    if !is_made_of(name, "._-") {
        let help = help("use letters, digits, `.`, `_` and `-`; `{name+}` takes the rest of the path");
        return value.fail_key(format!("`{segment}` cannot name a variable"), help);
    }
    Some(Segment::Variable { name, greedy })
}

/// Whether this can be the name of a header.
pub(super) fn is_header(text: &str) -> bool {
    is_made_of(text, "!#$%&'*+-.^_`|~")
}

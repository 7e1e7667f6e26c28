//! The request line of a check.

use crate::config::decode::{Value, help};
use crate::config::stack::{Part, Template};
use crate::suggest;

/// The methods that a request can have.
const METHODS: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];

/// A request line.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Line {
    pub(super) text: String,
    pub(super) method: String,
    pub(super) path: Template,
    /// Whether the path is a whole URL.
    pub(super) is_absolute: bool,
}

/// `METHOD /path`, or a method and a whole URL.
pub(super) fn request(value: Value) -> Option<Line> {
    let Some(text) = value.node.written() else { return value.wrong_type("text", None) };
    let (method, path) = text.split_once(' ').unwrap_or((&text, ""));
    if !METHODS.contains(&method) {
        return unknown_method(value, method, path);
    }
    let is_absolute = ["http://", "https://", "${"].iter().any(|begin| path.starts_with(begin));
    if !path.starts_with('/') && !is_absolute {
        let meant = help(format!("did you mean `{method} /{}`?", path.trim().trim_start_matches('/')));
        return value.fail("the path of a request must begin with `/`, after one space", meant);
    }
    let mut template = value.template()?;
    if let Some(Part::Text(first)) = template.parts.first_mut() {
        first.drain(..=method.len());
    }
    template.parts.retain(|part| *part != Part::Text(String::new()));
    let wrong = |part: &Part| match part {
        Part::Text(text) => text.chars().find(|c| c.is_whitespace() || "{}".contains(*c)),
        _ => None,
    };
    match template.parts.iter().find_map(wrong) {
        Some('{' | '}') => value.fail(
            "a request cannot contain route variables",
            help("write a value, or `${capture.NAME}` for one that an earlier check captured"),
        ),
        Some(_) => value.fail("the path of a request cannot contain spaces", help("write `%20` for a space")),
        None => {
            // A value that is filled in may be a path.
            let is_path = matches!(template.parts.first(), Some(Part::Text(first)) if first.starts_with('/'));
            let (text, method) = (text.to_string(), method.to_owned());
            Some(Line { text, method, path: template, is_absolute: is_absolute && !is_path })
        }
    }
}

fn unknown_method<T>(value: Value, method: &str, path: &str) -> Option<T> {
    if method.starts_with('/') {
        return value.fail(
            format!("missing HTTP method before `{method}`"),
            help(format!("did you mean `GET {method}`?")),
        );
    }
    let upper = method.to_uppercase();
    let meant = if METHODS.contains(&upper.as_str()) {
        help(format!("methods are in upper case: `{upper} {path}`"))
    } else {
        suggest::did_you_mean(method, METHODS).or_else(|| help("a request looks like `GET /items`"))
    };
    value.fail(format!("unknown HTTP method `{method}`"), meant)
}

//! The names that a `${…}` can have.

use std::collections::{BTreeMap, BTreeSet};

use super::stack::Part;
use crate::suggest;

/// The names that a `${…}` can have, besides captures.
pub(super) struct Names<'a> {
    /// The values of `${var.…}`.
    pub(super) variables: BTreeMap<&'a str, String>,
    /// The variables that only other environments set, with the names of those environments.
    pub(super) elsewhere: BTreeMap<&'a str, Vec<&'a str>>,
    /// `${env}`.
    pub(super) environment: Option<&'a str>,
    /// The values of `${process.…}`.
    pub(super) process: &'a dyn Fn(&str) -> Option<String>,
    /// The keys of `tables`.
    pub(super) tables: Vec<&'a str>,
    /// The keys of `functions`.
    pub(super) functions: Vec<&'a str>,
    /// Whether there is an `api`.
    pub(super) api: bool,
}

impl Names<'_> {
    /// The name in AWS of the resource with this key.
    pub(super) fn prefixed(&self, key: &str) -> String {
        match self.environment {
            Some(environment) => format!("{environment}-{key}"),
            None => key.to_owned(),
        }
    }
}

/// The names that are valid in one place.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) names: &'a Names<'a>,
    /// In checks: what the checks before this one capture, and what the others do.
    pub(super) captures: Option<&'a Captures<'a>>,
}

/// The names that checks capture.
#[derive(Default)]
pub(super) struct Captures<'a> {
    pub(super) earlier: BTreeSet<&'a str>,
    pub(super) all: BTreeSet<&'a str>,
}

/// The part of a template that a `${…}` stands for.
pub(super) fn part(expression: &str, scope: Scope) -> Result<Part, Error> {
    let Some(path) = path(expression) else { return Err(unreadable(expression)) };
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let names = scope.names;
    match path.as_slice() {
        ["env"] => names.environment.map(text_part).ok_or_else(|| {
            let way = "run with `--env NAME`, or use a variable that has a default: `${var.NAME}`";
            Error::new("`${env}` has no value without an environment", way)
        }),
        ["region"] => Ok(Part::Region),
        ["account"] => Ok(Part::Account),
        ["var", name] => variable(names, name),
        ["process", name] => (names.process)(name).map(Part::Text).ok_or_else(|| {
            let message = format!("the environment variable `{name}` is not set");
            Error::new(message, format!("set it where you run `provision`: `export {name}=…`"))
        }),
        ["tables", table, "name"] => known("table", table, &names.tables).map(Part::TableName),
        ["tables", table, "arn"] => known("table", table, &names.tables).map(Part::TableArn),
        ["functions", name, "name"] => known("function", name, &names.functions).map(Part::FunctionName),
        ["functions", name, "arn"] => known("function", name, &names.functions).map(Part::FunctionArn),
        ["api", "url"] if names.api => Ok(Part::ApiUrl),
        ["api", "url"] => Err(Error::new("this stack has no `api`", "remove this, or add an `api`")),
        ["capture", name] => capture(scope.captures, name),
        _ => Err(unknown(&path, names)),
    }
}

/// Why a `${…}` is invalid.
pub(super) struct Error {
    pub(super) message: String,
    pub(super) help: Option<String>,
}

impl Error {
    fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: Some(help.into()) }
    }
}

fn text_part(text: &str) -> Part {
    Part::Text(text.to_owned())
}

/// Splits `tables["a.b"].arn` into its names.
fn path(expression: &str) -> Option<Vec<String>> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let mut names = Vec::new();
    let mut rest = expression.trim();
    loop {
        if let Some(quoted) = rest.strip_prefix("[\"").filter(|_| !names.is_empty()) {
            let (name, after) = quoted.split_once("\"]")?;
            names.push(name.to_owned());
            rest = after;
        } else {
            let dotted = if names.is_empty() { rest } else { rest.strip_prefix('.')? };
            let end = dotted.find(|c| !is_name(c)).unwrap_or(dotted.len());
            let (name, after) = dotted.split_at(end);
            names.push((!name.is_empty()).then(|| name.to_owned())?);
            rest = after;
        }
        if rest.is_empty() {
            return Some(names);
        }
    }
}

fn unreadable(expression: &str) -> Error {
    let help = if expression.contains(':') {
        format!("for a policy variable of IAM write `$${{{expression}}}`")
    } else {
        "to write `${` itself, use `$${`".to_owned()
    };
    Error::new(format!("invalid placeholder `${{{expression}}}`"), help)
}

fn variable(names: &Names, name: &str) -> Result<Part, Error> {
    if let Some(value) = names.variables.get(name) {
        return Ok(text_part(value));
    }
    let message = format!("unknown variable `{name}`");
    let help = match names.elsewhere.get(name) {
        Some(environments) => {
            let environments = suggest::quoted(environments);
            Some(format!("it is set only in {environments}; add a default to the top-level `variables`"))
        }
        None => {
            let variables: Vec<&str> = names.variables.keys().copied().collect();
            let add = format!("add it: `variables: {{ {name}: … }}`");
            suggest::did_you_mean(name, variables).or(Some(add))
        }
    };
    Err(Error { message, help })
}

fn known(what: &str, name: &str, names: &[&str]) -> Result<String, Error> {
    if names.contains(&name) {
        return Ok(name.to_owned());
    }
    let help = suggest::did_you_mean_or_list(name, &format!("the {what}s of this stack"), names);
    Err(Error { message: format!("there is no {what} `{name}`"), help })
}

fn capture(captures: Option<&Captures>, name: &str) -> Result<Part, Error> {
    let Some(captures) = captures else {
        return Err(Error::new(
            "`${capture.…}` works only in `checks`",
            "captures exist only while checks run",
        ));
    };
    if captures.earlier.contains(name) {
        return Ok(Part::Capture(name.to_owned()));
    }
    if captures.all.contains(name) {
        let message = format!("no earlier check captures `{name}`");
        return Err(Error::new(message, "checks run in order: move the one that captures it up"));
    }
    let add = format!("add `capture: {{ {name}: /pointer }}` to an earlier check");
    let help = suggest::did_you_mean(name, captures.earlier.iter().copied()).or(Some(add));
    Err(Error { message: format!("no check captures `{name}`"), help })
}

/// The error for a well-formed path without a meaning.
fn unknown(path: &[&str], names: &Names) -> Error {
    const ROOTS: [&str; 9] =
        ["var", "env", "region", "account", "process", "tables", "functions", "api", "capture"];
    let shown = path.join(".");
    let message = format!("unknown placeholder `${{{shown}}}`");
    let help = match path {
        [name] if names.variables.contains_key(name) => format!("did you mean `${{var.{name}}}`?"),
        [root @ ("var" | "process" | "capture"), ..] => format!("write `${{{root}.NAME}}`"),
        ["api", ..] => "did you mean `${api.url}`?".to_owned(),
        [root @ ("tables" | "functions"), name @ .., "name" | "arn"] if name.len() > 1 => {
            let name = name.join(".");
            format!("a name with a dot is written `${{{root}[\"{name}\"].arn}}`")
        }
        [root @ ("tables" | "functions"), name, ..] => {
            format!("write `${{{root}.{name}.name}}` or `${{{root}.{name}.arn}}`")
        }
        [name] if name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_') => {
            format!("for an environment variable of your shell write `${{process.{name}}}`")
        }
        [root, rest @ ..] => match suggest::nearest(root, ROOTS) {
            Some(near) if near != *root => {
                let near: Vec<&str> = std::iter::once(near).chain(rest.iter().copied()).collect();
                format!("did you mean `${{{}}}`?", near.join("."))
            }
            _ => format!("it can begin with {}; to write `${{` itself, use `$${{`", suggest::quoted(&ROOTS)),
        },
        [] => "it is empty; to write `${` itself, use `$${`".to_owned(),
    };
    Error { message, help: Some(help) }
}

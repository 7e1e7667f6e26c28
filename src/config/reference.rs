//! What a `${…}` may name.

use std::collections::{BTreeMap, BTreeSet};

use super::stack::Part;
use crate::suggest;

/// What a `${…}` may name, besides captures.
pub(super) struct Names<'a> {
    /// The values of `${var.…}`.
    pub(super) variables: BTreeMap<&'a str, String>,
    /// The variables that only other environments set, and the names of those.
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
    /// The name in AWS of something with this key.
    pub(super) fn prefixed(&self, key: &str) -> String {
        match self.environment {
            Some(environment) => format!("{environment}-{key}"),
            None => key.to_owned(),
        }
    }
}

/// The names that hold in one place.
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

/// What a `${…}` stands for.
pub(super) fn part(expression: &str, scope: Scope) -> Result<Part, Fault> {
    let Some(path) = path(expression) else { return Err(unreadable(expression)) };
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let names = scope.names;
    match path.as_slice() {
        ["env"] => names.environment.map(text_part).ok_or_else(|| {
            let way = "run with `--env NAME`, or use a variable that has a default: `${var.NAME}`";
            Fault::new("`${env}` has no value without an environment", way)
        }),
        ["region"] => Ok(Part::Region),
        ["account"] => Ok(Part::Account),
        ["var", name] => variable(names, name),
        ["process", name] => (names.process)(name).map(Part::Text).ok_or_else(|| {
            let message = format!("the environment variable `{name}` is not set");
            Fault::new(message, format!("set it where you run `provision`: `export {name}=…`"))
        }),
        ["tables", table, "name"] => known("table", table, &names.tables).map(Part::TableName),
        ["tables", table, "arn"] => known("table", table, &names.tables).map(Part::TableArn),
        ["functions", name, "name"] => known("function", name, &names.functions).map(Part::FunctionName),
        ["functions", name, "arn"] => known("function", name, &names.functions).map(Part::FunctionArn),
        ["api", "url"] if names.api => Ok(Part::ApiUrl),
        ["api", "url"] => Err(Fault::new("this stack has no `api`", "remove this, or add an `api`")),
        ["capture", name] => capture(scope.captures, name),
        _ => Err(unknown(&path, names)),
    }
}

/// Why a `${…}` names nothing.
pub(super) struct Fault {
    pub(super) message: String,
    pub(super) help: Option<String>,
}

impl Fault {
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

fn unreadable(expression: &str) -> Fault {
    let help = if expression.contains(':') {
        format!("for IAM's own policy variable write `$${{{expression}}}`")
    } else {
        "for the characters themselves write `$${`".to_owned()
    };
    Fault::new(format!("`${{{expression}}}` cannot be read"), help)
}

fn variable(names: &Names, name: &str) -> Result<Part, Fault> {
    if let Some(value) = names.variables.get(name) {
        return Ok(text_part(value));
    }
    let message = format!("there is no variable `{name}`");
    let help = match names.elsewhere.get(name) {
        Some(environments) => {
            let environments = suggest::quoted(environments);
            Some(format!("only {environments} has it; give it a default in the top-level `variables`"))
        }
        None => {
            let variables: Vec<&str> = names.variables.keys().copied().collect();
            let add = format!("add it: `variables: {{ {name}: … }}`");
            suggest::did_you_mean(name, variables).or(Some(add))
        }
    };
    Err(Fault { message, help })
}

fn known(what: &str, name: &str, names: &[&str]) -> Result<String, Fault> {
    if names.contains(&name) {
        return Ok(name.to_owned());
    }
    let help = suggest::did_you_mean_or_list(name, &format!("the {what}s of this stack"), names);
    Err(Fault { message: format!("there is no {what} `{name}`"), help })
}

fn capture(captures: Option<&Captures>, name: &str) -> Result<Part, Fault> {
    let Some(captures) = captures else {
        return Err(Fault::new(
            "`${capture.…}` works in `checks` alone",
            "captures exist only while checks run",
        ));
    };
    if captures.earlier.contains(name) {
        return Ok(Part::Capture(name.to_owned()));
    }
    if captures.all.contains(name) {
        let message = format!("no earlier check captures `{name}`");
        return Err(Fault::new(message, "checks run in order: move the one that captures it up"));
    }
    let add = format!("add `capture: {{ {name}: /pointer }}` to an earlier check");
    let help = suggest::did_you_mean(name, captures.earlier.iter().copied()).or(Some(add));
    Err(Fault { message: format!("no check captures `{name}`"), help })
}

/// A path of the right form that names nothing.
fn unknown(path: &[&str], names: &Names) -> Fault {
    const ROOTS: [&str; 9] =
        ["var", "env", "region", "account", "process", "tables", "functions", "api", "capture"];
    let shown = path.join(".");
    let message = format!("`${{{shown}}}` names nothing");
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
            format!("for a variable of your shell write `${{process.{name}}}`")
        }
        [root, rest @ ..] => match suggest::nearest(root, ROOTS) {
            Some(near) if near != *root => {
                let near: Vec<&str> = std::iter::once(near).chain(rest.iter().copied()).collect();
                format!("did you mean `${{{}}}`?", near.join("."))
            }
            _ => format!("it may begin with {}; for `${{` itself write `$${{`", suggest::quoted(&ROOTS)),
        },
        [] => "it is empty; for `${` itself write `$${`".to_owned(),
    };
    Fault { message, help: Some(help) }
}

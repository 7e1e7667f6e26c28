//! The names that a `${…}` can have.

use std::collections::{BTreeMap, BTreeSet};

use super::declared::{AnySection, Sections};
use super::root::Options;
use super::stack::Part;
use crate::model::in_words;
use crate::suggest;

/// The names that a `${…}` can have, besides captures.
pub(crate) struct Names<'a> {
    /// The stack's name.
    pub(crate) stack: &'a str,
    /// The values of `${var.…}`.
    pub(crate) variables: BTreeMap<&'a str, String>,
    /// The variables that only other environments set, with the names of those environments.
    pub(crate) elsewhere: BTreeMap<&'a str, Vec<&'a str>>,
    /// `${env}`.
    pub(crate) environment: Option<&'a str>,
    /// The values of `${process.…}`.
    pub(crate) process: &'a dyn Fn(&str) -> Option<String>,
    /// The sections of the kinds.
    pub(crate) sections: Sections,
    /// The keys of each section that the file has; a section that is one entry has one empty key.
    pub(crate) keys: BTreeMap<&'static str, Vec<&'a str>>,
}

impl<'a> Names<'a> {
    /// What is known before the file is decoded.
    pub(crate) fn of(options: &Options<'a>) -> Self {
        Self {
            stack: "",
            variables: BTreeMap::new(),
            elsewhere: BTreeMap::new(),
            environment: options.environment,
            process: options.process,
            sections: options.sections,
            keys: BTreeMap::new(),
        }
    }

    /// The keys of a section.
    pub(crate) fn keys(&self, section: &str) -> &[&'a str] {
        self.keys.get(section).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether the stack declares something that answers requests.
    pub(crate) fn has_url(&self) -> bool {
        let mut with_url =
            self.sections.iter().filter(|section| section.references().iter().any(|one| one.name == "url"));
        with_url.any(|section| !self.keys(section.key()).is_empty())
    }

    /// The name in AWS of the resource with this key.
    pub(crate) fn prefixed(&self, key: &str) -> String {
        match self.environment {
            Some(environment) => format!("{environment}-{key}"),
            None => key.to_owned(),
        }
    }
}

/// The names that are valid in one place.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'a> {
    pub(crate) names: &'a Names<'a>,
    /// In checks: what the checks before this one capture, and what the others do.
    pub(crate) captures: Option<&'a Captures<'a>>,
}

/// The names that checks capture.
#[derive(Default)]
pub(crate) struct Captures<'a> {
    pub(crate) earlier: BTreeSet<&'a str>,
    pub(crate) all: BTreeSet<&'a str>,
}

/// The part of a template that a `${…}` stands for.
pub(crate) fn part(expression: &str, scope: Scope) -> Result<Part, Error> {
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
        ["capture", name] => capture(scope.captures, name),
        path => attribute(path, names),
    }
}

/// The attribute of an entry that a path names.
fn attribute(path: &[&str], names: &Names) -> Result<Part, Error> {
    let Some(section) = path.first().and_then(|root| names.sections.of(root)) else {
        return Err(unknown(path, names));
    };
    let (key, attribute) = match path {
        [_, attribute] if section.is_single() => ("", *attribute),
        [_, key, attribute] if !section.is_single() => (*key, *attribute),
        _ => return Err(unknown(path, names)),
    };
    let Some(found) = section.references().iter().find(|known| known.name == attribute) else {
        return Err(unknown(path, names));
    };
    let keys = names.keys(section.key());
    if section.is_single() && keys.is_empty() {
        let section = section.key();
        let help = format!("remove this, or add an `{section}`");
        return Err(Error::new(format!("this stack has no `{section}`"), help));
    }
    if !section.is_single() {
        known(&in_words(section.kind()), key, keys)?;
    }
    Ok(Part::Attribute { kind: section.kind(), key: key.to_owned(), attribute: found.name })
}

/// Why a `${…}` is invalid.
pub(crate) struct Error {
    pub(crate) message: String,
    pub(crate) help: Option<String>,
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

fn known(what: &str, name: &str, names: &[&str]) -> Result<(), Error> {
    if names.contains(&name) {
        return Ok(());
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
    let own = ["var", "env", "region", "account", "process"];
    let sections = names.sections.iter().map(|section| section.key());
    let roots: Vec<&str> = own.into_iter().chain(sections).chain(["capture"]).collect();
    let shown = path.join(".");
    let message = format!("unknown placeholder `${{{shown}}}`");
    let help = match path {
        [name] if names.variables.contains_key(name) => format!("did you mean `${{var.{name}}}`?"),
        [root @ ("var" | "process" | "capture"), ..] => format!("write `${{{root}.NAME}}`"),
        [root, rest @ ..] if let Some(section) = names.sections.of(root) => misspelt(section, root, rest),
        [name] if name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_') => {
            format!("for an environment variable of your shell write `${{process.{name}}}`")
        }
        [root, rest @ ..] => match suggest::nearest(root, roots.iter().copied()) {
            Some(near) if near != *root => {
                let near: Vec<&str> = std::iter::once(near).chain(rest.iter().copied()).collect();
                format!("did you mean `${{{}}}`?", near.join("."))
            }
            _ => format!("it can begin with {}; to write `${{` itself, use `$${{`", suggest::quoted(&roots)),
        },
        [] => "it is empty; to write `${` itself, use `$${`".to_owned(),
    };
    Error { message, help: Some(help) }
}

/// The placeholder of a section that was probably meant.
fn misspelt(section: &'static dyn AnySection, root: &str, rest: &[&str]) -> String {
    let is_attribute = |name: &str| section.references().iter().any(|known| known.name == name);
    match rest {
        _ if section.is_single() => format!("did you mean {}?", section.placeholders("")),
        [name @ .., last] if is_attribute(last) && name.len() > 1 => {
            let name = name.join(".");
            format!("a name with a dot is written `${{{root}[\"{name}\"].arn}}`")
        }
        [name, ..] => format!("write {}", section.placeholders(name)),
        [] => format!("write {}", section.placeholders("NAME")),
    }
}

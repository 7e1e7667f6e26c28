//! The names that a `${…}` can have.

use std::collections::{BTreeMap, BTreeSet};

use super::declared::{AnySection, Referable, Sections};
use super::elsewhere;
use super::environment;
use super::existing::ExistingKeys;
use super::presence::Absent;
use super::root::{Known, Location, Options};
use super::stack::Part;
use crate::model::{Identity, SHORTEST_REGION, SOME_ACCOUNT, in_words, prefixed};
use crate::suggest;
use crate::yaml::{Entry, Node};

/// The names that a `${…}` can have, besides captures.
pub(crate) struct Names<'a> {
    /// The stack's name.
    pub(crate) stack: &'a str,
    /// The values of `${var.…}`, as they are written.
    pub(crate) variables: BTreeMap<&'a str, &'a Node>,
    /// The variables that only other environments set, with the names of those environments.
    pub(crate) elsewhere: BTreeMap<&'a str, Vec<&'a str>>,
    /// `${env}`.
    pub(crate) environment: Option<&'a str>,
    /// Its key in `environments`, which may end in `*`.
    pub(crate) environment_key: Option<&'a str>,
    /// `${prefix}`: what the names of the environment's resources begin with.
    /// None while the prefix itself is filled in.
    pub(crate) prefix: Option<String>,
    /// The values of `${process.…}`.
    pub(crate) process: &'a dyn Fn(&str) -> Option<String>,
    /// What is known of AWS, once there is a connection.
    pub(crate) known: Option<&'a Known>,
    /// The sections of the kinds.
    pub(crate) sections: Sections,
    /// The keys of each section that the file has; a section that is one entry has one empty key.
    pub(crate) keys: Keys<'a>,
    /// The entries that this environment has not.
    pub(crate) absent: Absent,
    /// The entries that stand for resources of others.
    pub(crate) existing: ExistingKeys,
    /// Those of them that stand for several.
    pub(crate) several: ExistingKeys,
}

impl<'a> Names<'a> {
    /// What is known before the file is decoded.
    pub(crate) fn of(root: &'a Node, options: &Options<'a>) -> Self {
        let environments = || root.get("environments").map(Node::entries).unwrap_or_default().iter();
        let picked = environment::entry(root, options.environment);
        let environment_key = picked.map(|entry| entry.key.text.as_str());
        let is_picked = |entry: &&Entry| Some(entry.key.text.as_str()) == environment_key;
        let own = picked.map(|entry| &entry.value);
        let variables = |node: &'a Node| node.get("variables").map(Node::entries).unwrap_or_default();
        let mut elsewhere: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for other in environments().filter(|entry| !is_picked(entry)) {
            for variable in variables(&other.value) {
                elsewhere.entry(&variable.key.text).or_default().push(&other.key.text);
            }
        }
        let of_environment = own.map(variables).unwrap_or_default();
        let all = variables(root).iter().chain(of_environment);
        Self {
            stack: root.get("stack").and_then(Node::text).unwrap_or_default(),
            variables: all.map(|variable| (variable.key.text.as_str(), &variable.value)).collect(),
            elsewhere,
            environment: options.environment,
            environment_key,
            prefix: Names::usual_prefix(options),
            process: options.process,
            known: options.known,
            sections: options.sections,
            keys: Keys::new(),
            absent: Absent::new(),
            existing: ExistingKeys::new(),
            several: ExistingKeys::new(),
        }
    }

    /// The prefix of an environment that gives no other one.
    pub(crate) fn usual_prefix(options: &Options) -> Option<String> {
        Some(options.environment.map(Identity::usual_prefix).unwrap_or_default())
    }

    /// A part of where the stack is.
    fn located(&self, part: fn(&Location) -> &String, for_now: &str) -> Value<'a> {
        match self.known {
            Some(known) => Value::Text(part(&known.location).clone()),
            None => Value::ForNow(for_now.to_owned()),
        }
    }

    /// Why an entry is not there although the file has it.
    pub(crate) fn why_absent(&self, section: &'static str, key: &str) -> Option<String> {
        let reason = self.absent.get(&(section, key.to_owned()))?;
        Some(format!("it is not in this environment: {reason}"))
    }

    /// The keys of a section.
    pub(crate) fn keys(&self, section: &str) -> &[&'a str] {
        self.keys.get(section).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether the stack declares something that requests of checks are sent to.
    pub(crate) fn has_endpoint(&self) -> bool {
        let mut endpoints = self.sections.iter().filter(|section| section.is_endpoint());
        endpoints.any(|section| !self.keys(section.key()).is_empty())
    }

    /// The name in AWS of the resource with this key.
    pub(crate) fn prefixed(&self, key: &str) -> String {
        prefixed(self.prefix.as_deref().unwrap_or_default(), key)
    }
}

/// The keys of each section.
pub(crate) type Keys<'a> = BTreeMap<&'static str, Vec<&'a str>>;

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

/// What a `${…}` stands for before the file is decoded.
pub(super) enum Value<'a> {
    /// A text.
    Text(String),
    /// The value of a variable, as it is written, and its name.
    Variable(&'a str, &'a Node),
    /// A value that is known once there is a connection, and a text of its form.
    ForNow(String),
    /// Nothing yet: an attribute of a resource, or what a check captures.
    Later,
}

/// What a `${…}` stands for before the file is decoded.
pub(super) fn value<'a>(expression: &str, names: &Names<'a>) -> Result<Value<'a>, Error> {
    let Some(path) = path(expression) else { return Err(unreadable(expression)) };
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    match path.as_slice() {
        ["env"] => names.environment.map(|name| Value::Text(name.to_owned())).ok_or_else(|| {
            let way = "run with `--env NAME`, or use a variable that has a default: `${var.NAME}`";
            Error::new("`${env}` has no value without an environment", way)
        }),
        ["prefix"] => names.prefix.clone().map(Value::Text).ok_or_else(|| {
            Error::new("`${prefix}` cannot be a part of `prefix`", "write `${env}-` for the usual one")
        }),
        ["stack"] => Ok(Value::Text(names.stack.to_owned())),
        ["var", name] => variable(names, name),
        ["process", name] => (names.process)(name).map(Value::Text).ok_or_else(|| {
            let message = format!("the environment variable `{name}` is not set");
            Error::new(message, format!("set it where you run `provision`: `export {name}=…`"))
        }),
        ["region"] => Ok(names.located(|location| &location.region, SHORTEST_REGION)),
        ["account"] => Ok(names.located(|location| &location.account, SOME_ACCOUNT)),
        ["partition"] => Ok(names.located(|location| &location.partition, "aws")),
        _ => Ok(Value::Later),
    }
}

/// The part of a template that a `${…}` stands for.
pub(crate) fn part(expression: &str, scope: Scope) -> Result<Part, Error> {
    let Some(path) = path(expression) else { return Err(unreadable(expression)) };
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    match path.as_slice() {
        ["region"] => Ok(Part::Region),
        ["account"] => Ok(Part::Account),
        ["partition"] => Ok(Part::Partition),
        ["capture", name] => capture(scope.captures, name),
        path => attribute(path, scope.names),
    }
}

/// The section, the key and the attribute that a path names, whether or not there is such an entry.
pub(super) fn referable<'p>(
    path: &[&'p str],
    names: &Names,
) -> Result<(&'static dyn AnySection, &'p str, &'static Referable), Error> {
    let Some(section) = path.first().and_then(|root| names.sections.of(root)) else {
        return Err(unknown(path, names));
    };
    let (key, attribute) = match path {
        [_, attribute] if section.is_single() => ("", *attribute),
        [_, key, attribute] if !section.is_single() => (*key, *attribute),
        _ => return Err(unknown(path, names)),
    };
    let found = section.references().iter().find(|known| known.name == attribute);
    found.map(|found| (section, key, found)).ok_or_else(|| unknown(path, names))
}

/// The attribute of an entry that a path names.
fn attribute(path: &[&str], names: &Names) -> Result<Part, Error> {
    let (section, key, found) = referable(path, names)?;
    let keys = names.keys(section.key());
    if found.of_child.is_some() && names.existing.contains(&(section.key(), key.to_owned())) {
        let message = format!("the {} of `{key}` is not read, because it is `existing`", found.name);
        return Err(Error::new(message, "write the value itself"));
    }
    if section.is_single() && keys.is_empty() {
        let section = section.key();
        let add = || format!("remove this, or add an `{section}`");
        let help = names.why_absent(section, "").unwrap_or_else(add);
        return Err(Error::new(format!("this stack has no `{section}`"), help));
    }
    if !section.is_single() {
        known(section, key, names)?;
    }
    if names.several.contains(&(section.key(), key.to_owned())) {
        let kinds = in_words(section.kind());
        let message = format!("`{key}` stands for several {kinds}s, of which this needs one");
        return Err(Error::new(message, "such an entry works in `access` alone; add one without `*`"));
    }
    Ok(Part::Attribute { kind: section.kind(), key: key.to_owned(), attribute: found.name })
}

/// Why a `${…}` is invalid.
pub(crate) struct Error {
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

impl Error {
    pub(super) fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: Some(help.into()) }
    }
}

/// Splits `tables["a.b"].arn` into its names.
pub(super) fn path(expression: &str) -> Option<Vec<String>> {
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
    let help = if let Some(meant) = elsewhere::meant(expression) {
        meant
    } else if let Some((root, path, attribute)) = path_in(expression) {
        format!("a name with a slash is written `${{{root}[\"{path}\"].{attribute}}}`")
    } else if expression.contains(':') {
        format!("for a policy variable of IAM write `$${{{expression}}}`")
    } else {
        "to write `${` itself, use `$${`".to_owned()
    };
    Error::new(format!("invalid placeholder `${{{expression}}}`"), help)
}

/// A section, a path without quotes, and an attribute: `parameters./shop/level.arn`.
fn path_in(expression: &str) -> Option<(&str, &str, &str)> {
    let (root, rest) = expression.split_once('.')?;
    let (path, attribute) = rest.rsplit_once('.')?;
    path.contains('/').then_some((root, path, attribute))
}

fn variable<'a>(names: &Names<'a>, name: &str) -> Result<Value<'a>, Error> {
    if let Some((name, value)) = names.variables.get_key_value(name) {
        return Ok(Value::Variable(name, value));
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

/// Looks an entry up.
pub(crate) fn known(section: &'static dyn AnySection, key: &str, names: &Names) -> Result<(), Error> {
    let (kind, keys) = (in_words(section.kind()), names.keys(section.key()));
    if keys.contains(&key) {
        return Ok(());
    }
    let all = format!("the {} of this stack", in_words(section.key()));
    let list = || suggest::did_you_mean_or_list(key, &all, keys);
    let help = names.why_absent(section.key(), key).or_else(list);
    Err(Error { message: format!("there is no {kind} `{key}`"), help })
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
    let own = ["var", "env", "prefix", "stack", "region", "account", "partition", "process"];
    let sections = names.sections.iter().map(|section| section.key());
    let roots: Vec<&str> = own.into_iter().chain(sections).chain(["capture"]).collect();
    let shown: String = path.iter().map(|name| segment(name)).collect();
    let shown = shown.trim_start_matches('.');
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

/// A name of a path as it is written behind others.
pub(super) fn segment(name: &str) -> String {
    let is_plain = name.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
    if is_plain { format!(".{name}") } else { format!("[\"{name}\"]") }
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

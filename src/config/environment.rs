//! `environments` and `variables`: the settings that differ between environments.

use std::collections::BTreeMap;

use super::decode::{Cx, Value, help};
use super::names;
use super::section::shape::{Keys, flag, map, pattern};
use super::section::{Keyed, Shape, section};
use crate::suggest;
use crate::yaml::{Entry, Node};
use serde_json::json;

section! {
    /// An environment for `--env`: separate resources, whose names have the prefix `NAME-`.
    pub(crate) struct Config {
        /// The region of the stack. `--region` overrides it. Without both it is the region of the profile; on the local cloud
        /// it is `us-east-1`.
        region: Option<String> = region().optional(),
        /// The only account that the stack may use. With credentials of another account, every command stops before it does
        /// anything. The local cloud ignores it.
        account: Option<String> = account().optional(),
        /// `up` and `down` ask for the stack's name, even with `--yes`; a pipeline passes it with `--confirm`.
        protect: bool = flag().default(false),
        /// What the names of its resources begin with, instead of `NAME-`. With an empty one they are as the file has them.
        prefix: Option<String> = pattern(&format!("^[A-Za-z0-9_-]{{0,{MAX_PREFIX}}}$"), valid_prefix).optional(),
        /// Variables that override those of the top level.
        variables: BTreeMap<String, ()> = variables().or_empty(),
    }
}

impl Keyed for Config {
    const WHAT: &'static str = "environment";
    const IS_RESOURCE: bool = false;

    fn pattern() -> String {
        key_pattern()
    }

    /// The variables of an environment with a wrong name are known all the same.
    fn check_key(value: Value) -> bool {
        let name = value.key.text.as_str();
        if !is_key(name) {
            let message = format!("invalid environment name `{name}`");
            value.fail_key::<()>(message, Some(names::short_name_rule(names::MAX_ENVIRONMENT_NAME)));
        }
        true
    }
}

/// The pattern of [`is_key`], for editors.
pub(super) fn key_pattern() -> String {
    names::short_name_pattern(names::MAX_ENVIRONMENT_NAME).replace('$', "[*]?$")
}

/// `region`, of the stack and of an environment.
pub(crate) fn region() -> Shape<String> {
    Shape::new(json!({ "type": "string", "examples": ["eu-central-1"] }), names::region)
}

/// `account`, of the stack and of an environment.
pub(crate) fn account() -> Shape<String> {
    let types = json!({
        "type": ["string", "integer"], "pattern": "^[0-9]{12}$", "examples": ["123456789012"],
    });
    Shape::new(types, names::account)
}

/// `variables`, of the stack and of an environment.
pub(crate) fn variables() -> Shape<BTreeMap<String, ()>> {
    let names = Keys::pattern("^[A-Za-z0-9_-]+$", |variable| {
        let name = variable.key.text.as_str();
        if names::is_made_of(name, "_-") {
            return Some(());
        }
        let message = format!("invalid variable name `{name}`");
        variable.fail_key(message, help("use letters, digits, `_` and `-`"))
    });
    map(names, Shape::new(json!({}), |_| Some(())))
}

/// The entry of the picked environment: the one of its name, or else the first whose key ends in `*` and fits.
pub(super) fn entry<'a>(root: &'a Node, picked: Option<&str>) -> Option<&'a Entry> {
    let (picked, all) = (picked?, root.get("environments")?.entries());
    let exact = all.iter().find(|entry| entry.key.text == picked);
    exact.or_else(|| all.iter().find(|entry| is_meant(&entry.key.text, picked)))
}

/// Whether a key, which may end in `*`, means an environment.
pub(super) fn is_meant(key: &str, environment: &str) -> bool {
    match key.strip_suffix('*') {
        Some(begin) => environment.starts_with(begin),
        None => key == environment,
    }
}

/// Whether a key is valid: the name of an environment, or its beginning and `*`.
pub(super) fn is_key(key: &str) -> bool {
    names::is_environment_name(key.strip_suffix('*').unwrap_or(key))
}

fn valid_prefix(value: Value) -> Option<String> {
    let text = value.text()?;
    if text.is_empty() || (text.len() <= MAX_PREFIX && names::is_made_of(text, "-_")) {
        return Some(text.to_owned());
    }
    let rule = format!("use letters, digits, `-` and `_`, and at most {MAX_PREFIX} characters");
    value.fail(format!("invalid prefix `{text}`"), help(rule))
}

/// As long as the prefix that a name of an environment makes.
const MAX_PREFIX: usize = names::MAX_ENVIRONMENT_NAME + 1;

/// Reports a picked environment that cannot be, or that the stack does not list.
pub(super) fn check_picked(cx: &Cx, picked: &str, environments: Option<Value>) {
    if !names::is_environment_name(picked) {
        let message = format!("invalid environment name `{picked}`");
        return cx.report_nowhere(message, Some(names::short_name_rule(names::MAX_ENVIRONMENT_NAME)));
    }
    let Some(value) = environments else { return };
    let listed: Vec<&str> = value.node.entries().iter().map(|entry| entry.key.text.as_str()).collect();
    if !listed.iter().any(|key| is_meant(key, picked)) {
        let help = suggest::did_you_mean_or_list(picked, "the environments of this stack", &listed)
            .or_else(|| help("add it, or remove `environments` to allow any"));
        value.fail_key::<()>(format!("the environment `{picked}` is not in `environments`"), help);
    }
}

/// The value of `key` for an environment, without any check.
pub(super) fn raw<'a>(root: &'a Node, environment: Option<&str>, key: &str) -> Option<&'a Node> {
    let own = entry(root, environment).and_then(|entry| entry.value.get(key));
    own.or_else(|| root.get(key)).filter(|value| value.text().is_some())
}

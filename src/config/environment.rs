//! `environments` and `variables`: the settings that differ between environments.

use std::collections::BTreeMap;

use super::decode::{Cx, Value, help};
use super::names;
use super::section::shape::{Keys, flag, map, scalar};
use super::section::{Entry, Keyed, Shape, section};
use crate::suggest;
use crate::yaml::Node;
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
        /// Variables that override those of the top level.
        variables: BTreeMap<String, String> = variables().or_empty(),
    }
}

impl Keyed for Config {
    const WHAT: &'static str = "environment";

    fn pattern() -> String {
        names::short_name_pattern(names::MAX_ENVIRONMENT_NAME)
    }

    /// The variables of an environment with a wrong name are known all the same.
    fn check_key(value: Value) -> bool {
        let name = value.key.text.as_str();
        if !names::is_environment_name(name) {
            let message = format!("invalid environment name `{name}`");
            value.fail_key::<()>(message, Some(names::short_name_rule(names::MAX_ENVIRONMENT_NAME)));
        }
        true
    }
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
pub(crate) fn variables() -> Shape<BTreeMap<String, String>> {
    let names = Keys::pattern("^[A-Za-z0-9_-]+$", |variable| {
        let name = variable.key.text.as_str();
        if names::is_made_of(name, "_-") {
            return Some(());
        }
        let message = format!("invalid variable name `{name}`");
        variable.fail_key(message, help("use letters, digits, `_` and `-`"))
    });
    map(names, Shape::new(scalar(), |value| Some(value.text()?.replace("$${", "${"))))
}

/// The settings of the environment that the user picked, or of none.
#[derive(Default)]
pub(super) struct Settings<'a> {
    pub(super) region: Option<String>,
    pub(super) account: Option<String>,
    pub(super) protect: bool,
    /// The values of variables.
    pub(super) variables: BTreeMap<&'a str, String>,
    /// Variables that only other environments set.
    pub(super) elsewhere: BTreeMap<&'a str, Vec<&'a str>>,
}

impl<'a> Settings<'a> {
    /// The picked environment overrides the defaults that `self` has.
    pub(super) fn overridden(mut self, environments: &'a [Entry<Config>], picked: Option<&str>) -> Self {
        for environment in environments {
            if Some(environment.name.as_str()) == picked {
                self.region = environment.region.clone().or(self.region);
                self.account = environment.account.clone().or(self.account);
                self.protect = environment.protect;
                self.variables
                    .extend(environment.variables.iter().map(|(name, value)| (name.as_str(), value.clone())));
            } else {
                for variable in environment.variables.keys() {
                    self.elsewhere.entry(variable).or_default().push(&environment.name);
                }
            }
        }
        self
    }
}

/// Reports a picked environment that cannot be, or that the stack does not list.
pub(super) fn check_picked(cx: &Cx, picked: &str, environments: Option<Value>) {
    if !names::is_environment_name(picked) {
        let message = format!("invalid environment name `{picked}`");
        return cx.report_nowhere(message, Some(names::short_name_rule(names::MAX_ENVIRONMENT_NAME)));
    }
    let Some(value) = environments else { return };
    let listed: Vec<&str> = value.node.entries().iter().map(|entry| entry.key.text.as_str()).collect();
    if !listed.contains(&picked) {
        let help = suggest::did_you_mean_or_list(picked, "the environments of this stack", &listed)
            .or_else(|| help("add it, or remove `environments` to allow any"));
        value.fail_key::<()>(format!("the environment `{picked}` is not in `environments`"), help);
    }
}

/// The text of `key` for an environment, without any check.
pub(super) fn raw<'a>(root: &'a Node, environment: Option<&str>, key: &str) -> Option<&'a str> {
    let own = environment.and_then(|name| root.get("environments")?.get(name)?.get(key)?.text());
    own.or_else(|| root.get(key)?.text())
}

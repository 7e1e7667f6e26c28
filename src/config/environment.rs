//! `environments` and `variables`: the settings that differ between environments.

use std::collections::BTreeMap;

use super::decode::{Cx, Value, help};
use super::fields::Fields;
use super::names;
use crate::suggest;
use crate::yaml::Node;

/// The values of variables.
pub(super) type Variables<'a> = BTreeMap<&'a str, String>;

/// The settings of the environment that the user picked, or of none.
#[derive(Default)]
pub(super) struct Settings<'a> {
    pub(super) region: Option<String>,
    pub(super) account: Option<String>,
    pub(super) protect: bool,
    pub(super) variables: Variables<'a>,
    /// Variables that only other environments set.
    pub(super) elsewhere: BTreeMap<&'a str, Vec<&'a str>>,
}

/// One entry of `environments`.
struct Entry<'a> {
    name: &'a str,
    region: Option<String>,
    account: Option<String>,
    protect: Option<bool>,
    variables: Variables<'a>,
}

/// Decodes `region`, `account`, `variables` and `environments`; the picked environment overrides the defaults.
pub(super) fn settings<'a>(cx: &Cx<'a>, fields: &mut Fields<'a>, picked: Option<&str>) -> Settings<'a> {
    let region = fields.optional("region", names::region);
    let account = fields.optional("account", names::account);
    let defaults = fields.optional("variables", variables).unwrap_or_default();
    let environments = fields.take("environments");
    let entries = environments.and_then(|value| value.map(entry)).unwrap_or_default();
    if let Some(picked) = picked {
        check_picked(cx, picked, environments);
    }
    let mut settings = Settings { region, account, variables: defaults, ..Settings::default() };
    let (chosen, others): (Vec<Entry>, Vec<Entry>) =
        entries.into_iter().partition(|entry| Some(entry.name) == picked);
    for entry in chosen {
        settings.region = entry.region.or(settings.region);
        settings.account = entry.account.or(settings.account);
        settings.protect = entry.protect.unwrap_or(false);
        settings.variables.extend(entry.variables);
    }
    for entry in others {
        for variable in entry.variables.into_keys() {
            settings.elsewhere.entry(variable).or_default().push(entry.name);
        }
    }
    settings
}

fn check_picked(cx: &Cx, picked: &str, environments: Option<Value>) {
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

fn entry<'a>(value: Value<'a>) -> Option<Entry<'a>> {
    let name = value.key.text.as_str();
    if !names::is_environment_name(name) {
        let message = format!("invalid environment name `{name}`");
        value.fail_key::<()>(message, Some(names::short_name_rule(names::MAX_ENVIRONMENT_NAME)));
    }
    let mut fields = value.fields(format!("environment `{name}`"))?;
    let entry = Entry {
        name,
        region: fields.optional("region", names::region),
        account: fields.optional("account", names::account),
        protect: fields.optional("protect", Value::boolean),
        variables: fields.optional("variables", variables).unwrap_or_default(),
    };
    fields.finish();
    Some(entry)
}

fn variables<'a>(value: Value<'a>) -> Option<Variables<'a>> {
    let variables = value.map(|entry| {
        let name = entry.key.text.as_str();
        let text = entry.text();
        if !names::is_made_of(name, "_-") {
            let message = format!("invalid variable name `{name}`");
            return entry.fail_key(message, help("use letters, digits, `_` and `-`"));
        }
        Some((name, text?.replace("$${", "${")))
    })?;
    Some(variables.into_iter().collect())
}

/// The text of `key` for an environment, without any check.
pub(super) fn raw<'a>(root: &'a Node, environment: Option<&str>, key: &str) -> Option<&'a str> {
    let own = environment.and_then(|name| root.get("environments")?.get(name)?.get(key)?.text());
    own.or_else(|| root.get(key)?.text())
}

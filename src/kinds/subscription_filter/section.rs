//! `triggers` of log groups.

use super::{PRINCIPAL, Spec, SubscriptionFilter, id_of, parts};
use crate::config::declared::End;
use crate::config::decode::{Value, help};
use crate::config::names::is_made_of;
use crate::config::section::shape::{either, entry_of, mapping, text};
use crate::config::section::{Shape, section};
use crate::config::trigger::{Started, Trigger};
use crate::config::{Diagnostic, Entries, Entry, Grant, Item};
use crate::kind::Kind as _;
use crate::kinds::alias::{self, section::no_alias};
use crate::kinds::function::section::Config as FunctionConfig;
use crate::kinds::function::{Function, log_group_of};
use crate::kinds::log_group::{LogGroup, PREFIX, WRITE};
use crate::kinds::permission::admitted;
use crate::lower::{Call, Lower, LoweredTrigger, Sizes, known_attributes, resource};
use crate::model::{Existing, Resource, ResourceId, Text};
use serde_json::json;
use std::collections::BTreeMap;

/// How many characters the name of a group and a pattern may have [M: LogGroupName, FilterPattern].
const MAX_NAME: usize = 512;
const MAX_PATTERN: usize = 1_024;
/// How many filters a group may have [M: PutSubscriptionFilter].
const MAX_FILTERS: usize = 2;

section! {
    /// A log group whose events start the function. CloudWatch Logs is allowed to call it.
    pub(crate) struct Config {
        /// The name of the log group in AWS; or `{ function: NAME }` for the group that a function of the stack logs to. The
        /// group of a function outside of the stack is `/aws/lambda/` and its name by default.
        log_group: Group = group().required("/aws/lambda/NAME"),
        /// Which events start the function, in the syntax of CloudWatch Logs: `ERROR`, `?ERROR ?WARN`, or
        /// `{ $.level = "error" }`. By default all.
        filter: String = text(MAX_PATTERN).refine(is_whole).or_empty(),
        /// An alias of the function's release; by default the first one.
        alias: Option<String> = text(128).optional(),
    }
}

/// Where the events come from.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Group {
    /// The group of a name.
    Named(String),
    /// The group that a function of the stack logs to.
    Of(String),
}

section! {
    /// The log group of a function of the stack.
    pub(crate) struct Logging {
        /// The key of the function.
        function: String = Shape::new(json!({ "type": "string", "minLength": 1 }), own_function).required("NAME"),
    }
}

fn group() -> Shape<Group> {
    let name = json!({ "type": "string", "pattern": "^[A-Za-z0-9_/.#-]+$", "maxLength": MAX_NAME });
    either(
        Shape::new(name, group_name).with("examples", json!(["/aws/lambda/other"])),
        mapping::<Logging>().map(|logging| Group::Of(logging.function)),
    )
}

/// A pattern whose braces, brackets, parentheses and quotes are closed: CloudWatch Logs refuses others only when the filter is made
/// [DG: CloudWatch Logs, "Filter pattern syntax"].
fn is_whole(value: Value, pattern: String) -> Option<String> {
    match unclosed(pattern.trim()) {
        None => Some(pattern),
        Some(sign) => value.fail(
            format!("`{sign}` is not closed in this pattern"),
            help("for example `ERROR`, `\"two words\"`, or `{ $.level = \"error\" }`"),
        ),
    }
}

/// The first sign of a pattern that is not closed. Those within quotes are text, and those of a regular expression are its own.
fn unclosed(pattern: &str) -> Option<char> {
    let is_structured = pattern.starts_with(['{', '[']);
    let (mut open, mut quoted, mut escaped, mut expression) = (Vec::new(), false, false, false);
    for sign in pattern.chars() {
        match sign {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' if !expression => quoted = !quoted,
            '%' if !quoted => expression = !expression,
            '{' | '[' | '(' if is_structured && !quoted && !expression => open.push(sign),
            '}' | ']' | ')' if is_structured && !quoted && !expression => {
                open.pop();
            }
            _ => {}
        }
    }
    if quoted { Some('"') } else { open.first().copied() }
}

fn group_name(value: Value) -> Option<Group> {
    let text = value.short(MAX_NAME)?;
    if is_made_of(text, "_/.#-") {
        return Some(Group::Named(text.to_owned()));
    }
    let message = format!("`{text}` is not the name of a log group");
    let way = match text.split_once(":log-group:") {
        Some((_, name)) => format!("write `{}`", name.trim_end_matches(":*")),
        None => format!("for example `{PREFIX}other`, or `{{ function: other }}`"),
    };
    value.fail(message, help(way))
}

/// A function of the stack: only of these it is known where they log.
fn own_function(value: Value) -> Option<String> {
    let name = entry_of::<Function>(value)?;
    if value.cx.scope.names.existing.contains(&(Function::SECTION, name.clone())) {
        let message = format!("`{name}` is `existing`, and where it logs is not in this file");
        return value
            .fail(message, help(format!("write the name of its log group, such as `{PREFIX}{name}`")));
    }
    Some(name)
}

/// Events in a log group.
pub struct OfLogGroup;

impl Trigger for OfLogGroup {
    type Kind = SubscriptionFilter;
    const WORD: &'static str = "log_group";
    const STARTS: &'static [&'static str] = &[Function::NAME];
    type Config = Config;

    fn name(trigger: &Config) -> String {
        match &trigger.log_group {
            Group::Named(name) => name.clone(),
            Group::Of(function) => format!("the log group of {function}"),
        }
    }

    fn source(trigger: &Config) -> Option<End> {
        match &trigger.log_group {
            Group::Named(_) => None,
            Group::Of(function) => Some((Function::NAME, function.clone())),
        }
    }

    fn passes(trigger: &Config) -> bool {
        trigger.filter.is_empty()
    }

    fn writes(_: &Config, grant: &Grant) -> bool {
        grant.allows(WRITE)
    }

    fn check(trigger: &Entry<Config>, started: Started, entries: &Entries) -> Vec<Diagnostic> {
        let named = trigger.alias.as_deref();
        let no_alias = named.and_then(|alias| no_alias(started.key, alias, trigger.place("alias"), entries));
        no_alias.into_iter().collect()
    }
}

/// The name of the log group of a trigger, as far as it is known: `groups` has those of functions by their keys.
pub(in crate::kinds) fn group_of(item: &Item, groups: &BTreeMap<String, String>) -> Option<String> {
    match &item.of::<OfLogGroup>()?.log_group {
        Group::Named(name) => Some(name.clone()),
        Group::Of(function) => groups.get(function).cloned(),
    }
}

/// The log group of a trigger.
fn source(trigger: &Config, lower: &Lower) -> ResourceId {
    match &trigger.log_group {
        Group::Named(name) => ResourceId::new(LogGroup::NAME, name),
        Group::Of(key) => group_of_function(key, lower),
    }
}

/// The log group of a function of the stack.
fn group_of_function(key: &str, lower: &Lower) -> ResourceId {
    let id = lower.id(Function::NAME, key);
    let function = lower.stack.functions().iter().find(|function| function.name == key);
    let default = || ResourceId::new(LogGroup::NAME, format!("{PREFIX}{}", id.name));
    function.map_or_else(default, |function| log_group_of(function, &id))
}

/// CloudWatch Logs calls the function for what is in the group [aws-facts-services: Who may call whom].
fn call(trigger: &Config, started: &ResourceId, lower: &Lower) -> Call {
    let key = lower.scope.identity.key(Function::NAME, &started.name);
    let group = source(trigger, lower).name;
    let source = format!("{}:*", lower.scope.expand(LogGroup::ARN, &group));
    Call {
        on: lower.called(key, trigger.alias.as_deref()),
        what: format!("log group {group}"),
        service: PRINCIPAL.into(),
        source,
        account: true,
    }
}

impl LoweredTrigger for OfLogGroup {
    fn lower(trigger: &Entry<Config>, started: &ResourceId, lower: &mut Lower) {
        let Config { log_group: _, filter, alias: _ } = &**trigger;
        let (call, group) = (call(trigger, started, lower), source(trigger, lower));
        let id = id_of(&group.name, &call.on.name);
        let spec = Spec {
            group: group.name.clone(),
            destination: Text::reference(&call.on, "arn"),
            pattern: filter.clone(),
        };
        // All of these are known before, and make no order.
        let depends_on = vec![admitted(&call), call.on, group];
        let filter = resource::<SubscriptionFilter>(id, trigger.place("log_group"), &spec);
        lower.resources.push(Resource { depends_on, ..filter });
    }

    fn callers(trigger: &Entry<Config>, started: &ResourceId, lower: &Lower) -> Vec<Call> {
        vec![call(trigger, started, lower)]
    }

    fn outside(trigger: &Entry<Config>, lower: &Lower) -> Option<Existing> {
        let id = source(trigger, lower);
        let is_own = lower.resources.iter().any(|resource| resource.id == id);
        let arn = lower.scope.expand(LogGroup::ARN, &id.name);
        let known_attributes = known_attributes(&id, arn);
        let at = trigger.place("log_group");
        (!is_own).then_some(Existing { id, at, known_attributes, is_here: true })
    }
}

/// Reports what only the names in AWS show of a function's triggers: a group twice, and more filters than a group can have.
pub(in crate::kinds) fn check(function: &Entry<FunctionConfig>, sizes: &mut Sizes) {
    let id = ResourceId::new(Function::NAME, sizes.identity.named(Function::NAME, &function.name));
    let all = sizes.graph.resources.iter().filter(|one| one.id.kind == SubscriptionFilter::NAME);
    let all: Vec<(&Resource, &str, &str)> = all
        .filter_map(|filter| {
            let (group, called) = parts(&filter.id.name)?;
            Some((filter, group, called))
        })
        .collect();
    let mut errors = Vec::new();
    for (index, (filter, group, called)) in all.iter().enumerate() {
        if alias::parts(called).0 != id.name {
            continue;
        }
        let mut error = |message: String, way: &str| {
            errors.push(Diagnostic { at: filter.at, length: 0, message, help: Some(way.to_owned()) });
        };
        let before = all[..index].iter().filter(|(_, other, _)| other == group);
        let before: Vec<&ResourceId> = before.map(|(other, ..)| &other.id).collect();
        if before.contains(&&filter.id) {
            let message = format!("`{group}` already starts `{}`", function.name);
            error(message, "write both filters in one, such as `?ERROR ?WARN`");
        } else if before.len() >= MAX_FILTERS {
            let message = format!("`{group}` starts more than {MAX_FILTERS} functions");
            error(
                message,
                "AWS allows two subscription filters of a log group: let one function start others",
            );
        }
    }
    sizes.too_large.extend(errors);
}

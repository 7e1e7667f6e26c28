//! Rules: each puts what matches its pattern, or comes by its schedule, into its targets.

use super::bus::{DEFAULT, named};
use super::pattern;
use crate::cloud::{Cloud, Delay, Handler, ServiceError, Tags, Time, check_tags, required, tag_list, text};
use crate::services::Service;
use crate::services::scheduler::expression;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

/// For how long a rule still counts as one with targets after the last was removed [aws-facts-services: 4, TF].
const EMPTIED: Delay = Delay::of_secs("rule emptied", 5);

pub(super) const OPERATIONS: &[(&str, Handler)] =
    &[("PutRule", put), ("DescribeRule", describe), ("ListRules", list), ("DeleteRule", delete)];

/// How many rules a bus can have [aws-facts-services: 4].
const MAX_RULES: usize = 300;

/// A rule.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rule {
    pub(crate) bus: String,
    pub(crate) name: String,
    pub(crate) pattern: Option<String>,
    pub(crate) schedule: Option<String>,
    pub(crate) state: String,
    pub(crate) description: String,
    pub(crate) role: Option<String>,
    /// The service of AWS that has made it.
    pub(crate) managed_by: Option<String>,
    pub(crate) targets: BTreeMap<String, Json>,
    /// When the last target was removed.
    pub(crate) emptied: Option<Time>,
    pub(crate) created: Time,
    pub(crate) tags: Tags,
}

impl Rule {
    pub(crate) fn arn(&self) -> String {
        rule_arn(&self.bus, &self.name)
    }

    /// What stands in its ARN: its name, after that of its bus.
    pub(crate) fn called(&self) -> String {
        if self.bus == DEFAULT { self.name.clone() } else { format!("{}/{}", self.bus, self.name) }
    }

    pub(super) fn dump(&self) -> Json {
        let pattern = self.pattern.as_ref().and_then(|text| serde_json::from_str::<Json>(text).ok());
        let parsed = |target: &Json| {
            let mut target = target.clone();
            if let Some(input) = target["Input"].as_str().and_then(|text| serde_json::from_str(text).ok()) {
                target["Input"] = input;
            }
            target
        };
        let targets: Vec<Json> = self.targets.values().map(parsed).collect();
        json!({ "pattern": pattern, "schedule": self.schedule, "state": self.state, "description": self.description,
            "role": self.role, "targets": targets, "tags": self.tags })
    }
}

/// On the bus that every account has, the ARN does not name it [aws-facts-services: Who may call whom].
pub(crate) fn rule_arn(bus: &str, name: &str) -> String {
    let bus = if bus == DEFAULT { String::new() } else { format!("{bus}/") };
    Service::Events.arn(&format!("rule/{bus}{name}"))
}

pub(super) fn key(bus: &str, name: &str) -> String {
    format!("{bus}/{name}")
}

/// [recorded: events, describe-not-existing-rule-error]
fn not_found(bus: &str, name: &str) -> ServiceError {
    let message = format!("Rule {name} does not exist on EventBus {bus}.");
    ServiceError::new("ResourceNotFoundException", message)
}

pub(super) fn find<'a>(cloud: &'a Cloud, bus: &str, name: &str) -> Result<&'a Rule, ServiceError> {
    cloud.events.bus(bus)?;
    cloud.events.rules.get(&key(bus, name)).ok_or_else(|| not_found(bus, name))
}

pub(super) fn find_mut<'a>(
    cloud: &'a mut Cloud,
    bus: &str,
    name: &str,
) -> Result<&'a mut Rule, ServiceError> {
    cloud.events.bus(bus)?;
    cloud.events.rules.get_mut(&key(bus, name)).ok_or_else(|| not_found(bus, name))
}

/// What AWS itself has made, no one may change [hazards: E4].
pub(super) fn check_managed(rule: &Rule) -> Result<(), ServiceError> {
    match &rule.managed_by {
        None => Ok(()),
        Some(_) => {
            let message =
                format!("Rule {} is a managed rule. Set 'force' parameter to true to override.", rule.name);
            ServiceError::err("ManagedRuleException", message)
        }
    }
}

fn check_source(bus: &str, params: &Json) -> Result<(), ServiceError> {
    let (pattern, schedule) = (text(params, "EventPattern"), text(params, "ScheduleExpression"));
    if pattern.is_none() && schedule.is_none() {
        let message = "Parameter(s) EventPattern or ScheduleExpression must be specified.";
        return ServiceError::err("ValidationException", message);
    }
    if let Some(schedule) = schedule {
        if bus != DEFAULT {
            let message = "ScheduleExpression is supported only on the default event bus.";
            return ServiceError::err("ValidationException", message);
        }
        if !expression::is_of_rule(schedule) {
            return ServiceError::err("ValidationException", "Parameter ScheduleExpression is not valid.");
        }
    }
    pattern.map_or(Ok(()), |pattern| {
        let message = |reason| format!("Event pattern is not valid. Reason: {reason}");
        pattern::check(pattern)
            .map_err(|reason| ServiceError::new("InvalidEventPatternException", message(reason)))
    })
}

/// Overwrites a rule of the same name without a word: what is not named becomes nothing, and tags are ignored
/// [aws-facts-services: Uniqueness].
fn put(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (now, bus, name, tags) = (cloud.now, named(params), required(params, "Name"), tag_list(params));
    cloud.events.bus(&bus)?;
    check_source(&bus, params)?;
    check_tags(&Tags::new(), &tags, "ValidationException")?;
    let before = cloud.events.rules.get(&key(&bus, name)).cloned();
    before.as_ref().map_or(Ok(()), check_managed)?;
    if before.is_none() && cloud.events.rules.values().filter(|rule| rule.bus == bus).count() >= MAX_RULES {
        return ServiceError::err(
            "LimitExceededException",
            "The requested resource exceeds the maximum number allowed.",
        );
    }
    let before = before.unwrap_or_else(|| Rule { created: now, tags, ..Rule::default() });
    let own = |name: &str| text(params, name).map(str::to_owned);
    let rule = Rule {
        bus: bus.clone(),
        name: name.to_owned(),
        pattern: own("EventPattern"),
        schedule: own("ScheduleExpression"),
        state: own("State").unwrap_or_else(|| "ENABLED".to_owned()),
        description: own("Description").unwrap_or_default(),
        role: own("RoleArn"),
        ..before
    };
    let arn = rule.arn();
    cloud.events.rules.insert(key(&bus, name), rule);
    Ok(json!({ "RuleArn": arn }))
}

/// Without tags, and without a member where nothing is set [recorded: events, describe-rule].
fn describe(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let rule = find(cloud, &named(params), required(params, "Name"))?;
    // The same pattern in another text: parsed it is equal [aws-facts-services: 4, TF].
    let pattern = rule.pattern.as_ref().map(|pattern| pattern.replace('<', "\\u003c").replace(',', ", "));
    let description = Some(&rule.description).filter(|text| !text.is_empty());
    Ok(json!({
        "Name": rule.name, "Arn": rule.arn(), "EventBusName": rule.bus, "EventPattern": pattern,
        "ScheduleExpression": rule.schedule, "State": rule.state, "Description": description,
        "RoleArn": rule.role, "ManagedBy": rule.managed_by, "CreatedBy": crate::cloud::ACCOUNT,
    }))
}

/// Those of one bus, without tags [aws-facts-services: 4].
fn list(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (bus, prefix) = (named(params), text(params, "NamePrefix").unwrap_or_default());
    cloud.events.bus(&bus)?;
    let rules = cloud.events.rules.values().filter(|rule| rule.bus == bus && rule.name.starts_with(prefix));
    let shown = rules.map(|rule| {
        json!({ "Name": rule.name, "Arn": rule.arn(), "EventBusName": rule.bus, "EventPattern": rule.pattern,
            "ScheduleExpression": rule.schedule, "State": rule.state, "ManagedBy": rule.managed_by })
    });
    let limit = params["Limit"].as_u64().and_then(|limit| usize::try_from(limit).ok());
    let (rules, next) = cloud.paging.page(shown.collect(), text(params, "NextToken"), limit, (100, 100));
    Ok(json!({ "Rules": rules, "NextToken": next }))
}

/// Only without targets, and for a while as if it still had them. A rule that is not there is none [recorded: events,
/// delete-rule-with-targets-error; aws-facts-services: 4].
fn delete(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (now, delay) = (cloud.now, cloud.delays.of(EMPTIED));
    let (bus, name) = (named(params), required(params, "Name"));
    cloud.events.bus(&bus)?;
    let Ok(rule) = find(cloud, &bus, name) else { return Ok(Json::Null) };
    check_managed(rule)?;
    if !rule.targets.is_empty() || rule.emptied.is_some_and(|emptied| now < emptied + delay) {
        return ServiceError::err("ValidationException", "Rule can't be deleted since it has targets.");
    }
    cloud.events.rules.remove(&key(&bus, name));
    cloud.events.ruled.insert(bus, now);
    Ok(Json::Null)
}

//! State machines: their life, and what each call does.

use super::{definition, machine_arn};
use crate::cloud::{
    ACCOUNT, Cloud, Delay, Handler, REGION, ServiceError, Tags, Time, VISIBLE, check_tags, required, seconds,
    text,
};
use crate::pattern;
use crate::services::iam::{self, grammar};
use crate::services::{Service, lambda};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

/// Of a state machine in DELETING, while it has no executions.
const DELETING: Delay = Delay::of_secs("state machine deleting", 6);
/// Until reads show what an update has set [aws-facts-services: 6, M].
const CHANGED: Delay = Delay::of_secs("state machine changed", 3);

pub(super) const OPERATIONS: &[(&str, Handler)] = &[
    ("CreateStateMachine", create),
    ("DescribeStateMachine", describe),
    ("UpdateStateMachine", update),
    ("ListTagsForResource", tags),
    ("TagResource", tag),
    ("DeleteStateMachine", delete),
];

/// The state machines by name.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    pub(crate) machines: BTreeMap<String, Machine>,
}

/// What an update can change.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Settings {
    /// As it was sent.
    pub(crate) definition: String,
    pub(crate) role: String,
    pub(crate) logging: Json,
    pub(crate) tracing: bool,
}

/// A state machine.
#[derive(Debug, Clone)]
pub(crate) struct Machine {
    pub(crate) settings: Settings,
    /// What they were before the last change, and until when that is still shown.
    before: Option<(Settings, Time)>,
    pub(crate) kind: String,
    pub(crate) created: Time,
    pub(crate) tags: Tags,
    /// When its deletion ends, where it is being deleted.
    pub(crate) deleting: Option<Time>,
    /// When its last execution ends; before that it is not deleted.
    pub(crate) busy: Option<Time>,
}

impl Machine {
    pub(super) fn new(now: Time, settings: Settings, kind: &str, tags: Tags) -> Self {
        Machine {
            settings,
            before: None,
            kind: kind.to_owned(),
            created: now,
            tags,
            deleting: None,
            busy: None,
        }
    }
}

/// Logging that is off [recorded: test_incomplete_logging_configuration].
pub(super) fn off() -> Json {
    json!({ "level": "OFF", "includeExecutionData": false })
}

pub(super) fn name_of(arn: &str) -> &str {
    arn.split_once(":stateMachine:").map_or("", |(_, name)| name)
}

fn forget_deleted(cloud: &mut Cloud) {
    let now = cloud.now;
    cloud.stepfunctions.machines.retain(|_, machine| machine.deleting.is_none_or(|until| now < until));
}

/// The machine of an ARN, unless it is deleted, or so new that not all of Step Functions sees it.
fn find<'a>(cloud: &'a mut Cloud, arn: &str, missing: &str) -> Result<&'a mut Machine, ServiceError> {
    forget_deleted(cloud);
    if !arn.starts_with("arn:aws:states:") {
        // [recorded: test_describe_invalid_arn_sm]
        return ServiceError::err("InvalidArn", format!("Invalid Arn: 'Invalid ARN prefix: {arn}'"));
    }
    let (now, visible) = (cloud.now, cloud.delays.of(VISIBLE));
    let machine = cloud.stepfunctions.machines.get_mut(name_of(arn));
    let machine = machine.filter(|machine| now >= machine.created + visible);
    machine.ok_or_else(|| ServiceError::new(missing, format!("State Machine Does Not Exist: '{arn}'")))
}

fn list_of_tags(params: &Json) -> Tags {
    let tags = params["tags"].as_array().into_iter().flatten();
    tags.map(|tag| (required(tag, "key").to_owned(), required(tag, "value").to_owned())).collect()
}

/// For an equal one the answer is the same as for a new one; neither the role nor the tags are compared
/// [aws-facts-services: Uniqueness]. Equal is the text of the definition, not what it means
/// [recorded: test_create_duplicate_definition_format_sm].
fn create(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (now, name) = (cloud.now, required(params, "name"));
    forget_deleted(cloud);
    if !pattern::matches("[a-zA-Z0-9_-]+", name) {
        return ServiceError::err("InvalidName", format!("Invalid Name: '{name}'"));
    }
    if params.get("versionDescription").is_some() && params["publish"] != true {
        // [recorded: test_create_with_version_description_no_publish]
        let message = "Version description can only be set when publish is true";
        return ServiceError::err("ValidationException", message);
    }
    let kind = text(params, "type").unwrap_or("STANDARD");
    let settings = Settings {
        definition: required(params, "definition").to_owned(),
        role: required(params, "roleArn").to_owned(),
        logging: logging(params).unwrap_or_else(off),
        tracing: tracing(params).unwrap_or_default(),
    };
    check(cloud, &settings, kind)?;
    let tags = list_of_tags(params);
    check_tags(&Tags::new(), &tags, "TooManyTags")?;
    let arn = machine_arn(name);
    if let Some(machine) = cloud.stepfunctions.machines.get(name) {
        let same = Settings { role: machine.settings.role.clone(), ..settings } == machine.settings;
        return match (machine.deleting, same && machine.kind == kind) {
            (Some(_), _) => {
                ServiceError::err("StateMachineDeleting", format!("State Machine is being deleted: '{arn}'"))
            }
            (None, true) => Ok(json!({ "stateMachineArn": arn, "creationDate": seconds(machine.created) })),
            (None, false) => ServiceError::err(
                "StateMachineAlreadyExists",
                format!("State Machine Already Exists: '{arn}'"),
            ),
        };
    }
    cloud.stepfunctions.machines.insert(name.to_owned(), Machine::new(now, settings, kind, tags));
    Ok(json!({ "stateMachineArn": arn, "creationDate": seconds(now) }))
}

/// What a call says of logging, with what is left out.
fn logging(params: &Json) -> Option<Json> {
    let given = params.get("loggingConfiguration")?;
    let mut logging = off();
    for member in ["level", "includeExecutionData", "destinations"] {
        if let Some(value) = given.get(member) {
            logging[member] = value.clone();
        }
    }
    Some(logging)
}

/// Off where nothing is said in it: the SDK leaves `false` out, which is the default in the model.
fn tracing(params: &Json) -> Option<bool> {
    Some(params.get("tracingConfiguration")?["enabled"] == true)
}

fn check(cloud: &Cloud, settings: &Settings, kind: &str) -> Result<(), ServiceError> {
    if let Some(why) = definition::refused(&settings.definition, kind) {
        let message = format!("Invalid State Machine Definition: '{why}'");
        return ServiceError::err("InvalidDefinition", message);
    }
    if iam::not_assumable_by(cloud, &settings.role, "states.amazonaws.com") {
        return ServiceError::err(
            "AccessDeniedException",
            format!(
                "Neither the global service principal states.amazonaws.com, nor the regional one is authorized to assume \
                 the provided role. {}",
                settings.role
            ),
        );
    }
    check_waits(cloud, settings)?;
    check_logging(cloud, settings)
}

/// A task that waits does so with a rule, which the role must be allowed to manage [hazards: E7].
fn check_waits(cloud: &Cloud, settings: &Settings) -> Result<(), ServiceError> {
    let definition: Json = serde_json::from_str(&settings.definition).unwrap_or_default();
    let rule = format!("arn:aws:events:{REGION}:{ACCOUNT}:rule/StepFunctionsGetEventsForECSTaskRule");
    let may = |action: &str| lambda::role_may(cloud, &settings.role, &format!("events:{action}"), &rule);
    let waits = definition::resources(&definition).iter().any(|resource| definition::waits(resource));
    if !waits || ["PutTargets", "PutRule", "DescribeRule"].into_iter().all(may) {
        return Ok(());
    }
    let message = format!("'{}' is not authorized to create managed-rule.", settings.role);
    ServiceError::err("AccessDeniedException", message)
}

/// The role must be allowed to set the delivery of logs up, and Step Functions learns late that it is [aws-facts-services: 6].
fn check_logging(cloud: &Cloud, settings: &Settings) -> Result<(), ServiceError> {
    if settings.logging["level"] == "OFF" {
        return Ok(());
    }
    let invalid = |why: &str| {
        ServiceError::err("InvalidLoggingConfiguration", format!("Invalid Logging Configuration: {why}"))
    };
    let destinations = settings.logging["destinations"].as_array().cloned().unwrap_or_default();
    let [destination] = destinations.as_slice() else {
        return invalid("Must specify exactly one Log Destination.");
    };
    let arn = destination["cloudWatchLogsLogGroup"]["logGroupArn"].as_str().unwrap_or_default();
    let group = arn.strip_suffix(":*").and_then(|arn| arn.split(":log-group:").nth(1));
    if !group.is_some_and(|group| cloud.logs.groups.contains_key(group)) {
        return invalid("Log Destination not found.");
    }
    const NEEDED: [&str; 8] = [
        "CreateLogDelivery",
        "GetLogDelivery",
        "UpdateLogDelivery",
        "DeleteLogDelivery",
        "ListLogDeliveries",
        "PutResourcePolicy",
        "DescribeResourcePolicies",
        "DescribeLogGroups",
    ];
    let may = |action: &&str| lambda::role_may(cloud, &settings.role, &format!("logs:{action}"), "*");
    match NEEDED.iter().all(may) {
        true => Ok(()),
        false => ServiceError::err(
            "AccessDeniedException",
            "The state machine IAM Role is not authorized to access the Log Destination",
        ),
    }
}

fn describe(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (now, arn) = (cloud.now, required(params, "stateMachineArn"));
    let machine = find(cloud, arn, "StateMachineDoesNotExist")?;
    let before = machine.before.as_ref().filter(|(_, until)| now < *until);
    let settings = before.map_or(&machine.settings, |(before, _)| before);
    Ok(json!({
        "stateMachineArn": arn,
        "name": name_of(arn),
        "status": if machine.deleting.is_some() { "DELETING" } else { "ACTIVE" },
        "definition": settings.definition,
        "roleArn": settings.role,
        "type": machine.kind,
        "creationDate": seconds(machine.created),
        "loggingConfiguration": settings.logging,
        "tracingConfiguration": { "enabled": settings.tracing },
        "encryptionConfiguration": { "type": "AWS_OWNED_KEY" },
    }))
}

/// Merges: what is not named stays as it is [aws-facts-services: Clearing a field].
fn update(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (now, until) = (cloud.now, cloud.now + cloud.delays.of(CHANGED));
    let arn = required(params, "stateMachineArn");
    let mut machine = find(cloud, arn, "StateMachineDoesNotExist")?.clone();
    if machine.deleting.is_some() {
        return ServiceError::err("StateMachineDeleting", format!("State Machine is being deleted: '{arn}'"));
    }
    let names = ["definition", "roleArn", "loggingConfiguration", "tracingConfiguration"];
    if names.iter().all(|name| params.get(*name).is_none()) {
        let message = "Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration must be specified";
        return ServiceError::err("MissingRequiredParameter", message);
    }
    let before = machine.settings.clone();
    let settings = Settings {
        definition: text(params, "definition").unwrap_or(&before.definition).to_owned(),
        role: text(params, "roleArn").unwrap_or(&before.role).to_owned(),
        logging: logging(params).unwrap_or_else(|| before.logging.clone()),
        tracing: tracing(params).unwrap_or(before.tracing),
    };
    check(cloud, &settings, &machine.kind)?;
    machine.settings = settings;
    machine.before = Some((before, until));
    cloud.stepfunctions.machines.insert(name_of(arn).to_owned(), machine);
    Ok(json!({ "updateDate": seconds(now) }))
}

fn tags(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let machine = find(cloud, required(params, "resourceArn"), "ResourceNotFound")?;
    let tags = machine.tags.iter().map(|(key, value)| json!({ "key": key, "value": value }));
    Ok(json!({ "tags": tags.collect::<Json>() }))
}

fn tag(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let new = list_of_tags(params);
    let machine = find(cloud, required(params, "resourceArn"), "ResourceNotFound")?;
    check_tags(&machine.tags, &new, "TooManyTags")?;
    machine.tags.extend(new);
    Ok(json!({}))
}

/// One that does not exist is no error [recorded: test_delete_nonexistent_sm].
fn delete(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let until = cloud.now + cloud.delays.of(DELETING);
    let arn = required(params, "stateMachineArn");
    match find(cloud, arn, "StateMachineDoesNotExist") {
        Ok(machine) => {
            let until = until.max(machine.busy.unwrap_or(until));
            machine.deleting.get_or_insert(until);
            Ok(json!({}))
        }
        Err(error) if error.code == "InvalidArn" => Err(error),
        Err(_) => Ok(json!({})),
    }
}

/// What a machine of a stack needs and does not have.
pub(super) fn lacks(cloud: &Cloud, machine: &Machine) -> Option<String> {
    let role = &machine.settings.role;
    if !iam::exists(cloud, role) {
        return Some(format!("there is no role {role}"));
    }
    let own = cloud.iam.roles.values().find(|other| other.arn() == *role)?;
    let may =
        |on: &str| own.policies.values().any(|policy| grammar::allows(policy, "lambda:InvokeFunction", on));
    let definition: Json = serde_json::from_str(&machine.settings.definition).unwrap_or_default();
    let states = definition["States"].as_object()?;
    let tasks = states.values().filter_map(|state| text(state, "Resource"));
    let mut tasks = tasks.filter(|resource| resource.starts_with(&Service::Lambda.arn("function:")));
    let denied = tasks.find(|task| !may(task) || !may(&format!("{task}:1")))?;
    Some(format!("its role may not call {denied}"))
}

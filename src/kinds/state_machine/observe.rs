//! A state machine as Step Functions shows it.

use super::{Attributes, Level, Logging, STEP_FUNCTIONS, Spec, StateMachine, Type};
use crate::aws::tags::{self, Tags};
use crate::aws::{Clients, Context, Error, Result};
use crate::kind::{Kind, ObservedOption};
use crate::kinds::log_group::LogGroup;
use crate::kinds::role::Role;
use crate::kinds::unmanaged;
use crate::model::{Observed, PhysicalId, ResourceId, Scope, Status};
use aws_sdk_sfn::operation::describe_state_machine::DescribeStateMachineOutput as Machine;
use aws_sdk_sfn::types::{LogLevel, LoggingConfiguration, StateMachineStatus, StateMachineType};
use futures_util::try_join;

/// The ARN that follows from a name.
pub(super) fn arn_of(scope: &Scope, name: &str) -> String {
    scope.expand(StateMachine::ARN, name)
}

/// The state machine as Step Functions describes it; `None` if it does not exist.
pub(super) async fn describe(clients: &Clients, arn: &str) -> Result<Option<Machine>> {
    let describe = clients.step_functions().describe_state_machine().state_machine_arn(arn);
    STEP_FUNCTIONS.not_found_as_none(describe.send().await)
}

/// The tags of a state machine; `None` if it does not exist.
pub(super) async fn list_tags(clients: &Clients, arn: &str) -> Result<Option<Tags>> {
    let list = clients.step_functions().list_tags_for_resource().resource_arn(arn);
    let response = STEP_FUNCTIONS.not_found_as_none(list.send().await)?;
    let tags = response.map(|response| response.tags.unwrap_or_default());
    let pair = |tag: aws_sdk_sfn::types::Tag| (tag.key.unwrap_or_default(), tag.value.unwrap_or_default());
    Ok(tags.map(|tags| tags.into_iter().map(pair).collect()))
}

pub(super) async fn read(ctx: &Context, name: &str) -> Result<ObservedOption<StateMachine>> {
    let arn = arn_of(&ctx.scope, name);
    let both = try_join!(describe(&ctx.clients, &arn), list_tags(&ctx.clients, &arn))?;
    let (Some(machine), Some(tags)) = both else { return Ok(None) };
    let id = ResourceId::new(StateMachine::NAME, name);
    let created = Some(machine.creation_date().secs());
    let again = async || Ok(list_tags(&ctx.clients, &arn).await?.unwrap_or_default());
    let tags = tags::settled(ctx, &id, created, tags, again).await?;
    let owner = tags::owner(&tags, &ctx.scope);
    let spec = spec(&machine, tags::compared(tags, &ctx.scope, &id))?;
    let group = spec.logging.as_ref().and_then(|logging| logging.group.split(":log-group:").nth(1));
    let role = spec.role.rsplit('/').next().unwrap_or_default();
    let role = PhysicalId::new(Role::NAME, role);
    let group = group.map(|group| PhysicalId::new(LogGroup::NAME, group));
    let refs = std::iter::once(role).chain(group).collect();
    let mut observed = Observed::new(id, name, owner, spec, Attributes { name: name.to_owned(), arn });
    observed.status = match machine.status() {
        Some(StateMachineStatus::Deleting) => Status::Deleting,
        _ => Status::Ready,
    };
    observed.created = created;
    observed.refs = refs;
    let encryption = machine.encryption_configuration();
    observed.unmanaged_settings =
        unmanaged([("kms_key", encryption.and_then(|encryption| encryption.kms_key_id()), "")]);
    Ok(Some(observed))
}

/// A definition comes back as it was sent, so it is compared as JSON [aws-facts-services: 6].
pub(super) fn spec(machine: &Machine, tags: Tags) -> Result<Spec> {
    let unreadable = |why: serde_json::Error| {
        Error::broken("states:DescribeStateMachine", format!("the definition cannot be read: {why}"))
    };
    Ok(Spec {
        definition: serde_json::from_str(machine.definition()).map_err(unreadable)?,
        r#type: match machine.r#type() {
            StateMachineType::Express => Type::Express,
            _ => Type::Standard,
        },
        role: machine.role_arn().to_owned(),
        tracing: machine.tracing_configuration().is_some_and(|tracing| tracing.enabled()),
        logging: machine.logging_configuration().and_then(logging),
        tags,
    })
}

/// Logging without a level means that it is off [hazards: E5].
fn logging(shown: &LoggingConfiguration) -> Option<Logging> {
    let level = match shown.level()? {
        LogLevel::All => Level::All,
        LogLevel::Error => Level::Error,
        LogLevel::Fatal => Level::Fatal,
        _ => return None,
    };
    let group = shown.destinations().first().and_then(|to| to.cloud_watch_logs_log_group());
    let group = group.and_then(|group| group.log_group_arn()).unwrap_or_default();
    let group = group.strip_suffix(":*").unwrap_or(group).to_owned();
    Some(Logging { level, data: shown.include_execution_data(), group })
}

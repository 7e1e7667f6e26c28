//! Changes of a state machine.

use super::observe::{describe, read, spec};
use super::{Attributes, Level, Logging, STEP_FUNCTIONS, Spec, StateMachine, Type};
use crate::aws::tags::{self, Tags};
use crate::aws::wait::{Backoff, Poll, retry_if, wait_until};
use crate::aws::{Context, Error, Result};
use crate::kind::ObservedOf;
use crate::kinds::assumable::is_fresh;
use crate::model::{Owner, ResourceId};
use aws_sdk_sfn::types::{
    CloudWatchLogsLogGroup, LogDestination, LogLevel, LoggingConfiguration, StateMachineType, Tag,
    TracingConfiguration,
};

pub(super) async fn create(ctx: &Context, id: &ResourceId, to: &Spec) -> Result<Attributes> {
    once_accepted(ctx, id, &to.role, async || {
        let create = ctx.clients.step_functions().create_state_machine().name(&id.name);
        let create = create.definition(text(to)?).role_arn(&to.role).r#type(match to.r#type {
            Type::Standard => StateMachineType::Standard,
            Type::Express => StateMachineType::Express,
        });
        let create = create.logging_configuration(logging(to.logging.as_ref()));
        let create = create.tracing_configuration(tracing(to.tracing));
        create.set_tags(Some(sdk_tags(&to.tags))).send().await?;
        Ok(())
    })
    .await?;
    let created = wait_until(Backoff::VISIBILITY, ctx.waiting(id), async || {
        Ok(match read(ctx, &id.name).await? {
            Some(observed) => Poll::Ready(observed),
            None => Poll::Pending("not shown by Step Functions yet".to_owned()),
        })
    })
    .await?;
    // The call also succeeds where another owner has created an equal one in the meantime.
    match created.owner {
        Owner::Unmanaged(owner) => Err(Error::state(format!("it already exists, and {owner}"))),
        Owner::Ours | Owner::Untagged => Ok(created.attributes),
    }
}

/// What is not named stays as it is, so all of it is sent. The change takes effect late [aws-facts-services: 6, M].
pub(super) async fn update(ctx: &Context, observed: &ObservedOf<StateMachine>, to: &Spec) -> Result<()> {
    let (id, from, arn) = (&observed.id, &observed.spec, &observed.attributes.arn);
    let without_tags = |spec: &Spec| Spec { tags: Tags::new(), ..spec.clone() };
    if without_tags(from) != without_tags(to) {
        once_accepted(ctx, id, &to.role, async || {
            let update = ctx.clients.step_functions().update_state_machine().state_machine_arn(arn);
            let update = update.definition(text(to)?).role_arn(&to.role);
            let update = update.logging_configuration(logging(to.logging.as_ref()));
            update.tracing_configuration(tracing(to.tracing)).send().await?;
            Ok(())
        })
        .await?;
        wait_until(Backoff::state(ctx.local), ctx.waiting(id), async || {
            let machine = describe(&ctx.clients, arn).await?;
            let live = machine.as_ref().map(|machine| spec(machine, Tags::new())).transpose()?;
            Ok(match live {
                Some(live) if live != without_tags(to) => {
                    Poll::Pending("not shown by Step Functions as it is yet".to_owned())
                }
                _ => Poll::Ready(()),
            })
        })
        .await?;
    }
    let set = tags::to_set(&from.tags, &to.tags);
    if !set.is_empty() {
        let tag = ctx.clients.step_functions().tag_resource().resource_arn(arn);
        tag.set_tags(Some(sdk_tags(&set))).send().await?;
    }
    Ok(())
}

fn text(spec: &Spec) -> Result<String> {
    serde_json::to_string(&spec.definition).map_err(Error::internal)
}

fn sdk_tags(tags: &Tags) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

fn tracing(on: bool) -> TracingConfiguration {
    TracingConfiguration::builder().enabled(on).build()
}

/// Without a level it would be off too, and show that for ever [hazards: E5].
fn logging(logging: Option<&Logging>) -> LoggingConfiguration {
    let Some(Logging { level, data, group }) = logging else {
        return LoggingConfiguration::builder().level(LogLevel::Off).include_execution_data(false).build();
    };
    let group = CloudWatchLogsLogGroup::builder().log_group_arn(format!("{group}:*")).build();
    LoggingConfiguration::builder()
        .level(match level {
            Level::All => LogLevel::All,
            Level::Error => LogLevel::Error,
            Level::Fatal => LogLevel::Fatal,
        })
        .include_execution_data(*data)
        .destinations(LogDestination::builder().cloud_watch_logs_log_group(group).build())
        .build()
}

/// Repeats a call while it is refused for a reason that passes. That the role does not do passes only where it is new: an older one
/// will not do after a wait [hazards: E6].
async fn once_accepted<F: Future<Output = Result<()>>>(
    ctx: &Context,
    id: &ResourceId,
    role: &str,
    call: impl Fn() -> F,
) -> Result<()> {
    let first = match call().await {
        Err(error) => error,
        response => return response,
    };
    let is_fresh = is_fresh(ctx, role).await;
    let deleting = |error: &Error| error.is("StateMachineDeleting");
    let passing = |error: &Error| {
        // What the caller may not do is no matter of the role.
        let of_role =
            (error.says("role") || error.says("IAM Role")) && !error.says("is not authorized to perform");
        let late = (error.is_denied() && of_role)
            || error.says("authorized to assume the provided role")
            || error.is_of_role_token()
            || (error.is_server_error() && !error.has_aws_message());
        let late = (late && is_fresh).then_some("Step Functions cannot use the role yet");
        STEP_FUNCTIONS.transient(error).or(late)
    };
    let Some(reason) = passing(&first) else { return Err(first) };
    let waiting = ctx.waiting(id);
    waiting.report(reason);
    // The former one of this name is there until its executions end.
    let backoff = if deleting(&first) { Backoff::state(ctx.local) } else { Backoff::PROPAGATION };
    retry_if(backoff, waiting, passing, call).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_sfn::operation::describe_state_machine::DescribeStateMachineOutput as Machine;
    use aws_sdk_sfn::primitives::DateTime;
    use serde_json::json;

    #[test]
    fn what_is_sent_reads_back_the_same() {
        let definition =
            json!({ "StartAt": "A", "States": { "A": { "Type": "Wait", "Seconds": 1, "End": true } } });
        let full = Spec {
            definition: serde_json::from_value(definition).expect("a definition"),
            r#type: Type::Express,
            role: "arn:aws:iam::1:role/r".to_owned(),
            tracing: true,
            logging: Some(Logging {
                level: Level::Error,
                data: true,
                group: "arn:aws:logs:x:1:log-group:g".to_owned(),
            }),
            tags: Tags::new(),
        };
        for to in [Spec { logging: None, tracing: false, ..full.clone() }, full] {
            let shown = Machine::builder()
                .state_machine_arn("arn")
                .name("flow")
                .definition(text(&to).expect("JSON"))
                .role_arn(&to.role)
                .r#type(StateMachineType::Express)
                .creation_date(DateTime::from_secs(1))
                .logging_configuration(logging(to.logging.as_ref()))
                .tracing_configuration(tracing(to.tracing))
                .build()
                .expect("a state machine");
            assert_eq!(spec(&shown, Tags::new()), Ok(to));
        }
        let off = LoggingConfiguration::builder().level(LogLevel::Off).build();
        let shown =
            Machine::builder().logging_configuration(off).state_machine_arn("a").name("a").definition("{}");
        let shown =
            shown.role_arn("r").r#type(StateMachineType::Standard).creation_date(DateTime::from_secs(1));
        assert_eq!(spec(&shown.build().expect("one"), Tags::new()).expect("a spec").logging, None);
    }
}

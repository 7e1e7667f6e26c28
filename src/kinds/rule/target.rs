//! The targets of a rule: the one of the stack has an id of its own.

use super::{Target, Transformer, bus_and_rule};
use crate::aws::pages::all_pages;
use crate::aws::wait::{Backoff, retry_if};
use crate::aws::{Context, Error, Result};
use crate::kinds::assumable::once_assumable;
use crate::kinds::bus::{EVENTBRIDGE, partly};
use crate::kinds::started::{MAX_AGE, RETRIES};
use crate::model::ResourceId;
use crate::policy::Tree;
use aws_sdk_eventbridge::types::{
    DeadLetterConfig, InputTransformer, KinesisParameters, RetryPolicy, SqsParameters, Target as Sdk,
};

/// The id of the target.
pub(super) const OWN: &str = "provision";

/// The targets of a rule; `None` if it does not exist.
pub(super) async fn list_targets(ctx: &Context, (bus, rule): (&str, &str)) -> Result<Option<Vec<Sdk>>> {
    let list = ctx.clients.eventbridge().list_targets_by_rule().event_bus_name(bus).rule(rule);
    let targets = all_pages("events:ListTargetsByRule", async |token| {
        let page = list.clone().set_next_token(token).send().await?;
        Ok((page.targets.unwrap_or_default(), page.next_token))
    });
    EVENTBRIDGE.not_found_as_none(targets.await)
}

/// A target as EventBridge shows it.
pub(super) fn read_target(target: &Sdk) -> Target {
    let retry = target.retry_policy();
    Target {
        arn: target.arn().to_owned(),
        input: target.input().map(Tree::parsed),
        input_path: target.input_path().map(str::to_owned),
        input_transformer: target.input_transformer().map(|transformer| Transformer {
            paths: transformer.input_paths_map().cloned().unwrap_or_default().into_iter().collect(),
            template: transformer.input_template().to_owned(),
        }),
        group: target.sqs_parameters().and_then(|sqs| sqs.message_group_id()).map(str::to_owned),
        partition_key: target.kinesis_parameters().map(|kinesis| kinesis.partition_key_path().to_owned()),
        retries: retry.and_then(|retry| retry.maximum_retry_attempts()).unwrap_or(RETRIES),
        max_age: retry.and_then(|retry| retry.maximum_event_age_in_seconds()).unwrap_or(MAX_AGE),
        dead_letter: target.dead_letter_config().and_then(|config| config.arn()).map(str::to_owned),
    }
}

fn sdk(target: &Target, role: Option<&str>) -> Result<Sdk> {
    let Target {
        arn,
        input,
        input_path,
        input_transformer,
        group,
        partition_key,
        retries,
        max_age,
        dead_letter,
    } = target;
    let kinesis = partition_key.as_ref().map(|path| KinesisParameters::builder().partition_key_path(path));
    let transformer = input_transformer.as_ref().map(|Transformer { paths, template }| {
        let paths = Some(paths.clone().into_iter().collect());
        InputTransformer::builder().set_input_paths_map(paths).input_template(template).build()
    });
    let retry = ((*retries, *max_age) != (RETRIES, MAX_AGE)).then(|| {
        RetryPolicy::builder().maximum_retry_attempts(*retries).maximum_event_age_in_seconds(*max_age).build()
    });
    Ok(Sdk::builder()
        .id(OWN)
        .arn(arn)
        .set_role_arn(role.map(str::to_owned))
        .set_kinesis_parameters(kinesis.map(|kinesis| kinesis.build()).transpose()?)
        .set_input(input.as_ref().map(|input| input.json().to_string()))
        .set_input_path(input_path.clone())
        .set_input_transformer(transformer.transpose()?)
        .set_sqs_parameters(
            group.as_ref().map(|group| SqsParameters::builder().message_group_id(group).build()),
        )
        .set_retry_policy(retry)
        .set_dead_letter_config(dead_letter.as_ref().map(|arn| DeadLetterConfig::builder().arn(arn).build()))
        .build()?)
}

/// Puts the target of the stack. A response that is a success may say that it failed [aws-facts-services: 4]. EventBridge must be
/// able to assume the role of the target [aws-facts-services: Who may call whom].
pub(super) async fn put_target(
    ctx: &Context,
    id: &ResourceId,
    target: &Target,
    role: Option<&str>,
) -> Result<()> {
    let (target, (bus, rule)) = (sdk(target, role)?, bus_and_rule(&id.name));
    let young = |error: &Error| {
        let unknown = EVENTBRIDGE.is_absent(error).then_some("not every call finds the new rule yet");
        EVENTBRIDGE.transient(error).or(unknown)
    };
    let put = async || {
        let put = ctx.clients.eventbridge().put_targets().event_bus_name(bus).rule(rule);
        let response = put.targets(target.clone()).send().await?;
        let failed = response.failed_entries().iter();
        partly("events:PutTargets", failed.map(|one| (one.error_code(), one.error_message())))
    };
    let put = async || match role {
        Some(role) => once_assumable(ctx, id, role, put).await,
        None => put().await,
    };
    retry_if(Backoff::CONFLICT, ctx.waiting(id), young, put).await
}

/// Removes all targets: those of others too, or the rule cannot be deleted.
pub(super) async fn remove_targets(ctx: &Context, id: &ResourceId, (bus, rule): (&str, &str)) -> Result<()> {
    let transient = |error: &Error| EVENTBRIDGE.transient(error);
    retry_if(Backoff::CONFLICT, ctx.waiting(id), transient, async || {
        let targets = list_targets(ctx, (bus, rule)).await?.unwrap_or_default();
        if targets.is_empty() {
            return Ok(());
        }
        let ids = Some(targets.iter().map(|target| target.id().to_owned()).collect());
        let remove = ctx.clients.eventbridge().remove_targets().event_bus_name(bus).rule(rule).set_ids(ids);
        let Some(response) = EVENTBRIDGE.not_found_as_none(remove.send().await)? else { return Ok(()) };
        let failed = response.failed_entries().iter();
        let gone = |code: Option<&str>| code == Some("ResourceNotFoundException");
        let failed = failed.filter(|one| !gone(one.error_code()));
        partly("events:RemoveTargets", failed.map(|one| (one.error_code(), one.error_message())))
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn plain() -> Target {
        Target {
            arn: "arn:aws:sqs:x:1:jobs.fifo".to_owned(),
            input: None,
            input_path: None,
            input_transformer: None,
            group: Some("g".to_owned()),
            partition_key: None,
            retries: RETRIES,
            max_age: MAX_AGE,
            dead_letter: None,
        }
    }

    #[test]
    fn what_is_sent_reads_back_the_same() {
        let paths = [("id".to_owned(), "$.detail.id".to_owned())].into();
        let full = Target {
            input_transformer: Some(Transformer { paths, template: "<id>".to_owned() }),
            retries: 3,
            dead_letter: Some("arn:aws:sqs:x:1:failed".to_owned()),
            ..plain()
        };
        let input = Target { input: Some(json!({ "a": [1, "b"] }).into()), group: None, ..plain() };
        let path = Target { input_path: Some("$.detail".to_owned()), max_age: 60, ..plain() };
        let keyed = Target { partition_key: Some("$.detail.id".to_owned()), group: None, ..plain() };
        for target in [plain(), full, input, path, keyed] {
            assert_eq!(read_target(&sdk(&target, None).expect("a target")), target);
        }
        let with_role = sdk(&plain(), Some("arn:role")).expect("a target");
        assert_eq!(with_role.role_arn(), Some("arn:role"));
    }

    #[test]
    fn a_failure_in_a_success_is_one() {
        assert!(partly("x", [].into_iter()).is_ok());
        let failed = [(Some("ConcurrentModificationException"), Some("busy"))];
        let error = partly("events:PutTargets", failed.into_iter()).expect_err("a failure");
        assert!(EVENTBRIDGE.transient(&error).is_some(), "{error}");
        assert!(error.to_string().contains("busy"), "{error}");
    }
}

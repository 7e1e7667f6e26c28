//! Settings of a table that few tables have and that calls of their own read and write: contributor insights, and the policy of
//! the table. A tag of the table names those that it has, see [`crate::kinds::apart`].

use super::settings::readable;
use super::{DYNAMODB, Insights, Spec, Table};
use crate::aws::tags::Tags;
use crate::aws::wait::{Backoff, Poll, retry_if, wait_until};
use crate::aws::{Context, Error, Result};
use crate::kind::Kind as _;
use crate::kinds::apart::{self, POLICY};
use crate::model::{ResourceId, Texts};
use crate::policy::Policy;
use aws_sdk_dynamodb::operation::describe_contributor_insights::DescribeContributorInsightsOutput as Described;
use aws_sdk_dynamodb::types::{
    ContributorInsightsAction, ContributorInsightsMode, ContributorInsightsStatus as State,
};
use futures_util::try_join;

/// The name that the tag has for contributor insights.
const INSIGHTS: &str = "contributor-insights";

/// The value of the tag for a spec; `None` where the table has none of these settings.
pub(super) fn named<T: Texts>(spec: &Spec<T>) -> Option<String> {
    let Spec { contributor_insights, resource_policy, .. } = spec;
    apart::named([(contributor_insights.is_some(), INSIGHTS), (!resource_policy.0.is_empty(), POLICY)])
}

/// Reads the settings that the tag names.
pub(super) async fn read(
    ctx: &Context,
    name: &str,
    arn: &str,
    tags: &Tags,
) -> Result<(Option<Insights>, Policy)> {
    let insights = async {
        match apart::has(tags, INSIGHTS) {
            true => {
                let described = readable(async || describe(ctx, name).await).await?;
                Ok(described.and_then(|described| mode_of(ctx, name, &described)))
            }
            false => Ok(None),
        }
    };
    let policy = async {
        match apart::has(tags, POLICY) {
            true => readable(async || read_policy(ctx, arn).await).await,
            false => Ok(Policy::default()),
        }
    };
    try_join!(insights, policy)
}

async fn describe(ctx: &Context, name: &str) -> Result<Option<Described>> {
    let describe = ctx.clients.dynamodb().describe_contributor_insights().table_name(name);
    DYNAMODB.not_found_as_none(describe.send().await)
}

/// What they are about, where they are on or being turned on.
fn mode_of(ctx: &Context, name: &str, described: &Described) -> Option<Insights> {
    let state = described.contributor_insights_status()?;
    // The local cloud knows of no mode.
    let desired = || {
        let desired = ctx.scope.desired_field(Table::NAME, name, "contributor_insights")?;
        serde_json::from_value(desired).ok()
    };
    matches!(state, State::Enabled | State::Enabling).then(|| match described.contributor_insights_mode() {
        Some(ContributorInsightsMode::ThrottledKeys) => Insights::ThrottledKeys,
        Some(_) => Insights::AllKeys,
        None => desired().unwrap_or(Insights::AllKeys),
    })
}

async fn read_policy(ctx: &Context, arn: &str) -> Result<Policy> {
    let get = ctx.clients.dynamodb().get_resource_policy().resource_arn(arn);
    match get.send().await.map_err(Error::from) {
        Ok(response) => match response.policy() {
            Some(document) => Policy::read("dynamodb:GetResourcePolicy", document),
            None => Ok(Policy::default()),
        },
        Err(error) if error.is("PolicyNotFound") || DYNAMODB.is_absent(&error) => Ok(Policy::default()),
        Err(error) => Err(error),
    }
}

/// Sets what differs.
pub(super) async fn set(ctx: &Context, id: &ResourceId, arn: &str, from: &Spec, to: &Spec) -> Result<()> {
    if from.contributor_insights != to.contributor_insights {
        set_insights(ctx, id, to.contributor_insights).await?;
    }
    if from.resource_policy != to.resource_policy {
        set_policy(ctx, id, arn, &to.resource_policy).await?;
    }
    Ok(())
}

/// Turns the insights on or off, and waits until that is done: it may fail afterwards [aws-facts-services: 9].
async fn set_insights(ctx: &Context, id: &ResourceId, to: Option<Insights>) -> Result<()> {
    let mode = to.map(|insights| match insights {
        Insights::AllKeys => ContributorInsightsMode::AccessedAndThrottledKeys,
        Insights::ThrottledKeys => ContributorInsightsMode::ThrottledKeys,
    });
    let action =
        if to.is_some() { ContributorInsightsAction::Enable } else { ContributorInsightsAction::Disable };
    changed(ctx, id, async || {
        let update = ctx.clients.dynamodb().update_contributor_insights().table_name(&id.name);
        update
            .contributor_insights_action(action.clone())
            .set_contributor_insights_mode(mode.clone())
            .send()
            .await?;
        Ok(())
    })
    .await?;
    wait_until(Backoff::state(ctx.local), ctx.waiting(id), async || {
        let described = describe(ctx, &id.name).await?;
        let state = described.as_ref().and_then(|described| described.contributor_insights_status());
        match state {
            Some(State::Enabling | State::Disabling) => {
                Ok(Poll::Pending("switching contributor insights".to_owned()))
            }
            Some(State::Failed) if to.is_some() => {
                let why = described.as_ref().and_then(|described| described.failure_exception());
                let why =
                    why.and_then(|why| why.exception_description()).unwrap_or("DynamoDB does not say why");
                Err(Error::state(format!("contributor insights could not be turned on: {why}")))
            }
            _ => Ok(Poll::Ready(())),
        }
    })
    .await
}

/// Puts or deletes the policy, and waits until reads show that: they are eventually consistent [M: GetResourcePolicy].
async fn set_policy(ctx: &Context, id: &ResourceId, arn: &str, to: &Policy) -> Result<()> {
    let dynamodb = ctx.clients.dynamodb();
    changed(ctx, id, async || {
        match to.0.is_empty() {
            true => drop(dynamodb.delete_resource_policy().resource_arn(arn).send().await?),
            false => {
                drop(dynamodb.put_resource_policy().resource_arn(arn).policy(to.document()).send().await?)
            }
        }
        Ok(())
    })
    .await?;
    apart::once_shown(ctx, &DYNAMODB, id, to, async || read_policy(ctx, arn).await).await
}

/// Repeats a change that is refused while the table is being changed, or while DynamoDB does not know a new role of the policy.
async fn changed<F: Future<Output = Result<()>>>(
    ctx: &Context,
    id: &ResourceId,
    change: impl Fn() -> F,
) -> Result<()> {
    let unknown = |error: &Error| {
        (error.is("Validation") && error.says("principal"))
            .then_some("DynamoDB does not know a role of the policy yet")
    };
    let busy = |error: &Error| DYNAMODB.transient(error);
    retry_if(Backoff::PROPAGATION, ctx.waiting(id), unknown, async || {
        retry_if(Backoff::CONFLICT, ctx.waiting(id), busy, &change).await
    })
    .await
}

//! Provisioned concurrency: instances of a function that are kept ready for an alias.

use super::function_and_alias;
use crate::aws::wait::{Backoff, Poll, wait_until};
use crate::aws::{Context, Error, Result};
use crate::kinds::function::{LAMBDA, change, with_room};
use crate::model::ResourceId;
use aws_sdk_lambda::operation::get_provisioned_concurrency_config::GetProvisionedConcurrencyConfigOutput;
use aws_sdk_lambda::types::ProvisionedConcurrencyStatusEnum as State;

/// What is kept ready.
pub(super) struct Provisioned {
    /// How many instances; `None` where Lambda could not start them, so that it is tried again.
    pub(super) count: Option<i32>,
    /// Whether they are being started.
    pub(super) is_pending: bool,
}

async fn get(ctx: &Context, name: &str) -> Result<Option<GetProvisionedConcurrencyConfigOutput>> {
    let (function, alias) = function_and_alias(name);
    let get = ctx.clients.lambda().get_provisioned_concurrency_config().function_name(function);
    let got = get.qualifier(alias).send().await.map_err(Error::from);
    match got {
        Err(error) if error.is("ProvisionedConcurrencyConfigNotFound") || LAMBDA.is_absent(&error) => {
            Ok(None)
        }
        got => got.map(Some),
    }
}

/// What is kept ready for an alias.
pub(super) async fn read(ctx: &Context, name: &str) -> Result<Option<Provisioned>> {
    let live = get(ctx, name).await?;
    Ok(live.map(|live| Provisioned {
        count: live
            .requested_provisioned_concurrent_executions()
            .filter(|_| live.status() != Some(&State::Failed)),
        is_pending: live.status() == Some(&State::InProgress),
    }))
}

/// Keeps so many ready, or none.
pub(super) async fn set(ctx: &Context, id: &ResourceId, count: Option<i32>) -> Result<()> {
    let (function, alias) = function_and_alias(&id.name);
    let lambda = ctx.clients.lambda();
    change(ctx, id, function, async || match count {
        Some(count) => {
            let put = lambda.put_provisioned_concurrency_config().function_name(function).qualifier(alias);
            put.provisioned_concurrent_executions(count).send().await?;
            Ok(())
        }
        None => {
            let delete = lambda.delete_provisioned_concurrency_config().function_name(function);
            LAMBDA.ignore_not_found(delete.qualifier(alias).send().await)
        }
    })
    .await
    .map_err(with_room)
}

/// Waits until the instances have started, which takes minutes.
pub(super) async fn ready(ctx: &Context, id: &ResourceId) -> Result<()> {
    wait_until(Backoff::state(ctx.local), ctx.waiting(id), async || {
        let Some(live) = get(ctx, &id.name).await? else { return Ok(Poll::Ready(())) };
        match live.status() {
            Some(State::InProgress) => {
                Ok(Poll::Pending("instances of the function are being started".to_owned()))
            }
            Some(State::Failed) => {
                let why = live.status_reason().unwrap_or("Lambda gives no reason");
                Err(Error::state(format!("the instances to be kept ready did not start. Lambda says: {why}")))
            }
            _ => Ok(Poll::Ready(())),
        }
    })
    .await
}

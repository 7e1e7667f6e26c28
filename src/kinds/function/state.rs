//! The states of a function, and what Lambda says late of a new one: when a call is repeated, and how long a change waits.

use super::Function;
use super::LAMBDA;
use crate::aws::wait::{Backoff, Poll, retry_if, wait_until};
use crate::aws::{Class, Context, Error, Result};
use crate::kind::Kind;
use crate::kinds::assumable::is_fresh;
use crate::kinds::{require, retry_conflicts};
use crate::model::{PhysicalId, ResourceId, Status};
use aws_sdk_lambda::types::{FunctionConfiguration, LastUpdateStatus, State};

/// The reason of a function whose role was checked after its creation, and found wanting.
const ROLE_LACKS_PERMISSIONS: &str = "InsufficientRolePermissions";

/// A function that failed to start can only be recreated; one whose last update failed can be updated again.
pub(super) fn status(config: &FunctionConfiguration) -> Status {
    match (config.state(), config.last_update_status()) {
        (Some(State::Failed), _) => Status::Failed(reason(config)),
        (Some(State::Deleting), _) => Status::Deleting,
        (Some(State::Pending), _) | (_, Some(LastUpdateStatus::InProgress)) => Status::Pending,
        _ => Status::Ready,
    }
}

/// Why the State or else the last update is Failed: the code, and a sentence.
fn failure(config: &FunctionConfiguration) -> (Option<&str>, Option<&str>) {
    match config.state() {
        Some(State::Failed) => (config.state_reason_code().map(|code| code.as_str()), config.state_reason()),
        _ => {
            let code = config.last_update_status_reason_code().map(|code| code.as_str());
            (code, config.last_update_status_reason())
        }
    }
}

fn reason(config: &FunctionConfiguration) -> String {
    match failure(config) {
        (Some(code), Some(reason)) => format!("Lambda says {code}: {reason}"),
        (Some(code), None) => format!("Lambda says {code}"),
        (None, Some(reason)) => format!("Lambda says: {reason}"),
        (None, None) => "Lambda gives no reason".to_owned(),
    }
}

pub(super) async fn configuration_of(ctx: &Context, id: &ResourceId) -> Result<FunctionConfiguration> {
    let get = async || Ok(ctx.clients.lambda().get_function().function_name(&id.name).send().await?);
    let response = once_visible(ctx, id, &id.name, get).await?;
    require(response.configuration, "lambda:GetFunction", "the function's configuration")
}

/// Waits until the function can be changed. `Inactive` is a function that AWS put to rest, which the next call wakes, and
/// matches no acceptor of AWS's own waiters [aws-facts: Lambda, M].
pub(super) async fn idle(ctx: &Context, id: &ResourceId) -> Result<FunctionConfiguration> {
    wait_until(Backoff::state(ctx.local), ctx.waiting(id), async || {
        let config = configuration_of(ctx, id).await?;
        Ok(match (config.state(), config.last_update_status()) {
            (Some(state @ State::Pending), _) => {
                Poll::Pending(format!("being prepared by Lambda ({})", state.as_str()))
            }
            (_, Some(LastUpdateStatus::InProgress)) => Poll::Pending("being updated".to_owned()),
            _ => Poll::Ready(config),
        })
    })
    .await
}

/// Waits until the function can be called as it was last configured.
pub(super) async fn active(ctx: &Context, id: &ResourceId) -> Result<()> {
    let config = idle(ctx, id).await?;
    let failed = match (config.state(), config.last_update_status()) {
        (Some(State::Failed), _) => "start",
        (_, Some(LastUpdateStatus::Failed)) => "update",
        _ => return Ok(()),
    };
    let code = failure(&config).0.map(Box::from);
    Err(Error { code, ..Error::state(format!("the function failed to {failed}. {}", reason(&config))) })
}

/// Repeats a call on a function while Lambda says that there is none, if this run has created it: any call may say so for
/// some seconds, also after another one has found it [hazards: L2].
pub(in crate::kinds) async fn once_visible<T, F: Future<Output = Result<T>>>(
    ctx: &Context,
    id: &ResourceId,
    function: &str,
    call: impl Fn() -> F,
) -> Result<T> {
    let is_new = ctx.created.has(&PhysicalId::new(Function::NAME, function));
    let hidden = |error: &Error| {
        (is_new && LAMBDA.is_absent(error)).then_some("not every call of Lambda finds the new function yet")
    };
    retry_if(Backoff::NEW_FUNCTION, ctx.waiting(id), hidden, call).await
}

/// Repeats a create or an update that Lambda took, and whose function then failed for want of permissions of the role: the
/// check may come that late, and what was written to the role may not have reached it [hazards: I4].
pub(super) async fn once_permitted<T, F: Future<Output = Result<T>>>(
    ctx: &Context,
    id: &ResourceId,
    role: &str,
    change: impl Fn() -> F,
) -> Result<T> {
    let late = |error: &Error| {
        (error.class == Class::State && error.is(ROLE_LACKS_PERMISSIONS))
            .then_some("the permissions of the role have not reached Lambda yet")
    };
    match change().await {
        Err(error) if late(&error).is_some() && is_fresh(ctx, role).await => {
            retry_if(Backoff::PROPAGATION, ctx.waiting(id), late, change).await
        }
        result => result,
    }
}

/// Sends a change, once nothing else is changing the function and every call finds it.
pub(in crate::kinds) async fn change<T, F: Future<Output = Result<T>>>(
    ctx: &Context,
    id: &ResourceId,
    function: &str,
    call: impl Fn() -> F,
) -> Result<T> {
    once_visible(ctx, id, function, async || retry_conflicts(ctx, id, in_progress, &call).await).await
}

/// One of the three meanings of `ResourceConflictException` [aws-facts: Lambda, LS].
pub(super) fn in_progress(error: &Error) -> Option<&'static str> {
    let busy = error.says("in progress") || error.says("in the following state");
    (error.class == Class::Refused && error.is("ResourceConflict") && busy)
        .then_some("another update is in progress")
}

/// Adds the way out where the account has too few executions to reserve some: a new one may have ten in all [hazards: L8].
pub(in crate::kinds) fn with_room(error: Error) -> Error {
    let has_none = error.is("InvalidParameterValue") && error.says("UnreservedConcurrentExecution");
    if !has_none {
        return error;
    }
    let way = "AWS keeps these executions of the account for functions without a reservation: lower `reserved_concurrency` or \
               `provisioned_concurrency`, or request a higher quota of concurrent executions from AWS";
    Error { message: format!("{} ({way})", error.message.trim_end()), ..error }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_decides_what_can_be_done() {
        let of = |state: State, update: LastUpdateStatus| {
            status(&FunctionConfiguration::builder().state(state).last_update_status(update).build())
        };
        assert_eq!(of(State::Active, LastUpdateStatus::Successful), Status::Ready);
        assert_eq!(of(State::Inactive, LastUpdateStatus::Successful), Status::Ready);
        assert_eq!(of(State::Pending, LastUpdateStatus::InProgress), Status::Pending);
        assert_eq!(of(State::Active, LastUpdateStatus::InProgress), Status::Pending);
        assert_eq!(of(State::Deleting, LastUpdateStatus::Successful), Status::Deleting);
        assert!(matches!(of(State::Failed, LastUpdateStatus::Successful), Status::Failed(_)));
    }

    #[test]
    fn an_update_under_way_is_one_of_three_conflicts() {
        let conflict =
            |message: &str| in_progress(&Error::refusal("", Some("ResourceConflictException"), message));
        assert!(conflict("An update is in progress for resource: f").is_some());
        assert!(
            conflict("The operation cannot be performed: currently in the following state: Pending")
                .is_some()
        );
        assert!(conflict("Function already exist: f").is_none());
    }
}

//! The expiry and the recovery of a table: each has calls of its own.

use super::{DYNAMODB, MAX_RECOVERY, Table};
use crate::aws::wait::{Backoff, Waiting, retry_if};
use crate::aws::{Class, Context, Error, Result};
use crate::kind::Kind as _;
use crate::model::ResourceId;
use aws_sdk_dynamodb::types::{
    PointInTimeRecoverySpecification, PointInTimeRecoveryStatus, TimeToLiveSpecification, TimeToLiveStatus,
};

/// The attribute with the expiry of items, where it is on.
pub(super) async fn ttl(ctx: &Context, name: &str) -> Result<Option<String>> {
    let response = readable(async || {
        DYNAMODB
            .not_found_as_none(ctx.clients.dynamodb().describe_time_to_live().table_name(name).send().await)
    });
    let ttl = response.await?.and_then(|response| response.time_to_live_description);
    let on =
        |status: &TimeToLiveStatus| matches!(status, TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling);
    Ok(ttl.filter(|ttl| ttl.time_to_live_status().is_some_and(on)).and_then(|ttl| ttl.attribute_name))
}

/// How many days the recovery of a table reaches back, where it is on.
pub(super) async fn recovery(ctx: &Context, name: &str) -> Result<Option<i32>> {
    let response = readable(async || {
        let describe = ctx.clients.dynamodb().describe_continuous_backups().table_name(name);
        DYNAMODB.not_found_as_none(describe.send().await)
    });
    let backups = response.await?.and_then(|response| response.continuous_backups_description);
    let recovery = backups.and_then(|backups| backups.point_in_time_recovery_description);
    let on = recovery.filter(|recovery| {
        recovery.point_in_time_recovery_status == Some(PointInTimeRecoveryStatus::Enabled)
    });
    // The local cloud knows of no days.
    let desired = || ctx.scope.desired_field(Table::NAME, name, "point_in_time_recovery")?.as_i64();
    let unknown = || desired().and_then(|days| days.try_into().ok()).unwrap_or(MAX_RECOVERY);
    Ok(on.map(|on| on.recovery_period_in_days.unwrap_or_else(unknown)))
}

/// Repeats a read of a setting that is refused because not all of DynamoDB knows yet that the table is ACTIVE: that is a
/// ValidationException [hazards: D6].
pub(super) async fn readable<T, F: Future<Output = Result<T>>>(read: impl Fn() -> F) -> Result<T> {
    let too_early = |error: &Error| error.is("Validation").then_some("the table is too new");
    retry_if(Backoff::VISIBILITY, Waiting::unreported(), too_early, read).await
}

/// Sets the attribute of the expiry. Only one can be on, and only its own name turns it off; DynamoDB accepts one change an
/// hour [hazards: D4]. So a change from one attribute to another takes two runs.
///
/// # Errors
/// [`Class::Deferred`] where the rest can only be done later.
pub(super) async fn set_ttl(
    ctx: &Context,
    id: &ResourceId,
    from: Option<&str>,
    to: Option<&str>,
) -> Result<()> {
    let (attribute, enabled) = match (from, to) {
        (from, to) if from == to => return Ok(()),
        (Some(from), _) => (from, false),
        (None, Some(to)) => (to, true),
        (None, None) => return Ok(()),
    };
    match update_ttl(ctx, id, attribute, enabled).await {
        // DynamoDB also refuses to repeat a change, for example if its response was lost and the SDK sent it again: the
        // table decides.
        Err(error) if error.is("Validation") => {
            let on = ttl(ctx, &id.name).await?;
            if on.as_deref() != enabled.then_some(attribute) {
                return Err(if is_too_soon(&error) { deferred(error, from, to) } else { error });
            }
        }
        sent => sent?,
    }
    match (from, to) {
        (Some(from), Some(to)) => Err(Error::deferred(format!(
            "expiry by `{from}` was turned off, and every other change was applied, but DynamoDB accepts the next change \
             of the expiry in about an hour; run the same command again then, to turn on expiry by `{to}`"
        ))),
        _ => Ok(()),
    }
}

async fn update_ttl(ctx: &Context, id: &ResourceId, attribute: &str, enabled: bool) -> Result<()> {
    let not_yet = |error: &Error| {
        if error.says("Backups are being enabled") {
            return Some("backups of the table are being turned on");
        }
        DYNAMODB.transient(error)
    };
    retry_if(Backoff::BACKUPS, ctx.waiting(id), not_yet, async || {
        let specification =
            TimeToLiveSpecification::builder().attribute_name(attribute).enabled(enabled).build()?;
        let update = ctx.clients.dynamodb().update_time_to_live().table_name(&id.name);
        update.time_to_live_specification(specification).send().await?;
        Ok(())
    })
    .await
}

/// True if the last change of the expiry is less than an hour old. No read shows that: the status settles in seconds
/// [ack-api-quirks: DDB-TABLE-143].
fn is_too_soon(error: &Error) -> bool {
    error.says("multiple times within a fixed interval")
}

/// The error of a change that DynamoDB refused for an hour.
fn deferred(error: Error, from: Option<&str>, to: Option<&str>) -> Error {
    let rest = match (from, to) {
        (Some(from), None) => format!("turn off expiry by `{from}`"),
        (Some(from), Some(to)) => {
            format!("turn off expiry by `{from}`, and an hour later once more for `{to}`")
        }
        (None, to) => format!("turn on expiry by `{}`", to.unwrap_or_default()),
    };
    let message = format!(
        "{}; every other change was applied. Run the same command again in about an hour, to {rest}",
        error.message.trim_end_matches('.')
    );
    Error { class: Class::Deferred, message, ..error }
}

/// Turns point-in-time recovery on, for so many days, or off.
pub(super) async fn set_recovery(ctx: &Context, id: &ResourceId, days: Option<i32>) -> Result<()> {
    // Right after a create, backups are still being turned on [aws-facts: DynamoDB, TF].
    let early =
        |error: &Error| error.is("ContinuousBackupsUnavailable").then_some("backups are not available yet");
    retry_if(Backoff::PROPAGATION, ctx.waiting(id), early, async || {
        let specification = PointInTimeRecoverySpecification::builder()
            .point_in_time_recovery_enabled(days.is_some())
            .set_recovery_period_in_days(days)
            .build()?;
        let update = ctx.clients.dynamodb().update_continuous_backups().table_name(&id.name);
        update.point_in_time_recovery_specification(specification).send().await?;
        Ok(())
    })
    .await
}

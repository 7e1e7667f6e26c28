//! The policy of a bus: others may have statements there too.

use super::EVENTBRIDGE;
use super::observe::describe;
use crate::aws::{Context, Error, Result};
use crate::kinds::assumable::once_known;
use crate::kinds::{mark, retry_transient, statements};
use crate::model::ResourceId;
use crate::policy::Policy;
use aws_sdk_eventbridge::operation::describe_event_bus::DescribeEventBusOutput as Shown;

/// The statements that a bus shows.
pub(super) fn shown(shown: &Shown) -> Result<Policy> {
    match shown.policy() {
        None | Some("") => Ok(Policy::default()),
        Some(document) => Policy::read("events:DescribeEventBus", document),
    }
}

/// Sets the stack's statements, and keeps those of others. A whole policy replaces the one that is there.
pub(super) async fn set(ctx: &Context, id: &ResourceId, to: &Policy) -> Result<()> {
    if to.0.is_empty() {
        return clear(ctx, id).await;
    }
    let read = async || live(ctx, id).await;
    let merge = |live: &Policy| statements::merged(live, to, &ctx.scope.identity);
    let passing = |error: &Error, names_fresh_role: bool| {
        let unknown = error.says("rincipal") && names_fresh_role;
        let unknown = unknown.then_some("EventBridge does not know a role of the policy yet");
        EVENTBRIDGE.transient(error).or(unknown)
    };
    let write = async |policy: Policy| {
        once_known(ctx, id, to, passing, async || {
            let put = ctx.clients.eventbridge().put_permission().event_bus_name(&id.name);
            put.policy(policy.document()).send().await?;
            Ok(())
        })
        .await
    };
    ctx.edit_document(&format!("the policy of {id}"), read, merge, write).await
}

async fn live(ctx: &Context, id: &ResourceId) -> Result<Policy> {
    let live = describe(&ctx.clients, &id.name).await?;
    Ok(live.as_ref().map(shown).transpose()?.unwrap_or_default())
}

/// Removes the stack's statements, each by itself.
async fn clear(ctx: &Context, id: &ResourceId) -> Result<()> {
    let mark = mark::begin(&ctx.scope.identity);
    let Policy(live) = live(ctx, id).await?;
    for sid in live.keys().filter(|sid| sid.starts_with(&mark)) {
        retry_transient(ctx, &EVENTBRIDGE, id, async || {
            let remove = ctx.clients.eventbridge().remove_permission().event_bus_name(&id.name);
            EVENTBRIDGE.ignore_not_found(remove.statement_id(sid).send().await)
        })
        .await?;
    }
    Ok(())
}

//! Changes of a table itself. DynamoDB accepts none while the table is being changed, and none while one of its indexes is
//! [hazards: D1, D2].

use super::DYNAMODB;
use super::observe::billing_of;
use super::{Billing, Table, billing};
use crate::aws::wait::{Backoff, Poll, retry_if, wait_until};
use crate::aws::{Context, Error, Result};
use crate::kind::ObservedOf;
use crate::kinds::{require, table::observe::describe};
use crate::model::ResourceId;
use aws_sdk_dynamodb::operation::update_table::builders::UpdateTableFluentBuilder;
use aws_sdk_dynamodb::types::{GlobalSecondaryIndexDescription, IndexStatus, TableDescription, TableStatus};

/// Changes how the table is paid for.
pub(super) async fn set_billing(ctx: &Context, id: &ResourceId, from: &Billing, to: &Billing) -> Result<()> {
    let (mode, throughput) = billing(to)?;
    let update = ctx.clients.dynamodb().update_table().set_provisioned_throughput(throughput);
    let both_provisioned = matches!((from, to), (Billing::Provisioned { .. }, Billing::Provisioned { .. }));
    let update = if both_provisioned { update } else { update.billing_mode(mode) };
    change(ctx, id, update, |table| billing_of(table) == *to).await
}

/// Turns the deletion protection on or off.
pub(super) async fn set_protection(ctx: &Context, id: &ResourceId, protect: bool) -> Result<()> {
    let update = ctx.clients.dynamodb().update_table().deletion_protection_enabled(protect);
    change(ctx, id, update, |table| table.deletion_protection_enabled() == Some(protect)).await
}

/// Sends one class of change, and waits until it is finished. `is_done` tells whether a table has it.
async fn change(
    ctx: &Context,
    id: &ResourceId,
    update: UpdateTableFluentBuilder,
    is_done: impl Fn(&TableDescription) -> bool,
) -> Result<()> {
    let update = update.table_name(&id.name);
    wait_until(Backoff::indexes(ctx.local), ctx.waiting(id), async || {
        let error = match update.clone().send().await.map_err(Error::from) {
            // It is refused while the table or an index is being changed. It is also refused if its response was lost and
            // the SDK sent it again: then the table has the change.
            Err(error) if error.is("ResourceInUse") || error.is("Validation") => error,
            sent => {
                sent?;
                ready(ctx, id).await?;
                return Ok(Poll::Ready(()));
            }
        };
        match is_done(&ready(ctx, id).await?) {
            true => Ok(Poll::Ready(())),
            false if error.is("ResourceInUse") => {
                Ok(Poll::Pending("changing the table or an index".to_owned()))
            }
            false => Err(error),
        }
    })
    .await
}

/// Waits until the table can be changed and used. Right after a create, DescribeTable may not show it yet, as its own
/// documentation says.
pub(super) async fn ready(ctx: &Context, id: &ResourceId) -> Result<TableDescription> {
    let not_shown =
        |error: &Error| DYNAMODB.is_absent(error).then_some("DynamoDB does not show the table yet");
    let describe = async || Ok(ctx.clients.dynamodb().describe_table().table_name(&id.name).send().await?);
    wait_until(Backoff::indexes(ctx.local), ctx.waiting(id), async || {
        let response = retry_if(Backoff::VISIBILITY, ctx.waiting(id), not_shown, describe).await?;
        let table = require(response.table, "dynamodb:DescribeTable", "the table")?;
        Ok(match pending(&table) {
            None => Poll::Ready(table),
            Some(state) => Poll::Pending(state),
        })
    })
    .await
}

/// Why the table cannot be changed now. It is ACTIVE before its indexes are [hazards: D2]. An index that is being filled
/// does not hold most changes up [aws-facts: DynamoDB beyond the core, M].
fn pending(table: &TableDescription) -> Option<String> {
    if table.table_status() != Some(&TableStatus::Active) {
        return Some(state(table));
    }
    let blocks = |index: &&GlobalSecondaryIndexDescription| {
        index.index_status() != Some(&IndexStatus::Active) && !index.backfilling().unwrap_or_default()
    };
    let index = table.global_secondary_indexes().iter().find(blocks)?;
    let status = index.index_status().map_or("pending", IndexStatus::as_str);
    Some(format!("changing the index {} ({status})", index.index_name().unwrap_or_default()))
}

fn state(table: &TableDescription) -> String {
    table.table_status().map_or_else(|| "without a state".to_owned(), |status| status.as_str().to_owned())
}

/// Deletes the table. One with five items takes about 8 minutes for an index, and cannot be deleted meanwhile
/// [hazards: D1].
pub(super) async fn delete(ctx: &Context, observed: &ObservedOf<Table>) -> Result<()> {
    let (id, name) = (&observed.id, &observed.physical_id);
    let index = |error: &Error| {
        let refused = error.is("ResourceInUse") && error.says("while indexes are being");
        refused.then_some("an index of the table is being created, changed or deleted, which takes minutes")
    };
    let other = |error: &Error| DYNAMODB.transient(error).filter(|_| index(error).is_none());
    retry_if(Backoff::indexes(ctx.local), ctx.waiting(id), index, async || {
        retry_if(Backoff::CONFLICT, ctx.waiting(id), other, async || {
            DYNAMODB.ignore_not_found(ctx.clients.dynamodb().delete_table().table_name(name).send().await)
        })
        .await
    })
    .await?;
    wait_until(Backoff::state(ctx.local), ctx.waiting(id), async || {
        Ok(match describe(ctx, name).await? {
            None => Poll::Ready(()),
            Some(table) => Poll::Pending(state(&table)),
        })
    })
    .await
}

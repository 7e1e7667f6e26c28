//! Changes of a table itself. DynamoDB accepts none while the table is being changed, and none while one of its indexes is
//! [hazards: D1, D2].

use super::index::{self, Step, Units};
use super::key;
use super::observe::billing_of;
use super::{Billing, DYNAMODB, Spec, Table, billing};
use crate::aws::wait::{Backoff, Poll, retry_if, wait_until};
use crate::aws::{Context, Error, Result};
use crate::kind::ObservedOf;
use crate::kinds::{require, table::observe::describe};
use crate::model::{ResourceId, Status};
use aws_sdk_dynamodb::operation::update_table::builders::UpdateTableFluentBuilder;
use aws_sdk_dynamodb::types::{
    DeleteGlobalSecondaryIndexAction, GlobalSecondaryIndexDescription, GlobalSecondaryIndexUpdate,
    IndexStatus, TableDescription, TableStatus,
};

/// Changes how the table and its indexes are paid for, in one call.
pub(super) async fn set_billing(ctx: &Context, id: &ResourceId, from: &Spec, to: &Spec) -> Result<()> {
    let (units, maxima) = (index::units(from, to), index::change_of_maxima(from.limits, to));
    if from.billing == to.billing && maxima.is_none() && units.is_empty() {
        return Ok(());
    }
    let mut update = ctx.clients.dynamodb().update_table().set_on_demand_throughput(maxima);
    if from.billing != to.billing {
        let (mode, throughput) = billing(&to.billing)?;
        let is_kept =
            matches!((&from.billing, &to.billing), (Billing::Provisioned(_), Billing::Provisioned(_)));
        let mode = (!is_kept).then_some(mode);
        update = update.set_provisioned_throughput(throughput).set_billing_mode(mode);
    }
    for (name, units) in &units {
        update = update.global_secondary_index_updates(units.in_update(name)?);
    }
    let is_done = |table: &TableDescription| {
        let live = index::global(table);
        let has = |(name, units): &(String, Units)| live.get(name).is_none_or(|index| units.are_of(index));
        let limits = index::limits(table, table.on_demand_throughput());
        billing_of(table) == to.billing && limits == to.limits && units.iter().all(has)
    };
    change(ctx, id, update, is_done).await.map(drop)
}

/// Creates and deletes global indexes until the table has those that it should, and waits until they are filled. A run that is
/// killed in between is continued by the next one, for each step follows from what DynamoDB shows.
pub(super) async fn set_indexes(ctx: &Context, observed: &ObservedOf<Table>, to: &Spec) -> Result<()> {
    let (id, mut live, mut filling) = (&observed.id, observed.spec.indexes.clone(), None);
    if observed.status == Status::Pending {
        let table = ready(ctx, id).await?;
        (live, filling) = (index::global(&table), name_of_unfinished(&table));
    }
    while let Some(step) = index::next(&live, to) {
        // While one is filled, DynamoDB takes no other step than its deletion.
        let ends_it = matches!(&step, Step::Delete(name) if Some(name) == filling.as_ref());
        if filling.is_some() && !ends_it {
            filled(ctx, id).await?;
        }
        let update = ctx.clients.dynamodb().update_table();
        let update = match &step {
            Step::Delete(name) => {
                let delete = DeleteGlobalSecondaryIndexAction::builder().index_name(name).build()?;
                let delete = GlobalSecondaryIndexUpdate::builder().delete(delete).build();
                update.global_secondary_index_updates(delete)
            }
            Step::Create(name) => {
                let index = &to.indexes[name];
                let create = GlobalSecondaryIndexUpdate::builder().create(index.in_update(name)?).build();
                let attributes = index::attributes(to, live.values().chain([index]))?;
                update.set_attribute_definitions(Some(attributes)).global_secondary_index_updates(create)
            }
        };
        let is_done =
            |table: &TableDescription| index::next(&index::global(table), to).as_ref() != Some(&step);
        let table = change(ctx, id, update, is_done).await?;
        (live, filling) = (index::global(&table), name_of_unfinished(&table));
    }
    if filling.is_some() { filled(ctx, id).await } else { Ok(()) }
}

fn name_of_unfinished(table: &TableDescription) -> Option<String> {
    unfinished(table)?.index_name().map(str::to_owned)
}

/// Turns the deletion protection on or off.
pub(super) async fn set_protection(ctx: &Context, id: &ResourceId, protect: bool) -> Result<()> {
    let update = ctx.clients.dynamodb().update_table().deletion_protection_enabled(protect);
    change(ctx, id, update, |table| table.deletion_protection_enabled() == Some(protect)).await.map(drop)
}

/// Sends one class of change, and waits until it is finished. `is_done` tells whether a table has it.
pub(super) async fn change(
    ctx: &Context,
    id: &ResourceId,
    update: UpdateTableFluentBuilder,
    is_done: impl Fn(&TableDescription) -> bool,
) -> Result<TableDescription> {
    let update = update.table_name(&id.name);
    wait_until(Backoff::indexes(ctx.local), ctx.waiting(id), async || {
        let error = match update.clone().send().await.map_err(Error::from) {
            // It is refused while the table or an index is being changed. It is also refused if its response was lost and
            // the SDK sent it again: then the table has the change.
            Err(error) if error.is("Validation") || is_busy(&error) || is_without_index(&error) => error,
            sent => {
                sent?;
                return Ok(Poll::Ready(ready(ctx, id).await?));
            }
        };
        let table = ready(ctx, id).await?;
        match is_done(&table) {
            true => Ok(Poll::Ready(table)),
            false if is_busy(&error) => Ok(Poll::Pending("changing the table or an index".to_owned())),
            false => Err(error),
        }
    })
    .await
}

/// True if the table or one of its indexes is being changed. While an index is filled, another one is refused by a limit.
fn is_busy(error: &Error) -> bool {
    error.is("ResourceInUse") || (error.is("LimitExceeded") && error.says("online index"))
}

/// True if an index to delete does not exist.
fn is_without_index(error: &Error) -> bool {
    DYNAMODB.is_absent(error) && error.says("Index")
}

/// Waits until every index of the table is filled, which takes minutes, or hours for a large table.
pub(super) async fn filled(ctx: &Context, id: &ResourceId) -> Result<()> {
    wait_until(Backoff::filling(ctx.local), ctx.waiting(id), async || {
        let table = ready(ctx, id).await?;
        Ok(match unfinished(&table) {
            None => Poll::Ready(()),
            Some(index) => {
                Poll::Pending(format!("filling the index {}", index.index_name().unwrap_or_default()))
            }
        })
    })
    .await
}

/// An index that is not ready for use.
pub(super) fn unfinished(table: &TableDescription) -> Option<&GlobalSecondaryIndexDescription> {
    let mut indexes = table.global_secondary_indexes().iter();
    indexes.find(|index| index.index_status() != Some(&IndexStatus::Active))
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
    if key::is_changing(table) {
        return Some("encrypting the table with another key".to_owned());
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

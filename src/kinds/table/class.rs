//! The class of a table.

use super::Class;
use super::change::change;
use crate::aws::{self, Context, Error, Result};
use crate::model::ResourceId;
use aws_sdk_dynamodb::types::{TableClass, TableDescription};

/// What DynamoDB is sent for a new table. Without it the class is its default.
pub(super) fn in_create(class: Class) -> Option<TableClass> {
    (class != Class::Standard).then(|| sent(class))
}

fn sent(class: Class) -> TableClass {
    match class {
        Class::Standard => TableClass::Standard,
        Class::StandardInfrequentAccess => TableClass::StandardInfrequentAccess,
    }
}

/// The class of a table. One that never had another one shows none [hazards: Undeclared settings].
pub(super) fn of(table: &TableDescription) -> Class {
    match table.table_class_summary().and_then(|summary| summary.table_class()) {
        Some(TableClass::StandardInfrequentAccess) => Class::StandardInfrequentAccess,
        _ => Class::Standard,
    }
}

/// Changes the class. To repeat it is an error [hazards: D3], and so is a third change in 30 days [aws-facts-services: 9, DG].
///
/// # Errors
/// [`aws::Class::Deferred`] for the third change.
pub(super) async fn set(ctx: &Context, id: &ResourceId, to: Class) -> Result<()> {
    let update = ctx.clients.dynamodb().update_table().table_class(sent(to));
    match change(ctx, id, update, |table| of(table) == to).await {
        Err(error) if error.is("LimitExceeded") => Err(deferred(error)),
        changed => changed.map(drop),
    }
}

fn deferred(error: Error) -> Error {
    let message = format!(
        "{}; every other change was applied. DynamoDB accepts two changes of `class` in 30 days: run the same command again \
         when the first of them is older, or write the class that the table has",
        error.message.trim_end_matches('.')
    );
    Error { class: aws::Class::Deferred, message, ..error }
}

//! Global indexes of DynamoDB tables, which only a person creates. A table is ACTIVE before its indexes are, and a change or a
//! deletion of it must wait for them [hazards: D1, D2].

use super::table::{Table, invalid};
use crate::cloud::{ServiceError, Time, required, text};
use serde_json::{Value as Json, json};
use std::time::Duration;

/// How long an index is CREATING or DELETING, even with few items [hazards: D1].
const INDEX: Duration = Duration::from_secs(480);
/// How long it is CREATING before it is filled [ack-api-quirks: DDB-TABLE-444].
const ALLOCATION: Duration = Duration::from_secs(50);
/// How long it is UPDATING after the table's capacity has changed, which the table no longer is then [hazards: D2].
const CAPACITY: Duration = Duration::from_secs(80);

/// A global index.
#[derive(Debug, Clone)]
pub(crate) struct Index {
    name: String,
    /// Keys, projection and capacity, as DescribeTable shows them.
    description: Json,
    /// `CREATING`, `UPDATING` or `DELETING`, until this time.
    phase: (&'static str, Time),
    created: Time,
}

impl Index {
    fn status(&self, now: Time) -> &'static str {
        let (phase, until) = self.phase;
        if now < until { phase } else { "ACTIVE" }
    }

    fn is_filled(&self, now: Time) -> bool {
        self.status(now) == "CREATING" && now >= self.created + ALLOCATION
    }
}

/// Forgets the indexes that are deleted.
pub(super) fn forget_deleted(table: &mut Table, now: Time) {
    table.indexes.retain(|index| index.phase.0 != "DELETING" || now < index.phase.1);
}

/// The indexes, as DescribeTable shows them.
pub(super) fn described(table: &Table, now: Time) -> Option<Json> {
    let one = |index: &Index| {
        let mut description = index.description.clone();
        description["IndexStatus"] = index.status(now).into();
        if index.is_filled(now) {
            description["Backfilling"] = true.into();
        }
        description
    };
    (!table.indexes.is_empty()).then(|| table.indexes.iter().map(one).collect())
}

/// Refuses any change of the table while an index is being changed, but for the time in which it is filled.
pub(super) fn check_change(table: &Table, name: &str, now: Time) -> Result<(), ServiceError> {
    for index in &table.indexes {
        let doing = match index.status(now) {
            "ACTIVE" => continue,
            "CREATING" if index.is_filled(now) => continue,
            "CREATING" => "created but is not backfilling yet",
            "DELETING" => "deleted",
            _ => "updated",
        };
        return in_use(&format!("Index is being {doing}. Table: {name} Index: {}", index.name));
    }
    Ok(())
}

/// Refuses the end of a table while an index is being changed in any way.
pub(super) fn check_delete(table: &Table, now: Time) -> Result<(), ServiceError> {
    match table.indexes.iter().all(|index| index.status(now) == "ACTIVE") {
        true => Ok(()),
        false => in_use("Cannot delete table while indexes are being created, updated, or deleted."),
    }
}

fn in_use<T>(detail: &str) -> Result<T, ServiceError> {
    let message = format!("Attempt to change a resource which is still in use: {detail}");
    ServiceError::err("ResourceInUseException", message)
}

/// The capacity of a table was changed, and that of its indexes follows.
pub(super) fn follow_capacity(table: &mut Table, until: Time) {
    for index in &mut table.indexes {
        index.phase = ("UPDATING", until + CAPACITY);
    }
}

/// Makes, changes or deletes one index.
pub(super) fn update(table: &mut Table, params: &Json, now: Time) -> Result<(), ServiceError> {
    let updates = params["GlobalSecondaryIndexUpdates"].as_array().cloned().unwrap_or_default();
    let [update] = updates.as_slice() else {
        return invalid("Only 1 online index can be created or deleted at a time");
    };
    let named = |of: &Json| required(of, "IndexName").to_owned();
    if let Some(create) = update.get("Create") {
        let mut description = create.clone();
        let units = &create["ProvisionedThroughput"];
        let unit = |name: &str| units[name].as_u64().unwrap_or_default();
        description["ProvisionedThroughput"] = json!({
            "ReadCapacityUnits": unit("ReadCapacityUnits"), "WriteCapacityUnits": unit("WriteCapacityUnits"),
            "NumberOfDecreasesToday": 0,
        });
        let name = named(create);
        if table.indexes.iter().any(|index| index.name == name) {
            return invalid(format!("Attempting to create an index which already exists: {name}"));
        }
        define(table, params);
        table.indexes.push(Index { name, description, phase: ("CREATING", now + INDEX), created: now });
        return Ok(());
    }
    let (change, phase) = match update.get("Delete") {
        Some(delete) => (delete, ("DELETING", now + INDEX)),
        None => (&update["Update"], ("UPDATING", now + CAPACITY)),
    };
    let name = named(change);
    let index = table.indexes.iter_mut().find(|index| index.name == name);
    let Some(index) = index else {
        return ServiceError::err(
            "ResourceNotFoundException",
            format!("Requested resource not found: Index: {name} not found"),
        );
    };
    if let Some(units) = change.get("ProvisionedThroughput") {
        let same = |unit: &str| units[unit] == index.description["ProvisionedThroughput"][unit];
        // To repeat a value is an error [hazards: D3].
        if same("ReadCapacityUnits") && same("WriteCapacityUnits") {
            return invalid(format!(
                "The provisioned throughput for the index {name} will not change. The requested value equals the current \
                 value."
            ));
        }
        index.description["ProvisionedThroughput"] = units.clone();
    }
    index.phase = phase;
    Ok(())
}

/// Adds the attributes that a new index needs.
fn define(table: &mut Table, params: &Json) {
    let known = table.description.get_mut("AttributeDefinitions").and_then(Json::as_array_mut);
    let Some(known) = known else { return };
    for new in params["AttributeDefinitions"].as_array().into_iter().flatten() {
        if !known.iter().any(|old| text(old, "AttributeName") == text(new, "AttributeName")) {
            known.push(new.clone());
        }
    }
}

//! How DynamoDB tables are paid for: capacity units, maxima of request units, and classes.

use super::indexes;
use super::table::{Table, invalid};
use crate::cloud::{ServiceError, Time, required, text};
use serde_json::{Map, Value as Json, json};
use std::time::Duration;

/// The members of UpdateTable that say how a table itself is paid for.
pub(super) const BILLING: [&str; 3] = ["BillingMode", "ProvisionedThroughput", "OnDemandThroughput"];

/// Sets how a table is paid for. A missing summary means PROVISIONED [aws-facts: DynamoDB].
pub(super) fn bill(
    description: &mut Map<String, Json>,
    mode: &str,
    params: &Json,
) -> Result<(), ServiceError> {
    let units = params.get("ProvisionedThroughput");
    let (read, write) = match (mode, units) {
        ("PAY_PER_REQUEST", None) => (0, 0),
        ("PAY_PER_REQUEST", Some(_)) => {
            return invalid(
                "One or more parameter values were invalid: Neither ReadCapacityUnits nor WriteCapacityUnits can be \
                 specified when BillingMode is PAY_PER_REQUEST",
            );
        }
        (_, Some(units)) => (
            units["ReadCapacityUnits"].as_i64().unwrap_or_default(),
            units["WriteCapacityUnits"].as_i64().unwrap_or_default(),
        ),
        (_, None) => {
            return invalid(
                "One or more parameter values were invalid: ReadCapacityUnits and WriteCapacityUnits must both be \
                 specified when BillingMode is PROVISIONED",
            );
        }
    };
    let units =
        json!({ "ReadCapacityUnits": read, "WriteCapacityUnits": write, "NumberOfDecreasesToday": 0 });
    description.insert("ProvisionedThroughput".to_owned(), units);
    match limited(params, mode)? {
        None if mode == "PROVISIONED" => drop(description.remove("OnDemandThroughput")),
        None => {}
        Some(limits) => set_limits(description.entry("OnDemandThroughput").or_insert_with(no_limits), limits),
    }
    let switched = description.contains_key("BillingModeSummary");
    if mode == "PAY_PER_REQUEST" || switched {
        description.insert("BillingModeSummary".to_owned(), json!({ "BillingMode": mode }));
    }
    Ok(())
}

/// The maxima of a request, which only what is billed by request can have.
pub(super) fn limited<'a>(params: &'a Json, mode: &str) -> Result<Option<&'a Json>, ServiceError> {
    let Some(limits) = params.get("OnDemandThroughput") else { return Ok(None) };
    let values: Vec<i64> = MAXIMA.iter().filter_map(|name| limits[*name].as_i64()).collect();
    match mode {
        "PROVISIONED" => invalid(
            "One or more parameter values were invalid: OnDemandThroughput cannot be specified when BillingMode is \
             PROVISIONED",
        ),
        _ if values.is_empty() => invalid(
            "One or more parameter values were invalid: MaxReadRequestUnits or MaxWriteRequestUnits must be specified in \
             OnDemandThroughput",
        ),
        // -1 stands for none [M: OnDemandThroughput].
        _ if values.iter().any(|value| *value < 1 && *value != -1) => invalid(
            "One or more parameter values were invalid: a maximum of request units must be at least 1, or -1",
        ),
        _ => Ok(Some(limits)),
    }
}

const MAXIMA: [&str; 2] = ["MaxReadRequestUnits", "MaxWriteRequestUnits"];

/// A maximum that there is not reads back as -1, as long as there has been any.
pub(super) fn no_limits() -> Json {
    json!({ "MaxReadRequestUnits": -1, "MaxWriteRequestUnits": -1 })
}

/// What is left out stays.
pub(super) fn set_limits(known: &mut Json, new: &Json) {
    for name in MAXIMA {
        if let Some(value) = new.get(name) {
            known[name] = value.clone();
        }
    }
}

/// Takes out of a description what means nothing: no maxima, and the default class.
pub(super) fn without_defaults(description: &mut Map<String, Json>) {
    if description.get("OnDemandThroughput").is_some_and(|limits| *limits == no_limits()) {
        description.remove("OnDemandThroughput");
    }
    if description.get("TableClassSummary").is_some_and(|summary| summary["TableClass"] == "STANDARD") {
        description.remove("TableClassSummary");
    }
}

/// To repeat a value is an error [hazards: D3].
pub(super) fn update_class(table: &mut Table, class: &str, now: Time) -> Result<(), ServiceError> {
    let summary = table.description.get("TableClassSummary");
    if summary.map_or("STANDARD", |summary| required(summary, "TableClass")) == class {
        return invalid(format!(
            "One or more parameter values were invalid: Table is already using the {class} class"
        ));
    }
    // At most two changes in 30 days [aws-facts-services: 9, DG].
    let month = |time: &&Time| now.saturating_sub(**time) < Duration::from_secs(30 * 86_400);
    if table.reclassed.iter().filter(month).count() >= 2 {
        return ServiceError::err(
            "LimitExceededException",
            "Subscriber limit exceeded: The table class can be updated at most 2 times in 30 days",
        );
    }
    table.reclassed.push(now);
    table.description.insert("TableClassSummary".to_owned(), json!({ "TableClass": class }));
    Ok(())
}

pub(super) fn update_billing(
    table: &mut Table,
    params: &Json,
    capacities: &[Json],
    (now, until): (Time, Time),
) -> Result<(), ServiceError> {
    let before = table.description.clone();
    let on_demand = before.get("BillingModeSummary").is_some_and(|s| s["BillingMode"] == "PAY_PER_REQUEST");
    let mode = text(params, "BillingMode");
    let mode = mode.unwrap_or(if on_demand { "PAY_PER_REQUEST" } else { "PROVISIONED" });
    let day = |time: &&Time| now.saturating_sub(**time) < Duration::from_secs(86_400);
    if mode == "PAY_PER_REQUEST" && !on_demand {
        // At most four times a rolling day [aws-facts: DynamoDB, DG].
        if table.switched.iter().filter(day).count() >= 4 {
            return ServiceError::err(
                "LimitExceededException",
                "Subscriber limit exceeded: Update to PayPerRequest mode",
            );
        }
        table.switched.push(now);
    }
    if BILLING.iter().any(|member| params.get(*member).is_some()) {
        bill(&mut table.description, mode, params)?;
        if table.description == before {
            return invalid(will_not_change(&before["ProvisionedThroughput"]));
        }
    }
    indexes::bill(table, capacities, (on_demand && mode == "PROVISIONED", mode), until)
}

/// To repeat a value is an error [hazards: D3].
fn will_not_change(units: &Json) -> String {
    let (read, write) = (&units["ReadCapacityUnits"], &units["WriteCapacityUnits"]);
    format!(
        "The provisioned throughput for the table will not change. The requested value equals the current value. Current \
         ReadCapacityUnits provisioned for the table: {read}. Requested ReadCapacityUnits: {read}. Current \
         WriteCapacityUnits provisioned for the table: {write}. Requested WriteCapacityUnits: {write}. Refer to the Amazon \
         DynamoDB Developer Guide for current limits and how to request higher limits."
    )
}

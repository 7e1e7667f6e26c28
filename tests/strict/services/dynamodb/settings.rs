//! Tags, expiry, recovery and items of DynamoDB tables [aws-facts: DynamoDB].

use super::table::{TABLE, Table, find, find_active, invalid, not_found};
use crate::cloud::{
    Cloud, Handler, ServiceError, TAGS, Time, VISIBLE, check_tags, listed, required, seconds, tag_list, text,
};
use serde_json::{Value as Json, json};
use std::time::Duration;

pub(super) const OPERATIONS: &[(&str, Handler)] = &[
    ("TagResource", tag),
    ("UntagResource", untag),
    ("ListTagsOfResource", tags),
    ("DescribeTimeToLive", describe_ttl),
    ("UpdateTimeToLive", update_ttl),
    ("DescribeContinuousBackups", describe_recovery),
    ("UpdateContinuousBackups", update_recovery),
    ("Scan", scan),
];

/// How long after a table has become ACTIVE its backups are still being turned on.
const BACKUPS: Duration = Duration::from_secs(5);

/// How long after the recovery was turned on it holds a change of the expiry up [hazards: D5].
const TURNING_ON: Duration = Duration::from_secs(20);

/// Refuses to tell a setting of a table that is not ACTIVE everywhere yet, or is being deleted
/// [hazards: D6; ack-api-quirks: DDB-TABLE-144].
fn check_readable(table: &Table, now: Time, active_everywhere: Time) -> Result<(), ServiceError> {
    match table.status(now) {
        state @ ("CREATING" | "DELETING") => {
            invalid(format!("Cannot describe time to live while table is in {state} state"))
        }
        _ if now < active_everywhere => {
            invalid("Cannot describe time to live while table is in CREATING state")
        }
        _ => Ok(()),
    }
}

/// The table of an ARN.
pub(super) fn of_arn<'a>(cloud: &'a mut Cloud, params: &Json) -> Result<&'a mut Table, ServiceError> {
    let arn = required(params, "ResourceArn");
    let name = arn.split(":table/").nth(1).unwrap_or_default();
    let table = find(cloud, name).map_err(|_| {
        ServiceError::new(
            "ResourceNotFoundException",
            format!("Requested resource not found: ResourcArn: {arn} not found"),
        )
    })?;
    match table.description["TableArn"] == arn {
        true => Ok(table),
        false => ServiceError::err("AccessDeniedException", format!("No access to {arn}")),
    }
}

fn tag(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let now = cloud.now;
    let table = of_arn(cloud, params)?;
    if matches!(table.status(now), "CREATING" | "DELETING") {
        return ServiceError::err(
            "ResourceInUseException",
            "Attempt to change a resource which is still in use",
        );
    }
    let new = tag_list(params);
    check_tags(&table.tags, &new, "ValidationException")?;
    table.tags.extend(new);
    Ok(json!({}))
}

fn untag(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let now = cloud.now;
    let table = of_arn(cloud, params)?;
    if matches!(table.status(now), "CREATING" | "DELETING") {
        return ServiceError::err(
            "ResourceInUseException",
            "Attempt to change a resource which is still in use",
        );
    }
    for key in params["TagKeys"].as_array().into_iter().flatten().filter_map(Json::as_str) {
        table.tags.remove(key);
    }
    Ok(json!({}))
}

/// No tags right after create does *not* mean "not ours" [aws-facts: DynamoDB, M].
fn tags(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (now, delay, paging) = (cloud.now, cloud.delays.of(TAGS), cloud.paging);
    let table = of_arn(cloud, params)?;
    let seen = now >= table.created + delay;
    let all = listed(&table.tags).as_array().filter(|_| seen).cloned().unwrap_or_default();
    let (tags, next) = paging.page(all, text(params, "NextToken"), None, (10, 10));
    Ok(json!({ "Tags": tags, "NextToken": next }))
}

fn describe_ttl(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (now, delays) = (cloud.now, cloud.delays.of(TABLE) + cloud.delays.of(VISIBLE));
    let table = find(cloud, required(params, "TableName"))?;
    check_readable(table, now, table.created + delays)?;
    let description = match &table.ttl {
        None => json!({ "TimeToLiveStatus": "DISABLED" }),
        Some((attribute, on, since)) => {
            let done = now >= *since + Duration::from_secs(60);
            let status = match (on, done) {
                (true, true) => "ENABLED",
                (true, false) => "ENABLING",
                (false, true) => "DISABLED",
                (false, false) => "DISABLING",
            };
            let attribute = (status != "DISABLED").then_some(attribute);
            json!({ "TimeToLiveStatus": status, "AttributeName": attribute })
        }
    };
    Ok(json!({ "TimeToLiveDescription": description }))
}

fn update_ttl(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let now = cloud.now;
    let name = required(params, "TableName");
    let table = find_active(cloud, name)?;
    if table.recovery_since.is_some_and(|since| now < since + TURNING_ON) {
        return invalid(format!("Backups are being enabled for the table: {name}. Please retry later"));
    }
    let wanted = &params["TimeToLiveSpecification"];
    let (attribute, enabled) =
        (required(wanted, "AttributeName").to_owned(), wanted["Enabled"].as_bool().unwrap_or_default());
    match &table.ttl {
        Some((_, true, _)) if enabled => return invalid("TimeToLive is already enabled"),
        None | Some((_, false, _)) if !enabled => return invalid("TimeToLive is already disabled"),
        Some((own, true, _)) if *own != attribute => {
            return invalid(format!(
                "TimeToLive is active on a different AttributeName: current AttributeName is {own}"
            ));
        }
        // A second change within an hour [aws-facts: DynamoDB, M].
        Some((_, _, since)) if now.saturating_sub(*since) < Duration::from_secs(3600) => {
            return invalid("Time to live has been modified multiple times within a fixed interval");
        }
        _ => {}
    }
    table.ttl = Some((attribute, enabled, now));
    Ok(json!({ "TimeToLiveSpecification": wanted }))
}

fn no_table(name: &str) -> ServiceError {
    ServiceError::new("TableNotFoundException", format!("Table not found: {name}"))
}

/// How far behind the latest time is that a table can be restored to [DG: DynamoDB, "Point-in-time recovery"].
const BEHIND: Time = Time::from_secs(300);

fn recovery_of(table: &Table, now: Time) -> Json {
    let recovery = match table.recovery {
        true => {
            let earliest = table.recovery_since.unwrap_or(table.created);
            json!({
                "PointInTimeRecoveryStatus": "ENABLED", "RecoveryPeriodInDays": table.recovery_days,
                "EarliestRestorableDateTime": seconds(earliest),
                "LatestRestorableDateTime": seconds(earliest.max(now.saturating_sub(BEHIND))),
            })
        }
        false => json!({ "PointInTimeRecoveryStatus": "DISABLED" }),
    };
    json!({ "ContinuousBackupsDescription": {
        "ContinuousBackupsStatus": "ENABLED", "PointInTimeRecoveryDescription": recovery,
    } })
}

fn describe_recovery(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (now, name) = (cloud.now, required(params, "TableName"));
    let delays = cloud.delays.of(TABLE) + cloud.delays.of(VISIBLE);
    let table = find(cloud, name).map_err(|_| no_table(name))?;
    if table.status(now) == "CREATING" && now < table.created + delays / 2 {
        return Err(no_table(name));
    }
    check_readable(table, now, table.created + delays)?;
    Ok(recovery_of(table, now))
}

/// Right after create: `ContinuousBackupsUnavailableException` [aws-facts: DynamoDB, TF].
fn update_recovery(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (now, name) = (cloud.now, required(params, "TableName"));
    let delays = cloud.delays.of(TABLE) + BACKUPS;
    let table = find(cloud, name).map_err(|_| no_table(name))?;
    if now < table.created + delays {
        let message = format!("Backups are being enabled for the table: {name}. Please retry later");
        return ServiceError::err("ContinuousBackupsUnavailableException", message);
    }
    let wanted = &params["PointInTimeRecoverySpecification"];
    let (days, wanted) = (wanted.get("RecoveryPeriodInDays"), &wanted["PointInTimeRecoveryEnabled"]);
    let wanted = wanted.as_bool().unwrap_or_default();
    if !wanted && days.is_some() {
        return invalid("RecoveryPeriodInDays cannot be specified when point in time recovery is disabled");
    }
    // Without it, it is the default [M: PointInTimeRecoverySpecification].
    table.recovery_days = days.and_then(Json::as_u64).and_then(|days| days.try_into().ok()).unwrap_or(35);
    if wanted && !table.recovery {
        table.recovery_since = Some(now);
    }
    table.recovery = wanted;
    Ok(recovery_of(table, now))
}

fn scan(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (now, name) = (cloud.now, required(params, "TableName"));
    let table = find(cloud, name)?;
    if matches!(table.status(now), "CREATING" | "DELETING") {
        return Err(not_found(name));
    }
    let limit = params["Limit"].as_u64().unwrap_or(u64::MAX);
    let count = table.items.min(limit);
    let key = required(&table.description["KeySchema"][0], "AttributeName").to_owned();
    let last = (limit <= table.items).then(|| json!({ key: { "S": format!("item-{count}") } }));
    Ok(json!({ "Count": count, "ScannedCount": count, "LastEvaluatedKey": last }))
}

//! Streams of DynamoDB tables [aws-facts-services: 9].

use super::table::{State, Table, invalid};
use crate::cloud::{Cloud, ServiceError, text};
use serde_json::{Map, Value as Json, json};

/// The members of a description that tell of a stream.
const MEMBERS: [&str; 3] = ["StreamSpecification", "LatestStreamArn", "LatestStreamLabel"];

/// The label of a new stream: the time of its creation, which the name of no other stream of the table has.
pub(super) fn label(cloud: &mut Cloud, table: &str) -> String {
    let digits = cloud.made_up("stream", table, "012345", 8);
    let part = |range: std::ops::Range<usize>| &digits[range];
    format!("2026-01-01T1{}:{}:{}.{}", part(0..1), part(1..3), part(3..5), part(5..8))
}

/// Turns the stream of a new table on.
pub(super) fn create(
    description: &mut Map<String, Json>,
    wanted: Option<&Json>,
    label: &str,
) -> Result<(), ServiceError> {
    let Some(wanted) = wanted else { return Ok(()) };
    match (wanted["StreamEnabled"] == true, wanted.get("StreamViewType").is_some()) {
        (true, false) => invalid(
            "One or more parameter values were invalid: StreamViewType must be specified when StreamEnabled is true",
        ),
        (false, true) => invalid(
            "One or more parameter values were invalid: Table is being created with a stream disabled, UpdateViewType should \
             not be specified",
        ),
        (false, false) => Ok(()),
        (true, true) => {
            turn_on(description, wanted, label);
            Ok(())
        }
    }
}

fn turn_on(description: &mut Map<String, Json>, wanted: &Json, label: &str) {
    let arn = description.get("TableArn").and_then(Json::as_str).unwrap_or_default();
    let values = [wanted.clone(), format!("{arn}/stream/{label}").into(), label.into()];
    description.extend(MEMBERS.map(str::to_owned).into_iter().zip(values));
}

/// True if a table has a stream that is on.
pub(super) fn is_on(table: &Table) -> bool {
    table.description.get("StreamSpecification").is_some_and(|stream| stream["StreamEnabled"] == true)
}

/// Turns a stream on or off, and nothing else: a change of what it contains takes both.
pub(super) fn update(table: &mut Table, wanted: &Json, label: &str) -> Result<(), ServiceError> {
    let arn = table.description.get("LatestStreamArn").cloned().unwrap_or_default();
    match (is_on(table), wanted["StreamEnabled"] == true) {
        (true, true) => invalid(format!("Table already has an enabled stream: StreamArn: {arn}")),
        (false, false) => invalid("Table already has a disabled stream, or none"),
        // What it was last called is shown all the same.
        (true, false) => {
            table.description.remove("StreamSpecification");
            Ok(())
        }
        (false, true) => create(&mut table.description, Some(wanted), label),
    }
}

/// A description without what is left of a stream that is off.
pub(super) fn without_rest(table: &Table, description: &mut Map<String, Json>) {
    if !is_on(table) {
        MEMBERS.iter().for_each(|member| drop(description.remove(*member)));
    }
}

/// The labels of streams, with what they stand for.
pub(super) fn labels(state: &State) -> Vec<(String, String)> {
    let tables = state.tables.iter().filter(|(_, table)| is_on(table));
    let one = |(name, table): (&String, &Table)| {
        let label = text(&Json::Object(table.description.clone()), "LatestStreamLabel")?.to_owned();
        Some((label, format!("<stream of table {name}>")))
    };
    tables.filter_map(one).collect()
}

/// The name of the table of a stream that is on and that has this ARN.
pub(crate) fn of_arn(cloud: &Cloud, arn: &str) -> Option<String> {
    let mut tables = cloud.dynamodb.tables.iter();
    let found = tables.find(|(_, table)| is_on(table) && table.description["LatestStreamArn"] == arn);
    found.filter(|(_, table)| table.phase.0 != "DELETING").map(|(name, _)| name.clone())
}

/// A stream as a person turns it on.
pub(super) fn by_hand(table: &mut Table, view: &str) {
    let wanted = json!({ "StreamEnabled": true, "StreamViewType": view });
    turn_on(&mut table.description, &wanted, "2026-02-02T20:20:20.222");
}

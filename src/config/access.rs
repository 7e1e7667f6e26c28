//! `access`: the actions that a function may call on tables of the stack.

use std::collections::{BTreeMap, BTreeSet};

use super::decode::{Value, help};
use super::reference::Names;
use crate::suggest;
use crate::yaml::Kind;

const READ: [&str; 5] = ["GetItem", "BatchGetItem", "Query", "Scan", "ConditionCheckItem"];
const WRITE: [&str; 4] = ["PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem"];

/// The other actions that DynamoDB checks against a table.
const OTHERS: [&str; 46] = [
    "CreateBackup",
    "CreateGlobalTable",
    "CreateTable",
    "CreateTableReplica",
    "DeleteResourcePolicy",
    "DeleteTable",
    "DeleteTableReplica",
    "DescribeContinuousBackups",
    "DescribeContributorInsights",
    "DescribeGlobalTable",
    "DescribeGlobalTableSettings",
    "DescribeKinesisStreamingDestination",
    "DescribeTable",
    "DescribeTableReplicaAutoScaling",
    "DescribeTimeToLive",
    "DisableKinesisStreamingDestination",
    "EnableKinesisStreamingDestination",
    "ExportTableToPointInTime",
    "GetAbacStatus",
    "GetResourcePolicy",
    "ImportTable",
    "ListTagsOfResource",
    "PartiQLDelete",
    "PartiQLInsert",
    "PartiQLSelect",
    "PartiQLUpdate",
    "PutResourcePolicy",
    "RestoreTableFromAwsBackup",
    "RestoreTableFromBackup",
    "RestoreTableToPointInTime",
    "StartAwsBackupJob",
    "TagResource",
    "UntagResource",
    "UpdateContinuousBackups",
    "UpdateContributorInsights",
    "UpdateGlobalTable",
    "UpdateGlobalTableSettings",
    "UpdateGlobalTableVersion",
    "UpdateKinesisStreamingDestination",
    "UpdateTable",
    "UpdateTableReplicaAutoScaling",
    "UpdateTimeToLive",
    "ReadDataForReplication",
    "WriteDataForReplication",
    "ReplicateSettings",
    "InjectError",
];

/// The value of `access`: table to actions.
pub(super) fn access(value: Value, names: &Names) -> Option<BTreeMap<String, Vec<String>>> {
    let entries = value.map(|entry| {
        let actions = actions(entry);
        let table = entry.key.text.as_str();
        if !names.tables.contains(&table) {
            let what = "the tables of this stack";
            let help = suggest::did_you_mean_or_list(table, what, &names.tables)
                .or_else(|| help("`access` is for tables of this stack; for others write a `policy`"));
            return entry.fail_key(format!("there is no table `{table}`"), help);
        }
        Some((table.to_owned(), actions?))
    })?;
    Some(entries.into_iter().collect())
}

fn actions(value: Value) -> Option<Vec<String>> {
    let names: BTreeSet<String> = match &value.node.kind {
        Kind::List(_) => value.list(action)?.into_iter().collect(),
        Kind::Plain(text) | Kind::Text(text) => match text.as_str() {
            "read" => qualified(&READ).collect(),
            "write" => qualified(&WRITE).collect(),
            "read-write" => qualified(&READ).chain(qualified(&WRITE)).collect(),
            text => return unknown_word(value, text),
        },
        _ => return value.wrong_type("`read`, `write`, `read-write` or a list of actions", None),
    };
    if names.is_empty() && matches!(&value.node.kind, Kind::List(items) if items.is_empty()) {
        return value.fail("an empty list allows nothing", help("remove it, or write `read`"));
    }
    Some(names.into_iter().collect())
}

fn qualified(actions: &'static [&str]) -> impl Iterator<Item = String> {
    actions.iter().map(|action| format!("dynamodb:{action}"))
}

fn unknown_word<T>(value: Value, text: &str) -> Option<T> {
    let help = if known().any(|action| action == text || text.strip_prefix("dynamodb:") == Some(action)) {
        let action = text.trim_start_matches("dynamodb:");
        help(format!("write a list: `[dynamodb:{action}]`"))
    } else if matches!(text, "readwrite" | "read_write" | "rw" | "all" | "full" | "write-read") {
        help("did you mean `read-write`?")
    } else {
        suggest::did_you_mean(text, ["read", "write", "read-write"])
    };
    value.wrong_type("`read`, `write`, `read-write` or a list of actions", help)
}

/// One `dynamodb:` action, which may end in `*`.
fn action(value: Value) -> Option<String> {
    let text = value.text()?;
    let Some(name) = text.strip_prefix("dynamodb:") else { return unqualified(value, text) };
    let exists = match name.strip_suffix('*') {
        Some(prefix) => known().any(|action| action.starts_with(prefix)),
        None => known().any(|action| action == name),
    };
    if exists {
        return Some(text.to_owned());
    }
    let help = match suggest::nearest(name.trim_end_matches('*'), known()) {
        Some(action) => format!("did you mean `dynamodb:{action}`?"),
        None => "if AWS added it recently, allow it under `policy`".to_owned(),
    };
    value.fail(format!("`{text}` is not a DynamoDB action on tables"), Some(help))
}

fn unqualified<T>(value: Value, text: &str) -> Option<T> {
    let help = match suggest::nearest(text, known()) {
        _ if matches!(text, "read" | "write" | "read-write") => {
            format!("write `{text}` alone, without the list")
        }
        Some(action) => format!("did you mean `dynamodb:{action}`?"),
        None => "other services are allowed under `policy`".to_owned(),
    };
    value.fail(format!("`{text}` is not a `dynamodb:` action"), Some(help))
}

fn known() -> impl Iterator<Item = &'static str> {
    READ.into_iter().chain(WRITE).chain(OTHERS)
}

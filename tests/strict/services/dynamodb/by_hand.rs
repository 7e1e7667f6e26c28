//! What people and other tools do with tables.

use super::apart::theirs;
use super::indexes::{self, Index};
use super::streams;
use super::{TABLES, Table, table_arn};
use crate::cloud::{Cloud, Tags};
use crate::service::{Drift, ID, Make, Marked, changed, map, own, pick, retag};
use crate::services::Service;
use serde_json::json;
use std::time::Duration;

impl Marked for Table {
    fn tags(&self) -> &Tags {
        &self.tags
    }
}

pub(super) const DRIFTS: &[(&str, Drift)] = &[
    ("a table is deleted", |cloud, stack, nth| {
        let name = pick(&cloud.dynamodb.tables, |table| table.is_of(stack), nth)?;
        cloud.dynamodb.tables.remove(&name);
        Some(name)
    }),
    ("a table is billed otherwise", |cloud, stack, nth| {
        table(cloud, stack, nth, |table, _| {
            let units =
                json!({ "ReadCapacityUnits": 9, "WriteCapacityUnits": 9, "NumberOfDecreasesToday": 0 });
            table.description.insert("ProvisionedThroughput".to_owned(), units);
            table
                .description
                .insert("BillingModeSummary".to_owned(), json!({ "BillingMode": "PROVISIONED" }));
            table.description.remove("OnDemandThroughput");
        })
    }),
    ("a table gets another maximum", |cloud, stack, nth| {
        let on_demand = |table: &Table| {
            let summary = table.description.get("BillingModeSummary");
            table.is_of(stack) && summary.is_some_and(|mode| mode["BillingMode"] == "PAY_PER_REQUEST")
        };
        let name = pick(&cloud.dynamodb.tables, on_demand, nth)?;
        let limits = json!({ "MaxReadRequestUnits": -1, "MaxWriteRequestUnits": 77 });
        let table = cloud.dynamodb.tables.get_mut(&name)?;
        table.description.insert("OnDemandThroughput".to_owned(), limits);
        Some(name)
    }),
    ("a table gets another class", |cloud, stack, nth| {
        table(cloud, stack, nth, |table, _| {
            let summary = table.description.get("TableClassSummary");
            let is_other = summary.is_some_and(|summary| summary["TableClass"] != "STANDARD");
            let class = if is_other { "STANDARD" } else { "STANDARD_INFREQUENT_ACCESS" };
            table.description.insert("TableClassSummary".to_owned(), json!({ "TableClass": class }));
        })
    }),
    ("a table is encrypted with another key", |cloud, stack, nth| {
        table(cloud, stack, nth, |table, _| {
            let key = "arn:aws:kms:eu-west-1:123456789012:key/theirs";
            let theirs = json!({ "Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": key });
            table.description.insert("SSEDescription".to_owned(), theirs);
        })
    }),
    ("a table's recovery reaches back otherwise", |cloud, stack, nth| {
        table(cloud, stack, nth, |table, _| (table.recovery, table.recovery_days) = (true, 12))
    }),
    ("a table's keys are not counted any more", |cloud, stack, nth| {
        apart(cloud, stack, nth, |table| table.apart.by_hand(None, table.apart.policy.clone().as_deref()))
    }),
    ("a table admits others", |cloud, stack, nth| {
        apart(cloud, stack, nth, |table| {
            let policy = theirs(table.description["TableName"].as_str().unwrap_or_default());
            table.apart.by_hand(table.apart.insights.clone().as_deref(), Some(&policy));
        })
    }),
    ("a table gets an index", |cloud, stack, nth| {
        table(cloud, stack, nth, |table, _| {
            let units = table.description.get("ProvisionedThroughput").cloned();
            let index = json!({
                "IndexName": "theirs", "KeySchema": [{ "AttributeName": "theirs", "KeyType": "HASH" }],
                "Projection": { "ProjectionType": "KEYS_ONLY" }, "ProvisionedThroughput": units,
            });
            let attributes = json!([{ "AttributeName": "theirs", "AttributeType": "B" }]);
            indexes::define(table, &json!({ "AttributeDefinitions": attributes }));
            table.indexes.push(Index::ready(index));
        })
    }),
    ("an index of a table is deleted", |cloud, stack, nth| {
        indexed(cloud, stack, nth, |table| drop(table.indexes.remove(0)))
    }),
    ("an index of a table contains something else", |cloud, stack, nth| {
        let theirs = json!({ "ProjectionType": "INCLUDE", "NonKeyAttributes": ["theirs"] });
        indexed(cloud, stack, nth, |table| table.indexes[0].description["Projection"] = theirs)
    }),
    ("a table's stream is switched", |cloud, stack, nth| {
        table(cloud, stack, nth, |table, _| match streams::is_on(table) {
            true => drop(table.description.remove("StreamSpecification")),
            false => streams::by_hand(table, "NEW_IMAGE"),
        })
    }),
    ("a table's stream contains something else", |cloud, stack, nth| {
        table(cloud, stack, nth, |table, _| streams::by_hand(table, "OLD_IMAGE"))
    }),
    ("a table's items expire by another attribute", |cloud, stack, nth| {
        table(cloud, stack, nth, |table, long_ago| table.ttl = Some(("other".to_owned(), true, long_ago)))
    }),
    ("a table's items do not expire any more", |cloud, stack, nth| {
        table(cloud, stack, nth, |table, _| table.ttl = None)
    }),
    ("a table's recovery is switched", |cloud, stack, nth| {
        table(cloud, stack, nth, |table, _| table.recovery = !table.recovery)
    }),
    ("a table's protection is switched", |cloud, stack, nth| {
        table(cloud, stack, nth, |table, _| table.protected = !table.protected)
    }),
    ("a table's tags are changed", |cloud, stack, nth| {
        table(cloud, stack, nth, |table, _| retag(&mut table.tags))
    }),
    ("a table gets items", |cloud, stack, nth| table(cloud, stack, nth, |table, _| table.items += 3)),
];

/// The tag with the alias of a table's key.
const KEY: &str = "provision:key";

/// The tag with the names of settings that calls of their own read.
const APART: &str = "provision:settings";

/// Changes a table that is not being deleted; the time given was a day ago.
fn table(
    cloud: &mut Cloud,
    stack: &str,
    nth: usize,
    change: impl FnOnce(&mut Table, Duration),
) -> Option<String> {
    let long_ago = cloud.now.saturating_sub(Duration::from_secs(86_400));
    changed(&mut cloud.dynamodb.tables, stack, nth, |table| change(table, long_ago))
}

/// Changes a table with settings that its tag names: only these are read.
fn apart(cloud: &mut Cloud, stack: &str, nth: usize, change: impl FnOnce(&mut Table)) -> Option<String> {
    let has = |table: &Table| {
        let named =
            table.tags.get(APART).is_some_and(|names| names == "contributor-insights resource-policy");
        table.is_of(stack) && named
    };
    let name = pick(&cloud.dynamodb.tables, has, nth)?;
    cloud.dynamodb.tables.get_mut(&name).map(change);
    Some(name)
}

/// Changes a table that has an index.
fn indexed(cloud: &mut Cloud, stack: &str, nth: usize, change: impl FnOnce(&mut Table)) -> Option<String> {
    let has = |table: &Table| table.is_of(stack) && !table.indexes.is_empty();
    let name = pick(&cloud.dynamodb.tables, has, nth)?;
    cloud.dynamodb.tables.get_mut(&name).map(change);
    Some(name)
}

pub(super) const UNMANAGED: &[(&str, Make)] = &[
    ("a table of a wanted name", |cloud, stack, nth| make(cloud, &own(stack, TABLES, nth), &[])),
    ("a table of a wanted name, by CloudFormation", |cloud, stack, nth| {
        make(cloud, &own(stack, TABLES, nth), &[("aws:cloudformation:stack-name", stack)]);
    }),
    ("a table of a near name", |cloud, stack, nth| {
        make(cloud, &format!("{}2", own(stack, TABLES, nth)), &[("provision:stack", &format!("{stack}2"))]);
    }),
    ("a table of another environment", |cloud, _, nth| {
        let name = format!("prod-{}", TABLES[nth % TABLES.len()]);
        make(cloud, &name, &[("provision:stack", "walk/prod"), ("provision:id", &format!("table.{name}"))]);
    }),
];

pub(super) fn make(cloud: &mut Cloud, name: &str, tags: &[(&str, &str)]) {
    let table = json!({
        "TableName": name, "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [{ "AttributeName": "theirs", "KeyType": "HASH" }],
        "AttributeDefinitions": [{ "AttributeName": "theirs", "AttributeType": "S" }],
    });
    if cloud.act(Service::DynamoDb, "CreateTable", &table).is_some() {
        // AWS's own tags come past what users may set.
        cloud.dynamodb.tables.entry(name.to_owned()).and_modify(|table| table.tags = map(tags));
    }
}

/// Changes all tables wherever they can be changed.
pub(super) fn change_all(cloud: &mut Cloud) {
    let tables = cloud.dynamodb.tables.values();
    let named = tables.filter_map(|table| table.tags.get(KEY).zip(table.description.get("SSEDescription")));
    let named = named.map(|(mark, encryption)| (mark.clone(), encryption.clone())).next();
    let has_settings = cloud.dynamodb.tables.values().any(|table| table.tags.contains_key(APART));
    for table in cloud.dynamodb.tables.values_mut() {
        table.ttl = if table.ttl.is_some() { None } else { Some(("other".to_owned(), true, table.created)) };
        (table.recovery, table.protected) = (!table.recovery, !table.protected);
        table.tags.remove(ID);
        match table.tags.get(APART) {
            Some(_) => table.apart.by_hand(None, None),
            // Settings that an earlier version of the stack has had.
            None if has_settings => {
                table.tags.insert(APART.to_owned(), "contributor-insights resource-policy".to_owned());
                let policy = theirs(table.description["TableName"].as_str().unwrap_or_default());
                table.apart.by_hand(Some("THROTTLED_KEYS"), Some(&policy));
            }
            None => {}
        }
        // A key that an earlier version of the stack has named.
        if let Some((mark, encryption)) = &named {
            table.tags.insert(KEY.to_owned(), mark.clone());
            table.description.insert("SSEDescription".to_owned(), encryption.clone());
        }
    }
}

/// A table that is no longer declared.
pub(super) fn leave_behind(cloud: &mut Cloud) {
    if let Some(mut table) = cloud.dynamodb.tables.values().next().cloned() {
        table.protected = true;
        table.description.insert("TableName".to_owned(), "earlier".into());
        table.description.insert("TableArn".to_owned(), table_arn("earlier").into());
        cloud.dynamodb.tables.insert("earlier".to_owned(), table);
    }
}

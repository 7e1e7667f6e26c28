//! DynamoDB [aws-facts: DynamoDB].

mod apart;
mod billing;
mod by_hand;
mod encryption;
mod indexes;
mod random;
mod settings;
mod streams;
mod table;

pub(crate) use random::TABLES;
pub(crate) use streams::of_arn as table_of_stream;
pub(crate) use table::{State, TABLE, Table};

use crate::access::{Need, known, nothing, with_tagging};
use crate::cloud::{Cloud, ServiceError, Tags, Time, text};
use crate::quota::Quota;
use crate::random::Section;
use crate::service::{Drift, Facts, Make, Resource, StackChange, StrictService, Tagged};
use crate::services::Service;
use crate::wire::Call;
use proptest::strategy::BoxedStrategy;
use provision::config::Stack;
use provision::kinds::table::section::{Billing, Index, Key};
use provision::kinds::table::{Class, Insights, Projection, Stream};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::rc::Rc;

pub(crate) struct DynamoDb;

impl StrictService for DynamoDb {
    fn facts(&self) -> &'static Facts {
        &Facts {
            name: "dynamodb",
            model: ("dynamodb", "2012-08-10"),
            operations: &[table::OPERATIONS, settings::OPERATIONS, apart::OPERATIONS],
            changed: &["TableName"],
            subject: &["TableName", "ResourceArn"],
            tokens: &["NextToken", "LastEvaluatedTableName"],
            throttled: ("ThrottlingException", 400),
            failed: ("InternalServerError", 500),
            denied: ("AccessDeniedException", 400),
            invalid: "ValidationException",
            unmodelled: &["ValidationException", "AccessDeniedException", "ResourceInUseException"],
        }
    }

    fn needs(&self, cloud: &Cloud, call: &Call) -> Vec<Need> {
        let named = text(&call.params, "TableName").map(table_arn);
        let Some(resource) = named.or_else(|| text(&call.params, "ResourceArn").map(str::to_owned)) else {
            return vec![Need::new(call.name(), nothing(call))];
        };
        let table = cloud.dynamodb.tables.get(resource.split(":table/").nth(1).unwrap_or_default());
        let tags =
            table.and_then(|table| known(cloud, table.created, &table.tags)).cloned().unwrap_or_default();
        let own =
            Need::new(call.name(), resource).of(&tags).with("dynamodb:Select", text(&call.params, "Select"));
        let mut needs = with_tagging(call, own, "dynamodb:TagResource", call.operation.name == "CreateTable");
        needs.extend(encryption::needs(cloud, call));
        needs.extend(apart::needs(call));
        needs
    }

    /// As the documentation has it, for the operation by itself.
    fn quota(&self, _: &Cloud, operation: &str) -> Option<Quota> {
        (operation == "ListTagsOfResource").then_some(("dynamodb:ListTagsOfResource", 10.0, 10.0))
    }

    fn dress(&self, error: &ServiceError, _: u16, _: &mut Vec<(&'static str, String)>, body: &mut Json) {
        body["__type"] = format!("com.amazonaws.dynamodb.v20120810#{}", error.code).into();
    }

    fn tagged(&self, cloud: &Cloud) -> Vec<Tagged> {
        let tagged = |(name, table): (&String, &Table)| Tagged {
            arn: table_arn(name),
            name: format!("table {name}"),
            created: table.created,
            tags: table.tags.clone(),
        };
        cloud.dynamodb.tables.iter().map(tagged).collect()
    }

    fn unready(&self, cloud: &Cloud) -> Vec<String> {
        let now = cloud.now;
        let tables = cloud.dynamodb.tables.iter().filter(|(_, table)| table.status(now) != "ACTIVE");
        let tables = tables.map(|(name, table)| format!("the table {name} is {}", table.status(now)));
        tables.chain(indexes::unready(cloud)).collect()
    }

    fn dump(&self, cloud: &Cloud) -> BTreeMap<String, Json> {
        let tables = cloud.dynamodb.tables.iter().filter(|(_, table)| table.phase.0 != "DELETING");
        tables.map(|(name, table)| (format!("table {name}"), dumped(table, cloud.now))).collect()
    }

    fn made_up(&self, cloud: &Cloud) -> Vec<(String, String)> {
        streams::labels(&cloud.dynamodb)
    }

    fn change_all(&self, cloud: &mut Cloud) {
        by_hand::change_all(cloud);
    }

    fn leave_behind(&self, cloud: &mut Cloud) {
        by_hand::leave_behind(cloud);
    }

    fn furnish(&self, cloud: &mut Cloud) {
        by_hand::make(cloud, "furnished", &[]);
    }

    fn drifts(&self) -> &'static [(&'static str, Drift)] {
        by_hand::DRIFTS
    }

    fn unmanaged(&self) -> &'static [(&'static str, Make)] {
        by_hand::UNMANAGED
    }

    fn everything(&self, cloud: &Cloud) -> Vec<(Resource, String)> {
        let gone = |table: &Table| table.phase.0 == "DELETING" && cloud.now >= table.phase.1;
        let tables = cloud.dynamodb.tables.iter().filter(|(_, table)| !gone(table));
        let resource = |name: &String| Resource::named(Service::DynamoDb, "table", name);
        tables.map(|(name, table)| (resource(name), format!("{table:?}"))).collect()
    }

    fn remove(&self, cloud: &mut Cloud, resource: &Resource) {
        cloud.dynamodb.tables.remove(&resource.name);
    }

    fn protected(&self, cloud: &Cloud) -> Vec<(String, Time)> {
        let tables = cloud.dynamodb.tables.iter().filter(|(_, table)| table.protected);
        tables.map(|(name, table)| (format!("table {name}"), table.created)).collect()
    }

    fn unprotect(&self, cloud: &mut Cloud) {
        cloud.dynamodb.tables.values_mut().for_each(|table| table.protected = false);
    }

    fn forget(&self, cloud: &mut Cloud, keep: &dyn Fn(&mut Tags)) {
        for table in cloud.dynamodb.tables.values_mut() {
            table.items = 0;
            keep(&mut table.tags);
        }
    }

    /// It takes only so many changes in a time.
    fn until_tomorrow(&self) -> &'static [&'static str] {
        &["about an hour", "within a fixed interval", "Subscriber limit exceeded"]
    }

    fn changes(&self) -> &'static [(&'static str, StackChange)] {
        &[
            ("a table is paid otherwise", |stack| {
                stack.tables_mut().first_mut().is_some_and(|table| {
                    table.billing = match table.billing {
                        Billing::OnDemand => Billing::Provisioned { read: 2, write: 2 },
                        Billing::Limited { .. } => Billing::Provisioned { read: 3, write: 3 },
                        Billing::Provisioned { .. } => Billing::OnDemand,
                    };
                    true
                })
            }),
            ("a table gets an index", |stack| {
                let table = stack.tables_mut().iter_mut().find(|table| table.indexes.is_empty());
                table.map(|table| table.indexes.insert("by-owner".to_owned(), index("owner"))).is_some()
            }),
            ("an index of a table gets another key", |stack| {
                let table = stack.tables_mut().iter_mut().find(|table| !table.indexes.is_empty());
                table.map(|table| table.indexes.values_mut().for_each(|one| *one = index("other"))).is_some()
            }),
            ("a stream of a table contains something else", |stack| {
                let table = stack.tables_mut().iter_mut().find(|table| table.stream.is_some());
                table.map(|table| table.stream = Some(Stream::KeysOnly)).is_some()
            }),
            ("a table is billed at most so much", |stack| {
                let limited = Billing::Limited { max_read: Some(40), max_write: None };
                stack.tables_mut().last_mut().map(|table| table.billing = limited).is_some()
            }),
            ("a table gets another class", |stack| {
                stack.tables_mut().first_mut().map(|table| table.class = other(table.class)).is_some()
            }),
            ("a table is encrypted with another key", |stack| {
                let other = |key: Option<&str>| {
                    if key == Some("alias/one") { "alias/aws/dynamodb" } else { "alias/one" }
                };
                let table = stack.tables_mut().first_mut();
                table.map(|table| table.kms_key = Some(other(table.kms_key.as_deref()).to_owned())).is_some()
            }),
            ("the keys of a table are counted", |stack| {
                let insights = Some(Insights::ThrottledKeys);
                stack.tables_mut().first_mut().map(|table| table.contributor_insights = insights).is_some()
            }),
            ("a table admits its account alone", |stack| {
                let table = stack.tables_mut().iter_mut().find(|table| !table.resource_policy.is_empty());
                table.map(|table| table.resource_policy.clear()).is_some()
            }),
            ("a table is kept safer", |stack| {
                let table =
                    stack.tables_mut().iter_mut().find(|table| table.point_in_time_recovery.is_none());
                table.map(|table| table.point_in_time_recovery = Some(7)).is_some()
            }),
        ]
    }

    fn leave_unprotected(&self, stack: &mut Stack) {
        stack.tables_mut().iter_mut().for_each(|table| table.protect = false);
    }

    fn section(&self) -> Option<BoxedStrategy<Rc<dyn Section>>> {
        Some(random::section())
    }

    fn requests(&self) -> &'static str {
        include_str!("requests.yaml")
    }

    fn disagreements(&self) -> &'static str {
        include_str!("disagreements.yaml")
    }

    fn given(&self) -> Vec<(&'static str, Json)> {
        let policy = |table: &str, principal: Json| {
            let statement = json!({ "Effect": "Allow", "Principal": principal, "Action": "dynamodb:GetItem",
                "Resource": table_arn(table) });
            Json::from(json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string())
        };
        let other = || json!({ "AWS": "210987654321" });
        vec![
            ("table policy", policy("counted", other())),
            ("table policy for everybody", policy("counted", json!("*"))),
            ("policy of no table", policy("none", other())),
            ("key", json!([{ "AttributeName": "k", "KeyType": "HASH" }])),
            ("attribute", json!([{ "AttributeName": "k", "AttributeType": "S" }])),
            (
                "both keys",
                json!([{ "AttributeName": "k", "KeyType": "HASH" }, { "AttributeName": "l", "KeyType": "RANGE" }]),
            ),
            (
                "two attributes",
                json!([{ "AttributeName": "k", "AttributeType": "S" }, { "AttributeName": "l", "AttributeType": "N" }]),
            ),
        ]
    }
}

fn other(class: Class) -> Class {
    match class {
        Class::Standard => Class::StandardInfrequentAccess,
        Class::StandardInfrequentAccess => Class::Standard,
    }
}

/// An index by an attribute.
fn index(attribute: &str) -> Index {
    let partition_key = Key { name: attribute.to_owned(), kind: None };
    Index { partition_key, sort_key: None, projection: Projection::KeysOnly, billing: None }
}

fn table_arn(name: &str) -> String {
    Service::DynamoDb.arn(&format!("table/{name}"))
}

fn dumped(table: &Table, now: Time) -> Json {
    let mut table = table.clone();
    indexes::forget_deleted(&mut table, now);
    let mut description = table.description.clone();
    description.remove("TableId");
    billing::without_defaults(&mut description);
    streams::without_rest(&table, &mut description);
    // A missing summary means PROVISIONED [aws-facts: DynamoDB].
    if description.get("BillingModeSummary").is_some_and(|summary| summary["BillingMode"] == "PROVISIONED") {
        description.remove("BillingModeSummary");
    }
    // Their order means nothing [hazards: D7], and changes with the indexes.
    let attributes = description.get_mut("AttributeDefinitions").and_then(Json::as_array_mut);
    let attributes = attributes.filter(|_| !table.indexes.is_empty());
    attributes.into_iter().for_each(|attributes| attributes.sort_by_key(Json::to_string));
    let ttl = table.ttl.as_ref().filter(|(_, on, _)| *on).map(|(attribute, ..)| attribute);
    let mut dumped = json!({
        "description": description, "status": table.status(now), "ttl": ttl, "recovery": table.recovery,
        "protected": table.protected, "tags": table.tags, "items": table.items,
    });
    if table.recovery && table.recovery_days != 35 {
        dumped["recovery_days"] = table.recovery_days.into();
    }
    if table.apart.insights.is_some() || table.apart.policy.is_some() {
        dumped["apart"] = table.apart.dumped();
    }
    if !table.indexes.is_empty() {
        dumped["indexes"] = indexes::dumped(&table);
    }
    dumped
}

/// A quota of the account has no room for another table [hazards: G17].
pub(crate) fn no_room_for_tables(_: &Cloud, call: &Call) -> Option<ServiceError> {
    let message = "Failed to create table: the current TableMaxReadCapacityUnits value is insufficient";
    (call.operation.name == "CreateTable").then(|| ServiceError::new("LimitExceededException", message))
}

/// The same in words that name the table.
pub(crate) fn no_room_for_the_table(_: &Cloud, call: &Call) -> Option<ServiceError> {
    let name = text(&call.params, "TableName").filter(|_| call.operation.name == "CreateTable")?;
    let message = format!("Failed to create table {name}: a quota of the account has no room for it");
    Some(ServiceError::new("LimitExceededException", message))
}

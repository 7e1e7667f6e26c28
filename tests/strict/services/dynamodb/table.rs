//! DynamoDB tables, from CREATING to their deletion [aws-facts: DynamoDB].

use super::apart::Apart;
use super::billing::{BILLING, bill, update_billing, update_class};
use super::encryption;
use super::indexes::{self, Index};
use super::streams;
use crate::cloud::{
    Cloud, Delay, Delays, Handler, ServiceError, Tags, Time, VISIBLE, check_tags, required, seconds,
    tag_list, text,
};
use crate::pattern;
use crate::services::Service;
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;

/// Of a table in CREATING and DELETING.
pub(crate) const TABLE: Delay = Delay::of_secs("table", 6);
/// Of a table in UPDATING.
const CHANGE: Delay = Delay::of_secs("change of a table", 3);

pub(super) const OPERATIONS: &[(&str, Handler)] = &[
    ("CreateTable", create),
    ("DescribeTable", describe),
    ("UpdateTable", update),
    ("DeleteTable", delete),
    ("ListTables", list),
];

/// The tables by name.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    pub(crate) tables: BTreeMap<String, Table>,
}

/// A table.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    /// Keys, attributes and billing, as DescribeTable shows them.
    pub(crate) description: Map<String, Json>,
    pub(crate) created: Time,
    /// `CREATING`, `UPDATING` or `DELETING`, until this time.
    pub(crate) phase: (&'static str, Time),
    /// The attribute of the expiry, whether it is on, and when that was changed.
    pub(crate) ttl: Option<(String, bool, Time)>,
    pub(crate) recovery: bool,
    /// How far back it goes.
    pub(crate) recovery_days: u32,
    /// When the recovery was turned on last.
    pub(crate) recovery_since: Option<Time>,
    /// The global indexes.
    pub(crate) indexes: Vec<Index>,
    pub(crate) protected: bool,
    pub(crate) tags: Tags,
    /// The keys of its items.
    pub(crate) items: u64,
    /// When it was switched to on-demand.
    pub(crate) switched: Vec<Time>,
    /// When its class was changed.
    pub(crate) reclassed: Vec<Time>,
    /// Until when its encryption is being changed.
    pub(crate) encrypting: Time,
    /// When it was changed.
    pub(crate) encrypted: Vec<Time>,
    /// What calls of their own read and write.
    pub(crate) apart: Apart,
}

impl Table {
    /// The table's status.
    pub(crate) fn status(&self, now: Time) -> &'static str {
        let (phase, until) = self.phase;
        if now < until { phase } else { "ACTIVE" }
    }
}

/// The table of a name, unless it is deleted, or so new that not all of DynamoDB sees it.
pub(crate) fn find<'a>(cloud: &'a mut Cloud, name: &str) -> Result<&'a mut Table, ServiceError> {
    let (now, visible) = (cloud.now, cloud.delays.of(VISIBLE));
    forget_deleted(cloud);
    let table = cloud.dynamodb.tables.get_mut(name).filter(|table| now >= table.created + visible);
    table.ok_or_else(|| not_found(name))
}

/// The table of a name if it can be changed now.
pub(crate) fn find_active<'a>(cloud: &'a mut Cloud, name: &str) -> Result<&'a mut Table, ServiceError> {
    let now = cloud.now;
    let table = find(cloud, name)?;
    let doing = match table.status(now) {
        "ACTIVE" => return Ok(table),
        "CREATING" => "created",
        "DELETING" => "deleted",
        _ => "updated",
    };
    in_use(name, doing)
}

fn in_use<T>(name: &str, doing: &str) -> Result<T, ServiceError> {
    let message =
        format!("Attempt to change a resource which is still in use: Table is being {doing}: {name}");
    ServiceError::err("ResourceInUseException", message)
}

pub(crate) fn not_found(name: &str) -> ServiceError {
    ServiceError::new(
        "ResourceNotFoundException",
        format!("Requested resource not found: Table: {name} not found"),
    )
}

/// A refusal of what the model allows and DynamoDB does not.
pub(crate) fn invalid<T>(message: impl Into<String>) -> Result<T, ServiceError> {
    ServiceError::err("ValidationException", message)
}

fn forget_deleted(cloud: &mut Cloud) {
    let now = cloud.now;
    let deleted = |table: &Table| table.phase.0 == "DELETING" && now >= table.phase.1;
    cloud.dynamodb.tables.retain(|_, table| !deleted(table));
    cloud.dynamodb.tables.values_mut().for_each(|table| indexes::forget_deleted(table, now));
}

fn create(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let name = required(params, "TableName");
    forget_deleted(cloud);
    // The model allows an ARN in the place of a name, and so any text; a new table has a name [aws-facts: DynamoDB].
    if !pattern::matches("[a-zA-Z0-9_.-]{3,255}", name) {
        return invalid("TableName must be 3 to 255 characters of a-z, A-Z, 0-9, '_', '-' and '.'");
    }
    if cloud.dynamodb.tables.contains_key(name) {
        return ServiceError::err("ResourceInUseException", format!("Table already exists: {name}"));
    }
    check_keys(params)?;
    let mut description = Map::new();
    for member in ["TableName", "KeySchema", "AttributeDefinitions"] {
        description.insert(member.to_owned(), params[member].clone());
    }
    description.insert("TableArn".to_owned(), Service::DynamoDb.arn(&format!("table/{name}")).into());
    let id = cloud.made_up("table", name, "0123456789abcdef", 32);
    description.insert("TableId".to_owned(), id.into());
    let mode = text(params, "BillingMode").unwrap_or("PROVISIONED");
    bill(&mut description, mode, params)?;
    let indexes = indexes::create(params, &mut description, mode)?;
    if let Some(class) = text(params, "TableClass") {
        description.insert("TableClassSummary".to_owned(), json!({ "TableClass": class }));
    }
    encryption::create(&mut description, params.get("SSESpecification"))?;
    let label = streams::label(cloud, name);
    streams::create(&mut description, params.get("StreamSpecification"), &label)?;
    let tags = tag_list(params);
    check_tags(&Tags::new(), &tags, "ValidationException")?;
    let table = Table {
        description,
        created: cloud.now,
        phase: ("CREATING", cloud.now + cloud.delays.of(TABLE)),
        ttl: None,
        recovery: false,
        recovery_days: 35,
        recovery_since: None,
        indexes,
        protected: params["DeletionProtectionEnabled"].as_bool().unwrap_or_default(),
        tags,
        items: 0,
        switched: Vec::new(),
        reclassed: Vec::new(),
        encrypting: Time::ZERO,
        encrypted: Vec::new(),
        apart: Apart::default(),
    };
    let response = json!({ "TableDescription": described(&table, cloud.now) });
    cloud.dynamodb.tables.insert(name.to_owned(), table);
    Ok(response)
}

/// AttributeDefinitions must be exactly those used by keys [aws-facts: DynamoDB, TF]; the hash key comes first.
fn check_keys(params: &Json) -> Result<(), ServiceError> {
    let schema = params["KeySchema"].as_array().cloned().unwrap_or_default();
    let roles: Vec<&str> = schema.iter().map(|element| required(element, "KeyType")).collect();
    if !matches!(roles.as_slice(), ["HASH"] | ["HASH", "RANGE"]) {
        return invalid("Invalid KeySchema: The first KeySchemaElement is not a HASH key type");
    }
    indexes::check_attributes(params)
}

fn described(table: &Table, now: Time) -> Json {
    let mut description = table.description.clone();
    description.insert("TableStatus".to_owned(), table.status(now).into());
    description.insert("CreationDateTime".to_owned(), seconds(table.created));
    // Counted about every six hours only [aws-facts: DynamoDB, M].
    description.insert("ItemCount".to_owned(), 0.into());
    description.insert("TableSizeBytes".to_owned(), 0.into());
    description.insert("DeletionProtectionEnabled".to_owned(), table.protected.into());
    // They come in another order than they were sent in [hazards: D7].
    if let Some(attributes) = description.get_mut("AttributeDefinitions").and_then(Json::as_array_mut) {
        attributes.reverse();
    }
    encryption::describe(table, &mut description, now);
    if let Some(indexes) = indexes::described(table, now) {
        description.insert("GlobalSecondaryIndexes".to_owned(), indexes);
    }
    description.insert("WarmThroughput".to_owned(), warm(table, now));
    Json::Object(description)
}

/// It rises by itself, with a state of its own that holds nothing up [hazards: D8].
fn warm(table: &Table, now: Time) -> Json {
    let minutes = now.saturating_sub(table.created).as_secs() / 60;
    let status = if minutes % 2 == 1 { "UPDATING" } else { "ACTIVE" };
    json!({ "ReadUnitsPerSecond": 12_000 + minutes, "WriteUnitsPerSecond": 4_000 + minutes, "Status": status })
}

fn describe(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let now = cloud.now;
    let table = find(cloud, required(params, "TableName"))?;
    let mut description = described(table, now);
    if description["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST" {
        // The creation does not say it yet [recorded: dynamodb, gsi_with_billing_mode].
        description["BillingModeSummary"]["LastUpdateToPayPerRequestDateTime"] = seconds(table.created);
    }
    Ok(json!({ "Table": description }))
}

fn update(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (now, until) = (cloud.now, cloud.now + cloud.delays.of(CHANGE));
    let delays = cloud.delays.clone();
    let name = required(params, "TableName");
    find_active(cloud, name)?;
    let label = streams::label(cloud, name);
    let table = find_active(cloud, name)?;
    indexes::check_change(table, name, now)?;
    let (capacities, changes) = indexes::sorted(params);
    let has = |names: &[&str]| names.iter().any(|name| params.get(*name).is_some());
    let classes = [
        has(&BILLING) || !capacities.is_empty(),
        !changes.is_empty(),
        has(&["StreamSpecification"]),
        has(&["DeletionProtectionEnabled"]),
        has(&["SSESpecification"]),
        has(&["TableClass"]),
    ];
    match classes.iter().filter(|class| **class).count() {
        1 => {}
        0 => return invalid("At least one of the settings of the table must be changed"),
        // One class of change per UpdateTable [aws-facts: DynamoDB, M].
        _ => return invalid("Only one class of change is allowed in one UpdateTable"),
    }
    let before = table.clone();
    let streamed = params.get("StreamSpecification").map(|wanted| streams::update(table, wanted, &label));
    let applied =
        streamed.unwrap_or_else(|| apply(table, params, (&capacities, &changes), (now, until, &delays)));
    if let Err(refused) = applied {
        *table = before;
        return Err(refused);
    }
    table.phase = ("UPDATING", until);
    Ok(json!({ "TableDescription": described(table, now) }))
}

/// Applies one class of change; what is refused may have been applied in part.
fn apply(
    table: &mut Table,
    params: &Json,
    (capacities, changes): (&[Json], &[Json]),
    (now, until, delays): (Time, Time, &Delays),
) -> Result<(), ServiceError> {
    if BILLING.iter().any(|member| params.get(*member).is_some()) || !capacities.is_empty() {
        update_billing(table, params, capacities, (now, indexes::billed(delays, until)))?;
    }
    if !changes.is_empty() {
        indexes::update(table, params, changes, (now, delays))?;
    }
    if let Some(class) = text(params, "TableClass") {
        update_class(table, class, now)?;
    }
    if let Some(specification) = params.get("SSESpecification") {
        encryption::update(table, specification, (now, until + delays.of(encryption::ENCRYPTION)))?;
    }
    if let Some(protected) = params.get("DeletionProtectionEnabled").and_then(Json::as_bool) {
        table.protected = protected;
    }
    Ok(())
}

fn delete(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (now, until) = (cloud.now, cloud.now + cloud.delays.of(TABLE));
    let name = required(params, "TableName");
    forget_deleted(cloud);
    let Some(table) = cloud.dynamodb.tables.get_mut(name) else { return Err(not_found(name)) };
    match table.status(now) {
        "CREATING" => return in_use(name, "created"),
        "UPDATING" => return in_use(name, "updated"),
        // No error for a table that is being deleted [aws-facts: DynamoDB].
        "DELETING" => {}
        _ if table.protected => {
            return invalid(
                "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection \
                 first.",
            );
        }
        _ => {
            indexes::check_delete(table, now)?;
            table.phase = ("DELETING", until);
        }
    }
    // Less than other calls show [recorded: dynamodb, table_crud].
    let mut description = described(table, now);
    let gone = ["AttributeDefinitions", "KeySchema", "CreationDateTime", "WarmThroughput"];
    description
        .as_object_mut()
        .into_iter()
        .for_each(|members| members.retain(|name, _| !gone.contains(&name.as_str())));
    Ok(json!({ "TableDescription": description }))
}

fn list(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    forget_deleted(cloud);
    let after = text(params, "ExclusiveStartTableName");
    let limit = params["Limit"].as_u64().and_then(|limit| usize::try_from(limit).ok());
    let limit = cloud.paging.size(limit, (100, 100));
    let names = cloud.dynamodb.tables.keys().filter(|name| after.is_none_or(|after| name.as_str() > after));
    let names: Vec<&String> = names.collect();
    let page = &names[..names.len().min(limit)];
    let last = (page.len() < names.len()).then(|| page.last());
    Ok(json!({ "TableNames": page, "LastEvaluatedTableName": last }))
}

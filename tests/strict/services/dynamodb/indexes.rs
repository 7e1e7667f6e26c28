//! Indexes of DynamoDB tables. A table is ACTIVE before its global indexes are, and a change or a deletion of it must wait for
//! them [hazards: D1, D2]. A new table comes with its indexes.

use super::billing::{limited, no_limits, set_limits, without_defaults};
use super::table::{Table, invalid};
use crate::cloud::{Cloud, Delay, Delays, ServiceError, Time, required, text};
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeSet;

/// How long an index is CREATING or DELETING, even with few items [hazards: D1].
const INDEX: Delay = Delay::of_secs("index", 480);
/// How long it is CREATING before it is filled [ack-api-quirks: DDB-TABLE-444].
const ALLOCATION: Delay = Delay::of_secs("allocation of an index", 50);
/// How long it is UPDATING after the table's capacity has changed, which the table no longer is then [hazards: D2].
const CAPACITY: Delay = Delay::of_secs("capacity of an index", 80);

/// Of a table [aws-facts-services: 9].
const MAX_GLOBAL: usize = 20;
const MAX_LOCAL: usize = 5;
const MAX_ATTRIBUTES: usize = 100;

/// A global index.
#[derive(Debug, Clone)]
pub(crate) struct Index {
    pub(crate) name: String,
    /// Keys, projection and capacity, as they were sent.
    pub(crate) description: Json,
    /// `CREATING`, `UPDATING` or `DELETING`, until this time.
    phase: (&'static str, Time),
    /// When it begins to be filled.
    allocated: Time,
}

impl Index {
    /// One that is ready as soon as its table is.
    pub(super) fn ready(description: Json) -> Self {
        let name = required(&description, "IndexName").to_owned();
        Index { name, description, phase: ("CREATING", Time::ZERO), allocated: Time::ZERO }
    }

    pub(super) fn status(&self, now: Time) -> &'static str {
        let (phase, until) = self.phase;
        if now < until { phase } else { "ACTIVE" }
    }

    fn is_filled(&self, now: Time) -> bool {
        self.status(now) == "CREATING" && now >= self.allocated
    }
}

/// Forgets the indexes that are deleted, and the attributes that only they had as keys.
pub(super) fn forget_deleted(table: &mut Table, now: Time) {
    let count = table.indexes.len();
    table.indexes.retain(|index| index.phase.0 != "DELETING" || now < index.phase.1);
    if table.indexes.len() < count {
        let used = used(table);
        let known = table.description.get_mut("AttributeDefinitions").and_then(Json::as_array_mut);
        known.into_iter().for_each(|known| known.retain(|one| used.contains(required(one, "AttributeName"))));
    }
}

/// The attributes that are keys of a table or of an index of it.
fn used(table: &Table) -> BTreeSet<String> {
    let own = table.description.get("KeySchema").into_iter();
    let local = table.description.get("LocalSecondaryIndexes").and_then(Json::as_array).into_iter().flatten();
    let local = local.map(|index| &index["KeySchema"]);
    let global = table.indexes.iter().map(|index| &index.description["KeySchema"]);
    own.chain(local).chain(global).flat_map(keys).collect()
}

/// The attributes of a key.
fn keys(schema: &Json) -> Vec<String> {
    let elements = schema.as_array().into_iter().flatten();
    elements.map(|element| required(element, "AttributeName").to_owned()).collect()
}

/// The global indexes, as DescribeTable shows them.
pub(super) fn described(table: &Table, now: Time) -> Option<Json> {
    let is_created = table.status(now) == "CREATING";
    let one = |index: &Index| {
        let mut description = shown(&index.description);
        description["IndexSizeBytes"] = 0.into();
        description["ItemCount"] = 0.into();
        if !is_created {
            let warm =
                json!({ "ReadUnitsPerSecond": 12_000, "WriteUnitsPerSecond": 4_000, "Status": "ACTIVE" });
            description["WarmThroughput"] = warm;
        }
        description["IndexStatus"] = if is_created { "CREATING" } else { index.status(now) }.into();
        let arn = required(&Json::Object(table.description.clone()), "TableArn").to_owned();
        description["IndexArn"] = format!("{arn}/index/{}", index.name).into();
        if index.is_filled(now) {
            description["Backfilling"] = true.into();
        }
        description
    };
    (!table.indexes.is_empty()).then(|| table.indexes.iter().map(one).collect())
}

/// The order of the attributes of a projection is lost [aws-facts-services: 9, field].
fn shown(index: &Json) -> Json {
    let mut index = index.clone();
    if let Some(names) = index["Projection"].get_mut("NonKeyAttributes").and_then(Json::as_array_mut) {
        names.sort_by_key(|name| std::cmp::Reverse(name.to_string()));
    }
    index
}

/// What a dump has of the global indexes.
pub(super) fn dumped(table: &Table) -> Json {
    let one = |index: &Index| {
        let mut shown = shown(&index.description);
        shown.as_object_mut().into_iter().for_each(without_defaults);
        (index.name.clone(), shown)
    };
    table.indexes.iter().map(one).collect()
}

/// Takes the indexes of a new table out of its request: the local ones as DescribeTable shows them, and the global ones.
pub(super) fn create(
    params: &Json,
    description: &mut Map<String, Json>,
    mode: &str,
) -> Result<Vec<Index>, ServiceError> {
    let of = |member: &str| params.get(member).and_then(Json::as_array).cloned();
    for member in ["GlobalSecondaryIndexes", "LocalSecondaryIndexes"] {
        if of(member).is_some_and(|indexes| indexes.is_empty()) {
            return invalid(format!("One or more parameter values were invalid: List of {member} is empty"));
        }
    }
    let (global, local) =
        (of("GlobalSecondaryIndexes").unwrap_or_default(), of("LocalSecondaryIndexes").unwrap_or_default());
    let own = keys(&params["KeySchema"]);
    if !local.is_empty() && own.len() < 2 {
        return invalid(
            "One or more parameter values were invalid: Table KeySchema does not have a range key, which is required when \
             specifying a LocalSecondaryIndex",
        );
    }
    if local.iter().any(|index| keys(&index["KeySchema"]).first() != own.first()) {
        return invalid(
            "One or more parameter values were invalid: Table KeySchema and LocalSecondaryIndex do not have the same hash key",
        );
    }
    if local.len() > MAX_LOCAL {
        return invalid(format!(
            "One or more parameter values were invalid: Number of LocalSecondaryIndexes exceeds per-table limit of {MAX_LOCAL}"
        ));
    }
    if global.len() > MAX_GLOBAL {
        return invalid(format!(
            "One or more parameter values were invalid: GlobalSecondaryIndex count exceeds the per-table limit of {MAX_GLOBAL}"
        ));
    }
    let all = || local.iter().chain(&global);
    let names: BTreeSet<&str> = all().map(|index| required(index, "IndexName")).collect();
    if names.len() < local.len() + global.len() {
        return invalid("One or more parameter values were invalid: Duplicate index name");
    }
    all().try_for_each(check)?;
    check_projections(all())?;
    if !local.is_empty() {
        let arn = description["TableArn"].as_str().unwrap_or_default();
        let one = |index: &Json| {
            let mut index = shown(index);
            index["IndexArn"] = format!("{arn}/index/{}", required(&index, "IndexName")).into();
            index
        };
        let local: Json = local.iter().map(one).collect();
        description.insert("LocalSecondaryIndexes".to_owned(), local);
    }
    let billed = global.iter().map(|index| Ok(Index::ready(with_capacity(index, mode)?)));
    billed.collect()
}

/// What must hold of an index by itself.
fn check(index: &Json) -> Result<(), ServiceError> {
    let schema = index["KeySchema"].as_array().cloned().unwrap_or_default();
    let roles: Vec<&str> = schema.iter().map(|element| required(element, "KeyType")).collect();
    if !matches!(roles.as_slice(), ["HASH"] | ["HASH", "RANGE"]) {
        return invalid("Invalid KeySchema: The first KeySchemaElement is not a HASH key type");
    }
    let names = keys(&index["KeySchema"]);
    if names.iter().collect::<BTreeSet<_>>().len() < names.len() {
        return invalid("Both the Hash Key and the Range Key element in the KeySchema have the same name");
    }
    let lists = index["Projection"].get("NonKeyAttributes").is_some();
    match (text(&index["Projection"], "ProjectionType"), lists) {
        (Some("INCLUDE"), true) | (Some("ALL" | "KEYS_ONLY"), false) => Ok(()),
        (Some("INCLUDE"), false) => invalid(
            "One or more parameter values were invalid: ProjectionType is INCLUDE, but NonKeyAttributes is not specified",
        ),
        (Some(kind), true) => invalid(format!(
            "One or more parameter values were invalid: ProjectionType is {kind}, but NonKeyAttributes is specified"
        )),
        (kind, _) => {
            let kind = kind.unwrap_or("null");
            invalid(format!("One or more parameter values were invalid: Unknown ProjectionType: {kind}"))
        }
    }
}

/// The attributes that all indexes of a table list, each time they do.
fn check_projections<'a>(indexes: impl Iterator<Item = &'a Json>) -> Result<(), ServiceError> {
    let listed = |index: &Json| index["Projection"]["NonKeyAttributes"].as_array().map_or(0, Vec::len);
    match indexes.map(listed).sum::<usize>() > MAX_ATTRIBUTES {
        true => invalid(
            "One or more parameter values were invalid: Total number of projected attributes exceeds the per-table limit of 100",
        ),
        false => Ok(()),
    }
}

/// An index with its capacity, which it has where its table has one.
fn with_capacity(index: &Json, mode: &str) -> Result<Json, ServiceError> {
    let name = required(index, "IndexName");
    let units = index.get("ProvisionedThroughput");
    let mut index = index.clone();
    index["ProvisionedThroughput"] = match (mode, units) {
        ("PAY_PER_REQUEST", None) => capacity(&Json::Null),
        ("PAY_PER_REQUEST", Some(_)) => {
            return invalid(format!(
                "One or more parameter values were invalid: ProvisionedThroughput should not be specified for index: {name} \
                 when BillingMode is PAY_PER_REQUEST"
            ));
        }
        (_, Some(units)) => capacity(units),
        (_, None) => return unbilled(name),
    };
    if let Some(limits) = limited(&index, mode)? {
        let mut known = no_limits();
        set_limits(&mut known, limits);
        index["OnDemandThroughput"] = known;
    }
    Ok(index)
}

/// [aws-facts-services: 9, field]
fn unbilled<T>(name: &str) -> Result<T, ServiceError> {
    invalid(format!(
        "One or more parameter values were invalid: ProvisionedThroughput must be specified for index: {name}"
    ))
}

/// That of an on-demand table reads back as zeros [aws-facts-services: 9, field].
fn capacity(units: &Json) -> Json {
    let unit = |name: &str| units[name].as_u64().unwrap_or_default();
    json!({
        "ReadCapacityUnits": unit("ReadCapacityUnits"), "WriteCapacityUnits": unit("WriteCapacityUnits"),
        "NumberOfDecreasesToday": 0,
    })
}

/// AttributeDefinitions must be exactly those used by keys [aws-facts: DynamoDB, TF].
pub(super) fn check_attributes(params: &Json) -> Result<(), ServiceError> {
    let indexes = ["GlobalSecondaryIndexes", "LocalSecondaryIndexes"];
    let indexes = indexes.iter().flat_map(|member| params[*member].as_array().into_iter().flatten());
    let of_indexes: Vec<String> = indexes.flat_map(|index| keys(&index["KeySchema"])).collect();
    let own = keys(&params["KeySchema"]);
    let defined = keys(&params["AttributeDefinitions"]);
    let set = |names: &[String]| -> BTreeSet<String> { names.iter().cloned().collect() };
    let (used, known) = (&set(&own) | &set(&of_indexes), set(&defined));
    if set(&own).len() != own.len()
        || known.len() != defined.len()
        || (used != known && of_indexes.is_empty())
    {
        return invalid(
            "One or more parameter values were invalid: Number of attributes in KeySchema does not exactly match number \
             of attributes defined in AttributeDefinitions",
        );
    }
    check_defined(&used, &known)
}

fn check_defined(used: &BTreeSet<String>, defined: &BTreeSet<String>) -> Result<(), ServiceError> {
    if !used.is_subset(defined) {
        return invalid(format!(
            "One or more parameter values were invalid: Some index key attributes are not defined in AttributeDefinitions. \
             Keys: {used:?}, AttributeDefinitions: {defined:?}"
        ));
    }
    match used == defined {
        true => Ok(()),
        false => invalid(format!(
            "One or more parameter values were invalid: Some AttributeDefinitions are not used. AttributeDefinitions: \
             {defined:?}, keys used: {used:?}"
        )),
    }
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

/// The updates of a call that change a capacity, and those that create or delete an index.
pub(super) fn sorted(params: &Json) -> (Vec<Json>, Vec<Json>) {
    let updates = params["GlobalSecondaryIndexUpdates"].as_array().cloned().unwrap_or_default();
    updates.into_iter().partition(|update| update.get("Update").is_some())
}

/// Changes the capacity of indexes, with that of the table or without. A table that begins to have one says it for every index in
/// the same call [aws-facts-services: 9, field].
pub(super) fn bill(
    table: &mut Table,
    updates: &[Json],
    (begins, mode): (bool, &str),
    until: Time,
) -> Result<(), ServiceError> {
    if mode == "PAY_PER_REQUEST" {
        for update in updates.iter().map(|update| &update["Update"]) {
            with_capacity(update, mode)?;
            let name = required(update, "IndexName");
            let Some(index) = table.indexes.iter_mut().find(|index| index.name == name) else {
                return Err(not_found(name));
            };
            let before = index.description.clone();
            if let Some(limits) = limited(update, mode)? {
                let known = &mut index.description["OnDemandThroughput"];
                if known.is_null() {
                    *known = no_limits();
                }
                set_limits(known, limits);
            }
            // To repeat a value is an error [hazards: D3].
            if index.description == before {
                return invalid(format!("The throughput for the index {name} will not change."));
            }
            index.phase = ("UPDATING", until);
        }
        for index in &mut table.indexes {
            if index.description["ProvisionedThroughput"] != capacity(&Json::Null) {
                index.description["ProvisionedThroughput"] = capacity(&Json::Null);
                index.phase = ("UPDATING", until);
            }
        }
        return Ok(());
    }
    let named = |name: &str| updates.iter().any(|update| required(&update["Update"], "IndexName") == name);
    if let Some(index) = table.indexes.iter().find(|index| begins && !named(&index.name)) {
        return unbilled(&index.name);
    }
    for update in updates {
        let update = with_capacity(&update["Update"], mode)?;
        let name = required(&update, "IndexName");
        let Some(index) = table.indexes.iter_mut().find(|index| index.name == name) else {
            return Err(not_found(name));
        };
        // To repeat a value is an error [hazards: D3].
        if index.description["ProvisionedThroughput"] == update["ProvisionedThroughput"] {
            return invalid(format!(
                "The provisioned throughput for the index {name} will not change. The requested value equals the current \
                 value."
            ));
        }
        index.description["ProvisionedThroughput"] = update["ProvisionedThroughput"].clone();
        index.description.as_object_mut().map(|index| index.remove("OnDemandThroughput"));
        if index.phase.0 != "CREATING" || index.phase.1 <= until {
            index.phase = ("UPDATING", until);
        }
    }
    Ok(())
}

/// Until when an index gets its capacity after its table has it.
pub(super) fn billed(delays: &Delays, until: Time) -> Time {
    until + delays.of(CAPACITY)
}

fn not_found(name: &str) -> ServiceError {
    ServiceError::new(
        "ResourceNotFoundException",
        format!("Requested resource not found: Index: {name} not found"),
    )
}

/// Creates or deletes one index.
pub(super) fn update(
    table: &mut Table,
    params: &Json,
    updates: &[Json],
    (now, delays): (Time, &Delays),
) -> Result<(), ServiceError> {
    let [update] = updates else {
        return invalid("Only 1 online index can be created or deleted at a time");
    };
    let is_other =
        |index: &Index| update.get("Delete").is_none_or(|delete| required(delete, "IndexName") != index.name);
    if table.indexes.iter().any(|index| index.is_filled(now) && is_other(index)) {
        return ServiceError::err(
            "LimitExceededException",
            "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table",
        );
    }
    if let Some(delete) = update.get("Delete") {
        let name = required(delete, "IndexName");
        let Some(index) = table.indexes.iter_mut().find(|index| index.name == name) else {
            return Err(not_found(name));
        };
        index.phase = ("DELETING", now + delays.of(INDEX));
        return Ok(());
    }
    let Some(create) = update.get("Create") else {
        return invalid("One or more parameter values were invalid: an update of an index has no action");
    };
    let on_demand =
        table.description.get("BillingModeSummary").is_some_and(|s| s["BillingMode"] == "PAY_PER_REQUEST");
    let description = with_capacity(create, if on_demand { "PAY_PER_REQUEST" } else { "PROVISIONED" })?;
    check(&description)?;
    let name = required(create, "IndexName").to_owned();
    let local = table.description.get("LocalSecondaryIndexes").and_then(Json::as_array).cloned();
    let local = local.unwrap_or_default();
    let names = local.iter().map(|index| required(index, "IndexName"));
    if table.indexes.iter().map(|index| index.name.as_str()).chain(names).any(|other| other == name) {
        return invalid(format!("Attempting to create an index which already exists: {name}"));
    }
    if table.indexes.len() >= MAX_GLOBAL {
        return ServiceError::err(
            "LimitExceededException",
            format!("Subscriber limit exceeded: the number of global secondary indexes exceeds {MAX_GLOBAL}"),
        );
    }
    check_projections(
        table.indexes.iter().map(|index| &index.description).chain(&local).chain([&description]),
    )?;
    // The keys of the new index must be in the request itself, whatever is known already.
    let defined: BTreeSet<String> = keys(&params["AttributeDefinitions"]).into_iter().collect();
    let new: BTreeSet<String> = keys(&create["KeySchema"]).into_iter().collect();
    let used = &used(table) | &new;
    check_defined(&new, &(&new & &defined))?;
    check_defined(&(&used & &defined), &defined)?;
    define(table, params);
    let phase = ("CREATING", now + delays.of(INDEX));
    table.indexes.push(Index { name, description, phase, allocated: now + delays.of(ALLOCATION) });
    Ok(())
}

/// Adds the attributes that a new index needs. Of one that is known already, the known type stays.
pub(super) fn define(table: &mut Table, params: &Json) {
    let known = table.description.get_mut("AttributeDefinitions").and_then(Json::as_array_mut);
    let Some(known) = known else { return };
    for new in params["AttributeDefinitions"].as_array().into_iter().flatten() {
        if !known.iter().any(|old| text(old, "AttributeName") == text(new, "AttributeName")) {
            known.push(new.clone());
        }
    }
}

/// The tables whose indexes are not ready.
pub(super) fn unready(cloud: &Cloud) -> Vec<String> {
    let of = |(name, table): (&String, &Table)| {
        let indexes = table.indexes.iter().filter(|index| index.status(cloud.now) != "ACTIVE");
        let told = indexes.map(|index| {
            format!("the index {} of the table {name} is {}", index.name, index.status(cloud.now))
        });
        told.collect::<Vec<_>>()
    };
    cloud.dynamodb.tables.iter().flat_map(of).collect()
}

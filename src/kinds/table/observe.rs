//! Reads of tables.

use super::DYNAMODB;
use super::change::unfinished;
use super::settings::{recovery, ttl};
use super::{Attributes, Billing, Capacity, Key, Spec, Table, apart, class, index, key, stream};
use crate::aws::pages::all_pages;
use crate::aws::tags::{self, Tags};
use crate::aws::{Clients, Context, Error, Result};
use crate::kind::{Kind, Observation, ObservedOption, Owned};
use crate::kinds::{require, require_str};
use crate::model::{Observed, Owner, ResourceId, Status};
use aws_sdk_dynamodb::types::{
    BillingMode, KeySchemaElement, KeyType, ReplicaStatus, TableDescription, TableStatus,
};
use futures_util::future::join_all;
use futures_util::{TryFutureExt, join, try_join};

/// The table as DynamoDB describes it; `None` if it does not exist.
pub(super) async fn describe(ctx: &Context, name: &str) -> Result<Option<TableDescription>> {
    let response =
        DYNAMODB.not_found_as_none(ctx.clients.dynamodb().describe_table().table_name(name).send().await)?;
    response.map(|response| require(response.table, "dynamodb:DescribeTable", "the table")).transpose()
}

/// The table of a name. `down` also reads whether it contains items if we own it, so there its tags are read at the same time.
pub(super) async fn read(ctx: &Context, name: &str) -> Result<ObservedOption<Table>> {
    if !ctx.scope.destroy {
        return read_with(ctx, name, describe(ctx, name).await?, None).await;
    }
    let (table, tags) = join!(describe(ctx, name), list_tags(ctx, name));
    match table? {
        // If the table does not exist, the local cloud denies to read its tags.
        None => Ok(None),
        table => read_with(ctx, name, table, tags?).await,
    }
}

/// A table from its description, and from its tags if they were read before.
async fn read_with(
    ctx: &Context,
    name: &str,
    table: Option<TableDescription>,
    tags: Option<Tags>,
) -> Result<ObservedOption<Table>> {
    let Some(table) = table else { return Ok(None) };
    let attributes = attributes(&table)?;
    let created = table.creation_date_time().map(aws_sdk_dynamodb::primitives::DateTime::secs);
    let list_tags = async || Ok(list_tags(ctx, name).await?.unwrap_or_default());
    let contents = async {
        let tags = match tags {
            Some(tags) => tags,
            None => list_tags().await?,
        };
        let tags = tags::settled(ctx, &ResourceId::new(Table::NAME, name), created, tags, list_tags).await?;
        let owner = tags::owner(&tags, &ctx.scope);
        let has_none = matches!(table.table_status(), Some(TableStatus::Creating | TableStatus::Deleting));
        let (data, apart) = match owner {
            Owner::Ours if has_none => (data(ctx, name).await?, Default::default()),
            Owner::Ours => try_join!(data(ctx, name), apart::read(ctx, name, &attributes.arn, &tags))?,
            _ => Default::default(),
        };
        Ok((tags, owner, data, apart))
    };
    let settings = async {
        match table.table_status() {
            // It has no settings yet, or no longer, and the calls are refused [hazards: D6].
            Some(TableStatus::Creating | TableStatus::Deleting) => Ok((None, None)),
            _ => try_join!(ttl(ctx, name), recovery(ctx, name)),
        }
    };
    let ((tags, owner, data, (contributor_insights, resource_policy)), (ttl, recovery)) =
        try_join!(contents, settings)?;
    let key_of = |role| attribute_key(&table, table.key_schema(), role);
    let spec = Spec {
        partition_key: require(key_of(KeyType::Hash), "dynamodb:DescribeTable", "the table's partition key")?,
        sort_key: key_of(KeyType::Range),
        indexes: index::global(&table),
        local_indexes: index::local(&table),
        billing: billing_of(&table),
        limits: index::limits(&table, table.on_demand_throughput()),
        class: class::of(&table),
        stream: stream::of(&table),
        kms_key: key::of(&table, &tags, &ctx.scope),
        ttl,
        point_in_time_recovery: recovery,
        contributor_insights,
        resource_policy,
        protect: table.deletion_protection_enabled().unwrap_or_default(),
        tags: tags::compared(tags, &ctx.scope, &ResourceId::new(Table::NAME, name)),
    };
    let mut observed = Observed::new(ResourceId::new(Table::NAME, name), name, owner, spec, attributes);
    observed.status = match table.table_status() {
        Some(TableStatus::Active) if unfinished(&table).is_some() => Status::Pending,
        Some(TableStatus::Active) => Status::Ready,
        Some(TableStatus::Deleting) => Status::Deleting,
        Some(status @ (TableStatus::Archived | TableStatus::InaccessibleEncryptionCredentials)) => {
            Status::Failed(format!("it is {status}"))
        }
        _ => Status::Pending,
    };
    observed.created = created;
    observed.protected = observed.spec.protect;
    observed.contains_data = data;
    observed.unmanaged_settings = replicas(&table).collect();
    Ok(Some(observed))
}

/// The settings that nothing manages: the copies in other regions, each with its state. The warm throughput rises by itself, and
/// is left out [hazards: D8].
fn replicas(table: &TableDescription) -> impl Iterator<Item = (String, String)> {
    table.replicas().iter().map(|replica| {
        let status = replica.replica_status().map_or("unknown", ReplicaStatus::as_str);
        (format!("replica.{}", replica.region_name().unwrap_or_default()), status.to_owned())
    })
}

/// The tables that we own and that are not declared, and why some could not be read.
pub(super) async fn others_of_ours(ctx: &Context) -> Result<Observation<Table>> {
    let names = all_pages("dynamodb:ListTables", async |after| {
        let page = ctx.clients.dynamodb().list_tables().set_exclusive_start_table_name(after).send().await?;
        Ok((page.table_names.unwrap_or_default(), page.last_evaluated_table_name))
    })
    .await?;
    let undeclared = names.iter().map(String::as_str).filter(|name| !ctx.scope.wants(Table::NAME, name));
    let reads = undeclared.map(|name| if_ours(ctx, name).map_err(|error| error.about(name)));
    let reads = join_all(reads).await;
    let (mut observed, mut unreadable) = (Vec::new(), None);
    for read in reads {
        match read {
            Ok(table) => observed.extend(table),
            Err(error) if error.is_denied() => unreadable = Some(error.to_string()),
            Err(error) => return Err(error),
        }
    }
    Ok(Observation { observed, unreadable })
}

/// The table of a name if we own it and it still exists.
async fn if_ours(ctx: &Context, name: &str) -> Result<ObservedOption<Table>> {
    match list_tags(ctx, name).await? {
        Some(tags) if tags::owner(&tags, &ctx.scope) == Owner::Ours => {
            read_with(ctx, name, describe(ctx, name).await?, Some(tags)).await
        }
        _ => Ok(None),
    }
}

/// A table that the tagging API shows, if it still exists.
pub(super) async fn existing(clients: &Clients, tagged: Owned) -> Result<Option<Owned>> {
    let describe = clients.dynamodb().describe_table().table_name(&tagged.physical_id.id);
    let response = DYNAMODB.not_found_as_none(describe.send().await)?;
    let table = response.and_then(|response| response.table);
    let table = table.filter(|table| table.table_status() != Some(&TableStatus::Deleting));
    Ok(table
        .map(|table| Owned { protected: table.deletion_protection_enabled().unwrap_or_default(), ..tagged }))
}

/// The tags of a table; `None` if the table does not exist.
async fn list_tags(ctx: &Context, name: &str) -> Result<Option<Tags>> {
    let arn = ctx.scope.expand(Table::ARN, name);
    let tags = all_pages("dynamodb:ListTagsOfResource", async |token| {
        let list = ctx.clients.dynamodb().list_tags_of_resource().resource_arn(&arn).set_next_token(token);
        let page = list.send().await?;
        Ok((page.tags.unwrap_or_default(), page.next_token))
    });
    let tags = DYNAMODB.not_found_as_none(tags.await)?;
    Ok(tags.map(|tags| tags.into_iter().map(|tag| (tag.key, tag.value)).collect()))
}

/// Whether the table contains items; only `down` asks. DynamoDB's own count is up to six hours old
/// [aws-facts: DynamoDB, M].
async fn data(ctx: &Context, name: &str) -> Result<Option<String>> {
    if !ctx.scope.destroy {
        return Ok(None);
    }
    let scan = ctx
        .clients
        .dynamodb()
        .scan()
        .table_name(name)
        .limit(1)
        .select(aws_sdk_dynamodb::types::Select::Count);
    let contains_data = match scan.send().await.map_err(Error::from) {
        Ok(response) => response.count() > 0 || response.last_evaluated_key().is_some(),
        Err(error) if DYNAMODB.is_absent(&error) => false,
        // That is not known, so it may contain some.
        Err(error) if error.is_denied() || error.is("ResourceInUse") => true,
        Err(error) => return Err(error),
    };
    Ok(contains_data.then(|| "its items".to_owned()))
}

/// A missing summary means PROVISIONED [aws-facts: DynamoDB].
pub(super) fn billing_of(table: &TableDescription) -> Billing {
    let mode = table.billing_mode_summary().and_then(|summary| summary.billing_mode());
    match (mode, table.provisioned_throughput()) {
        (Some(BillingMode::PayPerRequest), _) | (_, None) => Billing::OnDemand,
        (_, Some(units)) => Billing::Provisioned(Capacity {
            read: units.read_capacity_units().unwrap_or_default(),
            write: units.write_capacity_units().unwrap_or_default(),
        }),
    }
}

/// A key of a table or of one of its indexes, with its type.
pub(super) fn attribute_key(
    table: &TableDescription,
    schema: &[KeySchemaElement],
    role: KeyType,
) -> Option<Key> {
    let element = schema.iter().find(|element| *element.key_type() == role)?;
    let attributes = table.attribute_definitions();
    let attribute =
        attributes.iter().find(|attribute| attribute.attribute_name() == element.attribute_name())?;
    Some(Key {
        name: element.attribute_name().to_owned(),
        r#type: attribute.attribute_type().as_str().to_owned(),
    })
}

pub(super) fn attributes(table: &TableDescription) -> Result<Attributes> {
    let require = |value, what| require_str(value, "dynamodb:DescribeTable", what);
    Ok(Attributes {
        name: require(table.table_name(), "the table's name")?,
        arn: require(table.table_arn(), "the table's ARN")?,
        stream_arn: stream::of(table).and(table.latest_stream_arn()).map(str::to_owned),
    })
}

//! DynamoDB tables.

use super::{read_each, require, require_str};
use crate::aws::error::{ignore_not_found, not_found_as_none};
use crate::aws::pages::all_pages;
use crate::aws::tags::{self, Tags};
use crate::aws::wait::{Backoff, Poll, retry_if, wait_until};
use crate::aws::{Context, Error, Result};
use crate::kind::{Kind, Observation, ObservedOf, ObservedOption, Parent};
use crate::model::{Observed, Owner, ResourceId, Status};
use aws_sdk_dynamodb::operation::update_table::builders::UpdateTableFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, PointInTimeRecoverySpecification,
    PointInTimeRecoveryStatus, ProvisionedThroughput, ScalarAttributeType, TableDescription, TableStatus,
    Tag, TimeToLiveSpecification, TimeToLiveStatus,
};
use futures_util::TryFutureExt;
use futures_util::future::join_all;
use futures_util::{join, try_join};
use serde::{Deserialize, Serialize};

/// A DynamoDB table.
pub struct Table;

/// What a table is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Spec {
    /// The partition key.
    pub partition_key: Key,
    /// The sort key.
    pub sort_key: Option<Key>,
    /// How it is paid for.
    pub billing: Billing,
    /// The attribute that holds an item's expiry.
    pub ttl: Option<String>,
    /// Point-in-time recovery.
    pub point_in_time_recovery: bool,
    /// Deletion protection.
    pub protect: bool,
    /// The tags that are compared.
    pub tags: Tags,
}

/// A key attribute.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Key {
    /// Its name.
    pub name: String,
    /// Its type: `S`, `N` or `B`.
    pub r#type: String,
}

/// How a table is paid for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Billing {
    /// By request.
    OnDemand,
    /// By capacity units.
    Provisioned {
        /// Read capacity units.
        read: i64,
        /// Write capacity units.
        write: i64,
    },
}

/// What AWS assigns to a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attributes {
    /// The name.
    pub name: String,
    /// The ARN.
    pub arn: String,
}

impl Kind for Table {
    const NAME: &'static str = "table";
    const IMMUTABLE: &'static [&'static str] = &["partition_key", "sort_key"];
    const DATA: Option<&'static str> = Some("all of its items");
    /// Tables mostly wait; DynamoDB makes up to 500 at a time, 250 with indexes [aws-facts: Corrections 3].
    const MAX_CONCURRENCY: usize = 64;
    type Spec = Spec;
    type Attributes = Attributes;

    async fn observe(ctx: &Context, _: &[Parent]) -> Result<Observation<Self>> {
        let wanted = read_each(ctx.scope.wanted(Self::NAME), |name| read(ctx, name));
        if !ctx.scope.destroy {
            return Ok(wanted.await?.into());
        }
        // The tagging API misses new tables, so a teardown asks every table for its owner.
        let (mut observed, others) = try_join!(wanted, async { Ok(others_of_ours(ctx).await) })?;
        match others {
            Ok(others) => {
                observed.extend(others.observed);
                Ok(Observation { observed, unreadable: others.unreadable })
            }
            Err(error) if error.is_denied() => {
                Ok(Observation { observed, unreadable: Some(error.to_string()) })
            }
            Err(error) => Err(error),
        }
    }

    async fn read(ctx: &Context, name: &str, _: Option<&Parent>) -> Result<ObservedOption<Self>> {
        read(ctx, name).await
    }

    async fn create(ctx: &Context, id: &ResourceId, spec: &Spec) -> Result<Attributes> {
        let keys = || {
            [(&spec.partition_key, KeyType::Hash)]
                .into_iter()
                .chain(spec.sort_key.iter().map(|key| (key, KeyType::Range)))
        };
        let schema: Result<Vec<_>> = keys()
            .map(|(key, role)| {
                Ok(KeySchemaElement::builder().attribute_name(&key.name).key_type(role).build()?)
            })
            .collect();
        let definitions: Result<Vec<_>> = keys()
            .map(|(key, _)| {
                let kind = ScalarAttributeType::from(key.r#type.as_str());
                Ok(AttributeDefinition::builder().attribute_name(&key.name).attribute_type(kind).build()?)
            })
            .collect();
        let (mode, throughput) = billing(&spec.billing)?;
        let create = ctx.clients.dynamodb.create_table();
        let create = create
            .table_name(&id.name)
            .set_key_schema(Some(schema?))
            .set_attribute_definitions(Some(definitions?));
        let create = create.billing_mode(mode).set_provisioned_throughput(throughput);
        create.deletion_protection_enabled(spec.protect).set_tags(Some(sdk_tags(&spec.tags)?)).send().await?;
        let table = active(ctx, id).await?;
        if spec.ttl.is_some() {
            set_ttl(ctx, id, None, spec.ttl.as_deref()).await?;
        }
        if spec.point_in_time_recovery {
            set_recovery(ctx, id, true).await?;
        }
        attributes(&table)
    }

    async fn update(ctx: &Context, observed: &ObservedOf<Self>, to: &Spec) -> Result<Attributes> {
        let (id, from) = (&observed.id, &observed.spec);
        // One class of change a call, and none while the table is UPDATING [aws-facts: DynamoDB, M].
        if observed.status == Status::Pending {
            active(ctx, id).await?;
        }
        if from.billing != to.billing {
            let (mode, throughput) = billing(&to.billing)?;
            let update = ctx.clients.dynamodb.update_table().billing_mode(mode);
            let contains_data = |table: &TableDescription| billing_of(table) == to.billing;
            change(ctx, id, update.set_provisioned_throughput(throughput), contains_data).await?;
        }
        if from.protect != to.protect {
            let update = ctx.clients.dynamodb.update_table().deletion_protection_enabled(to.protect);
            let contains_data =
                |table: &TableDescription| table.deletion_protection_enabled() == Some(to.protect);
            change(ctx, id, update, contains_data).await?;
        }
        if from.ttl != to.ttl {
            set_ttl(ctx, id, from.ttl.as_deref(), to.ttl.as_deref()).await?;
        }
        if from.point_in_time_recovery != to.point_in_time_recovery {
            set_recovery(ctx, id, to.point_in_time_recovery).await?;
        }
        let set = tags::to_set(&from.tags, &to.tags);
        if !set.is_empty() {
            let tag = ctx.clients.dynamodb.tag_resource().resource_arn(&observed.attributes.arn);
            tag.set_tags(Some(sdk_tags(&set)?)).send().await?;
        }
        Ok(observed.attributes.clone())
    }

    async fn delete(ctx: &Context, observed: &ObservedOf<Self>) -> Result<()> {
        let id = &observed.id;
        let busy = |error: &Error| error.is("ResourceInUse").then_some("the table is being changed");
        let delete = async || {
            ignore_not_found(
                ctx.clients.dynamodb.delete_table().table_name(&observed.physical_id).send().await,
            )
        };
        retry_if(Backoff::CONFLICT, ctx.waiting(id), busy, delete).await?;
        wait_until(Backoff::state(ctx.local), ctx.waiting(id), async || {
            Ok(match describe(ctx, &observed.physical_id).await? {
                None => Poll::Ready(()),
                Some(table) => Poll::Pending(state(&table)),
            })
        })
        .await
    }
}

async fn describe(ctx: &Context, name: &str) -> Result<Option<TableDescription>> {
    let answer = not_found_as_none(ctx.clients.dynamodb.describe_table().table_name(name).send().await)?;
    answer.map(|answer| require(answer.table, "dynamodb:DescribeTable", "the table")).transpose()
}

/// The table of a name. A teardown looks into it if it is ours, so there its tags are asked for at once.
async fn read(ctx: &Context, name: &str) -> Result<ObservedOption<Table>> {
    if !ctx.scope.destroy {
        return read_with(ctx, name, describe(ctx, name).await?, None).await;
    }
    let (table, tags) = join!(describe(ctx, name), list_tags(ctx, name));
    match table? {
        // Of a table that is not there, the local cloud says that nobody may read its tags.
        None => Ok(None),
        table => read_with(ctx, name, table, tags?).await,
    }
}

/// A table by its description, and by its tags where they are known already.
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
        let tags = tags::settled(ctx, created, tags, list_tags).await?;
        let owner = tags::owner(&tags, &ctx.scope);
        let data = if owner == Owner::Ours { data(ctx, name).await? } else { None };
        Ok((tags, owner, data))
    };
    let ((tags, owner, data), ttl, recovery) = try_join!(contents, ttl(ctx, name), recovery(ctx, name))?;
    let spec = Spec {
        partition_key: require(
            key(&table, KeyType::Hash),
            "dynamodb:DescribeTable",
            "the table's partition key",
        )?,
        sort_key: key(&table, KeyType::Range),
        billing: billing_of(&table),
        ttl,
        point_in_time_recovery: recovery,
        protect: table.deletion_protection_enabled().unwrap_or_default(),
        tags: tags::compared(tags, &ctx.scope),
    };
    let mut observed = Observed::new(ResourceId::new(Table::NAME, name), name, owner, spec, attributes);
    observed.status = match table.table_status() {
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
    Ok(Some(observed))
}

/// Our tables among those that nobody asked for by name, and why some could not be told.
async fn others_of_ours(ctx: &Context) -> Result<Observation<Table>> {
    let names = all_pages("dynamodb:ListTables", async |after| {
        let page = ctx.clients.dynamodb.list_tables().set_exclusive_start_table_name(after).send().await?;
        Ok((page.table_names.unwrap_or_default(), page.last_evaluated_table_name))
    })
    .await?;
    let unknown = names.iter().map(String::as_str).filter(|name| !ctx.scope.wants(Table::NAME, name));
    let looks = unknown.map(|name| if_ours(ctx, name).map_err(|error| error.about(name)));
    let looks = join_all(looks).await;
    let (mut observed, mut unreadable) = (Vec::new(), None);
    for look in looks {
        match look {
            Ok(table) => observed.extend(table),
            Err(error) if error.is_denied() => unreadable = Some(error.to_string()),
            Err(error) => return Err(error),
        }
    }
    Ok(Observation { observed, unreadable })
}

/// The table of a name if it is ours. One that vanished since it was listed is not.
async fn if_ours(ctx: &Context, name: &str) -> Result<ObservedOption<Table>> {
    match list_tags(ctx, name).await? {
        Some(tags) if tags::owner(&tags, &ctx.scope) == Owner::Ours => {
            read_with(ctx, name, describe(ctx, name).await?, Some(tags)).await
        }
        _ => Ok(None),
    }
}

/// The tags of a table; `None` if there is no such table.
async fn list_tags(ctx: &Context, name: &str) -> Result<Option<Tags>> {
    let arn = ctx.scope.arn("dynamodb", &format!("table/{name}"));
    let tags = all_pages("dynamodb:ListTagsOfResource", async |token| {
        let list = ctx.clients.dynamodb.list_tags_of_resource().resource_arn(&arn).set_next_token(token);
        let page = list.send().await?;
        Ok((page.tags.unwrap_or_default(), page.next_token))
    });
    let tags = not_found_as_none(tags.await)?;
    Ok(tags.map(|tags| tags.into_iter().map(|tag| (tag.key, tag.value)).collect()))
}

async fn ttl(ctx: &Context, name: &str) -> Result<Option<String>> {
    let answer =
        not_found_as_none(ctx.clients.dynamodb.describe_time_to_live().table_name(name).send().await)?;
    let ttl = answer.and_then(|answer| answer.time_to_live_description);
    let on =
        |status: &TimeToLiveStatus| matches!(status, TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling);
    Ok(ttl.filter(|ttl| ttl.time_to_live_status().is_some_and(on)).and_then(|ttl| ttl.attribute_name))
}

async fn recovery(ctx: &Context, name: &str) -> Result<bool> {
    // A table that is being created may have no backups to describe yet.
    let answer = match ctx
        .clients
        .dynamodb
        .describe_continuous_backups()
        .table_name(name)
        .send()
        .await
        .map_err(Error::from)
    {
        Err(error) if error.is("TableNotFound") => None,
        answer => not_found_as_none(answer)?,
    };
    let backups = answer.and_then(|answer| answer.continuous_backups_description);
    let recovery = backups.and_then(|backups| backups.point_in_time_recovery_description);
    let status = recovery.and_then(|recovery| recovery.point_in_time_recovery_status);
    Ok(status == Some(PointInTimeRecoveryStatus::Enabled))
}

/// Whether the table holds items, asked only when the stack is to go. DynamoDB's own count is up to six hours old
/// [aws-facts: DynamoDB, M].
async fn data(ctx: &Context, name: &str) -> Result<Option<String>> {
    if !ctx.scope.destroy {
        return Ok(None);
    }
    let scan =
        ctx.clients.dynamodb.scan().table_name(name).limit(1).select(aws_sdk_dynamodb::types::Select::Count);
    let contains_data = match scan.send().await.map_err(Error::from) {
        Ok(answer) => answer.count() > 0 || answer.last_evaluated_key().is_some(),
        Err(error) if error.is_absent() => false,
        // Nobody can tell, so it is taken to hold some.
        Err(error) if error.is_denied() || error.is("ResourceInUse") => true,
        Err(error) => return Err(error),
    };
    Ok(contains_data.then(|| "its items".to_owned()))
}

/// Sends one class of change, and waits until it is through.
async fn change(
    ctx: &Context,
    id: &ResourceId,
    update: UpdateTableFluentBuilder,
    contains_data: impl Fn(&TableDescription) -> bool,
) -> Result<()> {
    match update.table_name(&id.name).send().await.map_err(Error::from) {
        // An answer was lost and the SDK sent it again, to a table that is UPDATING or has nothing left to change: what
        // counts is what holds in the end.
        Err(error) if error.is("ResourceInUse") || error.is("Validation") => {
            if contains_data(&active(ctx, id).await?) { Ok(()) } else { Err(error) }
        }
        answer => {
            answer?;
            active(ctx, id).await.map(|_| ())
        }
    }
}

/// Waits until the table is ACTIVE. Right after a create, DescribeTable may not show it yet, as its own documentation says.
async fn active(ctx: &Context, id: &ResourceId) -> Result<TableDescription> {
    let unseen = |error: &Error| error.is_absent().then_some("DynamoDB does not show the table yet");
    let look = async || Ok(ctx.clients.dynamodb.describe_table().table_name(&id.name).send().await?);
    wait_until(Backoff::state(ctx.local), ctx.waiting(id), async || {
        let answer = retry_if(Backoff::VISIBILITY, ctx.waiting(id), unseen, look).await?;
        let table = require(answer.table, "dynamodb:DescribeTable", "the table")?;
        Ok(match table.table_status() {
            Some(TableStatus::Active) => Poll::Ready(table),
            _ => Poll::Pending(state(&table)),
        })
    })
    .await
}

fn state(table: &TableDescription) -> String {
    table.table_status().map_or_else(|| "without a state".to_owned(), |status| status.as_str().to_owned())
}

/// Only one attribute can be on, and a second change within an hour is an error [aws-facts: DynamoDB, M].
async fn set_ttl(ctx: &Context, id: &ResourceId, from: Option<&str>, to: Option<&str>) -> Result<()> {
    let (attribute, enabled) = match (from, to) {
        (Some(from), _) => (from, false),
        (None, Some(to)) => (to, true),
        (None, None) => return Ok(()),
    };
    let specification =
        TimeToLiveSpecification::builder().attribute_name(attribute).enabled(enabled).build()?;
    let update = ctx.clients.dynamodb.update_time_to_live().table_name(&id.name);
    match update.time_to_live_specification(specification).send().await.map_err(Error::from) {
        // An answer was lost and the SDK sent it again: what counts is what holds now.
        Err(error) if error.is("Validation") && ttl(ctx, &id.name).await?.as_deref() == to => return Ok(()),
        answer => answer.map(|_| ())?,
    }
    match (from, to) {
        (Some(from), Some(to)) => Err(Error::waited(format!(
            "the expiry by `{from}` is being switched off; DynamoDB takes `{to}` in about an hour: run the command \
             again then"
        ))),
        _ => Ok(()),
    }
}

async fn set_recovery(ctx: &Context, id: &ResourceId, enabled: bool) -> Result<()> {
    // Right after a create, backups are still being switched on [aws-facts: DynamoDB, TF].
    let early =
        |error: &Error| error.is("ContinuousBackupsUnavailable").then_some("backups are not available yet");
    retry_if(Backoff::PROPAGATION, ctx.waiting(id), early, async || {
        let specification =
            PointInTimeRecoverySpecification::builder().point_in_time_recovery_enabled(enabled).build()?;
        let update = ctx.clients.dynamodb.update_continuous_backups().table_name(&id.name);
        update.point_in_time_recovery_specification(specification).send().await?;
        Ok(())
    })
    .await
}

fn billing(billing: &Billing) -> Result<(BillingMode, Option<ProvisionedThroughput>)> {
    Ok(match billing {
        Billing::OnDemand => (BillingMode::PayPerRequest, None),
        Billing::Provisioned { read, write } => {
            let throughput =
                ProvisionedThroughput::builder().read_capacity_units(*read).write_capacity_units(*write);
            (BillingMode::Provisioned, Some(throughput.build()?))
        }
    })
}

/// A missing summary means PROVISIONED [aws-facts: DynamoDB].
fn billing_of(table: &TableDescription) -> Billing {
    let mode = table.billing_mode_summary().and_then(|summary| summary.billing_mode());
    match (mode, table.provisioned_throughput()) {
        (Some(BillingMode::PayPerRequest), _) | (_, None) => Billing::OnDemand,
        (_, Some(units)) => Billing::Provisioned {
            read: units.read_capacity_units().unwrap_or_default(),
            write: units.write_capacity_units().unwrap_or_default(),
        },
    }
}

fn key(table: &TableDescription, role: KeyType) -> Option<Key> {
    let element = table.key_schema().iter().find(|element| *element.key_type() == role)?;
    let attributes = table.attribute_definitions();
    let attribute =
        attributes.iter().find(|attribute| attribute.attribute_name() == element.attribute_name())?;
    Some(Key {
        name: element.attribute_name().to_owned(),
        r#type: attribute.attribute_type().as_str().to_owned(),
    })
}

fn attributes(table: &TableDescription) -> Result<Attributes> {
    let require = |value, what| require_str(value, "dynamodb:DescribeTable", what);
    Ok(Attributes {
        name: require(table.table_name(), "the table's name")?,
        arn: require(table.table_arn(), "the table's ARN")?,
    })
}

fn sdk_tags(tags: &Tags) -> Result<Vec<Tag>> {
    tags.iter().map(|(key, value)| Ok(Tag::builder().key(key).value(value).build()?)).collect()
}

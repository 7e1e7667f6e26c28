//! DynamoDB tables.

mod change;
mod observe;
pub mod section;
mod settings;

use self::observe::{others_of_ours, read};
use super::read_each;
use crate::aws::clients::client;
use crate::aws::limit::target;
use crate::aws::tags::{self, Tags};
use crate::aws::{Class, Clients, Context, Errors, Quota, Refusal, Result, Service};
use crate::kind::{
    AdoptedBy, Features, Kind, Observation, ObservedOf, ObservedOption, On, Output, OwnListing, Owned,
    Parent, Permission, Tagging, Task, UpdateOf, Which,
};
use crate::model::{ResourceId, Texts};
use aws_sdk_dynamodb::operation::create_table::builders::CreateTableFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ProvisionedThroughput, ScalarAttributeType,
    Tag,
};
use futures_util::future::try_join_all;
use futures_util::try_join;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// DynamoDB: ListTagsOfResource 10 times a second, says its documentation.
pub(crate) static DYNAMODB: Service = Service {
    quotas: &[Quota { per_second: 10.0, burst: 10.0 }],
    quota_of: |request| (target(request) == "ListTagsOfResource").then_some(0),
    errors: Errors {
        // DescribeContinuousBackups has a code of its own.
        not_found: &[Refusal::Code("ResourceNotFound"), Refusal::Code("TableNotFound")],
        exists: &[Refusal::Saying("ResourceInUse", "already exist")],
        transient: &[(Refusal::Code("ResourceInUse"), "the table is being changed")],
        passing_limits: &["simultaneous"],
    },
    ..Service::new("DynamoDB", "dynamodb")
};

impl Clients {
    /// The client of DynamoDB.
    pub fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        client!(self, &DYNAMODB, aws_sdk_dynamodb)
    }
}

/// A DynamoDB table.
pub struct Table;

/// The desired state of a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec<T = String> {
    /// The partition key.
    pub partition_key: Key,
    /// The sort key.
    pub sort_key: Option<Key>,
    /// The billing mode.
    pub billing: Billing,
    /// The attribute with an item's expiry.
    pub ttl: Option<String>,
    /// Point-in-time recovery.
    pub point_in_time_recovery: bool,
    /// Deletion protection.
    pub protect: bool,
    /// The tags that are compared.
    pub tags: Tags<T>,
}

/// A key attribute.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// Its name.
    pub name: String,
    /// Its type: `S`, `N` or `B`.
    pub r#type: String,
}

/// The key of a table in a few words: `key id`, `key id + time`.
fn keys(spec: &Json) -> String {
    let name = |key: &str| spec[key]["name"].as_str();
    match (name("partition_key").unwrap_or_default(), name("sort_key")) {
        (partition, Some(sort)) => format!("key {partition} + {sort}"),
        (partition, None) => format!("key {partition}"),
    }
}

/// The billing mode of a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
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

/// The attributes of a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attributes {
    /// The name.
    pub name: String,
    /// The ARN.
    pub arn: String,
}

const ANY: On = On::new("ReadTable", Table::NAME, Which::Any, &[Table::ARN]);
const DECLARED: On = On::new("Tables", Table::NAME, Which::Declared, &[Table::ARN]);
const OWNED: On = On::new("MarkedTables", Table::NAME, Which::Owned(""), &[Table::ARN]);

impl Kind for Table {
    const NAME: &'static str = "table";
    const SERVICE: &'static Service = &DYNAMODB;
    const IMMUTABLE: &'static [&'static str] = &["partition_key", "sort_key"];
    const DATA: Option<&'static str> = Some("all of its items");
    /// Tables mostly wait; DynamoDB creates up to 500 at a time, 250 with indexes [aws-facts: Corrections 3].
    const MAX_CONCURRENCY: usize = 64;
    const SECTION: &'static str = "tables";
    const ARN: &'static str = "arn:{partition}:dynamodb:{region}:{account}:table/{name}";
    const PERMISSIONS: &'static [Permission] = &[
        Permission::same("dynamodb:DescribeTable", Task::READ, &ANY),
        Permission::same("dynamodb:DescribeTimeToLive", Task::READ, &ANY),
        Permission::same("dynamodb:DescribeContinuousBackups", Task::READ, &ANY),
        Permission::same("dynamodb:ListTagsOfResource", Task::READ, &ANY),
        Permission::same("dynamodb:ListTables", Task::TEARDOWN, &On::EVERYTHING),
        Permission::same("dynamodb:Scan", Task::TEARDOWN, &OWNED),
        Permission::of(
            "dynamodb:CreateTable",
            Task::CHANGE,
            &[("dynamodb:CreateTable", &DECLARED), ("dynamodb:TagResource", &DECLARED)],
        ),
        Permission::same("dynamodb:UpdateTable", Task::CHANGE, &DECLARED),
        Permission::same("dynamodb:UpdateTimeToLive", Task::CHANGE, &DECLARED),
        Permission::same("dynamodb:UpdateContinuousBackups", Task::CHANGE, &DECLARED),
        Permission::same("dynamodb:TagResource", Task::CHANGE, &DECLARED),
        Permission::same("dynamodb:DeleteTable", Task::DELETE, &OWNED),
    ];
    const TAGGING: Option<Tagging> =
        Some(Tagging { resource_type: "dynamodb:table", prefix: "table/", own_listing: OwnListing::Down });
    const FEATURES: Features = Features {
        adopted_by: Some(AdoptedBy::Name),
        outputs: &[Output::new("tables.NAME", "arn")],
        counted: true,
        unprotect: "set `protect: false` and run `up` first; this turns the protection off",
        facts: |spec| vec![keys(spec)],
        ..Features::NONE
    };
    type Spec<T: Texts> = Spec<T>;
    type Attributes = Attributes;

    async fn observe(ctx: &Context, _: &[Parent]) -> Result<Observation<Self>> {
        let wanted = read_each(ctx.scope.wanted(Self::NAME), |name| read(ctx, name));
        if !ctx.scope.destroy {
            return Ok(wanted.await?.into());
        }
        // The tagging API misses new tables, so `down` reads the tags of every table.
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
        let (mode, throughput) = billing(&spec.billing)?;
        let create = with_keys(ctx.clients.dynamodb().create_table().table_name(&id.name), spec)?;
        let create = create.billing_mode(mode).set_provisioned_throughput(throughput);
        create.deletion_protection_enabled(spec.protect).set_tags(Some(sdk_tags(&spec.tags)?)).send().await?;
        let table = change::ready(ctx, id).await?;
        settings::set_ttl(ctx, id, None, spec.ttl.as_deref()).await?;
        if spec.point_in_time_recovery {
            settings::set_recovery(ctx, id, true).await?;
        }
        observe::attributes(&table)
    }

    async fn update(ctx: &Context, observed: &ObservedOf<Self>, to: &Spec) -> Result<Attributes> {
        let (id, from) = (&observed.id, &observed.spec);
        // One class of change a call [aws-facts: DynamoDB, M].
        if from.billing != to.billing {
            change::set_billing(ctx, id, &from.billing, &to.billing).await?;
        }
        if from.protect != to.protect {
            change::set_protection(ctx, id, to.protect).await?;
        }
        // Before the recovery, which holds the expiry up for some seconds [hazards: D5].
        let expiry = match settings::set_ttl(ctx, id, from.ttl.as_deref(), to.ttl.as_deref()).await {
            Err(error) if error.class != Class::Deferred => return Err(error),
            // Everything else is applied all the same.
            expiry => expiry,
        };
        if from.point_in_time_recovery != to.point_in_time_recovery {
            settings::set_recovery(ctx, id, to.point_in_time_recovery).await?;
        }
        let set = tags::to_set(&from.tags, &to.tags);
        if !set.is_empty() {
            let tag = ctx.clients.dynamodb().tag_resource().resource_arn(&observed.attributes.arn);
            tag.set_tags(Some(sdk_tags(&set)?)).send().await?;
        }
        expiry.map(|()| observed.attributes.clone())
    }

    async fn settle(ctx: &Context, observed: &ObservedOf<Self>) -> Result<()> {
        change::ready(ctx, &observed.id).await.map(drop)
    }

    fn update_note(update: &UpdateOf<Self>) -> Option<String> {
        let (from, to) = (update.from.ttl.as_ref()?, update.to.ttl.as_ref()?);
        (from != to).then(|| {
            format!(
                "DynamoDB accepts one change of the expiry an hour: this run turns off expiry by `{from}`, and a run about \
                 an hour later turns on expiry by `{to}`"
            )
        })
    }

    async fn delete(ctx: &Context, observed: &ObservedOf<Self>) -> Result<()> {
        change::delete(ctx, observed).await
    }

    async fn inventory(clients: &Clients, tagged: Vec<Owned>) -> Result<Vec<Owned>> {
        let existing = tagged.into_iter().map(|table| observe::existing(clients, table));
        Ok(try_join_all(existing).await?.into_iter().flatten().collect())
    }
}

/// The keys, and their attributes: DynamoDB wants exactly the attributes that are keys [aws-facts: DynamoDB, TF].
fn with_keys(create: CreateTableFluentBuilder, spec: &Spec) -> Result<CreateTableFluentBuilder> {
    let keys = [(&spec.partition_key, KeyType::Hash)].into_iter();
    let keys = keys.chain(spec.sort_key.iter().map(|key| (key, KeyType::Range)));
    keys.into_iter().try_fold(create, |create, (key, role)| {
        let element = KeySchemaElement::builder().attribute_name(&key.name).key_type(role).build()?;
        let kind = ScalarAttributeType::from(key.r#type.as_str());
        let attribute =
            AttributeDefinition::builder().attribute_name(&key.name).attribute_type(kind).build()?;
        Ok(create.key_schema(element).attribute_definitions(attribute))
    })
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

fn sdk_tags(tags: &Tags) -> Result<Vec<Tag>> {
    tags.iter().map(|(key, value)| Ok(Tag::builder().key(key).value(value).build()?)).collect()
}

//! DynamoDB tables.

mod acts;
mod apart;
mod change;
mod class;
mod index;
mod key;
mod observe;
pub mod section;
mod settings;
mod stream;

pub use self::index::{Index, LocalIndex, Projection};
use self::observe::{others_of_ours, read};
use super::apart::HAS_POLICY;
use super::read_each;
use crate::aws::clients::client;
use crate::aws::limit::target;
use crate::aws::tags::{self, Tags};
use crate::aws::{Clients, Context, Errors, Quota, Refusal, Result, Service};
use crate::diff::Change;
use crate::kind::{
    AdoptedBy, Features, Kind, Observation, ObservedOf, ObservedOption, On, Output, OwnListing, Owned,
    Parent, Permission, Tagging, Task, UpdateOf, When, Which,
};
use crate::model::{ResourceId, Text, Texts};
use crate::policy::Policy;
use crate::suggest;
use aws_sdk_dynamodb::operation::create_table::builders::CreateTableFluentBuilder;
use aws_sdk_dynamodb::types::{BillingMode, ProvisionedThroughput, Tag};
use futures_util::future::try_join_all;
use futures_util::try_join;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// DynamoDB: ListTagsOfResource 10 times a second, says its documentation.
pub(crate) static DYNAMODB: Service = Service {
    quotas: &[Quota { per_second: 10.0, burst: 10.0 }],
    quota_of: |request| (target(request) == "ListTagsOfResource").then_some(0),
    errors: Errors {
        // DescribeContinuousBackups has a code of its own.
        not_found: &[Refusal::Code("ResourceNotFound"), Refusal::Code("TableNotFound")],
        exists: &[Refusal::Saying("ResourceInUse", "already exist")],
        transient: &[(Refusal::Code("ResourceInUse"), "the table is being changed")],
        passing_limits: &["simultaneous", "simultaneously"],
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
#[serde(deny_unknown_fields, bound = "T: Texts")]
pub struct Spec<T = String> {
    /// The partition key.
    pub partition_key: Key,
    /// The sort key.
    pub sort_key: Option<Key>,
    /// The global secondary indexes by name.
    pub indexes: BTreeMap<String, Index>,
    /// The local secondary indexes by name.
    pub local_indexes: BTreeMap<String, LocalIndex>,
    /// The billing mode.
    pub billing: Billing,
    /// The most request units, where billing is by request.
    pub limits: Limits,
    /// The class.
    pub class: Class,
    /// What its stream has of a changed item.
    pub stream: Option<Stream>,
    /// The key in KMS that encrypts it, where AWS does not do that with one of its own outside of the account.
    pub kms_key: Option<String>,
    /// The attribute with an item's expiry.
    pub ttl: Option<String>,
    /// Point-in-time recovery: how many days it reaches back.
    pub point_in_time_recovery: Option<i32>,
    /// Contributor insights, where they are on.
    pub contributor_insights: Option<Insights>,
    /// Whom the table admits.
    pub resource_policy: Policy<T>,
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

/// What a plan says of a new table: its key, and how many indexes it has.
fn facts(spec: &Json) -> Vec<String> {
    let count = |field: &str| spec[field].as_object().map_or(0, serde_json::Map::len);
    let indexes = match count("indexes") + count("local_indexes") {
        0 => None,
        1 => Some("1 index".to_owned()),
        many => Some(format!("{many} indexes")),
    };
    std::iter::once(keys(spec)).chain(indexes).collect()
}

/// The billing mode of a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Billing {
    /// By request.
    OnDemand,
    /// By capacity units.
    Provisioned(Capacity),
}

/// Capacity units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Capacity {
    /// Those for reads.
    pub read: i64,
    /// Those for writes.
    pub write: i64,
}

/// The most request units a second of a table or an index that is billed by request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Those for reads.
    pub max_read: Option<i64>,
    /// Those for writes.
    pub max_write: Option<i64>,
}

/// The class of a table, which decides what storage and requests cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// AWS's default.
    Standard,
    /// For items that are seldom read.
    StandardInfrequentAccess,
}

/// Which keys contributor insights count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Insights {
    /// Those that are accessed most, and those that are throttled most.
    AllKeys,
    /// Those that are throttled most.
    ThrottledKeys,
}

/// How many days point-in-time recovery reaches back, at most and by default [aws-facts-services: 9].
const MAX_RECOVERY: i32 = 35;

/// What a stream has of a changed item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stream {
    /// The whole item, before and after.
    NewAndOldImages,
    /// The whole item after the change.
    NewImage,
    /// The whole item before the change.
    OldImage,
    /// Its keys.
    KeysOnly,
}

/// The attributes of a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attributes {
    /// The name.
    pub name: String,
    /// The ARN.
    pub arn: String,
    /// The ARN of its stream, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream_arn: Option<String>,
}

/// The attribute with the ARN of the stream.
pub(crate) const STREAM_ARN: &str = "stream_arn";

const ANY: On = On::new("ReadTable", Table::NAME, Which::Any, &[Table::ARN]);
const DECLARED: On = On::new("Tables", Table::NAME, Which::Declared, &[Table::ARN]);
const OWNED: On = On::new("MarkedTables", Table::NAME, Which::Owned(""), &[Table::ARN]);

/// Any key, as long as DynamoDB uses it: the stack file may name an alias, to which no statement applies.
const KEYS: On = On::new(
    "KeysOfTables",
    Table::NAME,
    Which::With("kms_key"),
    &["arn:{partition}:kms:{region}:{account}:key/{name}"],
)
.only("kms:ViaService", "dynamodb.{region}.{dns}");

/// What DynamoDB does with a key in the name of whoever names it [DG: DynamoDB, "Encryption at rest: usage notes"]. AWS's own key
/// admits everybody.
const USE_OF_KEY: &[(&str, &On)] = &[
    ("kms:CreateGrant", &KEYS),
    ("kms:Decrypt", &KEYS),
    ("kms:DescribeKey", &KEYS),
    ("kms:Encrypt", &KEYS),
    ("kms:GenerateDataKey", &KEYS),
];

fn has_own_key(spec: &Json) -> bool {
    spec["kms_key"].as_str().is_some_and(|key| key != key::OWN_KEY)
}

/// One without the settings that a tag names loses that, and one whose key is named otherwise the tag with the alias.
fn may_lose_a_tag(spec: &Json) -> bool {
    spec["kms_key"].is_string() || spec["tags"][tags::APART].is_string()
}

/// CloudWatch counts keys with a role of its own, which DynamoDB creates in the name of whoever turns the insights on
/// [DG: DynamoDB, "Using IAM with CloudWatch Contributor Insights for DynamoDB"].
const LINKED_ROLE: On = On::new(
    "RoleOfInsights",
    Table::NAME,
    Which::With("contributor_insights"),
    &["arn:{partition}:iam::{account}:role/aws-service-role/contributorinsights.dynamodb.amazonaws.com/\
       AWSServiceRoleForDynamoDBCloudWatchContributorInsights"],
)
.only("iam:AWSServiceName", "contributorinsights.dynamodb.amazonaws.com");

const SWITCH_INSIGHTS: &str = "dynamodb:UpdateContributorInsights";

fn has_insights(spec: &Json) -> bool {
    spec["contributor_insights"].is_string()
}

impl Kind for Table {
    const NAME: &'static str = "table";
    const SERVICE: &'static Service = &DYNAMODB;
    const IMMUTABLE: &'static [&'static str] = &["partition_key", "sort_key", "local_indexes"];
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
        // Settings with calls of their own. A stack that no longer has one is deployed with the policy of when it had it.
        Permission::same("dynamodb:DescribeContributorInsights", Task::READ, &ANY)
            .when(When::Some(has_insights)),
        Permission::same("dynamodb:GetResourcePolicy", Task::READ, &ANY).when(HAS_POLICY),
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
        Permission::same("dynamodb:UntagResource", Task::CHANGE, &DECLARED).when(When::Some(may_lose_a_tag)),
        Permission::of("dynamodb:CreateTable", Task::CHANGE, USE_OF_KEY).when(When::Some(has_own_key)),
        Permission::of("dynamodb:UpdateTable", Task::CHANGE, USE_OF_KEY).when(When::Some(has_own_key)),
        Permission::of(
            SWITCH_INSIGHTS,
            Task::CHANGE,
            &[(SWITCH_INSIGHTS, &DECLARED), ("iam:CreateServiceLinkedRole", &LINKED_ROLE)],
        )
        .when(When::Some(has_insights)),
        Permission::same("dynamodb:PutResourcePolicy", Task::CHANGE, &DECLARED).when(HAS_POLICY),
        Permission::same("dynamodb:DeleteResourcePolicy", Task::CHANGE, &DECLARED).when(HAS_POLICY),
        Permission::same("dynamodb:DeleteTable", Task::DELETE, &OWNED),
    ];
    const TAGGING: Option<Tagging> =
        Some(Tagging { resource_type: "dynamodb:table", prefix: "table/", own_listing: OwnListing::Down });
    const FEATURES: Features = Features {
        adopted_by: Some(AdoptedBy::Name),
        acts: &[&acts::ITEM],
        outputs: &[Output::new("tables.NAME", "arn")],
        counted: true,
        unprotect: "set `protect: false` and run `up` first; this turns the protection off",
        facts,
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
        let create = with_indexes(ctx.clients.dynamodb().create_table().table_name(&id.name), spec)?;
        let create = create.billing_mode(mode).set_provisioned_throughput(throughput);
        let create = create.set_on_demand_throughput(index::maxima(spec.limits));
        let create = create.set_table_class(class::in_create(spec.class));
        let create = create.set_sse_specification(spec.kms_key.as_deref().map(|key| key::sent(Some(key))));
        let create = create.set_stream_specification(spec.stream.map(stream::on).transpose()?);
        create.deletion_protection_enabled(spec.protect).set_tags(Some(sdk_tags(&spec.tags)?)).send().await?;
        let table = change::ready(ctx, id).await?;
        key::mark(ctx, &table, spec.kms_key.as_deref()).await?;
        settings::set_ttl(ctx, id, None, spec.ttl.as_deref()).await?;
        if spec.point_in_time_recovery.is_some() {
            settings::set_recovery(ctx, id, spec.point_in_time_recovery).await?;
        }
        let attributes = observe::attributes(&table)?;
        let none = Spec { contributor_insights: None, resource_policy: Policy::default(), ..spec.clone() };
        apart::set(ctx, id, &attributes.arn, &none, spec).await?;
        Ok(attributes)
    }

    async fn update(ctx: &Context, observed: &ObservedOf<Self>, to: &Spec) -> Result<Attributes> {
        let (id, arn, from) = (&observed.id, &observed.attributes.arn, &observed.spec);
        let meanwhile = super::apart::meanwhile(&from.tags, &to.tags);
        if let Some(meanwhile) = &meanwhile {
            retag(ctx, arn, &from.tags, meanwhile).await?;
        }
        // One class of change a call [aws-facts: DynamoDB, M].
        change::set_billing(ctx, id, from, to).await?;
        let mut attributes = observed.attributes.clone();
        if from.stream != to.stream {
            attributes = observe::attributes(&stream::set(ctx, id, from.stream, to.stream).await?)?;
        }
        if from.protect != to.protect {
            change::set_protection(ctx, id, to.protect).await?;
        }
        if from.kms_key != to.kms_key {
            key::set(ctx, observed, to.kms_key.as_deref()).await?;
        }
        // Before the recovery, which holds the expiry up for some seconds [hazards: D5].
        let expiry = settings::set_ttl(ctx, id, from.ttl.as_deref(), to.ttl.as_deref()).await;
        let expiry = unless_deferred(expiry)?;
        if from.point_in_time_recovery != to.point_in_time_recovery {
            settings::set_recovery(ctx, id, to.point_in_time_recovery).await?;
        }
        apart::set(ctx, id, arn, from, to).await?;
        retag(ctx, arn, meanwhile.as_ref().unwrap_or(&from.tags), &to.tags).await?;
        let class = match from.class == to.class {
            true => Ok(()),
            false => unless_deferred(class::set(ctx, id, to.class).await)?,
        };
        // It may take hours, and nothing else waits for it.
        change::set_indexes(ctx, observed, to).await?;
        expiry.and(class).map(|()| attributes)
    }

    async fn settle(ctx: &Context, observed: &ObservedOf<Self>) -> Result<()> {
        change::ready(ctx, &observed.id).await.map(drop)
    }

    /// A stream that is turned on has another ARN than before.
    fn reassigned(from: &Spec, to: &Spec<Text>, _: &[Change]) -> &'static [&'static str] {
        if from.stream == to.stream { &[] } else { &[STREAM_ARN] }
    }

    fn update_note(update: &UpdateOf<Self>) -> Option<String> {
        let notes: Vec<String> =
            expiry_note(update).into_iter().chain(indexes_note(update)).chain(stream::note(update)).collect();
        (!notes.is_empty()).then(|| notes.join("; "))
    }

    async fn delete(ctx: &Context, observed: &ObservedOf<Self>) -> Result<()> {
        change::delete(ctx, observed).await
    }

    async fn inventory(clients: &Clients, tagged: Vec<Owned>) -> Result<Vec<Owned>> {
        let existing = tagged.into_iter().map(|table| observe::existing(clients, table));
        Ok(try_join_all(existing).await?.into_iter().flatten().collect())
    }
}

/// Where DynamoDB accepts a change only later, everything else is applied all the same.
fn unless_deferred(changed: Result<()>) -> Result<Result<()>> {
    match changed {
        Err(error) if error.class != crate::aws::Class::Deferred => Err(error),
        changed => Ok(changed),
    }
}

fn expiry_note(update: &UpdateOf<Table>) -> Option<String> {
    let (from, to) = (update.from.ttl.as_ref()?, update.to.ttl.as_ref()?);
    (from != to).then(|| {
        format!(
            "DynamoDB accepts one change of the expiry an hour: this run turns off expiry by `{from}`, and a run about \
             an hour later turns on expiry by `{to}`"
        )
    })
}

fn indexes_note(update: &UpdateOf<Table>) -> Option<String> {
    let (from, to) = (&update.from.indexes, &update.to.indexes);
    let is_changed = |name: &&String| to.get(*name).is_some_and(|index| !from[*name].can_become(index));
    let changed: Vec<&str> = from.keys().filter(is_changed).map(String::as_str).collect();
    let (them, have) = if changed.len() == 1 { ("it", "index") } else { ("each", "indexes") };
    (!changed.is_empty()).then(|| {
        format!(
            "DynamoDB cannot change the keys or the projection of an index: the {have} {} will be deleted and created \
             again, and queries of {them} fail until it is filled",
            suggest::quoted(&changed)
        )
    })
}

/// The keys, the indexes, and the attributes of both.
fn with_indexes(create: CreateTableFluentBuilder, spec: &Spec) -> Result<CreateTableFluentBuilder> {
    let some = |count: usize| (count > 0).then_some(());
    let global = spec.indexes.iter().map(|(name, index)| index.in_create(name));
    let global = global.collect::<Result<Vec<_>>>()?;
    let local = spec.local_indexes.iter().map(|(name, index)| index.in_create(name, &spec.partition_key));
    let local = local.collect::<Result<Vec<_>>>()?;
    Ok(create
        .set_key_schema(Some(index::schema(&spec.partition_key, spec.sort_key.as_ref())?))
        .set_attribute_definitions(Some(index::attributes(spec, spec.indexes.values())?))
        // DynamoDB refuses empty lists of them.
        .set_global_secondary_indexes(some(global.len()).map(|()| global))
        .set_local_secondary_indexes(some(local.len()).map(|()| local)))
}

fn billing(billing: &Billing) -> Result<(BillingMode, Option<ProvisionedThroughput>)> {
    Ok(match billing {
        Billing::OnDemand => (BillingMode::PayPerRequest, None),
        Billing::Provisioned(capacity) => (BillingMode::Provisioned, index::throughput(Some(*capacity))?),
    })
}

/// Sets what differs, and takes the tag with the names of settings from a table that has none of them.
async fn retag(ctx: &Context, arn: &str, from: &Tags, to: &Tags) -> Result<()> {
    let (dynamodb, set) = (ctx.clients.dynamodb(), tags::to_set(from, to));
    if !set.is_empty() {
        dynamodb.tag_resource().resource_arn(arn).set_tags(Some(sdk_tags(&set)?)).send().await?;
    }
    if from.contains_key(tags::APART) && !to.contains_key(tags::APART) {
        dynamodb.untag_resource().resource_arn(arn).tag_keys(tags::APART).send().await?;
    }
    Ok(())
}

fn sdk_tags(tags: &Tags) -> Result<Vec<Tag>> {
    tags.iter().map(|(key, value)| Ok(Tag::builder().key(key).value(value).build()?)).collect()
}

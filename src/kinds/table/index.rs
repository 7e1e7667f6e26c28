//! The indexes of a table: what is desired, what DynamoDB is sent for them, and what it shows of them.

use super::observe::{attribute_key, billing_of};
use super::{Billing, Capacity, Key, Limits, Spec};
use crate::aws::Result;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, CreateGlobalSecondaryIndexAction, GlobalSecondaryIndex,
    GlobalSecondaryIndexDescription, GlobalSecondaryIndexUpdate, IndexStatus, KeySchemaElement, KeyType,
    LocalSecondaryIndex, OnDemandThroughput, ProjectionType, ProvisionedThroughput, ScalarAttributeType,
    TableDescription, UpdateGlobalSecondaryIndexAction,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A global secondary index.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Index {
    /// Its partition key.
    pub partition_key: Key,
    /// Its sort key.
    pub sort_key: Option<Key>,
    /// What it contains of an item.
    pub projection: Projection,
    /// Its capacity, where the table is billed by capacity units.
    pub capacity: Option<Capacity>,
    /// The most request units, where the table is billed by request.
    pub limits: Limits,
}

/// A local secondary index, which has the table's partition key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocalIndex {
    /// Its sort key.
    pub sort_key: Key,
    /// What it contains of an item.
    pub projection: Projection,
}

/// What an index contains of an item besides its keys and those of the table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Projection {
    /// All attributes.
    All,
    /// No other.
    KeysOnly,
    /// These attributes, whose order is lost [aws-facts-services: 9, field].
    Include(BTreeSet<String>),
}

impl Index {
    /// Its keys.
    pub(super) fn keys(&self) -> impl Iterator<Item = &Key> {
        std::iter::once(&self.partition_key).chain(&self.sort_key)
    }

    /// True if the one becomes the other without being created again.
    pub(super) fn can_become(&self, other: &Index) -> bool {
        let Index { partition_key, sort_key, projection, capacity: _, limits: _ } = self;
        *partition_key == other.partition_key
            && *sort_key == other.sort_key
            && *projection == other.projection
    }

    /// What creates it with its table.
    pub(super) fn in_create(&self, name: &str) -> Result<GlobalSecondaryIndex> {
        let index = GlobalSecondaryIndex::builder().index_name(name).projection(self.projection.sent());
        let index = index.set_key_schema(Some(schema(&self.partition_key, self.sort_key.as_ref())?));
        let index = index.set_on_demand_throughput(maxima(self.limits));
        Ok(index.set_provisioned_throughput(throughput(self.capacity)?).build()?)
    }

    /// What adds it to a table.
    pub(super) fn in_update(&self, name: &str) -> Result<CreateGlobalSecondaryIndexAction> {
        let index =
            CreateGlobalSecondaryIndexAction::builder().index_name(name).projection(self.projection.sent());
        let index = index.set_key_schema(Some(schema(&self.partition_key, self.sort_key.as_ref())?));
        let index = index.set_on_demand_throughput(maxima(self.limits));
        Ok(index.set_provisioned_throughput(throughput(self.capacity)?).build()?)
    }
}

impl LocalIndex {
    /// What creates it with its table.
    pub(super) fn in_create(&self, name: &str, partition_key: &Key) -> Result<LocalSecondaryIndex> {
        let index = LocalSecondaryIndex::builder().index_name(name).projection(self.projection.sent());
        Ok(index.set_key_schema(Some(schema(partition_key, Some(&self.sort_key))?)).build()?)
    }
}

impl Projection {
    fn sent(&self) -> aws_sdk_dynamodb::types::Projection {
        let (kind, attributes) = match self {
            Projection::All => (ProjectionType::All, None),
            Projection::KeysOnly => (ProjectionType::KeysOnly, None),
            Projection::Include(names) => (ProjectionType::Include, Some(names.iter().cloned().collect())),
        };
        let projection = aws_sdk_dynamodb::types::Projection::builder().projection_type(kind);
        projection.set_non_key_attributes(attributes).build()
    }

    fn shown(projection: Option<&aws_sdk_dynamodb::types::Projection>) -> Self {
        match projection.and_then(|projection| projection.projection_type()) {
            Some(ProjectionType::KeysOnly) => Projection::KeysOnly,
            Some(ProjectionType::Include) => {
                let names = projection.map(|projection| projection.non_key_attributes()).unwrap_or_default();
                Projection::Include(names.iter().cloned().collect())
            }
            _ => Projection::All,
        }
    }
}

/// A capacity as DynamoDB takes it.
pub(super) fn throughput(capacity: Option<Capacity>) -> Result<Option<ProvisionedThroughput>> {
    let sent = |Capacity { read, write }| {
        ProvisionedThroughput::builder().read_capacity_units(read).write_capacity_units(write).build()
    };
    Ok(capacity.map(sent).transpose()?)
}

/// Maxima as DynamoDB takes them of what is new; it refuses that there be neither.
pub(super) fn maxima(limits: Limits) -> Option<OnDemandThroughput> {
    let Limits { max_read, max_write } = limits;
    let sent = OnDemandThroughput::builder();
    let sent = sent.set_max_read_request_units(max_read).set_max_write_request_units(max_write);
    (limits != Limits::default()).then(|| sent.build())
}

/// Maxima as DynamoDB takes them of what has others: a maximum is cleared by -1 [aws-facts-services: 9].
fn other_maxima(Limits { max_read, max_write }: Limits) -> OnDemandThroughput {
    let sent = OnDemandThroughput::builder().max_read_request_units(max_read.unwrap_or(-1));
    sent.max_write_request_units(max_write.unwrap_or(-1)).build()
}

/// The maxima of a table, or of an index of it. Where there is none, DynamoDB shows -1 or nothing.
pub(super) fn limits(table: &TableDescription, shown: Option<&OnDemandThroughput>) -> Limits {
    let shown = shown.filter(|_| billing_of(table) == Billing::OnDemand);
    let is_limit = |limit: &i64| *limit > 0;
    Limits {
        max_read: shown.and_then(|shown| shown.max_read_request_units()).filter(is_limit),
        max_write: shown.and_then(|shown| shown.max_write_request_units()).filter(is_limit),
    }
}

/// Keys as DynamoDB takes them. Their order counts [hazards: D7].
pub(super) fn schema(partition_key: &Key, sort_key: Option<&Key>) -> Result<Vec<KeySchemaElement>> {
    let keys = [(partition_key, KeyType::Hash)].into_iter();
    let keys = keys.chain(sort_key.map(|key| (key, KeyType::Range)));
    let element = |(key, role): (&Key, KeyType)| {
        Ok(KeySchemaElement::builder().attribute_name(&key.name).key_type(role).build()?)
    };
    keys.map(element).collect()
}

/// The attributes of a table with some of its global indexes: exactly those that are keys [aws-facts: DynamoDB, TF].
pub(super) fn attributes<'a>(
    table: &'a Spec,
    indexes: impl IntoIterator<Item = &'a Index>,
) -> Result<Vec<AttributeDefinition>> {
    let own = std::iter::once(&table.partition_key).chain(&table.sort_key);
    let local = table.local_indexes.values().map(|index| &index.sort_key);
    let keys = own.chain(local).chain(indexes.into_iter().flat_map(Index::keys));
    let mut known = BTreeSet::new();
    let attribute = |key: &Key| {
        let r#type = ScalarAttributeType::from(key.r#type.as_str());
        Ok(AttributeDefinition::builder().attribute_name(&key.name).attribute_type(r#type).build()?)
    };
    keys.filter(|key| known.insert(key.name.as_str())).map(attribute).collect()
}

/// The global indexes of a table that stay.
pub(super) fn global(table: &TableDescription) -> BTreeMap<String, Index> {
    let is_provisioned = matches!(billing_of(table), Billing::Provisioned(_));
    let one = |index: &GlobalSecondaryIndexDescription| {
        let units = index.provisioned_throughput().filter(|_| is_provisioned);
        let index_spec = Index {
            partition_key: attribute_key(table, index.key_schema(), KeyType::Hash)?,
            sort_key: attribute_key(table, index.key_schema(), KeyType::Range),
            projection: Projection::shown(index.projection()),
            // That of an on-demand table reads back as zeros [aws-facts-services: 9, field].
            capacity: units.map(|units| Capacity {
                read: units.read_capacity_units().unwrap_or_default(),
                write: units.write_capacity_units().unwrap_or_default(),
            }),
            limits: limits(table, index.on_demand_throughput()),
        };
        Some((index.index_name()?.to_owned(), index_spec))
    };
    let all = table.global_secondary_indexes().iter();
    all.filter(|index| index.index_status() != Some(&IndexStatus::Deleting)).filter_map(one).collect()
}

/// The local indexes of a table.
pub(super) fn local(table: &TableDescription) -> BTreeMap<String, LocalIndex> {
    let all = table.local_secondary_indexes().iter().filter_map(|index| {
        let sort_key = attribute_key(table, index.key_schema(), KeyType::Range)?;
        let projection = Projection::shown(index.projection());
        Some((index.index_name()?.to_owned(), LocalIndex { sort_key, projection }))
    });
    all.collect()
}

/// What brings a table closer to the global indexes that it gets.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Step {
    /// Deletes the index of a name.
    Delete(String),
    /// Creates the index of a name.
    Create(String),
}

/// The next step to the indexes of `to`. DynamoDB creates or deletes one at a time, and cannot change the keys or the projection
/// of one [aws-facts-services: 9, M]. What is not desired makes room first. A changed index is created right after its deletion,
/// unless an attribute in it still has another type in another index: readers lose it in between.
pub(super) fn next(live: &BTreeMap<String, Index>, to: &Spec) -> Option<Step> {
    if let Some(name) = live.keys().find(|name| !to.indexes.contains_key(*name)) {
        return Some(Step::Delete(name.clone()));
    }
    let fits = |key: &Key| {
        let mut others = live.values().flat_map(Index::keys);
        others.all(|other| other.name != key.name || other.r#type == key.r#type)
    };
    let mut missing = to.indexes.iter().filter(|(name, _)| !live.contains_key(*name));
    if let Some((name, _)) = missing.find(|(_, index)| index.keys().all(fits)) {
        return Some(Step::Create(name.clone()));
    }
    let differs = |(name, index): &(&String, &Index)| {
        to.indexes.get(*name).is_some_and(|desired| !index.can_become(desired))
    };
    live.iter().find(differs).map(|(name, _)| Step::Delete(name.clone()))
}

/// How an index is paid for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Units {
    /// By capacity units.
    Capacity(Capacity),
    /// By request, at most so many.
    Limits(Limits),
}

impl Units {
    /// What changes an index to this.
    pub(super) fn in_update(self, name: &str) -> Result<GlobalSecondaryIndexUpdate> {
        let update = UpdateGlobalSecondaryIndexAction::builder().index_name(name);
        let update = match self {
            Units::Capacity(capacity) => update.set_provisioned_throughput(throughput(Some(capacity))?),
            Units::Limits(limits) => update.on_demand_throughput(other_maxima(limits)),
        };
        Ok(GlobalSecondaryIndexUpdate::builder().update(update.build()?).build())
    }

    /// True for an index that is paid for in this way.
    pub(super) fn are_of(self, index: &Index) -> bool {
        match self {
            Units::Capacity(capacity) => index.capacity == Some(capacity),
            Units::Limits(limits) => index.limits == limits,
        }
    }
}

/// What changes the maxima of a table, where that is to be done.
pub(super) fn change_of_maxima(from: Limits, to: &Spec) -> Option<OnDemandThroughput> {
    (to.billing == Billing::OnDemand && from != to.limits).then(|| other_maxima(to.limits))
}

/// The indexes that are to be paid for otherwise. When a table begins to be billed by capacity units, each of its indexes needs
/// some in the same call, even one that is deleted afterwards [aws-facts-services: 9, field].
pub(super) fn units(from: &Spec, to: &Spec) -> Vec<(String, Units)> {
    let begins = from.billing == Billing::OnDemand;
    let kept = |name: &String, index: &Index, anyhow: bool| {
        to.indexes.get(name).filter(|desired| anyhow || index.can_become(desired))
    };
    let changed = from.indexes.iter().filter_map(|(name, index)| {
        let units = match to.billing {
            Billing::OnDemand => Units::Limits(kept(name, index, false)?.limits),
            Billing::Provisioned(of_table) => {
                let kept = kept(name, index, begins).map(|kept| kept.capacity.unwrap_or(of_table));
                Units::Capacity(kept.or(begins.then_some(of_table))?)
            }
        };
        (!units.are_of(index)).then(|| (name.clone(), units))
    });
    changed.collect()
}

//! `indexes` and `local_indexes` of a table.

use super::super::Projection;
use super::billing::{Billing, units};
use super::{Config, Key, KeyType, MAX_ATTRIBUTE, key};
use crate::config::decode::{Value, help};
use crate::config::fields::Fields;
use crate::config::section::shape::{Keys, list, map, text};
use crate::config::section::{Section, Shape, section};
use crate::kinds::table;
use crate::suggest;
use crate::yaml::Kind;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

section! {
    /// A global secondary index.
    pub struct Index {
        /// The partition key of the index. Items without this attribute are not in the index.
        partition_key: Key = key().required("customer"),
        /// The sort key of the index.
        sort_key: Option<Key> = key().optional(),
        /// What the index contains of an item besides all keys: `all` attributes, `keys-only`, or a list of attributes.
        projection: Projection = projection().default(Projection::All),
        /// The capacity of the index, where the table has provisioned capacity, or the most request units, where it is billed by
        /// request. By default those of the table.
        billing: Option<Billing> = units().optional(),
    }
}

section! {
    /// A local secondary index.
    pub struct LocalIndex {
        /// The sort key of the index. Items without this attribute are not in the index.
        sort_key: Key = key().required("total"),
        /// What the index contains of an item besides all keys: `all` attributes, `keys-only`, or a list of attributes.
        projection: Projection = projection().default(Projection::All),
    }
}

/// How many characters a name has; an environment adds none.
const NAME: std::ops::RangeInclusive<usize> = 3..=255;

/// How many indexes a table can have, how many attributes one can list, and how many all of them together [aws-facts-services: 9].
const MAX_GLOBAL: usize = 20;
const MAX_LOCAL: usize = 5;
const MAX_ATTRIBUTES: usize = 20;
const MAX_ATTRIBUTES_OF_TABLE: usize = 100;

const KEYS_ONLY: &str = "keys-only";
const FORMS: &str = "`all`, `keys-only` or a list of attributes";

/// Indexes under their names.
pub(super) fn indexes<T: 'static>(index: Shape<T>) -> Shape<BTreeMap<String, T>> {
    map(Keys::pattern(&format!("^[a-zA-Z0-9_.-]{{{},{}}}$", NAME.start(), NAME.end()), check_name), index)
}

fn check_name(index: Value) -> Option<()> {
    let name = index.key.text.as_str();
    if !name.chars().all(|one| one.is_ascii_alphanumeric() || "_.-".contains(one)) {
        let rule = help("use letters, digits, `_`, `.` and `-`");
        return index.fail_key(format!("invalid index name `{name}`"), rule);
    }
    if !NAME.contains(&name.len()) {
        let (least, most) = (NAME.start(), NAME.end());
        let message = format!(
            "the name of an index must have {least} to {most} characters; `{name}` has {}",
            name.len()
        );
        return index.fail_key(message, None);
    }
    Some(())
}

/// `all`, `keys-only`, or a list of attributes.
fn projection() -> Shape<Projection> {
    let attributes = list(text(MAX_ATTRIBUTE)).with("minItems", 1).with("maxItems", MAX_ATTRIBUTES);
    let names = json!({ "type": "string", "minLength": 1, "maxLength": MAX_ATTRIBUTE });
    let many = json!({ "type": "array", "items": names, "minItems": 1, "maxItems": MAX_ATTRIBUTES });
    let schema = json!({ "oneOf": [{ "enum": ["all", KEYS_ONLY] }, many] });
    Shape::new(schema, move |value| match &value.node.kind {
        Kind::List(_) => listed(value, attributes.decode(value)?),
        _ => match value.node.text() {
            Some("all") => Some(Projection::All),
            Some(KEYS_ONLY) => Some(Projection::KeysOnly),
            text => value.wrong_type(FORMS, text.and_then(meant)),
        },
    })
}

/// What somebody means who writes another word.
fn meant(text: &str) -> Option<String> {
    let plain = text.to_lowercase().replace('_', "-");
    suggest::did_you_mean(&plain, ["all", KEYS_ONLY])
        .or_else(|| help(format!("for one attribute write `[{text}]`")))
}

fn listed(value: Value, names: Vec<String>) -> Option<Projection> {
    let count = names.len();
    let set: BTreeSet<String> = names.into_iter().collect();
    match count {
        0 => value.fail("an empty list of attributes", help("write `keys-only`")),
        _ if count > MAX_ATTRIBUTES => {
            let message = format!("an index can list at most {MAX_ATTRIBUTES} attributes, not {count}");
            value.fail(message, help("write `all`"))
        }
        _ if set.len() < count => value.fail("an attribute stands here twice", help("remove one of them")),
        _ => Some(Projection::Include(set)),
    }
}

impl Index {
    pub(super) fn spec(&self, types: &Types, of_table: Billing) -> table::Index {
        let Index { partition_key, sort_key, projection, billing } = self;
        let billing = billing.unwrap_or(of_table);
        table::Index {
            partition_key: types.spec(partition_key),
            sort_key: sort_key.as_ref().map(|key| types.spec(key)),
            projection: projection.clone(),
            capacity: billing.capacity(),
            limits: billing.limits(),
        }
    }
}

impl LocalIndex {
    pub(super) fn spec(&self, types: &Types) -> table::LocalIndex {
        let LocalIndex { sort_key, projection } = self;
        table::LocalIndex { sort_key: types.spec(sort_key), projection: projection.clone() }
    }
}

/// The types of the attributes that are keys. The keys of the table always have one; those of indexes may leave it to others.
pub(super) struct Types<'a>(BTreeMap<&'a str, KeyType>);

impl<'a> Types<'a> {
    pub(super) fn of(
        partition_key: &'a Key,
        sort_key: Option<&'a Key>,
        indexes: &'a BTreeMap<String, Index>,
        local_indexes: &'a BTreeMap<String, LocalIndex>,
    ) -> Self {
        let of_table = [partition_key].into_iter().chain(sort_key);
        let of_table = of_table.map(|key| (key, Some(key.kind.unwrap_or(KeyType::S))));
        let local = local_indexes.values().map(|index| &index.sort_key);
        let global =
            indexes.values().flat_map(|index| [&index.partition_key].into_iter().chain(&index.sort_key));
        let mut types = BTreeMap::new();
        for (key, kind) in of_table.chain(local.chain(global).map(|key| (key, key.kind))) {
            if let Some(kind) = kind {
                types.entry(key.name.as_str()).or_insert(kind);
            }
        }
        Types(types)
    }

    pub(super) fn spec(&self, key: &Key) -> table::Key {
        let kind = self.0.get(key.name.as_str()).copied().unwrap_or(KeyType::S);
        table::Key { name: key.name.clone(), r#type: kind.letter().to_owned() }
    }
}

/// Checks the indexes with each other and with their table.
pub(super) fn check(table: &<Config as Section>::Decoded, fields: &Fields) {
    let (none, no_local) = (BTreeMap::new(), BTreeMap::new());
    let global = table.indexes.as_ref().unwrap_or(&none);
    let local = table.local_indexes.as_ref().unwrap_or(&no_local);
    for (field, sort, count, most) in
        [("indexes", "global", global.len(), MAX_GLOBAL), ("local_indexes", "local", local.len(), MAX_LOCAL)]
    {
        if count > most {
            let message = format!("a table can have at most {most} {sort} indexes, not {count}");
            fields.fail_at(field, message, help("remove some of them"));
        }
    }
    check_projections(global, local, fields);
    let has_sort_key = table.sort_key.as_ref().is_none_or(Option::is_some);
    if !local.is_empty() && !has_sort_key {
        let way = "add a `sort_key` to the table, or write a global index: `indexes`";
        fields.fail_at("local_indexes", "a table without a sort key can have no local index", help(way));
    }
    for name in local.keys().filter(|name| global.contains_key(*name)) {
        if let Some(index) = inner(fields, &["local_indexes", name]) {
            let message = format!("`{name}` is a global index of the table as well");
            index.fail_key::<()>(message, help("write another name"));
        }
    }
    for (name, index) in global {
        differ(&index.partition_key, index.sort_key.as_ref(), fields, &["indexes", name, "sort_key"]);
    }
    if let Some(partition_key) = &table.partition_key {
        for (name, index) in local {
            differ(partition_key, Some(&index.sort_key), fields, &["local_indexes", name, "sort_key"]);
        }
    }
    if let Some(of_table) = table.billing {
        global.iter().for_each(|(name, index)| check_billing(of_table, name, index, fields));
    }
    check_types(table, global, local, fields);
}

/// An index is billed in the way of its table.
fn check_billing(of_table: Billing, name: &str, index: &Index, fields: &Fields) {
    let (message, way) = match (of_table.capacity(), index.billing) {
        (None, Some(Billing::Provisioned { .. })) => (
            "an index of a table that is billed by request has no capacity",
            "remove it, or write `billing: { read: 5, write: 5 }` for the table as well",
        ),
        (Some(_), Some(Billing::Limited { .. })) => (
            "an index of a table with provisioned capacity has no maxima of request units",
            "write `{ read: 5, write: 5 }`, or bill the table by request",
        ),
        _ => return,
    };
    if let Some(billing) = inner(fields, &["indexes", name, "billing"]) {
        billing.fail::<()>(message, help(way));
    }
}

/// The attributes that all indexes list count together, each time anew.
fn check_projections(
    global: &BTreeMap<String, Index>,
    local: &BTreeMap<String, LocalIndex>,
    fields: &Fields,
) {
    let projections = global.values().map(|index| &index.projection);
    let projections = projections.chain(local.values().map(|index| &index.projection));
    let count = |projection: &Projection| match projection {
        Projection::Include(names) => names.len(),
        Projection::All | Projection::KeysOnly => 0,
    };
    let listed: usize = projections.map(count).sum();
    if listed > MAX_ATTRIBUTES_OF_TABLE {
        let message = format!(
            "the indexes of a table can list at most {MAX_ATTRIBUTES_OF_TABLE} attributes in all, not {listed}"
        );
        let field = if global.is_empty() { "local_indexes" } else { "indexes" };
        fields.fail_at(field, message, help("write `projection: all` for some of them"));
    }
}

fn differ(partition_key: &Key, sort_key: Option<&Key>, fields: &Fields, path: &[&str]) {
    let same = sort_key.filter(|sort_key| sort_key.name == partition_key.name);
    if let (Some(key), Some(place)) = (same, inner(fields, path)) {
        let message = format!("`{}` is already the partition key", key.name);
        place.fail::<()>(message, help("name another attribute"));
    }
}

/// An attribute has one type, wherever it is a key.
fn check_types(
    table: &<Config as Section>::Decoded,
    global: &BTreeMap<String, Index>,
    local: &BTreeMap<String, LocalIndex>,
    fields: &Fields,
) {
    let mut keys: Vec<(Vec<&str>, &str, Option<KeyType>)> = Vec::new();
    let own = |key: &Key| Some(key.kind.unwrap_or(KeyType::S));
    keys.extend(table.partition_key.iter().map(|key| (vec!["partition_key"], key.name.as_str(), own(key))));
    let sort_key = table.sort_key.iter().flatten();
    keys.extend(sort_key.map(|key| (vec!["sort_key"], key.name.as_str(), own(key))));
    for (name, LocalIndex { sort_key, .. }) in local {
        keys.push((vec!["local_indexes", name, "sort_key"], &sort_key.name, sort_key.kind));
    }
    for (name, Index { partition_key, sort_key, .. }) in global {
        keys.push((vec!["indexes", name, "partition_key"], &partition_key.name, partition_key.kind));
        let sort_key = sort_key.iter();
        keys.extend(sort_key.map(|key| (vec!["indexes", name, "sort_key"], key.name.as_str(), key.kind)));
    }
    let mut first: BTreeMap<&str, (KeyType, String)> = BTreeMap::new();
    for (path, attribute, kind) in keys {
        let Some(kind) = kind else { continue };
        let (before, place) = first.entry(attribute).or_insert_with(|| (kind, path.join(".")));
        if *before != kind
            && let Some(key) = inner(fields, &path)
        {
            let (before, kind) = (before.letter(), kind.letter());
            let message = format!(
                "`{attribute}` has the type {before} in `{place}`, so it cannot have the type {kind} here"
            );
            key.fail::<()>(message, help("an attribute has one type in all keys of a table; write it once"));
        }
    }
}

/// A value within a field.
fn inner<'a>(fields: &Fields<'a>, path: &[&str]) -> Option<Value<'a>> {
    let (field, rest) = path.split_first()?;
    rest.iter().try_fold(fields.value(field)?, |value, key| {
        let entry = value.node.entries().iter().find(|entry| entry.key.text == *key)?;
        Some(Value::new(value.cx, entry))
    })
}

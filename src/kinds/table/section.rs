//! `tables`.

mod access;
mod billing;
mod indexes;
mod items;

pub(crate) use self::access::STREAM_ACTIONS;
use self::access::{ACCESS, INDEX};
use self::billing::billing;
pub use self::billing::{Billing, Capacity, Maxima};
pub use self::indexes::{Index, LocalIndex};
use self::indexes::{Types, indexes};
use super::key::{self, MAX_ALIAS, OWN_KEY};
use super::{Class, Insights, MAX_RECOVERY, Stream, Table, apart};
use crate::aws::tags;
use crate::config::access::Access;
use crate::config::declared::{Declared, Referable, keyed};
use crate::config::decode::{Value, help};
use crate::config::fields::Fields;
use crate::config::names::NameRule;
use crate::config::policy::{private_resource_policy, templates_of};
use crate::config::section::shape::{duration, either, flag, mapping, part, text, word};
use crate::config::section::{Entry, Keyed, Section, Shape, section};
use crate::config::{self, ActOn, Diagnostic, Entries, Grant, Stack, Template};
use crate::kind::Kind as _;
use crate::kinds::function::section::Config as FunctionConfig;
use crate::kinds::key::{kms_key, use_of};
use crate::lower::{Lower, Lowered, Sizes, known_attributes, resource};
use crate::model::{Resource, ResourceId, Text};
use crate::policy::Statement;
use crate::suggest;
use crate::yaml::Kind;
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeMap;

const NAME: NameRule = NameRule { what: "table", others: "_.-", min: 3, max: 255, because: "" };

/// The longest name of an attribute that can be a key or contain the time to live.
const MAX_ATTRIBUTE: usize = 255;

impl Declared for Table {
    const ABOUT: &'static str = "DynamoDB tables. The key is the table's name in AWS.";
    const REFERENCES: &'static [Referable] =
        &[Referable::known("name"), Referable::known("arn"), Referable::assigned(super::STREAM_ARN)];
    const ACCESS: Option<&'static Access> = Some(&ACCESS);
    type Config = Config;

    fn section() -> Shape<Vec<Entry<Config>>> {
        keyed()
    }

    fn templates(table: &Entry<Config>) -> Vec<&Template> {
        templates_of(&table.resource_policy)
    }

    fn lacks(table: &Entry<Config>, attribute: &str) -> Option<(String, &'static str)> {
        let lacks = attribute == super::STREAM_ARN && table.stream.is_none();
        lacks.then(|| {
            (format!("`{}` has no stream", table.name), "add `stream: new-and-old-images` to the table")
        })
    }

    fn check_act(table: &Entry<Config>, act: &ActOn) -> Option<(&'static str, String, String)> {
        items::check(table, act)
    }

    fn check(table: &Entry<Config>, entries: &Entries) -> Vec<Diagnostic> {
        let functions: &[Entry<FunctionConfig>] = entries.of();
        let reads = |function: &&Entry<FunctionConfig>| {
            let mut grants = function.access.values();
            let is_own = |grant: &Grant| grant.kind == Self::NAME && grant.key == table.name;
            grants.any(|grant| is_own(grant) && grant.actions.iter().any(|action| action == GET_RECORDS))
        };
        let without = functions.iter().filter(|_| table.stream.is_none()).filter(reads);
        let error = |function: &Entry<FunctionConfig>| Diagnostic {
            at: function.place("access"),
            length: 0,
            message: format!("`{}` reads the stream of `{}`, which has none", function.name, table.name),
            help: Some("add `stream: new-and-old-images` to the table".to_owned()),
        };
        without.map(error).collect()
    }
}

/// What only a stream is for.
const GET_RECORDS: &str = "dynamodb:GetRecords";

impl Lowered for Table {
    fn lower(table: &Entry<Config>, lower: &mut Lower) {
        let id = lower.id(Self::NAME, &table.name);
        let Config {
            partition_key,
            sort_key,
            indexes,
            local_indexes,
            billing,
            class,
            stream,
            kms_key,
            ttl,
            point_in_time_recovery,
            contributor_insights,
            resource_policy,
            protect,
        } = &**table;
        let types = Types::of(partition_key, sort_key.as_ref(), indexes, local_indexes);
        let index = |(name, index): (&String, &Index)| (name.clone(), index.spec(&types, *billing));
        let local = |(name, index): (&String, &LocalIndex)| (name.clone(), index.spec(&types));
        let arn = lower.scope.expand(Self::ARN, &id.name);
        let mut spec = super::Spec {
            partition_key: types.spec(partition_key),
            sort_key: sort_key.as_ref().map(|key| types.spec(key)),
            indexes: indexes.iter().map(index).collect(),
            local_indexes: local_indexes.iter().map(local).collect(),
            billing: billing.spec(),
            limits: billing.limits(),
            class: *class,
            stream: *stream,
            kms_key: kms_key.as_ref().map(|key| key::short(key, lower.scope).to_owned()),
            ttl: ttl.clone(),
            point_in_time_recovery: *point_in_time_recovery,
            contributor_insights: *contributor_insights,
            resource_policy: lower.resource_policy(resource_policy, &arn),
            protect: *protect,
            tags: lower.tags(&id),
        };
        let apart = apart::named(&spec).map(|names| (tags::APART.to_owned(), names.into()));
        spec.tags.extend(apart);
        let known_attributes = known_attributes(&id, arn);
        let table = resource::<Table>(id, table.at, &spec);
        lower.resources.push(Resource { known_attributes, ..table });
    }

    /// DynamoDB asks KMS in the name of who reads or writes [DG: DynamoDB, "Encryption at rest: usage notes"]. AWS's own key admits
    /// them by itself.
    fn use_of_key(table: &Entry<Config>, grant: &Grant, lower: &Lower) -> Option<Statement<Text>> {
        let key = table.kms_key.as_deref().filter(|key| key::short(key, lower.scope) != OWN_KEY)?;
        let may = |levels: &[&[&str]]| {
            levels.iter().copied().flatten().any(|action| grant.allows(&format!("dynamodb:{action}")))
        };
        let actions: &[&str] = match (may(access::WRITES), may(access::READS)) {
            (true, _) => &["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"],
            (false, true) => &["kms:Decrypt", "kms:DescribeKey"],
            (false, false) => &[],
        };
        use_of(key, actions.iter().copied(), Some("dynamodb"), lower)
    }

    fn check_sizes(table: &Entry<Config>, sizes: &mut Sizes) {
        let id = ResourceId::new(Table::NAME, sizes.identity.named(Table::NAME, &table.name));
        sizes.check_resource_policy(&id, table.place("resource_policy"));
    }

    fn has_part(table: &Entry<Config>, part: &str) -> bool {
        match part {
            INDEX => !table.indexes.is_empty() || !table.local_indexes.is_empty(),
            _ => table.stream.is_some(),
        }
    }
}

impl Stack {
    /// `tables`, in the order of the file.
    pub fn tables(&self) -> &[Entry<Config>] {
        self.entries.of()
    }

    /// The same, to be changed.
    pub fn tables_mut(&mut self) -> &mut [Entry<Config>] {
        self.entries.of_mut().map(Vec::as_mut_slice).unwrap_or_default()
    }
}

section! {
    /// A DynamoDB table.
    pub struct Config, checked by attributes_differ {
        /// The partition key of the items.
        partition_key: Key = key().required("id").immutable(),
        /// The sort key of the items in a partition. It must be another attribute.
        sort_key: Option<Key> = key().optional().immutable(),
        /// The global secondary indexes, which find the items by other keys, under their names; at most 20. An index is added,
        /// changed or removed while the table is in use. A new one is filled, which takes minutes, or hours for a large table. A
        /// change of its keys or its projection deletes it and creates it again.
        indexes: BTreeMap<String, Index> = indexes(part("index", Index::ABOUT, mapping())).or_empty(),
        /// The local secondary indexes, which have the partition key of the table and another sort key, under their names; at most
        /// 5. Only a new table gets them, and the table needs a `sort_key`.
        local_indexes: BTreeMap<String, LocalIndex> = indexes(part("local_index", LocalIndex::ABOUT, mapping())).or_empty().immutable(),
        /// Billing by request, at most so many a second where it says so, or provisioned capacity.
        billing: Billing = billing().default(Billing::OnDemand),
        /// The class, which decides what storage and requests cost: `standard`, or `standard-infrequent-access` for items that are
        /// seldom read. AWS accepts two changes in 30 days.
        class: Class = word(&CLASSES, |value| in_lower_case(value, &CLASSES)).default(Class::Standard),
        /// A stream of the changes of the last day, which can start functions, with `new-and-old-images` of a changed item, its
        /// `new-image`, its `old-image`, or `keys-only`. Another value turns the stream off, and another one on.
        stream: Option<Stream> = word(&STREAMS, |value| in_lower_case(value, &STREAMS)).optional(),
        /// A key in KMS that encrypts the table: its ARN or alias, or `aws` for AWS's own key for DynamoDB in this account. By
        /// default it is a key of AWS's that is not in this account and costs nothing. An alias that leads to another key
        /// later changes nothing.
        kms_key: Option<String> = kms_key(OWN_KEY).refine(fits_into_a_tag).optional(),
        /// The attribute with an item's expiry time, in seconds since 1970. It cannot be a key. AWS accepts one change an
        /// hour: a move to another attribute takes two runs of `up`.
        ttl: Option<String> = text(MAX_ATTRIBUTE).optional(),
        /// Continuous backups: `true` for those of the last 35 days, or how many days they reach back, such as `7 days`. By
        /// default there are none.
        point_in_time_recovery: Option<i32> = recovery().or_empty(),
        /// Contributor insights, with which CloudWatch shows the keys that are accessed and throttled most: `true`, or
        /// `throttled-keys` for these alone. CloudWatch shows the keys as they are, also those of a table with a `kms_key`. Those of
        /// indexes are left alone.
        contributor_insights: Option<Insights> = insights().or_empty(),
        /// Whom the table admits besides this account, in IAM's own syntax. AWS refuses a policy that admits everybody. The whole
        /// policy is the stack's: what others add to it is removed.
        resource_policy: Vec<config::Statement> = private_resource_policy().or_empty(),
        /// DynamoDB's deletion protection: while it is on, no flag replaces or deletes the table.
        protect: bool = flag().default(false),
    }
}

section! {
    /// An attribute: the name of a String attribute, or a name and a type.
    pub struct Key {
        /// The attribute's name.
        name: String = text(MAX_ATTRIBUTE).required("id"),
        /// `S` for String, `N` for Number, or `B` for Binary. The key of an index has by default the type that the attribute has
        /// elsewhere in the table; otherwise the default is `S`.
        kind: Option<KeyType> = word(&KEY_TYPES, key_type).optional().key("type"),
    }
}

/// The type of a key attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "DynamoDB's own letters")]
pub enum KeyType {
    S,
    N,
    B,
}

impl KeyType {
    /// Its letter.
    fn letter(self) -> &'static str {
        match self {
            KeyType::S => "S",
            KeyType::N => "N",
            KeyType::B => "B",
        }
    }
}

const KEY_TYPES: [(&str, KeyType); 3] = [("S", KeyType::S), ("N", KeyType::N), ("B", KeyType::B)];

impl Keyed for Config {
    const WHAT: &'static str = NAME.what;

    fn pattern() -> String {
        NAME.pattern()
    }

    fn check_key(value: Value) -> bool {
        NAME.check(value)
    }
}

fn attributes_differ(table: &<Config as Section>::Decoded, fields: &mut Fields) {
    let partition = table.partition_key.as_ref();
    let mut sort = table.sort_key.as_ref().and_then(Option::as_ref);
    if let (Some(partition), Some(key)) = (partition, sort)
        && partition.name == key.name
    {
        let message = format!("`{}` is already the partition key", key.name);
        fields.fail_at("sort_key", message, help("name another attribute"));
        sort = None;
    }
    if let Some(Some(ttl)) = &table.ttl
        && partition.into_iter().chain(sort).any(|key| key.name == *ttl)
    {
        let message = format!("`{ttl}` is a key of the table and cannot contain the time to live");
        let way = "name another attribute; it contains a number of seconds since 1970";
        fields.fail_at("ttl", message, help(way));
    }
    indexes::check(table, fields);
}

/// A key attribute: a name (of type String), or `{ name: page, type: N }`.
fn key() -> Shape<Key> {
    let text = text(MAX_ATTRIBUTE);
    let schema = text.schema(&mut Default::default());
    let name = Shape::new(schema, move |value| {
        if matches!(value.node.kind, Kind::List(_)) {
            return value
                .wrong_type("the name of an attribute", help("write `id`, or `{ name: id, type: N }`"));
        }
        Some(Key { name: text.decode(value)?, kind: None })
    });
    part("key", Key::ABOUT, either(name, mapping()))
}

fn key_type(value: Value) -> Option<KeyType> {
    let letter = match value.node.text().unwrap_or_default().to_lowercase().as_str() {
        "string" | "str" | "s" => Some("S"),
        "number" | "int" | "integer" | "n" => Some("N"),
        "binary" | "bytes" | "b" => Some("B"),
        _ => None,
    };
    match value.node.text() {
        Some("S" | "N" | "B") => value.one_of(&KEY_TYPES),
        _ => value.wrong_type(
            "`S` (String), `N` (Number) or `B` (Binary)",
            letter.map(|letter| format!("did you mean `{letter}`?")),
        ),
    }
}

static STREAMS: [(&str, Stream); 4] = [
    ("new-and-old-images", Stream::NewAndOldImages),
    ("new-image", Stream::NewImage),
    ("old-image", Stream::OldImage),
    ("keys-only", Stream::KeysOnly),
];

static CLASSES: [(&str, Class); 2] =
    [("standard", Class::Standard), ("standard-infrequent-access", Class::StandardInfrequentAccess)];

/// One of a few words. Somebody may write it as AWS does.
fn in_lower_case<T: Copy>(value: Value, all: &[(&str, T)]) -> Option<T> {
    let plain = value.node.text().map(|text| text.to_lowercase().replace('_', "-"));
    match all.iter().find(|(word, _)| Some(*word) == plain.as_deref()) {
        Some((word, _)) if value.node.text() != Some(word) => {
            let words: Vec<&str> = all.iter().map(|(word, _)| *word).collect();
            let words = suggest::quoted(&words).replace(" and ", " or ");
            value.wrong_type(&words, help(format!("did you mean `{word}`?")))
        }
        _ => value.one_of(all),
    }
}

/// An alias is kept in a tag, together with the id of the key that it leads to.
fn fits_into_a_tag(value: Value, key: String) -> Option<String> {
    if key.contains("alias/") && key.len() > MAX_ALIAS {
        let message = format!("the alias of a table's key can have at most {MAX_ALIAS} characters");
        return value.fail(message, help("write the ARN of the key"));
    }
    Some(key)
}

/// `true`, or for how many days.
fn recovery() -> Shape<Option<i32>> {
    let days = duration(DAY..=DAY * i64::from(MAX_RECOVERY)).refine(whole_days);
    let schema = days.schema(&mut Default::default());
    Shape::new(json!({ "oneOf": [{ "type": "boolean" }, schema] }), move |value| {
        let text = value.node.text().unwrap_or_default();
        match text.starts_with(|first: char| first.is_ascii_digit()) {
            true => days.decode(value).map(Some),
            false => value.boolean().map(|on| on.then_some(MAX_RECOVERY)),
        }
    })
}

/// `true`, or of which keys.
fn insights() -> Shape<Option<Insights>> {
    let schema = json!({ "oneOf": [{ "type": "boolean" }, { "const": THROTTLED }] });
    Shape::new(schema, |value| match value.node.text() {
        Some(THROTTLED) => Some(Some(Insights::ThrottledKeys)),
        Some("true" | "false") => value.boolean().map(|on| on.then_some(Insights::AllKeys)),
        _ => value.wrong_type("`true`, `false` or `throttled-keys`", None),
    })
}

const THROTTLED: &str = "throttled-keys";

fn whole_days(value: Value, seconds: i64) -> Option<i32> {
    match i32::try_from(seconds / DAY) {
        Ok(days) if seconds % DAY == 0 => Some(days),
        _ => {
            value.fail("the period of recovery is a number of whole days", help("write for example `7 days`"))
        }
    }
}

/// The seconds of a day.
const DAY: i64 = 24 * 3_600;

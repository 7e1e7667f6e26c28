//! `tables`.

use super::decode::{Value, help};
use super::names::NameRule;
use super::reference::Names;
use super::stack::{Billing, Key, KeyType, Table};
use crate::suggest;
use crate::yaml::Kind;

const NAME: NameRule = NameRule { what: "table", others: "_.-", min: 3, max: 255, because: "" };
const KEY_TYPES: [(&str, KeyType); 3] = [("S", KeyType::S), ("N", KeyType::N), ("B", KeyType::B)];

/// One entry of `tables`.
pub(super) fn table(value: Value, names: &Names) -> Option<Table> {
    let name = value.key.text.clone();
    let named = NAME.check(value, names);
    let mut fields = value.fields(format!("table `{name}`"))?;
    let partition_key = fields.required("partition_key", "id", key);
    let sort_key = fields.take("sort_key");
    let billing = fields.optional("billing", billing);
    let ttl = fields.take("ttl");
    let point_in_time_recovery = fields.optional("point_in_time_recovery", Value::boolean);
    let protect = fields.optional("protect", Value::boolean);
    fields.finish();

    let sort_key = sort_key.and_then(|value| {
        let key = key(value)?;
        let same = partition_key.as_ref().is_some_and(|partition| partition.name == key.name);
        if same {
            let message = format!("`{}` is already the partition key", key.name);
            return value.fail(message, help("name another attribute"));
        }
        Some(key)
    });
    let keys: Vec<&Key> = partition_key.iter().chain(&sort_key).collect();
    let ttl = ttl.and_then(|value| time_to_live(value, &keys));
    named.then_some(())?;
    Some(Table {
        at: value.key_at(),
        name,
        partition_key: partition_key?,
        sort_key,
        billing: billing.unwrap_or(Billing::OnDemand),
        ttl,
        point_in_time_recovery: point_in_time_recovery.unwrap_or(false),
        protect: protect.unwrap_or(false),
    })
}

/// A key attribute: a name (of type String), or `{ name: page, type: N }`.
fn key(value: Value) -> Option<Key> {
    if !matches!(value.node.kind, Kind::Map(_)) {
        if matches!(value.node.kind, Kind::List(_)) {
            return value
                .wrong_type("the name of an attribute", help("write `id`, or `{ name: id, type: N }`"));
        }
        return Some(Key { name: value.short(255)?.to_owned(), kind: KeyType::S });
    }
    let mut fields = value.fields(format!("`{}`", value.key.text))?;
    let name = fields.required("name", "id", |value| value.short(255));
    let kind = fields.optional("type", key_type).unwrap_or(KeyType::S);
    fields.finish();
    Some(Key { name: name?.to_owned(), kind })
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

/// `on-demand`, or `{ read: 5, write: 5 }`.
fn billing(value: Value) -> Option<Billing> {
    if let Some(text) = value.node.text() {
        let example = || help("write `on-demand`, or `{ read: 5, write: 5 }`");
        return match text {
            "on-demand" => Some(Billing::OnDemand),
            _ => value.wrong_type(
                "`on-demand`, or `{ read: 5, write: 5 }`",
                suggest::did_you_mean(text, ["on-demand"]).or_else(example),
            ),
        };
    }
    let mut fields = value.fields("`billing`")?;
    let read = fields.required("read", "5", units);
    let write = fields.required("write", "5", units);
    fields.finish();
    Some(Billing::Provisioned { read: read?, write: write? })
}

fn units(value: Value) -> Option<u64> {
    value.integer("", 1..=i64::MAX).and_then(|units| u64::try_from(units).ok())
}

fn time_to_live(value: Value, keys: &[&Key]) -> Option<String> {
    let name = value.short(255)?;
    if keys.iter().any(|key| key.name == name) {
        let message = format!("`{name}` is a key of the table and cannot contain the time to live");
        return value
            .fail(message, help("name another attribute; it contains a number of seconds since 1970"));
    }
    Some(name.to_owned())
}

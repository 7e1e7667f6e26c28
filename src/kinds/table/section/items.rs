//! Items that checks read, by their keys.

use super::Config;
use super::indexes::Types;
use crate::config::{ActOn, Entry, Json, Part, Template};

/// The field of a check with the key of an item.
const KEY: &str = "key";

/// Whether a text has no values of AWS or of earlier checks in it.
fn is_known(text: &Template) -> bool {
    text.parts.iter().all(|part| matches!(part, Part::Text(_)))
}

/// DynamoDB finds an item by its whole key, and by nothing else.
pub(super) fn check(table: &Entry<Config>, act: &ActOn) -> Option<(&'static str, String, String)> {
    let Some(Json::Map(key)) = act.fields.get(KEY) else { return None };
    let Config { partition_key, sort_key, indexes, local_indexes, .. } = &**table;
    let types = Types::of(partition_key, sort_key.as_ref(), indexes, local_indexes);
    let wanted: Vec<_> = [partition_key].into_iter().chain(sort_key).map(|key| types.spec(key)).collect();
    let error = |message: String| {
        let parts = wanted
            .iter()
            .map(|part| format!("{}: {}", part.name, if part.r#type == "N" { "1" } else { "\"1\"" }));
        let parts = parts.collect::<Vec<_>>().join(", ");
        Some((KEY, message, format!("for example `{KEY}: {{ {parts} }}`")))
    };
    for part in &wanted {
        let name = &part.name;
        match key.get(name) {
            None => return error(format!("`{name}` is missing in the key of an item of `{}`", table.name)),
            Some(Json::Number(_)) if part.r#type == "S" => {
                return error(format!("`{name}` in the key of `{}` is a text, not a number", table.name));
            }
            Some(Json::Text(text)) if part.r#type == "N" && is_known(text) => {
                return error(format!("`{name}` in the key of `{}` is a number, not a text", table.name));
            }
            Some(_) => {}
        }
    }
    let other = key.keys().find(|name| !wanted.iter().any(|part| part.name == **name))?;
    error(format!("`{other}` is no part of the key of `{}`", table.name))
}

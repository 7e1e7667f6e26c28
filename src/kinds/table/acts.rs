//! What checks do with tables: read an item.

use crate::aws::{Clients, Error, Result};
use crate::kind::{Act, ActField, Acted, Found, Reply};
use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Number, Value as Json};

pub(super) static ITEM: Act = Act {
    fields: &[ActField::text(
        "key",
        "The partition key of the item, and the sort key where the table has one.",
    )
    .map()
    .required()],
    reads: true,
    actions: &["dynamodb:GetItem"],
    ..Act::new("item", "table", |clients, acted| Box::pin(item(clients, acted)))
};

async fn item(clients: &Clients, acted: &Acted) -> Result<Reply> {
    let key = acted.fields.get("key").and_then(Json::as_object).into_iter().flatten();
    let key = key.map(|(name, value)| Ok((name.clone(), sent(name, value)?)));
    let get = clients.dynamodb().get_item().table_name(&acted.name).consistent_read(true);
    let response = get.set_key(Some(key.collect::<Result<_>>()?)).send().await?;
    let found = response.item.map(|item| {
        let members = item.iter().map(|(name, value)| (name.clone(), shown(value)));
        Found { body: Json::Object(members.collect()).to_string().into_bytes(), token: String::new() }
    });
    Ok(Reply::Found(found.into_iter().collect()))
}

/// A part of a key. A text is a string, and a number a number.
fn sent(name: &str, value: &Json) -> Result<AttributeValue> {
    match value {
        Json::String(text) => Ok(AttributeValue::S(text.clone())),
        Json::Number(number) => Ok(AttributeValue::N(number.to_string())),
        _ => Err(Error::state(format!("`{name}` of a key must be a text or a number"))),
    }
}

/// A value as plain JSON. Sets are lists, and binary values base64.
fn shown(value: &AttributeValue) -> Json {
    match value {
        AttributeValue::S(text) => text.as_str().into(),
        AttributeValue::N(number) => shown_number(number),
        AttributeValue::Bool(flag) => (*flag).into(),
        AttributeValue::B(bytes) => STANDARD.encode(bytes).into(),
        AttributeValue::L(items) => items.iter().map(shown).collect(),
        AttributeValue::M(members) => Json::Object(
            members.iter().map(|(name, value)| (name.clone(), shown(value))).collect::<Map<_, _>>(),
        ),
        AttributeValue::Ss(texts) => texts.iter().map(|text| Json::from(text.as_str())).collect(),
        AttributeValue::Ns(numbers) => numbers.iter().map(|number| shown_number(number)).collect(),
        AttributeValue::Bs(all) => all.iter().map(|bytes| Json::from(STANDARD.encode(bytes))).collect(),
        _ => Json::Null,
    }
}

/// DynamoDB has up to 38 digits: a number that JSON's would not keep stays a text.
fn shown_number(text: &str) -> Json {
    let whole = text.parse::<i64>().map(Json::from).ok();
    let number = || text.parse::<f64>().ok().and_then(Number::from_f64).map(Json::Number);
    let exact = |number: &Json| {
        let kept = number.to_string();
        text.len() <= 15 || kept == text
    };
    whole.or_else(|| number().filter(exact)).unwrap_or_else(|| text.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_item_is_shown_as_plain_json() {
        let number = |text: &str| AttributeValue::N(text.to_owned());
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let list = AttributeValue::L(vec![text("a"), number("1"), AttributeValue::Null(true)]);
        assert_eq!(shown(&list), json!(["a", 1, null]));
        assert_eq!(shown(&number("2.5")), json!(2.5));
        assert_eq!(shown(&number("12345678901234567890123456789")), json!("12345678901234567890123456789"));
        assert_eq!(shown(&AttributeValue::Ns(vec!["1".to_owned(), "2".to_owned()])), json!([1, 2]));
        let members = [("on".to_owned(), AttributeValue::Bool(true))].into();
        assert_eq!(shown(&AttributeValue::M(members)), json!({ "on": true }));
        assert_eq!(shown(&AttributeValue::B(b"hi".to_vec().into())), json!("aGk="));
    }

    #[test]
    fn a_key_has_texts_and_numbers() {
        assert_eq!(sent("id", &json!("1")).ok(), Some(AttributeValue::S("1".to_owned())));
        assert_eq!(sent("at", &json!(5)).ok(), Some(AttributeValue::N("5".to_owned())));
        assert!(sent("id", &json!([1])).is_err());
    }
}

//! The key in KMS that encrypts a resource: how the stack file names it, and what its use takes.

use crate::config::decode::{Value, help};
use crate::config::section::Shape;
use crate::lower::Lower;
use crate::model::Text;
use crate::policy::{Statement, Tree};
use serde_json::json;
use std::collections::BTreeMap;

/// A key: its ARN, an alias, or `aws` for AWS's own key for the service, which has this alias.
pub(super) fn kms_key(own: &'static str) -> Shape<String> {
    let schema = json!({ "type": "string", "minLength": 1 });
    Shape::new(schema, move |value| named(value, own)).with("examples", json!(["aws", "alias/NAME"]))
}

fn named(value: Value, own: &str) -> Option<String> {
    let text = value.text()?;
    match text {
        "aws" => Some(own.to_owned()),
        text if text.starts_with("alias/") || text.starts_with("arn:") => Some(text.to_owned()),
        _ => {
            value.wrong_type("the ARN or alias of a key, or `aws`", help("an alias looks like `alias/NAME`"))
        }
    }
}

/// A statement that allows actions on a key, where there are any; through a service alone, where one is named.
pub(super) fn use_of(
    key: &str,
    actions: impl IntoIterator<Item = &'static str>,
    service: Option<&str>,
    lower: &Lower,
) -> Option<Statement<Text>> {
    let actions: Vec<&str> = actions.into_iter().collect();
    if actions.is_empty() {
        return None;
    }
    let text = |text: String| Tree::Text(Text::from(text));
    let mut conditions = BTreeMap::new();
    let mut only = |operator: &str, key: &str, value: String| {
        conditions.insert(operator.to_owned(), Tree::Map([(key.to_owned(), text(value))].into()));
    };
    let keys = match key.split_once("alias/") {
        None => key.to_owned(),
        // No statement applies to the ARN of an alias, so it is about the keys that have it.
        Some((_, alias)) => {
            only("ForAnyValue:StringEquals", "kms:ResourceAliases", format!("alias/{alias}"));
            lower.scope.expand("arn:{partition}:kms:{region}:{account}:key/{name}", "*")
        }
    };
    if let Some(service) = service {
        only(
            "StringEquals",
            "kms:ViaService",
            lower.scope.expand(&format!("{service}.{{region}}.{{dns}}"), ""),
        );
    }
    let mut statement = Statement::allow(actions, ("Resource", Tree::List(vec![text(keys)])));
    if !conditions.is_empty() {
        statement.0.insert("Condition".to_owned(), Tree::Map(conditions));
    }
    Some(statement)
}

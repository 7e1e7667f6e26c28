//! The key in KMS that encrypts a resource: how the stack file names it, and what its use takes.

use crate::config::decode::{Value, help};
use crate::config::section::Shape;
use crate::lower::Lower;
use crate::model::{Scope, Text};
use crate::policy::{Statement, Tree};
use serde_json::json;
use std::collections::BTreeMap;

/// Of a key with replicas, each region has its own ARN [DG: KMS, "Multi-Region keys"].
pub(super) const OWN_REGION: &str = "AWS encrypts with keys of the same region alone";

/// A key: its ARN, an alias, or `aws` for AWS's own key for the service, which has this alias.
pub(super) fn kms_key(own: &'static str) -> Shape<String> {
    let schema = json!({ "type": "string", "minLength": 1 });
    let shape = Shape::new(schema, move |value| named(value, own)).of_region(OWN_REGION);
    shape.with("examples", json!(["aws", "alias/NAME"]))
}

/// The same for a service that has no key of AWS's own.
pub(super) fn kms_key_of_ours() -> Shape<String> {
    let schema = json!({ "type": "string", "minLength": 1 });
    let shape = Shape::new(schema, |value| match value.text()? {
        "aws" => value.fail(
            "the service has no key of AWS's own",
            help("remove it: then the service uses a key that it owns"),
        ),
        text if text.starts_with("alias/") || text.starts_with("arn:") => Some(text.to_owned()),
        _ => value.wrong_type("the ARN or alias of a key", help("an alias looks like `alias/NAME`")),
    });
    shape.of_region(OWN_REGION).with("examples", json!(["alias/NAME"]))
}

/// A key as the stack file names it: AWS may show an alias with its ARN [M: DescribeSecret].
pub(super) fn as_named(key: &str, scope: &Scope) -> String {
    let alias = key.strip_prefix(&scope.arn("kms", "alias/"));
    alias.map_or_else(|| key.to_owned(), |alias| format!("alias/{alias}"))
}

/// Why a service cannot send to an entry that a key encrypts, and what helps: AWS's own key admits this account alone
/// [aws-facts-services: 1, DG]. `own` is that key, and the service that it is for.
pub(super) fn out_of_reach(
    (name, key): (&str, Option<&str>),
    own: (&str, &str),
    service: &str,
) -> Option<(String, String)> {
    // The ARN of its alias names the same key.
    let is_own =
        |key: &str| key.strip_suffix(own.0).is_some_and(|rest| rest.is_empty() || rest.ends_with(':'));
    key.is_some_and(is_own).then(|| {
        let message =
            format!("{service} cannot send to `{name}`, which AWS's own key for {} encrypts", own.1);
        (message, format!("remove `kms_key` there, or name a key of your own that admits {service}"))
    })
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

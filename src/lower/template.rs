//! Texts with placeholders.

use super::Lowering;
use crate::config::{Json, Part, Template};
use crate::model::{AttributeMap, Identity, ResourceId, Text};
use crate::policy::Tree;

impl Lowering<'_> {
    /// A text, known or unknown.
    pub(super) fn template(&self, template: &Template) -> Text {
        Text::join(template.parts.iter().map(|part| self.part(part)))
    }

    fn part(&self, part: &Part) -> Text {
        match part {
            Part::Text(text) => text.into(),
            Part::Region => self.scope.region.as_str().into(),
            Part::Account => self.scope.account.as_str().into(),
            Part::TableName(key) => self.id("table", key).name.into(),
            Part::TableArn(key) => Text::reference(&self.id("table", key), "arn"),
            Part::FunctionName(key) => self.id("function", key).name.into(),
            Part::FunctionArn(key) => Text::reference(&self.id("function", key), "arn"),
            Part::ApiUrl => Text::reference(&ResourceId::new("api", ""), "url"),
            // The reader of the stack file allows captures only in checks, which are not lowered.
            Part::Capture(name) => format!("${{capture.{name}}}").into(),
        }
    }

    /// A JSON tree whose texts may have placeholders.
    pub(super) fn json(&self, json: &Json) -> Tree<Text> {
        match json {
            Json::Null => Tree::Null,
            Json::Bool(flag) => Tree::Bool(*flag),
            Json::Number(number) => Tree::Number(number.clone()),
            Json::Text(template) => Tree::Text(self.template(template)),
            Json::List(items) => Tree::List(items.iter().map(|item| self.json(item)).collect()),
            Json::Map(members) => {
                Tree::Map(members.iter().map(|(key, value)| (key.clone(), self.json(value))).collect())
            }
        }
    }
}

/// The value of a placeholder of a check in a deployed stack; `None` for a capture, and for a resource that does not exist.
pub fn lookup_part(
    part: &Part,
    identity: &Identity,
    region: &str,
    account: &str,
    attributes: &AttributeMap,
) -> Option<String> {
    let live = |kind, key: &str, attribute: &str| {
        let live = attributes.get(&ResourceId::new(kind, identity.prefixed(key)))?;
        Some(live.get(attribute)?.as_str()?.to_owned())
    };
    match part {
        Part::Text(text) => Some(text.clone()),
        Part::Region => Some(region.to_owned()),
        Part::Account => Some(account.to_owned()),
        Part::TableName(key) => live("table", key, "name"),
        Part::TableArn(key) => live("table", key, "arn"),
        Part::FunctionName(key) => live("function", key, "name"),
        Part::FunctionArn(key) => live("function", key, "arn"),
        Part::ApiUrl => Some(attributes.get(&ResourceId::new("api", ""))?.get("url")?.as_str()?.to_owned()),
        Part::Capture(_) => None,
    }
}

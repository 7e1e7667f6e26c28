//! Texts with placeholders.

use super::{Lower, id_of};
use crate::config::{Json, Part, Template};
use crate::kinds::sections;
use crate::model::{AttributeMap, ResourceId, Scope, Text};
use crate::policy::Tree;

impl Lower<'_> {
    /// A text, known or unknown.
    pub(crate) fn template(&self, template: &Template) -> Text {
        Text::join(template.parts.iter().map(|part| self.part(part)))
    }

    fn part(&self, part: &Part) -> Text {
        match part {
            Part::Text(text) => text.into(),
            Part::Region => self.scope.region.as_str().into(),
            Part::Account => self.scope.account.as_str().into(),
            Part::Partition => self.scope.partition.as_str().into(),
            Part::Attribute { kind, key, attribute } => self.attribute(kind, key, attribute),
            // The reader of the stack file allows captures only in checks, which are not lowered.
            Part::Capture(name) => format!("${{capture.{name}}}").into(),
        }
    }

    /// An attribute of an entry. A name is the key in the stack file with the environment's prefix; it makes no dependency.
    fn attribute(&self, kind: &'static str, key: &str, attribute: &'static str) -> Text {
        let id = with_attribute(kind, key, attribute, self.scope);
        if attribute == "name" { id.name.into() } else { Text::reference(&id, attribute) }
    }

    /// A JSON tree whose texts may have placeholders.
    pub(crate) fn json(&self, json: &Json) -> Tree<Text> {
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

/// The resource that has an attribute of an entry: its own, or a child of that.
pub(crate) fn with_attribute(kind: &'static str, key: &str, attribute: &str, scope: &Scope) -> ResourceId {
    let id = id_of(kind, key, scope);
    let section = sections().of_kind(kind);
    let found = section.and_then(|section| section.references().iter().find(|one| one.name == attribute));
    match found.and_then(|found| found.of_child) {
        Some(child) => id.child(child, id.name.clone()),
        None => id,
    }
}

/// The value of a placeholder of a check in a deployed stack; `None` for a capture, and for a resource that does not exist.
pub fn lookup_part(part: &Part, scope: &Scope, attributes: &AttributeMap) -> Option<String> {
    match part {
        Part::Text(text) => Some(text.clone()),
        Part::Region => Some(scope.region.clone()),
        Part::Account => Some(scope.account.clone()),
        Part::Partition => Some(scope.partition.clone()),
        Part::Attribute { kind, key, attribute } => {
            let live = attributes.get(&with_attribute(kind, key, attribute, scope))?;
            Some(live.get(attribute)?.as_str()?.to_owned())
        }
        Part::Capture(_) => None,
    }
}

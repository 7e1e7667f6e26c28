//! Rules of texts with placeholders.

use super::decode::Value;
use super::reference::Scope;
use super::stack::{Part, Template};

/// A description, of which AWS allows `most` characters.
pub(super) fn description(value: Value, scope: Scope, most: usize) -> Option<Template> {
    let template = value.template(scope)?;
    let length = literal_length(&template);
    if length > most {
        return value.fail(format!("the description has {length} characters; AWS allows {most}"), None);
    }
    Some(template)
}

/// How many characters a template has at least: without the values of its placeholders.
fn literal_length(template: &Template) -> usize {
    let literal = template.parts.iter().map(|part| match part {
        Part::Text(text) => text.chars().count(),
        _ => 0,
    });
    literal.sum()
}

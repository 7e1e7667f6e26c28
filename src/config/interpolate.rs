//! Texts with placeholders, and JSON with such texts.

use super::decode::{Value, help};
use super::reference;
use super::section::SOME_TEXT;
use super::stack::{Json, Part, Template};
use crate::yaml::{Kind, Piece, Span};

impl Value<'_> {
    /// A text with placeholders.
    pub(crate) fn template(self) -> Option<Template> {
        let at = self.at();
        let Kind::Template { pieces, .. } = &self.node.kind else {
            let text = self.text()?;
            let parts = if text.is_empty() { Vec::new() } else { vec![Part::Text(text.to_owned())] };
            return Some(Template { at, parts });
        };
        let parts: Vec<Option<Part>> = pieces.iter().map(|piece| self.part(piece)).collect();
        Some(Template { at, parts: parts.into_iter().collect::<Option<_>>()? })
    }

    fn part(self, piece: &Piece) -> Option<Part> {
        match piece {
            Piece::Text(text) => Some(Part::Text(text.clone())),
            Piece::Placeholder(expression, span) => match reference::part(expression, self.cx.scope) {
                Ok(part) => {
                    self.note_assigned(&part, *span);
                    Some(part)
                }
                Err(error) => self.cx.fail_at(*span, error.message, error.help),
            },
            Piece::Unread { fallback, .. } => {
                Some(Part::Text(fallback.as_deref().unwrap_or(SOME_TEXT).to_owned()))
            }
            Piece::Sensitive(text) => Some(Part::Text(text.clone())),
            Piece::Failed => None,
        }
    }

    /// Notes an attribute that is known only after `up`.
    fn note_assigned(self, part: &Part, span: Span) {
        let Part::Attribute { kind, attribute, .. } = part else { return };
        let section = self.cx.scope.names.sections.of_kind(kind);
        let referred =
            section.and_then(|section| section.references().iter().find(|one| one.name == *attribute));
        if referred.is_some_and(|referred| !referred.known) {
            self.cx.note_unresolved(self.at(), span);
        }
    }

    /// Any value as JSON, with `${…}` in its texts.
    pub(crate) fn json(self) -> Option<Json> {
        Some(match &self.node.kind {
            Kind::Null => Json::Null,
            Kind::Plain(text) => match serde_json::from_str(text) {
                Ok(serde_json::Value::Bool(value)) => Json::Bool(value),
                Ok(serde_json::Value::Number(number)) => Json::Number(number),
                // `012` or `.inf`: JSON has no such number, so the value is the text as written.
                _ => Json::Text(self.template()?),
            },
            Kind::Text(_) | Kind::Template { .. } => Json::Text(self.template()?),
            Kind::List(_) => Json::List(self.list(|item| item.json())?),
            Kind::Map(_) => {
                let members = self.map(|member| {
                    let key = member.key.text.clone();
                    if key.contains("${") {
                        return member
                            .fail_key("`${…}` is not supported in keys", help("it works in values"));
                    }
                    Some((key, member.json()?))
                })?;
                Json::Map(members.into_iter().collect())
            }
        })
    }
}

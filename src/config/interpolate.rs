//! `${…}` in texts and in JSON. One pass: a value that is filled in is never interpreted again.

use super::decode::{Value, help};
use super::reference;
use super::stack::{Json, Part, Template};
use crate::yaml::{Kind, Span};

impl Value<'_> {
    /// A text with `${…}`.
    pub(crate) fn template(self) -> Option<Template> {
        let text = self.scalar()?;
        let mut template = Builder { value: self, parts: Vec::new() };
        let mut whole = true;
        let mut rest = text;
        let mut seen = 0;
        while let Some(start) = rest.find("${") {
            let (before, after) = (&rest[..start], &rest[start + 2..]);
            if let Some(before) = before.strip_suffix('$') {
                template.text(before);
                template.text("${");
                rest = after;
            } else {
                template.text(before);
                let Some(end) = after.find('}') else { return self.unfinished(seen) };
                match reference::part(&after[..end], self.cx.scope) {
                    Ok(part) => template.push(part, seen, end + 3),
                    Err(error) => {
                        self.cx.report(self.place(seen, end + 3), error.message, error.help);
                        whole = false;
                    }
                }
                rest = &after[end + 1..];
            }
            seen += 1;
        }
        template.text(rest);
        whole.then_some(Template { at: self.at(), parts: template.parts })
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
            Kind::Text(_) => Json::Text(self.template()?),
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

    /// The place in the source of the `index`-th `${` of this value.
    fn place(self, index: usize, length: usize) -> Span {
        let count = |text: &str| text.matches("${").count();
        let source = self.cx.source().slice(self.node.span);
        let text = self.node.text().unwrap_or_default();
        // Escapes such as `\x24{` make the two differ, and then the whole value is marked.
        if count(source) != count(text) {
            return self.node.span;
        }
        let offset = source.match_indices("${").nth(index).map(|(offset, _)| offset);
        offset.map_or(self.node.span, |offset| {
            let start = self.node.span.start + offset;
            Span { start, end: (start + length).min(self.node.span.end) }
        })
    }

    fn unfinished<T>(self, index: usize) -> Option<T> {
        let message = "`${` without a `}`";
        self.cx.report(self.place(index, 2), message, help("to write `${` itself, use `$${`"));
        None
    }
}

struct Builder<'a> {
    value: Value<'a>,
    parts: Vec<Part>,
}

impl Builder<'_> {
    fn text(&mut self, text: &str) {
        match self.parts.last_mut() {
            _ if text.is_empty() => {}
            Some(Part::Text(last)) => last.push_str(text),
            _ => self.parts.push(Part::Text(text.to_owned())),
        }
    }

    /// True for an attribute that is known only after `up`.
    fn is_assigned(&self, part: &Part) -> bool {
        let Part::Attribute { kind, attribute, .. } = part else { return false };
        let section = self.value.cx.scope.names.sections.of_kind(kind);
        let referred =
            section.and_then(|section| section.references().iter().find(|one| one.name == *attribute));
        referred.is_some_and(|referred| !referred.known)
    }

    fn push(&mut self, part: Part, index: usize, length: usize) {
        match part {
            Part::Text(text) => self.text(&text),
            part => {
                if self.is_assigned(&part) {
                    let place = self.value.place(index, length);
                    self.value.cx.note_unresolved(self.value.at(), place);
                }
                self.parts.push(part);
            }
        }
    }
}

//! What a check sends: JSON, a text, or a file.

use crate::config::code;
use crate::config::decode::help;
use crate::config::fields::Fields;
use crate::config::section::Shape;
use crate::config::stack::{Body, Json, Template};
use serde_json::json;
use std::path::PathBuf;

/// The fields that say what is sent, at most one of which is there.
pub(super) struct Content {
    pub(super) body: Option<Json>,
    pub(super) text: Option<Template>,
    pub(super) file: Option<PathBuf>,
}

impl From<Content> for Body {
    fn from(content: Content) -> Body {
        match content {
            Content { file: Some(file), .. } => Body::File(file),
            Content { text: Some(text), .. } => Body::Text(text),
            Content { body: Some(body), .. } => Body::Json(body),
            Content { body: None, text: None, file: None } => Body::None,
        }
    }
}

/// The keys of these fields.
pub(super) const FIELDS: [&str; 3] = ["body", "text", "file"];

/// Reports that more than one of them is there.
pub(super) fn check(fields: &Fields) {
    let mut there = FIELDS.iter().filter(|field| fields.value(field).is_some());
    if let (Some(one), Some(other)) = (there.next(), there.next()) {
        let message = format!("either `{one}` or `{other}` is sent, not both");
        fields.fail_at(other, message, help("remove one of them"));
    }
}

/// A file in the stack's folder.
pub(super) fn file() -> Shape<PathBuf> {
    Shape::new(json!({ "type": "string", "minLength": 1 }), code::file)
}

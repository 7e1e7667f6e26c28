//! `validate` and `schema`: what a stack file may contain. Both work offline.

use super::session::Globals;
use super::{Outcome, json, out, raw};
use crate::config::SCHEMA;
use crate::exit::Exit;
use crate::render::{self, Document};
use serde_json::json;

/// Checks the stack file, and counts what it declares.
///
/// # Errors
/// All errors of the file, at once.
pub fn validate(globals: &Globals) -> Outcome {
    let stack = globals.stack()?;
    let routes = stack.api.as_ref().map_or(0, |api| api.routes.len());
    let contents = [
        ("table", stack.tables.len()),
        ("function", stack.functions.len()),
        ("route", routes),
        ("check", stack.checks.len()),
    ];
    let counts: Vec<String> =
        contents.iter().map(|(noun, number)| render::count(*number as u64, noun)).collect();
    out(&format!("{} is valid: {}.", globals.file.display(), counts.join(", ")));
    let members = contents.map(|(noun, number)| (format!("{noun}s"), json!(number)));
    json(|| Document::new("valid", members.into_iter().collect()));
    Ok(Exit::Done)
}

/// Prints the JSON Schema of the stack file, whatever format is asked for: it is JSON already.
///
/// # Errors
/// None.
pub fn schema() -> Outcome {
    raw(SCHEMA);
    Ok(Exit::Done)
}

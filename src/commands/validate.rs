//! `validate` and `schema`: what a stack file may contain. Both work offline.

use super::session::Globals;
use super::{Outcome, json, out, raw};
use crate::config;
use crate::exit::Exit;
use crate::kind::AnyKind;
use crate::kinds::{kinds, sections};
use crate::outputs::declared;
use crate::render::{self, Document};
use serde_json::json;

/// Checks the stack file, and counts what it declares.
///
/// # Errors
/// All errors of the file, at once.
pub fn validate(globals: &Globals) -> Outcome {
    let stack = globals.stack()?;
    let graph = declared(&stack);
    let counted = kinds().iter().filter(|kind| kind.features().counted);
    let counted: Vec<(&&dyn AnyKind, usize)> = counted
        .map(|kind| (kind, graph.resources.iter().filter(|one| one.id.kind == kind.name()).count()))
        .collect();
    let checks = stack.checks.len();
    let counts = counted.iter().map(|(kind, number)| format!("{number} {}", kind.noun(*number)));
    let counts: Vec<String> = counts.chain([render::count(checks as u64, "check")]).collect();
    out(&format!("{} is valid: {}.", globals.file.display(), counts.join(", ")));
    let members = counted.iter().map(|(kind, number)| (kind.noun(0).replace(' ', "_"), json!(number)));
    json(|| Document::new("valid", members.chain([("checks".to_owned(), json!(checks))]).collect()));
    Ok(Exit::Done)
}

/// Prints the JSON Schema of the stack file, whatever format is asked for: it is JSON already.
///
/// # Errors
/// None.
pub fn schema() -> Outcome {
    raw(&config::schema(sections()));
    Ok(Exit::Done)
}

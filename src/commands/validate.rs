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
    let declared = counted.iter().filter(|(_, number)| *number > 0);
    let declared = declared.map(|(kind, number)| format!("{number} {}", kind.noun(*number)));
    let checks_too = (checks > 0).then(|| render::count(checks as u64, "check"));
    let counts = declared.chain(checks_too).collect::<Vec<_>>().join(", ");
    let counts = if counts.is_empty() { "it declares nothing".to_owned() } else { counts };
    out(&format!("{} is valid: {counts}.", globals.file.display()));
    if !stack.elsewhere.is_empty() {
        let values = render::count(stack.elsewhere.len() as u64, "value");
        out(&render::aside(&format!("Not checked: {values} from elsewhere, which `plan` reads.")));
    }
    let elsewhere: Vec<String> = stack.elsewhere.iter().map(|one| one.address.to_string()).collect();
    let members = counted.iter().map(|(kind, number)| (kind.noun(0).replace(' ', "_"), json!(number)));
    json(|| {
        Document::new(
            "valid",
            members
                .chain([("checks".to_owned(), json!(checks)), ("elsewhere".to_owned(), json!(elsewhere))])
                .collect(),
        )
    });
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

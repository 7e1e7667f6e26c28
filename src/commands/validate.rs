//! `validate` and `schema`: what a stack file may contain. Both work offline.

use super::session::Globals;
use super::{Outcome, err, json, out, raw};
use crate::config::{self, Check, Diagnostic, Request, Stack};
use crate::desired::doubts;
use crate::exit::Exit;
use crate::kind::AnyKind;
use crate::kinds::{kind as kind_of, kinds, sections};
use crate::lower::identity;
use crate::model::ResourceId;
use crate::outline::is_part;
use crate::outputs::declared;
use crate::render::{self, Document};
use crate::requests::unserved;
use serde_json::{Value as Json, json};

/// Checks the stack file, and counts what it declares.
///
/// # Errors
/// All errors of the file, at once.
pub fn validate(globals: &Globals) -> Outcome {
    let stack = globals.stack()?;
    let graph = declared(&stack);
    let counted = kinds().iter().filter(|kind| kind.features().counted);
    let counted: Vec<(&&dyn AnyKind, usize)> = counted
        .map(|kind| {
            let of_kind = graph.resources.iter().filter(|one| one.id.kind == kind.name());
            // What comes with a resource that is counted is not counted by itself, such as the role of a function.
            let is_counted = |of: &ResourceId| graph.get(of).is_some() && kind_of(of.kind).features().counted;
            (kind, of_kind.filter(|one| !is_part(&one.id, is_counted)).count())
        })
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
    let warnings = warnings(&stack);
    warnings.iter().for_each(|(text, _)| err(&render::warning(text)));
    let elsewhere: Vec<String> = stack.elsewhere.iter().map(|one| one.address.to_string()).collect();
    let members = counted.iter().map(|(kind, number)| (kind.noun(0).replace(' ', "_"), json!(number)));
    let warnings: Vec<Json> = warnings.into_iter().map(|(_, document)| document).collect();
    let more = [("checks", json!(checks)), ("elsewhere", json!(elsewhere)), ("warnings", json!(warnings))];
    let more = more.map(|(name, value)| (name.to_owned(), value));
    json(|| Document::new("valid", members.chain(more).collect()));
    Ok(Exit::Done)
}

/// What is valid and yet cannot work, or is hardly meant: each as a text, and in the form of an error of the file.
fn warnings(stack: &Stack) -> Vec<(String, Json)> {
    let unserved = unserved(stack).into_iter().map(|(check, sent): (&Check, &Request)| {
        let request = format!("{} {}", sent.method, render::path(&sent.path));
        let expected = format!("the check `{}` expects status {}", check.name, check.expect.status());
        let help = "add the route, or correct the request; a check that expects 404 needs no route";
        Diagnostic {
            at: check.at,
            length: 0,
            message: format!("no route serves `{request}`, but {expected}"),
            help: Some(help.to_owned()),
        }
    });
    let one = |Diagnostic { at, length: _, message, help }: Diagnostic| {
        let help = help.unwrap_or_default();
        let text = format!("{}{message}; {help}", render::place(&stack.files, Some(at)));
        let file = usize::try_from(at.file).ok().and_then(|file| stack.files.get(file));
        let file = file.map(|file| file.display().to_string());
        let (line, column) = (at.line, at.column);
        (text, json!({ "message": message, "help": help, "file": file, "line": line, "column": column }))
    };
    unserved.chain(doubts(stack, &identity(stack))).map(one).collect()
}

/// Prints the JSON Schema of the stack file, whatever format is asked for: it is JSON already.
///
/// # Errors
/// None.
pub fn schema() -> Outcome {
    raw(&config::schema(sections()));
    Ok(Exit::Done)
}

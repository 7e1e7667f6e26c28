//! What is to be taken over, and what comes of it.

use super::{BOLD, DIM, GREEN, RED, Shown, json::Document, plan, styled, summary, warning};
use crate::adopt::Adoption;
use crate::kind::kind;
use crate::model::{Owner, Seen};
use crate::plan::{Action, Plan, Step};
use serde_json::json;

/// What is taken over from whom, and what the next `up` would do with it.
pub fn adoption(adoption: &Adoption, then: &Plan, shown: Shown) -> String {
    let mut text = format!("{}\n", styled(BOLD, "Will be adopted (only tags change):"));
    text.extend(
        adoption
            .things
            .iter()
            .map(|seen| format!("  {} {}  {}\n", styled(GREEN, "+"), seen.thing(), styled(DIM, owner(seen)))),
    );
    text.extend(adoption.notes.iter().map(|note| format!("  {}\n", styled(DIM, note))));
    if then.is_empty() {
        return text + "\nIt matches the stack file; the next `up` will not change it.";
    }
    text += &format!("\n{}\n\n{}", styled(BOLD, "The next `up` would then do this:"), plan(then, shown));
    // What lives in another thing is made anew without anybody's losing it.
    let replaced = |step: &&Step| step.action == Action::Replace && kind(step.id.kind).parent().is_none();
    for step in then.steps.iter().filter(replaced) {
        let loss = step.loss.as_deref().or(kind(step.id.kind).loss());
        let loss = loss.map(|loss| format!(", and {} would be lost", styled(RED, loss))).unwrap_or_default();
        text += &format!("{}\n", warning(&format!("{} would be replaced{loss}", step.id)));
    }
    for refusal in &then.refusals {
        text += &format!("{}\n", warning(&format!("it would be blocked: {}", refusal.why)));
    }
    text + &summary(then)
}

/// Whose it is now.
fn owner(seen: &Seen) -> &str {
    match &seen.owner {
        Owner::Foreign(who) => who,
        Owner::Unclaimed => "it has no ownership tag",
        Owner::Ours => "it belongs to this stack",
    }
}

/// The same, for programs.
pub fn document(adoption: &Adoption) -> Document {
    let things = adoption.things.iter().map(|seen| {
        json!({ "kind": seen.id.kind, "name": seen.id.name, "id": seen.physical, "owner": owner(seen) })
    });
    Document::new("adoption", json!({ "resources": things.collect::<Vec<_>>(), "notes": adoption.notes }))
}

//! An adoption, and its effect.

use super::{BOLD, DIM, Detail, GREEN, RED, json::Document, plan, styled, summary, warning};
use crate::adopt::Adoption;
use crate::kinds::kind;
use crate::model::{Observed, Owner};
use crate::outline::Outline;
use crate::plan::{Action, Plan, Step};
use serde_json::json;

/// What is adopted from which owner, and what the next `up` would do with it.
pub fn adoption(adoption: &Adoption, then: &Plan, shown: Detail) -> String {
    let mut text = format!("{}\n", styled(BOLD, "Will be adopted (only tags change):"));
    text.extend(adoption.resources.iter().map(|observed| {
        format!("  {} {}  {}\n", styled(GREEN, "+"), observed.key(), styled(DIM, owner(observed)))
    }));
    text.extend(adoption.notes.iter().map(|note| format!("  {}\n", styled(DIM, note))));
    if then.is_empty() {
        return text + "\nIt matches the stack file; the next `up` will not change it.";
    }
    text += &format!(
        "\n{}\n\n{}",
        styled(BOLD, "The next `up` would then do this:"),
        plan(&Outline::of(then), shown)
    );
    // A child resource is recreated without any data loss.
    let replaced = |step: &&Step| step.action == Action::Replace && kind(step.id.kind).parent().is_none();
    for step in then.steps.iter().filter(replaced) {
        let data_loss = step.data_loss.as_deref().or(kind(step.id.kind).data());
        let data_loss = data_loss
            .map(|data_loss| format!(", and {} would be lost", styled(RED, data_loss)))
            .unwrap_or_default();
        text += &format!("{}\n", warning(&format!("{} would be replaced{data_loss}", step.id)));
    }
    for blocker in &then.blockers {
        text += &format!("{}\n", warning(&format!("it would be blocked: {}", blocker.why)));
    }
    text + &summary(then)
}

/// The current owner.
fn owner(observed: &Observed) -> &str {
    match &observed.owner {
        Owner::Unmanaged(who) => who,
        Owner::Untagged => "it has no ownership tag",
        Owner::Ours => "it belongs to this stack",
    }
}

/// The same, for programs.
pub fn document(adoption: &Adoption) -> Document {
    let resources = adoption.resources.iter().map(|observed| {
        json!({ "kind": observed.id.kind, "name": observed.id.shown_name(), "id": observed.physical_id, "owner": owner(observed) })
    });
    Document::new("adoption", json!({ "resources": resources.collect::<Vec<_>>(), "notes": adoption.notes }))
}

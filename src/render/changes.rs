//! The fields that differ, in the terms of the stack file.

use super::plan::Detail;
use super::{DIM, RED, sign, styled, value};
use crate::diff::Change;
use crate::kind::{AnyKind, Replacement};
use crate::kinds::kind;
use crate::outline::differences;
use crate::plan::{Action, FileChange, Step};
use crate::text::sanitize_line;

/// How many files of a function's code are named.
const FILES: usize = 5;

/// The longest name of a field to which the others are aligned.
const WIDEST: usize = 40;

/// The fields that differ, a line each, the names aligned.
pub(super) fn fields(step: &Step, shown: Detail) -> Vec<String> {
    let kind = kind(step.id.kind);
    let rows: Vec<(String, String)> = rows(step, kind, shown);
    let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default().min(WIDEST);
    rows.into_iter().map(|(name, change)| format!("{name:<width$}  {change}").trim_end().to_owned()).collect()
}

/// The names of the fields that differ, and how.
fn rows(step: &Step, kind: &dyn AnyKind, shown: Detail) -> Vec<(String, String)> {
    let is_hidden = |change: &Change| !shown.values && kind.sensitive().contains(&change.field());
    let mut rows = Vec::new();
    let mut hidden: Vec<Change> = Vec::new();
    for change in differences(step) {
        if is_hidden(&change) && change.path.len() == 2 {
            hidden.push(change);
            continue;
        }
        let text = match change.field() {
            "code" if !step.files.is_empty() => files(&step.files),
            _ => value::change(&change, is_hidden(&change)),
        };
        rows.push((change.path.join("."), text + &forces_replacement(step, kind, &change)));
    }
    for of_field in hidden.chunk_by(|a, b| a.field() == b.field()) {
        rows.push((of_field[0].field().to_owned(), hidden_values(of_field)));
    }
    rows
}

fn forces_replacement(step: &Step, kind: &dyn AnyKind, change: &Change) -> String {
    let is_replaced = step.action == Action::Replace && kind.replacement() != Replacement::Version;
    if is_replaced && kind.immutable().contains(&change.field()) {
        styled(RED, "  (forces replacement)")
    } else {
        String::new()
    }
}

/// The members of a field whose values are not shown: `+ GREETING  ~ TABLE_NAME  (values not shown)`.
fn hidden_values(changes: &[Change]) -> String {
    let member = |change: &Change| {
        let action = match (&change.from, &change.to) {
            (None, _) => Action::Create,
            (_, None) => Action::Delete,
            _ => Action::Update,
        };
        format!("{} {}", sign(action), sanitize_line(&change.path[1]))
    };
    let members: Vec<String> = changes.iter().map(member).collect();
    let remark = if changes.len() == 1 { "(value not shown)" } else { "(values not shown)" };
    format!("{}  {}", members.join("  "), styled(DIM, remark))
}

/// The files that differ.
pub(super) fn files(files: &[FileChange]) -> String {
    let named = files.iter().take(FILES);
    let named = named.map(|file| format!("{} {}", sign(file.action), sanitize_line(&file.name)));
    let more = Some(files.len().saturating_sub(FILES)).filter(|more| *more > 0);
    named.chain(more.map(|more| format!("and {more} more"))).collect::<Vec<_>>().join("  ")
}

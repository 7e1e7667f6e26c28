//! A plan, grouped by kind.

use super::{ACTIONS, BOLD, DIM, RED, YELLOW, past, sign, styled, value};
use crate::diff::Change;
use crate::kinds::{kind, kinds};
use crate::model::in_words;
use crate::plan::{Action, FileChange, Plan, Step};
use crate::text::sanitize_line;
use serde_json::Value as Json;

/// How much of a plan is shown.
#[derive(Debug, Clone, Copy, Default)]
pub struct Detail {
    /// Also the fields of new resources.
    pub details: bool,
    /// Also the values of sensitive fields: only for a terminal.
    pub values: bool,
}

/// The steps of a plan by kind, each with what differs and why.
pub fn plan(plan: &Plan, shown: Detail) -> String {
    let mut text = String::new();
    for kind in kinds() {
        let steps: Vec<&Step> = plan.steps.iter().filter(|step| step.id.kind == kind.name()).collect();
        if !steps.is_empty() {
            text += &format!("{}\n", styled(BOLD, kind.noun(steps.len())));
            text.extend(steps.into_iter().map(|one| step(one, shown)));
        }
    }
    for note in &plan.notes {
        text += &format!("{} {note}\n", styled(YELLOW, "note:"));
    }
    text
}

/// One line that counts the steps.
pub fn summary(plan: &Plan) -> String {
    let counts = ACTIONS.map(|action| (plan.count(action), action.verb()));
    let counts: Vec<String> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, verb)| format!("{count} to {verb}"))
        .collect();
    let unchanged =
        Some(plan.unchanged.len()).filter(|count| *count > 0).map(|count| format!("{count} unchanged"));
    let counts: Vec<String> = counts.into_iter().chain(unchanged).collect();
    format!("{} {}", styled(BOLD, "Plan:"), counts.join(", "))
}

/// What was done of a plan, counted: `9 created, 1 updated`.
pub(super) fn done<'a>(steps: impl Iterator<Item = &'a Step> + Clone) -> String {
    let count = |action| steps.clone().filter(|step| step.action == action).count();
    let counts = ACTIONS.map(|action| (count(action), past(action)));
    let counts = counts.iter().filter(|(count, _)| *count > 0).map(|(count, past)| format!("{count} {past}"));
    counts.collect::<Vec<_>>().join(", ")
}

fn step(step: &Step, shown: Detail) -> String {
    let with = if step.with_parent { styled(DIM, parent(step)) } else { String::new() };
    let mut text = format!("  {} {}{with}\n", sign(step.action), title(step));
    for reason in &step.reasons {
        text += &format!("      {}\n", styled(DIM, reason));
    }
    if step.action == Action::Update || step.action == Action::Replace || shown.details {
        text.extend(fields(step, shown));
    }
    if let Some(data_loss) = step.data_loss.as_ref().filter(|_| !step.with_parent) {
        text += &format!("      {} {}\n", styled(RED.bold(), "will be lost:"), styled(RED, data_loss));
    }
    text
}

/// The name of what a step is about; an API goes by the name that AWS shows.
pub(super) fn title(step: &Step) -> String {
    if !step.id.name.is_empty() {
        return step.id.name.clone();
    }
    let desired = step.desired.as_ref().and_then(|desired| desired.get("name"));
    let name = desired.or_else(|| step.observed.as_ref()?.spec.get("name"));
    name.and_then(Json::as_str).map_or_else(|| step.id.to_string(), str::to_owned)
}

/// How many files of a function's code are named.
const FILES: usize = 5;

/// The files that differ.
pub(super) fn files(files: &[FileChange]) -> String {
    let named = files.iter().take(FILES);
    let named = named.map(|file| format!("{} {}", sign(file.action), sanitize_line(&file.name)));
    let more = Some(files.len().saturating_sub(FILES)).filter(|more| *more > 0);
    named.chain(more.map(|more| format!("and {more} more"))).collect::<Vec<_>>().join("  ")
}

fn parent(step: &Step) -> String {
    step.id.parent().map(|parent| format!("  (with its {})", in_words(parent.kind))).unwrap_or_default()
}

/// The fields that differ, the names aligned.
pub(super) fn fields(step: &Step, shown: Detail) -> Vec<String> {
    let kind = kind(step.id.kind);
    let sensitive = |field: &str| !shown.values && kind.sensitive().contains(&field);
    let is_ownership_tag = |change: &Change| {
        step.observed.is_none() && change.path.get(1).is_some_and(|key| key.starts_with("provision:"))
    };
    let changes: Vec<&Change> = step.changes.iter().filter(|change| !is_ownership_tag(change)).collect();
    let width =
        changes.iter().map(|change| change.path.join(".").chars().count()).max().unwrap_or_default().min(40);
    let line = |change: &&Change| {
        let path = change.path.join(".");
        let replaces = if step.action == Action::Replace && kind.immutable().contains(&change.field()) {
            styled(RED, "  (forces replacement)")
        } else {
            String::new()
        };
        let change = if change.field() == "code" && !step.files.is_empty() {
            files(&step.files)
        } else {
            value::change(change, sensitive(change.field()))
        };
        let line = format!("      {path:<width$}  {change}{replaces}");
        format!("{}\n", line.trim_end())
    };
    changes.iter().map(line).collect()
}

//! Reasons not to carry out a plan: what is not ours, what is protected, what would lose data, and what looks like a
//! mistake.

use super::{Action, Mode, Options, Refusal, Step};
use crate::kind::kind;
use crate::model::{Graph, Id, Owner, Seen};
use std::collections::BTreeMap;

/// Every reason at once.
pub(super) fn refusals(
    graph: &Graph,
    seen: &BTreeMap<Id, &Seen>,
    steps: &[Step],
    options: &Options,
) -> Vec<Refusal> {
    let foreign = graph.resources.iter().filter_map(|resource| {
        let Owner::Foreign(who) = &seen.get(&resource.id)?.owner else { return None };
        Some(Refusal {
            id: Some(resource.id.clone()),
            at: Some(resource.at),
            why: format!("{} exists already, and {who}", resource.id),
            help: "choose another name, or delete the other one first; it was not touched".to_owned(),
        })
    });
    let refused: Vec<Refusal> = foreign.collect();
    // What belongs to another is not ours to judge further.
    if !refused.is_empty() {
        return refused;
    }
    let guarded = steps.iter().filter(|step| !step.with_parent).filter_map(|step| guard(step, options));
    mistaken(graph, seen, steps, options).into_iter().chain(guarded).collect()
}

/// A reason not to delete or replace what a step is about. What is being deleted already cannot be held back.
fn guard(step: &Step, options: &Options) -> Option<Refusal> {
    let ends = matches!(step.action, Action::Delete | Action::Replace);
    let seen = step.seen.as_ref().filter(|seen| ends && seen.is_there())?;
    let verb = if step.action == Action::Replace { "replace" } else { "delete" };
    let refusal =
        |why: String, help: String| Some(Refusal { id: Some(step.id.clone()), at: step.at, why, help });
    if seen.protected {
        let help = match step.id.kind {
            "table" => "set `protect: false` and run `up` first; then the protection is off",
            _ => "take its deletion protection off in the AWS console or with the AWS CLI first",
        };
        let why = format!("{} is protected against deletion, and the plan would {verb} it", step.id);
        return refusal(why, help.to_owned());
    }
    let lost = step.loss.as_ref().filter(|_| kind(step.id.kind).loss().is_some())?;
    let name = if step.id.name.is_empty() { step.id.kind } else { &step.id.name };
    let allowed = ["all", name].iter().any(|allowed| options.allow_data_loss.contains(*allowed));
    if allowed || (options.mode == Mode::Down && options.local) {
        return None;
    }
    refusal(
        format!("the plan would {verb} {}, and {lost} would be lost for good", step.id),
        format!("if that is what you want, add --allow-data-loss {name}"),
    )
}

/// A stack name that was taken by mistake shows as a plan that keeps nothing: everything of ours would go, and nothing
/// that is declared exists.
fn mistaken(graph: &Graph, seen: &BTreeMap<Id, &Seen>, steps: &[Step], options: &Options) -> Option<Refusal> {
    let named = |id: &Id| kind(id.kind).parent().is_none() && !id.name.is_empty();
    let kept = graph.resources.iter().filter(|resource| named(&resource.id));
    let kept = kept.filter_map(|resource| seen.get(&resource.id)).any(|seen| seen.owner == Owner::Ours);
    let goes = steps.iter().any(|step| step.action == Action::Delete && !step.with_parent);
    if kept || !goes || options.mode == Mode::Down || options.replace_stack {
        return None;
    }
    Some(Refusal {
        id: None,
        at: None,
        why: "a stack of this name already exists here with other contents, all of which would be deleted"
            .to_owned(),
        help: "give this stack another name; or, if it is to take the other's place, add --replace-stack"
            .to_owned(),
    })
}

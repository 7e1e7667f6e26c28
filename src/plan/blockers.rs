//! Reasons not to carry out a plan: what is not ours, what is protected, what would lose data, and what looks like a
//! mistake.

use super::{Action, Blocker, Mode, Options, Step};
use crate::aws::tags::UNOWNED;
use crate::kinds::kind;
use crate::model::{Graph, Observed, Owner, Resource, ResourceId, Value};
use rustc_hash::FxHashMap;

/// Every reason at once.
pub(super) fn blockers(
    graph: &Graph,
    observed: &FxHashMap<&ResourceId, &Observed>,
    steps: &[Step],
    options: &Options,
) -> Vec<Blocker> {
    let unmanaged = graph.resources.iter().filter_map(|resource| {
        // What is being deleted says nothing reliable of its owner any more, and is soon out of the way.
        let observed = observed.get(&resource.id).filter(|observed| observed.exists())?;
        let Owner::Unmanaged(who) = &observed.owner else { return None };
        let adopt = match who == UNOWNED {
            true => format!(
                ", or take it over with `provision adopt {} {}`",
                observed.id.kind, observed.physical_id
            ),
            false => String::new(),
        };
        Some(Blocker {
            id: Some(resource.id.clone()),
            at: Some(resource.at),
            why: format!("{} exists already, and {who}", resource.id),
            help: format!("choose another name, or delete the other one first{adopt}; it was not touched"),
        })
    });
    let refused: Vec<Blocker> = unmanaged.collect();
    // What belongs to another is not ours to judge further.
    if !refused.is_empty() {
        return refused;
    }
    let guarded = steps.iter().filter(|step| !step.with_parent).filter_map(|step| guard(step, options));
    stack_name_collision(graph, observed, steps, options).into_iter().chain(guarded).collect()
}

/// A reason not to delete or replace what a step is about. What is being deleted already cannot be held back.
fn guard(step: &Step, options: &Options) -> Option<Blocker> {
    let ends = matches!(step.action, Action::Delete | Action::Replace);
    let observed = step.observed.as_ref().filter(|observed| ends && observed.exists())?;
    let verb = if step.action == Action::Replace { "replace" } else { "delete" };
    let blocker =
        |why: String, help: String| Some(Blocker { id: Some(step.id.clone()), at: step.at, why, help });
    if observed.protected {
        let help = match step.id.kind {
            "table" => "set `protect: false` and run `up` first; then the protection is off",
            _ => "take its deletion protection off in the AWS console or with the AWS CLI first",
        };
        let why = format!("{} is protected against deletion, and the plan would {verb} it", step.id);
        return blocker(why, help.to_owned());
    }
    let lost = step.data_loss.as_ref().filter(|_| kind(step.id.kind).data().is_some())?;
    let name = if step.id.name.is_empty() { step.id.kind } else { &step.id.name };
    let allowed = ["all", name].iter().any(|allowed| options.allow_data_loss.contains(*allowed));
    if allowed || (options.mode == Mode::Down && options.local) {
        return None;
    }
    blocker(
        format!("the plan would {verb} {}, and {lost} would be lost for good", step.id),
        format!("if that is what you want, add --allow-data-loss {name}"),
    )
}

/// A stack name that was taken by mistake shows as a plan that keeps nothing: everything of ours would go, and nothing
/// that is declared exists.
fn stack_name_collision(
    graph: &Graph,
    observed: &FxHashMap<&ResourceId, &Observed>,
    steps: &[Step],
    options: &Options,
) -> Option<Blocker> {
    let kept =
        graph.resources.iter().filter(|resource| kind(resource.id.kind).parent().is_none()).any(|resource| {
            let ours = observed.get(&resource.id).filter(|observed| observed.owner == Owner::Ours);
            ours.is_some_and(|observed| is_named_alike(resource, observed))
        });
    let goes = steps.iter().any(|step| step.action == Action::Delete && !step.with_parent);
    if kept || !goes || options.mode == Mode::Down || options.replace_stack {
        return None;
    }
    Some(Blocker {
        id: None,
        at: None,
        why: "a stack of this name already exists here with other contents, all of which would be deleted"
            .to_owned(),
        help: "give this stack another name; or, if it is to take the other's place, add --replace-stack"
            .to_owned(),
    })
}

/// True unless the thing is found by its mark alone, as an API is, and its name does not prove that it is the same: every
/// project that was given this stack name may call its API by it.
fn is_named_alike(resource: &Resource, observed: &Observed) -> bool {
    if !resource.id.name.is_empty() {
        return true;
    }
    let text = |json: &serde_json::Value, pointer: &str| {
        json.pointer(pointer).and_then(|text| text.as_str().map(str::to_owned))
    };
    let wanted = match &resource.desired {
        Value::Map(members) => members.get("name").and_then(|name| text(&name.known().ok()?, "")),
        Value::Known(json) => text(json, "/name"),
        _ => None,
    };
    let stack = text(&observed.spec, "/tags/provision:stack").unwrap_or_default();
    let common =
        stack.split_once('/').map_or(stack.clone(), |(stack, environment)| format!("{environment}-{stack}"));
    wanted.is_some_and(|wanted| wanted != common && Some(wanted) == text(&observed.spec, "/name"))
}

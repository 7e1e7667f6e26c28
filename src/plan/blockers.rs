//! Reasons not to apply a plan: unmanaged resources, protection, data loss, and a stack name that is used twice.

use super::{Action, Blocker, Mode, Options, Step, build};
use crate::aws::tags::UNOWNED;
use crate::config::At;
use crate::kind::{Registry, Replacement};
use crate::model::{
    Desired, Existing, Graph, Identity, LiveState, Observed, Owner, PhysicalId, Resource, ResourceId,
};
use rustc_hash::FxHashMap;
use std::collections::BTreeSet;

/// Every reason at once.
pub(super) fn blockers(
    graph: &Graph,
    observed: &FxHashMap<&ResourceId, &Observed>,
    steps: &[Step],
    options: &Options,
) -> Vec<Blocker> {
    let unmanaged: Vec<Blocker> =
        graph.resources.iter().filter_map(|resource| unmanaged(resource, observed)).collect();
    // The rest is judged only where all resources are ours.
    if !unmanaged.is_empty() {
        return unmanaged;
    }
    let allowed = Allowed::of(graph, observed, options);
    let mut blockers: Vec<Blocker> =
        stack_name_collision(graph, observed, steps, options).into_iter().collect();
    let deletions = steps.iter().flat_map(|step| deletions(step, graph, observed, options.registry));
    let guarded: Vec<Blocker> =
        deletions.filter_map(|deletion| guard(&deletion, &allowed, options)).collect();
    // `down`, run again to continue, may name a table that it has already deleted.
    if (options.mode == Mode::Up && !steps.is_empty()) || !guarded.is_empty() {
        blockers.extend(allowed.errors);
    }
    blockers.extend(guarded);
    blockers
}

/// What is wrong with the resources of others that the stack refers to: one belongs to the stack, and what was made for it, such
/// as a role, would go; or one does not exist.
pub(super) fn existing(graph: &Graph, live_state: &LiveState) -> Vec<Blocker> {
    let named = |claimed: &PhysicalId| {
        graph.existing.iter().find(|one| one.id.kind == claimed.kind && one.id.name == claimed.id)
    };
    let claimed = live_state.claimed.iter().map(|claimed| Blocker {
        id: named(claimed).map(|existing| existing.id.clone()),
        at: named(claimed).map(|existing| existing.at),
        why: format!("{claimed} belongs to this stack, and cannot be `existing`"),
        help: "remove `existing`; to give it away, remove its tag `provision:stack` first".to_owned(),
    });
    let own = graph.existing.iter().filter(|one| one.is_here && graph.get(&one.id).is_some());
    let own = own.map(|existing| Blocker {
        id: Some(existing.id.clone()),
        at: Some(existing.at),
        why: format!("{} is declared in this stack, and cannot be `existing`", existing.id),
        help: "remove this entry, and refer to the other one".to_owned(),
    });
    claimed.chain(own).chain(missing(graph, live_state)).collect()
}

fn missing(graph: &Graph, live_state: &LiveState) -> Vec<Blocker> {
    let here = graph.existing.iter().filter(|existing| existing.is_here);
    let missing = here.filter(|existing| !live_state.existing.contains_key(&existing.id));
    let missing = missing.map(|existing: &Existing| Blocker {
        id: Some(existing.id.clone()),
        at: Some(existing.at),
        why: format!("{} does not exist in this account and region", existing.id),
        help: "create it first, or correct its name".to_owned(),
    });
    let elsewhere: Vec<&Existing> = graph.existing.iter().filter(|existing| !existing.is_here).collect();
    let references = graph.resources.iter().flat_map(|resource| {
        resource.desired.references().into_iter().map(move |reference| (resource, reference))
    });
    let unknown = references.filter_map(|(resource, reference)| {
        let existing = elsewhere.iter().find(|existing| existing.id == reference.id)?;
        (!graph.knows(reference)).then(|| Blocker {
            id: Some(resource.id.clone()),
            at: Some(resource.at),
            why: format!("the {} of {} cannot be read from here", reference.attribute, existing.id),
            help: "it is in another account or region; write the value itself".to_owned(),
        })
    });
    missing.chain(unknown).collect()
}

/// A declared name that another owner has.
fn unmanaged(resource: &Resource, observed: &FxHashMap<&ResourceId, &Observed>) -> Option<Blocker> {
    // The owner of a resource that is being deleted is not reliable, and the name will soon be free.
    let observed = observed.get(&resource.id).filter(|observed| observed.exists())?;
    let Owner::Unmanaged(owner) = &observed.owner else { return None };
    let adopt = if owner == UNOWNED {
        format!(", or adopt it with `provision adopt {} {}`", observed.id.kind, observed.physical_id)
    } else {
        String::new()
    };
    Some(Blocker {
        id: Some(resource.id.clone()),
        at: Some(resource.at),
        why: format!("{} already exists, and {owner}", resource.id),
        help: format!("choose another name, or delete the existing resource{adopt}; it was not changed"),
    })
}

/// The data whose loss `--allow-data-loss` allows.
struct Allowed {
    ids: BTreeSet<ResourceId>,
    all: bool,
    /// Names that match no resource, or several.
    errors: Vec<Blocker>,
}

impl Allowed {
    fn of(graph: &Graph, observed: &FxHashMap<&ResourceId, &Observed>, options: &Options) -> Self {
        let declared = graph.resources.iter().map(|resource| &resource.id);
        let with_data = declared
            .chain(observed.keys().copied())
            .filter(|id| options.registry.kind(id.kind).data().is_some());
        let known: BTreeSet<(String, &ResourceId)> =
            with_data.map(|id| (qualified(id, options), id)).collect();
        let mut allowed = Allowed { ids: BTreeSet::new(), all: false, errors: Vec::new() };
        for name in &options.allow_data_loss {
            let exact = known.iter().filter(|(qualified, _)| qualified == name);
            let mut matches: Vec<&(String, &ResourceId)> = exact.collect();
            if matches.is_empty() {
                let is_it = |id: &ResourceId| id.name == *name || key(id, options) == name;
                matches = known.iter().filter(|(_, id)| is_it(id)).collect();
            }
            let mut names: Vec<&str> = matches.iter().map(|(qualified, _)| qualified.as_str()).collect();
            // A queue that becomes a FIFO queue has the key of the one that is deleted.
            names.dedup();
            match names.as_slice() {
                _ if name == "all" => allowed.all = true,
                [_] => allowed.ids.extend(matches.into_iter().map(|(_, id)| (*id).clone())),
                names => allowed.errors.push(misnamed(name, names, &known)),
            }
        }
        allowed
    }
}

/// The name by which `--allow-data-loss` knows a resource: its section of the stack file and its name there.
fn qualified(id: &ResourceId, options: &Options) -> String {
    let section = options.registry.kind(id.kind).section();
    if id.name.is_empty() { section.to_owned() } else { format!("{section}.{}", key(id, options)) }
}

/// The key in the stack file of a resource or of its parent, which lacks the prefix of the environment.
fn key<'a>(id: &'a ResourceId, options: &'a Options) -> &'a str {
    let id = id.parent().unwrap_or(id);
    options.registry.kind(id.kind).features().key(options.identity.key(id.kind, &id.name))
}

fn misnamed(name: &str, matches: &[&str], known: &BTreeSet<(String, &ResourceId)>) -> Blocker {
    let (why, mut names) = if matches.is_empty() {
        ("matches no resource that contains data", known.iter().map(|(name, _)| name.as_str()).collect())
    } else {
        ("matches several resources", matches.to_vec())
    };
    names.dedup();
    let help = if names.is_empty() {
        "remove the flag".to_owned()
    } else {
        format!("use one of these names: {}", names.join(", "))
    };
    Blocker { id: None, at: None, why: format!("--allow-data-loss {name} {why}"), help }
}

/// A resource that a plan would delete.
struct Deletion<'a> {
    observed: &'a Observed,
    at: Option<At>,
    verb: &'static str,
    data_loss: Option<String>,
}

/// What a step deletes: its own resource and, where that is replaced, the declared children that AWS deletes with it before
/// they are recreated. All other children have delete steps of their own.
fn deletions<'a>(
    step: &'a Step,
    graph: &Graph,
    observed: &FxHashMap<&ResourceId, &'a Observed>,
    registry: Registry,
) -> Vec<Deletion<'a>> {
    let (verb, at) = (step.action.verb(), step.at);
    let replacement = registry.kind(step.id.kind).replacement();
    let keeps_old = step.action == Action::Replace && replacement == Replacement::Version;
    let Some(own) = step
        .observed
        .as_ref()
        .filter(|_| matches!(step.action, Action::Delete | Action::Replace) && !keeps_old)
    else {
        return Vec::new();
    };
    let mut deletions = vec![Deletion { observed: own, at, verb, data_loss: step.data_loss.clone() }];
    if step.action == Action::Replace {
        let key = own.key();
        let children = observed
            .values()
            .copied()
            .filter(|child| child.parent() == Some(&key) && registry.cascades(child.id.kind));
        let declared = children.filter(|child| child.owner == Owner::Ours && graph.get(&child.id).is_some());
        let mut children: Vec<&Observed> = declared.collect();
        children.sort_by_key(|child| &child.id);
        deletions.extend(children.into_iter().map(|child| {
            let data_loss = build::data_loss(registry, child, Mode::Up);
            Deletion { observed: child, at, verb, data_loss }
        }));
    }
    deletions
}

/// A reason not to delete a resource. One that is being deleted already cannot be saved.
fn guard(deletion: &Deletion, allowed: &Allowed, options: &Options) -> Option<Blocker> {
    let Deletion { observed, at, verb, data_loss } = deletion;
    let id = &observed.id;
    if !observed.exists() {
        return None;
    }
    let blocker = |why: String, help: String| Some(Blocker { id: Some(id.clone()), at: *at, why, help });
    if observed.protected {
        let help = options.registry.kind(id.kind).features().unprotect;
        return blocker(
            format!("{id} is protected against deletion, and the plan would {verb} it"),
            help.to_owned(),
        );
    }
    if options.protected.contains(&(id.kind, key(id, options).to_owned())) {
        return blocker(
            format!("{id} is protected by the stack file, and the plan would {verb} it"),
            "remove `protect: true` from its entry first".to_owned(),
        );
    }
    let lost = data_loss.as_ref().filter(|_| options.registry.kind(id.kind).data().is_some())?;
    if allowed.all || allowed.ids.contains(id) || (options.mode == Mode::Down && options.local) {
        return None;
    }
    blocker(
        format!("the plan would {verb} {id}, and {lost} would be lost"),
        format!("to allow this, add --allow-data-loss {}", qualified(id, options)),
    )
}

/// A stack name that another project uses shows as a plan that keeps nothing: everything that we own would be deleted, and
/// nothing that is declared exists.
fn stack_name_collision(
    graph: &Graph,
    observed: &FxHashMap<&ResourceId, &Observed>,
    steps: &[Step],
    options: &Options,
) -> Option<Blocker> {
    let kept = graph.resources.iter().filter(|resource| resource.id.parent.is_none()).any(|resource| {
        let ours = observed.get(&resource.id).filter(|observed| observed.owner == Owner::Ours);
        ours.is_some_and(|observed| is_named_alike(resource, observed, options))
    });
    // What is being deleted already is no other stack's.
    let exists = |step: &Step| step.observed.as_ref().is_some_and(Observed::exists);
    let deletes = steps.iter().any(|step| step.action == Action::Delete && !step.with_parent && exists(step));
    if kept || !deletes || options.mode == Mode::Down || options.replace_stack {
        return None;
    }
    Some(Blocker {
        id: None,
        at: None,
        why: "a stack of this name already exists here with other resources, all of which would be deleted"
            .to_owned(),
        help: "give this stack another name; or, to replace the existing stack, add --replace-stack"
            .to_owned(),
    })
}

/// True unless the resource is found by its ownership tag alone, as an API is, and its name does not prove that it is the
/// same: every project that uses this stack name may give its API this name.
fn is_named_alike(resource: &Resource, observed: &Observed, options: &Options) -> bool {
    if !resource.id.name.is_empty() {
        return true;
    }
    let wanted = resource.desired.get("name").and_then(Desired::as_str);
    let tag = observed.spec.pointer("/tags/provision:stack").and_then(|tag| tag.as_str()).unwrap_or_default();
    let common = options.identity.prefixed(&Identity::of(tag).stack);
    wanted.is_some_and(|wanted| wanted != common && observed.spec["name"] == wanted)
}

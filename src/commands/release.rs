//! `promote` and `rollback`: move what stands for released versions.

use super::session::{Globals, print_target};
use super::{Outcome, candidates, err, json, out};
use crate::aws::{Access, Error};
use crate::config::{Stack, did_you_mean_or_list};
use crate::elsewhere::Need;
use crate::error::Failure;
use crate::event::Events;
use crate::exit::Exit;
use crate::kind::Turn;
use crate::kinds::kind;
use crate::model::{Observed, Owner, Resource, ResourceId};
use crate::outputs;
use crate::reconcile::Session;
use crate::render;
use anyhow::{Result, bail};
use clap::Args;
use clap_complete::ArgValueCandidates;
use futures_util::future::join_all;
use std::collections::{BTreeMap, BTreeSet};

/// The flags of `promote` and `rollback`.
#[derive(Debug, Clone, Args)]
pub struct ReleaseArgs {
    /// Function, FUNCTION/ALIAS, or an alias: of every function that has it
    #[arg(value_name = "NAME", required = true, add = ArgValueCandidates::new(candidates::functions))]
    pub names: Vec<String>,
}

/// What can be moved: its id, its names for the user, the longest last, and its desired state.
struct Released {
    resource: Resource,
    names: [String; 3],
}

impl Released {
    fn called(&self) -> &str {
        &self.names[2]
    }
}

/// Moves what the names mean.
///
/// # Errors
/// A name means nothing, what it means is not deployed, or AWS refuses a move.
pub async fn release(globals: &Globals, args: &ReleaseArgs, turn: Turn) -> Outcome {
    let mut stack = globals.stack()?;
    let chosen = chosen(&stack, &args.names)?;
    let session = globals.session(&mut stack, Need::Any).await?;
    print_target(&session);
    // First of all whether each can be moved.
    let observed = join_all(chosen.iter().map(|one| deployed(globals, &session, one))).await;
    let observed = observed.into_iter().collect::<Result<Vec<_>>>()?;
    let context = session.context(Access::Write, BTreeMap::new(), &Events::new(|_| ()));
    let moves = chosen.iter().zip(&observed).map(async |(one, observed)| {
        let desired = one.resource.desired.json();
        kind(observed.id.kind).release(&context, observed, &desired, turn).await
    });
    let mut exit = Exit::Done;
    for (one, moved) in chosen.iter().zip(join_all(moves).await) {
        let id = &one.resource.id;
        match moved {
            Ok(what) => {
                out(&render::released(one.called(), what.as_deref()));
                json(|| render::json::released(id, what.as_deref()));
            }
            Err(error) => {
                exit = Exit::Failed;
                let error: Error = error.about(one.called());
                err(render::failure(&Failure::from(error.clone()).into()).trim_end());
                json(|| render::json::not_released(id, &error.to_string()));
            }
        }
    }
    Ok(exit)
}

/// What the names mean, each once, in the order of the stack file.
fn chosen(stack: &Stack, names: &[String]) -> Result<Vec<Released>> {
    let all = released(stack);
    for name in names {
        if all.iter().any(|one| one.names.contains(name)) {
            continue;
        }
        let file = stack.file.display();
        let known: BTreeSet<&str> = all.iter().flat_map(|one| &one.names).map(String::as_str).collect();
        let known: Vec<&str> = known.into_iter().collect();
        let help = did_you_mean_or_list(name, "what has a release in this stack", &known);
        let help = help.unwrap_or_else(|| "no function of the stack file has a `release`".to_owned());
        bail!(Failure::usage(format!("{file} has no release `{name}`"), help))
    }
    let is_chosen = |one: &Released| one.names.iter().any(|name| names.contains(name));
    Ok(all.into_iter().filter(is_chosen).collect())
}

fn released(stack: &Stack) -> Vec<Released> {
    let identity = crate::lower::identity(stack);
    let of = |resource: Resource| {
        let name = (kind(resource.id.kind).features().releases?)(&resource.id).to_owned();
        let parent = outputs::key(&identity, resource.id.parent()?).to_owned();
        let whole = format!("{parent}/{name}");
        Some(Released { resource, names: [name, parent, whole] })
    };
    outputs::declared(stack).resources.into_iter().filter_map(of).collect()
}

/// What a caller of an entry reaches: the released name that it gives, else the entry's first one. `None` without a release.
pub(super) fn called(stack: &Stack, entry: &str, name: Option<&str>) -> Result<Option<ResourceId>> {
    let found = match name {
        Some(name) => chosen(stack, &[format!("{entry}/{name}")])?.pop(),
        None => released(stack).into_iter().find(|one| one.names[1] == entry),
    };
    Ok(found.map(|one| one.resource.id))
}

/// It as it exists, within a resource of this stack: one of the same name may be somebody else's.
async fn deployed(globals: &Globals, session: &Session, one: &Released) -> Result<Observed> {
    let id = &one.resource.id;
    let parent = async {
        match id.parent() {
            Some(parent) => owned(session, parent).await,
            None => Ok(true),
        }
    };
    let (parent, observed) = futures_util::join!(parent, session.read(id));
    match observed?.filter(Observed::exists) {
        Some(observed) if parent? && observed.owner == Owner::Ours => Ok(observed),
        _ => {
            let up = globals.command("up");
            bail!(Failure::new(format!("{} is not deployed", one.called()), format!("deploy it first: {up}")))
        }
    }
}

async fn owned(session: &Session, id: &ResourceId) -> Result<bool> {
    Ok(session.read(id).await?.is_some_and(|observed| observed.exists() && observed.owner == Owner::Ours))
}

//! `secret set`: gives a secret of the stack its value. The value is typed or comes from standard input, and never stands on a
//! command line, where other users and the shell's history would see it.

use super::session::{Globals, print_target};
use super::{Outcome, candidates, examples, is_json, json, keys, out};
use crate::aws::{Access, Error};
use crate::config::{Stack, did_you_mean_or_list};
use crate::elsewhere::Need;
use crate::error::Failure;
use crate::event::Events;
use crate::exit::Exit;
use crate::kind::{AnyKind, TakesValue};
use crate::kinds::takes_value;
use crate::model::{Observed, Owner, ResourceId};
use crate::outputs;
use crate::reconcile::Session;
use crate::render;
use crate::sensitive;
use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use clap_complete::ArgValueCandidates;
use std::collections::BTreeMap;
use std::io::{IsTerminal, Read, stdin};

/// What is done with secrets.
#[derive(Debug, Clone, Subcommand)]
pub enum SecretAction {
    /// Set the value of a secret: asks for it, or reads standard input
    #[command(after_help = examples::SECRET_SET)]
    Set(SecretArgs),
}

/// The flags of `secret set`.
#[derive(Debug, Clone, Args)]
pub struct SecretArgs {
    /// Secret, by its name in the stack file
    #[arg(value_name = "NAME", add = ArgValueCandidates::new(candidates::secrets))]
    pub name: String,
}

/// Gives a secret of the stack a value.
///
/// # Errors
/// There is no such secret, it does not exist yet, the stack file gives its value, or the value is not valid.
pub async fn secret(globals: &Globals, action: &SecretAction) -> Outcome {
    let SecretAction::Set(SecretArgs { name }) = action;
    let (kind, takes) = takes_value();
    let mut stack = globals.stack()?;
    let id = declared(&stack, kind, takes, name)?;
    // First of all whether it can be set: then it is asked for.
    let session = globals.session(&mut stack, Need::Any).await?;
    print_target(&session);
    let observed = existing(globals, &session, &id).await?;
    let value = read(name, takes.most)?;
    sensitive::note(&value);
    let context = session.context(Access::Write, BTreeMap::new(), &Events::new(|_| ()));
    let set = kind.set_value(&context, &observed, &value).await;
    set.map_err(|error: Error| Failure::from(error.about(&id.to_string())))?;
    out(&format!("Set the value of {id}."));
    json(|| render::json::value_set(&id));
    Ok(Exit::Done)
}

/// The secret of a key whose value the stack file leaves open.
fn declared(stack: &Stack, kind: &dyn AnyKind, takes: TakesValue, name: &str) -> Result<ResourceId> {
    let (graph, file) = (outputs::declared(stack), stack.file.display());
    let identity = crate::lower::identity(stack);
    let id = ResourceId::new(kind.name(), identity.named(kind.name(), name));
    let Some(resource) = graph.get(&id).filter(|_| outputs::keys(stack, kind).iter().any(|key| key == name))
    else {
        let keys = outputs::keys(stack, kind);
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let help = did_you_mean_or_list(name, "the secrets of this stack", &keys);
        let help = help.unwrap_or_else(|| "the stack file declares no secrets".to_owned());
        bail!(Failure::usage(format!("there is no secret `{name}` in {file}"), help))
    };
    if (takes.is_given)(&resource.desired.json()) {
        bail!(Failure::usage(
            format!("{file} gives the value of `{name}`, and the next `up` would set that again"),
            "change it there, or remove its `value` first",
        ))
    }
    Ok(id)
}

/// The secret as it exists, if it is the stack's.
async fn existing(globals: &Globals, session: &Session, id: &ResourceId) -> Result<Observed> {
    let Some(observed) = session.read(id).await?.filter(Observed::exists) else {
        let up = globals.command("up");
        bail!(Failure::new(format!("{id} does not exist yet"), format!("create it first: {up}")))
    };
    if let Owner::Unmanaged(who) = &observed.owner {
        bail!(Failure::new(
            format!("{id} does not belong to this stack: {who}"),
            "its value was not set; give the secret of this stack another name"
        ))
    }
    Ok(observed)
}

/// The value: typed twice in a terminal, else all of standard input without the end of its last line.
fn read(name: &str, most: usize) -> Result<String> {
    let typed = stdin().is_terminal();
    if typed && is_json() {
        let help = format!("pass it on standard input: `provision secret set {name} < FILE`");
        bail!(Failure::usage("cannot ask for the value: the output is JSON".to_owned(), help))
    }
    let value = if typed { ask(name)? } else { piped(most)? };
    if value.is_empty() {
        bail!(Failure::usage("the value is empty".to_owned(), "a secret has at least one character"))
    }
    if value.len() > most {
        let message = format!("the value has {} bytes; AWS allows {most}", value.len());
        bail!(Failure::usage(message, "keep it in a bucket, and its key in the secret"))
    }
    Ok(value)
}

fn ask(name: &str) -> Result<String> {
    let unreadable = |error: std::io::Error| Failure::new(format!("cannot read the terminal: {error}"), PIPE);
    let value = keys::hidden_line(&format!("Value of {name} (not shown):")).map_err(unreadable)?;
    let again = keys::hidden_line("Once more:").map_err(unreadable)?;
    if value != again {
        bail!(Failure::usage("the two values differ".to_owned(), "nothing was set; run the command again"))
    }
    Ok(value)
}

const PIPE: &str = "pass the value on standard input";

/// Standard input, and no more of it than tells that it is too large.
fn piped(most: usize) -> Result<String> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(3);
    let read = stdin().lock().take(limit).read_to_end(&mut bytes);
    read.map_err(|error| Failure::new(format!("cannot read standard input: {error}"), PIPE))?;
    let Ok(text) = String::from_utf8(bytes) else {
        bail!(Failure::usage(
            "the value is not text in UTF-8".to_owned(),
            "encode it first, for example with base64"
        ))
    };
    let text = text.strip_suffix('\n').unwrap_or(&text);
    Ok(text.strip_suffix('\r').unwrap_or(text).to_owned())
}

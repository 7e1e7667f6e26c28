//! `send`: does what a check can do with an entry, once.

use super::invoke::{deployed, read_bytes, read_json};
use super::session::{Globals, print_target_to_stderr};
use super::{Outcome, candidates, json, out};
use crate::aws::Access;
use crate::config::{Stack, did_you_mean_or_list};
use crate::elsewhere::Need;
use crate::error::Failure;
use crate::exit::Exit;
use crate::kind::{Act, ActField, Acted, AnyKind};
use crate::kinds::fifo::FIFO;
use crate::kinds::kinds;
use crate::outputs;
use crate::render;
use crate::suggest;
use anyhow::{Result, bail};
use clap::{Args, Command};
use clap_complete::ArgValueCandidates;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// The flags of `send`.
#[derive(Debug, Clone, Default, Args)]
pub struct ActArgs {
    /// Kind of what takes it, for example `queue`; of `put`, `bucket`
    #[arg(value_name = "KIND")]
    pub word: String,
    /// Its name in the stack file
    #[arg(value_name = "NAME")]
    pub key: String,
    /// Body: JSON, a file with it, or `-` for standard input
    #[arg(long, value_name = "JSON|FILE|-", conflicts_with_all = ["text", "content"])]
    pub body: Option<String>,
    /// Body as it is
    #[arg(long, value_name = "TEXT", conflicts_with = "content")]
    pub text: Option<String>,
    /// File that is the body as it is, or `-` for standard input
    #[arg(long = "content", value_name = "FILE|-")]
    pub content: Option<String>,
    /// A further field of such a check, for example `group=a`
    #[arg(long, value_name = "FIELD=VALUE")]
    pub with: Vec<String>,
}

/// The verb of the command `send`.
pub const SEND: &str = "send";
/// The verb of the command `put`.
pub const PUT: &str = "put";

/// The program with what a shell offers for each of these commands.
pub fn completed(program: Command) -> Command {
    [SEND, PUT].into_iter().fold(program, |program, verb| {
        let words = ArgValueCandidates::new(move || candidates::taking_words(verb));
        let keys = ArgValueCandidates::new(move || candidates::taking_keys(verb));
        let of = |command: Command| {
            command.mut_arg("word", |word| word.add(words)).mut_arg("key", |key| key.add(keys))
        };
        program.mut_subcommand(verb, of)
    })
}

/// Sends something to an entry of the stack.
///
/// # Errors
/// There is no such entry, the body is not JSON, or AWS refuses it.
pub async fn act(globals: &Globals, verb: &str, args: &ActArgs) -> Outcome {
    let mut stack = globals.stack()?;
    let (kind, act) = found(verb, &args.word)?;
    declared(&stack, kind, &args.key)?;
    let (fields, body) = (fields(act, &args.with)?, body(args)?);
    let session = globals.session(&mut stack, Need::Any).await?;
    print_target_to_stderr(&session);
    let observed = deployed(globals, &session, kind.name(), &args.key).await?;
    grouped(act, &observed.id.name, &fields)?;
    let acted = Acted {
        name: observed.id.name.clone(),
        attributes: Arc::clone(&observed.attributes),
        fields,
        body: Some(body),
        wait: Duration::ZERO,
    };
    let clients = session.connection.clients(Access::Write);
    (act.call)(&clients, &acted).await.map_err(Failure::from)?;
    out(&format!("{}: {}.", observed.id, act.done));
    json(|| render::json::acted(verb, &observed.id));
    Ok(Exit::Done)
}

/// The kind that has entries of a word, and what is done with them.
fn found(verb: &str, word: &str) -> Result<(&'static dyn AnyKind, &'static Act)> {
    let of = |kind: &'static dyn AnyKind| kind.features().acts.iter().map(move |act| (kind, *act));
    let acts: Vec<_> =
        kinds().iter().flat_map(|kind| of(*kind)).filter(|(_, act)| act.verb == verb).collect();
    if let Some(found) = acts.iter().find(|(_, act)| act.word == word) {
        return Ok(*found);
    }
    let words: Vec<&str> = acts.iter().map(|(_, act)| act.word).collect();
    let help = did_you_mean_or_list(word, &format!("`{verb}` takes"), &words).unwrap_or_default();
    bail!(Failure::usage(format!("`{verb}` does not take a `{word}`"), help))
}

/// Fails for an entry that the stack file does not declare.
fn declared(stack: &Stack, kind: &'static dyn AnyKind, key: &str) -> Result<()> {
    let known = outputs::keys(stack, kind);
    let existing = stack.existing.iter().filter(|one| one.kind == kind.name()).map(|one| one.key.as_str());
    let known: Vec<&str> = known.iter().map(String::as_str).chain(existing).collect();
    if known.contains(&key) {
        return Ok(());
    }
    let (one, several) = (kind.noun(1), kind.noun(2));
    let help = did_you_mean_or_list(key, &format!("the {several} of this stack"), &known);
    let help = help.unwrap_or_else(|| format!("the stack file declares no {several}"));
    bail!(Failure::usage(format!("there is no {one} `{key}` in {}", stack.file.display()), help))
}

/// The fields, of which each is known and each that is needed is there.
fn fields(act: &'static Act, given: &[String]) -> Result<BTreeMap<&'static str, Json>> {
    let mut fields = BTreeMap::new();
    let names: Vec<&str> = act.fields.iter().map(|field| field.name).collect();
    for pair in given {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let Some(field) = act.fields.iter().find(|field| field.name == name && pair.contains('=')) else {
            let help = suggest::did_you_mean(name, names.iter().copied());
            let list = || format!("write `--with FIELD=VALUE`, with {}", suggest::quoted(&names));
            bail!(Failure::usage(format!("`{pair}` is no field of `{act:?}`"), help.unwrap_or_else(list)))
        };
        fields.insert(field.name, value_of(field, value)?);
    }
    let missing = act.fields.iter().find(|field| field.required && !fields.contains_key(field.name));
    match missing {
        Some(field) => {
            let message = format!("`{act:?}` needs `{}`", field.name);
            bail!(Failure::usage(message, format!("add `--with {}=VALUE`", field.name)))
        }
        None => Ok(fields),
    }
}

/// Fails where an entry keeps an order, and the group is missing within which it does.
fn grouped(act: &Act, name: &str, given: &BTreeMap<&'static str, Json>) -> Result<()> {
    match act.lacks_group(given).filter(|_| name.ends_with(FIFO)) {
        Some(field) => {
            let message = format!("`{act:?}` needs `{field}`: {name} is FIFO");
            bail!(Failure::usage(message, format!("add `--with {field}=VALUE`")))
        }
        None => Ok(()),
    }
}

fn value_of(field: &ActField, value: &str) -> Result<Json> {
    if !field.is_map {
        return Ok(value.into());
    }
    let read: Option<Json> = serde_json::from_str(value).ok().filter(Json::is_object);
    read.ok_or_else(|| {
        let message = format!("`{}` must be a JSON object", field.name);
        Failure::usage(message, format!("for example `--with '{}={{\"a\": \"b\"}}'`", field.name)).into()
    })
}

fn body(args: &ActArgs) -> Result<Vec<u8>> {
    match (&args.body, &args.text, &args.content) {
        (Some(body), ..) => read_json(body, "body"),
        (None, Some(text), _) => Ok(text.clone().into_bytes()),
        (None, None, Some(file)) => read_bytes(file, "content"),
        (None, None, None) => {
            bail!(Failure::usage("nothing to send", "add `--body JSON`, `--text TEXT` or `--content FILE`"))
        }
    }
}

//! `invoke`: calls one function with an event. Its response goes to standard output, everything else to standard error.

use super::session::{Globals, print_target_to_stderr};
use super::{Outcome, candidates, data, err, json, release};
use crate::aws::Access;
use crate::config::{Stack, did_you_mean_or_list};
use crate::elsewhere::Need;
use crate::error::Failure;
use crate::exit::Exit;
use crate::invoke;
use crate::kinds::code;
use crate::model::{Observed, Owner, ResourceId};
use crate::outputs;
use crate::reconcile::Session;
use crate::render;
use anyhow::{Result, bail};
use clap::Args;
use clap_complete::ArgValueCandidates;
use futures_util::try_join;
use std::io::{self, IsTerminal, Read};

/// The flags of `invoke`.
#[derive(Debug, Clone, Default, Args)]
pub struct InvokeArgs {
    /// Function, by its name in the stack file, or FUNCTION/ALIAS; of a release, the first alias is called
    #[arg(value_name = "FUNCTION", add = ArgValueCandidates::new(candidates::functions))]
    pub function: String,
    /// Event: JSON, a file with it, or `-` for standard input; `{}` by default
    #[arg(long, value_name = "JSON|FILE|-")]
    pub event: Option<String>,
    /// Show the end of the function's log, on standard error
    #[arg(long)]
    pub log: bool,
}

/// Calls a function of the stack.
///
/// # Errors
/// There is no such function, the event is not JSON, or Lambda did not call the function.
pub async fn invoke(globals: &Globals, args: &InvokeArgs) -> Outcome {
    let mut stack = globals.stack()?;
    let (function, alias) = match args.function.split_once('/') {
        Some((function, alias)) => (function, Some(alias)),
        None => (args.function.as_str(), None),
    };
    declared(&stack, function)?;
    let alias = release::called(&stack, function, alias)?;
    let event = args.event.as_deref().map_or_else(|| Ok(b"{}".to_vec()), |from| read_json(from, "event"))?;
    let session = globals.session(&mut stack, Need::Any).await?;
    print_target_to_stderr(&session);
    let deployed = deployed(globals, &session, code().0.name(), function);
    let (found, alias) = try_join!(deployed, alias_of(globals, &session, alias.as_ref()))?;
    let name = alias.unwrap_or(found.id.name);
    // The function may write, so the clients may.
    let clients = session.connection.clients(Access::Write);
    let invocation = invoke::invoke(&clients, &name, event, args.log).await.map_err(Failure::from)?;
    invocation.log.iter().for_each(|log| err(&render::tail(log)));
    json(|| render::json::invocation(function, &invocation));
    match &invocation.result {
        Ok(payload) => {
            data(&render::response(payload, std::io::stdout().is_terminal()));
            Ok(Exit::Done)
        }
        Err(failed) => {
            let logs = globals.command(&format!("logs {function}"));
            err(&render::failed(function, failed, &format!("see its logs: {logs}")));
            Ok(Exit::Failed)
        }
    }
}

/// Fails for a function that the stack file does not declare.
pub(super) fn declared(stack: &Stack, function: &str) -> Result<()> {
    let known = outputs::keys(stack, code().0);
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    if known.contains(&function) {
        return Ok(());
    }
    let help = did_you_mean_or_list(function, "the functions of this stack", &known);
    let help = help.unwrap_or_else(|| "the stack file declares no functions".to_owned());
    let help = if is_file(function) { format!("to name the stack file: `--file {function}`") } else { help };
    bail!(Failure::usage(format!("there is no function `{function}` in {}", stack.file.display()), help))
}

/// True for what names a file and no function: with `logs`, `-f` means to follow.
fn is_file(name: &str) -> bool {
    name.contains('/') || name.ends_with(".yaml") || name.ends_with(".yml")
}

/// Reads JSON, an event or a body: itself, a file with it, or standard input. AWS would reject other text too, but not say where.
pub(super) fn read_json(from: &str, what: &'static str) -> Result<Vec<u8>> {
    let bytes = read(from, what)?;
    match not_json(&bytes, from, what) {
        Some(why) => bail!(Failure::usage(why, format!("the {what} must be JSON"))),
        None => Ok(bytes),
    }
}

/// Reads an event or a body: itself where it is JSON, a file, or standard input.
pub(super) fn read(from: &str, what: &'static str) -> Result<Vec<u8>> {
    if is_inline(from) { Ok(from.as_bytes().to_vec()) } else { read_bytes(from, what) }
}

/// Why what was read is no JSON.
pub(super) fn not_json(bytes: &[u8], from: &str, what: &'static str) -> Option<String> {
    let error = serde_json::from_slice::<serde::de::IgnoredAny>(bytes).err()?;
    let place = match from {
        "-" => "standard input".to_owned(),
        _ if is_inline(from) => format!("the {what}"),
        file => file.to_owned(),
    };
    Some(format!("{place} is not valid JSON: {error}"))
}

/// Whether JSON was given itself, and not a file with it.
fn is_inline(from: &str) -> bool {
    from.trim_start().starts_with(['{', '[', '"'])
}

/// Reads a file, or standard input for `-`.
pub(super) fn read_bytes(from: &str, what: &'static str) -> Result<Vec<u8>> {
    let read = match from {
        "-" => {
            let mut bytes = Vec::new();
            std::io::stdin().read_to_end(&mut bytes).map(|_| bytes)
        }
        file => std::fs::read(file),
    };
    read.map_err(|error| {
        let place = if from == "-" { "standard input" } else { from };
        let message = match error.kind() {
            io::ErrorKind::NotFound => format!("there is no file `{place}`"),
            _ => format!("cannot read the {what} from {place}: {error}"),
        };
        let way = format!(
            "pass the {what} itself, `--{what} '{{\"id\": 1}}'`, a file with it, or `-` for standard input"
        );
        Failure::usage(message, way).into()
    })
}

/// A deployed entry of this stack, or one that the file calls existing: an unmanaged one of the same name is not used by mistake.
pub(super) async fn deployed(
    globals: &Globals,
    session: &Session,
    kind: &'static str,
    key: &str,
) -> Result<Observed> {
    let id = ResourceId::new(kind, session.scope.named(kind, key));
    let is_existing = session.scope.existing.get(kind).is_some_and(|names| names.contains(&id.name));
    match session.read(&id).await? {
        Some(observed) if !observed.exists() => bail!(not_deployed(globals, &id)),
        Some(Observed { owner: Owner::Unmanaged(who), .. }) if !is_existing => {
            bail!(Failure::new(
                format!("{id} does not belong to this stack: {who}"),
                "nothing was sent to it; give the one of this stack another name"
            ))
        }
        Some(observed) => Ok(observed),
        None => bail!(not_deployed(globals, &id)),
    }
}

/// The name in AWS of a deployed alias.
async fn alias_of(globals: &Globals, session: &Session, id: Option<&ResourceId>) -> Result<Option<String>> {
    let Some(id) = id else { return Ok(None) };
    match session.read(id).await?.filter(Observed::exists) {
        Some(_) => Ok(Some(id.name.clone())),
        None => bail!(not_deployed(globals, id)),
    }
}

fn not_deployed(globals: &Globals, id: &ResourceId) -> Failure {
    Failure::new(
        format!("{id} is not deployed"),
        format!("deploy the stack first: {}", globals.command("up")),
    )
}

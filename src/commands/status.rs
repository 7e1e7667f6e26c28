//! `status` and `outputs`: the state of the stack, and what it offers. Both only read.

use super::busy::reading;
use super::check::no_api;
use super::plan::{PlanArgs, Prepared, prepare};
use super::session::{Globals, open, target_line};
use super::{Outcome, browser, candidates, err, json, out, raw};
use crate::elsewhere::Need;
use crate::error::Failure;
use crate::exit::Exit;
use crate::model::{AttributeMap, Owner, ResourceId};
use crate::outputs;
use crate::reconcile::Session;
use crate::render;
use crate::requests::url_to_open;
use crate::status::{Health, status as resource_statuses};
use crate::text::{shell_quoted, value_quoted};
use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use clap_complete::ArgValueCandidates;
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// Shows the state of every resource, and the outputs.
///
/// # Errors
/// The plan cannot be made.
pub async fn status(globals: &Globals) -> Outcome {
    let mut stack = globals.stack()?;
    let session = open(globals, &mut stack).await?;
    let Prepared { plan, live_state, .. } = prepare(&session, &PlanArgs::default(), &stack).await?;
    plan.unreadable.iter().for_each(|unreadable| err(&render::unreadable(unreadable)));
    let statuses = resource_statuses(&plan, &live_state);
    let short = globals.detail().short;
    out(&format!("\n{}", render::status(&statuses, short)));
    json(|| render::json::status(&statuses));
    let is_in_sync = |id: &ResourceId| plan.unchanged.contains(id);
    out(render::outputs(&stack, &session.scope, &plan.attributes, &is_in_sync, short).trim_end());
    json(|| render::json::outputs(&stack, &session.scope, &plan.attributes));
    let is_settled = |health: &Health| matches!(health, Health::InSync | Health::Unmanaged(_));
    let in_sync = statuses.iter().all(|one| is_settled(&one.health));
    if !in_sync {
        out(&render::next("To make it match the stack file", &globals.command("up")));
    }
    Ok(if in_sync { Exit::Done } else { Exit::Pending })
}

/// The flags of `outputs`.
#[derive(Debug, Clone, Default, Args)]
pub struct OutputsArgs {
    /// Print only this output
    #[arg(value_name = "OUTPUT", help = help(), add = ArgValueCandidates::new(candidates::outputs))]
    pub output: Option<String>,
    /// Form of the outputs: text, or lines NAME=value for a shell or a .env file
    #[arg(long, value_enum, default_value_t, conflicts_with_all = ["json", "open"])]
    pub format: OutputFormat,
    /// Open the API in a browser: a path that responds to a plain GET, if there is one
    #[arg(long, conflicts_with = "output")]
    pub open: bool,
}

/// The form of the outputs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// For people.
    #[default]
    Text,
    /// Variables of an environment.
    Env,
}

/// Names the outputs that a stack can have.
fn help() -> String {
    let names: Vec<String> = outputs::names().into_iter().map(|name| format!("`{name}`")).collect();
    let Some((last, first)) = names.split_last() else { return String::new() };
    format!("Print only this output: {} or {last}", first.join(", "))
}

/// Shows the outputs: the API's URL, its routes, the ARNs.
///
/// # Errors
/// AWS cannot be read, or there is no such output.
pub async fn outputs(globals: &Globals, args: &OutputsArgs) -> Outcome {
    let mut stack = globals.stack()?;
    let session = globals.session(&mut stack, Need::All).await?;
    if args.output.is_none() && args.format == OutputFormat::Text {
        out(&target_line(&session));
    }
    let attributes = live_attributes(&session).await?;
    if args.open {
        let Some(url) = url_to_open(&stack, &attributes) else { bail!(no_api(globals)) };
        json(|| Json::from(url.as_str()));
        return Ok(if browser::open(&url) { Exit::Done } else { Exit::Failed });
    }
    if args.format == OutputFormat::Env {
        return print_variables(globals, args, outputs::all(&stack, &session.scope, &attributes));
    }
    // For programs, the result is one document, and nothing else.
    match &args.output {
        Some(output) => {
            let value = one(outputs::all(&stack, &session.scope, &attributes), output)?;
            out(&value);
            json(|| Json::from(value));
        }
        None => {
            let exists = |id: &ResourceId| attributes.contains_key(id);
            out(&render::outputs(&stack, &session.scope, &attributes, &exists, false));
            out(&render::resources(&session.scope, &attributes));
            json(|| render::json::outputs(&stack, &session.scope, &attributes));
        }
    }
    Ok(Exit::Done)
}

/// What is known of the resources of a stack that exist.
pub(super) async fn live_attributes(session: &Session) -> Result<AttributeMap> {
    let live_state = reading(&session.connection, session.look()).await?;
    let ours =
        live_state.observed.into_iter().filter(|observed| observed.owner == Owner::Ours && observed.exists());
    let ours = ours.map(|observed| (observed.id, observed.attributes));
    Ok(ours.chain(live_state.existing).collect())
}

/// Prints the outputs, or one of them, as variables of an environment.
fn print_variables(globals: &Globals, args: &OutputsArgs, outputs: BTreeMap<String, String>) -> Outcome {
    let shown = match &args.output {
        Some(output) => [(output.clone(), one(outputs, output)?)].into(),
        None => outputs,
    };
    if shown.is_empty() {
        err(&render::aside(&format!("no outputs; deploy the stack with: {}", globals.command("up"))));
    }
    let clash = |(variable, [one, other]): (String, [&str; 2])| {
        let alone = globals.command(&format!("outputs {} --format env", shell_quoted(other)));
        Failure::new(
            format!("the outputs `{one}` and `{other}` are both `{variable}`, with different values"),
            format!("give one of them another name in the stack file, or print them one by one: {alone}"),
        )
    };
    for (name, value) in outputs::variables(&shown).map_err(clash)? {
        raw(&format!("{name}={}\n", value_quoted(value)));
    }
    Ok(Exit::Done)
}

/// An output by its name.
fn one(mut known: BTreeMap<String, String>, output: &str) -> Result<String> {
    if let Some(value) = known.remove(output) {
        return Ok(value);
    }
    let names: Vec<&str> = known.keys().map(String::as_str).collect();
    let help = if names.is_empty() {
        "the stack is not deployed; deploy it first".to_owned()
    } else {
        format!("the outputs are {}", names.join(", "))
    };
    bail!(Failure::usage(format!("there is no output `{output}`"), help))
}

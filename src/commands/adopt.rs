//! `adopt`: takes over what is there already, after it has shown what that means.

use super::plan::{PlanArgs, Prepared, prepare};
use super::session::{Globals, calls, open};
use super::up::confirmed_by_name;
use super::{Outcome, ask, err, is_interactive, json, out};
use crate::adopt::Wish;
use crate::config::Stack;
use crate::error::Failure;
use crate::event::{Event, Events};
use crate::exit::Exit;
use crate::reconcile::Session;
use crate::render;
use anyhow::{Result, bail};
use clap::{Args, ValueEnum};

/// The flags of `adopt`.
#[derive(Debug, Clone, Args)]
pub struct AdoptArgs {
    /// Kind of the resource; with a function come its role and its log group
    #[arg(value_enum)]
    pub kind: Adoptable,
    /// Name under which the stack file declares it; for an API, its id
    #[arg(value_name = "NAME|API-ID")]
    pub name: String,
    /// Stack that owns it now and gives it up
    #[arg(long, value_name = "STACK")]
    pub from: Option<String>,
    /// Skip the confirmation
    #[arg(long, short)]
    pub yes: bool,
    /// Confirm a change in a protected environment: its stack's name
    #[arg(long, value_name = "STACK")]
    pub confirm: Option<String>,
}

/// A kind whose things take a mark after they were made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs, reason = "the kinds' names")]
#[value(rename_all = "snake_case")]
pub enum Adoptable {
    Table,
    Function,
    Api,
    #[value(alias = "log-group")]
    LogGroup,
    Role,
}

impl Adoptable {
    fn kind(self) -> &'static str {
        match self {
            Adoptable::Table => "table",
            Adoptable::Function => "function",
            Adoptable::Api => "api",
            Adoptable::LogGroup => "log_group",
            Adoptable::Role => "role",
        }
    }
}

/// Takes over an existing thing under the name that the stack file gives it.
///
/// # Errors
/// That it is not declared, not there, or another's.
pub async fn adopt(globals: &Globals, args: &AdoptArgs) -> Outcome {
    let stack = globals.stack()?;
    let session = open(globals, &stack).await?;
    let Prepared { live_state, hashes, options, .. } =
        prepare(&session, &PlanArgs::default(), &stack).await?;
    let wish = Wish { kind: args.kind.kind(), name: args.name.clone(), from: args.from.clone() };
    let adoption = session.adoption(&stack, &live_state, &wish).await?;
    json(|| render::json::adoption(&adoption));
    if adoption.things.is_empty() {
        out("\nNothing to adopt: this stack already owns it.");
        return Ok(Exit::Done);
    }
    let plan = session.afterwards(&stack, &hashes, &live_state, &adoption, &options).await?;
    out(&format!("\n{}", render::adoption(&adoption, &plan, globals.shown())));
    json(|| render::json::plan(&plan));
    if !confirmed(globals, args, &stack, &session)? {
        err("Nothing was adopted.");
        return Ok(Exit::Failed);
    }
    let events = Events::new(|event: Event| {
        if let Event::Waiting { id, why } = event {
            err(&render::aside(&format!("{id}: {why}")));
        }
    });
    session.adopt(&stack, &adoption, events).await?;
    let adopted = render::count(adoption.things.len() as u64, "resource");
    out(&format!("\nAdopted {adopted} · {}", calls(&session)));
    if !plan.is_empty() {
        out(&format!("Make it match the stack file: {}", globals.command("up")));
    }
    Ok(Exit::Done)
}

/// Whether to go on: asked in a terminal, else told by `--yes`. The local cloud is for trying things out.
fn confirmed(globals: &Globals, args: &AdoptArgs, stack: &Stack, session: &Session) -> Result<bool> {
    match () {
        () if globals.local => Ok(true),
        () if stack.environment.as_ref().is_some_and(|environment| environment.protect) => {
            confirmed_by_name(session, args.confirm.as_deref(), "to adopt it")
        }
        () if args.yes => Ok(true),
        () if !is_interactive() => {
            bail!(Failure::usage(
                "cannot ask for confirmation: not a terminal",
                "add --yes to adopt it without confirmation"
            ))
        }
        () => {
            let answer = ask("\nAdopt it? [y/N]")?;
            Ok(matches!(answer.to_lowercase().as_str(), "y" | "yes"))
        }
    }
}

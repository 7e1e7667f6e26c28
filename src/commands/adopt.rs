//! `adopt`: takes over what is there already, after it has shown what that means.

use super::plan::{PlanArgs, Prepared, prepare};
use super::session::{Globals, calls, open};
use super::up::confirmed_by_name;
use super::{Outcome, ask, emit, interactive, say, tell};
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
    /// What it is; a function brings its role and its log group
    #[arg(value_enum)]
    pub kind: Adoptable,
    /// Its name, under which the stack file declares it; of an API the id
    #[arg(value_name = "NAME|API-ID")]
    pub name: String,
    /// The stack that it belongs to now, and that is to lose it
    #[arg(long, value_name = "STACK")]
    pub from: Option<String>,
    /// Do not ask before taking it over
    #[arg(long, short)]
    pub yes: bool,
    /// Confirm a change of a protected environment: its stack's name
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
    emit(|| render::json::adoption(&adoption));
    if adoption.things.is_empty() {
        say("\nNothing to take over: it is this stack's already.");
        return Ok(Exit::Done);
    }
    let plan = session.afterwards(&stack, &hashes, &live_state, &adoption, &options).await?;
    say(&format!("\n{}", render::adoption(&adoption, &plan, globals.shown())));
    emit(|| render::json::plan(&plan));
    if !confirmed(globals, args, &stack, &session)? {
        tell("Nothing was taken over.");
        return Ok(Exit::Failed);
    }
    let events = Events::new(|event: Event| {
        if let Event::Waiting { id, why } = event {
            tell(&render::aside(&format!("{id}: {why}")));
        }
    });
    session.adopt(&stack, &adoption, events).await?;
    let taken = render::count(adoption.things.len() as u64, "thing");
    say(&format!(
        "\nTaken over: {taken} · {}\nRun `provision up` to make it what the stack file says.",
        calls(&session)
    ));
    Ok(Exit::Done)
}

/// Whether to go on: asked in a terminal, else told by `--yes`. The local cloud is for trying things out.
fn confirmed(globals: &Globals, args: &AdoptArgs, stack: &Stack, session: &Session) -> Result<bool> {
    match () {
        () if globals.local => Ok(true),
        () if stack.environment.as_ref().is_some_and(|environment| environment.protect) => {
            confirmed_by_name(session, args.confirm.as_deref())
        }
        () if args.yes => Ok(true),
        () if !interactive() => {
            bail!(Failure::usage("nobody can be asked here", "add --yes to take it over without being asked"))
        }
        () => {
            let answer = ask("\nTake this over? [y/N]")?;
            Ok(matches!(answer.to_lowercase().as_str(), "y" | "yes"))
        }
    }
}

//! `down`: deletes everything that is the stack's, and looks again to make sure.

use super::session::{Globals, Session};
use super::up::{carry_out, confirmed_by_name};
use super::{Outcome, explained, say, tell};
use crate::aws::Access;
use crate::config;
use crate::event::Events;
use crate::lower::{identity, lower, wanted};
use crate::model::{Graph, Identity, Owner, World};
use crate::observe::observe;
use crate::plan::{self, Mode, Options, Plan};
use crate::render;
use anyhow::{Context as _, Result, bail};
use clap::Args;
use std::collections::BTreeMap;

/// The flags of `down`.
#[derive(Debug, Clone, Default, Args)]
pub struct DownArgs {
    /// The stack to delete, where the stack file is missing or broken
    #[arg(long, value_name = "NAME")]
    pub stack: Option<String>,
    /// Do not ask for the stack's name
    #[arg(long, short)]
    pub yes: bool,
    /// Allow the loss of a table's items, or of `all`
    #[arg(long, value_name = "TABLE|all")]
    pub allow_data_loss: Vec<String>,
    /// Confirm the end of a protected environment: its stack's name
    #[arg(long, value_name = "STACK")]
    pub confirm: Option<String>,
}

/// Deletes the stack.
///
/// # Errors
/// What keeps the plan from being made.
pub async fn down(globals: &Globals, args: &DownArgs) -> Outcome {
    let (mut session, protected) = open(globals, args).await?;
    session.scope.teardown = true;
    session.greet();
    let (world, plan) = look(&session, args).await?;
    plan.blind.iter().for_each(|blind| tell(&render::blind(blind)));
    tell_foreign(&world);
    if plan.is_empty() {
        return Ok(conclude(&session, &plan, "Nothing to delete: this stack is not there."));
    }
    say(&format!("\n{}", render::plan(&plan, globals.verbose)));
    say(&render::summary(&plan));
    if !plan.refusals.is_empty() {
        tell(&format!("\n{}\nNothing was deleted.", render::refusals(&plan.refusals, None).trim_end()));
        return Ok(false);
    }
    if !confirmed(globals, args, &session, protected)? {
        tell("Nothing was deleted.");
        return Ok(false);
    }
    let report = carry_out(&session, &plan, BTreeMap::new(), None).await;
    if !report.is_complete() {
        return Ok(false);
    }
    let (_, left) = look(&session, args).await?;
    if left.is_empty() {
        return Ok(conclude(&session, &left, "Nothing left."));
    }
    tell(&format!("\nStill there, perhaps made meanwhile:\n\n{}", render::plan(&left, false)));
    tell("Run the same command again to delete it.");
    Ok(false)
}

/// The session to delete in, and whether the environment is protected. A missing or broken stack file is no obstacle: what
/// is ours bears our mark. A whole one tells the names to look for as well.
async fn open(globals: &Globals, args: &DownArgs) -> Result<(Session, bool)> {
    let environment = globals.env.clone();
    if let Some(stack) = &args.stack {
        let connection = globals.connect(None, None).await?;
        return Ok((Session::of(connection, Identity { stack: stack.clone(), environment }), false));
    }
    let process = |name: &str| Some(std::env::var(name).unwrap_or_default());
    let options = config::Options { environment: environment.as_deref(), process: &process };
    match config::load(&globals.file, &options) {
        Ok(stack) => {
            let connection = globals.connect(stack.region.as_deref(), stack.account.as_deref()).await?;
            let mut session = Session::of(connection, identity(&stack));
            session.scope.wanted = wanted(&lower(&stack, &session.scope, &BTreeMap::new()));
            Ok((session, stack.environment.is_some_and(|environment| environment.protect)))
        }
        Err(wrong) => {
            let known = config::identity(&globals.file, environment.as_deref()).with_context(|| {
                let message = wrong.render(true);
                format!("{message}\nTo delete a stack without its stack file: provision down --stack NAME")
            })?;
            tell(&render::warning("the stack file has errors; going by its name alone"));
            let connection = globals.connect(known.region.as_deref(), known.account.as_deref()).await?;
            Ok((Session::of(connection, Identity { stack: known.stack, environment }), known.protect))
        }
    }
}

/// What there is, and the plan to delete what of it is ours.
async fn look(session: &Session, args: &DownArgs) -> Result<(World, Plan)> {
    let context = session.context(Access::Read, BTreeMap::new(), Events::none());
    let world = observe(&context).await.map_err(explained)?;
    let options = Options {
        mode: Mode::Down,
        local: session.connection.is_local(),
        allow_data_loss: args.allow_data_loss.iter().cloned().collect(),
        replace_stack: false,
    };
    let plan = plan::plan(&Graph::default(), &world, &options)
        .unwrap_or_else(|_| unreachable!("an empty graph has no cycle"));
    Ok((world, plan))
}

/// Names what bears a name of the stack and belongs to another.
fn tell_foreign(world: &World) {
    for seen in world.seen.iter().filter(|seen| seen.parent.is_none()) {
        if let Owner::Foreign(who) = &seen.owner {
            tell(&render::aside(&format!("{} is left alone: {who}", seen.id)));
        }
    }
}

/// The last word: that nothing is left, or that this cannot be known.
fn conclude(session: &Session, plan: &Plan, good: &str) -> bool {
    match plan.blind.is_empty() {
        true => say(&format!("{good} · {}", session.calls())),
        false => tell(&render::error(
            "cannot confirm that nothing is left: some of it could not be looked at",
            Some("allow the refused calls to these credentials and run the same command again"),
        )),
    }
    plan.blind.is_empty()
}

/// Whether to go on: the stack's name is asked for, unless `--yes` is given. The local cloud is for trying things out.
fn confirmed(globals: &Globals, args: &DownArgs, session: &Session, protected: bool) -> Result<bool> {
    match () {
        () if globals.local => Ok(true),
        () if args.yes && !protected => Ok(true),
        () if !super::interactive() && args.confirm.is_none() && !protected => {
            bail!(render::error("nobody can be asked here", Some("add --yes to delete without being asked")))
        }
        () => confirmed_by_name(session, args.confirm.as_deref()),
    }
}

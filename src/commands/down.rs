//! `down`: deletes everything that is the stack's, and looks again to make sure.

use super::session::{Globals, calls, greet};
use super::up::{carry_out, confirmed_by_name, progress};
use super::{Outcome, err, json, out};
use crate::config;
use crate::error::Failure;
use crate::exit::Exit;
use crate::model::{Identity, LiveState, Owner};
use crate::plan::Plan;
use crate::reconcile::{Ended, Session, Teardown};
use crate::render;
use anyhow::{Result, bail};
use clap::Args;
use std::collections::BTreeMap;

/// The flags of `down`.
#[derive(Debug, Clone, Default, Args)]
pub struct DownArgs {
    /// Stack to delete, if the stack file is missing or invalid
    #[arg(long, value_name = "NAME", value_parser = config::stack_name)]
    pub stack: Option<String>,
    /// Skip the confirmation
    #[arg(long, short)]
    pub yes: bool,
    /// Allow data loss: of a table's items, or of `all`
    #[arg(long, value_name = "TABLE")]
    pub allow_data_loss: Vec<String>,
    /// Confirm deleting a protected environment: its stack's name
    #[arg(long, value_name = "STACK")]
    pub confirm: Option<String>,
}

/// Deletes the stack.
///
/// # Errors
/// What keeps the plan from being made.
pub async fn down(globals: &Globals, args: &DownArgs) -> Outcome {
    let (session, protected) = open(globals, args).await?;
    greet(&session);
    let mut destroy = Teardown::new(session, args.allow_data_loss.iter().cloned().collect());
    let live_state = destroy.look().await?;
    tell_foreign(&live_state);
    let plan = destroy.plan(&live_state)?;
    plan.unreadable.iter().for_each(|unreadable| err(&render::unreadable(unreadable)));
    if plan.is_empty() {
        return Ok(conclude(&destroy.session, &plan, "Nothing to delete: the stack does not exist."));
    }
    show(globals, &plan);
    if !plan.blockers.is_empty() {
        err(&format!("\n{}\nNothing was deleted.", render::blockers(&plan.blockers, None).trim_end()));
        return Ok(Exit::Failed);
    }
    if !confirmed(globals, args, &destroy.session, protected)? {
        err("Nothing was deleted.");
        return Ok(Exit::Failed);
    }
    let carry_out = async |session: &Session, plan: &Plan| {
        carry_out(session, plan, BTreeMap::new(), None, progress(plan)).await
    };
    match destroy.run(plan, carry_out).await? {
        Ended::Gone(plan) => Ok(conclude(&destroy.session, &plan, "Nothing left.")),
        Ended::Unfinished(report) => Ok(Exit::of_report(&report)),
        Ended::NewResources(plan) => {
            show(globals, &plan);
            if !plan.blockers.is_empty() {
                err(&format!("\n{}", render::blockers(&plan.blockers, None).trim_end()));
            }
            err("New resources appeared during deletion. Run the same command again to delete them.");
            Ok(Exit::Failed)
        }
    }
}

/// Tells what bears a name of the stack and is somebody else's.
fn tell_foreign(live_state: &LiveState) {
    for observed in live_state.observed.iter().filter(|observed| observed.parent.is_none()) {
        if let Owner::Unmanaged(who) = &observed.owner {
            err(&render::aside(&format!("{} is not deleted: {who}", observed.id)));
        }
    }
}

fn show(globals: &Globals, plan: &Plan) {
    out(&format!("\n{}", render::plan(plan, globals.shown())));
    out(&render::summary(plan));
    json(|| render::json::plan(plan));
}

/// The session to delete in, and whether the environment is protected. A missing or broken stack file is no obstacle: what
/// is ours bears our mark. A whole one tells the names to look for as well.
async fn open(globals: &Globals, args: &DownArgs) -> Result<(Session, bool)> {
    let environment = globals.env.clone();
    if let Some(stack) = &args.stack {
        // What the file says of this very stack holds all the same.
        let known =
            config::identity(&globals.file, environment.as_deref()).filter(|known| known.stack == *stack);
        let region = known.as_ref().and_then(|known| known.region.as_deref());
        let account = known.as_ref().and_then(|known| known.account.as_deref());
        let connection = globals.connect(region, account).await?;
        let protected = known.as_ref().is_some_and(|known| known.protect);
        return Ok((Session::of(connection, Identity { stack: stack.clone(), environment }), protected));
    }
    let process = |name: &str| Some(std::env::var(name).unwrap_or_default());
    let options = config::Options { environment: environment.as_deref(), process: &process };
    match config::load(&globals.file, &options) {
        Ok(stack) => {
            let connection = globals.connect(stack.region.as_deref(), stack.account.as_deref()).await?;
            Ok((
                Session::of_stack(connection, &stack),
                stack.environment.is_some_and(|environment| environment.protect),
            ))
        }
        Err(wrong) => {
            let Some(known) = config::identity(&globals.file, environment.as_deref()) else {
                let command = globals.command("down --stack NAME");
                err(&format!("To delete a stack without its stack file: {command}"));
                bail!(wrong)
            };
            err(&render::warning("the stack file has errors; using only its name, region and account"));
            let connection = globals.connect(known.region.as_deref(), known.account.as_deref()).await?;
            Ok((Session::of(connection, Identity { stack: known.stack, environment }), known.protect))
        }
    }
}

/// The last word: that nothing is left, or that this cannot be known.
fn conclude(session: &Session, plan: &Plan, good: &str) -> Exit {
    match plan.unreadable.is_empty() {
        true => out(&format!("{good} · {}", calls(session))),
        false => err(&render::error(
            "cannot verify that nothing is left: some resources could not be listed",
            Some("grant the denied permissions to these credentials and run the same command again"),
        )),
    }
    Exit::when(plan.unreadable.is_empty())
}

/// Whether to go on: the stack's name is asked for, unless `--yes` is given. The local cloud is for trying things out.
fn confirmed(globals: &Globals, args: &DownArgs, session: &Session, protected: bool) -> Result<bool> {
    match () {
        () if globals.local => Ok(true),
        () if args.yes && !protected => Ok(true),
        () if !super::is_interactive() && args.confirm.is_none() && !protected => {
            bail!(Failure::usage(
                "cannot ask for confirmation: not a terminal",
                "add --yes to delete without confirmation"
            ))
        }
        () => confirmed_by_name(session, args.confirm.as_deref(), "to delete it"),
    }
}

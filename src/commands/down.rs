//! `down`: deletes every resource of the stack, and verifies that nothing is left.

use super::busy::{Busy, reading, waits};
use super::execute::{cannot_ask, execute, is_confirmed_by_name, progress_of};
use super::session::{Globals, calls, print_target};
use super::{Outcome, err, is_interactive, json, out};
use crate::aws::Connection;
use crate::config::{self, Known, Stack};
use crate::error::exit_of_report;
use crate::exit::Exit;
use crate::kinds::sections;
use crate::model::{Identity, LiveState, Owner, Values};
use crate::outline::Outline;
use crate::plan::Plan;
use crate::reconcile::{Destroy, Destroyed, Session};
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
    /// Allow data loss of a table, queue, bucket or other entry by its name, or of `all`
    #[arg(long, value_name = "NAME")]
    pub allow_data_loss: Vec<String>,
    /// Confirm deleting a protected environment: its stack's name
    #[arg(long, value_name = "STACK")]
    pub confirm: Option<String>,
}

/// Deletes the stack.
///
/// # Errors
/// The plan cannot be made.
pub async fn down(globals: &Globals, args: &DownArgs) -> Outcome {
    let (session, protected) = open(globals, args).await?;
    let session = Session { waits: waits(), ..session };
    print_target(&session);
    let mut destroy = Destroy::new(session, args.allow_data_loss.iter().cloned().collect());
    let live_state = reading(&destroy.session.connection, destroy.look()).await?;
    print_unmanaged(&live_state);
    let plan = destroy.plan(&live_state)?;
    plan.unreadable.iter().for_each(|unreadable| err(&render::unreadable(unreadable)));
    if plan.is_empty() {
        return Ok(conclude(&destroy.session, &plan, "Nothing to delete: the stack does not exist."));
    }
    print_plan(globals, &plan);
    if !plan.blockers.is_empty() {
        err(&format!("\n{}\nNothing was deleted.", render::blockers(&plan.blockers, &[]).trim_end()));
        return Ok(Exit::Failed);
    }
    if !is_confirmed(globals, args, &destroy.session, protected)? {
        err("Nothing was deleted.");
        return Ok(Exit::Failed);
    }
    // After each plan everything is read once more.
    let mut busy = None;
    let apply = async |session: &Session, plan: &Plan| {
        busy = None;
        let report = execute(globals, session, plan, BTreeMap::new(), &[], progress_of(globals, plan)).await;
        busy = Some(Busy::reading(&session.connection));
        report
    };
    let destroyed = destroy.run(plan, apply).await;
    drop(busy);
    match destroyed? {
        Destroyed::All(plan) => Ok(conclude(&destroy.session, &plan, "Nothing left.")),
        Destroyed::Incomplete(report) => Ok(exit_of_report(&report)),
        Destroyed::NewResources(plan) => {
            print_plan(globals, &plan);
            if !plan.blockers.is_empty() {
                err(&format!("\n{}", render::blockers(&plan.blockers, &[]).trim_end()));
            }
            err("New resources appeared during deletion. Run the same command again to delete them.");
            Ok(Exit::Failed)
        }
    }
}

/// Reports resources that have a name of the stack and are not ours.
fn print_unmanaged(live_state: &LiveState) {
    for observed in live_state.observed.iter().filter(|observed| observed.parent.is_none()) {
        if let Owner::Unmanaged(who) = &observed.owner {
            err(&render::aside(&format!("{} is not deleted: {who}", observed.id)));
        }
    }
}

fn print_plan(globals: &Globals, plan: &Plan) {
    out(&format!("\n{}", render::plan(&Outline::of(plan), globals.detail()).trim_end()));
    out(&render::summary(plan));
    json(|| render::json::plan(plan));
}

/// The session to delete in, and whether the environment is protected. A missing or invalid stack file is no obstacle:
/// resources that are ours have the ownership tag. A valid one also gives the names to look for.
async fn open(globals: &Globals, args: &DownArgs) -> Result<(Session, bool)> {
    globals.print_file();
    let environment = globals.env.clone();
    if let Some(stack) = &args.stack {
        // The settings of the file apply if it is the file of this stack.
        let known =
            config::identity(&globals.file, environment.as_deref()).filter(|known| known.stack == *stack);
        let region = known.as_ref().and_then(|known| known.region.as_deref());
        let account = known.as_ref().and_then(|known| known.account.as_deref());
        let connection = globals.connect(region, account).await?;
        let protected = known.as_ref().is_some_and(|known| known.protect);
        return Ok((Session::of(connection, Identity::new(stack, environment)), protected));
    }
    let process = |name: &str| Some(std::env::var(name).unwrap_or_default());
    let options = config::Options {
        sections: sections(),
        environment: environment.as_deref(),
        process: &process,
        known: None,
    };
    let of_stack = |connection: Connection, stack: &Stack| {
        let protected = stack.environment.as_ref().is_some_and(|environment| environment.protect);
        (Session::of_stack(connection, stack), protected)
    };
    let loaded = match config::load(&globals.file, &options) {
        Ok(stack) => {
            let connection = globals.connect(stack.region.as_deref(), stack.account.as_deref()).await?;
            if !stack.is_for_now {
                return Ok(of_stack(connection, &stack));
            }
            // What lives elsewhere may be gone, and makes no difference: resources are found by their names and tags.
            let known = Known { location: connection.location(), values: Values::new() };
            let options = config::Options { known: Some(&known), ..options };
            config::load(&globals.file, &options).map(|stack| (connection, stack))
        }
        Err(errors) => Err(errors),
    };
    match loaded {
        Ok((connection, stack)) => Ok(of_stack(connection, &stack)),
        Err(errors) => {
            let Some(known) = config::identity(&globals.file, environment.as_deref()) else {
                let command = globals.command("down --stack NAME");
                err(&format!("To delete a stack without its stack file: {command}"));
                bail!(errors)
            };
            err(&render::warning("the stack file has errors; using only its name, region and account"));
            let connection = globals.connect(known.region.as_deref(), known.account.as_deref()).await?;
            Ok((Session::of(connection, Identity::new(known.stack, environment)), known.protect))
        }
    }
}

/// Reports at the end that nothing is left, or that this cannot be known.
fn conclude(session: &Session, plan: &Plan, success: &str) -> Exit {
    if plan.unreadable.is_empty() {
        out(&format!("{success} · {}", calls(session)));
        return Exit::Done;
    }
    err(&render::error(
        "cannot verify that nothing is left: some resources could not be listed",
        Some("grant the denied permissions to these credentials and run the same command again"),
    ));
    Exit::Failed
}

/// Whether to continue: the stack's name is asked for, unless `--yes` is given. The local cloud is for trying things out, so
/// there it is always yes.
fn is_confirmed(globals: &Globals, args: &DownArgs, session: &Session, protected: bool) -> Result<bool> {
    if globals.local || (args.yes && !protected) {
        return Ok(true);
    }
    if !is_interactive() && args.confirm.is_none() && !protected {
        bail!(cannot_ask("delete"));
    }
    is_confirmed_by_name(session, args.confirm.as_deref(), "to delete it")
}

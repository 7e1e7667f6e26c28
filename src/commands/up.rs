//! `up`: creates or updates the stack, after it has shown the plan.

use super::execute::{Confirmation, execute, progress_of};
use super::plan::{PlanArgs, Prepared, no_changes, prepare, print_plan, read_saved, write};
use super::screen::{Format, last_line, set_format};
use super::session::{Globals, open};
use super::watch_loop::{WatchOptions, watch};
use super::{Outcome, check, err, is_json, json, out};
use crate::config::Stack;
use crate::error::{Failure, exit_of_report};
use crate::exit::Exit;
use crate::outputs;
use crate::plan::{Plan, Saved};
use crate::reconcile::Session;
use crate::render;
use crate::timings::Recorder;
use anyhow::{Result, bail};
use clap::Args;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::time::Instant;

/// The flags of `up`.
#[derive(Debug, Clone, Default, Args)]
pub struct UpArgs {
    /// The flags that the plan depends on.
    #[command(flatten)]
    pub plan: PlanArgs,
    /// Skip the confirmation
    #[arg(long, short)]
    pub yes: bool,
    /// Apply a saved plan (`plan --out FILE`); fails if it is out of date
    #[arg(long = "plan", value_name = "FILE", conflicts_with_all = ["allow_data_loss", "replace_stack"])]
    pub saved_plan: Option<PathBuf>,
    /// Print only errors and the last line; a plan that has to be confirmed is shown all the same
    #[arg(long, short, conflicts_with = "watch")]
    pub quiet: bool,
    /// Run the stack's checks afterwards; they send real requests and may write data
    #[arg(long)]
    pub check: bool,
    /// Apply every saved change without asking again, and stream the logs
    #[arg(long, conflicts_with = "saved_plan")]
    pub watch: bool,
    /// Confirm a change in a protected environment: its stack's name
    #[arg(long, value_name = "STACK")]
    pub confirm: Option<String>,
    /// Write a page with the time of each step and each call, and what decided how long it took
    #[arg(long, value_name = "FILE", conflicts_with = "watch")]
    pub timings: Option<PathBuf>,
}

impl UpArgs {
    /// Whether the flags confirm the changes. A saved plan was reviewed before.
    fn is_confirmed(&self) -> bool {
        self.yes || self.saved_plan.is_some()
    }
}

/// Creates or updates the stack.
///
/// # Errors
/// The plan cannot be made, or the saved plan is out of date.
pub async fn up(globals: &Globals, args: &UpArgs) -> Outcome {
    if args.watch {
        let options = WatchOptions { plan: &args.plan, check: args.check, yes: args.yes };
        return watch(globals, options).await;
    }
    let recorder = args.timings.as_ref().map(|_| Recorder::new());
    let globals = &Globals { recorder, ..globals.clone() };
    if args.quiet && (args.is_confirmed() || globals.local) && !is_json() {
        set_format(Format::Quiet);
    }
    let start = Instant::now();
    let mut stack = globals.stack()?;
    let saved = args.saved_plan.as_deref().map(|file| read_saved(globals, file)).transpose()?;
    let plan_args = saved.as_ref().map_or_else(|| args.plan.clone(), PlanArgs::of);
    let session = open(globals, &mut stack).await?;
    let prepared = prepare(&session, &plan_args, &stack).await?;
    if !print_plan(globals, &stack, &prepared.plan) {
        err("Nothing was changed.");
        return Ok(Exit::Failed);
    }
    if let Some(saved) = &saved {
        check_up_to_date(
            globals,
            saved,
            &Saved::of(&prepared.plan, &session.scope, &prepared.options, &saved.salt),
        )?;
    }
    let Prepared { plan, packages, .. } = prepared;
    let outcome = apply(globals, args, &stack, &session, (plan, packages), start).await;
    if let (Some(file), Some(recorder)) = (&args.timings, &globals.recorder) {
        let page = render::timings(&recorder.end(), &session.scope.identity);
        write(file, |out| out.write_all(page.as_bytes()))?;
    }
    outcome
}

/// Applies a plan after it is confirmed, and shows what the user has now.
async fn apply(
    globals: &Globals,
    args: &UpArgs,
    stack: &Stack,
    session: &Session,
    (plan, packages): (Plan, BTreeMap<String, PathBuf>),
    start: Instant,
) -> Outcome {
    let has_changes = !plan.is_empty();
    let (done, attributes) = if has_changes {
        if !confirmation(args, session).is_given(globals, stack, session)? {
            err("Nothing was changed.");
            return Ok(Exit::Failed);
        }
        let report =
            execute(globals, session, &plan, packages, &stack.files, progress_of(globals, &plan)).await;
        if !report.is_complete() {
            return Ok(exit_of_report(&report));
        }
        (render::done(&plan, &report), report.attributes)
    } else {
        out(&no_changes(session, start));
        ("no changes".to_owned(), plan.attributes)
    };
    let short = globals.detail().short;
    out(&render::outputs(stack, &session.scope, &attributes, &|_| true, short));
    json(|| render::json::outputs(stack, &session.scope, &attributes));
    let exit = match args.check || (globals.local && has_changes) {
        true => check::run(globals, stack, session, &attributes, short).await?,
        false => Exit::Done,
    };
    if exit == Exit::Done {
        let url = outputs::endpoint(&attributes);
        last_line(&render::last_line(&session.scope.identity, &done, start.elapsed(), url));
    }
    Ok(exit)
}

fn confirmation<'a>(args: &'a UpArgs, session: &Session) -> Confirmation<'a> {
    Confirmation {
        yes: args.is_confirmed(),
        name: args.confirm.as_deref(),
        question: format!("Apply these changes to account {}?", session.connection.account),
        purpose: "to apply these changes",
        effect: "apply the changes",
    }
}

/// Fails if the saved plan differs from the one that is needed now.
fn check_up_to_date(globals: &Globals, saved: &Saved, now: &Saved) -> Result<()> {
    let differences = saved.differences(now);
    if differences.is_empty() {
        return Ok(());
    }
    let listed: Vec<String> = differences.iter().map(|one| format!("\n  - {one}")).collect();
    bail!(Failure::new(
        format!("the saved plan is out of date; nothing was changed:{}", listed.concat()),
        format!("save a new one with `{}`, and review it", globals.command("plan --out FILE")),
    ))
}

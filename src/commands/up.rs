//! `up`: makes AWS what the stack file says, after it has shown the plan.

use super::dev::watch;
use super::plan::{PlanArgs, Prepared, kept, prepare, show, unchanged};
use super::session::{Globals, calls, open};
use super::{Outcome, ask, emit, interactive, say, speaks_json, stop_on_ctrl_c, tell};
use crate::apply::Report;
use crate::config::Stack;
use crate::error::Failure;
use crate::event::Events;
use crate::exit::Exit;
use crate::plan::{Plan, Saved};
use crate::reconcile::Session;
use crate::render::{self, Progress};
use anyhow::{Result, bail};
use clap::Args;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// The flags of `up`.
#[derive(Debug, Clone, Default, Args)]
pub struct UpArgs {
    /// The flags that the plan depends on.
    #[command(flatten)]
    pub plan: PlanArgs,
    /// Do not ask before changing anything
    #[arg(long, short)]
    pub yes: bool,
    /// Carry out the plan that `plan --out FILE` has kept, and refuse if another is needed by now
    #[arg(long = "plan", value_name = "FILE", conflicts_with_all = ["allow_data_loss", "replace_stack"])]
    pub kept: Option<PathBuf>,
    /// Run the stack's checks afterwards; they send real requests, writes included
    #[arg(long)]
    pub check: bool,
    /// Go on: bring up each saved change, without asking again, and show what the functions log
    #[arg(long, conflicts_with = "kept")]
    pub watch: bool,
    /// Confirm a change of a protected environment: its stack's name
    #[arg(long, value_name = "STACK")]
    pub confirm: Option<String>,
}

/// Makes AWS what the stack file says.
///
/// # Errors
/// What keeps the plan from being made.
pub async fn up(globals: &Globals, args: &UpArgs) -> Outcome {
    if args.watch {
        return watch(globals, args).await;
    }
    let start = Instant::now();
    let stack = globals.stack()?;
    let agreed = args.kept.as_deref().map(kept).transpose()?;
    let wishes = agreed.as_ref().map_or_else(|| args.plan.clone(), PlanArgs::of);
    let session = open(globals, &stack).await?;
    let planned = prepare(&session, &wishes, &stack).await?;
    if !show(globals, &planned.plan) {
        tell("Nothing was changed.");
        return Ok(Exit::Failed);
    }
    if let Some(agreed) = &agreed {
        still_holds(agreed, &Saved::of(&planned.plan, &session.scope, &planned.options))?;
    }
    let Prepared { plan, packages, .. } = planned;
    let changes = !plan.is_empty();
    let attributes = match changes {
        false => {
            say(&unchanged(&session, start));
            plan.attributes
        }
        true => {
            if !confirmed(globals, args, &stack, &session)? {
                tell("Nothing was changed.");
                return Ok(Exit::Failed);
            }
            let report = carry_out(&session, &plan, packages, Some(&globals.file), progress(&plan)).await;
            if !report.is_complete() {
                return Ok(Exit::of_report(&report));
            }
            report.attributes
        }
    };
    say(&render::outputs(&stack, &attributes));
    emit(|| render::json::outputs(&stack, &attributes));
    match args.check || (globals.local && changes) {
        true => super::check::run(&stack, &session, &attributes).await,
        false => Ok(Exit::Done),
    }
}

/// Refuses where the plan that somebody has agreed to is not the one that is needed now.
fn still_holds(agreed: &Saved, now: &Saved) -> Result<()> {
    let differences = agreed.differences(now);
    if differences.is_empty() {
        return Ok(());
    }
    let listed: Vec<String> = differences.iter().map(|one| format!("\n  - {one}")).collect();
    bail!(Failure::new(
        format!("the kept plan does not fit any more, and nothing was changed:{}", listed.concat()),
        "make a new one with `provision plan --out FILE`, and have a look at it",
    ))
}

/// The progress of a plan, live where the screen allows it.
pub(super) fn progress(plan: &Plan) -> Progress {
    Progress::new(plan.steps.iter().filter(|step| !step.with_parent).count(), say)
}

/// Carries out a plan and reports; also for `down`.
pub(super) async fn carry_out(
    session: &Session,
    plan: &Plan,
    packages: BTreeMap<String, PathBuf>,
    file: Option<&Path>,
    progress: Progress,
) -> Report {
    let start = Instant::now();
    say("");
    let events = Events::new(move |event| match speaks_json() {
        true => emit(|| render::json::event(&event)),
        false => progress.show(&event),
    });
    let report = session.carry_out(plan, packages, events, stop_on_ctrl_c()).await;
    let (took, made) = (start.elapsed(), session.connection.calls());
    emit(|| render::json::report(plan, &report, took, (made.reads(), made.writes())));
    let text = render::report(plan, &report, file, took);
    let text = format!("{} · {}", text.trim_end(), calls(session));
    if report.is_complete() {
        say(&format!("\n{text}"))
    } else {
        tell(&format!("\n{text}"))
    }
    report
}

/// Whether to go on: asked in a terminal, else told by `--yes`. The local cloud is for trying things out.
pub(super) fn confirmed(globals: &Globals, args: &UpArgs, stack: &Stack, session: &Session) -> Result<bool> {
    if globals.local {
        return Ok(true);
    }
    if stack.environment.as_ref().is_some_and(|environment| environment.protect) {
        return confirmed_by_name(session, args.confirm.as_deref());
    }
    // A kept plan was read and agreed to before.
    if args.yes || args.kept.is_some() {
        return Ok(true);
    }
    if !interactive() {
        bail!(nobody());
    }
    let account = &session.connection.account;
    let question = match args.watch {
        true => format!("Keep account {account} as the files say, now and at each save?"),
        false => format!("Change account {account} like this?"),
    };
    let answer = ask(&format!("\n{question} [y/N]"))?;
    Ok(matches!(answer.to_lowercase().as_str(), "y" | "yes"))
}

/// That there is nobody to ask.
pub(super) fn nobody() -> Failure {
    Failure::usage("nobody can be asked here", "add --yes to change AWS without being asked")
}

/// Whether the name of the stack was given, on the command line or now.
pub(super) fn confirmed_by_name(session: &Session, confirmed: Option<&str>) -> Result<bool> {
    let name = session.scope.identity.to_string();
    let given = match confirmed {
        Some(given) => given.to_owned(),
        None if interactive() => ask(&format!("\nType {} to go on:", render::emphasis(&name)))?,
        None => bail!(Failure::usage("nobody can be asked here", format!("add --confirm {name}"))),
    };
    if given != name {
        tell(&format!("`{given}` is not `{name}`."));
    }
    Ok(given == name)
}

//! `up`: makes AWS what the stack file says, after it has shown the plan.

use super::dev::watch;
use super::plan::{PlanArgs, Prepared, kept, prepare, show, unchanged};
use super::session::{Globals, calls, open};
use super::{Outcome, ask, err, is_interactive, is_json, json, out, stop_on_ctrl_c};
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
    /// Skip the confirmation
    #[arg(long, short)]
    pub yes: bool,
    /// Apply a saved plan (`plan --out FILE`); fails if it is out of date
    #[arg(long = "plan", value_name = "FILE", conflicts_with_all = ["allow_data_loss", "replace_stack"])]
    pub kept: Option<PathBuf>,
    /// Run the stack's checks afterwards; they send real requests and may write data
    #[arg(long)]
    pub check: bool,
    /// Apply every saved change without asking again, and stream the logs
    #[arg(long, conflicts_with = "kept")]
    pub watch: bool,
    /// Confirm a change in a protected environment: its stack's name
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
    let agreed = args.kept.as_deref().map(|file| kept(globals, file)).transpose()?;
    let wishes = agreed.as_ref().map_or_else(|| args.plan.clone(), PlanArgs::of);
    let session = open(globals, &stack).await?;
    let planned = prepare(&session, &wishes, &stack).await?;
    if !show(globals, &planned.plan) {
        err("Nothing was changed.");
        return Ok(Exit::Failed);
    }
    if let Some(agreed) = &agreed {
        still_holds(globals, agreed, &Saved::of(&planned.plan, &session.scope, &planned.options))?;
    }
    let Prepared { plan, packages, .. } = planned;
    let changes = !plan.is_empty();
    let attributes = match changes {
        false => {
            out(&unchanged(&session, start));
            plan.attributes
        }
        true => {
            if !confirmed(globals, args, &stack, &session)? {
                err("Nothing was changed.");
                return Ok(Exit::Failed);
            }
            let report = carry_out(&session, &plan, packages, Some(&globals.file), progress(&plan)).await;
            if !report.is_complete() {
                return Ok(Exit::of_report(&report));
            }
            report.attributes
        }
    };
    out(&render::outputs(&stack, &attributes));
    json(|| render::json::outputs(&stack, &attributes));
    match args.check || (globals.local && changes) {
        true => super::check::run(globals, &stack, &session, &attributes).await,
        false => Ok(Exit::Done),
    }
}

/// Fails if the saved plan is not the one that is needed now.
fn still_holds(globals: &Globals, agreed: &Saved, now: &Saved) -> Result<()> {
    let differences = agreed.differences(now);
    if differences.is_empty() {
        return Ok(());
    }
    let listed: Vec<String> = differences.iter().map(|one| format!("\n  - {one}")).collect();
    bail!(Failure::new(
        format!("the saved plan is out of date; nothing was changed:{}", listed.concat()),
        format!("save a new one with `{}`, and review it", globals.command("plan --out FILE")),
    ))
}

/// The progress of a plan, live where the screen allows it.
pub(super) fn progress(plan: &Plan) -> Progress {
    Progress::new(plan.steps.iter().filter(|step| !step.with_parent).count(), out)
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
    out("");
    let events = Events::new(move |event| match is_json() {
        true => json(|| render::json::event(&event)),
        false => progress.show(&event),
    });
    let report = session.carry_out(plan, packages, events, stop_on_ctrl_c()).await;
    let (took, made) = (start.elapsed(), session.connection.calls());
    json(|| render::json::report(plan, &report, took, (made.reads(), made.writes())));
    let text = render::report(plan, &report, file, took);
    let text = format!("{} · {}", text.trim_end(), calls(session));
    if report.is_complete() {
        out(&format!("\n{text}"))
    } else {
        err(&format!("\n{text}"))
    }
    report
}

/// Whether to go on: asked in a terminal, else told by `--yes`. The local cloud is for trying things out.
pub(super) fn confirmed(globals: &Globals, args: &UpArgs, stack: &Stack, session: &Session) -> Result<bool> {
    if globals.local {
        return Ok(true);
    }
    if stack.environment.as_ref().is_some_and(|environment| environment.protect) {
        return confirmed_by_name(session, args.confirm.as_deref(), "to apply these changes");
    }
    // A kept plan was read and agreed to before.
    if args.yes || args.kept.is_some() {
        return Ok(true);
    }
    if !is_interactive() {
        bail!(nobody());
    }
    let account = &session.connection.account;
    let question = match args.watch {
        true => format!("Apply these changes to account {account}, and the changes of every save?"),
        false => format!("Apply these changes to account {account}?"),
    };
    let answer = ask(&format!("\n{question} [y/N]"))?;
    Ok(matches!(answer.to_lowercase().as_str(), "y" | "yes"))
}

/// That there is nobody to ask.
pub(super) fn nobody() -> Failure {
    Failure::usage(
        "cannot ask for confirmation: not a terminal",
        "add --yes to apply the changes without confirmation",
    )
}

/// Whether the name of the stack was given, on the command line or now. `to` says what for, for example `to delete it`.
pub(super) fn confirmed_by_name(session: &Session, confirmed: Option<&str>, to: &str) -> Result<bool> {
    let name = session.scope.identity.to_string();
    let given = match confirmed {
        Some(given) => given.to_owned(),
        None if is_interactive() => {
            ask(&format!("\nType the stack's name, {}, {to}:", render::emphasis(&name)))?
        }
        None => bail!(Failure::usage(
            "cannot ask for confirmation: not a terminal",
            format!("add --confirm {name}")
        )),
    };
    if given != name {
        err(&format!("`{given}` is not `{name}`."));
    }
    Ok(given == name)
}

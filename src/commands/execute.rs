//! What the commands that write share: the confirmation, and a plan that is applied with its progress.

use super::screen::is_quiet;
use super::session::{Globals, calls};
use super::{ask, err, is_interactive, is_json, json, out, stop_on_ctrl_c};
use crate::apply::Report;
use crate::config::Stack;
use crate::error::Failure;
use crate::event::Events;
use crate::outline::Outline;
use crate::plan::Plan;
use crate::reconcile::Session;
use crate::render::{self, Progress};
use anyhow::{Result, bail};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

/// The progress of a plan, live if the terminal allows it.
pub(super) fn progress_of(globals: &Globals, plan: &Plan) -> Progress {
    if is_quiet() {
        return Progress::lines(|_| ());
    }
    Progress::new(&Outline::of(plan), !globals.detail().short, out)
}

/// Applies a plan, shows its progress, and reports.
pub(super) async fn execute(
    globals: &Globals,
    session: &Session,
    plan: &Plan,
    packages: BTreeMap<String, PathBuf>,
    files: &[PathBuf],
    progress: Progress,
) -> Report {
    let start = Instant::now();
    out("");
    let leaves_lines = progress.leaves_lines();
    let recorder = globals.recorder.clone();
    recorder.iter().for_each(|recorder| recorder.plan(plan));
    let events = Events::new(move |event| {
        recorder.iter().for_each(|recorder| recorder.event(&event));
        if is_json() {
            json(|| render::json::event(&event));
        } else {
            progress.show(&event);
        }
    });
    let report = session.apply(plan, packages, events, stop_on_ctrl_c()).await;
    let (took, made) = (start.elapsed(), session.connection.calls());
    json(|| render::json::report(plan, &report, took, (made.reads(), made.writes())));
    let text = render::report(plan, &report, files, took, &calls(session));
    let text = text.trim_end();
    // Where nothing is left of the progress, the line above it is the gap.
    let text = if leaves_lines || !report.is_complete() { format!("\n{text}") } else { text.to_owned() };
    if report.is_complete() {
        out(&text);
    } else {
        err(&text);
    }
    report
}

/// What the user is asked before a command writes, and the flags that answer it.
#[derive(Debug)]
pub(super) struct Confirmation<'a> {
    /// `--yes`
    pub(super) yes: bool,
    /// `--confirm STACK`
    pub(super) name: Option<&'a str>,
    /// The question in a terminal, for example `Adopt it?`.
    pub(super) question: String,
    /// What the stack's name confirms in a protected environment, for example `to adopt it`.
    pub(super) purpose: &'static str,
    /// What `--yes` does without confirmation, for example `adopt it`.
    pub(super) effect: &'static str,
}

impl Confirmation<'_> {
    /// Whether to continue: the answer in a terminal, else `--yes`. The local cloud is for trying things out, so there it
    /// is always yes.
    pub(super) fn is_given(&self, globals: &Globals, stack: &Stack, session: &Session) -> Result<bool> {
        if globals.local {
            return Ok(true);
        }
        if stack.environment.as_ref().is_some_and(|environment| environment.protect) {
            return is_confirmed_by_name(session, self.name, self.purpose);
        }
        if self.yes {
            return Ok(true);
        }
        if !is_interactive() {
            bail!(cannot_ask(self.effect));
        }
        let answer = ask(&format!("\n{} [y/N]", self.question))?;
        Ok(matches!(answer.to_lowercase().as_str(), "y" | "yes"))
    }
}

/// The failure of a command that would have to ask. `effect` is what `--yes` then does.
pub(super) fn cannot_ask(effect: &str) -> Failure {
    let help = format!("add --yes to {effect} without confirmation");
    Failure::usage("cannot ask for confirmation: not a terminal", help)
}

/// Whether the name of the stack is given: by a flag, or typed in a terminal. `purpose` says what for, for example `to
/// delete it`.
pub(super) fn is_confirmed_by_name(session: &Session, flag: Option<&str>, purpose: &str) -> Result<bool> {
    let name = session.scope.identity.to_string();
    let given = match flag {
        Some(given) => given.to_owned(),
        None if is_interactive() => {
            ask(&format!("\nType the stack's name, {}, {purpose}:", render::emphasis(&name)))?
        }
        None => {
            let help = format!("add --confirm {name}");
            bail!(Failure::usage("cannot ask for confirmation: not a terminal", help))
        }
    };
    if given != name {
        err(&format!("`{given}` is not `{name}`."));
    }
    Ok(given == name)
}

//! The loop of `dev` and `up --watch`: applies the stack, and again after each saved change, while it shows the functions'
//! logs. An error is shown when it happens, and the next save tries again.

use super::build::build;
use super::busy::{Busy, reading};
use super::check;
use super::execute::{Confirmation, cannot_ask, execute, progress_of};
use super::logs::{LogView, follow, now, reader};
use super::plan::{PACKAGING, PlanArgs, Prepared, hashes, make_plan, no_changes, print_plan};
use super::session::{Globals, calls, open};
use super::{Outcome, err, is_interactive, json, out, stop_on_ctrl_c};
use crate::apply::Report;
use crate::config::Stack;
use crate::desired::lower;
use crate::elsewhere::Need;
use crate::error::Failure;
use crate::event::Events;
use crate::exit::Exit;
use crate::logs::PollInterval;
use crate::lower::identity;
use crate::model::{AttributeMap, Graph};
use crate::outputs;
use crate::package::{Package, is_of_editor};
use crate::plan::{Action, Plan, Step};
use crate::reconcile::Session;
use crate::render::{self, Progress};
use crate::watch::{Watcher, places};
use anyhow::{Result, bail};
use std::collections::{BTreeMap, BTreeSet};
use std::future::pending;
use std::path::PathBuf;
use std::time::Instant;
use tokio::sync::watch;

/// What the loop does, by the flags of its command.
#[derive(Debug, Clone, Copy)]
pub(super) struct WatchOptions<'a> {
    /// The flags that the plan depends on.
    pub(super) plan: &'a PlanArgs,
    /// Whether the stack's checks run after each change.
    pub(super) check: bool,
    /// Whether to apply without confirmation.
    pub(super) yes: bool,
}

/// Applies the stack, and each change as it is saved, until Ctrl-C.
///
/// # Errors
/// The first plan cannot be made, or the user cannot be asked.
pub(super) async fn watch(globals: &Globals, options: WatchOptions<'_>) -> Outcome {
    let mut stack = globals.stack()?;
    reject_protected(globals, &stack)?;
    if !(globals.local || options.yes || is_interactive()) {
        bail!(cannot_ask("apply the changes"));
    }
    // A file that is saved while the stack is being applied is a change already.
    let mut watcher = Watcher::new()?;
    watcher.watch(places(&stack))?;
    let session = open(globals, &mut stack).await?;
    let mut reader = reader(&session, now());
    let interval = PollInterval::new(session.connection.is_local());
    let folder = stack.folder.canonicalize().unwrap_or_default();
    let target = Target::of(&stack);
    let mut watch_loop = WatchLoop {
        globals,
        options,
        folder,
        target,
        session,
        applied: None,
        last_error: None,
        is_confirmed: false,
    };
    if watch_loop.apply_first(&stack, &mut watcher).await == Applied::Declined {
        return Ok(Exit::Failed);
    }
    let stop = stop_on_ctrl_c();
    if *stop.borrow() {
        return Ok(Exit::Interrupted);
    }
    out(&render::watching());
    let (show, view) = watch::channel(watch_loop.log_view(&stack));
    let logs = async move {
        match follow(&mut reader, view.clone(), interval).await {
            // The output is closed; without a receiver the loop ends.
            Ok(()) => drop(view),
            Err(error) => err(&render::warning(&format!("logs are no longer shown: {error:#}"))),
        }
        pending::<()>().await;
    };
    tokio::select! {
        () = watch_loop.run(watcher, stop, show) => {}
        () = logs => {}
    }
    out(&format!("\nThe stack is still deployed. To delete it: {}", globals.command("down")));
    Ok(Exit::Done)
}

/// Fails for a protected environment, where each change needs a confirmation.
fn reject_protected(globals: &Globals, stack: &Stack) -> Result<()> {
    match stack.environment.as_ref().filter(|environment| environment.protect) {
        None => Ok(()),
        Some(environment) => bail!(Failure::usage(
            format!(
                "the environment {} is protected, and --watch would change it on every save",
                environment.name
            ),
            format!("apply each change with: {}", globals.command("up")),
        )),
    }
}

/// The stack and its place, which cannot change while a connection is open.
#[derive(Debug, PartialEq)]
struct Target {
    stack: String,
    region: Option<String>,
    account: Option<String>,
}

impl Target {
    fn of(stack: &Stack) -> Self {
        Target { stack: stack.name.clone(), region: stack.region.clone(), account: stack.account.clone() }
    }
}

/// A stack that has been read again and differs from what was applied.
struct Change {
    stack: Stack,
    packages: BTreeMap<String, Package>,
    graph: Graph,
}

/// What became of a change, as far as it has been reported already.
#[derive(Debug, PartialEq)]
enum Applied {
    /// AWS matches the stack file.
    Live,
    /// The same, after nothing but the code of these functions has changed.
    LiveCode(Vec<String>),
    /// It does not.
    Failed,
    /// The user does not want the change.
    Declined,
}

/// The loop, which applies one change after the other.
struct WatchLoop<'a> {
    globals: &'a Globals,
    options: WatchOptions<'a>,
    /// The folder that file names are relative to.
    folder: PathBuf,
    target: Target,
    session: Session,
    /// The graph that was applied last, unless that failed.
    applied: Option<Graph>,
    /// Why the stack could not be read the last time.
    last_error: Option<String>,
    /// Whether the user has confirmed.
    is_confirmed: bool,
}

impl WatchLoop<'_> {
    fn log_view(&self, stack: &Stack) -> LogView {
        LogView::new(self.globals, stack, &self.session.scope.identity, &[])
    }

    /// Applies the stack for the first time.
    async fn apply_first(&mut self, stack: &Stack, watcher: &mut Watcher) -> Applied {
        let applied = match self.change_to(stack.clone(), None).await {
            Ok(Some(change)) => self.apply(change, None, watcher).await,
            Ok(None) => Ok(Applied::Live),
            Err(error) => Err(error),
        };
        applied.unwrap_or_else(|error| report_failure(&error))
    }

    /// Waits for changes and applies each of them, until it is stopped or the output is closed.
    async fn run(
        &mut self,
        mut watcher: Watcher,
        mut stop: watch::Receiver<bool>,
        view: watch::Sender<LogView>,
    ) {
        while !*stop.borrow() {
            let saved = tokio::select! {
                saved = watcher.changed() => saved,
                _ = stop.wait_for(|stop| *stop) => return,
                () = view.closed() => return,
            };
            self.handle_save(&saved, &mut watcher, &view).await;
        }
    }

    /// Applies what was saved. If it makes no difference, nothing is printed.
    async fn handle_save(
        &mut self,
        saved: &BTreeSet<PathBuf>,
        watcher: &mut Watcher,
        view: &watch::Sender<LogView>,
    ) {
        let start = Instant::now();
        let change = self.read(watcher, view).await;
        let error = change.as_ref().err().map(render::failure);
        // A save of another file is no news: neither if all is as before, nor if the error is the same.
        if error == self.last_error && !matches!(change, Ok(Some(_))) {
            return;
        }
        self.last_error = error;
        let saved = &of_user(saved);
        let is_taken_back = matches!(change, Ok(None));
        let applied = match change {
            Ok(Some(change)) => self.apply(change, Some(saved), watcher).await,
            other => {
                out(&render::saved(saved, &self.folder));
                other.map(|_| Applied::Live)
            }
        };
        let is_live = matches!(applied, Ok(Applied::Live | Applied::LiveCode(_)));
        json(|| render::json::round(saved, is_live, start.elapsed(), applied.as_ref().err()));
        match applied {
            Ok(Applied::Live) if is_taken_back => out(&render::as_before()),
            Ok(Applied::Live) => out(&render::live(start.elapsed())),
            Ok(Applied::LiveCode(functions)) => {
                out(&render::live_code(&functions, saved, &self.folder, start.elapsed()));
            }
            Ok(_) => {}
            Err(error) => drop(report_failure(&error)),
        }
    }

    /// The stack as it is saved now.
    async fn stack(&self) -> Result<Stack> {
        let stack = self.globals.stack_with(None)?;
        self.globals.completed(&self.session.connection, stack, Need::All).await
    }

    /// Reads the stack again, and from now on watches the files that it names.
    async fn read(&mut self, watcher: &mut Watcher, view: &watch::Sender<LogView>) -> Result<Option<Change>> {
        let stack = match self.stack().await {
            Ok(stack) => stack,
            Err(_) => {
                // A missing file may appear anywhere next to the stack file, at this very moment too.
                watcher.watch([self.folder.clone()].into())?;
                self.stack().await?
            }
        };
        reject_protected(self.globals, &stack)?;
        if Target::of(&stack) != self.target {
            bail!(Failure::new(
                "the name, region or account of the stack changed; this cannot be applied while watching",
                "quit with Ctrl-C and start again"
            ));
        }
        watcher.watch(places(&stack))?;
        self.globals.install_node_sdk(&stack).await?;
        self.change_to(stack, Some(view)).await
    }

    /// Builds the packages. `None` if exactly this stack has been applied already.
    async fn change_to(
        &mut self,
        stack: Stack,
        view: Option<&watch::Sender<LogView>>,
    ) -> Result<Option<Change>> {
        self.session.declare(&stack);
        if let Some(view) = view {
            view.send_replace(self.log_view(&stack));
        }
        let busy = Busy::lasting(PACKAGING);
        let packages = build(&stack, self.session.connection.is_local()).await;
        drop(busy);
        let packages = packages?;
        let graph = lower(&stack, &self.session.scope, &hashes(&packages));
        let differs = self.applied.as_ref() != Some(&graph);
        Ok(differs.then_some(Change { stack, packages, graph }))
    }

    /// Plans and applies the plan. Except for the first time, which has no saved files, logs come between the lines of the
    /// progress; and where only code has changed, there is nothing to say but that it is live.
    async fn apply(
        &mut self,
        change: Change,
        saved: Option<&BTreeSet<PathBuf>>,
        watcher: &mut Watcher,
    ) -> Result<Applied> {
        let (start, is_first) = (Instant::now(), saved.is_none());
        self.applied = None;
        self.session.connection.reset_calls();
        let live_state = reading(&self.session.connection, self.session.look()).await?;
        let Prepared { plan, packages, .. } =
            make_plan(&self.session, self.options.plan, &change.stack, change.packages, live_state)?;
        let code = saved.and_then(|_| only_code(&change.stack, &plan)).filter(|_| self.is_confirmed);
        let short = code.filter(|_| self.globals.verbose == 0);
        if let Some(saved) = saved.filter(|_| short.is_none()) {
            out(&render::saved(saved, &self.folder));
        }
        if short.is_some() {
            json(|| render::json::plan(&plan));
        } else if !print_plan(self.globals, &change.stack, &plan) {
            err("Nothing was changed.");
            return Ok(Applied::Failed);
        }
        if plan.is_empty() {
            out(&no_changes(&self.session, start));
        }
        if !self.is_confirmed && !self.confirmation().is_given(self.globals, &change.stack, &self.session)? {
            err("Nothing was changed.");
            return Ok(Applied::Declined);
        }
        self.is_confirmed = true;
        let attributes = if plan.is_empty() {
            plan.attributes
        } else {
            let files = &change.stack.files;
            let report = match (&short, is_first) {
                (Some(_), _) => self.apply_quietly(&plan, packages, files).await,
                (None, true) => {
                    execute(&self.session, &plan, packages, files, progress_of(self.globals, &plan)).await
                }
                (None, false) => execute(&self.session, &plan, packages, files, Progress::lines(out)).await,
            };
            if !report.is_complete() {
                return Ok(Applied::Failed);
            }
            report.attributes
        };
        self.applied = Some(change.graph);
        if is_first {
            let outputs =
                if self.globals.detail().short { render::outputs_in_short } else { render::outputs };
            out(&outputs(&change.stack, &self.session.scope, &attributes, &|_| true));
            json(|| render::json::outputs(&change.stack, &self.session.scope, &attributes));
        }
        let checked = self.check(&change.stack, &attributes, watcher).await?;
        Ok(match short {
            Some(functions) if checked == Applied::Live => Applied::LiveCode(functions),
            _ => checked,
        })
    }

    /// Applies a plan, and says something only if it fails.
    async fn apply_quietly(
        &self,
        plan: &Plan,
        packages: BTreeMap<String, PathBuf>,
        files: &[PathBuf],
    ) -> Report {
        let start = Instant::now();
        let events = Events::new(|event| json(|| render::json::event(&event)));
        let report = self.session.apply(plan, packages, events, stop_on_ctrl_c()).await;
        let (took, made) = (start.elapsed(), self.session.connection.calls());
        json(|| render::json::report(plan, &report, took, (made.reads(), made.writes())));
        if !report.is_complete() {
            err(render::report(plan, &report, files, took, &calls(&self.session)).trim_end());
        }
        report
    }

    /// Asks once, for all changes.
    fn confirmation(&self) -> Confirmation<'static> {
        let account = &self.session.connection.account;
        Confirmation {
            yes: self.options.yes,
            name: None,
            question: format!("Apply these changes to account {account}, and the changes of every save?"),
            purpose: "to apply these changes",
            effect: "apply the changes",
        }
    }

    /// Runs the checks if they are wanted. A check may be retried for minutes, so the next save ends them, as Ctrl-C does.
    async fn check(
        &mut self,
        stack: &Stack,
        attributes: &AttributeMap,
        watcher: &mut Watcher,
    ) -> Result<Applied> {
        if !self.options.check {
            return Ok(Applied::Live);
        }
        let exit = tokio::select! {
            exit = check::run(self.globals, stack, &self.session, attributes, self.globals.detail().short) => exit?,
            () = watcher.notice() => {
                err("The checks were not finished: a file was saved.");
                // They are owed, even if the save makes no difference.
                self.applied = None;
                Exit::Failed
            }
        };
        Ok(if exit == Exit::Done { Applied::Live } else { Applied::Failed })
    }
}

/// The functions of a plan that changes nothing but code.
fn only_code(stack: &Stack, plan: &Plan) -> Option<Vec<String>> {
    let is_code = |step: &Step| {
        step.action == Action::Update && step.changes.iter().all(|change| change.path == ["code"])
    };
    if plan.is_empty() || !plan.blockers.is_empty() || !plan.steps.iter().all(is_code) {
        return None;
    }
    let identity = identity(stack);
    Some(plan.steps.iter().map(|step| outputs::key(&identity, &step.id).to_owned()).collect())
}

/// The files that the user has saved: not those that an editor writes besides, and has mostly deleted again.
fn of_user(saved: &BTreeSet<PathBuf>) -> BTreeSet<PathBuf> {
    let exists = |file: &&PathBuf| file.exists() && !is_of_editor(file);
    let existing: BTreeSet<PathBuf> = saved.iter().filter(exists).cloned().collect();
    // What was deleted is news as well.
    if existing.is_empty() { saved.clone() } else { existing }
}

/// Reports why a change could not be applied.
fn report_failure(error: &anyhow::Error) -> Applied {
    err(render::failure(error).trim_end());
    Applied::Failed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_editor_writes_besides_is_not_named() -> std::io::Result<()> {
        let folder = tempfile::tempdir()?;
        let file = |name: &str| folder.path().join(name);
        for name in ["app.py", "app.py~", ".app.py.swp", "4913", "#app.py#"] {
            std::fs::write(file(name), "")?;
        }
        let names = ["app.py", "app.py~", ".app.py.swp", "4913", "#app.py#", "sedx9l9kZ"];
        assert_eq!(of_user(&names.map(file).into()), [file("app.py")].into());
        assert_eq!(of_user(&[file("gone.py")].into()), [file("gone.py")].into());
        Ok(())
    }
}

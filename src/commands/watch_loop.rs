//! The loop of `dev` and `up --watch`: applies the stack, and again after each saved change, while it shows the functions'
//! logs. An error is shown when it happens, and the next save tries again.

mod apply;

use super::build::build;
use super::busy::Busy;
use super::execute::cannot_ask;
use super::keys::{Key, Keys};
use super::logs::{LogView, follow, now, reader};
use super::plan::{PACKAGING, PlanArgs, hashes};
use super::session::{Globals, open};
use super::{Outcome, browser, err, is_interactive, json, out, screen, stop_on_ctrl_c};
use crate::config::Stack;
use crate::desired::lower;
use crate::elsewhere::Need;
use crate::error::Failure;
use crate::exit::Exit;
use crate::local::{LocalCloud, RequestLog, default_folders};
use crate::logs::PollInterval;
use crate::model::{AttributeMap, Graph};
use crate::package::{Package, is_of_editor};
use crate::reconcile::Session;
use crate::render;
use crate::requests::url_to_open;
use crate::watch::{Watcher, places};
use anyhow::{Result, bail};
use std::collections::{BTreeMap, BTreeSet};
use std::future::pending;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// How often the log of requests is read.
const REQUESTS: Duration = Duration::from_millis(100);

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
    let requests = requests_of(globals)?;
    let (show, view) = watch::channel(log_view(globals, &stack, &session));
    let mut watch_loop = WatchLoop {
        globals,
        options,
        folder: stack.folder.canonicalize().unwrap_or_default(),
        target: Target::of(&stack),
        session,
        view: show,
        applied: None,
        deployed: None,
        endpoint: watch::Sender::new(None),
        last_error: None,
        is_confirmed: false,
    };
    if watch_loop.apply_first(&stack, &mut watcher).await == Applied::Declined {
        return Ok(Exit::Failed);
    }
    let stop = stop_on_ctrl_c();
    if *stop.borrow() > 0 {
        return Ok(Exit::Interrupted);
    }
    out(&render::watching());
    let keys = Keys::listen();
    if keys.is_some() {
        out(&render::keys());
    }
    let logs = async move {
        match follow(&mut reader, view.clone(), interval).await {
            // The output is closed; without a receiver the loop ends.
            Ok(()) => drop(view),
            Err(error) => err(&render::warning(&format!("logs are no longer shown: {error:#}"))),
        }
        pending::<()>().await;
    };
    let requests = follow_requests(requests, watch_loop.endpoint.subscribe());
    tokio::select! {
        () = watch_loop.run(watcher, stop, keys) => {}
        () = logs => {}
        () = requests => {}
    }
    out(&render::next("The stack is still deployed. To delete it", &globals.command("down")));
    Ok(Exit::Done)
}

/// The requests that the local cloud serves from now on. AWS does not tell them.
fn requests_of(globals: &Globals) -> Result<Option<RequestLog>> {
    if !globals.local {
        return Ok(None);
    }
    let (cache, state) = default_folders()?;
    Ok(Some(LocalCloud::new(cache, state).requests()))
}

/// Shows each request to an API as it is served.
async fn follow_requests(log: Option<RequestLog>, endpoint: watch::Receiver<Option<String>>) {
    let Some(mut log) = log else { return pending().await };
    loop {
        // A log that cannot be read now may be read again later; it is a convenience.
        let served = log.look().unwrap_or_default();
        let own =
            served.iter().filter(|served| endpoint.borrow().as_deref() == Some(served.endpoint.as_str()));
        own.for_each(|served| {
            let _ = screen::entry(|| Some(render::served(served)), || render::json::request(served));
        });
        tokio::time::sleep(REQUESTS).await;
    }
}

/// What is shown of the logs: on the local cloud each request has a line of its own.
fn log_view(globals: &Globals, stack: &Stack, session: &Session) -> LogView {
    let view = LogView::new(globals, stack, &session.scope.identity, &[]);
    if globals.local && globals.verbose == 0 { view.beside_requests(stack) } else { view }
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
    /// What is shown of the logs.
    view: watch::Sender<LogView>,
    /// The graph that was applied last, unless that failed.
    applied: Option<Graph>,
    /// What was applied last without an error, and its attributes.
    deployed: Option<(Stack, AttributeMap)>,
    /// The physical id of the API whose requests are shown.
    endpoint: watch::Sender<Option<String>>,
    /// Why the stack could not be read the last time.
    last_error: Option<String>,
    /// Whether the user has confirmed.
    is_confirmed: bool,
}

impl WatchLoop<'_> {
    /// Applies the stack for the first time.
    async fn apply_first(&mut self, stack: &Stack, watcher: &mut Watcher) -> Applied {
        let applied = match self.change_to(stack.clone()).await {
            Ok(Some(change)) => self.apply(change, None, watcher).await,
            Ok(None) => Ok(Applied::Live),
            Err(error) => Err(error),
        };
        applied.unwrap_or_else(|error| report_failure(&error))
    }

    /// Waits for changes and keys and does what they want, until it is stopped or the output is closed.
    async fn run(&mut self, mut watcher: Watcher, mut stop: watch::Receiver<u32>, mut keys: Option<Keys>) {
        while *stop.borrow() == 0 {
            tokio::select! {
                saved = watcher.changed() => self.handle_save(&saved, &mut watcher).await,
                key = Keys::next(&mut keys) => match key {
                    Key::Open => self.open(),
                    Key::Check => self.run_checks(&mut watcher).await,
                    Key::Logs => self.toggle_logs(),
                    Key::Quit => return,
                },
                _ = stop.wait_for(|asked| *asked > 0) => return,
                () = self.view.closed() => return,
            }
        }
    }

    /// Opens what is deployed in a browser.
    fn open(&self) {
        let url = self.deployed.as_ref().and_then(|(stack, attributes)| url_to_open(stack, attributes));
        match url {
            Some(url) => drop(browser::open(&url)),
            None => err("There is no API to open."),
        }
    }

    /// Turns the logs off or on.
    fn toggle_logs(&self) {
        self.view.send_modify(|view| view.is_paused = !view.is_paused);
        let state = if self.view.borrow().is_paused { "off" } else { "on" };
        out(&render::aside(&format!("Logs are {state}.")));
    }

    /// Applies what was saved. If it makes no difference, nothing is printed.
    async fn handle_save(&mut self, saved: &BTreeSet<PathBuf>, watcher: &mut Watcher) {
        let start = Instant::now();
        let change = self.read(watcher).await;
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
    async fn read(&mut self, watcher: &mut Watcher) -> Result<Option<Change>> {
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
        self.change_to(stack).await
    }

    /// Builds the packages. `None` if exactly this stack has been applied already.
    async fn change_to(&mut self, stack: Stack) -> Result<Option<Change>> {
        self.session.declare(&stack);
        let mut new = log_view(self.globals, &stack, &self.session);
        new.is_paused = self.view.borrow().is_paused;
        self.view.send_replace(new);
        let busy = Busy::lasting(PACKAGING);
        let packages = build(&stack, self.session.connection.is_local()).await;
        drop(busy);
        let packages = packages?;
        let graph = lower(&stack, &self.session.scope, &hashes(&packages));
        let differs = self.applied.as_ref() != Some(&graph);
        Ok(differs.then_some(Change { stack, packages, graph }))
    }
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

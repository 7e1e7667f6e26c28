//! `dev` and `up --watch`: brings the stack up, and again at each saved change, while it shows what the functions log. What
//! goes wrong is shown where it happens, and the next save is another try.

use super::check;
use super::logs::{Scene, follow, now, reader};
use super::plan::{PlanArgs, Prepared, build, compose, hashes, show, unchanged};
use super::session::{Globals, open};
use super::up::{UpArgs, carry_out, confirmed, nobody, progress};
use super::{Outcome, err, is_interactive, json, out, stop_on_ctrl_c};
use crate::config::Stack;
use crate::error::Failure;
use crate::exit::Exit;
use crate::logs::Pace;
use crate::lower::lower;
use crate::model::{AttributeMap, Graph};
use crate::package::Package;
use crate::reconcile::Session;
use crate::render::{self, Progress};
use crate::watch::{Watcher, places};
use anyhow::{Result, bail};
use clap::Args;
use std::collections::{BTreeMap, BTreeSet};
use std::future::pending;
use std::path::PathBuf;
use std::time::Instant;
use tokio::sync::watch;

/// The flags of `dev`.
#[derive(Debug, Clone, Default, Args)]
pub struct DevArgs {
    /// The flags that the plan depends on.
    #[command(flatten)]
    pub plan: PlanArgs,
    /// Run the stack's checks after each change; they send real requests and may write data
    #[arg(long)]
    pub check: bool,
}

/// Brings the stack up on the local cloud, and each change as it is saved.
///
/// # Errors
/// What keeps the first plan from being made.
pub async fn dev(globals: &Globals, args: &DevArgs) -> Outcome {
    let globals = Globals { local: true, ..globals.clone() };
    watch(&globals, &UpArgs { plan: args.plan.clone(), check: args.check, watch: true, ..UpArgs::default() })
        .await
}

/// Brings the stack up, and each change as it is saved, until Ctrl-C.
pub(super) async fn watch(globals: &Globals, args: &UpArgs) -> Outcome {
    let stack = globals.stack()?;
    refuse_protected(globals, &stack)?;
    if !(globals.local || args.yes || is_interactive()) {
        bail!(nobody());
    }
    // What is saved while the stack comes up is a change already.
    let mut watcher = Watcher::new()?;
    watcher.watch(places(&stack))?;
    let session = open(globals, &stack).await?;
    let mut reader = reader(&session, now());
    let pace = Pace::new(session.connection.is_local());
    let folder = stack.folder.canonicalize().unwrap_or_default();
    let place = Place::of(&stack);
    let mut rounds =
        Rounds { globals, args, folder, place, session, settled: None, wrong: None, agreed: false };
    if rounds.first(&stack).await == Ended::Declined {
        return Ok(Exit::Failed);
    }
    let stop = stop_on_ctrl_c();
    if *stop.borrow() {
        return Ok(Exit::Interrupted);
    }
    out(&render::watching());
    let (show, scene) = watch::channel(rounds.scene(&stack));
    let logs = async move {
        match follow(&mut reader, scene.clone(), pace).await {
            // Nobody reads what is printed; without a receiver the rounds come to their end.
            Ok(()) => drop(scene),
            Err(error) => err(&render::warning(&format!("logs are no longer shown: {error:#}"))),
        }
        pending::<()>().await;
    };
    tokio::select! {
        () = rounds.go_on(watcher, stop, show) => {}
        () = logs => {}
    }
    out(&format!("\nThe stack is still deployed. To delete it: {}", globals.command("down")));
    Ok(Exit::Done)
}

/// Refuses where somebody is to confirm each change.
fn refuse_protected(globals: &Globals, stack: &Stack) -> Result<()> {
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

/// Which stack it is, and where: what cannot change under a connection.
#[derive(Debug, PartialEq)]
struct Place {
    stack: String,
    region: Option<String>,
    account: Option<String>,
}

impl Place {
    fn of(stack: &Stack) -> Self {
        Place { stack: stack.name.clone(), region: stack.region.clone(), account: stack.account.clone() }
    }
}

/// A stack that has been read anew, and differs from what is up.
struct Next {
    stack: Stack,
    packages: BTreeMap<String, Package>,
    graph: Graph,
}

/// How a round has ended, as far as it has been explained already.
#[derive(Debug, PartialEq)]
enum Ended {
    /// AWS is what the stack file says.
    Attributes,
    /// It is not.
    Failed,
    /// The user does not want it.
    Declined,
}

/// One round for each change.
struct Rounds<'a> {
    globals: &'a Globals,
    args: &'a UpArgs,
    /// The folder that files are named from.
    folder: PathBuf,
    place: Place,
    session: Session,
    /// What is up for certain.
    settled: Option<Graph>,
    /// Why the stack could not be read, where it could not.
    wrong: Option<String>,
    /// Whether the user has been asked.
    agreed: bool,
}

impl Rounds<'_> {
    fn scene(&self, stack: &Stack) -> Scene {
        Scene::new(stack, &self.session.scope.identity, &[])
    }

    /// The round that brings the stack up.
    async fn first(&mut self, stack: &Stack) -> Ended {
        let ended = match self.next(stack.clone()).await {
            Ok(Some(next)) => self.bring_up(next, true).await,
            Ok(None) => Ok(Ended::Attributes),
            Err(error) => Err(error),
        };
        ended.unwrap_or_else(|error| failed(&error))
    }

    /// Waits for changes, and brings each of them up, until it is to stop or nobody sees the logs any more.
    async fn go_on(
        &mut self,
        mut watcher: Watcher,
        mut stop: watch::Receiver<bool>,
        scene: watch::Sender<Scene>,
    ) {
        while !*stop.borrow() {
            let saved = tokio::select! {
                saved = watcher.changed() => saved,
                _ = stop.wait_for(|stop| *stop) => return,
                () = scene.closed() => return,
            };
            self.round(&saved, &mut watcher, &scene).await;
        }
    }

    /// The round of a change. Where it makes no difference, nothing is said.
    async fn round(
        &mut self,
        saved: &BTreeSet<PathBuf>,
        watcher: &mut Watcher,
        scene: &watch::Sender<Scene>,
    ) {
        let start = Instant::now();
        let next = self.read(watcher, scene).await;
        let wrong = next.as_ref().err().map(render::failure);
        // A save of something else is no news: neither where all is as before, nor where the same is wrong.
        if wrong == self.wrong && !matches!(next, Ok(Some(_))) {
            return;
        }
        self.wrong = wrong;
        out(&render::saved(saved, &self.folder));
        let ended = match next {
            Ok(Some(next)) => self.bring_up(next, false).await,
            Ok(None) => Ok(Ended::Attributes),
            Err(error) => Err(error),
        };
        let live = matches!(ended, Ok(Ended::Attributes));
        json(|| render::json::round(saved, live, start.elapsed(), ended.as_ref().err()));
        match ended {
            Ok(Ended::Attributes) => out(&render::live(start.elapsed())),
            Ok(_) => {}
            Err(error) => drop(failed(&error)),
        }
    }

    /// Reads the stack anew, and watches what it is made from now.
    async fn read(&mut self, watcher: &mut Watcher, scene: &watch::Sender<Scene>) -> Result<Option<Next>> {
        let stack = match self.globals.stack() {
            Ok(stack) => stack,
            Err(_) => {
                // What is missing may come to be anywhere beside the stack file, this very moment too.
                watcher.watch([self.folder.clone()].into())?;
                self.globals.stack()?
            }
        };
        refuse_protected(self.globals, &stack)?;
        if Place::of(&stack) != self.place {
            let help = "quit with Ctrl-C and start again";
            bail!(Failure::new(
                "the name, region or account of the stack changed; this cannot be applied while watching",
                help
            ));
        }
        watcher.watch(places(&stack))?;
        self.globals.furnish(&stack).await?;
        scene.send_replace(self.scene(&stack));
        self.next(stack).await
    }

    /// Builds the packages. Answers nothing where the stack is up like this already.
    async fn next(&mut self, stack: Stack) -> Result<Option<Next>> {
        let packages = build(&stack).await?;
        self.session.declare(&stack);
        let graph = lower(&stack, &self.session.scope, &hashes(&packages));
        let differs = self.settled.as_ref() != Some(&graph);
        Ok(differs.then_some(Next { stack, packages, graph }))
    }

    /// Plans, and carries out the plan. Logs come between the lines of all rounds but the first.
    async fn bring_up(&mut self, next: Next, first: bool) -> Result<Ended> {
        let start = Instant::now();
        self.settled = None;
        self.session.connection.count_anew();
        let live_state = self.session.look().await?;
        let Prepared { plan, packages, .. } =
            compose(&self.session, &self.args.plan, &next.stack, next.packages, live_state)?;
        if !show(self.globals, &plan) {
            err("Nothing was changed.");
            return Ok(Ended::Failed);
        }
        if plan.is_empty() {
            out(&unchanged(&self.session, start));
        }
        if !self.agreed && !confirmed(self.globals, self.args, &next.stack, &self.session)? {
            err("Nothing was changed.");
            return Ok(Ended::Declined);
        }
        self.agreed = true;
        let attributes = match plan.is_empty() {
            true => plan.attributes,
            false => {
                let progress = if first { progress(&plan) } else { Progress::lines(out) };
                let report =
                    carry_out(&self.session, &plan, packages, Some(&self.globals.file), progress).await;
                if !report.is_complete() {
                    return Ok(Ended::Failed);
                }
                report.attributes
            }
        };
        self.settled = Some(next.graph);
        self.finish(&next.stack, &attributes, first).await
    }

    /// Shows what there is to use, once, and runs the checks where they are wanted.
    async fn finish(&self, stack: &Stack, attributes: &AttributeMap, first: bool) -> Result<Ended> {
        if first {
            out(&render::outputs(stack, attributes));
            json(|| render::json::outputs(stack, attributes));
        }
        match self.args.check
            && check::run(self.globals, stack, &self.session, attributes).await? != Exit::Done
        {
            true => Ok(Ended::Failed),
            false => Ok(Ended::Attributes),
        }
    }
}

/// Tells what has kept a round from its end.
fn failed(error: &anyhow::Error) -> Ended {
    err(render::failure(error).trim_end());
    Ended::Failed
}

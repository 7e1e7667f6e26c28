//! `plan`: shows what `up` would do, and saves it for later. `up` takes the same steps as far as the plan.

use super::build::build;
use super::busy::Busy;
use super::screen::{Format, set_format};
use super::session::{Globals, calls, open};
use super::{Outcome, err, json, markdown, out};
use crate::config::Stack;
use crate::desired::check;
use crate::diff::Change;
use crate::error::Failure;
use crate::exit::Exit;
use crate::kinds::registry;
use crate::local::default_folders;
use crate::lower::Packages;
use crate::model::{LiveState, Scope};
use crate::outline::Outline;
use crate::package::{self, Package};
use crate::picture::Picture;
use crate::plan::{Mode, Options, Plan, Saved, salt};
use crate::reconcile::Session;
use crate::render;
use crate::text::shell_quoted;
use anyhow::{Context, Result};
use clap::Args;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;
use tempfile::NamedTempFile;

/// The flags that a plan depends on.
#[derive(Debug, Clone, Default, Args)]
pub struct PlanArgs {
    /// Allow data loss of a table, queue, bucket, topic or other entry by its name, of the API's URL (`api`), or of `all`
    #[arg(long, value_name = "NAME")]
    pub allow_data_loss: Vec<String>,
    /// Replace an existing stack of this name whose resources are all different
    #[arg(long)]
    pub replace_stack: bool,
}

/// The flags of `plan`.
#[derive(Debug, Clone, Default, Args)]
pub struct PlanOnlyArgs {
    /// The flags that the plan depends on.
    #[command(flatten)]
    pub plan: PlanArgs,
    /// Exit with status 2 if there are changes, and 0 if there are none
    #[arg(long)]
    pub detailed_exitcode: bool,
    /// Save the plan to a file for `up --plan FILE`; it contains digests, no values
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Print Markdown, for a comment on a pull request
    #[arg(long, conflicts_with = "json")]
    pub markdown: bool,
    /// Write a page with the picture of the stack and all differences, for reviewers
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
}

impl PlanArgs {
    /// The flags that a saved plan was made with.
    pub(super) fn of(saved: &Saved) -> Self {
        PlanArgs {
            allow_data_loss: saved.allow_data_loss.iter().cloned().collect(),
            replace_stack: saved.replace_stack,
        }
    }

    fn options(&self, local: bool, scope: &Scope) -> Options {
        Options {
            registry: registry(),
            mode: Mode::Up,
            local,
            allow_data_loss: self.allow_data_loss.iter().cloned().collect(),
            replace_stack: self.replace_stack,
            protected: scope.protected.clone(),
            identity: scope.identity.clone(),
        }
    }
}

/// A plan, and everything that it was made of.
pub(super) struct Prepared {
    pub(super) live_state: LiveState,
    pub(super) plan: Plan,
    pub(super) packages: BTreeMap<String, PathBuf>,
    /// The packages by function, as the plan knows them.
    pub(super) hashes: Packages,
    pub(super) options: Options,
}

/// Shows what `up` would do. Its clients cannot write.
///
/// # Errors
/// The plan cannot be made.
pub async fn plan(globals: &Globals, args: &PlanOnlyArgs) -> Outcome {
    let start = Instant::now();
    if args.markdown {
        set_format(Format::Markdown);
    }
    let mut stack = globals.stack()?;
    let session = open(globals, &mut stack).await?;
    let prepared = prepare(&session, &args.plan, &stack).await?;
    let can_be_applied = print_plan(globals, &stack, &prepared.plan);
    let Prepared { plan, options, .. } = prepared;
    let picture = Picture::of(&stack).with_plan(&stack, &plan);
    let outline = Outline::of(&plan).with_stack(&stack);
    markdown(|| render::markdown(&outline, &session.scope, &picture));
    if let Some(file) = &args.html {
        write(file, |page| page.write_all(render::html(&outline, &session.scope, &picture).as_bytes()))?;
    }
    if !can_be_applied {
        return Ok(Exit::Failed);
    }
    if plan.is_empty() {
        out(&no_changes(&session, start));
    }
    if let Some(file) = &args.out {
        let saved = Saved::of(&plan, &session.scope, &options, &salt()?);
        write(file, |out| Ok(serde_json::to_writer_pretty(out, &saved)?))?;
        if !plan.is_empty() {
            out(&saved_hint(globals, file));
        }
    } else if !plan.is_empty() {
        out(&render::next("To apply it", &globals.command("up")));
    }
    Ok(if args.detailed_exitcode && !plan.is_empty() { Exit::Pending } else { Exit::Done })
}

/// How to apply a saved plan, with the flags that it was made with.
fn saved_hint(globals: &Globals, file: &Path) -> String {
    let file = file.display().to_string();
    let command = globals.command(&format!("up --plan {}", shell_quoted(&file)));
    format!("\nPlan saved to {file}. To apply it: {command}")
}

/// Reads the live state, builds the packages meanwhile, and plans.
pub(super) async fn prepare(session: &Session, args: &PlanArgs, stack: &Stack) -> Result<Prepared> {
    let busy = Busy::reading(&session.connection);
    let look = async {
        let live_state = session.look().await;
        let since = Instant::now();
        busy.say(move || render::lasting(PACKAGING, since.elapsed()));
        live_state
    };
    let (live_state, packages) = futures_util::join!(look, build(stack, session.connection.is_local()));
    drop(busy);
    let packages = packages?;
    make_plan(session, args, stack, packages, live_state?)
}

/// What still takes time once AWS is read.
pub(super) const PACKAGING: &str = "Packaging the code";

/// Plans how to get from the live state to a stack with its packages.
pub(super) fn make_plan(
    session: &Session,
    args: &PlanArgs,
    stack: &Stack,
    packages: BTreeMap<String, Package>,
    live_state: LiveState,
) -> Result<Prepared> {
    // Now the account and the region are known as well.
    check(stack, &session.scope)?;
    let hashes = hashes(&packages);
    let options = args.options(session.connection.is_local(), &session.scope);
    let mut plan = session.plan(stack, &hashes, &live_state, &options)?;
    add_changed_files(&mut plan)?;
    let packages = packages.into_values().map(|package| (package.sha256, package.zip)).collect();
    Ok(Prepared { live_state, plan, packages, hashes, options })
}

/// The hashes of packages, by function.
pub(super) fn hashes(packages: &BTreeMap<String, Package>) -> Packages {
    packages.iter().map(|(function, package)| (function.clone(), package.sha256.clone())).collect()
}

/// Adds the names of the changed files to the steps that change code.
fn add_changed_files(plan: &mut Plan) -> Result<()> {
    let (cache, _) = default_folders()?;
    for step in &mut plan.steps {
        let code = step.changes.iter().find(|change| change.path == ["code"]);
        if let Some(Change { from: Some(Json::String(from)), to: Some(Json::String(to)), .. }) = code {
            step.files = package::compare(&cache, from, to);
        }
    }
    Ok(())
}

/// Prints a plan and its blockers. True if it can be applied.
pub(super) fn print_plan(globals: &Globals, stack: &Stack, plan: &Plan) -> bool {
    plan.unreadable.iter().for_each(|unreadable| err(&render::unreadable(unreadable)));
    if !plan.is_empty() {
        let outline = Outline::of(plan).with_stack(stack);
        out(&format!("\n{}", render::plan(&outline, globals.detail()).trim_end()));
        out(&render::summary(plan));
    }
    json(|| render::json::plan(plan));
    if !plan.blockers.is_empty() {
        err(&format!("\n{}", render::blockers(&plan.blockers, &stack.files).trim_end()));
    }
    plan.blockers.is_empty()
}

/// The line for a plan without changes.
pub(super) fn no_changes(session: &Session, start: Instant) -> String {
    let took = render::aside(&render::seconds(start.elapsed()));
    render::sentence(&format!("{} {took} · {}", render::NO_CHANGES, calls(session)))
}

/// Writes a file that only the user can read, whole or not at all.
pub(super) fn write(file: &Path, content: impl FnOnce(&mut NamedTempFile) -> io::Result<()>) -> Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let context = || format!("cannot write {}", file.display());
    let mut saved = NamedTempFile::new_in(folder).with_context(context)?;
    content(&mut saved).with_context(context)?;
    saved.persist(file).with_context(context)?;
    Ok(())
}

/// Reads a saved plan.
///
/// # Errors
/// The file does not exist, or is not a saved plan.
pub(super) fn read_saved(globals: &Globals, file: &Path) -> Result<Saved> {
    let help = format!("save one with: {}", globals.command("plan --out FILE"));
    let invalid =
        |why: String| Failure::usage(format!("{} is not a saved plan: {why}", file.display()), help.clone());
    let text = std::fs::read_to_string(file).map_err(|error| {
        Failure::usage(format!("cannot read the saved plan {}: {error}", file.display()), help.clone())
    })?;
    Ok(Saved::read(&text).map_err(invalid)?)
}

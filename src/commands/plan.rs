//! `plan`: shows what `up` would do, and keeps it for later. `up` goes the same way as far as the plan.

use super::screen::{Format, publish, speak};
use super::session::{Globals, calls, open};
use super::{Outcome, emit, say, tell};
use crate::config::{Function, Stack};
use crate::diff::Change;
use crate::error::Failure;
use crate::exit::Exit;
use crate::local::default_folders;
use crate::lower::Packages;
use crate::model::{Value, World};
use crate::package::{self, Package, Source};
use crate::plan::{Mode, Options, Plan, Saved};
use crate::reconcile::Session;
use crate::render;
use anyhow::{Context, Result, bail};
use clap::Args;
use futures_util::{StreamExt, stream};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// The flags that a plan depends on.
#[derive(Debug, Clone, Default, Args)]
pub struct PlanArgs {
    /// Allow the loss of a table's items, of the API's URL (`api`), or of `all`
    #[arg(long, value_name = "NAME")]
    pub allow_data_loss: Vec<String>,
    /// Take the place of a stack of this name that has other contents
    #[arg(long)]
    pub replace_stack: bool,
}

/// The flags of `plan`.
#[derive(Debug, Clone, Default, Args)]
pub struct PlanOnlyArgs {
    /// The flags that the plan depends on.
    #[command(flatten)]
    pub plan: PlanArgs,
    /// End with status 2 where there is something to do, and 0 where there is nothing
    #[arg(long)]
    pub detailed_exitcode: bool,
    /// Keep the plan in a file, for `up --plan FILE`; it holds digests, and no values
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Print Markdown, for a comment of a pull request
    #[arg(long, conflicts_with = "json")]
    pub markdown: bool,
}

impl PlanArgs {
    /// The flags that a kept plan was made with.
    pub(super) fn of(kept: &Saved) -> Self {
        PlanArgs {
            allow_data_loss: kept.allow_data_loss.iter().cloned().collect(),
            replace_stack: kept.replace_stack,
        }
    }

    fn options(&self, local: bool) -> Options {
        Options {
            mode: Mode::Up,
            local,
            allow_data_loss: self.allow_data_loss.iter().cloned().collect(),
            replace_stack: self.replace_stack,
        }
    }
}

/// A plan, and everything that it was made of.
pub(super) struct Prepared {
    pub(super) world: World,
    pub(super) plan: Plan,
    pub(super) packages: BTreeMap<String, PathBuf>,
    /// The packages by function, as the plan knows them.
    pub(super) hashes: Packages,
    pub(super) options: Options,
}

/// Shows what `up` would do. Its clients cannot write.
///
/// # Errors
/// What keeps the plan from being made.
pub async fn plan(globals: &Globals, args: &PlanOnlyArgs) -> Outcome {
    let start = Instant::now();
    if args.markdown {
        speak(Format::Markdown);
    }
    let stack = globals.stack()?;
    let session = open(globals, &stack).await?;
    let planned = prepare(&session, &args.plan, &stack).await?;
    let fine = show(globals, &planned.plan);
    let Prepared { plan, options, .. } = planned;
    if plan.is_empty() && fine {
        say(&unchanged(&session, start));
    }
    publish(|| render::markdown(&plan, &session.scope));
    if let Some(file) = args.out.as_ref().filter(|_| fine) {
        keep(&Saved::of(&plan, &session.scope, &options), file)?;
        say(&format!("\nKept in {0}. To carry it out: provision up --plan {0}", file.display()));
    }
    Ok(match fine {
        true if args.detailed_exitcode && !plan.is_empty() => Exit::Pending,
        fine => Exit::when(fine),
    })
}

/// Reads the world, builds the packages meanwhile, and plans.
pub(super) async fn prepare(session: &Session, args: &PlanArgs, stack: &Stack) -> Result<Prepared> {
    let (world, packages) = futures_util::join!(session.look(), build(stack));
    let packages = packages?;
    compose(session, args, stack, packages, world?)
}

/// Plans the way from a world to a stack with its packages.
pub(super) fn compose(
    session: &Session,
    args: &PlanArgs,
    stack: &Stack,
    packages: BTreeMap<String, Package>,
    world: World,
) -> Result<Prepared> {
    let hashes = hashes(&packages);
    let options = args.options(session.connection.is_local());
    let mut plan = session.plan(stack, &hashes, &world, &options)?;
    name_files(&mut plan)?;
    let packages = packages.into_values().map(|package| (package.sha256, package.zip)).collect();
    Ok(Prepared { world, plan, packages, hashes, options })
}

/// The hashes of packages, by function.
pub(super) fn hashes(packages: &BTreeMap<String, Package>) -> Packages {
    packages.iter().map(|(function, package)| (function.clone(), package.sha256.clone())).collect()
}

/// Names the files that differ where code changes, for whoever reads the plan.
fn name_files(plan: &mut Plan) -> Result<()> {
    let (cache, _) = default_folders()?;
    for step in &mut plan.steps {
        let code = step.changes.iter().find(|change| change.path == ["code"]);
        if let Some(Change {
            from: Some(Json::String(from)), to: Some(Value::Known(Json::String(to))), ..
        }) = code
        {
            step.files = package::compare(&cache, from, to);
        }
    }
    Ok(())
}

/// How many packages are built at a time. Each takes half a megabyte to compress, or a whole `pip` or `npm`.
const BUILDS: usize = 8;

/// Builds the package of every function, and tells everything that is wrong at once.
pub(super) async fn build(stack: &Stack) -> Result<BTreeMap<String, Package>> {
    let (cache, _) = default_folders()?;
    let builds = stack.functions.iter().map(|function| package(stack, function, &cache));
    let built: Vec<_> = stream::iter(builds).buffered(BUILDS).collect().await;
    let (mut packages, mut wrong) = (BTreeMap::new(), Vec::new());
    for (function, package) in stack.functions.iter().zip(built) {
        match package {
            Ok(package) => {
                let warnings = package.warnings.iter();
                warnings.for_each(|text| tell(&render::warning(&format!("{}: {text}", function.name))));
                packages.insert(function.name.clone(), package);
            }
            Err(error) => wrong.push(format!(
                "{}:{}: the code of {} cannot be packaged: {error}",
                stack.file.display(),
                function.code_at.line,
                function.name
            )),
        }
    }
    tokio::task::spawn_blocking(move || package::prune(&cache));
    let Some(last) = wrong.pop() else { return Ok(packages) };
    wrong.iter().for_each(|message| tell(&render::error(message, None)));
    bail!(last)
}

async fn package(stack: &Stack, function: &Function, cache: &Path) -> Result<Package, package::Error> {
    let source = Source {
        folder: &stack.folder,
        code: &function.code,
        exclude: &function.exclude,
        runtime: &function.runtime,
        architecture: function.architecture.as_str(),
        has_layers: !function.layers.is_empty(),
    };
    package::build(&source, cache, &|line| tell(&render::aside(line))).await
}

/// Shows a plan and what stands against it. Answers whether it may be carried out.
pub(super) fn show(globals: &Globals, plan: &Plan) -> bool {
    plan.blind.iter().for_each(|blind| tell(&render::blind(blind)));
    if !plan.is_empty() {
        say(&format!("\n{}", render::plan(plan, globals.shown())));
        say(&render::summary(plan));
    }
    emit(|| render::json::plan(plan));
    tell_refusals(plan, &globals.file)
}

/// Tells the refusals of a plan. Answers whether there are none.
fn tell_refusals(plan: &Plan, file: &Path) -> bool {
    if !plan.refusals.is_empty() {
        tell(&format!("\n{}", render::refusals(&plan.refusals, Some(file)).trim_end()));
    }
    plan.refusals.is_empty()
}

pub(super) fn unchanged(session: &Session, start: Instant) -> String {
    let took = render::aside(&render::seconds(start.elapsed()));
    format!("No changes: AWS is what the stack file says. {took} · {}", calls(session))
}

/// Keeps a plan in a file that nobody else can read, whole or not at all.
fn keep(plan: &Saved, file: &Path) -> Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let context = || format!("the plan cannot be kept in {}", file.display());
    let mut kept = tempfile::NamedTempFile::new_in(folder).with_context(context)?;
    serde_json::to_writer_pretty(&mut kept, plan).with_context(context)?;
    kept.persist(file).with_context(context)?;
    Ok(())
}

/// Reads a plan that was kept.
///
/// # Errors
/// That there is none, or that it cannot be read.
pub(super) fn kept(file: &Path) -> Result<Saved> {
    let help = "make one with: provision plan --out FILE";
    let wrong = |why: String| Failure::usage(format!("{} holds no plan: {why}", file.display()), help);
    let text = std::fs::read_to_string(file).map_err(|error| wrong(error.to_string()))?;
    Ok(Saved::read(&text).map_err(wrong)?)
}

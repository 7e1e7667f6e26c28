//! `plan` and `up`: the same way as far as the plan, which `up` then carries out.

use super::session::{Globals, Session};
use super::{Outcome, ask, interactive, say, stop_on_ctrl_c, tell};
use crate::apply::{Report, apply};
use crate::aws::Access;
use crate::config::{Function, Stack};
use crate::error::Failure;
use crate::event::Events;
use crate::local::default_folders;
use crate::lower::lower;
use crate::observe::observe;
use crate::package::{self, Package, Source};
use crate::plan::{self, Mode, Options, Plan};
use crate::render;
use anyhow::{Result, anyhow, bail};
use clap::Args;
use futures_util::{StreamExt, stream};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// The flags that a plan depends on.
#[derive(Debug, Clone, Default, Args)]
pub struct PlanArgs {
    /// Allow the loss of a table's items, of the API's URL (`api`), or of `all`
    #[arg(long, value_name = "TABLE|api|all")]
    pub allow_data_loss: Vec<String>,
    /// Take the place of a stack of this name that has other contents
    #[arg(long)]
    pub replace_stack: bool,
}

/// The flags of `up`.
#[derive(Debug, Clone, Default, Args)]
pub struct UpArgs {
    /// The flags that the plan depends on.
    #[command(flatten)]
    pub plan: PlanArgs,
    /// Do not ask before changing anything
    #[arg(long, short)]
    pub yes: bool,
    /// Run the stack's checks afterwards; they send real requests, writes included
    #[arg(long)]
    pub check: bool,
    /// Confirm a change of a protected environment: its stack's name
    #[arg(long, value_name = "STACK")]
    pub confirm: Option<String>,
}

impl PlanArgs {
    fn options(&self, local: bool) -> Options {
        Options {
            mode: Mode::Up,
            local,
            allow_data_loss: self.allow_data_loss.iter().cloned().collect(),
            replace_stack: self.replace_stack,
        }
    }
}

/// Everything that a plan was made of.
struct Planned {
    session: Session,
    plan: Plan,
    packages: BTreeMap<String, PathBuf>,
}

/// Shows what `up` would do. Its clients cannot write.
///
/// # Errors
/// What keeps the plan from being made.
pub async fn plan(globals: &Globals, args: &PlanArgs) -> Outcome {
    let start = Instant::now();
    let stack = globals.stack()?;
    let planned = prepare(globals, args, &stack).await?;
    let fine = show(globals, &planned);
    let Planned { session, plan, .. } = planned;
    if plan.is_empty() && fine {
        say(&unchanged(&session, start));
    }
    Ok(fine)
}

/// Makes AWS what the stack file says.
///
/// # Errors
/// What keeps the plan from being made.
pub async fn up(globals: &Globals, args: &UpArgs) -> Outcome {
    let start = Instant::now();
    let stack = globals.stack()?;
    let planned = prepare(globals, &args.plan, &stack).await?;
    if !show(globals, &planned) {
        tell("Nothing was changed.");
        return Ok(false);
    }
    let Planned { session, plan, packages } = planned;
    let changes = !plan.is_empty();
    let lives = match changes {
        false => {
            say(&unchanged(&session, start));
            plan.lives
        }
        true => {
            if !confirmed(globals, args, &stack, &session)? {
                tell("Nothing was changed.");
                return Ok(false);
            }
            let report = carry_out(&session, &plan, packages, Some(&globals.file)).await;
            if !report.is_complete() {
                return Ok(false);
            }
            report.lives
        }
    };
    say(&render::outputs(&stack, &lives));
    let checks = args.check || (globals.local && changes);
    Ok(!checks || super::check::run(&stack, &session, &lives).await?)
}

/// Reads the world, builds the packages meanwhile, and plans.
async fn prepare(globals: &Globals, args: &PlanArgs, stack: &Stack) -> Result<Planned> {
    let (session, _) = Session::open(globals, stack).await?;
    let context = session.context(Access::Read, BTreeMap::new(), Events::none());
    let (world, packages) = futures_util::join!(observe(&context), build(stack));
    let packages = packages?;
    let world = world.map_err(Failure::from)?;
    let hashes =
        packages.iter().map(|(function, package)| (function.clone(), package.sha256.clone())).collect();
    let graph = lower(stack, &session.scope, &hashes);
    let plan = plan::plan(&graph, &world, &args.options(session.connection.is_local())).map_err(|cycle| {
        let names: Vec<String> = cycle.iter().map(ToString::to_string).collect();
        anyhow!("these refer to each other in a circle: {}", names.join(" → "))
    })?;
    let packages = packages.into_values().map(|package| (package.sha256, package.zip)).collect();
    Ok(Planned { session, plan, packages })
}

/// How many packages are built at a time. Each takes half a megabyte to compress, or a whole `pip` or `npm`.
const BUILDS: usize = 8;

/// Builds the package of every function, and tells everything that is wrong at once.
async fn build(stack: &Stack) -> Result<BTreeMap<String, Package>> {
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
    };
    package::build(&source, cache, &|line| tell(&render::aside(line))).await
}

/// Shows a plan and what stands against it. Answers whether it may be carried out.
fn show(globals: &Globals, planned: &Planned) -> bool {
    let plan = &planned.plan;
    plan.blind.iter().for_each(|blind| tell(&render::blind(blind)));
    if !plan.is_empty() {
        say(&format!("\n{}", render::plan(plan, globals.shown())));
        say(&render::summary(plan));
    }
    tell_refusals(plan, &globals.file)
}

/// Tells the refusals of a plan. Answers whether there are none.
fn tell_refusals(plan: &Plan, file: &Path) -> bool {
    if !plan.refusals.is_empty() {
        tell(&format!("\n{}", render::refusals(&plan.refusals, Some(file)).trim_end()));
    }
    plan.refusals.is_empty()
}

fn unchanged(session: &Session, start: Instant) -> String {
    let took = render::aside(&render::seconds(start.elapsed()));
    format!("No changes: AWS is what the stack file says. {took} · {}", session.calls())
}

/// Carries out a plan and reports; also for `down`.
pub(super) async fn carry_out(
    session: &Session,
    plan: &Plan,
    packages: BTreeMap<String, PathBuf>,
    file: Option<&Path>,
) -> Report {
    let start = Instant::now();
    say("");
    let events = Events::new(render::progress(say));
    let context = session.context(Access::Write, packages, events);
    let report = apply(&context, plan, stop_on_ctrl_c()).await;
    let text = render::report(plan, &report, file, start.elapsed());
    let text = format!("{} · {}", text.trim_end(), session.calls());
    if report.is_complete() {
        say(&format!("\n{text}"))
    } else {
        tell(&format!("\n{text}"))
    }
    report
}

/// Whether to go on: asked in a terminal, else told by `--yes`. The local cloud is for trying things out.
fn confirmed(globals: &Globals, args: &UpArgs, stack: &Stack, session: &Session) -> Result<bool> {
    if globals.local {
        return Ok(true);
    }
    if stack.environment.as_ref().is_some_and(|environment| environment.protect) {
        return confirmed_by_name(session, args.confirm.as_deref());
    }
    if args.yes {
        return Ok(true);
    }
    if !interactive() {
        bail!(Failure::new("nobody can be asked here", "add --yes to change AWS without being asked"));
    }
    let answer = ask(&format!("\nChange account {} like this? [y/N]", session.connection.account))?;
    Ok(matches!(answer.to_lowercase().as_str(), "y" | "yes"))
}

/// Whether the name of the stack was given, on the command line or now.
pub(super) fn confirmed_by_name(session: &Session, confirmed: Option<&str>) -> Result<bool> {
    let name = session.scope.identity.to_string();
    let given = match confirmed {
        Some(given) => given.to_owned(),
        None if interactive() => ask(&format!("\nType {} to go on:", render::emphasis(&name)))?,
        None => bail!(Failure::new("nobody can be asked here", format!("add --confirm {name}"))),
    };
    if given != name {
        tell(&format!("`{given}` is not `{name}`."));
    }
    Ok(given == name)
}

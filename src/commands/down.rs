//! `down`: deletes everything that is the stack's, and looks again to make sure.

use super::session::{Globals, Session};
use super::up::{carry_out, confirmed_by_name};
use super::{Outcome, say, tell};
use crate::aws::Access;
use crate::config;
use crate::error::Failure;
use crate::event::Events;
use crate::lower::{identity, lower, wanted};
use crate::model::{Graph, Identity, Owner, Physical, Seen};
use crate::observe::observe;
use crate::plan::{self, Mode, Options, Plan};
use crate::render;
use anyhow::{Result, anyhow, bail};
use clap::Args;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The flags of `down`.
#[derive(Debug, Clone, Default, Args)]
pub struct DownArgs {
    /// The stack to delete, where the stack file is missing or broken
    #[arg(long, value_name = "NAME", value_parser = config::stack_name)]
    pub stack: Option<String>,
    /// Do not ask for the stack's name
    #[arg(long, short)]
    pub yes: bool,
    /// Allow the loss of a table's items, or of `all`
    #[arg(long, value_name = "TABLE|all")]
    pub allow_data_loss: Vec<String>,
    /// Confirm the end of a protected environment: its stack's name
    #[arg(long, value_name = "STACK")]
    pub confirm: Option<String>,
}

/// How often what came back is deleted as well.
const ROUNDS: usize = 3;

/// Deletes the stack.
///
/// # Errors
/// What keeps the plan from being made.
pub async fn down(globals: &Globals, args: &DownArgs) -> Outcome {
    let (mut session, protected) = open(globals, args).await?;
    session.scope.teardown = true;
    session.greet();
    let mut plan = look(&session, args, &BTreeSet::new()).await?;
    plan.blind.iter().for_each(|blind| tell(&render::blind(blind)));
    if plan.is_empty() {
        return Ok(conclude(&session, &plan, "Nothing to delete: this stack is not there."));
    }
    show(globals, &plan);
    if !plan.refusals.is_empty() {
        tell(&format!("\n{}\nNothing was deleted.", render::refusals(&plan.refusals, None).trim_end()));
        return Ok(false);
    }
    if !confirmed(globals, args, &session, protected)? {
        tell("Nothing was deleted.");
        return Ok(false);
    }
    let mut deleted = BTreeSet::new();
    for _ in 0..ROUNDS {
        if !carry_out(&session, &plan, BTreeMap::new(), None).await.is_complete() {
            return Ok(false);
        }
        deleted.extend(plan.steps.iter().filter_map(|step| step.seen.as_ref()).map(Seen::thing));
        remember_groups(&mut session, &deleted);
        plan = closing_look(&session, args, &deleted).await?;
        if plan.is_empty() {
            return Ok(conclude(&session, &plan, "Nothing left."));
        }
        if !came_back(&plan, &deleted) {
            break;
        }
    }
    show(globals, &plan);
    tell("This came up while the stack was deleted. Run the same command again to delete it.");
    Ok(false)
}

/// Looks until nothing is left. Lists may show for a while what is gone [aws-facts: IAM], so what was deleted is looked for
/// again before it counts as still there; the local cloud is consistent.
async fn closing_look(session: &Session, args: &DownArgs, deleted: &BTreeSet<Physical>) -> Result<Plan> {
    let pauses: &[u64] = if session.connection.is_local() { &[] } else { &[1, 2, 4, 8, 15] };
    let mut plan = look(session, args, deleted).await?;
    for pause in pauses {
        if plan.is_empty() || !came_back(&plan, deleted) {
            break;
        }
        tokio::time::sleep(Duration::from_secs(*pause)).await;
        plan = look(session, args, deleted).await?;
    }
    Ok(plan)
}

/// True if all that is left was deleted already: what a late event made again, such as a log group. The user has agreed to
/// its end; what anybody else makes meanwhile is another matter.
fn came_back(plan: &Plan, deleted: &BTreeSet<Physical>) -> bool {
    plan.steps.iter().all(|step| step.seen.as_ref().is_some_and(|seen| deleted.contains(&seen.thing())))
}

fn show(globals: &Globals, plan: &Plan) {
    say(&format!("\n{}", render::plan(plan, globals.shown())));
    say(&render::summary(plan));
}

/// Log groups can come back after their end, untagged, so the closing look asks for them by name.
fn remember_groups(session: &mut Session, deleted: &BTreeSet<Physical>) {
    for group in deleted.iter().filter(|thing| thing.kind == "log_group") {
        session.scope.wanted.entry("log_group").or_default().insert(group.id.clone());
    }
}

/// The session to delete in, and whether the environment is protected. A missing or broken stack file is no obstacle: what
/// is ours bears our mark. A whole one tells the names to look for as well.
async fn open(globals: &Globals, args: &DownArgs) -> Result<(Session, bool)> {
    let environment = globals.env.clone();
    if let Some(stack) = &args.stack {
        // What the file says of this very stack holds all the same.
        let known =
            config::identity(&globals.file, environment.as_deref()).filter(|known| known.stack == *stack);
        let region = known.as_ref().and_then(|known| known.region.as_deref());
        let account = known.as_ref().and_then(|known| known.account.as_deref());
        let connection = globals.connect(region, account).await?;
        let protected = known.as_ref().is_some_and(|known| known.protect);
        return Ok((Session::of(connection, Identity { stack: stack.clone(), environment }), protected));
    }
    let process = |name: &str| Some(std::env::var(name).unwrap_or_default());
    let options = config::Options { environment: environment.as_deref(), process: &process };
    match config::load(&globals.file, &options) {
        Ok(stack) => {
            let connection = globals.connect(stack.region.as_deref(), stack.account.as_deref()).await?;
            let mut session = Session::of(connection, identity(&stack));
            session.scope.wanted = wanted(&lower(&stack, &session.scope, &BTreeMap::new()));
            Ok((session, stack.environment.is_some_and(|environment| environment.protect)))
        }
        Err(wrong) => {
            let Some(known) = config::identity(&globals.file, environment.as_deref()) else {
                tell("To delete a stack without its stack file: provision down --stack NAME");
                bail!(wrong)
            };
            tell(&render::warning("the stack file has errors; going by its name alone"));
            let connection = globals.connect(known.region.as_deref(), known.account.as_deref()).await?;
            Ok((Session::of(connection, Identity { stack: known.stack, environment }), known.protect))
        }
    }
}

/// The plan to delete what is ours, and what has come back of that which was deleted.
async fn look(session: &Session, args: &DownArgs, deleted: &BTreeSet<Physical>) -> Result<Plan> {
    let context = session.context(Access::Read, BTreeMap::new(), Events::none());
    let mut world = observe(&context).await.map_err(Failure::from)?;
    for seen in &mut world.seen {
        match &seen.owner {
            Owner::Unclaimed if deleted.contains(&seen.thing()) => seen.owner = Owner::Ours,
            Owner::Foreign(who) if seen.parent.is_none() && deleted.is_empty() => {
                tell(&render::aside(&format!("{} is left alone: {who}", seen.id)));
            }
            _ => {}
        }
    }
    let options = Options {
        mode: Mode::Down,
        local: session.connection.is_local(),
        allow_data_loss: args.allow_data_loss.iter().cloned().collect(),
        replace_stack: false,
    };
    let cycle = |_| anyhow!("what is to be deleted depends on itself; please report this");
    plan::plan(&Graph::default(), &world, &options).map_err(cycle)
}

/// The last word: that nothing is left, or that this cannot be known.
fn conclude(session: &Session, plan: &Plan, good: &str) -> bool {
    match plan.blind.is_empty() {
        true => say(&format!("{good} · {}", session.calls())),
        false => tell(&render::error(
            "cannot confirm that nothing is left: some of it could not be looked at",
            Some("allow the refused calls to these credentials and run the same command again"),
        )),
    }
    plan.blind.is_empty()
}

/// Whether to go on: the stack's name is asked for, unless `--yes` is given. The local cloud is for trying things out.
fn confirmed(globals: &Globals, args: &DownArgs, session: &Session, protected: bool) -> Result<bool> {
    match () {
        () if globals.local => Ok(true),
        () if args.yes && !protected => Ok(true),
        () if !super::interactive() && args.confirm.is_none() && !protected => {
            bail!(Failure::new("nobody can be asked here", "add --yes to delete without being asked"))
        }
        () => confirmed_by_name(session, args.confirm.as_deref()),
    }
}

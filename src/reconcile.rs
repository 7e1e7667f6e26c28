//! The stages in their order, on an open connection: observe, plan, apply, and for `down` observe again. The commands and the
//! tests run this same code. It prints nothing, asks nothing, and reads no file.

use crate::apply::{Report, apply};
use crate::aws::{Access, Connection, Context, Waits, tags};
use crate::config::{At, Elsewhere, Stack};
use crate::desired::{doubts, lower, wanted};
use crate::error::Failure;
use crate::event::Events;
use crate::exit::Exit;
use crate::kinds::{kind, registry};
use crate::lower::{self, identity};
use crate::model::{Graph, Identity, LiveState, Observed, Owner, PhysicalId, ResourceId, Scope};
use crate::observe::observe;
use crate::plan::{self, Mode, Options, Plan, PlanError};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::watch;

/// A stack, or what is known of one, and where it is deployed.
#[derive(Debug)]
pub struct Session {
    /// The account and region.
    pub connection: Connection,
    /// The identity of the stack, and what to read.
    pub scope: Scope,
    /// Where it is reported what reads wait for; nowhere by default.
    pub waits: Waits,
}

impl Session {
    /// The session of an identity alone: our resources have its ownership tag.
    pub fn of(connection: Connection, identity: Identity) -> Self {
        let scope = connection.scope(identity);
        Session { connection, scope, waits: Waits::none() }
    }

    /// The session of a stack, whose declared names are read as well.
    pub fn of_stack(connection: Connection, stack: &Stack) -> Self {
        let mut session = Session::of(connection, identity(stack));
        session.declare(stack);
        session
    }

    /// Reads from now on the names that this stack declares, with the same identity as before.
    pub fn declare(&mut self, stack: &Stack) {
        let Identity { prefix, renamed, .. } = identity(stack);
        self.scope.identity.prefix = prefix;
        self.scope.identity.renamed = renamed;
        let graph = lower(stack, &self.scope, &BTreeMap::new());
        self.scope.protected = lower::protected(stack);
        self.scope.existing.clear();
        for existing in graph.existing.iter().filter(|existing| existing.is_here) {
            let names = self.scope.existing.entry(existing.id.kind).or_default();
            names.insert(existing.id.name.clone());
        }
        self.scope.tag_keys = lower::tag_keys(stack, &graph);
        self.scope.wanted = wanted(graph);
    }

    /// The live state, read by clients that cannot write.
    ///
    /// # Errors
    /// A read that failed.
    pub async fn look(&self) -> Result<LiveState, Failure> {
        let context =
            self.connection.context(self.scope.clone(), Access::Read, BTreeMap::new(), self.waits.clone());
        observe(&context, registry()).await.map_err(Failure::from)
    }

    /// One resource by its name in AWS, regardless of its owner, read by clients that cannot write.
    ///
    /// # Errors
    /// A read that failed.
    pub async fn read(&self, id: &ResourceId) -> Result<Option<Observed>, Failure> {
        let context =
            self.connection.context(self.scope.clone(), Access::Read, BTreeMap::new(), self.waits.clone());
        kind(id.kind).read(&context, &id.name, None).await.map_err(Failure::from)
    }

    /// The plan from a live state to the stack file and the packages of its functions.
    ///
    /// # Errors
    /// A dependency cycle, or an internal error.
    pub fn plan(
        &self,
        stack: &Stack,
        packages: &lower::Packages,
        live_state: &LiveState,
        options: &Options,
    ) -> Result<Plan, Failure> {
        let mut plan = plan::plan(&lower(stack, &self.scope, packages), live_state, options)?;
        plan.notes.extend(stack.fallbacks.iter().map(|used| fallback(used, &stack.files)));
        let doubts = doubts(stack, &self.scope.identity).into_iter();
        plan.notes.extend(doubts.map(|doubt| {
            let help = doubt.help.unwrap_or_default();
            format!("{}: {}; {help}", place(doubt.at, &stack.files), doubt.message)
        }));
        Ok(plan)
    }

    /// Applies a plan; only here the clients can write. Once `stop` counts one, no other step starts.
    pub async fn apply(
        &self,
        plan: &Plan,
        packages: BTreeMap<String, PathBuf>,
        events: Events,
        stop: watch::Receiver<u32>,
    ) -> Report {
        apply(&self.context(Access::Write, packages, &events), registry(), &events, plan, stop).await
    }

    pub(crate) fn context(
        &self,
        access: Access,
        packages: BTreeMap<String, PathBuf>,
        events: &Events,
    ) -> Context {
        self.connection.context(self.scope.clone(), access, packages, events.waits())
    }
}

/// What a plan says of a value that does not exist.
fn fallback(used: &Elsewhere, files: &[PathBuf]) -> String {
    let Elsewhere { address, at } = used;
    format!("{}: `${{{address}}}` has no value, so its fallback is used", place(*at, files))
}

/// A place as notes have it. The first file is the one that the user has named.
fn place(at: At, files: &[PathBuf]) -> String {
    let part = files.get(at.file as usize).filter(|_| at.file > 0);
    let part = part.map(|file| format!("{}, ", file.display())).unwrap_or_default();
    format!("{part}line {}", at.line)
}

impl From<PlanError> for Failure {
    fn from(error: PlanError) -> Self {
        let exit = match error {
            PlanError::Cycle(_) => Exit::Failed,
            PlanError::InvalidSpec { .. } => Exit::InternalError,
        };
        Failure { message: error.to_string(), help: None, exit }
    }
}

/// How often resources that were created again are deleted as well.
const ROUNDS: usize = 3;

/// The pauses between the last reads, in seconds.
const PAUSES: &[u64] = &[1, 2, 4, 8, 15];

/// The deletion of a stack: everything that we own is deleted, and then read again.
#[derive(Debug)]
pub struct Destroy {
    /// The stack.
    pub session: Session,
    options: Options,
    /// What this run has deleted. The user has agreed to that.
    deleted: BTreeSet<PhysicalId>,
}

/// How the deletion of a stack ended.
#[derive(Debug)]
pub enum Destroyed {
    /// Nothing is left, as far as it could be read: see [`Plan::unreadable`].
    All(Plan),
    /// A plan was not applied completely; this is the report.
    Incomplete(Report),
    /// New resources appeared during the deletion, which the user has not agreed to delete.
    NewResources(Plan),
}

impl Destroy {
    /// The deletion of a session's stack, with the data loss that the user allows.
    pub fn new(mut session: Session, allow_data_loss: BTreeSet<String>) -> Self {
        session.scope.destroy = true;
        let local = session.connection.is_local();
        let identity = session.scope.identity.clone();
        let options = Options {
            registry: registry(),
            mode: Mode::Down,
            local,
            allow_data_loss,
            replace_stack: false,
            protected: session.scope.protected.clone(),
            identity,
        };
        Destroy { session, options, deleted: BTreeSet::new() }
    }

    /// The live state. What was deleted and exists again without tags counts as ours.
    ///
    /// # Errors
    /// A read that failed.
    pub async fn look(&self) -> Result<LiveState, Failure> {
        let mut live_state = self.session.look().await?;
        let back = live_state.observed.iter_mut().filter(|observed| self.deleted.contains(&observed.key()));
        back.filter(|observed| is_untagged(observed)).for_each(|observed| observed.owner = Owner::Ours);
        Ok(live_state)
    }

    /// The plan to delete what we own.
    ///
    /// # Errors
    /// A dependency cycle.
    pub fn plan(&self, live_state: &LiveState) -> Result<Plan, Failure> {
        plan::plan(&Graph::default(), live_state, &self.options).map_err(Failure::from)
    }

    /// Deletes what the user has agreed to, and what of it is created again, until nothing is left. `execute` applies one
    /// plan and returns the report.
    ///
    /// # Errors
    /// A read that failed.
    pub async fn run(
        &mut self,
        mut plan: Plan,
        mut execute: impl AsyncFnMut(&Session, &Plan) -> Report,
    ) -> Result<Destroyed, Failure> {
        for _ in 0..ROUNDS {
            let report = execute(&self.session, &plan).await;
            if !report.is_complete() {
                return Ok(Destroyed::Incomplete(report));
            }
            self.remember(&plan);
            plan = self.closing_look().await?;
            if plan.is_empty() {
                return Ok(Destroyed::All(plan));
            }
            // A user who creates a table again and fills it has not agreed to delete that one.
            if !self.came_back(&plan) || !plan.blockers.is_empty() {
                break;
            }
        }
        Ok(Destroyed::NewResources(plan))
    }

    /// Remembers what was deleted. What late events can create again, untagged, is read by its name from now on.
    fn remember(&mut self, plan: &Plan) {
        self.deleted.extend(plan.steps.iter().filter_map(|step| step.observed.as_ref()).map(Observed::key));
        for deleted in self.deleted.iter().filter(|deleted| kind(deleted.kind).recreated_by_events()) {
            self.session.scope.wanted.entry(deleted.kind).or_default().insert(deleted.id.clone(), None);
        }
    }

    /// Reads until nothing is left. Lists may show deleted resources for a while [aws-facts: IAM], so these are read again
    /// before they count as existing; the local cloud is consistent.
    async fn closing_look(&self) -> Result<Plan, Failure> {
        let pauses = if self.session.connection.is_local() { &[] } else { PAUSES };
        let mut plan = self.plan(&self.look().await?)?;
        for pause in pauses {
            if plan.is_empty() || !self.came_back(&plan) {
                break;
            }
            tokio::time::sleep(Duration::from_secs(*pause)).await;
            plan = self.plan(&self.look().await?)?;
        }
        Ok(plan)
    }

    /// True if all that is left was deleted before: what a late event has created again, such as a log group. The user has
    /// agreed to delete it, but not what others create meanwhile.
    fn came_back(&self, plan: &Plan) -> bool {
        plan.steps
            .iter()
            .all(|step| step.observed.as_ref().is_some_and(|observed| self.deleted.contains(&observed.key())))
    }
}

/// True for a resource that a late event may have created again, without tags.
fn is_untagged(observed: &Observed) -> bool {
    match &observed.owner {
        Owner::Untagged => true,
        Owner::Unmanaged(why) => why == tags::UNOWNED && kind(observed.id.kind).recreated_by_events(),
        Owner::Ours => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::At;
    use crate::model::Address;

    #[test]
    fn a_used_fallback_names_the_file_of_a_part() {
        let files = ["stack.yaml", "parts/tables.yaml"].map(PathBuf::from);
        let used = |file| Elsewhere {
            address: Address::Parameter("/shop/size".to_owned()),
            at: At { file, line: 7, ..At::default() },
        };
        let said = "line 7: `${ssm:/shop/size}` has no value, so its fallback is used";
        assert_eq!(fallback(&used(0), &files), said);
        assert_eq!(fallback(&used(1), &files), format!("parts/tables.yaml, {said}"));
    }
}

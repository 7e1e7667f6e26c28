//! The stages in their order, on an open connection: look, plan, apply, and after the deletion of a stack look again. The
//! commands and the tests run this same code. It prints nothing, asks nothing, and reads no file.

use crate::apply::{Report, apply};
use crate::aws::{Access, Connection, Context};
use crate::config::Stack;
use crate::error::Failure;
use crate::event::Events;
use crate::exit::Exit;
use crate::kinds::{kind, role};
use crate::lower::{self, identity, lower, wanted};
use crate::model::{Graph, Identity, LiveState, Observed, Owner, PhysicalId, ResourceId, Scope};
use crate::observe::observe;
use crate::plan::{self, Mode, Options, Plan};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::watch;

/// A stack, or what is known of one, and the place where it lives.
#[derive(Debug)]
pub struct Session {
    /// The account and region.
    pub connection: Connection,
    /// Whose resources are ours, and what to look for.
    pub scope: Scope,
}

impl Session {
    /// The session of an identity alone: resources that are ours have its ownership tag.
    pub fn of(connection: Connection, identity: Identity) -> Self {
        let scope = connection.scope(identity);
        Session { connection, scope }
    }

    /// The session of a stack, whose names are looked for as well.
    pub fn of_stack(connection: Connection, stack: &Stack) -> Self {
        let mut session = Session::of(connection, identity(stack));
        session.declare(stack);
        session
    }

    /// Looks from now on for what this stack names, of the same identity as before.
    pub fn declare(&mut self, stack: &Stack) {
        self.scope.tag_keys = stack.tags.keys().cloned().collect();
        self.scope.wanted = wanted(&lower(stack, &self.scope, &BTreeMap::new()));
    }

    /// What there is in AWS, by clients that cannot write.
    ///
    /// # Errors
    /// A read that failed.
    pub async fn look(&self) -> Result<LiveState, Failure> {
        let context = self.context(Access::Read, BTreeMap::new(), &Events::none());
        observe(&context).await.map_err(Failure::from)
    }

    /// One resource by its name in AWS, with any owner, by clients that cannot write.
    ///
    /// # Errors
    /// A read that failed.
    pub async fn read(&self, id: &ResourceId) -> Result<Option<Observed>, Failure> {
        let context = self.context(Access::Read, BTreeMap::new(), &Events::none());
        kind(id.kind).read(&context, &id.name, None).await.map_err(Failure::from)
    }

    /// Plans how to get from the live state to the desired state, with the packages of the functions.
    ///
    /// # Errors
    /// Resources form a dependency cycle.
    pub fn plan(
        &self,
        stack: &Stack,
        packages: &lower::Packages,
        live_state: &LiveState,
        options: &Options,
    ) -> Result<Plan, Failure> {
        let mut plan =
            plan::plan(&lower(stack, &self.scope, packages), live_state, options).map_err(circle)?;
        role::explain(&mut plan);
        Ok(plan)
    }

    /// Applies a plan; only here the clients can write. When `stop` turns true, no other step starts.
    pub async fn apply(
        &self,
        plan: &Plan,
        packages: BTreeMap<String, PathBuf>,
        events: Events,
        stop: watch::Receiver<bool>,
    ) -> Report {
        apply(&self.context(Access::Write, packages, &events), &events, plan, stop).await
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

fn circle(ids: Vec<ResourceId>) -> Failure {
    let names: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let message = format!("these refer to each other in a circle: {}", names.join(" → "));
    Failure { message, help: None, exit: Exit::Failed }
}

/// How often what came back is deleted as well.
const ROUNDS: usize = 3;

/// The pauses between closing looks, in seconds.
const PAUSES: &[u64] = &[1, 2, 4, 8, 15];

/// The deletion of a stack: everything that is ours is deleted, and looked for again.
#[derive(Debug)]
pub struct Destroy {
    /// The stack.
    pub session: Session,
    options: Options,
    /// What this run has deleted. The user has agreed to that.
    deleted: BTreeSet<PhysicalId>,
}

/// The result of a deletion.
#[derive(Debug)]
pub enum Destroyed {
    /// Nothing is left, as far as this plan could look: see [`Plan::unreadable`].
    All(Plan),
    /// A plan could not be applied completely; this is its report.
    Incomplete(Report),
    /// New resources appeared during the deletion, and the user has not agreed to delete them.
    NewResources(Plan),
}

impl Destroy {
    /// The deletion of a session's stack, with the data loss that the user allows.
    pub fn new(mut session: Session, allow_data_loss: BTreeSet<String>) -> Self {
        session.scope.destroy = true;
        let local = session.connection.is_local();
        let options = Options { mode: Mode::Down, local, allow_data_loss, replace_stack: false };
        Destroy { session, options, deleted: BTreeSet::new() }
    }

    /// The live state. What was deleted and has come back untagged counts as ours.
    ///
    /// # Errors
    /// A read that failed.
    pub async fn look(&self) -> Result<LiveState, Failure> {
        let mut live_state = self.session.look().await?;
        let untagged = live_state.observed.iter_mut().filter(|observed| observed.owner == Owner::Untagged);
        untagged
            .filter(|observed| self.deleted.contains(&observed.key()))
            .for_each(|observed| observed.owner = Owner::Ours);
        Ok(live_state)
    }

    /// The plan to delete what is ours.
    ///
    /// # Errors
    /// The resources form a dependency cycle.
    pub fn plan(&self, live_state: &LiveState) -> Result<Plan, Failure> {
        plan::plan(&Graph::default(), live_state, &self.options).map_err(circle)
    }

    /// Deletes what the user has agreed to, and what of it comes back, until nothing is left. `execute` applies one plan and
    /// reports.
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
            // A table that was created again and filled was not agreed to.
            if !self.came_back(&plan) || !plan.blockers.is_empty() {
                break;
            }
        }
        Ok(Destroyed::NewResources(plan))
    }

    /// Remembers what was deleted. Log groups can come back after their end, untagged, so they are looked for by name.
    fn remember(&mut self, plan: &Plan) {
        self.deleted.extend(plan.steps.iter().filter_map(|step| step.observed.as_ref()).map(Observed::key));
        for group in self.deleted.iter().filter(|resource| resource.kind == "log_group") {
            self.session.scope.wanted.entry("log_group").or_default().insert(group.id.clone());
        }
    }

    /// Looks until nothing is left. Lists may show for a while what is gone [aws-facts: IAM], so what was deleted is looked
    /// for again before it counts as still there; the local cloud is consistent.
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

    /// True if all that is left was deleted already: what a late event made again, such as a log group. The user has agreed
    /// to its end; what anybody else makes meanwhile is another matter.
    fn came_back(&self, plan: &Plan) -> bool {
        plan.steps
            .iter()
            .all(|step| step.observed.as_ref().is_some_and(|observed| self.deleted.contains(&observed.key())))
    }
}

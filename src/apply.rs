//! Applies a plan: the only stage that writes. Steps whose dependencies have succeeded run together. Where one fails, the
//! steps that depend on it are skipped, and everything else is finished.

mod schedule;
mod siblings;

use crate::aws::wait::{Backoff, Poll, wait_until};
use crate::aws::{Class, Context, Error, Result};
use crate::diff::diff;
use crate::event::{Event, Events};
use crate::kind::{AnyKind, Parent};
use crate::kinds::kind;
use crate::model::{AttributeMap, Attributes, Observed, Owner, Reference, ResourceId, Status};
use crate::plan::{Action, Plan, Step};
use futures_util::StreamExt;
use futures_util::future::{BoxFuture, try_join_all};
use futures_util::stream::FuturesUnordered;
use schedule::Schedule;
use serde_json::Value as Json;
use siblings::Siblings;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// The result of applying a plan.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// The steps that succeeded, by index.
    pub done: BTreeSet<usize>,
    /// The steps that failed, and why; with [`Class::Deferred`] those that AWS lets be finished only later, which hold
    /// nothing up.
    pub failed: BTreeMap<usize, Error>,
    /// The steps that were skipped, each with the index of the first failed step that it depends on.
    pub skipped: BTreeMap<usize, usize>,
    /// True if the user stopped the run before all steps were started.
    pub interrupted: bool,
    /// The attributes of the resources.
    pub attributes: AttributeMap,
}

impl Report {
    /// True for a step that succeeded, failed or was skipped.
    fn is_settled(&self, index: usize) -> bool {
        self.done.contains(&index) || self.failed.contains_key(&index) || self.skipped.contains_key(&index)
    }

    /// True if every step succeeded.
    pub fn is_complete(&self) -> bool {
        self.failed.is_empty() && self.skipped.is_empty() && !self.interrupted
    }
}

/// How long steps in progress may take to end after a stop. A common pipeline runner sends SIGTERM 7.5 s after SIGINT and
/// SIGKILL 2.5 s later, and the report must be out by then [hazards: G20].
const GRACE: Duration = Duration::from_millis(6_500);

/// Applies a plan. When `stop` turns true no other step starts, and running steps may end. When it is sent once
/// more, or the time is up, they are left as they are, and the report says so.
pub async fn apply(ctx: &Context, events: &Events, plan: &Plan, mut stop: watch::Receiver<bool>) -> Report {
    let mut report = Report { attributes: plan.attributes.clone(), ..Report::default() };
    let (mut schedule, mut siblings) = (Schedule::new(plan, ctx.local), Siblings::new(plan));
    let mut running: FuturesUnordered<BoxFuture<(usize, Result<Finished>)>> = FuturesUnordered::new();
    let (mut started, mut deadline) = (BTreeSet::new(), None);
    loop {
        let stopped = *stop.borrow_and_update();
        if stopped && deadline.is_none() {
            deadline = Some(Instant::now() + GRACE);
            events.send(Event::Stopping);
        }
        while !stopped && let Some(index) = schedule.start() {
            started.insert(index);
            let task = Task::of(&plan.steps[index], &report.attributes);
            running.push(Box::pin(async move { (index, timed(ctx, events, index, task).await) }));
        }
        let finished = tokio::select! {
            finished = running.next() => finished,
            Ok(()) = stop.changed() => if stopped { None } else { continue },
            () = sleep_until(deadline.unwrap_or_else(Instant::now)), if stopped => None,
        };
        let Some((index, result)) = finished else { break };
        let step = &plan.steps[index];
        let to_verify = result.as_ref().ok().and_then(|_| siblings.next_to_verify(step));
        match result {
            Ok(finished) if let Some((parent, unchanged)) = to_verify => {
                let verification = Verification::of(parent, &unchanged, &report.attributes);
                running.push(Box::pin(
                    async move { (index, verification.verify(ctx).await.map(|()| finished)) },
                ));
            }
            Ok((attributes, took)) => {
                schedule.done(index);
                report.done.insert(index);
                report
                    .attributes
                    .extend(attributes.map(|attributes| (step.id.clone(), Arc::new(attributes))));
                if !step.with_parent {
                    events.send(Event::Done { step: index, id: step.id.clone(), action: step.action, took });
                }
            }
            // What AWS accepts only later leaves a resource that its dependents can use.
            Err(error) if error.class == Class::Deferred => {
                schedule.done(index);
                fail(events, plan, index, error, &mut report);
            }
            Err(error) => {
                fail(events, plan, index, error, &mut report);
                skip(events, plan, schedule.failed(index), index, &mut report);
            }
        }
    }
    abandon(events, plan, &started, &mut report);
    let left: Vec<usize> = (0..plan.steps.len()).filter(|index| !report.is_settled(*index)).collect();
    if deadline.is_some() {
        report.interrupted = !left.is_empty();
    } else {
        fail_stuck(events, plan, left, &mut report);
    }
    report
}

/// Reports a step that failed.
fn fail(events: &Events, plan: &Plan, index: usize, error: Error, report: &mut Report) {
    let step = &plan.steps[index];
    report.failed.insert(index, error.clone());
    events.send(Event::Failed { step: index, id: step.id.clone(), action: step.action, error });
}

/// Reports the steps that were still in progress when the run ended: nothing is known of what they sent.
fn abandon(events: &Events, plan: &Plan, started: &BTreeSet<usize>, report: &mut Report) {
    let in_progress: Vec<usize> = started.iter().copied().filter(|step| !report.is_settled(*step)).collect();
    for index in in_progress {
        fail(events, plan, index, Error::stopped(), report);
    }
}

/// Fails the steps that could never start although no step failed and no stop was asked for. No plan has a dependency cycle,
/// so only an error of this program can be the reason, and it must not look like an interruption.
fn fail_stuck(events: &Events, plan: &Plan, stuck: Vec<usize>, report: &mut Report) {
    for index in stuck {
        let step = &plan.steps[index];
        let waits = step.depends_on.iter().filter(|before| !report.done.contains(before));
        let waits: Vec<String> = waits.map(|before| plan.steps[*before].id.to_string()).collect();
        let error =
            Error::internal(format!("this step was never started; it depends on: {}", waits.join(", ")));
        fail(events, plan, index, error, report);
    }
}

/// Skips the steps that can never start because a step that they depend on failed.
fn skip(events: &Events, plan: &Plan, skipped: BTreeSet<usize>, cause: usize, report: &mut Report) {
    let why = format!("{} failed", plan.steps[cause].id);
    for index in skipped {
        // A step with two causes is reported once, with the first.
        if report.skipped.contains_key(&index) {
            continue;
        }
        report.skipped.insert(index, cause);
        let step = &plan.steps[index];
        events.send(Event::Skipped {
            step: index,
            id: step.id.clone(),
            action: step.action,
            why: why.clone(),
        });
    }
}

/// A step with all that it needs to start.
struct Task<'a> {
    step: &'a Step,
    kind: &'static dyn AnyKind,
    /// The parent of its resource.
    parent: Option<Parent>,
    /// The desired state, with the attributes that earlier steps have returned filled in; `None` for a delete.
    spec: Option<Result<Json>>,
}

impl<'a> Task<'a> {
    fn of(step: &'a Step, attributes: &AttributeMap) -> Self {
        let lookup =
            |reference: &Reference| attributes.get(&reference.id)?.get(reference.attribute)?.as_str();
        let spec = step.desired.as_ref().map(|desired| {
            desired.resolve(&lookup).known().map_err(|reference| {
                let Reference { id, attribute } = reference;
                Error::internal(format!("the {attribute} of {id} is still unknown"))
            })
        });
        let parent = step.parent.as_ref().and_then(|id| known_parent(id, attributes));
        Task { step, kind: kind(step.id.kind), parent, spec }
    }
}

/// Unchanged resources that verify whether the changes in their parent took effect.
struct Verification {
    parent: Option<Parent>,
    /// Each with its attributes.
    unchanged: Vec<(ResourceId, Attributes)>,
}

impl Verification {
    fn of(parent: &ResourceId, unchanged: &[&ResourceId], attributes: &AttributeMap) -> Self {
        let known = |id: &&ResourceId| Some(((*id).clone(), Arc::clone(attributes.get(*id)?)));
        Verification {
            parent: known_parent(parent, attributes),
            unchanged: unchanged.iter().filter_map(known).collect(),
        }
    }

    async fn verify(&self, ctx: &Context) -> Result<()> {
        let Some(parent) = &self.parent else { return Ok(()) };
        let verify = self.unchanged.iter().map(|(id, before)| kind(id.kind).verify(ctx, id, parent, before));
        try_join_all(verify).await.map(drop)
    }
}

/// A parent whose physical id is known.
fn known_parent(id: &ResourceId, attributes: &AttributeMap) -> Option<Parent> {
    Some(Parent::new(id, kind(id.kind).physical_id(attributes.get(id)?)?))
}

/// The attributes that a step has returned, and how long it took.
type Finished = (Option<Json>, Duration);

async fn timed(ctx: &Context, events: &Events, index: usize, task: Task<'_>) -> Result<Finished> {
    let start = Instant::now();
    let step = task.step;
    if !step.with_parent {
        events.send(Event::Started { step: index, id: step.id.clone(), action: step.action });
    }
    let attributes = run(ctx, task).await?;
    Ok((attributes, start.elapsed()))
}

/// Runs one step, and returns the attributes that AWS has assigned.
async fn run(ctx: &Context, task: Task<'_>) -> Result<Option<Json>> {
    let Task { step, kind, parent, spec } = task;
    let (id, parent) = (&step.id, parent.as_ref());
    let Some(spec) = spec else {
        if let Some(observed) = step.observed.as_ref().filter(|_| !step.with_parent) {
            kind.delete(ctx, observed).await?;
        }
        return Ok(None);
    };
    let spec = spec?;
    let attributes = match (&step.observed, step.action) {
        (Some(observed), Action::Update) => match update(ctx, kind, observed, parent, spec.clone()).await {
            Err(error) if error.is_absent() && kind.read(ctx, &id.name, parent).await?.is_none() => {
                ctx.waiting(id).report("was deleted after planning; recreating it");
                create(ctx, kind, id, spec, parent).await
            }
            result => result,
        },
        (Some(observed), Action::Create) if observed.status == Status::Deleting => {
            wait_until_deleted(ctx, kind, id, parent).await?;
            create(ctx, kind, id, spec, parent).await
        }
        (Some(observed), _) => {
            kind.delete(ctx, observed).await?;
            create(ctx, kind, id, spec, parent).await
        }
        (None, _) => create(ctx, kind, id, spec, parent).await,
    };
    attributes.map(Some)
}

/// Changes a resource. One that was pending when it was observed is waited for and read again, since the change in progress
/// may be the very one that is desired.
async fn update(
    ctx: &Context,
    kind: &dyn AnyKind,
    observed: &Observed,
    parent: Option<&Parent>,
    spec: Json,
) -> Result<Json> {
    if observed.status != Status::Pending {
        return kind.update(ctx, observed, spec).await;
    }
    kind.update(ctx, observed, observed.spec.clone()).await?;
    match kind.read(ctx, &observed.id.name, parent).await? {
        Some(fresh) => kind.update(ctx, &fresh, spec).await,
        None => kind.update(ctx, observed, spec).await,
    }
}

/// Waits until a resource that is being deleted no longer exists. It may be another owner's, so it is not deleted by us.
async fn wait_until_deleted(
    ctx: &Context,
    kind: &dyn AnyKind,
    id: &ResourceId,
    parent: Option<&Parent>,
) -> Result<()> {
    wait_until(Backoff::state(ctx.local), ctx.waiting(id), async || {
        Ok(match kind.read(ctx, &id.name, parent).await? {
            None => Poll::Ready(()),
            Some(_) => Poll::Pending("the old one is being deleted".to_owned()),
        })
    })
    .await
}

/// Creates a resource. "Already exists" and a lost response may both mean that an attempt of our own was applied, so what
/// exists now decides. Where nothing exists, a lost call is sent once more.
async fn create(
    ctx: &Context,
    kind: &dyn AnyKind,
    id: &ResourceId,
    spec: Json,
    parent: Option<&Parent>,
) -> Result<Json> {
    let first = match kind.create(ctx, id, spec.clone()).await {
        Err(error) if error.is_duplicate() || error.is_ambiguous() => error,
        result => return result,
    };
    if let Some(observed) = find_after_failed_create(ctx, kind, id, parent).await? {
        return resume_existing(ctx, kind, &observed, spec, parent, first).await;
    }
    if !first.is_ambiguous() {
        return Err(first);
    }
    match kind.create(ctx, id, spec.clone()).await {
        Err(error) if error.is_duplicate() => match find_after_failed_create(ctx, kind, id, parent).await? {
            Some(observed) => resume_existing(ctx, kind, &observed, spec, parent, error).await,
            None => Err(error),
        },
        result => result,
    }
}

/// Looks for a resource that may have been created a moment ago, for as long as reads may take to show it. Only that this time
/// is up means that it does not exist: any other error says nothing of it.
async fn find_after_failed_create(
    ctx: &Context,
    kind: &dyn AnyKind,
    id: &ResourceId,
    parent: Option<&Parent>,
) -> Result<Option<Observed>> {
    let looked = wait_until(Backoff::VISIBILITY, ctx.waiting(id), async || {
        Ok(match kind.read(ctx, &id.name, parent).await? {
            Some(observed) => Poll::Ready(observed),
            None => Poll::Pending("it may exist already; looking for it".to_owned()),
        })
    });
    match looked.await {
        Err(error) if error.class == Class::Timeout => Ok(None),
        looked => looked.map(Some),
    }
}

/// Continues with a resource that an earlier attempt has created. One that would have to be replaced was created by another
/// run and is in use there: a permission of another API, or a table with other keys. It stays, and the next plan shows the
/// difference.
async fn resume_existing(
    ctx: &Context,
    kind: &dyn AnyKind,
    observed: &Observed,
    spec: Json,
    parent: Option<&Parent>,
    error: Error,
) -> Result<Json> {
    if let Owner::Unmanaged(owner) = &observed.owner {
        return Err(Error { message: format!("it already exists, and {owner}"), ..error });
    }
    let changes = diff(Some(&observed.spec), &spec.clone().into());
    if changes.iter().any(|change| kind.immutable().contains(&change.field())) {
        return Err(Error::state(
            "another run has created it with other settings; run the command again to see the differences",
        ));
    }
    update(ctx, kind, observed, parent, spec).await
}

#[cfg(test)]
mod tests;

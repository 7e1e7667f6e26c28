//! Applies a plan: the only stage that writes. Steps whose dependencies have succeeded run together. Where one fails, the
//! steps that depend on it are skipped, and everything else is finished.

mod schedule;
mod siblings;
mod target;

use crate::aws::{Class, Context, Error, Result};
use crate::event::{Event, Events};
use crate::kind::{AnyKind, Parent, Registry};
use crate::model::{
    AttributeMap, Attributes, PhysicalId, Reference, ResourceId, Status, resolve, unresolved,
};
use crate::plan::{Action, Half, Plan, Step};
use futures_util::StreamExt;
use futures_util::future::{BoxFuture, try_join_all};
use futures_util::stream::FuturesUnordered;
use schedule::Schedule;
use serde_json::Value as Json;
use siblings::Siblings;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use target::Target;
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

/// Applies a plan. `stop` counts how often the user wants it to stop: from the first time on no other step starts, and running steps
/// may end. At the second time, or when the time is up, they are left as they are, and the report says so.
pub async fn apply(
    ctx: &Context,
    registry: Registry,
    events: &Events,
    plan: &Plan,
    mut stop: watch::Receiver<u32>,
) -> Report {
    let mut report = Report { attributes: plan.attributes.clone(), ..Report::default() };
    let mut schedule = Schedule::new(plan, registry, ctx.local);
    let mut siblings = Siblings::new(plan);
    let mut running: FuturesUnordered<BoxFuture<(usize, Result<Option<Json>>)>> = FuturesUnordered::new();
    // When each step was started.
    let mut started: BTreeMap<usize, Instant> = BTreeMap::new();
    let mut deadline = None;
    loop {
        // Both may have come since the last look, or while a step ended.
        let asked = *stop.borrow_and_update();
        let stopped = asked > 0;
        if stopped && deadline.is_none() {
            deadline = Some(Instant::now() + GRACE);
            events.send(Event::Stopping);
        }
        if asked > 1 {
            break;
        }
        while let Some(node) = schedule.start(stopped) {
            begin(events, plan, plan.nodes[node].step, &mut started);
            let task = Task::of(plan, node, registry, &report.attributes);
            running.push(Box::pin(async move { (node, run(ctx, task).await) }));
        }
        let finished = tokio::select! {
            finished = running.next() => finished,
            Ok(()) = stop.changed() => continue,
            () = sleep_until(deadline.unwrap_or_else(Instant::now)), if stopped => None,
        };
        let Some((node, result)) = finished else { break };
        let index = plan.nodes[node].step;
        let step = &plan.steps[index];
        let to_verify = result
            .as_ref()
            .ok()
            .filter(|_| schedule.is_last(node))
            .and_then(|_| siblings.next_to_verify(step));
        match result {
            Ok(finished) if let Some((parent, unchanged)) = to_verify => {
                let verification = Verification::of(parent, &unchanged, registry, &report.attributes);
                running
                    .push(Box::pin(async move { (node, verification.verify(ctx).await.map(|()| finished)) }));
            }
            Ok(attributes) => {
                report
                    .attributes
                    .extend(attributes.map(|attributes| (step.id.clone(), Arc::new(attributes))));
                if schedule.is_last(node) && !report.failed.contains_key(&index) {
                    let took = started.get(&index).map(Instant::elapsed).unwrap_or_default();
                    finish(events, plan, index, took, &mut report);
                }
                schedule.done(node);
            }
            // What AWS accepts only later leaves a resource that its dependents can use.
            Err(error) if error.class == Class::Deferred => {
                schedule.done(node);
                fail(events, plan, index, error, &mut report);
            }
            Err(error) => {
                fail(events, plan, index, error, &mut report);
                skip(events, plan, schedule.failed(node), index, &mut report);
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

/// Reports a step that begins, with its first node.
fn begin(events: &Events, plan: &Plan, index: usize, started: &mut BTreeMap<usize, Instant>) {
    let step = &plan.steps[index];
    if started.insert(index, Instant::now()).is_none() && !step.with_parent {
        events.send(Event::Started { step: index, id: step.id.clone(), action: step.action });
    }
}

/// Reports a step that succeeded.
fn finish(events: &Events, plan: &Plan, index: usize, took: Duration, report: &mut Report) {
    let step = &plan.steps[index];
    report.done.insert(index);
    if !step.with_parent {
        events.send(Event::Done { step: index, id: step.id.clone(), action: step.action, took });
    }
}

/// Reports a step that failed.
fn fail(events: &Events, plan: &Plan, index: usize, error: Error, report: &mut Report) {
    let step = &plan.steps[index];
    report.failed.insert(index, error.clone());
    events.send(Event::Failed { step: index, id: step.id.clone(), action: step.action, error });
}

/// Reports the steps that were still in progress when the run ended: nothing is known of what they sent.
fn abandon(events: &Events, plan: &Plan, started: &BTreeMap<usize, Instant>, report: &mut Report) {
    let in_progress: Vec<usize> = started.keys().copied().filter(|step| !report.is_settled(*step)).collect();
    for index in in_progress {
        fail(events, plan, index, Error::stopped(), report);
    }
}

/// Fails the steps that could never start although no step failed and no stop was asked for. No plan has a dependency cycle,
/// so only an error of this program can be the reason, and it must not look like an interruption.
fn fail_stuck(events: &Events, plan: &Plan, stuck: Vec<usize>, report: &mut Report) {
    for index in stuck {
        let nodes = plan.nodes.iter().filter(|node| node.step == index);
        let before = nodes.flat_map(|node| &node.depends_on).map(|before| plan.nodes[*before].step);
        let waits = before.filter(|before| !report.done.contains(before));
        let waits: Vec<String> = waits.map(|before| plan.steps[before].id.to_string()).collect();
        let error =
            Error::internal(format!("this step was never started; it depends on: {}", waits.join(", ")));
        fail(events, plan, index, error, report);
    }
}

/// Skips the steps that can never start because a step that they depend on failed.
fn skip(events: &Events, plan: &Plan, skipped: BTreeSet<usize>, cause: usize, report: &mut Report) {
    let why = format!("{} failed", plan.steps[cause].id);
    for index in skipped {
        // A step with two causes is reported once, with the first; the second half of a step that failed is no step.
        if report.skipped.contains_key(&index) || report.failed.contains_key(&index) {
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

/// A node with all that it needs to start.
struct Task<'a> {
    step: &'a Step,
    half: Half,
    kind: &'static dyn AnyKind,
    /// The parent of its resource.
    parent: Option<Parent>,
    /// The desired state, with the attributes that earlier steps have returned filled in; `None` for a delete.
    spec: Option<Result<Json>>,
}

impl<'a> Task<'a> {
    fn of(plan: &'a Plan, node: usize, registry: Registry, attributes: &AttributeMap) -> Self {
        let (step, half) = (&plan.steps[plan.nodes[node].step], plan.nodes[node].half);
        let lookup =
            |reference: &Reference| attributes.get(&reference.id)?.get(reference.attribute)?.as_str();
        let desired = step.desired.as_ref().filter(|_| half != Half::Delete);
        let spec = desired.map(|desired| {
            let spec = resolve(desired, &lookup);
            unresolved(&spec).map_or(Ok(spec), |Reference { id, attribute }| {
                Err(Error::internal(format!("the {attribute} of {id} is still unknown")))
            })
        });
        let parent = step.id.parent().and_then(|id| known_parent(id, registry, attributes));
        Task { step, half, kind: registry.kind(step.id.kind), parent, spec }
    }
}

/// Unchanged resources that verify whether the changes in their parent took effect.
struct Verification {
    registry: Registry,
    parent: Option<Parent>,
    /// Each with its attributes.
    unchanged: Vec<(ResourceId, Attributes)>,
}

impl Verification {
    fn of(
        parent: &ResourceId,
        unchanged: &[&ResourceId],
        registry: Registry,
        attributes: &AttributeMap,
    ) -> Self {
        let known = |id: &&ResourceId| Some(((*id).clone(), Arc::clone(attributes.get(*id)?)));
        Verification {
            registry,
            parent: known_parent(parent, registry, attributes),
            unchanged: unchanged.iter().filter_map(known).collect(),
        }
    }

    async fn verify(&self, ctx: &Context) -> Result<()> {
        let Some(parent) = &self.parent else { return Ok(()) };
        let verify = self
            .unchanged
            .iter()
            .map(|(id, before)| self.registry.kind(id.kind).verify(ctx, id, parent, before));
        try_join_all(verify).await.map(drop)
    }
}

/// A parent whose physical id is known.
fn known_parent(id: &ResourceId, registry: Registry, attributes: &AttributeMap) -> Option<Parent> {
    Some(Parent::new(id, physical_id(id, registry, attributes)?))
}

/// The physical id of a resource whose attributes, and those of its parents, are known.
fn physical_id(id: &ResourceId, registry: Registry, attributes: &AttributeMap) -> Option<PhysicalId> {
    let own = registry.kind(id.kind).physical_id(attributes.get(id)?)?;
    match id.parent() {
        Some(parent) => Some(physical_id(parent, registry, attributes)?.child(id.kind, own)),
        None => Some(PhysicalId::new(id.kind, own)),
    }
}

/// Runs one node, and returns the attributes that AWS has assigned.
async fn run(ctx: &Context, task: Task<'_>) -> Result<Option<Json>> {
    let Task { step, half, kind, parent, spec } = task;
    let (id, parent) = (&step.id, parent.as_ref());
    let Some(spec) = spec else {
        if let Some(observed) = step.observed.as_ref().filter(|_| !step.with_parent) {
            kind.delete(ctx, observed).await?;
        }
        return Ok(None);
    };
    let target =
        Target { kind, id, parent, replaces: step.observed.as_ref().filter(|_| half == Half::Create) };
    let spec = spec?;
    let attributes = match &step.observed {
        Some(observed) if step.action == Action::Update => match target.update(ctx, observed, &spec).await {
            Err(error) if kind.service().is_absent(&error) && target.read(ctx).await?.is_none() => {
                ctx.waiting(id).report("was deleted after planning; recreating it");
                target.create(ctx, spec).await
            }
            result => result,
        },
        Some(observed) if observed.status == Status::Deleting => {
            target.wait_until_deleted(ctx).await?;
            target.create(ctx, spec).await
        }
        _ => target.create(ctx, spec).await,
    };
    attributes.map(Some)
}

#[cfg(test)]
pub(crate) mod tests;

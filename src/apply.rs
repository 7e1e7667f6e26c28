//! Carries out a plan: the only stage that writes. Steps whose predecessors have succeeded run together; where one fails,
//! what depends on it is skipped, and everything else is finished.

mod schedule;

use crate::aws::wait::{Patience, Poll, until};
use crate::aws::{Class, Context, Error, Result};
use crate::diff::diff;
use crate::event::Event;
use crate::kind::{AnyKind, Parent, kind};
use crate::model::{Id, Lives, Owner, Reference, Seen, Status};
use crate::plan::{Action, Plan, Step};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use schedule::Schedule;
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// What became of a plan.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// The steps that succeeded, by index.
    pub done: BTreeSet<usize>,
    /// The steps that failed, and why.
    pub failed: BTreeMap<usize, Error>,
    /// The steps that were not tried because a step before them failed, with the index of the first one that did.
    pub skipped: BTreeMap<usize, usize>,
    /// True if the user stopped the run before all steps were handed out.
    pub interrupted: bool,
    /// What AWS has assigned to the resources.
    pub lives: Lives,
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

/// Carries out a plan. When `stop` turns true no further step is handed out, and those under way end in order.
pub async fn apply(ctx: &Context, plan: &Plan, mut stop: watch::Receiver<bool>) -> Report {
    let mut report = Report { lives: plan.lives.clone(), ..Report::default() };
    let mut schedule = Schedule::new(plan, ctx.local);
    let mut running = FuturesUnordered::new();
    let mut stopping = false;
    loop {
        let stopped = *stop.borrow();
        if stopped && !std::mem::replace(&mut stopping, true) {
            ctx.events.tell(Event::Stopping);
        }
        while !stopped && let Some(index) = schedule.start() {
            let task = Task::of(&plan.steps[index], &report.lives);
            running.push(async move { (index, timed(ctx, task).await) });
        }
        let finished = tokio::select! {
            finished = running.next() => finished,
            Ok(()) = stop.changed(), if !stopped => continue,
        };
        let Some((index, result)) = finished else { break };
        let step = &plan.steps[index];
        let (id, action) = (step.id.clone(), step.action);
        match result {
            Ok((live, took)) => {
                schedule.done(index);
                report.done.insert(index);
                report.lives.extend(live.map(|live| (id.clone(), Arc::new(live))));
                if !step.with_parent {
                    ctx.events.tell(Event::Done { id, action, took });
                }
            }
            Err(error) => {
                report.failed.insert(index, error.clone());
                ctx.events.tell(Event::Failed { id, action, error });
                skip(ctx, plan, schedule.failed(index), index, &mut report);
            }
        }
    }
    report.interrupted = (0..plan.steps.len()).any(|index| !report.is_settled(index));
    report
}

/// Marks what can never start because a step before it failed.
fn skip(ctx: &Context, plan: &Plan, doomed: BTreeSet<usize>, cause: usize, report: &mut Report) {
    let why = format!("{} failed", plan.steps[cause].id);
    for index in doomed {
        // A step of two causes is told of once, with the first.
        if report.skipped.contains_key(&index) {
            continue;
        }
        report.skipped.insert(index, cause);
        let step = &plan.steps[index];
        ctx.events.tell(Event::Skipped { id: step.id.clone(), action: step.action, why: why.clone() });
    }
}

/// A step with all that it needs to begin.
struct Task<'a> {
    step: &'a Step,
    kind: &'static dyn AnyKind,
    /// The thing that it lives in.
    parent: Option<Parent>,
    /// What it shall be, with what the steps before have brought to light filled in; `None` for a delete.
    spec: Option<Result<Json>>,
}

impl<'a> Task<'a> {
    fn of(step: &'a Step, lives: &Lives) -> Self {
        let lookup = |reference: &Reference| lives.get(&reference.id)?.get(reference.attribute)?.as_str();
        let spec = step.desired.as_ref().map(|desired| {
            desired.resolve(&lookup).known().map_err(|reference| {
                let Reference { id, attribute } = reference;
                Error::waited(format!("the {attribute} of {id} is still unknown; please report this"))
            })
        });
        let parent = step.parent.as_ref().and_then(|id| Some(Parent::new(id, physical(lives.get(id)?)?)));
        Task { step, kind: kind(step.id.kind), parent, spec }
    }
}

/// The identifier of a thing among what AWS assigned to it.
fn physical(live: &Json) -> Option<&str> {
    live.get("id").or_else(|| live.get("name"))?.as_str()
}

async fn timed(ctx: &Context, task: Task<'_>) -> Result<(Option<Json>, Duration)> {
    let start = Instant::now();
    let step = task.step;
    if !step.with_parent {
        ctx.events.tell(Event::Started { id: step.id.clone(), action: step.action });
    }
    let live = run(ctx, task).await?;
    Ok((live, start.elapsed()))
}

/// Does one step, and answers what AWS has assigned.
async fn run(ctx: &Context, task: Task<'_>) -> Result<Option<Json>> {
    let Task { step, kind, parent, spec } = task;
    let (id, parent) = (&step.id, parent.as_ref());
    let Some(spec) = spec else {
        if let Some(seen) = step.seen.as_ref().filter(|_| !step.with_parent) {
            kind.delete(ctx, seen).await?;
        }
        return Ok(None);
    };
    let spec = spec?;
    let live = match (&step.seen, step.action) {
        (Some(seen), Action::Update) => match update(ctx, kind, seen, parent, spec.clone()).await {
            Err(error) if error.is_absent() && kind.read(ctx, &id.name, parent).await?.is_none() => {
                ctx.waiting(id)("it is gone since the plan was made; what the plan shows is made anew");
                create(ctx, kind, id, spec, parent).await
            }
            result => result,
        },
        (Some(seen), Action::Create) if seen.status == Status::Going => {
            gone(ctx, kind, id, parent).await?;
            create(ctx, kind, id, spec, parent).await
        }
        (Some(seen), _) => {
            kind.delete(ctx, seen).await?;
            create(ctx, kind, id, spec, parent).await
        }
        (None, _) => create(ctx, kind, id, spec, parent).await,
    };
    live.map(Some)
}

/// Changes a thing. What was busy when it was seen is waited for and seen anew, since the change under way may be the very
/// one that is wanted.
async fn update(
    ctx: &Context,
    kind: &dyn AnyKind,
    seen: &Seen,
    parent: Option<&Parent>,
    spec: Json,
) -> Result<Json> {
    if seen.status != Status::Busy {
        return kind.update(ctx, seen, spec).await;
    }
    kind.update(ctx, seen, seen.spec.clone()).await?;
    match kind.read(ctx, &seen.id.name, parent).await? {
        Some(fresh) => kind.update(ctx, &fresh, spec).await,
        None => kind.update(ctx, seen, spec).await,
    }
}

/// Waits until a thing that is being deleted is gone. Not with a delete of our own: it may never have been ours.
async fn gone(ctx: &Context, kind: &dyn AnyKind, id: &Id, parent: Option<&Parent>) -> Result<()> {
    until(Patience::state(ctx.local), ctx.waiting(id), async || {
        Ok(match kind.read(ctx, &id.name, parent).await? {
            None => Poll::Ready(()),
            Some(_) => Poll::Pending("the old one is being deleted".to_owned()),
        })
    })
    .await
}

/// Makes a thing. "It exists already" and a lost answer may both mean that an attempt of our own was applied, so what is
/// there now decides. Where nothing is, a lost call is made once more.
async fn create(
    ctx: &Context,
    kind: &dyn AnyKind,
    id: &Id,
    spec: Json,
    parent: Option<&Parent>,
) -> Result<Json> {
    let first = match kind.create(ctx, id, spec.clone()).await {
        Err(error) if error.is_duplicate() || error.is_ambiguous() => error,
        result => return result,
    };
    if let Some(seen) = sight(ctx, kind, id, parent).await? {
        return adopt(ctx, kind, &seen, spec, parent, first).await;
    }
    if !first.is_ambiguous() {
        return Err(first);
    }
    match kind.create(ctx, id, spec.clone()).await {
        Err(error) if error.is_duplicate() => match sight(ctx, kind, id, parent).await? {
            Some(seen) => adopt(ctx, kind, &seen, spec, parent, error).await,
            None => Err(error),
        },
        result => result,
    }
}

/// Looks for a thing that may have been made a moment ago, for as long as reads may take to show it.
async fn sight(ctx: &Context, kind: &dyn AnyKind, id: &Id, parent: Option<&Parent>) -> Result<Option<Seen>> {
    let looked = until(Patience::SIGHT, ctx.waiting(id), async || {
        Ok(match kind.read(ctx, &id.name, parent).await? {
            Some(seen) => Poll::Ready(seen),
            None => Poll::Pending("it may exist already; looking for it".to_owned()),
        })
    });
    match looked.await {
        Err(error) if error.class == Class::Waited => Ok(None),
        looked => looked.map(Some),
    }
}

/// Goes on with what an earlier attempt has made. What cannot become what is wanted was made by another run, and is in use by
/// that: a permission of another API, or a table of other keys. It stays, and the next plan shows what differs.
async fn adopt(
    ctx: &Context,
    kind: &dyn AnyKind,
    seen: &Seen,
    spec: Json,
    parent: Option<&Parent>,
    error: Error,
) -> Result<Json> {
    if let Owner::Foreign(who) = &seen.owner {
        return Err(Error { message: format!("it exists already, and {who}"), ..error });
    }
    let changes = diff(Some(&seen.spec), &spec.clone().into());
    if changes.iter().any(|change| kind.frozen().contains(&change.field())) {
        return Err(Error::waited(
            "another one was made meanwhile; run the command again to see what differs",
        ));
    }
    update(ctx, kind, seen, parent, spec).await
}

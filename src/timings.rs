//! When what happened during a run: its steps, and its calls to AWS. Pure data; `render` shows it.

use crate::aws::Call;
use crate::event::Event;
use crate::plan::{Action, Plan};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// Notes when what happens; clones note for the same run.
#[derive(Debug, Clone)]
pub struct Recorder {
    since: Instant,
    noted: Arc<Mutex<Timings>>,
    /// The steps that each step of the plan depends on.
    depends_on: Arc<OnceLock<Vec<Vec<usize>>>>,
}

/// When what happened, all since the begin of the run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Timings {
    /// The steps in the order in which they began.
    pub steps: Vec<StepTime>,
    /// The calls in the order in which they ended.
    pub calls: Vec<CallTime>,
    /// How long the whole took.
    pub total: Duration,
}

/// When a step ran.
#[derive(Debug, Clone, PartialEq)]
pub struct StepTime {
    /// Its index in the plan.
    pub step: usize,
    /// The resource, for example `function save`.
    pub name: String,
    /// What was done to it.
    pub action: Action,
    /// When it began.
    pub begun: Duration,
    /// How long it took; `None` if it failed or was cut off.
    pub took: Option<Duration>,
    /// The steps that it depends on, by index.
    pub depends_on: Vec<usize>,
}

/// When a call ran.
#[derive(Debug, Clone, PartialEq)]
pub struct CallTime {
    /// The operation, for example `DynamoDB:CreateTable`.
    pub name: String,
    /// The status of the last response; `None` where there was none.
    pub status: Option<u16>,
    /// How often it was sent.
    pub attempts: u32,
    /// When it was sent first.
    pub begun: Duration,
    /// How long it took.
    pub took: Duration,
}

impl Recorder {
    /// A recorder of a run that begins now.
    pub fn new() -> Self {
        Recorder { since: Instant::now(), noted: Arc::default(), depends_on: Arc::default() }
    }

    /// Takes the plan whose steps will be noted.
    pub fn plan(&self, plan: &Plan) {
        let _ = self.depends_on.set(plan.steps.iter().map(|step| step.depends_on.clone()).collect());
    }

    /// Notes a call that has just ended.
    pub fn call(&self, call: &Call) {
        let begun = self.since.elapsed().saturating_sub(call.took);
        let (name, status, attempts) = (call.name.clone(), call.status, call.attempts);
        self.note(|noted| noted.calls.push(CallTime { name, status, attempts, begun, took: call.took }));
    }

    /// Notes the begin or the end of a step.
    pub fn event(&self, event: &Event) {
        let now = self.since.elapsed();
        match event {
            Event::Started { step, id, action } => {
                let depends_on = self.depends_on.get().and_then(|steps| steps.get(*step)).cloned();
                let (step, name, action) = (*step, id.to_string(), *action);
                let depends_on = depends_on.unwrap_or_default();
                let new = StepTime { step, name, action, begun: now, took: None, depends_on };
                self.note(|noted| noted.steps.push(new));
            }
            Event::Done { step, .. } => self.note(|noted| {
                let mut own = noted.steps.iter_mut().filter(|one| one.step == *step);
                own.by_ref().for_each(|one| one.took = Some(now.saturating_sub(one.begun)));
            }),
            _ => {}
        }
    }

    /// All that was noted.
    pub fn end(&self) -> Timings {
        let noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Timings { total: self.since.elapsed(), ..noted }
    }

    fn note(&self, change: impl FnOnce(&mut Timings)) {
        change(&mut self.noted.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Default for Recorder {
    fn default() -> Self {
        Recorder::new()
    }
}

impl Timings {
    /// The steps that decided how long the run took: the one that ended last, before it that of its dependencies which ended
    /// last, and so on. In the order in which they ran.
    pub fn critical_path(&self) -> Vec<&StepTime> {
        let by_step: BTreeMap<usize, &StepTime> = self.steps.iter().map(|one| (one.step, one)).collect();
        let last = |steps: &mut dyn Iterator<Item = usize>| {
            steps.filter_map(|step| by_step.get(&step).copied()).max_by_key(|one| one.ended())
        };
        let mut path = Vec::new();
        let mut next = last(&mut by_step.keys().copied());
        // A plan has no cycle; what follows is only as long as it.
        while let Some(step) = next.filter(|_| path.len() < self.steps.len()) {
            path.push(step);
            next = last(&mut step.depends_on.iter().copied());
        }
        path.reverse();
        path
    }
}

impl StepTime {
    /// When it ended.
    pub fn ended(&self) -> Duration {
        self.begun + self.took.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(step: usize, begun: u64, took: u64, depends_on: &[usize]) -> StepTime {
        StepTime {
            step,
            name: format!("table t{step}"),
            action: Action::Create,
            begun: Duration::from_millis(begun),
            took: Some(Duration::from_millis(took)),
            depends_on: depends_on.to_vec(),
        }
    }

    fn path(steps: Vec<StepTime>) -> Vec<usize> {
        let timings = Timings { steps, ..Timings::default() };
        timings.critical_path().iter().map(|step| step.step).collect()
    }

    #[test]
    fn the_critical_path_ends_with_the_last_step_and_follows_what_it_waited_for() {
        let steps =
            vec![step(0, 0, 10, &[]), step(1, 0, 30, &[]), step(2, 30, 5, &[0, 1]), step(3, 10, 4, &[0])];
        assert_eq!(path(steps), [1, 2]);
        assert_eq!(path(Vec::new()), [0; 0]);
        // A dependency that took no call has no time.
        assert_eq!(path(vec![step(5, 3, 1, &[4])]), [5]);
    }

    #[test]
    fn calls_and_steps_are_noted_with_their_times() {
        let recorder = Recorder::new();
        let took = Duration::from_millis(5);
        let call = Call {
            name: "DynamoDB:CreateTable".to_owned(),
            status: Some(200),
            took,
            attempts: 1,
            request_id: None,
        };
        recorder.call(&call);
        let timings = recorder.end();
        assert_eq!((timings.calls[0].took, timings.calls[0].begun), (took, Duration::ZERO));
        assert!(timings.total > Duration::ZERO);
    }
}

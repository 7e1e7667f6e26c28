//! A command that is run with a fault, and what must come of it.

use super::clear::clear;
use super::shipped::whole;
use crate::changes::{next_version, unprotected};
use crate::cloud::Cloud;
use crate::dump::{differences, dump};
use crate::faults::{ALL, Label, PlannedFault};
use crate::fixture::Fixture;
use crate::invariants::unready;
use crate::run::{Command, End, Ran, empty, later, run, run_after};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// After so long all that is slow in AWS is over, and the last logs have arrived.
const SETTLED: Duration = Duration::from_secs(60);

/// How long somebody takes who changes their mind when a command has failed: lists and tags have caught up, but tables and
/// functions may still be in the making.
const ON_SECOND_THOUGHTS: Duration = Duration::from_secs(3);

/// What a command does to a stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    /// `up` where nothing is.
    Up,
    /// `up` of the next version of a stack that is there.
    Change,
    /// `down` of a stack that is there.
    Down,
}

/// What is done after the run with the fault and the one that repairs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Then {
    /// `down` after the repair.
    pub(super) and_down: bool,
    /// Instead of the repair, the opposite: `down` after an `up`, `up` after a `down`.
    pub(super) or_back: bool,
}

/// A command that is run with every fault.
pub(super) struct Scenario {
    /// The stack and the act, such as `shipped down`.
    pub(super) name: String,
    act: Act,
    /// What there is before.
    before: Cloud,
    /// What there is after a run without a fault.
    after: BTreeMap<String, Json>,
    /// Every call of a run without a fault.
    pub(super) calls: BTreeSet<Label>,
    stack: Fixture,
}

impl Scenario {
    /// An action on a stack, tried once without a fault.
    pub(super) fn new(name: &str, act: Act, stack: &Fixture) -> Self {
        let old = unprotected(stack);
        let (before, stack) = match act {
            Act::Up => (empty(), old),
            Act::Change => (whole(run(&empty(), Command::Up(&old), None)).cloud, next_version(&old)),
            Act::Down => (whole(run(&empty(), Command::Up(&old), None)).cloud, old),
        };
        let name = format!("{name} {}", format!("{act:?}").to_lowercase());
        let none = (BTreeMap::new(), BTreeSet::new());
        let mut scenario = Scenario { name, act, before, after: none.0, calls: none.1, stack };
        let ran = whole(run(&scenario.before, scenario.command(), None));
        assert!(matches!(ran.end, End::Done(steps) if steps > 0), "{}: nothing is to be done", scenario.name);
        scenario.calls = ran.records.iter().map(|record| record.label.clone()).collect();
        scenario.after = dump(&later(&ran.cloud, SETTLED));
        scenario
    }

    fn command(&self) -> Command<'_> {
        match self.act {
            Act::Up | Act::Change => Command::Up(&self.stack),
            Act::Down => Command::Down(&self.stack),
        }
    }

    /// Every fault at every call.
    pub(super) fn faults(&self) -> Vec<PlannedFault> {
        let of = |at: &Label| {
            let at = at.clone();
            ALL.iter().map(move |(kind, times)| PlannedFault { at: at.clone(), kind: *kind, times: *times })
        };
        self.calls.iter().flat_map(of).collect()
    }

    /// Runs the command with a fault, again without, and then what `then` asks for. Returns how it ended at first.
    ///
    /// # Errors
    /// What is not as expected.
    pub(super) fn run_with(&self, fault: &PlannedFault, then: Then) -> Result<End, String> {
        let ran = run(&self.before, self.command(), Some(fault.clone()));
        if ran.injected == 0 {
            return Err("the call was never made".to_owned());
        }
        self.ends_as_expected(&ran, fault)?;
        let again = run(&ran.cloud, self.command(), None);
        is_valid_run(&again)?;
        if !matches!(again.end, End::Done(_)) {
            return Err(format!("first {:?}, and again without the fault {:?}", ran.end, again.end));
        }
        let settled = self.is_as_without(&again.cloud);
        let settled = settled.map_err(|differ| format!("first {:?}, and then there is {differ}", ran.end))?;
        if then.and_down {
            self.ends_empty(&settled)?;
        }
        if then.or_back {
            let back = match self.act {
                Act::Down => self.exists_again(&ran.cloud),
                Act::Up | Act::Change => self.ends_empty(&ran.cloud),
            };
            back.map_err(|why| format!("first {:?}, and after a change of mind {why}", ran.end))?;
        }
        Ok(ran.end)
    }

    /// Compares the run with the fault with what may come of it.
    fn ends_as_expected(&self, ran: &Ran, fault: &PlannedFault) -> Result<(), String> {
        is_valid_run(ran)?;
        match &ran.end {
            // It says that all is done, so nothing may be missing or there twice.
            End::Done(_) if !fault.kills() => self
                .is_as_without(&ran.cloud)
                .map(drop)
                .map_err(|differ| format!("it succeeds, and leaves {differ}")),
            End::Failed(errors) if !fault.kills() && !fault.passes() => {
                clear(errors, fault).map_err(|why| format!("{why} in {errors:?}"))
            }
            End::Died if fault.kills() => Ok(()),
            end => Err(format!("it ends {end:?}")),
        }
    }

    /// The account when all has settled, if it is as in the run without a fault; else what differs.
    fn is_as_without(&self, cloud: &Cloud) -> Result<Cloud, String> {
        let settled = later(cloud, SETTLED);
        let differ = differences(&dump(&settled), &self.after);
        match differ.is_empty() {
            true => Ok(settled),
            false => Err(format!("something else:\n    {}", differ.join("\n    "))),
        }
    }

    /// Deploys again what was to be deleted, and compares it with what existed before.
    fn exists_again(&self, cloud: &Cloud) -> Result<(), String> {
        let mut up = run_after(ON_SECOND_THOUGHTS, cloud, &[Command::Up(&self.stack)], None);
        is_valid_run(&up)?;
        // For a minute, a queue that was deleted is still found, and what refers to it is refused: a later run continues.
        let of_queue = |error: &String| {
            error.contains("does not exist")
                || error.contains("Unable to validate the following destination configurations")
        };
        if matches!(&up.end, End::Failed(errors) if errors.iter().all(of_queue)) {
            up = run_after(SETTLED, &up.cloud, &[Command::Up(&self.stack)], None);
            is_valid_run(&up)?;
        }
        let differ = differences(&dump(&later(&up.cloud, SETTLED)), &dump(&later(&self.before, SETTLED)));
        match (&up.end, differ.is_empty()) {
            (End::Done(_), true) => Ok(()),
            (end, _) => {
                Err(format!("up ends {end:?} and makes something else:\n    {}", differ.join("\n    ")))
            }
        }
    }

    /// Takes everything down, and looks whether anything is left.
    fn ends_empty(&self, cloud: &Cloud) -> Result<(), String> {
        let down = run_after(ON_SECOND_THOUGHTS, cloud, &[Command::Down(&self.stack)], None);
        is_valid_run(&down)?;
        let left = dump(&later(&down.cloud, SETTLED));
        match (&down.end, left.is_empty()) {
            (End::Done(_), true) => Ok(()),
            (end, _) => Err(format!("down ends {end:?} and leaves {:?}", left.keys())),
        }
    }
}

/// What holds in every run, whatever goes wrong: each request is valid, the invariants hold at every moment, and no step
/// counts as done whose resource cannot be used yet.
fn is_valid_run(ran: &Ran) -> Result<(), String> {
    let done = matches!(ran.end, End::Done(_));
    match (ran.invalid(), &ran.violations, if done { unready(&ran.cloud) } else { Vec::new() }) {
        (invalid, violations, unready)
            if invalid.is_empty() && violations.is_empty() && unready.is_empty() =>
        {
            Ok(())
        }
        wrong => {
            Err(format!("invalid requests {:?}; violations {:?}; not ready {:?}", wrong.0, wrong.1, wrong.2))
        }
    }
}

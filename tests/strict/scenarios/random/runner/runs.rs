//! One run of a command in a random scenario: which call its fault is injected into, and what holds for every run, however it ends.

use super::{Outcome, Runner, everything};
use crate::cloud::Cloud;
use crate::faults::{FaultKind, Label, PlannedFault, Times};
use crate::run::{A_MOMENT, Command, End, Ran, run_after};
use crate::services::Service;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// How many commands were run, and into how many of them a fault was injected.
pub(crate) static RUNS: AtomicUsize = AtomicUsize::new(0);
pub(crate) static INJECTED: AtomicUsize = AtomicUsize::new(0);

/// What goes wrong in a run, and where.
#[derive(Debug, Clone)]
pub(crate) struct RandomFault {
    pub(crate) at: At,
    pub(crate) kind: FaultKind,
    pub(crate) times: Times,
}

/// A call of the run as it is without the fault.
#[derive(Debug, Clone)]
pub(crate) enum At {
    /// One of its writes and then of all its calls, counted round and round.
    Nth(u16),
    /// The first whose label begins so.
    #[allow(dead_code, reason = "for cases that are written by hand")]
    First(&'static str),
}

impl Runner {
    /// Runs a command, and checks what holds for every run, however it ends.
    pub(super) fn run(&mut self, command: Command, fault: Option<&RandomFault>) -> Result<Ran, String> {
        let planned = fault.and_then(|fault| self.planned(command, fault));
        if let Some(PlannedFault { at, kind, times }) = &planned {
            self.log.push(format!("  {kind:?} {times:?} at {at}"));
        }
        let ran = run_after(self.pause, &self.cloud, &[command], planned);
        self.pause = A_MOMENT;
        self.ran(command, ran)
    }

    /// Continues with the account after a run, in which this command was the one that deletes most.
    pub(super) fn ran(&mut self, command: Command, ran: Ran) -> Result<Ran, String> {
        RUNS.fetch_add(1, Ordering::Relaxed);
        INJECTED.fetch_add(usize::from(ran.injected > 0), Ordering::Relaxed);
        self.log.push(format!("  {:?}, {} writes", ran.end, ran.writes().len()));
        let protected = protected(&self.cloud);
        self.cloud = ran.cloud.clone();
        let held =
            ran.invalid().first().map_or(Ok(()), |invalid| Err(format!("an invalid request: {invalid}")));
        let held =
            held.and_then(|()| is_consistent(&ran.end)).and_then(|()| self.unmanaged_is_untouched(command));
        let kept = self::protected(&self.cloud);
        let held = held.and_then(|()| {
            match protected.iter().find(|(name, made)| kept.get(*name).is_some_and(|kept| kept != *made)) {
                Some((name, _)) => Err(format!("{name} was recreated, though it was protected")),
                None => Ok(()),
            }
        });
        match held {
            Ok(()) => Ok(ran),
            Err(why) => Err(format!("{why}\n{}", calls(&ran))),
        }
    }

    /// The fault at the call of a run that it means.
    pub(super) fn planned(&self, command: Command, fault: &RandomFault) -> Option<PlannedFault> {
        let without = run_after(self.pause, &self.cloud, &[command], None);
        let labels = |write: bool| -> BTreeSet<Label> {
            let records = without.records.iter().filter(|record| record.write == write);
            records.map(|record| record.label.clone()).collect()
        };
        let labels: Vec<Label> = labels(true).into_iter().chain(labels(false)).collect();
        let at = match fault.at {
            At::Nth(nth) => labels.get(usize::from(nth).checked_rem(labels.len())?),
            At::First(name) => labels.iter().find(|label| label.to_string().starts_with(name)),
        };
        Some(PlannedFault { at: at?.clone(), kind: fault.kind, times: fault.times })
    }

    /// Unmanaged resources are as they were. Only children of our resources may be deleted, together with their parent.
    pub(super) fn unmanaged_is_untouched(&mut self, command: Command) -> Outcome {
        let now = everything(&self.cloud);
        let wanted = self.wanted();
        let mut gone = Vec::new();
        for (resource, was) in &self.unmanaged {
            match (now.get(resource), resource.parent.as_deref()) {
                (Some(is), _) if is == was => {}
                (None, Some(parent))
                    if !now.contains_key(parent)
                        && (matches!(command, Command::Down(_)) || !parent.is_kept(&wanted)) =>
                {
                    gone.push(resource.clone());
                }
                (is, _) => return Err(format!("unmanaged {resource:?} was\n  {was}\nand is\n  {is:?}")),
            }
        }
        gone.iter().for_each(|resource| drop(self.unmanaged.remove(resource)));
        Ok(())
    }
}

/// What is protected against deletion, with when it was made.
fn protected(cloud: &Cloud) -> BTreeMap<String, Duration> {
    Service::ALL.iter().flat_map(|service| service.protected(cloud)).collect()
}

/// A failure has a reason, which is no internal error of the tool.
fn is_consistent(end: &End) -> Outcome {
    match end {
        End::Failed(errors) if errors.is_empty() => Err("it fails without an error".to_owned()),
        End::Failed(errors) if errors.iter().any(|error| error.contains("please report")) => {
            Err(format!("it takes something for a defect of its own: {errors:?}"))
        }
        _ => Ok(()),
    }
}

/// The writes of a run and what became of them, for people.
fn calls(ran: &Ran) -> String {
    let writes = ran.records.iter().filter(|record| record.write);
    writes.map(|record| format!("      {} {}", record.label, record.outcome)).collect::<Vec<_>>().join("\n")
}

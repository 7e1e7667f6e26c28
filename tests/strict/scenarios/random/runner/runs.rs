//! One run of a command in a walk: where its fault strikes, and what holds for every run, however it ends.

use super::super::unmanaged::{Thing, everything};
use super::{Outcome, Runner};
use crate::cloud::Cloud;
use crate::faults::{Label, Planned, Times, Trouble};
use crate::run::{A_MOMENT, Command, End, Ran, run_after};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// How many commands were run, and how many of them a fault struck.
pub(crate) static RUNS: AtomicUsize = AtomicUsize::new(0);
pub(crate) static STRUCK: AtomicUsize = AtomicUsize::new(0);

/// What goes wrong in a run, and where.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    pub(crate) at: At,
    pub(crate) trouble: Trouble,
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
    pub(super) fn run(&mut self, command: Command, fault: Option<&Fault>) -> Result<Ran, String> {
        let planned = fault.and_then(|fault| self.planned(command, fault));
        if let Some(Planned { at, trouble, times }) = &planned {
            self.story.push(format!("  {trouble:?} {times:?} at {at}"));
        }
        let ran = run_after(self.pause, &self.cloud, &[command], planned);
        self.pause = A_MOMENT;
        self.ran(command, ran)
    }

    /// Takes over what there is after a run, in which a command was the one that takes away most.
    pub(super) fn ran(&mut self, command: Command, ran: Ran) -> Result<Ran, String> {
        RUNS.fetch_add(1, Ordering::Relaxed);
        STRUCK.fetch_add(usize::from(ran.struck > 0), Ordering::Relaxed);
        self.story.push(format!("  {:?}, {} writes", ran.end, ran.writes().len()));
        let protected = protected(&self.cloud);
        self.cloud = ran.cloud.clone();
        let held =
            ran.invalid().first().map_or(Ok(()), |invalid| Err(format!("an invalid request: {invalid}")));
        let held = held.and_then(|()| sane(&ran.end)).and_then(|()| self.foreign_is_untouched(command));
        let kept = self::protected(&self.cloud);
        let held = held.and_then(|()| {
            match protected.iter().find(|(name, made)| kept.get(*name).is_some_and(|kept| kept != *made)) {
                Some((name, _)) => Err(format!("{name} was made anew, though it was protected")),
                None => Ok(()),
            }
        });
        match held {
            Ok(()) => Ok(ran),
            Err(why) => Err(format!("{why}\n{}", calls(&ran))),
        }
    }

    /// The fault at the call of a run that it means.
    pub(super) fn planned(&self, command: Command, fault: &Fault) -> Option<Planned> {
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
        Some(Planned { at: at?.clone(), trouble: fault.trouble, times: fault.times })
    }

    /// What is foreign is as it was. Only what lives in something of ours may go, together with that.
    pub(super) fn foreign_is_untouched(&mut self, command: Command) -> Outcome {
        let now = everything(&self.cloud);
        let wanted = self.wanted();
        let keeps = |parent: &Thing| match parent {
            Thing::Api(_) => wanted.contains_key("api"),
            parent => parent.is_wanted(&wanted),
        };
        let mut gone = Vec::new();
        for (thing, was) in &self.unmanaged {
            match (now.get(thing), thing.parent()) {
                (Some(is), _) if is == was => {}
                (None, Some(parent))
                    if !now.contains_key(&parent)
                        && (matches!(command, Command::Down(_)) || !keeps(&parent)) =>
                {
                    gone.push(thing.clone());
                }
                (is, _) => return Err(format!("foreign {thing:?} was\n  {was}\nand is\n  {is:?}")),
            }
        }
        gone.iter().for_each(|thing| drop(self.unmanaged.remove(thing)));
        Ok(())
    }
}

/// What is protected against deletion, with when it was made.
fn protected(cloud: &Cloud) -> BTreeMap<String, Duration> {
    let tables = cloud.dynamodb.tables.iter().filter(|(_, table)| table.protected);
    let groups = cloud.logs.groups.iter().filter(|(_, group)| group.protected);
    let groups = groups.map(|(name, group)| (format!("log group {name}"), group.created));
    tables.map(|(name, table)| (format!("table {name}"), table.created)).chain(groups).collect()
}

/// A failure has a reason, and one that is not a defect of the tool.
fn sane(end: &End) -> Outcome {
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

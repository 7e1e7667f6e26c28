//! Every fault at every call of the shipped stack: the command succeeds or fails with a clear error; run again without the
//! fault it succeeds, and the account is the same as if nothing had gone wrong; then `down` leaves nothing.

use super::shipped::well;
use crate::cloud::Cloud;
use crate::dump::{differences, dump};
use crate::faults::{ALL, Label, Planned, Times, Trouble};
use crate::fixture::Fixture;
use crate::run::{Command, End, empty, later, run};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// A command that is run with every fault.
struct Scenario<'a> {
    name: &'static str,
    /// What there is before.
    before: Cloud,
    command: Command<'a>,
    /// What there is after, where nothing goes wrong.
    after: BTreeMap<String, Json>,
    /// Every call of the run in which nothing goes wrong.
    calls: BTreeSet<Label>,
    /// Takes everything down in the end.
    stack: &'a Fixture,
}

impl<'a> Scenario<'a> {
    fn new(name: &'static str, before: Cloud, command: Command<'a>, stack: &'a Fixture) -> Self {
        let ran = well(run(&before, command, None));
        let calls = ran.records.iter().map(|record| record.label.clone()).collect();
        let after = dump(&later(&ran.cloud, Duration::from_secs(60)));
        Scenario { name, before, command, after, calls, stack }
    }

    /// Every fault at every call.
    fn faults(&self) -> Vec<Planned> {
        let calls = self.calls.iter();
        calls
            .flat_map(|at| {
                ALL.iter().map(|(trouble, times)| Planned {
                    at: at.clone(),
                    trouble: *trouble,
                    times: *times,
                })
            })
            .collect()
    }

    /// Runs the command with a fault, again without, and `down` where it is asked for. Answers how it ended at first, or
    /// what is not as it shall be.
    fn suffer(&self, fault: &Planned, and_down: bool) -> Result<End, String> {
        let ran = run(&self.before, self.command, Some(fault.clone()));
        if ran.struck == 0 {
            return Err("the call was never made".to_owned());
        }
        match &ran.end {
            End::Failed(errors) if errors.is_empty() => return Err("it fails without an error".to_owned()),
            End::Failed(errors) if errors.iter().any(|error| error.contains("please report")) => {
                return Err(format!("it takes the fault for its own: {errors:?}"));
            }
            _ => {}
        }
        if matches!(ran.end, End::Done(_)) {
            // It says that all is done, so nothing may be there twice.
            self.is_as_without(&ran.cloud).map_err(|differ| format!("it succeeds, and leaves {differ}"))?;
        }
        let again = run(&ran.cloud, self.command, None);
        if !matches!(again.end, End::Done(_)) {
            return Err(format!("first {:?}, and again without the fault {:?}", ran.end, again.end));
        }
        let invalid: Vec<String> = ran.invalid().into_iter().chain(again.invalid()).collect();
        if !invalid.is_empty() {
            return Err(format!("invalid requests: {invalid:?}"));
        }
        let settled = self.is_as_without(&again.cloud);
        let settled = settled.map_err(|differ| format!("first {:?}, and then there is {differ}", ran.end))?;
        if and_down {
            self.ends_empty(&settled)?;
        }
        Ok(ran.end)
    }

    /// The account when all has settled, if it is as in the run without a fault; else what differs.
    fn is_as_without(&self, cloud: &Cloud) -> Result<Cloud, String> {
        let settled = later(cloud, Duration::from_secs(60));
        let differ = differences(&dump(&settled), &self.after);
        if differ.is_empty() {
            Ok(settled)
        } else {
            Err(format!("something else:\n    {}", differ.join("\n    ")))
        }
    }

    fn ends_empty(&self, cloud: &Cloud) -> Result<(), String> {
        let down = run(cloud, Command::Down(self.stack), None);
        let left = dump(&later(&down.cloud, Duration::from_secs(60)));
        match (&down.end, left.is_empty()) {
            (End::Done(_), true) => Ok(()),
            (end, _) => Err(format!("down ends {end:?} and leaves {:?}", left.keys())),
        }
    }

    /// Tries the faults, on all processors, and tells the figures.
    fn prove(&self, stride: usize) {
        let (start, faults) = (Instant::now(), self.faults());
        let chosen: Vec<(usize, &Planned)> =
            faults.iter().enumerate().filter(|(index, at)| chosen(*index, at, stride)).collect();
        let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
        let ends: Mutex<BTreeMap<&str, usize>> = Mutex::default();
        let work = || {
            while let Some((index, fault)) = chosen.get(next.fetch_add(1, Ordering::Relaxed)) {
                // What equals the account of the run without a fault goes down as that one does, but for what no dump
                // shows; so a part of the runs is enough.
                let suffered = self.suffer(fault, index % AND_DOWN == 0);
                if std::env::var_os("STRICT_ONLY").is_some() {
                    println!("{:?} {:?} at {}: {suffered:?}", fault.trouble, fault.times, fault.at);
                }
                let end = match suffered {
                    Ok(End::Done(_)) => "succeeded all the same",
                    Ok(End::Failed(_)) => "failed with an error",
                    Ok(End::Died) => "died",
                    Err(why) => {
                        let why = format!("{:?} {:?} at {}: {why}", fault.trouble, fault.times, fault.at);
                        println!("{why}");
                        wrong.lock().unwrap().push(why);
                        "were wrong"
                    }
                };
                *ends.lock().unwrap().entry(end).or_default() += 1;
            }
        };
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
        let (wrong, ends, took) = (wrong.into_inner().unwrap(), ends.into_inner().unwrap(), start.elapsed());
        let (name, calls, runs) = (self.name, self.calls.len(), chosen.len());
        println!("{name}: {calls} calls, {runs} of {} faults, {ends:?}, {took:?}", faults.len());
        assert!(wrong.is_empty(), "{} of {runs}:\n{}", wrong.len(), wrong.join("\n"));
    }
}

/// One in so many runs is followed by `down`.
const AND_DOWN: usize = 8;

/// How many faults of the shipped stack there are to one that is tried, where not all are.
const SAMPLE: usize = 23;

/// True for a fault that is tried: every one where `STRICT_FULL` is set, those at the calls that `STRICT_ONLY` names a part
/// of, to find a case again, and else one of so many, in an order that meets every kind of fault.
fn chosen(index: usize, fault: &Planned, stride: usize) -> bool {
    match std::env::var("STRICT_ONLY") {
        Ok(only) => format!("{:?} {:?} at {}", fault.trouble, fault.times, fault.at).contains(&only),
        Err(_) => std::env::var_os("STRICT_FULL").is_some() || index.is_multiple_of(stride),
    }
}

#[test]
fn up_from_nothing_survives_every_fault() {
    let stack = Fixture::shipped();
    Scenario::new("up from nothing", empty(), Command::Up(&stack), &stack).prove(SAMPLE);
}

#[test]
fn down_survives_every_fault() {
    let stack = Fixture::shipped();
    let up = well(run(&empty(), Command::Up(&stack), None));
    Scenario::new("down", up.cloud, Command::Down(&stack), &stack).prove(SAMPLE);
}

#[test]
fn up_with_changes_survives_every_fault() {
    let (old, new) = (Fixture::shipped(), changed());
    let up = well(run(&empty(), Command::Up(&old), None));
    Scenario::new("up with changes", up.cloud, Command::Up(&new), &new).prove(SAMPLE);
}

#[test]
fn a_stack_with_every_setting_survives_faults() {
    let stack = Fixture::of(&super::rich::RICH.replace("protect: true", "protect: false"));
    Scenario::new("up of a stack with every setting", empty(), Command::Up(&stack), &stack)
        .prove(4 * SAMPLE + 1);
}

/// The shipped stack with the code of one function changed, a route removed, and a function renamed.
pub(super) fn changed() -> Fixture {
    let text = |shipped: String| {
        let without = shipped.replace("    PUT /items: update_item\n", "");
        without.replace("  getAlls:\n", "  list_items:\n").replace(": getAlls\n", ": list_items\n")
    };
    let code = |lambdas: &Path| {
        let file = lambdas.join("create_item/lambda_function.py");
        let text = fs::read_to_string(&file).unwrap();
        fs::write(file, text + "\n# Changed.\n").unwrap();
    };
    Fixture::changed(text, code)
}

#[test]
fn a_change_changes_what_it_should() {
    let (old, new) = (Fixture::shipped(), changed());
    let up = well(run(&empty(), Command::Up(&old), None));
    let change = well(run(&up.cloud, Command::Up(&new), None));
    let differ = differences(&dump(&later(&change.cloud, Duration::from_secs(60))), &dump(&up.cloud));
    let mut names: Vec<&str> = differ.iter().filter_map(|line| line.split(':').next()).collect();
    names.sort_unstable();
    assert!(names.contains(&"function create_item") && names.contains(&"function list_items"), "{names:?}");
    let fault = Planned {
        at: Label { name: "sts:GetCallerIdentity".to_owned(), subject: String::new(), nth: 1 },
        trouble: Trouble::Denied,
        times: Times::Always,
    };
    assert!(matches!(run(&up.cloud, Command::Up(&new), Some(fault)).end, End::Failed(_)));
}

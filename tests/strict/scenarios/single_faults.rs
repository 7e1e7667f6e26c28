//! Every fault at every call, for every stack: the command succeeds or fails with a clear error; run again without the fault
//! it succeeds, and the account is the same as if nothing had gone wrong; then `down` leaves nothing. The opposite
//! command instead of the repair comes to its own end as well.
//!
//! A part of the faults is tried by default, the same at each time. `STRICT_SEED=NUMBER` takes another part, and as many
//! seeds as there are faults to one that is tried take all of them; `STRICT_FULL=1` does so at once; and
//! `STRICT_ONLY=TEXT` takes those whose name has this text, such as `shipped down: Lost Once at iam:`.

use super::scenario::{Act, Scenario, Then};
use crate::faults::{Planned, Times, Trouble};
use crate::fixture::Fixture;
use crate::run::End;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// The faults that once went wrong, one a line, as the proof names them; they are always tried.
const ONCE_WRONG: &str = include_str!("past_failures.txt");

/// How many faults there are to one that is tried, for the shipped stack and for any other. With the number of kinds of
/// faults they have no divisor in common, so that all kinds are met.
const SHIPPED: usize = 29;
const OTHERS: usize = 127;

/// Of the faults that are tried, one in so many is followed by `down`, and another one by the opposite instead of the repair. An
/// account that equals the one of the run without a fault goes down as that one does, but for what no dump shows, so a
/// part is enough where not all are tried.
const AND_DOWN: usize = 4;

/// What to try.
struct Selection {
    full: bool,
    only: Option<String>,
    seed: usize,
}

impl Selection {
    fn of_environment() -> Self {
        let number = |text: String| text.parse().expect("STRICT_SEED is a number");
        Selection {
            full: std::env::var_os("STRICT_FULL").is_some(),
            only: std::env::var("STRICT_ONLY").ok(),
            seed: std::env::var("STRICT_SEED").map_or(0, number),
        }
    }

    /// What comes after a fault, if that is tried.
    fn then(&self, index: usize, name: &str, stride: usize) -> Option<Then> {
        let all = Then { and_down: true, or_back: true };
        if let Some(only) = &self.only {
            return name.contains(only.as_str()).then_some(all);
        }
        if self.full || once_wrong().any(|line| line == name) {
            return Some(all);
        }
        let nth = (index % stride == self.seed % stride).then_some(index / stride)?;
        Some(Then { and_down: nth.is_multiple_of(AND_DOWN), or_back: nth % AND_DOWN == AND_DOWN / 2 })
    }
}

fn once_wrong() -> impl Iterator<Item = &'static str> {
    ONCE_WRONG.lines().filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// Tries an act with faults on every stack.
fn prove(act: Act) {
    let selection = Selection::of_environment();
    println!("STRICT_SEED={}", selection.seed);
    let (mut runs, mut wrong, start) = (0, Vec::new(), Instant::now());
    for (name, stack) in Fixture::every() {
        let scenario = Scenario::new(&name, act, &stack);
        let stride = if name == "shipped" { SHIPPED } else { OTHERS };
        let known =
            scenario.faults().iter().map(|fault| format!("{}: {fault}", scenario.name)).collect::<Vec<_>>();
        let stale = once_wrong().filter(|line| line.starts_with(&format!("{}: ", scenario.name)));
        let stale: Vec<&str> = stale.filter(|line| !known.iter().any(|name| name == line)).collect();
        assert!(stale.is_empty(), "no such call is made any more; name what has taken its place: {stale:?}");
        let (tried, more) = try_all(&scenario, &selection, stride);
        runs += tried;
        wrong.extend(more);
    }
    println!("{act:?}: {runs} faults tried, {:?}", start.elapsed());
    assert!(wrong.is_empty(), "{} of {runs}:\n{}", wrong.len(), wrong.join("\n"));
}

/// Tries the selected faults of a scenario on all processors, and tells the figures.
fn try_all(scenario: &Scenario, selection: &Selection, stride: usize) -> (usize, Vec<String>) {
    let (start, faults) = (Instant::now(), scenario.faults());
    let named = faults.iter().map(|fault| (format!("{}: {fault}", scenario.name), fault)).enumerate();
    let chosen = named.filter_map(|(index, (name, fault))| {
        let then = selection.then(index, &name, stride)?;
        Some((name, fault, then))
    });
    let chosen: Vec<(String, &Planned, Then)> = chosen.collect();
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let ends: Mutex<BTreeMap<(String, &str), usize>> = Mutex::default();
    let work = || {
        while let Some((name, fault, then)) = chosen.get(next.fetch_add(1, Ordering::Relaxed)) {
            let suffered = scenario.suffer(fault, *then);
            if selection.only.is_some() {
                println!("{name}: {suffered:?}");
            }
            let end = match suffered {
                Ok(End::Done(_)) => "succeeded all the same",
                Ok(End::Failed(_)) => "failed with an error",
                Ok(End::Died) => "died",
                Err(why) => {
                    println!("{name}: {why}");
                    wrong.lock().unwrap().push(format!("{name}: {why}"));
                    "went wrong"
                }
            };
            *ends.lock().unwrap().entry((kind(fault.trouble, fault.times), end)).or_default() += 1;
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    let (name, calls, took) = (&scenario.name, scenario.calls.len(), start.elapsed());
    println!("{name}: {calls} calls, {} of {} faults, {took:?}", chosen.len(), faults.len());
    if selection.full || selection.only.is_some() {
        ends.into_inner()
            .unwrap()
            .iter()
            .for_each(|((kind, end), count)| println!("    {kind} {end}: {count}"));
    }
    (chosen.len(), wrong.into_inner().unwrap())
}

fn kind(trouble: Trouble, times: Times) -> String {
    format!("{trouble:?} {times:?}")
}

#[test]
fn up_from_nothing_survives_every_fault() {
    prove(Act::Up);
}

#[test]
fn up_with_changes_survives_every_fault() {
    prove(Act::Change);
}

#[test]
fn down_survives_every_fault() {
    prove(Act::Down);
}

//! Every fault at every call, for every stack: the command succeeds or fails with a clear error; run again without the fault
//! it succeeds, and the account is the same as if nothing had gone wrong; then `down` leaves nothing. The opposite
//! command instead of the repair comes to its own end as well.
//!
//! So many faults of each service are tried by default (`budget.rs`), the same at each time. `STRICT_SEED=NUMBER` takes others;
//! `STRICT_FULL=1` takes all; and `STRICT_ONLY=TEXT` takes those whose name has this text, such as
//! `shipped down: Lost Once at iam:`, or `wires ` for all of the stack with every wire.

use super::scenario::{Act, Scenario, Then};
use super::wires;
use crate::budget::{self, Case, FAULTS_OF_OTHERS, FAULTS_OF_SHIPPED, choose, service_of};
use crate::faults::{FaultKind, PlannedFault, Times};
use crate::fixture::Fixture;
use crate::run::End;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// The faults that once led to a bug, one a line, as this test names them; they are always tried.
const PAST_FAILURES: &str = include_str!("past_failures.txt");

/// Of the faults that are tried, one in so many is followed by `down`, and another one by the opposite instead of the repair. An
/// account that equals the one of the run without a fault goes down as that one does, but for what no dump shows, so a
/// part is enough where not all are tried.
const AND_DOWN: usize = 4;

/// A fault to try, with what comes after it.
type Chosen<'a> = (String, &'a PlannedFault, Then);

/// What to try of the faults of scenarios, scenario by scenario: all, those with a text in their names, or so many of each service
/// and always those that once led to a bug.
fn chosen<'a>(
    scenarios: &'a [Scenario],
    faults: &'a [Vec<PlannedFault>],
    budget: usize,
) -> Vec<Vec<Chosen<'a>>> {
    let (full, only) = (budget::is_full(), std::env::var("STRICT_ONLY").ok());
    let all = scenarios.iter().zip(faults).enumerate();
    let all = all.flat_map(|(of, (scenario, faults))| faults.iter().map(move |fault| (of, scenario, fault)));
    let all: Vec<(usize, &Scenario, &PlannedFault)> = all.collect();
    let case = |(_, scenario, fault): &(usize, &Scenario, &PlannedFault)| Case {
        service: service_of(&fault.at.name),
        name: format!("{}: {fault}", scenario.name),
        marks: vec![fault.at.name.clone(), kind(fault.kind, fault.times), scenario.name.clone()],
    };
    let cases: Vec<Case> = all.iter().map(case).collect();
    let sample = if full || only.is_some() { BTreeSet::new() } else { choose(&cases, budget) };
    let mut chosen: Vec<Vec<Chosen>> = scenarios.iter().map(|_| Vec::new()).collect();
    let mut nth = 0;
    for (index, (Case { name, .. }, (of, _, fault))) in cases.into_iter().zip(all).enumerate() {
        let whole = Then { and_down: true, or_back: true };
        let then = match &only {
            Some(only) => name.contains(only.as_str()).then_some(whole),
            None if full || past_failures().any(|line| line == name) => Some(whole),
            None => sample.contains(&index).then(|| {
                nth += 1;
                Then { and_down: nth % AND_DOWN == 0, or_back: nth % AND_DOWN == AND_DOWN / 2 }
            }),
        };
        chosen[of].extend(then.map(|then| (name, fault, then)));
    }
    chosen
}

fn past_failures() -> impl Iterator<Item = &'static str> {
    PAST_FAILURES.lines().filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// Tries an act with faults on every stack.
fn check(act: Act) {
    let (mut tried, mut of, mut wrong, start) = (0, 0, Vec::new(), Instant::now());
    let stacks = Fixture::every().into_iter().chain([(wires::NAME.to_owned(), wires::stack())]);
    let all = stacks.map(|(name, stack)| Scenario::new(&name, act, &stack));
    let shipped = |scenario: &Scenario| scenario.name.starts_with("shipped ");
    let (shipped, others): (Vec<Scenario>, Vec<Scenario>) = all.partition(shipped);
    for (scenarios, budget) in [(shipped, FAULTS_OF_SHIPPED), (others, FAULTS_OF_OTHERS)] {
        let faults: Vec<Vec<PlannedFault>> = scenarios.iter().map(Scenario::faults).collect();
        is_up_to_date(&scenarios, &faults);
        for (index, chosen) in chosen(&scenarios, &faults, budget).iter().enumerate() {
            wrong.extend(try_all(&scenarios[index], chosen, faults[index].len()));
            (tried, of) = (tried + chosen.len(), of + faults[index].len());
        }
    }
    println!("{act:?}: {tried} of {of} faults tried, {:?}", start.elapsed());
    assert!(wrong.is_empty(), "{} of {tried}:\n{}", wrong.len(), wrong.join("\n"));
}

/// The faults that once led to a bug are faults of calls that are still sent.
fn is_up_to_date(scenarios: &[Scenario], faults: &[Vec<PlannedFault>]) {
    for (scenario, faults) in scenarios.iter().zip(faults) {
        let known: BTreeSet<String> =
            faults.iter().map(|fault| format!("{}: {fault}", scenario.name)).collect();
        let stale = past_failures().filter(|line| line.starts_with(&format!("{}: ", scenario.name)));
        let stale: Vec<&str> = stale.filter(|line| !known.contains(*line)).collect();
        assert!(stale.is_empty(), "past_failures.txt names calls that are no longer sent: {stale:?}");
    }
}

/// Tries the chosen faults of a scenario, of so many, on all processors, and prints the figures.
fn try_all(scenario: &Scenario, chosen: &[Chosen], of: usize) -> Vec<String> {
    let start = Instant::now();
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let ends: Mutex<BTreeMap<(String, &str), usize>> = Mutex::default();
    let only = std::env::var_os("STRICT_ONLY").is_some();
    let work = || {
        while let Some((name, fault, then)) = chosen.get(next.fetch_add(1, Ordering::Relaxed)) {
            let outcome = scenario.run_with(fault, *then);
            if only {
                println!("{name}: {outcome:?}");
            }
            let end = match outcome {
                Ok(End::Done(_)) => "succeeded all the same",
                Ok(End::Failed(_)) => "failed with an error",
                Ok(End::Died) => "died",
                Err(why) => {
                    println!("{name}: {why}");
                    wrong.lock().unwrap().push(format!("{name}: {why}"));
                    "went wrong"
                }
            };
            *ends.lock().unwrap().entry((kind(fault.kind, fault.times), end)).or_default() += 1;
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    let (name, calls, took) = (&scenario.name, scenario.calls.len(), start.elapsed());
    println!("{name}: {calls} calls, {} of {of} faults, {took:?}", chosen.len());
    if only || budget::is_full() {
        ends.into_inner()
            .unwrap()
            .iter()
            .for_each(|((kind, end), count)| println!("    {kind} {end}: {count}"));
    }
    wrong.into_inner().unwrap()
}

fn kind(kind: FaultKind, times: Times) -> String {
    format!("{kind:?} {times:?}")
}

#[test]
fn up_from_nothing_survives_every_fault() {
    check(Act::Up);
}

#[test]
fn up_with_changes_survives_every_fault() {
    check(Act::Change);
}

#[test]
fn down_survives_every_fault() {
    check(Act::Down);
}

//! Random walks: stacks A, B, C one after the other, with faults, deaths, drift and foreign things between. After each `up`
//! that succeeds a plan is empty, and the account is as if the stack had been brought up in it for the first time, but
//! for what is not the stack's, which is never touched; in the end `down` leaves only that.
//!
//! A walk that finds a defect shrinks to a few steps with small stacks, whose story is printed. It then becomes a test with
//! a name in `regressions`.
//!
//! What is known and allowed:
//! - An `up` within the staleness of AWS's lists after a death may make a second API, which the next one deletes: so there is
//!   a moment between commands (see `at_once` for the other case), and half a minute before another stack.
//! - Only what the stack file sets is compared. Tags that are not declared any more stay.
//! - Foreign children of an API or function of the stack die with it, and only with it.
//! - DynamoDB limits how often an expiry or the billing may change; a run that it holds back is repeated a day later.
//! - A log group that somebody has taken the tags from is nobody's; it is taken over where it is wanted, and else stays.

mod drift;
mod regressions;
mod runner;
mod stacks;
mod steps;
mod together;
mod unmanaged;

use drift::DRIFTS;
use proptest::prelude::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use runner::{RUNS, Runner, STRUCK};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use unmanaged::UNMANAGED;

/// How many walks there are, and the seed that they come from, unless `CASES` and `RANDOM_SCENARIOS_SEED` say others.
const CASES: u32 = 30;
const PAIRS: u32 = 30;
const SEED: u64 = 1;

fn number<T: std::str::FromStr>(variable: &str, default: T) -> T {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Tries as many cases as are asked for, the same ones every time, and shows the smallest that does not hold.
fn prove<S: Strategy>(cases: u32, strategy: &S, holds: impl Fn(&S::Value) -> Result<(), String>) {
    let config =
        Config { cases: number("RANDOM_SCENARIOS", cases), failure_persistence: None, ..Config::default() };
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&number("RANDOM_SCENARIOS_SEED", SEED).to_le_bytes());
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
    let ran = runner.run(strategy, |case| {
        let held = catch_unwind(AssertUnwindSafe(|| holds(&case)));
        held.unwrap_or_else(|_| Err("it panics, as is told above".to_owned())).map_err(TestCaseError::fail)
    });
    let (runs, struck) = (RUNS.load(Ordering::Relaxed), STRUCK.load(Ordering::Relaxed));
    println!(
        "{} cases; in all {runs} commands, {struck} of them struck by a fault",
        number("RANDOM_SCENARIOS", cases)
    );
    match ran {
        Ok(()) => {}
        Err(TestError::Fail(why, case)) => panic!("{why}\n\n{case:?}"),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn any_walk_comes_to_the_same_end_as_a_first_up() {
    prove(CASES, &steps::walk(), |walk| walk.take());
}

#[test]
fn after_any_two_commands_at_once_one_more_finds_all_in_order() {
    prove(PAIRS, &together::together(), |pair| pair.take());
}

/// Without this, a walk over something that changes nothing would prove nothing.
#[test]
fn every_drift_changes_something_and_every_foreign_thing_is_made() -> Result<(), String> {
    let mut runner = Runner::new(None);
    runner.up(DRIFTING, None)?;
    for (name, _) in DRIFTS {
        let before = runner.everything();
        runner.drift(name, 0);
        assert_ne!(runner.everything(), before, "{name}");
        runner.up(DRIFTING, None)?;
    }
    for (name, _) in UNMANAGED {
        // The stack has the second table, and all functions but the last.
        let (before, mut runner) = (runner.everything(), runner.clone());
        runner.unmanaged(name, 3);
        assert_ne!(runner.everything(), before, "{name}");
        runner.up(DRIFTING, None)?;
    }
    runner.down(None)
}

/// Whatever is there before, and bears a name that the stack wants: an `up` stops at it, whoever else it may belong to.
#[test]
fn nothing_of_others_is_taken_over_and_nothing_of_a_stack_beside_goes() -> Result<(), String> {
    for environment in [None, Some("dev")] {
        let mut runner = Runner::new(environment);
        runner.neighbour()?;
        for (name, _) in UNMANAGED {
            runner.unmanaged(name, 0);
            runner.up(SMALL, None)?;
            runner.down(None)?;
        }
    }
    Ok(())
}

/// A stack with one of each thing whose name others may have.
const SMALL: &str = "
stack: walk
tables: { notes: { partition_key: id } }
functions: { save: { code: lambdas/create_item, runtime: python3.13 } }
";

/// A stack where everything can drift.
const DRIFTING: &str = "
stack: walk
tags: { team: blue }
tables:
  pages: { partition_key: id, ttl: expires }
functions:
  save: { code: lambdas/create_item, runtime: python3.13, access: { pages: read } }
  list: { code: lambdas/getAlls, runtime: python3.13, environment: { LEVEL: debug } }
api:
  name: walking
  routes: { GET /items: list, POST /items: save }
  cors: { origins: [\"*\"] }
";

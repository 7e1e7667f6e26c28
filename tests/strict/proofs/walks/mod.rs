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
mod foreign;
mod regressions;
mod stacks;
mod steps;
mod together;
mod walker;

use proptest::prelude::Strategy;
use proptest::test_runner::TestCaseError;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};

/// How many walks there are, and the seed that they come from, unless `WALKS` and `WALKS_SEED` say others.
const WALKS: u32 = 30;
const PAIRS: u32 = 30;
const SEED: u64 = 1;

fn number<T: std::str::FromStr>(variable: &str, default: T) -> T {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Tries as many cases as are asked for, the same ones every time, and shows the smallest that does not hold.
fn prove<S: Strategy>(walks: u32, strategy: &S, holds: impl Fn(S::Value) -> Result<(), String>) {
    let config = Config { cases: number("WALKS", walks), failure_persistence: None, ..Config::default() };
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&number("WALKS_SEED", SEED).to_le_bytes());
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
    let ran = runner.run(strategy, |case| holds(case).map_err(TestCaseError::fail));
    match ran {
        Ok(()) => {}
        Err(TestError::Fail(why, _)) => panic!("{why}"),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn any_walk_comes_to_the_same_end_as_a_first_up() {
    prove(WALKS, &steps::walk(), |walk| walk.take());
}

#[test]
fn after_any_two_commands_at_once_one_more_finds_all_in_order() {
    prove(PAIRS, &together::together(), |pair| pair.take());
}

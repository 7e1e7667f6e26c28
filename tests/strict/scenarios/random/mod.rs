//! Random scenarios: stacks A, B, C one after the other, with faults, kills, drift and unmanaged resources between. After each `up`
//! that succeeds a plan is empty, and the account is as if the stack had been brought up in it for the first time, but
//! for what is not the stack's, which is never touched; in the end `down` leaves only that.
//!
//! A scenario that finds a bug shrinks to a few steps with small stacks, whose log is printed. It then becomes a test with
//! a name in `regressions`.
//!
//! What is known and allowed:
//! - An `up` within the staleness of AWS's lists after a kill may create a second API, which the next one deletes: so there is
//!   a moment between commands (see `at_once` for the other case), and half a minute before another stack.
//! - Only what the stack file sets is compared. Tags that are no longer declared stay.
//! - Unmanaged children of an API or function of the stack are deleted with it, and only with it.
//! - DynamoDB limits how often an expiry or the billing may change; a run that it holds back is repeated a day later.
//! - A log group whose tags were removed is untagged; it is adopted where the stack declares it, and else stays.

mod otherwise;
mod regressions;
mod runner;
mod steps;
mod together;

use crate::budget::{PAIRS, SCENARIOS, SCENARIOS_SEED, number};
use crate::service::{Drift, Make};
use crate::services::Service;
use proptest::prelude::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use runner::{INJECTED, RUNS, Runner};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;

/// Every drift of every service, by name.
fn drifts() -> Vec<&'static (&'static str, Drift)> {
    Service::ALL.iter().flat_map(|service| service.drifts()).collect()
}

/// Every unmanaged resource of every service, by name.
fn unmanaged() -> Vec<&'static (&'static str, Make)> {
    Service::ALL.iter().flat_map(|service| service.unmanaged()).collect()
}

/// Tries as many cases as are asked for, the same ones every time, and shows the smallest that does not hold.
fn prove<S: Strategy>(cases: u32, strategy: &S, holds: impl Fn(&S::Value) -> Result<(), String>) {
    let config =
        Config { cases: number("RANDOM_SCENARIOS", cases), failure_persistence: None, ..Config::default() };
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&number("RANDOM_SCENARIOS_SEED", SCENARIOS_SEED).to_le_bytes());
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
    let ran = runner.run(strategy, |case| {
        let held = catch_unwind(AssertUnwindSafe(|| holds(&case)));
        held.unwrap_or_else(|_| Err("it panics, as shown above".to_owned())).map_err(TestCaseError::fail)
    });
    let (runs, injected) = (RUNS.load(Ordering::Relaxed), INJECTED.load(Ordering::Relaxed));
    println!(
        "{} cases; in all {runs} commands, {injected} of them with a fault",
        number("RANDOM_SCENARIOS", cases)
    );
    match ran {
        Ok(()) => {}
        Err(TestError::Fail(why, case)) => panic!("{why}\n\n{case:?}"),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn any_scenario_ends_like_a_first_up() {
    prove(SCENARIOS, &steps::scenario(), |scenario| scenario.take());
}

#[test]
fn after_any_two_commands_at_once_one_more_run_converges() {
    prove(PAIRS, &together::together(), |pair| pair.take());
}

/// Without this, a scenario over something that changes nothing would prove nothing.
#[test]
fn every_drift_changes_something_and_every_unmanaged_resource_is_created() -> Result<(), String> {
    let mut runner = Runner::new(None);
    runner.up(DRIFTING, None)?;
    for (name, _) in drifts() {
        let before = runner.everything();
        runner.drift(name, 0);
        assert_ne!(runner.everything(), before, "{name}");
        runner.up(DRIFTING, None)?;
    }
    for (name, _) in unmanaged() {
        // The stack has the second table, and all functions but the last.
        let (before, mut runner) = (runner.everything(), runner.clone());
        runner.unmanaged(name, 3);
        assert_ne!(runner.everything(), before, "{name}");
        runner.up(DRIFTING, None)?;
    }
    println!("{} drifts, {} unmanaged resources", drifts().len(), unmanaged().len());
    runner.down(None)
}

/// An existing resource with a name that the stack declares blocks `up`, whoever owns it.
#[test]
fn nothing_of_others_is_adopted_and_nothing_of_another_stack_is_deleted() -> Result<(), String> {
    for environment in [None, Some("dev")] {
        let mut runner = Runner::new(environment);
        runner.neighbour()?;
        for (name, _) in unmanaged() {
            runner.unmanaged(name, 0);
            runner.up(SMALL, None)?;
            runner.down(None)?;
        }
    }
    Ok(())
}

/// A stack with one resource of each kind whose name others may have.
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
  pages: { partition_key: id, ttl: expires, stream: new-image, indexes: { by-owner: { partition_key: owner } }, contributor_insights: true,
    resource_policy: [{ Effect: Allow, Principal: { AWS: \"111122223333\" }, Action: dynamodb:GetItem }] }
queues:
  jobs-failed:
    dead_letter: { queue: mails }
    resource_policy: [{ Effect: Allow, Principal: \"*\", Action: sqs:SendMessage }]
  letters: { fifo: true }
  mails: { triggers: [{ bucket: pictures, events: created }, { topic: news, filter: { kind: [order] }, dead_letter: jobs-failed }] }
buckets:
  pictures:
    versioning: true
    eventbridge: true
    lifecycle: [{ expire: 9 days }]
    cors: { origins: [\"https://a.example\"], methods: [GET] }
    kms_key: alias/pictures
    ownership: object-writer
    resource_policy: [{ Effect: Allow, Principal: { AWS: \"111122223333\" }, Action: s3:GetObject }]
streams: { clicks: { shards: 2, resource_policy: [{ Effect: Allow, Principal: { AWS: \"111122223333\" }, Action: kinesis:PutRecord }] } }
buses:
  audit: { archive: 7 days, dead_letter: mails, resource_policy: [{ Effect: Allow, Principal: \"*\", Action: events:PutEvents }] }
topics:
  news: { kms_key: alias/walk, resource_policy: [{ Effect: Allow, Principal: \"*\", Action: sns:Publish }] }
  steps: { fifo: true }
parameters:
  limit: blue
  /walk/token: { value: hidden-token, type: secure-string }
secrets:
  key: { value: { password: hidden-password }, resource_policy: [{ Effect: Allow, Principal: { AWS: \"111122223333\" }, Action: secretsmanager:GetSecretValue }] }
layers:
  shared: { code: lambdas/get_item, runtimes: [python3.13] }
policies:
  upload: { access: { pages: write }, attach_to: [operator] }
functions:
  save:
    code: lambdas/create_item
    runtime: python3.13
    layers: [shared]
    access: { pages: read }
    async: { retries: 1 }
    url: none
    managed_policies: [ReadOnlyAccess]
    triggers: [{ queue: jobs-failed, filter: { body: { kind: [order] } } }]
  list: { code: lambdas/getAlls, runtime: python3.13, environment: { LEVEL: debug }, triggers: [{ table: pages, on_failure: mails }, { stream: clicks }, { bus: audit, pattern: { source: [shop] } }, { schedule: rate(1 hour) }, { log_group: { function: save }, filter: ERROR }] }
  send: { code: lambdas/getAlls, runtime: python3.13, release: { aliases: { live: {} }, provisioned_concurrency: 1 } }
state_machines:
  flow: { triggers: [{ bus: audit, pattern: { source: [stock] } }], definition: { StartAt: One, States: { One: { Type: Task, Resource: \"${functions.list.arn}\", End: true } } } }
api:
  name: walking
  routes: { GET /items: list, POST /items: save, GET /sent: send }
  cors: { origins: [\"*\"] }
";

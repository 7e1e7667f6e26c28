//! Runs of the commands, in this process and in virtual time: the same stages as the commands themselves, with the strict
//! cloud in the place of AWS.

use crate::clock::{BEGINNING, Clock};
use crate::cloud::{ACCOUNT, Cloud, Time};
use crate::connector::{Record, StrictCloud};
use crate::faults::Planned;
use crate::fixture::Fixture;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_async::time::SharedTimeSource;
use futures_util::future::join_all;
use provision::apply::apply;
use provision::aws::{Access, Calls, Connection};
use provision::event::Events;
use provision::lower::{identity, lower, wanted};
use provision::model::{Graph, Owner, Scope};
use provision::observe::observe;
use provision::plan::{self, Mode, Options, Plan};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::sync::watch;

/// How long a person takes to run the next command. AWS's lists have caught up by then.
pub(crate) const A_MOMENT: Duration = Duration::from_secs(5);

/// A command that takes so long will not end any more.
pub(crate) const FOR_EVER: Duration = Duration::from_secs(3600);

/// A command to run.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Command<'a> {
    Plan(&'a Fixture),
    Up(&'a Fixture),
    /// With the stack file; deleted is what bears the stack's mark.
    Down(&'a Fixture),
}

/// How a command ended.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum End {
    /// It reached what it is for, with so many steps.
    Done(usize),
    /// It ended with these errors.
    Failed(Vec<String>),
    /// The process died.
    Died,
}

/// What there is after a command.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) end: End,
    pub(crate) cloud: Cloud,
    pub(crate) records: Vec<Record>,
    /// How often the planned fault struck.
    pub(crate) struck: usize,
    pub(crate) took: Duration,
}

impl Ran {
    /// The writes that were sent.
    pub(crate) fn writes(&self) -> Vec<String> {
        self.records.iter().filter(|record| record.write).map(|record| record.label.to_string()).collect()
    }

    /// What is wrong with any of its requests by AWS's models.
    pub(crate) fn invalid(&self) -> Vec<String> {
        let wrong =
            self.records.iter().flat_map(|record| record.invalid.iter().map(move |why| (record, why)));
        wrong.map(|(record, why)| format!("{}: {why}", record.label)).collect()
    }
}

/// An account where nothing is.
pub(crate) fn empty() -> Cloud {
    Cloud { now: BEGINNING, ..Cloud::default() }
}

/// Runs a command in an account, a moment after the last one.
pub(crate) fn run(cloud: &Cloud, command: Command, fault: Option<Planned>) -> Ran {
    run_after(A_MOMENT, cloud, &[command], fault)
}

/// Runs commands in an account, so long after the last one, all at the same time. They have ended when all have, and what
/// they did not do for an error of one of them is an error of the run.
pub(crate) fn run_after(pause: Duration, cloud: &Cloud, commands: &[Command], fault: Option<Planned>) -> Ran {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(async {
        let clock = Clock::at(cloud.now + pause);
        let account = Cloud { in_flight: Vec::new(), ..cloud.clone() };
        let strict = StrictCloud::new(account, clock, fault);
        let end = tokio::select! {
            biased;
            () = strict.death() => End::Died,
            () = tokio::time::sleep(FOR_EVER) => End::Failed(vec!["the command does not end".to_owned()]),
            ends = join_all(commands.iter().map(|command| execute(&strict, clock, *command))) => joined(ends),
        };
        let took = clock.time().saturating_sub(cloud.now + pause);
        let mut state = strict.state();
        let records = std::mem::take(&mut state.records);
        Ran { end, cloud: state.cloud.clone(), records, struck: state.struck, took }
    })
}

/// How commands ended together.
fn joined(ends: Vec<End>) -> End {
    let (mut steps, mut errors) = (0, Vec::new());
    for end in ends {
        match end {
            End::Done(more) => steps += more,
            End::Failed(more) => errors.extend(more),
            End::Died => return End::Died,
        }
    }
    if errors.is_empty() { End::Done(steps) } else { End::Failed(errors) }
}

async fn execute(strict: &StrictCloud, clock: Clock, command: Command<'_>) -> End {
    let connection = match Connection::of(client_config(strict, clock), false, Calls::default()).await {
        Ok(connection) => connection,
        Err(error) => return End::Failed(vec![error.to_string()]),
    };
    let ended = match command {
        Command::Plan(fixture) => {
            prepare(&connection, fixture).await.map(|(plan, _)| End::Done(plan.steps.len()))
        }
        Command::Up(fixture) => up(&connection, fixture).await,
        Command::Down(fixture) => down(&connection, fixture).await,
    };
    ended.unwrap_or_else(End::Failed)
}

/// The settings of the SDK as the program makes them, with the strict cloud, its clock, and backoff without chance.
pub(crate) fn client_config(strict: &StrictCloud, clock: Clock) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new(strict.region().to_owned()))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new("a", "b", None, None, "test")))
        .http_client(strict.clone())
        .time_source(SharedTimeSource::new(clock))
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        .retry_config(RetryConfig::standard().with_max_attempts(8).with_use_static_exponential_base(true))
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .build()
}

fn scope(connection: &Connection, fixture: &Fixture) -> Scope {
    let mut scope = connection.scope(identity(&fixture.stack));
    assert_eq!(scope.account, ACCOUNT);
    scope.tag_keys = fixture.stack.tags.keys().cloned().collect();
    scope.wanted = wanted(&lower(&fixture.stack, &scope, &BTreeMap::new()));
    scope
}

fn options(mode: Mode) -> Options {
    Options { mode, local: false, allow_data_loss: ["all".to_owned()].into(), replace_stack: false }
}

async fn prepare(connection: &Connection, fixture: &Fixture) -> Result<(Plan, Scope), Vec<String>> {
    let scope = scope(connection, fixture);
    let reading = connection.context(scope.clone(), Access::Read, BTreeMap::new(), Events::none());
    let world = observe(&reading).await.map_err(|error| vec![error.to_string()])?;
    let graph = lower(&fixture.stack, &scope, &fixture.hashes);
    let plan = plan::plan(&graph, &world, &options(Mode::Up)).expect("no cycle");
    match plan.refusals.is_empty() {
        true => Ok((plan, scope)),
        false => {
            Err(plan.refusals.iter().map(|refusal| format!("{}; {}", refusal.why, refusal.help)).collect())
        }
    }
}

async fn up(connection: &Connection, fixture: &Fixture) -> Result<End, Vec<String>> {
    let (plan, scope) = prepare(connection, fixture).await?;
    carry_out(connection, scope, &plan, fixture.packages.clone()).await?;
    Ok(End::Done(plan.steps.len()))
}

async fn carry_out(
    connection: &Connection,
    scope: Scope,
    plan: &Plan,
    packages: BTreeMap<String, std::path::PathBuf>,
) -> Result<(), Vec<String>> {
    let writing = connection.context(scope, Access::Write, packages, Events::none());
    let (_never, stop) = watch::channel(false);
    let report = apply(&writing, plan, stop).await;
    let failed = report.failed.iter().map(|(index, error)| format!("{}: {error}", plan.steps[*index].id));
    match report.is_complete() {
        true => Ok(()),
        false => Err(failed.collect()),
    }
}

/// Deletes the stack and looks again, as often as the command does.
async fn down(connection: &Connection, fixture: &Fixture) -> Result<End, Vec<String>> {
    let mut scope = scope(connection, fixture);
    scope.teardown = true;
    let (mut deleted, mut steps) = (BTreeSet::new(), 0);
    for _ in 0..4 {
        let reading = connection.context(scope.clone(), Access::Read, BTreeMap::new(), Events::none());
        let mut world = observe(&reading).await.map_err(|error| vec![error.to_string()])?;
        for seen in world.seen.iter_mut().filter(|seen| seen.owner == Owner::Unclaimed) {
            if deleted.contains(&seen.thing()) {
                seen.owner = Owner::Ours;
            }
        }
        let plan = plan::plan(&Graph::default(), &world, &options(Mode::Down)).expect("no cycle");
        if !plan.refusals.is_empty() {
            return Err(plan.refusals.iter().map(|refusal| refusal.why.clone()).collect());
        }
        if plan.is_empty() {
            let blind: Vec<String> = plan.blind.iter().map(|blind| blind.why.clone()).collect();
            return if blind.is_empty() { Ok(End::Done(steps)) } else { Err(blind) };
        }
        carry_out(connection, scope.clone(), &plan, BTreeMap::new()).await?;
        steps += plan.steps.len();
        deleted.extend(plan.steps.iter().filter_map(|step| step.seen.as_ref()).map(|seen| seen.thing()));
        for group in deleted.iter().filter(|thing| thing.kind == "log_group") {
            scope.wanted.entry("log_group").or_default().insert(group.id.clone());
        }
    }
    Err(vec!["this came up while the stack was deleted".to_owned()])
}

/// Lets time go by in an account.
pub(crate) fn later(cloud: &Cloud, time: Time) -> Cloud {
    let mut later = Cloud { now: cloud.now + time, ..cloud.clone() };
    crate::services::logs::deliver_late(&mut later);
    later
}

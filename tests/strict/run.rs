//! Runs of the commands, in this process and in virtual time: the same stages as the commands themselves, with the strict
//! cloud in the place of AWS.

use crate::clock::{BEGINNING, Clock};
use crate::cloud::{ACCOUNT, Cloud, Time};
use crate::connector::{self, Record, StrictCloud};
use crate::faults::PlannedFault;
use crate::fixture::Fixture;
use crate::services::Service;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_async::time::SharedTimeSource;
use futures_util::future::join_all;
use provision::adopt::AdoptRequest;
use provision::apply::Report;
use provision::aws::{Calls, Connection, Waits};
use provision::config::Stack;
use provision::elsewhere::{Need, complete};
use provision::error::Failure;
use provision::event::Events;
use provision::kinds::registry;
use provision::model::LiveState;
use provision::plan::{Mode, Options, Plan};
use provision::reconcile::{Destroy, Destroyed, Session};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
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
    /// With the stack file; what has the stack's ownership tag is deleted.
    Down(&'a Fixture),
    Adopt(&'a Fixture, &'a AdoptRequest),
}

/// How a command ended.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum End {
    /// It reached what it is for, with so many steps.
    Done(usize),
    /// It ended with these errors.
    Failed(Vec<String>),
    /// The process was killed.
    Died,
}

/// What there is after a command.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) end: End,
    pub(crate) cloud: Cloud,
    pub(crate) records: Vec<Record>,
    /// How often the planned fault was injected.
    pub(crate) injected: usize,
    /// Which calls broke an invariant, such as by a live route to a function that does not exist.
    pub(crate) violations: Vec<String>,
    pub(crate) took: Duration,
}

impl Ran {
    /// The writes that were sent.
    pub(crate) fn writes(&self) -> Vec<String> {
        connector::writes(&self.records)
    }

    /// What is wrong with any of its requests by AWS's models.
    pub(crate) fn invalid(&self) -> Vec<String> {
        connector::invalid(&self.records)
    }
}

/// An account where nothing is.
pub(crate) fn empty() -> Cloud {
    Cloud { now: BEGINNING, ..Cloud::default() }
}

/// Runs a command in an account, a moment after the last one.
pub(crate) fn run(cloud: &Cloud, command: Command, fault: Option<PlannedFault>) -> Ran {
    run_after(A_MOMENT, cloud, &[command], fault)
}

/// Runs commands in an account, so long after the last one, all at the same time. They have ended when all have, and what
/// they did not do for an error of one of them is an error of the run.
pub(crate) fn run_after(
    pause: Duration,
    cloud: &Cloud,
    commands: &[Command],
    fault: Option<PlannedFault>,
) -> Ran {
    let at_once: Vec<_> = commands.iter().map(|command| (Duration::ZERO, *command)).collect();
    run_staggered(pause, cloud, &at_once, fault)
}

/// The same, with each command so long after the beginning.
pub(crate) fn run_staggered(
    pause: Duration,
    cloud: &Cloud,
    commands: &[(Duration, Command)],
    fault: Option<PlannedFault>,
) -> Ran {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(async {
        let clock = Clock::at(cloud.now + pause);
        let account = Cloud { in_flight: Vec::new(), ..cloud.clone() };
        let strict = StrictCloud::new(account, clock, fault);
        let end = tokio::select! {
            biased;
            () = strict.death() => End::Died,
            () = tokio::time::sleep(FOR_EVER) => End::Failed(vec!["the command does not end".to_owned()]),
            ends = join_all(commands.iter().map(async |(start, command)| {
                tokio::time::sleep(*start).await;
                execute(&strict, clock, *command).await
            })) => joined(ends),
        };
        let took = clock.time().saturating_sub(cloud.now + pause);
        let mut state = strict.state();
        let (records, violations) =
            (std::mem::take(&mut state.records), std::mem::take(&mut state.violations));
        Ran { end, cloud: state.cloud.clone(), records, injected: state.injected, violations, took }
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

/// What a command would do to an account.
pub(crate) fn planned(cloud: &Cloud, command: Command) -> Plan {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(async {
        let clock = Clock::at(cloud.now + A_MOMENT);
        let strict = StrictCloud::new(cloud.clone(), clock, None);
        let connection = Connection::of(client_config(&strict, clock), false, Calls::default()).await;
        let connection = connection.expect("the strict cloud answers");
        match command {
            Command::Plan(stack) | Command::Up(stack) | Command::Adopt(stack, _) => {
                prepare(connection, stack).await.expect("a plan").1
            }
            Command::Down(stack) => {
                let destroy = Destroy::new(session(connection, stack).0, everything());
                destroy.plan(&destroy.look().await.expect("a look")).expect("no cycle")
            }
        }
    })
}

async fn execute(strict: &StrictCloud, clock: Clock, command: Command<'_>) -> End {
    match Connection::of(client_config(strict, clock), false, Calls::default()).await {
        Ok(connection) => {
            assert_eq!(connection.account, ACCOUNT);
            perform(connection, command).await
        }
        Err(error) => End::Failed(vec![error.to_string()]),
    }
}

/// Runs a command on a connection, whatever cloud it leads to.
pub(crate) async fn perform(connection: Connection, command: Command<'_>) -> End {
    let ended = match command {
        Command::Plan(fixture) => {
            prepare(connection, fixture).await.map(|(_, plan)| End::Done(plan.steps.len()))
        }
        Command::Up(fixture) => up(connection, fixture).await,
        Command::Down(fixture) => down(connection, fixture).await,
        Command::Adopt(fixture, wish) => adopt(connection, fixture, wish).await,
    };
    ended.unwrap_or_else(End::Failed)
}

/// What the product observes of a stack in an account.
pub(crate) fn look(cloud: &Cloud, fixture: &Fixture) -> LiveState {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(async {
        let clock = Clock::at(cloud.now + A_MOMENT);
        let strict = StrictCloud::new(cloud.clone(), clock, None);
        let connection = Connection::of(client_config(&strict, clock), false, Calls::default()).await;
        observed(connection.expect("the strict cloud answers"), fixture).await
    })
}

/// What the product says it waits for while it observes a stack, so long after the last time.
pub(crate) fn waits_of_look(pause: Duration, cloud: &Cloud, fixture: &Fixture) -> BTreeSet<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let told = Arc::<Mutex<BTreeSet<String>>>::default();
    let hear = told.clone();
    runtime.expect("a runtime").block_on(async {
        let clock = Clock::at(cloud.now + pause);
        let strict = StrictCloud::new(cloud.clone(), clock, None);
        let connection = Connection::of(client_config(&strict, clock), false, Calls::default()).await;
        let (session, _) = session(connection.expect("the strict cloud answers"), fixture);
        let waits = Waits::new(move |id, why| {
            hear.lock().expect("no panic").insert(format!("{id}: {why}"));
        });
        Session { waits, ..session }.look().await.expect("the stack can be read");
    });
    std::mem::take(&mut *told.lock().expect("no panic"))
}

/// What the product sees of a stack.
pub(crate) async fn observed(connection: Connection, fixture: &Fixture) -> LiveState {
    session(connection, fixture).0.look().await.expect("the stack can be read")
}

/// The session of a stack in its place, and the stack there.
fn session(connection: Connection, fixture: &Fixture) -> (Session, Stack) {
    let stack = fixture.at(connection.location());
    (Session::of_stack(connection, &stack), stack)
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

fn options(session: &Session) -> Options {
    Options {
        registry: registry(),
        mode: Mode::Up,
        local: false,
        allow_data_loss: everything(),
        replace_stack: true,
        protected: session.scope.protected.clone(),
        identity: session.scope.identity.clone(),
    }
}

/// All data may be lost.
fn everything() -> BTreeSet<String> {
    ["all".to_owned()].into()
}

async fn prepare(connection: Connection, fixture: &Fixture) -> Result<(Session, Plan), Vec<String>> {
    let stack = fixture.stack.clone();
    let stack = complete(&connection, stack, Need::All, |known| fixture.with_known(known)).await;
    let stack = stack.map_err(messages)?;
    let session = Session::of_stack(connection, &stack);
    let live_state = session.look().await.map_err(messages)?;
    let plan = session.plan(&stack, &fixture.hashes, &live_state, &options(&session)).expect("no cycle");
    without_blockers(plan).map(|plan| (session, plan))
}

async fn up(connection: Connection, fixture: &Fixture) -> Result<End, Vec<String>> {
    let (session, plan) = prepare(connection, fixture).await?;
    let report = session.apply(&plan, fixture.packages.clone(), Events::none(), never()).await;
    match report.is_complete() {
        true => Ok(End::Done(plan.steps.len())),
        false => Err(failed(&plan, &report)),
    }
}

async fn down(connection: Connection, fixture: &Fixture) -> Result<End, Vec<String>> {
    let mut destroy = Destroy::new(session(connection, fixture).0, everything());
    let live_state = destroy.look().await.map_err(messages)?;
    let plan = without_blockers(destroy.plan(&live_state).expect("no cycle"))?;
    if plan.is_empty() {
        return gone(&plan, 0);
    }
    let (mut steps, mut errors) = (0, Vec::new());
    let execute = async |session: &Session, plan: &Plan| {
        let report = session.apply(plan, BTreeMap::new(), Events::none(), never()).await;
        steps += plan.steps.len();
        errors.extend(failed(plan, &report));
        report
    };
    match destroy.run(plan, execute).await.map_err(messages)? {
        Destroyed::All(plan) => gone(&plan, steps),
        Destroyed::Incomplete(_) => Err(errors),
        Destroyed::NewResources(_) => {
            Err(vec!["this came up while the stack was deleted; run the same command again".to_owned()])
        }
    }
}

async fn adopt(connection: Connection, fixture: &Fixture, wish: &AdoptRequest) -> Result<End, Vec<String>> {
    let (session, stack) = session(connection, fixture);
    let stack = &stack;
    let live_state = session.look().await.map_err(messages)?;
    let adoption = session.adoption(stack, &live_state, wish).await.map_err(messages)?;
    let plan = session
        .plan_after_adoption(stack, &fixture.hashes, &live_state, &adoption, &options(&session))
        .await
        .map_err(messages)?;
    without_blockers(plan)?;
    session.adopt(stack, &adoption, Events::none()).await.map_err(messages)?;
    Ok(End::Done(adoption.resources.len()))
}

/// The end of a teardown after which nothing is seen any more.
fn gone(plan: &Plan, steps: usize) -> Result<End, Vec<String>> {
    let unreadable: Vec<String> = plan.unreadable.iter().map(|unreadable| unreadable.why.clone()).collect();
    if unreadable.is_empty() { Ok(End::Done(steps)) } else { Err(unreadable) }
}

/// A plan without blockers, or its blockers.
fn without_blockers(plan: Plan) -> Result<Plan, Vec<String>> {
    let blockers = plan.blockers.iter().map(|blocker| format!("{}; {}", blocker.why, blocker.help));
    let blockers: Vec<String> = blockers.collect();
    if blockers.is_empty() { Ok(plan) } else { Err(blockers) }
}

fn failed(plan: &Plan, report: &Report) -> Vec<String> {
    report.failed.iter().map(|(index, error)| format!("{}: {error}", plan.steps[*index].id)).collect()
}

fn messages(failure: Failure) -> Vec<String> {
    vec![failure.to_string()]
}

/// No run is stopped.
fn never() -> watch::Receiver<u32> {
    watch::channel(0).1
}

/// The account after some time.
pub(crate) fn later(cloud: &Cloud, time: Time) -> Cloud {
    let mut later = cloud.clone();
    Service::ALL.iter().for_each(|service| service.happen(&mut later));
    later.now += time;
    Service::ALL.iter().for_each(|service| service.happen(&mut later));
    later
}

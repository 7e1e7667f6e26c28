//! The whole flow: every stack comes up from nothing, again, is changed, and goes down, by the product's own stages.

use super::known::Disagreement;
use super::sender::{Answered, Sender};
use super::{given, normal};
use crate::clock::{BEGINNING, Clock};
use crate::cloud::{ACCOUNT, Cloud, Delays, REGION};
use crate::connector::StrictCloud;
use crate::fixture::Fixture;
use crate::run::{A_MOMENT, Command, End, client_config, empty, observed, perform};
use crate::services::Service;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use provision::aws::{Calls, Connection};
use std::collections::{BTreeMap, BTreeSet};

/// The region in which an emulator is asked: a layer that a stack names is there.
pub(super) const THERE: &str = "eu-central-1";

/// What came of a flow: by what was done and looked at, what was answered, how it ended, and what was seen then.
type Testimony = BTreeMap<String, String>;

/// A stack, and what came of it on the strict cloud.
pub(super) struct Stack {
    name: String,
    fixture: Fixture,
    /// What it becomes before it goes, where it is changed.
    change: Option<Fixture>,
    strict: Testimony,
}

/// What an emulator cannot add to: a role of the user's own is in the strict cloud alone, and so are quotas; the rest
/// of what these stacks show, larger ones show as well. moto does not know whether an alias has executions kept ready, and has none
/// of the managed policies of AWS; a stream has no tags there that it was created with.
const UNTOLD: [&str; 10] = [
    "buses",
    "canary",
    "depth",
    "many_routes",
    "no_api",
    "only_tables",
    "own_role",
    "put-user",
    "state-machine",
    "stream",
];

/// A stack without the lines between comments that say that emulators lack them.
fn without_untold(text: &str) -> String {
    let mut parts = text.split("    # Emulators lack these.\n");
    let first = parts.next().unwrap_or_default().to_owned();
    let rest = parts.map(|part| part.split_once("    # They have the rest.\n").expect("an end of them").1);
    rest.fold(first, |text, part| text + part)
}

/// Every stack that an emulator can run, so that it can be deleted, on the strict cloud.
pub(super) fn stacks() -> Vec<Stack> {
    let told = |text: String| without_untold(&text).replace("protect: true", "protect: false");
    let stacks = Fixture::every_with(told).into_iter();
    let stacks = stacks.filter(|(name, _)| !UNTOLD.contains(&name.as_str()));
    let stacks = stacks.map(|(name, fixture)| {
        let change = (name == "shipped").then(Fixture::shipped_changed);
        let mut stack = Stack { name, fixture, change, strict: Testimony::new() };
        stack.strict = of_the_strict_cloud(&stack);
        assert!(
            stack
                .strict
                .iter()
                .all(|(about, what)| !what.starts_with("failed") && !about.contains(": down: sees")),
            "{:?}",
            stack.strict
        );
        stack
    });
    stacks.collect()
}

/// Where an emulator's flows are others than the strict cloud's.
pub(super) async fn disagreements(at: &Sender, stacks: &[Stack]) -> Vec<Disagreement> {
    let mut found = Vec::new();
    for stack in stacks {
        at.forget_everything().await;
        let connection =
            Connection::of(config(at), true, Calls::default()).await.expect("the emulator answers");
        // What a stack names and does not make; the strict cloud has it.
        let given = given::names();
        for (call, params) in Service::ALL.iter().flat_map(|service| service.required(&given)) {
            at.ask(THERE, call, &params).await;
        }
        let result = flow(&connection, stack, || at.answered(), || std::future::ready(())).await;
        println!("{}: {} answers, ends and fields compared", stack.name, stack.strict.len());
        found.extend(differences(&stack.strict, &result));
    }
    found
}

fn differences(strict: &Testimony, conformance: &Testimony) -> Vec<Disagreement> {
    let all: BTreeSet<&String> = strict.keys().chain(conformance.keys()).collect();
    let of = |result: &Testimony, about| result.get(about).cloned().unwrap_or_else(|| "nothing".to_owned());
    let differ = all.into_iter().map(|about| (about, of(strict, about), of(conformance, about)));
    let differ = differ.filter(|(_, strict, conformance)| strict != conformance);
    differ
        .map(|(about, aws, says)| Disagreement { about: about.clone(), aws, says, detail: String::new() })
        .collect()
}

/// The flow on the strict cloud, in virtual time, with a cloud that takes no time for anything.
fn of_the_strict_cloud(stack: &Stack) -> Testimony {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(async {
        let clock = Clock::at(BEGINNING);
        let cloud = Cloud { delays: Delays::none(), never_conflicts: true, ..empty() };
        let strict = StrictCloud::new(cloud, clock, None);
        let config = client_config(&strict, clock);
        let connection =
            Connection::of(config, true, Calls::default()).await.expect("the strict cloud answers");
        let answered = || {
            let records = std::mem::take(&mut strict.state().records).into_iter();
            // Emulators take any number of calls in a second.
            let records = records.filter(|record| record.outcome != "TooManyRequestsException");
            let answered = records.map(|record| Answered {
                call: record.label.name,
                subject: record.label.subject,
                verdict: record.outcome,
            });
            answered.collect()
        };
        flow(&connection, stack, answered, || tokio::time::sleep(A_MOMENT)).await
    })
}

/// The settings of the SDK for an emulator.
fn config(at: &Sender) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new(THERE))
        .endpoint_url(at.url())
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
            ACCOUNT, "b", None, None, "test",
        )))
        .http_client(at.clone())
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        .retry_config(RetryConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .build()
}

/// One stack through its life.
async fn flow<F: Future<Output = ()>>(
    connection: &Connection,
    stack: &Stack,
    answered: impl Fn() -> Vec<Answered>,
    rest: impl Fn() -> F,
) -> Testimony {
    let Stack { name, fixture, change, .. } = stack;
    let last = change.as_ref().unwrap_or(fixture);
    let mut commands = vec![("up", Command::Up(fixture)), ("up again", Command::Up(fixture))];
    commands.extend(change.as_ref().map(|change| ("change", Command::Up(change))));
    commands.push(("down", Command::Down(last)));
    let mut result = Testimony::new();
    for (what, command) in commands {
        rest().await;
        answered();
        let end = perform(connection.clone(), command).await;
        let about = format!("{name}: {what}");
        let ended = match &end {
            End::Failed(errors) => format!("failed: {}", errors.join("; ")),
            end => format!("{end:?}"),
        };
        result.insert(about.clone(), ended);
        result.extend(verdicts(&about, answered()));
        rest().await;
        let live_state = observed(connection.clone(), last).await;
        result.extend(normal::resources(&about, &live_state, &connection.region));
    }
    result
}

/// What was answered to each operation about each subject: all verdicts, each once.
fn verdicts(about: &str, answered: Vec<Answered>) -> Testimony {
    let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for Answered { call, subject, verdict } in answered {
        let subject = subject.replace(THERE, REGION);
        // Each cloud makes up the ids of mappings.
        let subject = match subject.split_once(":event-source-mapping:") {
            Some((arn, _)) => format!("{arn}:event-source-mapping:<id>"),
            None => subject,
        };
        // And those of subscriptions.
        let subject = match subject.splitn(7, ':').nth(6).filter(|_| subject.starts_with("arn:aws:sns:")) {
            Some(id) => {
                let rest = id.find(' ').map_or("", |end| &id[end..]);
                format!("{}<id>{rest}", &subject[..subject.len() - id.len()])
            }
            None => subject,
        };
        // And the labels of streams.
        let subject = match subject.split_once("/stream/") {
            Some((arn, rest)) => {
                format!("{arn}/stream/<label>{}", rest.find(' ').map_or("", |end| &rest[end..]))
            }
            None => subject,
        };
        all.entry(format!("{about}: {call} {subject}").trim_end().to_owned()).or_default().insert(verdict);
    }
    all.into_iter()
        .map(|(about, verdicts)| (about, verdicts.into_iter().collect::<Vec<_>>().join(", ")))
        .collect()
}

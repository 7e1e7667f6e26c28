//! The life of the shipped stack: up, up again, and down.

use crate::dump::dump;
use crate::fixture::Fixture;
use crate::invariants::unready;
use crate::run::{Command, End, Ran, empty, later, run};
use crate::services::apigateway::cannot_invoke;
use provision::kinds::api::section::Config;
use serde_json::Value as Json;
use std::time::Duration;

/// A run that ends well, with valid requests.
pub(super) fn well(ran: Ran) -> Ran {
    let calls: Vec<String> = ran.records.iter().map(ToString::to_string).collect();
    assert!(matches!(ran.end, End::Done(_)), "{:?}\n{}", ran.end, calls.join("\n"));
    assert_eq!(ran.invalid(), Vec::<String>::new());
    ran
}

/// A run that succeeds, after which all that it has created can be used, and that keeps the invariants at every moment.
pub(super) fn whole(ran: Ran) -> Ran {
    assert_eq!(ran.violations, Vec::<String>::new());
    assert_eq!(unready(&ran.cloud), Vec::<String>::new());
    well(ran)
}

/// The account a minute after an `up` that leaves nothing to do.
#[track_caller]
pub(super) fn settled(cloud: &crate::cloud::Cloud, stack: &Fixture) -> crate::cloud::Cloud {
    let up = |cloud| run(cloud, Command::Up(stack), None);
    let cloud = later(&whole(up(cloud)).cloud, Duration::from_secs(60));
    assert_eq!(well(up(&cloud)).writes(), Vec::<String>::new());
    cloud
}

#[test]
fn up_creates_a_second_up_writes_nothing_and_down_leaves_nothing() {
    let stack = Fixture::shipped();
    let up = whole(run(&empty(), Command::Up(&stack), None));
    let reads = up.records.len() - up.writes().len();
    println!("up: {} writes, {reads} reads, {:?} of virtual time", up.writes().len(), up.took);
    let (id, api) = up.cloud.apigateway.apis.iter().next().expect("an API");
    for route in api.routes.values() {
        let key = route["RouteKey"].as_str().expect("a key");
        assert_eq!(cannot_invoke(&up.cloud, id, key), None, "{key}");
    }
    assert_eq!(cannot_invoke(&up.cloud, id, "GET /nowhere").as_deref(), Some("there is no such route"));

    let again = whole(run(&up.cloud, Command::Up(&stack), None));
    assert_eq!((again.writes(), &again.end), (vec![], &End::Done(0)));
    assert_eq!(dump(&again.cloud), dump(&up.cloud));
    println!("up again: {} reads, {:?}", again.records.len(), again.took);

    let down = whole(run(&again.cloud, Command::Down(&stack), None));
    println!("down: {} writes, {} calls, {:?}", down.writes().len(), down.records.len(), down.took);
    let after = later(&down.cloud, Duration::from_secs(60));
    assert_eq!(dump(&after).keys().collect::<Vec<_>>(), Vec::<&String>::new());
}

/// A client of an API that is being deleted finds no API, rather than one that may not call its functions.
#[test]
fn an_api_is_deleted_before_its_permissions() {
    let stack = Fixture::shipped();
    let up = whole(run(&empty(), Command::Up(&stack), None));
    let functions =
        stack.with(|stack| stack.entries.of_mut::<Config>().expect("the section").clear(), |_| ());
    let without = whole(run(&up.cloud, Command::Up(&functions), None));
    assert!(without.cloud.apigateway.apis.is_empty());
    let statements = without.cloud.lambda.functions.values().flat_map(|function| function.policy.now());
    assert_eq!(statements.collect::<Vec<_>>(), Vec::<Json>::new());
}

#[test]
fn equal_runs_send_equal_calls() {
    let stack = Fixture::shipped();
    let labels = |ran: &Ran| {
        let mut labels: Vec<String> = ran.records.iter().map(|record| record.label.to_string()).collect();
        labels.sort();
        labels
    };
    let (one, two) = (run(&empty(), Command::Up(&stack), None), run(&empty(), Command::Up(&stack), None));
    assert_eq!(labels(&one), labels(&two));
}

#[test]
fn a_plan_of_any_stack_sends_no_write() {
    for (name, stack) in Fixture::every() {
        let plan = whole(run(&empty(), Command::Plan(&stack), None));
        assert_eq!(plan.writes(), Vec::<String>::new(), "{name}");
        assert!(matches!(plan.end, End::Done(steps) if steps > 0), "{name}");
        let up = whole(run(&empty(), Command::Up(&stack), None));
        let plan = whole(run(&up.cloud, Command::Plan(&stack), None));
        assert_eq!((plan.writes(), plan.end), (vec![], End::Done(0)), "{name}");
    }
}

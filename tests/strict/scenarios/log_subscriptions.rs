//! Log groups whose events start functions: what CloudWatch Logs looks at, and what the program does then.

use super::shipped::{settled, well};
use crate::cloud::Cloud;
use crate::dump::{differences, dump};
use crate::fixture::Fixture;
use crate::run::{Command, End, Ran, empty, later, planned, run};
use crate::service::Drift;
use crate::services::Service;
use serde_json::json;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);
/// The log group of a function of others.
const THEIRS: &str = "/aws/lambda/theirs";

/// A function that events of a log group start.
fn stack(name: &str, function: &str) -> Fixture {
    Fixture::of(&format!(
        "stack: one
functions:
  api: {{ code: lambdas/get_item, runtime: python3.13 }}
  {name}: {{ code: lambdas/create_item, runtime: python3.13, {function} }}
"
    ))
}

fn of(group: &str) -> Fixture {
    stack("alarm", &format!("triggers: [{{ log_group: {group}, filter: ERROR }}]"))
}

/// The stack without it.
fn none() -> Fixture {
    stack("alarm", "timeout: 3")
}

fn up(cloud: &Cloud, stack: &Fixture) -> Ran {
    run(cloud, Command::Up(stack), None)
}

/// An account with a log group of others, which has so many filters.
fn account(filters: usize) -> Cloud {
    let mut cloud = empty();
    cloud.act(Service::Logs, "CreateLogGroup", &json!({ "logGroupName": THEIRS }));
    let mut cloud = later(&cloud, MINUTE);
    for number in 0..filters {
        let filter = json!({
            "logGroupName": THEIRS, "filterName": format!("theirs-{number}"), "filterPattern": "",
            "destinationArn": "arn:aws:kinesis:eu-west-1:123456789012:stream/theirs",
            "roleArn": "arn:aws:iam::123456789012:role/theirs",
        });
        cloud.act(Service::Logs, "PutSubscriptionFilter", &filter);
    }
    later(&cloud, MINUTE)
}

#[track_caller]
fn changed(from: &Fixture, to: &Fixture) {
    let cloud = settled(&settled(&account(1), from), to);
    let differ = differences(&dump(&cloud), &dump(&settled(&account(1), to)));
    assert_eq!(differ, Vec::<String>::new());
}

fn errors(ran: &Ran) -> String {
    match &ran.end {
        End::Failed(errors) => errors.join("\n"),
        other => panic!("{other:?}"),
    }
}

/// The names of the filters of a group.
fn filters(cloud: &Cloud, group: &str) -> usize {
    cloud.logs.groups.get(group).map_or(0, |group| group.filters.len())
}

/// The strict cloud looks at every moment whether CloudWatch Logs may still call the function.
#[test]
fn a_function_admits_the_group_before_and_longer() {
    for group in ["{ function: api }", "/aws/lambda/api", THEIRS] {
        let stack = of(group);
        let cloud = settled(&account(1), &stack);
        assert_eq!(filters(&cloud, "/aws/lambda/api") + filters(&cloud, THEIRS), 2, "{group}");
        let down = well(run(&cloud, Command::Down(&stack), None));
        let rest = later(&down.cloud, MINUTE);
        assert_eq!(differences(&dump(&rest), &dump(&account(1))), Vec::<String>::new(), "{group}");
    }
}

#[test]
fn a_changed_trigger_leaves_nothing_of_the_former_one() {
    let released = |group: &str| {
        stack("alarm", &format!("release: live, triggers: [{{ log_group: {group}, filter: ERROR }}]"))
    };
    changed(&of("{ function: api }"), &of(THEIRS));
    changed(&of(THEIRS), &none());
    changed(&of(THEIRS), &released(THEIRS));
    changed(&released(THEIRS), &of("{ function: api }"));
    let other = stack("alarm", &format!("triggers: [{{ log_group: {THEIRS} }}]"));
    changed(&of(THEIRS), &other);
    // The group is full in between.
    let renamed = stack("pager", &format!("triggers: [{{ log_group: {THEIRS}, filter: ERROR }}]"));
    changed(&of(THEIRS), &renamed);
}

#[test]
fn a_group_that_does_not_exist_is_said_before_anything_is_changed() {
    let ran = up(&empty(), &of(THEIRS));
    assert!(errors(&ran).contains("log group /aws/lambda/theirs does not exist"), "{}", errors(&ran));
    assert_eq!(ran.writes(), Vec::<String>::new());
}

#[test]
fn a_full_group_is_named_and_its_filters_stay() {
    let ran = up(&account(2), &of(THEIRS));
    assert!(errors(&ran).contains("has two others"), "{}", errors(&ran));
    assert_eq!(filters(&ran.cloud, THEIRS), 2);
    settled(&later(&ran.cloud, MINUTE), &none());
}

#[test]
fn a_drift_of_a_filter_is_undone() {
    let stack = of(THEIRS);
    let cloud = settled(&account(0), &stack);
    let expected = dump(&cloud);
    let drifts = Service::Logs.drifts().iter().filter(|(what, _)| what.contains("filter"));
    let drifts: Vec<&(&str, Drift)> = drifts.collect();
    assert_eq!(drifts.len(), 2);
    for (what, drift) in drifts {
        let mut changed = cloud.clone();
        drift(&mut changed, "one", 0).expect("a drift");
        assert_eq!(planned(&changed, Command::Plan(&stack)).steps.len(), 1, "{what}");
        let repaired = settled(&changed, &stack);
        assert_eq!(differences(&dump(&repaired), &expected), Vec::<String>::new(), "{what}");
    }
}

//! Streams of tables and the functions that they start.

use super::shipped::{well, whole};
use crate::cloud::Cloud;
use crate::dump::{differences, dump};
use crate::faults::{FaultKind, PlannedFault, Times};
use crate::fixture::Fixture;
use crate::run::{Command, End, Ran, empty, later, planned, run};
use crate::services::dynamodb::table_of_stream;
use std::collections::BTreeSet;
use std::time::Duration;

const STACK: &str = "stack: one
tables: { orders: { partition_key: id, stream: new-image } }
queues: { failed: {} }
functions:
  count:
    code: lambdas/create_item
    runtime: python3.13
    environment: { STREAM: \"${tables.orders.stream_arn}\" }
    triggers: [{ table: orders, from: latest, on_failure: failed }]
";

fn up(cloud: &Cloud, text: &str) -> Ran {
    run(cloud, Command::Up(&Fixture::of(text)), None)
}

fn created(text: &str) -> Cloud {
    later(&whole(up(&empty(), text)).cloud, Duration::from_secs(60))
}

/// Checks that an account is as if it were created so, that its mapping reads the stream that the table has, and that a second
/// `up` writes nothing.
fn is_as_declared(cloud: &Cloud, text: &str) {
    let again = whole(up(cloud, text));
    assert_eq!((again.writes(), &again.end), (vec![], &End::Done(0)));
    assert_eq!(differences(&dump(cloud), &dump(&created(text))), Vec::<String>::new());
    let mapping = cloud.lambda.mappings.values().next().expect("a mapping");
    let source = mapping.configuration["EventSourceArn"].as_str().expect("an ARN");
    assert_eq!(table_of_stream(cloud, source).as_deref(), Some("orders"));
    let variable = &cloud.lambda.functions["count"].configuration["Environment"]["Variables"]["STREAM"];
    assert_eq!(variable, source);
}

/// A stream that contains something else is another stream: what refers to its ARN is changed in the same run, and the plan says
/// that.
#[test]
fn a_stream_that_is_changed_takes_its_triggers_along() {
    let cloud = created(STACK);
    let target = STACK.replace("stream: new-image", "stream: keys-only");
    let plan = planned(&cloud, Command::Plan(&Fixture::of(&target)));
    let steps: Vec<String> = plan.steps.iter().map(|step| format!("{:?} {}", step.action, step.id)).collect();
    assert_eq!(
        steps,
        ["Update table orders", "Update function count", "Replace event source orders of function count"]
    );
    let reasons: Vec<&str> = plan.steps.iter().flat_map(|step| &step.reasons).map(String::as_str).collect();
    assert_eq!(
        reasons,
        [
            "DynamoDB cannot change what a stream contains: it is turned off, and another one with another ARN is turned on. \
             Changes that have not been read by then are lost",
            "AWS cannot change source",
        ]
    );
    let changed = whole(up(&cloud, &target));
    is_as_declared(&later(&changed.cloud, Duration::from_secs(60)), &target);
}

/// Wherever `up` is killed or loses a response meanwhile, the next one ends it.
#[test]
fn a_killed_change_of_a_stream_is_continued() {
    let cloud = created(STACK);
    let text = STACK.replace("stream: new-image", "stream: old-image");
    let target = Fixture::of(&text);
    let reference = whole(run(&cloud, Command::Up(&target), None));
    let wanted =
        ["dynamodb:UpdateTable", "lambda:DeleteEventSourceMapping", "lambda:CreateEventSourceMapping"];
    let calls = reference.records.iter().map(|record| &record.label);
    let calls: BTreeSet<_> = calls.filter(|label| wanted.contains(&label.name.as_str())).collect();
    assert!(calls.len() >= 4, "{calls:?}");
    for at in calls {
        for kind in
            [FaultKind::KilledBefore, FaultKind::KilledAfterCall, FaultKind::Lost, FaultKind::FailedLate]
        {
            let fault = PlannedFault { at: at.clone(), kind, times: Times::Once };
            let first = run(&cloud, Command::Up(&target), Some(fault));
            let next = well(run(&first.cloud, Command::Up(&target), None));
            is_as_declared(&later(&next.cloud, Duration::from_secs(60)), &text);
        }
    }
}

/// Somebody turns the stream off, or off and on again: then it is another one.
#[test]
fn a_stream_that_was_switched_by_hand_is_read_again() {
    let cloud = created(STACK);
    let with = |change: &dyn Fn(&mut serde_json::Map<String, serde_json::Value>)| {
        let mut cloud = cloud.clone();
        change(&mut cloud.dynamodb.tables.get_mut("orders").expect("a table").description);
        let healed = whole(up(&cloud, STACK));
        is_as_declared(&later(&healed.cloud, Duration::from_secs(60)), STACK);
    };
    with(&|description| drop(description.remove("StreamSpecification")));
    with(&|description| {
        let [arn, label] = ["LatestStreamArn", "LatestStreamLabel"].map(|name| {
            let text = description[name].as_str().expect("a text").replace("2026-01", "2026-03");
            (name.to_owned(), text.into())
        });
        description.extend([arn, label]);
    });
}

/// What reads back as an empty destination is not sent back [hazards: L13].
#[test]
fn a_trigger_without_a_destination_can_be_changed() {
    let without = STACK.replace(", on_failure: failed", "");
    let cloud = whole(up(&created(STACK), &without)).cloud;
    let other = without.replace("from: latest", "from: latest, batch: 7");
    let changed = whole(up(&later(&cloud, Duration::from_secs(60)), &other));
    assert_eq!(changed.writes().len(), 1, "{:?}", changed.writes());
    is_as_declared(&later(&changed.cloud, Duration::from_secs(60)), &other);
}

//! Kinesis data streams and the functions that they start.

use super::declared::Declared;
use super::shipped::{well, whole};
use crate::cloud::Cloud;
use crate::dump::dump;
use crate::faults::{FaultKind, PlannedFault, Times};
use crate::fixture::Fixture;
use crate::run::{Command, End, Ran, empty, later, planned, run};
use crate::service::{Drift, Make};
use crate::services::Service;
use serde_json::Value as Json;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

const STACK: &str = "stack: one
streams:
  clicks: { shards: 2, retention: 2 days, kms_key: alias/clicks, resource_policy: [{ Effect: Allow, Principal: { AWS: \"111122223333\" }, Action: kinesis:PutRecord }] }
functions:
  count:
    code: lambdas/create_item
    runtime: python3.13
    triggers: [{ stream: clicks, from: 2026-11-27T12:00:00Z }]
";

fn up(cloud: &Cloud, text: &str) -> Ran {
    run(cloud, Command::Up(&Fixture::of(text)), None)
}

fn created(text: &str) -> Cloud {
    later(&whole(up(&empty(), text)).cloud, MINUTE)
}

#[test]
fn streams_come_up_once_and_go_down() {
    let cloud = created(STACK);
    Declared::of(Fixture::of(STACK)).is(&cloud);
    let down = whole(run(&cloud, Command::Down(&Fixture::of(STACK)), None));
    assert!(dump(&later(&down.cloud, MINUTE)).is_empty());
}

/// A policy may name a new role of the stack. One that somebody else changes is set back. After it was removed from the file, no
/// tag and no policy is left, also where a run died in between.
#[test]
fn a_policy_of_a_stream_names_a_new_role_and_is_cleared() {
    let none = "stack: one\nstreams: { clicks: {} }\nroles: { reader: {} }\n";
    let text = none.replace(
        "clicks: {}",
        "clicks: { resource_policy: [{ Effect: Allow, Principal: { AWS: \"${roles.reader.arn}\" }, Action: kinesis:GetRecords }] }",
    );
    let cloud = created(&text);
    Declared::of(Fixture::of(&text)).is(&cloud);
    let policy = |cloud: &Cloud| dump(cloud)["stream clicks"]["policy"].clone();
    assert!(policy(&cloud).to_string().contains("/reader\""), "{}", policy(&cloud));
    let mut theirs = cloud.clone();
    for (what, drift) in Service::Kinesis.drifts() {
        if *what == "a stream admits others" {
            drift(&mut theirs, "one", 0).expect("a policy to change");
        }
    }
    assert_ne!(policy(&theirs), policy(&cloud));
    assert_eq!(policy(&whole(up(&theirs, &text)).cloud), policy(&cloud));
    for call in ["kinesis:DeleteResourcePolicy", "kinesis:RemoveTagsFromStream"] {
        let whole_run = whole(up(&cloud, none));
        let mut labels = whole_run.records.iter().map(|record| &record.label);
        let at = labels.find(|label| label.name == call).expect("such a call").clone();
        let fault = PlannedFault { at, kind: FaultKind::KilledAfterAll, times: Times::Once };
        let died = run(&cloud, Command::Up(&Fixture::of(none)), Some(fault));
        assert_eq!(died.end, End::Died);
        let cleared = later(&whole(up(&died.cloud, none)).cloud, MINUTE);
        Declared::of(Fixture::of(none)).is(&cleared);
        assert_eq!(policy(&cleared), Json::Null);
        assert!(!cleared.kinesis.streams["clicks"].tags.contains_key("provision:settings"));
    }
    let reads = whole(up(&later(&whole(up(&empty(), none)).cloud, MINUTE), none));
    let mut labels = reads.records.iter().map(|record| &record.label.name);
    assert!(
        !labels.any(|name| name == "kinesis:GetResourcePolicy"),
        "one without a policy costs no call for it"
    );
}

/// Kinesis makes five at a time; `up` waits for room, also for what others are making.
#[test]
fn many_streams_are_made_a_few_at_a_time() {
    let streams: String = (0..12).map(|number| format!("  stream-{number}: {{ shards: 1 }}\n")).collect();
    let text = format!("stack: one\nstreams:\n{streams}");
    let mut cloud = empty();
    let theirs = serde_json::json!({ "StreamName": "theirs", "ShardCount": 1 });
    cloud.act(Service::Kinesis, "CreateStream", &theirs).expect("a stream");
    let ran = whole(up(&cloud, &text));
    let refused = ran.records.iter().filter(|record| record.to_string().contains("LimitExceeded"));
    assert!(refused.count() > 0, "the limit was met");
    assert_eq!(ran.cloud.kinesis.streams.len(), 13);
}

/// A change takes several calls, each in its turn. Wherever `up` is killed or loses a response, the next one ends it.
#[test]
fn a_killed_change_of_a_stream_is_continued() {
    let cloud = created(STACK);
    let text = STACK
        .replace("shards: 2, retention: 2 days, kms_key: alias/clicks", "shards: 9, retention: 25 hours");
    let target = Fixture::of(&text);
    let reference = whole(run(&cloud, Command::Up(&target), None));
    let writes = reference.writes();
    let calls = writes.iter().filter_map(|write| write.split(' ').next());
    let calls: Vec<&str> = calls.filter(|call| call.starts_with("kinesis:")).collect();
    assert_eq!(
        calls,
        [
            "kinesis:UpdateShardCount",
            "kinesis:UpdateShardCount",
            "kinesis:UpdateShardCount",
            "kinesis:DecreaseStreamRetentionPeriod",
            "kinesis:StopStreamEncryption",
        ]
    );
    Declared::of(target).is_continued(&cloud, |label| calls.contains(&label.name.as_str()));
}

/// A stream on demand has as many shards as Kinesis wants, and the other way round it gets the number that is declared.
#[test]
fn a_stream_changes_between_both_forms() {
    let on_demand = STACK.replace("shards: 2", "shards: on-demand");
    let cloud = later(&whole(up(&created(STACK), &on_demand)).cloud, MINUTE);
    assert_eq!(whole(up(&cloud, &on_demand)).writes(), Vec::<String>::new());
    let back = later(&whole(up(&cloud, STACK)).cloud, MINUTE);
    Declared::of(Fixture::of(STACK)).is(&back);
}

#[test]
fn a_shorter_time_is_said_to_lose_records() {
    let text = STACK.replace("retention: 2 days", "retention: 36 hours");
    let plan = planned(&created(STACK), Command::Plan(&Fixture::of(&text)));
    let reasons: Vec<&str> = plan.steps.iter().flat_map(|step| &step.reasons).map(String::as_str).collect();
    assert_eq!(reasons, ["records that are older than 36 hours are lost"]);
}

/// `down` looks whether there is a record in any shard.
#[test]
fn a_stream_with_records_is_kept() {
    let mut cloud = created(STACK);
    let stack = Fixture::of(STACK);
    let lost = |cloud: &Cloud| -> Vec<String> {
        let plan = planned(cloud, Command::Down(&stack));
        plan.steps.iter().filter_map(|step| step.data_loss.clone()).collect()
    };
    assert_eq!(lost(&cloud), Vec::<String>::new());
    cloud.kinesis.streams.get_mut("clicks").expect("a stream").records = 3;
    assert_eq!(lost(&cloud), ["its records"]);
}

#[test]
fn every_drift_of_streams_is_undone() {
    let drifts: &[(&str, Drift)] = Service::Kinesis.drifts();
    let without_records = |cloud: &mut Cloud| {
        cloud.kinesis.streams.values_mut().for_each(|stream| stream.records = 0);
    };
    let made = Declared::of(Fixture::of(STACK)).undoes(drifts, &[0], Duration::ZERO, without_records);
    assert_eq!(made, drifts.len());
}

#[test]
fn streams_of_others_are_left_alone() {
    let unmanaged: &[(&str, Make)] = Service::Kinesis.unmanaged();
    for (what, make) in unmanaged {
        let mut cloud = created(STACK);
        make(&mut cloud, "one", 1);
        let before: Vec<String> = cloud.kinesis.streams.keys().cloned().collect();
        assert_eq!(before.len(), 2, "{what}");
        let ran = whole(up(&cloud, STACK));
        assert_eq!(ran.writes(), Vec::<String>::new(), "{what}");
        let down = well(run(&cloud, Command::Down(&Fixture::of(STACK)), None));
        assert_eq!(later(&down.cloud, MINUTE).kinesis.streams.len(), 1, "{what}");
    }
}

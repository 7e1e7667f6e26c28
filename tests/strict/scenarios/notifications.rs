//! Notifications of buckets: what S3 looks at, and what the program does then.

use super::shipped::{well, whole};
use crate::cloud::Cloud;
use crate::dump::{differences, dump};
use crate::fixture::Fixture;
use crate::run::{Command, Ran, empty, later, planned, run};
use crate::service::Drift;
use crate::services::Service;
use crate::services::s3::full_name;
use serde_json::json;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

/// A bucket whose events start a function, and are delivered to a queue.
fn stack(of_function: &str, of_queue: &str) -> Fixture {
    Fixture::of(&format!(
        "stack: one
buckets: {{ shots: {{ tags: {{ kind: shots }} }} }}
queues:
  jobs: {{ triggers: {of_queue} }}
functions:
  worker: {{ code: lambdas/create_item, runtime: python3.13, triggers: {of_function} }}
"
    ))
}

/// The usual one.
fn usual() -> Fixture {
    stack(
        "[{ bucket: shots, events: created, prefix: in/, suffix: .png }]",
        "[{ bucket: shots, events: removed }, { bucket: shots, events: created, prefix: out/, name: out }]",
    )
}

fn up(cloud: &Cloud, stack: &Fixture) -> Ran {
    run(cloud, Command::Up(stack), None)
}

/// The account a minute after a first `up`.
fn created(stack: &Fixture) -> Cloud {
    later(&whole(up(&empty(), stack)).cloud, MINUTE)
}

/// The account after a change, which is all that a second `up` has to do, and as if it had been made so.
fn changed(from: &Fixture, to: &Fixture) {
    let ran = whole(up(&created(from), to));
    let cloud = later(&ran.cloud, MINUTE);
    let plan = planned(&cloud, Command::Up(to));
    let steps: Vec<_> = plan.steps.iter().map(|step| (step.id.to_string(), step.changes.clone())).collect();
    assert!(steps.is_empty(), "{steps:?}");
    assert_eq!(differences(&dump(&cloud), &dump(&created(to))), Vec::<String>::new());
}

const PUT: &str = "s3:PutBucketNotificationConfiguration";

#[test]
fn who_is_notified_admits_s3_before_and_longer() {
    let stack = usual();
    let first = whole(up(&empty(), &stack));
    assert_eq!(first.writes().iter().filter(|write| write.starts_with(PUT)).count(), 3);
    let cloud = later(&first.cloud, MINUTE);
    insta::assert_snapshot!("notifications", serde_json::to_string_pretty(&dump(&cloud)).expect("JSON"));
    let again = well(up(&cloud, &stack));
    assert_eq!(again.writes(), Vec::<String>::new());
    // The strict cloud looks at every moment whether S3 may still deliver.
    changed(&stack, &self::stack("[]", "[]"));
    let down = well(run(&cloud, Command::Down(&stack), None));
    assert!(dump(&later(&down.cloud, MINUTE)).is_empty());
}

/// In between, the new filter of one overlaps with the old filter of the other.
#[test]
fn filters_that_change_places_get_there() {
    let one = stack(
        "[{ bucket: shots, events: created, prefix: a/ }]",
        "[{ bucket: shots, events: created, prefix: b/ }]",
    );
    let other = stack(
        "[{ bucket: shots, events: created, prefix: b/ }]",
        "[{ bucket: shots, events: created, prefix: a/ }]",
    );
    changed(&one, &other);
    changed(&one, &stack("[{ bucket: shots, events: created }]", "[]"));
    changed(&one, &stack("[]", "[{ bucket: shots, events: created }]"));
}

#[test]
fn an_alias_is_notified_as_such() {
    let text = |release: &str| {
        Fixture::of(&format!(
            "stack: one
buckets: {{ shots: {{}} }}
functions:
  worker: {{ code: lambdas/create_item, runtime: python3.13, {release} triggers: [{{ bucket: shots, events: created }}] }}
"
        ))
    };
    let (plain, released) = (text(""), text("release: live,"));
    changed(&plain, &released);
    changed(&released, &plain);
    let down = well(run(&created(&released), Command::Down(&released), None));
    assert!(dump(&later(&down.cloud, MINUTE)).is_empty());
}

#[test]
fn notifications_of_others_stay_and_a_broken_one_holds_no_delete_up() {
    let stack = usual();
    let mut cloud = created(&stack);
    let bucket = cloud.s3.buckets.get_mut(&full_name("shots")).expect("the bucket");
    let theirs = json!({ "Id": "theirs", "QueueArn": "arn:aws:sqs:eu-west-1:123456789012:gone", "Events": ["s3:ObjectTagging:*"] });
    let document = bucket.settings.get_mut("notification").expect("a document");
    document["QueueConfigurations"].as_array_mut().expect("a list").push(theirs.clone());
    let none = self::stack("[]", "[]");
    let after = later(&whole(up(&cloud, &none)).cloud, MINUTE);
    let bucket = &after.s3.buckets[&full_name("shots")];
    assert_eq!(bucket.setting("notification"), &json!({ "QueueConfigurations": [theirs] }));
}

#[test]
fn a_drift_of_notifications_is_undone() {
    let stack = usual();
    let cloud = created(&stack);
    let expected = dump(&cloud);
    let drifts = Service::S3.drifts().iter().filter(|(what, _)| what.contains("notifications"));
    for (what, drift) in drifts.collect::<Vec<&(&str, Drift)>>() {
        let mut changed = cloud.clone();
        drift(&mut changed, "one", 0).expect("a drift");
        let repaired = later(&whole(up(&changed, &stack)).cloud, MINUTE);
        assert_eq!(differences(&dump(&repaired), &expected), Vec::<String>::new(), "{what}");
    }
}

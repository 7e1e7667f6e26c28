//! Queues and streams of others that start functions.

use super::shipped::{well, whole};
use crate::cloud::Cloud;
use crate::dump::{differences, dump};
use crate::fixture::Fixture;
use crate::run::{Command, End, Ran, empty, later, run};
use crate::services::Service;
use serde_json::json;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

/// An account with a queue and a stream of others.
fn account() -> Cloud {
    let mut cloud = empty();
    cloud.act(Service::Sqs, "CreateQueue", &json!({ "QueueName": "mails" }));
    let mode = json!({ "StreamMode": "ON_DEMAND" });
    cloud.act(
        Service::Kinesis,
        "CreateStream",
        &json!({ "StreamName": "clicks", "StreamModeDetails": mode }),
    );
    later(&cloud, MINUTE)
}

/// A function with these triggers.
fn stack(triggers: &str) -> Fixture {
    Fixture::of(&format!(
        "stack: one
queues: {{ mails: {{ existing: mails }} }}
streams: {{ clicks: {{ existing: clicks }} }}
functions:
  pager: {{ code: lambdas/create_item, runtime: python3.13, triggers: [{triggers}] }}
"
    ))
}

fn up(cloud: &Cloud, stack: &Fixture) -> Ran {
    run(cloud, Command::Up(stack), None)
}

/// The account a minute after an `up` that leaves nothing to do.
#[track_caller]
fn settled(cloud: &Cloud, stack: &Fixture) -> Cloud {
    let cloud = later(&whole(up(cloud, stack)).cloud, MINUTE);
    let again = well(up(&cloud, stack));
    assert_eq!(again.writes(), Vec::<String>::new());
    cloud
}

#[test]
fn a_queue_and_a_stream_of_others_start_a_function_and_stay() {
    let both = stack("{ queue: mails, batch: 5 }, { stream: clicks }");
    let cloud = settled(&account(), &both);
    assert_eq!(cloud.lambda.mappings.len(), 2);
    let down = well(run(&cloud, Command::Down(&both), None));
    let rest = later(&down.cloud, MINUTE);
    assert_eq!(differences(&dump(&rest), &dump(&account())), Vec::<String>::new());
    for changed in [stack("{ queue: mails, batch: 6 }"), stack("")] {
        let differ = dump(&settled(&cloud, &changed));
        assert_eq!(differences(&differ, &dump(&settled(&account(), &changed))), Vec::<String>::new());
    }
}

#[test]
fn what_does_not_exist_is_said_before_anything_is_changed() {
    let ran = up(&empty(), &stack("{ queue: mails }"));
    let End::Failed(errors) = &ran.end else { panic!("{:?}", ran.end) };
    assert!(errors.join("\n").contains("queue mails does not exist"), "{errors:?}");
    assert_eq!(ran.writes(), Vec::<String>::new());
}

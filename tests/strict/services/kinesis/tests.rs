//! Tests of the rules of streams that no single request shows.

use crate::clock::BEGINNING;
use crate::cloud::Cloud;
use crate::services::Service;
use crate::wire::Call;
use serde_json::{Value as Json, json};
use std::time::Duration;

/// The answer to a call, as a text for an error: its code and what it says.
fn ask(cloud: &mut Cloud, operation: &str, params: Json) -> Result<Json, String> {
    let operation = &Service::Kinesis.model().operations[operation];
    let call = Call { service: Service::Kinesis, operation, params };
    cloud.handle(&call).map_err(|error| format!("{}: {}", error.code, error.message))
}

fn pass(cloud: &mut Cloud, seconds: u64) {
    cloud.now += Duration::from_secs(seconds);
}

fn shown(cloud: &mut Cloud) -> Json {
    let described = ask(cloud, "DescribeStreamSummary", json!({ "StreamName": "s" })).unwrap();
    described["StreamDescriptionSummary"].clone()
}

/// An account with a stream of so many shards that is ready.
fn account(shards: u64) -> Cloud {
    let mut cloud = Cloud { now: BEGINNING, ..Cloud::default() };
    ask(&mut cloud, "CreateStream", json!({ "StreamName": "s", "ShardCount": shards })).unwrap();
    pass(&mut cloud, 60);
    cloud
}

#[test]
fn a_new_stream_takes_no_changes_and_shows_its_tags() {
    let mut cloud = Cloud { now: BEGINNING, ..Cloud::default() };
    let create = json!({ "StreamName": "s", "ShardCount": 1, "Tags": { "a": "1" } });
    ask(&mut cloud, "CreateStream", create.clone()).unwrap();
    let named = json!({ "StreamName": "s" });
    assert!(ask(&mut cloud, "DescribeStreamSummary", named.clone()).unwrap_err().contains("not found"));
    assert!(ask(&mut cloud, "CreateStream", create).unwrap_err().ends_with("already exists."));
    pass(&mut cloud, 1);
    assert_eq!(shown(&mut cloud)["StreamStatus"], "CREATING");
    let tags = ask(&mut cloud, "ListTagsForStream", named.clone()).unwrap();
    assert_eq!(tags["Tags"], json!([{ "Key": "a", "Value": "1" }]));
    for (operation, params) in [
        ("AddTagsToStream", json!({ "StreamName": "s", "Tags": { "b": "2" } })),
        ("IncreaseStreamRetentionPeriod", json!({ "StreamName": "s", "RetentionPeriodHours": 48 })),
        ("DeleteStream", named),
    ] {
        let early = ask(&mut cloud, operation, params).unwrap_err();
        assert!(early.starts_with("ResourceInUseException: ") && early.ends_with("CREATING"), "{early}");
    }
}

#[test]
fn shards_at_most_double_or_halve_and_show_when_that_is_done() {
    let mut cloud = account(4);
    let scale = |cloud: &mut Cloud, count: u64| {
        let params =
            json!({ "StreamName": "s", "TargetShardCount": count, "ScalingType": "UNIFORM_SCALING" });
        ask(cloud, "UpdateShardCount", params)
    };
    for count in [1, 9] {
        assert!(scale(&mut cloud, count).unwrap_err().starts_with("InvalidArgumentException"), "{count}");
    }
    scale(&mut cloud, 8).unwrap();
    assert_eq!(shown(&mut cloud)["OpenShardCount"], 4);
    pass(&mut cloud, 10);
    assert_eq!(shown(&mut cloud)["OpenShardCount"], 8);
    for count in [4, 8, 4, 8, 4, 8, 4, 8, 4] {
        scale(&mut cloud, count).unwrap();
        pass(&mut cloud, 10);
    }
    assert!(scale(&mut cloud, 8).unwrap_err().starts_with("LimitExceededException"));
    pass(&mut cloud, 86_400);
    scale(&mut cloud, 8).unwrap();
}

#[test]
fn a_mode_is_switched_twice_a_day() {
    let mut cloud = account(4);
    let switch = |cloud: &mut Cloud, mode: &str| {
        let arn = super::stream_arn("s");
        let answer = ask(
            cloud,
            "UpdateStreamMode",
            json!({ "StreamARN": arn, "StreamModeDetails": { "StreamMode": mode } }),
        );
        pass(cloud, 10);
        answer
    };
    switch(&mut cloud, "ON_DEMAND").unwrap();
    switch(&mut cloud, "PROVISIONED").unwrap();
    assert!(switch(&mut cloud, "ON_DEMAND").unwrap_err().contains("2 times in a 24 hour period"));
}

#[test]
fn five_streams_are_made_at_a_time() {
    let mut cloud = account(1);
    let create = |cloud: &mut Cloud, name: &str| {
        ask(cloud, "CreateStream", json!({ "StreamName": name, "ShardCount": 1 }))
    };
    for name in ["a", "b", "c", "d"] {
        create(&mut cloud, name).unwrap();
    }
    ask(&mut cloud, "DeleteStream", json!({ "StreamName": "s" })).unwrap();
    let refused = create(&mut cloud, "e").unwrap_err();
    assert!(refused.starts_with("LimitExceededException") && refused.contains("simultaneously"), "{refused}");
    pass(&mut cloud, 30);
    create(&mut cloud, "e").unwrap();
}

/// Each setting can be changed by hand, and each change shows.
#[test]
fn every_change_by_hand_shows() {
    let mut cloud = account(4);
    for stream in cloud.kinesis.streams.values_mut() {
        stream.tags.insert("provision:stack".to_owned(), "s".to_owned());
        stream.tags.insert("provision:settings".to_owned(), "resource-policy".to_owned());
    }
    let before = Service::Kinesis.dump(&cloud);
    for (what, change) in super::by_hand::DRIFTS {
        let mut cloud = cloud.clone();
        assert!(change(&mut cloud, "s", 0).is_some(), "{what}");
        assert_ne!(Service::Kinesis.dump(&cloud), before, "{what}");
        assert!(change(&mut cloud, "other", 0).is_none(), "{what}");
    }
}

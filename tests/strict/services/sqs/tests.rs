//! Tests of the rules of queues that no single request shows.

use super::queue::{CHANGED, FORGOTTEN, KNOWN};
use super::redrive::TARGET;
use crate::clock::BEGINNING;
use crate::cloud::{Cloud, ServiceError, Time};
use crate::services::Service;
use crate::services::iam::ASSUMABLE;
use crate::wire::{Call, error, success};
use serde_json::{Value as Json, json};
use std::time::Duration;

/// The answer to a call, as a text for an error: its code and what it says.
fn ask(cloud: &mut Cloud, operation: &str, params: Json) -> Result<Json, String> {
    let call = call(operation, params);
    cloud.handle(&call).map_err(|error| format!("{}: {}", error.code, error.message))
}

fn call(operation: &str, params: Json) -> Call {
    Call { service: Service::Sqs, operation: &Service::Sqs.model().operations[operation], params }
}

fn url(name: &str) -> String {
    format!("https://sqs.eu-west-1.amazonaws.com/123456789012/{name}")
}

fn attributes(cloud: &mut Cloud, name: &str) -> Json {
    let all = ask(cloud, "GetQueueAttributes", json!({ "QueueUrl": url(name), "AttributeNames": ["All"] }));
    all.unwrap()["Attributes"].clone()
}

fn set(cloud: &mut Cloud, name: &str, attributes: Json) -> Result<Json, String> {
    ask(cloud, "SetQueueAttributes", json!({ "QueueUrl": url(name), "Attributes": attributes }))
}

/// An account with a queue that is known everywhere.
fn account(name: &str, attributes: Json) -> Cloud {
    let mut cloud = Cloud { now: BEGINNING, ..Cloud::default() };
    ask(&mut cloud, "CreateQueue", json!({ "QueueName": name, "Attributes": attributes })).unwrap();
    pass(&mut cloud, 60);
    cloud
}

fn pass(cloud: &mut Cloud, seconds: u64) {
    cloud.now += Duration::from_secs(seconds);
}

#[test]
fn a_new_queue_is_unknown_for_a_while_but_its_name_is_taken() {
    let mut cloud = Cloud { now: BEGINNING, ..Cloud::default() };
    let create = json!({ "QueueName": "q", "tags": { "a": "1" } });
    ask(&mut cloud, "CreateQueue", create).unwrap();
    for (operation, with) in [
        ("GetQueueUrl", json!({ "QueueName": "q" })),
        ("GetQueueAttributes", json!({ "QueueUrl": url("q"), "AttributeNames": ["All"] })),
        ("SetQueueAttributes", json!({ "QueueUrl": url("q"), "Attributes": { "DelaySeconds": "1" } })),
        ("ListQueueTags", json!({ "QueueUrl": url("q") })),
        ("TagQueue", json!({ "QueueUrl": url("q"), "Tags": { "b": "2" } })),
    ] {
        let early = ask(&mut cloud, operation, with).expect_err(operation);
        assert_eq!(early, "QueueDoesNotExist: The specified queue does not exist.");
    }
    let again = json!({ "QueueName": "q", "tags": { "a": "2" } });
    assert_eq!(ask(&mut cloud, "CreateQueue", again).unwrap()["QueueUrl"], url("q"));
    pass(&mut cloud, 5);
    let tags = ask(&mut cloud, "ListQueueTags", json!({ "QueueUrl": url("q") })).unwrap();
    assert_eq!(tags["Tags"], json!({ "a": "1" }), "the tags of a repeated create are ignored");
}

#[test]
fn a_name_is_not_free_for_a_minute_after_the_deletion() {
    let mut cloud = account("q", json!({}));
    ask(&mut cloud, "DeleteQueue", json!({ "QueueUrl": url("q") })).unwrap();
    assert_eq!(attributes(&mut cloud, "q")["VisibilityTimeout"], "30", "calls may still succeed");
    set(&mut cloud, "q", json!({ "DelaySeconds": "1" })).unwrap();
    cloud.now += cloud.delays.of(FORGOTTEN);
    assert!(
        set(&mut cloud, "q", json!({ "DelaySeconds": "1" })).unwrap_err().starts_with("QueueDoesNotExist")
    );
    for (seconds, free) in [(0, false), (50, false), (10, true)] {
        pass(&mut cloud, seconds);
        let answer = ask(&mut cloud, "CreateQueue", json!({ "QueueName": "q" }));
        let locked = "QueueDeletedRecently: You must wait 60 seconds after deleting a queue before you can create another \
                      with the same name.";
        assert_eq!(answer.map(drop), if free { Ok(()) } else { Err(locked.to_owned()) });
    }
}

#[test]
fn attributes_merge_and_show_late() {
    let mut cloud = account("q", json!({ "DelaySeconds": "5", "VisibilityTimeout": "40" }));
    set(&mut cloud, "q", json!({ "DelaySeconds": "6" })).unwrap();
    assert_eq!(attributes(&mut cloud, "q")["DelaySeconds"], "5");
    cloud.now += cloud.delays.of(CHANGED);
    let after = attributes(&mut cloud, "q");
    assert_eq!((&after["DelaySeconds"], &after["VisibilityTimeout"]), (&json!("6"), &json!("40")));
}

#[test]
fn a_key_is_left_for_the_other_encryption_in_one_call() {
    let mut cloud = account("q", json!({ "KmsMasterKeyId": "alias/k" }));
    let live = attributes(&mut cloud, "q");
    assert_eq!(
        (&live["SqsManagedSseEnabled"], &live["KmsDataKeyReusePeriodSeconds"]),
        (&json!("false"), &json!("300"))
    );
    assert!(
        set(&mut cloud, "q", json!({ "SqsManagedSseEnabled": "true" })).unwrap_err().contains("one type of")
    );
    let mut other = cloud.clone();
    set(&mut cloud, "q", json!({ "KmsMasterKeyId": "" })).unwrap();
    set(&mut other, "q", json!({ "KmsMasterKeyId": "", "SqsManagedSseEnabled": "true" })).unwrap();
    for (mut cloud, own) in [(cloud, "false"), (other, "true")] {
        pass(&mut cloud, 5);
        let live = attributes(&mut cloud, "q");
        assert_eq!((&live["SqsManagedSseEnabled"], live.get("KmsMasterKeyId")), (&json!(own), None));
    }
}

#[test]
fn a_fresh_queue_takes_no_dead_letters_yet() {
    let mut cloud = account("q", json!({}));
    ask(&mut cloud, "CreateQueue", json!({ "QueueName": "failed" })).unwrap();
    cloud.now += cloud.delays.of(KNOWN);
    let policy =
        json!({ "deadLetterTargetArn": "arn:aws:sqs:eu-west-1:123456789012:failed", "maxReceiveCount": 3 });
    let redrive = || json!({ "RedrivePolicy": policy.to_string() });
    let early = set(&mut cloud, "q", redrive()).unwrap_err();
    assert!(
        early.starts_with("InvalidParameterValueException: ") && early.ends_with("does not exist."),
        "{early}"
    );
    cloud.now += cloud.delays.of(TARGET);
    set(&mut cloud, "q", redrive()).unwrap();
    ask(&mut cloud, "DeleteQueue", json!({ "QueueUrl": url("failed") })).unwrap();
    assert!(Service::Sqs.broken(&cloud).is_empty(), "it is not a stack's");
    ask(&mut cloud, "TagQueue", json!({ "QueueUrl": url("q"), "Tags": { "provision:stack": "s" } })).unwrap();
    assert_eq!(Service::Sqs.broken(&cloud).len(), 1, "the queue that dead letters go to was deleted first");
}

#[test]
fn a_policy_takes_no_fresh_role_and_shows_the_id_of_a_deleted_one() {
    let mut cloud = account("q", json!({}));
    let trust = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": { "Service": "lambda.amazonaws.com" } }] });
    let role = json!({ "RoleName": "r", "AssumeRolePolicyDocument": trust.to_string() });
    let role = cloud.act(Service::Iam, "CreateRole", &role).unwrap()["Role"].clone();
    let statement = json!({ "Effect": "Allow", "Principal": { "AWS": [role["Arn"]] }, "Action": "sqs:SendMessage",
        "Resource": "*" });
    let policy = json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
    let early = set(&mut cloud, "q", json!({ "Policy": policy })).unwrap_err();
    assert_eq!(early, "InvalidAttributeValue: Invalid value for the parameter Policy.");
    cloud.hindrance = Some(super::fails_without_a_word);
    assert_eq!(set(&mut cloud, "q", json!({ "Policy": policy })).unwrap_err(), ": ");
    cloud.now += cloud.delays.of(ASSUMABLE);
    set(&mut cloud, "q", json!({ "Policy": policy })).unwrap();
    pass(&mut cloud, 5);
    let shown = |cloud: &mut Cloud| -> Json {
        serde_json::from_str(attributes(cloud, "q")["Policy"].as_str().unwrap()).unwrap()
    };
    let statement = shown(&mut cloud)["Statement"].clone();
    assert_eq!((&statement["Principal"]["AWS"], &statement["Sid"]), (&role["Arn"], &json!("1")));
    cloud.act(Service::Iam, "DeleteRole", &json!({ "RoleName": "r" })).unwrap();
    assert_eq!(shown(&mut cloud)["Statement"]["Principal"]["AWS"], role["RoleId"]);
}

#[test]
fn queues_are_listed_in_pages_only_for_who_says_how_long_they_are() {
    let mut cloud = account("a", json!({}));
    for name in ["b", "c"] {
        ask(&mut cloud, "CreateQueue", json!({ "QueueName": name })).unwrap();
    }
    let listed = |cloud: &mut Cloud, with: Json| {
        let list = ask(cloud, "ListQueues", with).unwrap();
        (list["QueueUrls"].as_array().map_or(0, Vec::len), list["NextToken"].is_string())
    };
    assert_eq!(listed(&mut cloud, json!({})), (1, false), "lists are late");
    pass(&mut cloud, 5);
    assert_eq!(listed(&mut cloud, json!({})), (3, false));
    assert_eq!(listed(&mut cloud, json!({ "MaxResults": 1000 })), (2, true));
}

/// SDKs go by the older code in the header, and find it in the body by another name.
#[test]
fn an_error_has_two_codes() {
    let missing = call("GetQueueUrl", json!({ "QueueName": "none" }));
    let refusal = Cloud { now: Time::ZERO, ..Cloud::default() }.handle(&missing).unwrap_err();
    let response = error(&missing, &refusal, "id");
    let header =
        response.headers.iter().find(|(name, _)| *name == "x-amzn-query-error").map(|(_, value)| value);
    assert_eq!(header.unwrap(), "AWS.SimpleQueueService.NonExistentQueue;Sender");
    assert!(response.body.contains("\"com.amazonaws.sqs#QueueDoesNotExist\""), "{}", response.body);
    let failed =
        error(&missing, &ServiceError { status: 500, ..ServiceError::new("InternalFailure", "") }, "id");
    assert!(failed.headers.iter().any(|(_, value)| value == "InternalFailure;Receiver"));
    let found = success(&missing, &json!({ "QueueUrl": url("q") }), "id");
    assert!(found.headers.iter().all(|(name, _)| *name != "x-amzn-query-error"));
}

/// Each attribute can be changed by hand, and each change shows.
#[test]
fn every_change_by_hand_shows() {
    let mut cloud = account("q", json!({ "Policy": POLICY, "KmsMasterKeyId": "alias/k" }));
    let target =
        json!({ "deadLetterTargetArn": "arn:aws:sqs:eu-west-1:123456789012:q", "maxReceiveCount": 3 });
    for (name, attributes) in
        [("r", json!({ "RedrivePolicy": target.to_string() })), ("s.fifo", json!({ "FifoQueue": "true" }))]
    {
        ask(&mut cloud, "CreateQueue", json!({ "QueueName": name, "Attributes": attributes })).unwrap();
    }
    for queue in cloud.sqs.queues.values_mut() {
        queue.tags.insert("provision:stack".to_owned(), "s".to_owned());
    }
    let before = Service::Sqs.dump(&cloud);
    for (what, change) in super::by_hand::DRIFTS {
        let mut cloud = cloud.clone();
        assert!(change(&mut cloud, "s", 0).is_some(), "{what}");
        assert_ne!(Service::Sqs.dump(&cloud), before, "{what}");
        assert!(change(&mut cloud, "other", 0).is_none(), "{what}");
    }
}

const POLICY: &str = r#"{"Version":"2012-10-17","Statement":[
    {"Sid":"provision-8ad5775a7616cc08-One","Effect":"Allow","Principal":"*","Action":"sqs:SendMessage","Resource":"*"}]}"#;

/// Without a key it means nothing: it is accepted, and no read shows it [hazards: Q4].
#[test]
fn how_long_data_keys_live_shows_only_with_a_key() {
    let mut cloud = account("q", json!({}));
    set(&mut cloud, "q", json!({ "KmsDataKeyReusePeriodSeconds": "900" })).unwrap();
    pass(&mut cloud, 60);
    assert_eq!(attributes(&mut cloud, "q").get("KmsDataKeyReusePeriodSeconds"), None);
    set(&mut cloud, "q", json!({ "KmsMasterKeyId": "alias/k" })).unwrap();
    pass(&mut cloud, 60);
    assert!(attributes(&mut cloud, "q").get("KmsDataKeyReusePeriodSeconds").is_some());
}

/// Each is valid with some values of the other only [hazards: Q6].
#[test]
fn the_limit_of_a_group_needs_the_scope_of_a_group() {
    let mut cloud = account("q.fifo", json!({ "FifoQueue": "true" }));
    let limit = json!({ "FifoThroughputLimit": "perMessageGroupId" });
    let refused = "InvalidAttributeValue: To set FifoThroughputLimit to perMessageGroupId, the DeduplicationScope must be \
                   messageGroup";
    assert_eq!(set(&mut cloud, "q.fifo", limit).unwrap_err(), refused);
    let both = json!({ "FifoThroughputLimit": "perMessageGroupId", "DeduplicationScope": "messageGroup" });
    set(&mut cloud, "q.fifo", both).unwrap();
    pass(&mut cloud, 60);
    assert_eq!(set(&mut cloud, "q.fifo", json!({ "DeduplicationScope": "queue" })).unwrap_err(), refused);
    let content = json!({ "ContentBasedDeduplication": "true" });
    set(&mut cloud, "q.fifo", content).unwrap();
}

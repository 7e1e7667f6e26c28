//! Tests of the rules of topics and subscriptions that no single request shows.

use crate::clock::BEGINNING;
use crate::cloud::{Cloud, LISTS};
use crate::services::Service;
use crate::services::iam::ASSUMABLE;
use crate::wire::Call;
use serde_json::{Value as Json, json};

/// The answer to a call, as a text for an error: its code and what it says.
fn ask(cloud: &mut Cloud, operation: &str, params: Json) -> Result<Json, String> {
    let operation = &Service::Sns.model().operations[operation];
    let call = Call { service: Service::Sns, operation, params };
    cloud.handle(&call).map_err(|error| format!("{}: {}", error.code, error.message))
}

const NEWS: &str = "arn:aws:sns:eu-west-1:123456789012:news";
const WORK: &str = "arn:aws:sqs:eu-west-1:123456789012:work";

fn account() -> Cloud {
    let mut cloud = Cloud { now: BEGINNING, ..Cloud::default() };
    ask(&mut cloud, "CreateTopic", json!({ "Name": "news" })).unwrap();
    cloud
}

fn subscribe(cloud: &mut Cloud, protocol: &str, endpoint: &str, with: Json) -> Result<String, String> {
    let params = json!({ "TopicArn": NEWS, "Protocol": protocol, "Endpoint": endpoint, "Attributes": with,
        "ReturnSubscriptionArn": true });
    Ok(ask(cloud, "Subscribe", params)?["SubscriptionArn"].as_str().unwrap().to_owned())
}

fn listed(cloud: &mut Cloud) -> Vec<Json> {
    cloud.now += cloud.delays.of(LISTS);
    let list = ask(cloud, "ListSubscriptionsByTopic", json!({ "TopicArn": NEWS })).unwrap();
    list["Subscriptions"].as_array().unwrap().clone()
}

fn attributes(cloud: &mut Cloud, arn: &str) -> Json {
    ask(cloud, "GetSubscriptionAttributes", json!({ "SubscriptionArn": arn })).unwrap()["Attributes"].clone()
}

fn set(cloud: &mut Cloud, arn: &str, name: &str, value: Option<&str>) -> Result<Json, String> {
    let params = json!({ "SubscriptionArn": arn, "AttributeName": name });
    let params = match value {
        None => params,
        Some(value) => json!({ "SubscriptionArn": arn, "AttributeName": name, "AttributeValue": value }),
    };
    ask(cloud, "SetSubscriptionAttributes", params)
}

#[test]
fn what_nobody_has_confirmed_has_no_arn_in_lists_and_goes_by_itself() {
    let mut cloud = account();
    let arn = subscribe(&mut cloud, "email", "a@example.com", json!({})).unwrap();
    assert!(arn.starts_with(NEWS), "{arn}");
    assert_eq!(listed(&mut cloud)[0]["SubscriptionArn"], "PendingConfirmation");
    assert_eq!(attributes(&mut cloud, &arn)["PendingConfirmation"], "true");
    let refused = ask(&mut cloud, "Unsubscribe", json!({ "SubscriptionArn": arn })).unwrap_err();
    assert!(refused.contains("cannot unsubscribe a subscription that is pending confirmation"), "{refused}");
    let mut confirmed = cloud.clone();
    super::confirm(&mut confirmed);
    assert_eq!(listed(&mut confirmed)[0]["SubscriptionArn"], arn.as_str());
    super::expire(&mut cloud);
    assert!(listed(&mut cloud).is_empty());
}

#[test]
fn a_scope_without_a_filter_is_remembered_and_not_shown() {
    let mut cloud = account();
    let arn = subscribe(&mut cloud, "sqs", WORK, json!({})).unwrap();
    set(&mut cloud, &arn, "FilterPolicyScope", Some("MessageBody")).unwrap();
    assert_eq!(attributes(&mut cloud, &arn).get("FilterPolicyScope"), None);
    set(&mut cloud, &arn, "FilterPolicy", Some(r#"{"a":{"b":[1]}}"#)).unwrap();
    assert_eq!(attributes(&mut cloud, &arn)["FilterPolicyScope"], "MessageBody");
    let nested = set(&mut cloud, &arn, "FilterPolicyScope", Some("MessageAttributes")).unwrap_err();
    assert!(nested.contains("does not support nested filter policy"), "{nested}");
    set(&mut cloud, &arn, "FilterPolicy", Some("{}")).unwrap();
    assert_eq!(attributes(&mut cloud, &arn).get("FilterPolicy"), None);
}

#[test]
fn dead_letters_are_taken_away_by_no_value() {
    let mut cloud = account();
    let arn = subscribe(&mut cloud, "sqs", WORK, json!({})).unwrap();
    let policy = json!({ "deadLetterTargetArn": WORK }).to_string();
    set(&mut cloud, &arn, "RedrivePolicy", Some(&policy)).unwrap();
    assert!(set(&mut cloud, &arn, "RedrivePolicy", Some("")).is_err());
    set(&mut cloud, &arn, "RedrivePolicy", None).unwrap();
    assert_eq!(attributes(&mut cloud, &arn).get("RedrivePolicy"), None);
}

#[test]
fn a_policy_takes_no_fresh_role_and_shows_the_id_of_a_deleted_one() {
    let mut cloud = account();
    let trust = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": { "Service": "lambda.amazonaws.com" } }] });
    let role = json!({ "RoleName": "r", "AssumeRolePolicyDocument": trust.to_string() });
    let role = cloud.act(Service::Iam, "CreateRole", &role).unwrap()["Role"].clone();
    let statement = json!({ "Effect": "Allow", "Principal": { "AWS": [role["Arn"]] }, "Action": "sns:Publish",
        "Resource": NEWS });
    let policy = json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
    let params = || json!({ "TopicArn": NEWS, "AttributeName": "Policy", "AttributeValue": policy });
    let early = ask(&mut cloud, "SetTopicAttributes", params()).unwrap_err();
    assert_eq!(early, "InvalidParameter: Invalid parameter: Policy Error: PrincipalNotFound");
    cloud.now += cloud.delays.of(ASSUMABLE);
    ask(&mut cloud, "SetTopicAttributes", params()).unwrap();
    let shown = |cloud: &mut Cloud| {
        let all = ask(cloud, "GetTopicAttributes", json!({ "TopicArn": NEWS })).unwrap();
        all["Attributes"]["Policy"].as_str().unwrap().to_owned()
    };
    assert!(shown(&mut cloud).contains(role["Arn"].as_str().unwrap()));
    cloud.act(Service::Iam, "DeleteRole", &json!({ "RoleName": "r" })).unwrap();
    assert!(shown(&mut cloud).contains(role["RoleId"].as_str().unwrap()));
}

/// A subscription of a stack's topic that SNS could not deliver to breaks what must hold.
#[test]
fn a_queue_that_does_not_let_the_topic_in_is_noticed() {
    let mut cloud = account();
    subscribe(&mut cloud, "sqs", WORK, json!({})).unwrap();
    assert!(Service::Sns.broken(&cloud).is_empty(), "it is not a stack's");
    cloud.sns.topics.get_mut("news").unwrap().tags.insert("provision:stack".to_owned(), "s".to_owned());
    assert_eq!(Service::Sns.broken(&cloud).len(), 1, "there is no queue");
    crate::services::sqs::make(&mut cloud, "work", &[]);
    assert_eq!(Service::Sns.broken(&cloud).len(), 1, "it has no policy");
    let statement = json!({ "Effect": "Allow", "Principal": { "Service": "sns.amazonaws.com" },
        "Action": "sqs:SendMessage", "Resource": WORK, "Condition": { "ArnEquals": { "aws:SourceArn": NEWS } } });
    let policy = json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
    cloud.sqs.queues.get_mut("work").unwrap().attributes.insert("Policy".to_owned(), policy);
    assert_eq!(Service::Sns.broken(&cloud), []);
}

/// Each attribute can be changed by hand, and each change shows.
#[test]
fn every_change_by_hand_shows() {
    let mut cloud = account();
    let statement = json!({ "Sid": "provision-8ad5775a7616cc08-One", "Effect": "Allow", "Principal": "*",
        "Action": "sns:Publish", "Resource": NEWS });
    let policy = json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
    cloud.sns.topics.clear();
    let with = json!({ "KmsMasterKeyId": "alias/k", "Policy": policy });
    ask(&mut cloud, "CreateTopic", json!({ "Name": "news", "Attributes": with })).unwrap();
    let fifo = json!({ "FifoTopic": "true" });
    ask(&mut cloud, "CreateTopic", json!({ "Name": "n.fifo", "Attributes": fifo })).unwrap();
    let dead = json!({ "deadLetterTargetArn": WORK }).to_string();
    let with = json!({ "FilterPolicy": r#"{"a":[1]}"#, "RedrivePolicy": dead });
    subscribe(&mut cloud, "sqs", WORK, with).unwrap();
    for topic in cloud.sns.topics.values_mut() {
        topic.tags.insert("provision:stack".to_owned(), "s".to_owned());
    }
    let before = Service::Sns.dump(&cloud);
    for (what, change) in super::by_hand::DRIFTS {
        let mut cloud = cloud.clone();
        assert!(change(&mut cloud, "s", 0).is_some(), "{what}");
        assert_ne!(Service::Sns.dump(&cloud), before, "{what}");
        assert!(change(&mut cloud, "other", 0).is_none(), "{what}");
    }
}

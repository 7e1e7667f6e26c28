//! Tests of the rules of buses and rules that no single request shows.

use crate::clock::BEGINNING;
use crate::cloud::{Cloud, ServiceError};
use crate::services::Service;
use crate::services::iam::ASSUMABLE;
use crate::wire::Call;
use serde_json::{Value as Json, json};
use std::time::Duration;

/// The answer to a call, as a text for an error: its code and what it says.
fn ask(cloud: &mut Cloud, operation: &str, params: Json) -> Result<Json, String> {
    let service = Service::Events;
    let call = Call { service, operation: &service.model().operations[operation], params };
    cloud.handle(&call).map_err(|error: ServiceError| format!("{}: {}", error.code, error.message))
}

fn targets() -> Json {
    json!({ "Rule": "paid", "Targets": [{ "Id": "one", "Arn": "arn:aws:sqs:eu-west-1:123456789012:jobs" }] })
}

/// An account with a rule that has a target.
fn account() -> Cloud {
    let mut cloud = Cloud { now: BEGINNING, ..Cloud::default() };
    let rule = json!({ "Name": "paid", "EventPattern": "{\"source\":[\"shop\"]}", "Tags": [{ "Key": "a", "Value": "1" }] });
    ask(&mut cloud, "PutRule", rule).unwrap();
    ask(&mut cloud, "PutTargets", targets()).unwrap();
    cloud
}

#[test]
fn a_rule_still_has_targets_a_moment_after_the_last() {
    let mut cloud = account();
    let delete = || json!({ "Name": "paid" });
    let refused = "ValidationException: Rule can't be deleted since it has targets.";
    assert_eq!(ask(&mut cloud, "DeleteRule", delete()).unwrap_err(), refused);
    ask(&mut cloud, "RemoveTargets", json!({ "Rule": "paid", "Ids": ["one"] })).unwrap();
    assert_eq!(ask(&mut cloud, "DeleteRule", delete()).unwrap_err(), refused);
    cloud.now += Duration::from_secs(10);
    ask(&mut cloud, "DeleteRule", delete()).unwrap();
    ask(&mut cloud, "DeleteRule", delete()).unwrap();
}

#[test]
fn a_change_of_targets_may_fail_in_part() {
    let mut cloud = account();
    cloud.events.partly = 1;
    let failed = ask(&mut cloud, "PutTargets", targets()).unwrap();
    assert_eq!(
        (&failed["FailedEntryCount"], &failed["FailedEntries"][0]["TargetId"]),
        (&json!(1), &json!("one"))
    );
    let gone = ask(&mut cloud, "RemoveTargets", json!({ "Rule": "paid", "Ids": ["none"] })).unwrap();
    assert_eq!(gone["FailedEntries"][0]["ErrorCode"], "ResourceNotFoundException");
}

#[test]
fn a_rule_is_overwritten_but_for_its_tags_and_targets() {
    let mut cloud = account();
    let rule = json!({ "Name": "paid", "ScheduleExpression": "rate(1 day)", "Tags": [{ "Key": "b", "Value": "2" }] });
    ask(&mut cloud, "PutRule", rule).unwrap();
    cloud.now += Duration::from_secs(10);
    let rule = &cloud.events.rules["default/paid"];
    assert_eq!((&rule.pattern, rule.targets.len(), rule.tags.len()), (&None, 1, 1));
    assert_eq!(rule.tags.keys().collect::<Vec<_>>(), ["a"]);
}

/// [aws-facts-services: Propagation]
#[test]
fn a_policy_takes_no_fresh_role() {
    let mut cloud = account();
    ask(&mut cloud, "CreateEventBus", json!({ "Name": "orders" })).unwrap();
    let trust = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": { "Service": "lambda.amazonaws.com" } }] });
    let role = json!({ "RoleName": "r", "AssumeRolePolicyDocument": trust.to_string() });
    let role = cloud.act(Service::Iam, "CreateRole", &role).unwrap()["Role"]["Arn"].clone();
    let statement = json!({ "Sid": "a", "Effect": "Allow", "Principal": { "AWS": role }, "Action": "events:PutEvents",
        "Resource": "arn:aws:events:eu-west-1:123456789012:event-bus/orders" });
    let policy = json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
    let params = || json!({ "EventBusName": "orders", "Policy": policy });
    let early = ask(&mut cloud, "PutPermission", params()).unwrap_err();
    assert_eq!(early, "ValidationException: Invalid principal in policy");
    cloud.now += cloud.delays.of(ASSUMABLE);
    ask(&mut cloud, "PutPermission", params()).unwrap();
    assert_eq!(cloud.events.buses["orders"].policy.len(), 1);
}

/// A rule of another bus is looked for on the one that every account has, and to delete what does not exist succeeds: the rule
/// stays [hazards: E1].
#[test]
fn a_rule_is_found_only_with_its_bus() {
    let mut cloud = account();
    ask(&mut cloud, "CreateEventBus", json!({ "Name": "orders" })).unwrap();
    let rule = json!({ "Name": "sold", "EventBusName": "orders", "EventPattern": "{\"source\":[\"shop\"]}" });
    ask(&mut cloud, "PutRule", rule).unwrap();
    let missing = "ResourceNotFoundException: Rule sold does not exist on EventBus default.";
    assert_eq!(ask(&mut cloud, "DescribeRule", json!({ "Name": "sold" })).unwrap_err(), missing);
    ask(&mut cloud, "DeleteRule", json!({ "Name": "sold" })).unwrap();
    assert!(cloud.events.rules.contains_key("orders/sold"));
    ask(&mut cloud, "DeleteRule", json!({ "Name": "sold", "EventBusName": "orders" })).unwrap();
}

/// The rule of an archive is AWS's own [hazards: E4].
#[test]
fn what_aws_manages_takes_no_change() {
    let mut cloud = account();
    let rule = cloud.events.rules.get_mut("default/paid").unwrap();
    rule.managed_by = Some("prod.vhs.events.aws.internal".to_owned());
    let refused =
        "ManagedRuleException: Rule paid is a managed rule. Set 'force' parameter to true to override.";
    let put = json!({ "Name": "paid", "EventPattern": "{\"source\":[\"other\"]}" });
    for (operation, params) in [
        ("PutRule", put),
        ("DeleteRule", json!({ "Name": "paid" })),
        ("PutTargets", targets()),
        ("RemoveTargets", json!({ "Rule": "paid", "Ids": ["one"] })),
    ] {
        assert_eq!(ask(&mut cloud, operation, params).unwrap_err(), refused, "{operation}");
    }
}

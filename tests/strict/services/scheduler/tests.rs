//! Tests of the rules of schedules that no single request shows.

use super::expression::{is_of_rule, is_of_schedule};
use super::group::DELETED;
use crate::clock::BEGINNING;
use crate::cloud::{Cloud, ServiceError};
use crate::services::Service;
use crate::services::iam::ASSUMABLE;
use crate::wire::Call;
use serde_json::{Value as Json, json};

/// The answer to a call, as a text for an error: its code and what it says.
fn ask(cloud: &mut Cloud, service: Service, operation: &str, params: Json) -> Result<Json, String> {
    let call = Call { service, operation: &service.model().operations[operation], params };
    cloud.handle(&call).map_err(|error: ServiceError| format!("{}: {}", error.code, error.message))
}

fn schedule(group: &str) -> Json {
    let target = json!({ "Arn": "arn:aws:sqs:eu-west-1:123456789012:jobs", "RoleArn": "arn:aws:iam::123456789012:role/r" });
    json!({ "Name": "nightly", "GroupName": group, "ScheduleExpression": "rate(1 day)",
        "FlexibleTimeWindow": { "Mode": "OFF" }, "Target": target })
}

/// An account with a group, and a role that trusts the service for this group.
fn account() -> Cloud {
    let mut cloud = Cloud { now: BEGINNING, ..Cloud::default() };
    let condition = json!({ "ArnEquals": { "aws:SourceArn": "arn:aws:scheduler:eu-west-1:123456789012:schedule-group/shop" } });
    let trust = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": { "Service": "scheduler.amazonaws.com" }, "Condition": condition }] });
    let role = json!({ "RoleName": "r", "AssumeRolePolicyDocument": trust.to_string() });
    ask(&mut cloud, Service::Iam, "CreateRole", role).unwrap();
    for group in ["shop", "other"] {
        ask(&mut cloud, Service::Scheduler, "CreateScheduleGroup", json!({ "Name": group })).unwrap();
    }
    cloud
}

#[test]
fn a_role_must_trust_the_service_for_the_group() {
    let mut cloud = account();
    let early = ask(&mut cloud, Service::Scheduler, "CreateSchedule", schedule("shop")).unwrap_err();
    assert!(early.contains("must allow AWS EventBridge Scheduler to assume the role"), "{early}");
    cloud.now += cloud.delays.of(ASSUMABLE);
    ask(&mut cloud, Service::Scheduler, "CreateSchedule", schedule("shop")).unwrap();
    let other = ask(&mut cloud, Service::Scheduler, "CreateSchedule", schedule("other")).unwrap_err();
    assert!(other.contains("to assume the role"), "{other}");
}

#[test]
fn a_group_takes_its_time_to_end_and_its_schedules_with_it() {
    let mut cloud = account();
    cloud.now += cloud.delays.of(ASSUMABLE);
    ask(&mut cloud, Service::Scheduler, "CreateSchedule", schedule("shop")).unwrap();
    let shop = || json!({ "Name": "shop" });
    ask(&mut cloud, Service::Scheduler, "DeleteScheduleGroup", shop()).unwrap();
    let shown = ask(&mut cloud, Service::Scheduler, "GetScheduleGroup", shop()).unwrap();
    assert_eq!(shown["State"], "DELETING");
    let again = ask(&mut cloud, Service::Scheduler, "CreateScheduleGroup", shop()).unwrap_err();
    assert_eq!(again, "ConflictException: Schedule group shop is being deleted.");
    assert_eq!(cloud.scheduler.schedules.len(), 1);
    cloud.now += cloud.delays.of(DELETED);
    let gone = ask(&mut cloud, Service::Scheduler, "GetScheduleGroup", shop()).unwrap_err();
    assert_eq!(gone, "ResourceNotFoundException: Schedule group shop does not exist.");
    assert!(cloud.scheduler.schedules.is_empty());
}

/// What a schedule needs must be there as long as it comes, which is until its group is gone.
#[test]
fn a_schedule_without_its_role_target_or_queue_is_noticed_until_its_group_is_gone() {
    let mut cloud = account();
    cloud.now += cloud.delays.of(ASSUMABLE);
    let mut params = schedule("shop");
    params["Target"]["DeadLetterConfig"] = json!({ "Arn": "arn:aws:sqs:eu-west-1:123456789012:failed" });
    ask(&mut cloud, Service::Scheduler, "CreateSchedule", params).unwrap();
    let why = |cloud: &Cloud| -> Vec<String> {
        Service::Scheduler.broken(cloud).into_iter().map(|(_, why)| why).collect()
    };
    assert!(why(&cloud).is_empty(), "it is not a stack's");
    let tags = &mut cloud.scheduler.groups.get_mut("shop").unwrap().tags;
    tags.insert("provision:stack".to_owned(), "s".to_owned());
    let no = |name: &str| format!("there is no arn:aws:sqs:eu-west-1:123456789012:{name}");
    assert_eq!(why(&cloud), [no("jobs"), no("failed")]);
    for queue in ["jobs", "failed"] {
        crate::services::sqs::make(&mut cloud, queue, &[]);
    }
    assert!(why(&cloud).is_empty());
    ask(&mut cloud, Service::Scheduler, "DeleteScheduleGroup", json!({ "Name": "shop" })).unwrap();
    cloud.sqs.queues.remove("jobs");
    ask(&mut cloud, Service::Iam, "DeleteRole", json!({ "RoleName": "r" })).unwrap();
    assert_eq!(why(&cloud), ["its role is gone".to_owned(), no("jobs")]);
    settings_of(&mut cloud)["State"] = "DISABLED".into();
    assert!(why(&cloud).is_empty(), "it does not come");
    settings_of(&mut cloud)["State"] = "ENABLED".into();
    cloud.now += cloud.delays.of(DELETED);
    ask(&mut cloud, Service::Scheduler, "ListSchedules", json!({})).unwrap();
    assert!(why(&cloud).is_empty(), "it is gone with its group");
}

fn settings_of(cloud: &mut Cloud) -> &mut Json {
    &mut cloud.scheduler.schedules.get_mut("shop/nightly").unwrap().settings
}

#[test]
fn expressions_are_read_as_recorded() {
    for valid in [
        "rate(1 minute)",
        "rate(5 minutes)",
        "cron(0-15/1 8-8 ? * 2,3,4,5,6,7 *)",
        "cron(30-30 13-13 ? * 2,4,6 *)",
        "cron(*/15 * * * ? *)",
        "cron(0-59/10 0-23/2 ? * * *)",
        "cron(15 10 ? * 6L 2002-2005)",
        "cron(* * ? * SAT#3 *)",
        "cron(0/5 5 ? JAN 1-5 2022)",
        "cron(5,35 14 * * ? *)",
        "cron(0 8 1 * ? *)",
    ] {
        assert!(is_of_rule(valid), "{valid}");
    }
    for wrong in [
        "cron(0 1 * * * *)",
        "cron(7 20 * * NOT *)",
        "cron(INVALID)",
        "cron(0 dummy ? * MON-FRI *)",
        "cron(71 8 1 * ? *)",
        "cron()",
        "rate(10 seconds)",
        "rate(10 years)",
        "rate()",
        "rate(10)",
        "rate(10 minutess)",
        "rate(foo minutes)",
        "rate(0 minutes)",
        "rate(-10 minutes)",
        "rate( 10 minutes )",
        " rate(10 minutes)",
        "rate(1 minutes)",
        "at(2021-12-31T23:59:59Z)",
        "at(2021-12-31)",
    ] {
        assert!(!is_of_schedule(wrong), "{wrong}");
    }
    assert!(is_of_schedule("at(2031-12-31T23:59:59)") && !is_of_rule("at(2031-12-31T23:59:59)"));
}

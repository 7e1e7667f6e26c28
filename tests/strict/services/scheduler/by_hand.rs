//! What people and other tools do with schedules and their groups.

use super::group::{Group, remove};
use super::schedule::{Schedule, key, settings};
use crate::cloud::{Cloud, Tags};
use crate::random::Wire;
use crate::service::{Drift, ID, Make, Marked, changed, map, pick, retag};
use serde_json::{Value as Json, json};

impl Marked for Group {
    fn tags(&self) -> &Tags {
        &self.tags
    }
}

pub(super) const DRIFTS: &[(&str, Drift)] = &[
    ("a schedule group is deleted with its schedules", |cloud, stack, nth| {
        let name = pick(&cloud.scheduler.groups, |group| group.is_of(stack), nth)?;
        remove(cloud, &name);
        Some(name)
    }),
    ("a schedule group's tags are changed", |cloud, stack, nth| {
        changed(&mut cloud.scheduler.groups, stack, nth, |group| retag(&mut group.tags))
    }),
    ("a schedule is deleted", |cloud, stack, nth| {
        let key = of(cloud, stack, nth)?;
        cloud.scheduler.schedules.remove(&key);
        Some(key)
    }),
    ("a schedule is disabled or enabled", |cloud, stack, nth| {
        change(cloud, stack, nth, |schedule| {
            let other = if schedule["State"] == "ENABLED" { "DISABLED" } else { "ENABLED" };
            schedule["State"] = other.into();
        })
    }),
    ("a schedule comes at another time", |cloud, stack, nth| {
        change(cloud, stack, nth, |schedule| schedule["ScheduleExpression"] = "rate(17 days)".into())
    }),
    ("a schedule counts by another zone", |cloud, stack, nth| {
        change(cloud, stack, nth, |schedule| schedule["ScheduleExpressionTimezone"] = "Asia/Tokyo".into())
    }),
    ("a schedule has a window", |cloud, stack, nth| {
        change(cloud, stack, nth, |schedule| {
            schedule["FlexibleTimeWindow"] = json!({ "Mode": "FLEXIBLE", "MaximumWindowInMinutes": 77 })
        })
    }),
    ("a schedule begins and ends at other times", |cloud, stack, nth| {
        change(cloud, stack, nth, |schedule| {
            schedule["StartDate"] = json!(1_900_000_000.0);
            schedule["EndDate"] = json!(1_900_000_077.0);
        })
    }),
    ("a schedule ends itself", |cloud, stack, nth| {
        change(cloud, stack, nth, |schedule| schedule["ActionAfterCompletion"] = "DELETE".into())
    }),
    ("a schedule hands on something else", |cloud, stack, nth| {
        change(cloud, stack, nth, |schedule| schedule["Target"]["Input"] = r#"{"theirs":true}"#.into())
    }),
    ("a schedule starts something else", |cloud, stack, nth| {
        change(cloud, stack, nth, |schedule| {
            schedule["Target"]["Arn"] = "arn:aws:sqs:eu-west-1:123456789012:theirs".into()
        })
    }),
    ("a schedule tries its target less often", |cloud, stack, nth| {
        change(cloud, stack, nth, |schedule| {
            schedule["Target"]["RetryPolicy"] =
                json!({ "MaximumRetryAttempts": 3, "MaximumEventAgeInSeconds": 77 })
        })
    }),
    ("a schedule sends its dead letters elsewhere", |cloud, stack, nth| {
        change(cloud, stack, nth, |schedule| {
            schedule["Target"]["DeadLetterConfig"] =
                json!({ "Arn": "arn:aws:sqs:eu-west-1:123456789012:theirs" })
        })
    }),
];

/// A schedule in a group of a stack.
fn of(cloud: &Cloud, stack: &str, nth: usize) -> Option<String> {
    let is_of = |schedule: &Schedule| {
        cloud.scheduler.groups.get(&schedule.group).is_some_and(|group| group.is_of(stack))
    };
    pick(&cloud.scheduler.schedules, is_of, nth)
}

fn change(cloud: &mut Cloud, stack: &str, nth: usize, change: impl FnOnce(&mut Json)) -> Option<String> {
    let key = of(cloud, stack, nth)?;
    change(&mut cloud.scheduler.schedules.get_mut(&key)?.settings);
    Some(key)
}

/// The name of a stack's group.
fn group_of(stack: &str) -> String {
    stack.replace('/', ".")
}

pub(super) const UNMANAGED: &[(&str, Make)] = &[
    ("a schedule group of a near name", |cloud, stack, _| {
        make(cloud, &format!("{}-2", group_of(stack)), &[])
    }),
    ("a schedule group of another stack", |cloud, _, _| {
        make(cloud, "walk.prod", &[("provision:stack", "walk/prod")])
    }),
];

/// What schedules start, but for streams.
const STARTED: &[&str] = &["functions", "queues", "topics", "state_machines"];

pub(super) const WIRES: &[Wire] = &[
    (STARTED, "{ schedule: rate(1 hour) }"),
    (
        STARTED,
        "{ schedule: \"cron(0 8 * * ? *)\", timezone: Europe/Berlin, dead_letter: <queues>, name: daily }",
    ),
    (
        STARTED,
        "{ schedule: rate(1 day), input: { a: [1, b] }, flexible: 15 minutes, enabled: false, name: once }",
    ),
    (&["queues"], "{ schedule: rate(1 hour), group: all, name: grouped }"),
    (&["streams"], "{ schedule: rate(1 hour), partition_key: all }"),
    (&["functions"], "{ schedule: rate(2 hours), alias: next, name: next }"),
];

/// A group with a schedule.
pub(super) fn make(cloud: &mut Cloud, name: &str, tags: &[(&str, &str)]) {
    let now = cloud.now;
    if cloud.scheduler.groups.contains_key(name) {
        return;
    }
    cloud.scheduler.groups.insert(name.to_owned(), Group::new(now, map(tags)));
    let target = json!({ "Arn": "arn:aws:sqs:eu-west-1:123456789012:theirs", "RoleArn": "arn:aws:iam::123456789012:role/theirs" });
    let with = json!({ "ScheduleExpression": "rate(1 hour)", "FlexibleTimeWindow": { "Mode": "OFF" }, "Target": target });
    let schedule = Schedule::new(now, (name, "theirs"), settings(&with));
    cloud.scheduler.schedules.insert(key(name, "theirs"), schedule);
}

/// Changes all groups and schedules wherever they can be changed.
pub(super) fn change_all(cloud: &mut Cloud) {
    for group in cloud.scheduler.groups.values_mut() {
        group.tags.remove(ID);
    }
    for schedule in cloud.scheduler.schedules.values_mut() {
        let role = schedule.settings["Target"]["RoleArn"].clone();
        schedule.settings = settings(&json!({
            "ActionAfterCompletion": "DELETE", "Description": "theirs", "EndDate": 1_900_000_077.0, "StartDate": 1_900_000_000.0,
            "FlexibleTimeWindow": { "Mode": "FLEXIBLE", "MaximumWindowInMinutes": 77 },
            "ScheduleExpression": "rate(17 days)", "ScheduleExpressionTimezone": "Asia/Tokyo", "State": "DISABLED",
            "Target": { "Arn": "arn:aws:sqs:eu-west-1:123456789012:theirs", "RoleArn": role, "Input": "{\"theirs\":true}",
                "RetryPolicy": { "MaximumRetryAttempts": 3, "MaximumEventAgeInSeconds": 77 } },
        }));
    }
}

/// A schedule that is no longer declared.
pub(super) fn leave_behind(cloud: &mut Cloud) {
    let Some(schedule) = cloud.scheduler.schedules.values().next().cloned() else { return };
    let schedule = Schedule { name: "earlier".to_owned(), ..schedule };
    cloud.scheduler.schedules.insert(key(&schedule.group, "earlier"), schedule);
}

//! The example with most settings: made, unchanged, changed field by field, and gone.

use super::shipped::whole;
use crate::cloud::Cloud;
use crate::dump::{differences, dump};
use crate::fixture::Fixture;
use crate::run::{Command, End, empty, later, run};
use std::time::Duration;

const EXAMPLE: &str = include_str!("../../../examples/depth/stack.yaml");

/// Long enough for late lists and logs, and for the tables' capacity.
const A_WHILE: Duration = Duration::from_secs(3_600);

/// Each a change of one field, and the kinds of call that it takes.
const CHANGES: &[(&str, &str, &[&str])] = &[
    ("billing: { read: 5, write: 5 }", "billing: { read: 6, write: 5 }", &["dynamodb:UpdateTable"]),
    ("    ttl: expires\n", "", &["dynamodb:UpdateTimeToLive"]),
    ("    point_in_time_recovery: true\n", "", &["dynamodb:UpdateContinuousBackups"]),
    ("retention: 14 days", "retention: 7 days", &["sqs:SetQueueAttributes"]),
    ("/depth/currency: EUR", "/depth/currency: CHF", &["ssm:PutParameter"]),
    ("[de, at, ch]", "[de, at]", &["ssm:PutParameter"]),
    ("The largest order", "The largest of all", &["ssm:PutParameter"]),
    ("description: Signs orders", "description: Signs", &["secretsmanager:UpdateSecret"]),
    (
        "access: { depth_orders: read }",
        "access: { depth_orders: [dynamodb:Query] }",
        &["iam:CreatePolicyVersion"],
    ),
    ("\"cloudwatch:PutMetricData\"", "\"cloudwatch:GetMetricData\"", &["iam:CreatePolicyVersion"]),
    ("trust: [lambda]", "trust: [lambda, states]", &["iam:UpdateAssumeRolePolicy"]),
    ("depth_totals: write, depth", "depth_totals: read-write, depth", &["iam:PutRolePolicy"]),
    ("description: Adds up orders", "description: Adds up", &["iam:UpdateRole"]),
    ("    max_session_duration: 2 hours\n", "", &["iam:UpdateRole"]),
    ("    managed_policies: [depth_read_orders]\n    logging", "    logging", &["iam:DetachRolePolicy"]),
    ("memory: 256", "memory: 512", &["lambda:UpdateFunctionConfiguration"]),
    ("    ephemeral_storage: 1024\n", "", &["lambda:UpdateFunctionConfiguration"]),
    ("description: Takes orders", "description: Takes", &["lambda:UpdateFunctionConfiguration"]),
    ("level: info", "level: debug", &["lambda:UpdateFunctionConfiguration"]),
    ("log_retention: 14", "log_retention: 7", &["logs:PutRetentionPolicy"]),
    ("retries: 1, max_age", "retries: 0, max_age", &["lambda:PutFunctionEventInvokeConfig"]),
    ("batch: 10, retries", "batch: 20, retries", &["lambda:UpdateEventSourceMapping"]),
    ("description: Orders and totals", "description: Orders", &["apigateway:UpdateApi"]),
];

fn example() -> Fixture {
    let every = Fixture::every();
    every.into_iter().find(|(name, _)| name == "depth").expect("the example").1
}

/// The account after an `up` that leaves nothing to do, with the names of the calls that it took.
#[track_caller]
fn up(cloud: &Cloud, stack: &Fixture, what: &str) -> (Cloud, Vec<String>) {
    let ran = whole(run(cloud, Command::Up(stack), None));
    let again = whole(run(&ran.cloud, Command::Up(stack), None));
    assert_eq!((again.writes(), &again.end), (vec![], &End::Done(0)), "{what}");
    let calls = ran.records.iter().filter(|record| record.write).map(|record| record.label.name.clone());
    (later(&ran.cloud, A_WHILE), calls.collect())
}

#[test]
fn each_field_is_changed_by_itself_and_nothing_is_left() {
    let example = example();
    let mut text = EXAMPLE.to_owned();
    let (mut cloud, _) = up(&empty(), &example, "at first");
    for (from, to, calls) in CHANGES {
        assert_eq!(text.matches(from).count(), 1, "{from}");
        text = text.replace(from, to);
        let stack = example.with_text(&text, None);
        let (changed, made) = up(&cloud, &stack, &format!("{from} became {to}"));
        assert!(
            made.iter().all(|call| calls.contains(&call.as_str())) && !made.is_empty(),
            "{from}: {made:?}"
        );
        cloud = changed;
    }
    let (fresh, _) = up(&empty(), &example.with_text(&text, None), "from nothing");
    assert_eq!(differences(&dump(&cloud), &dump(&fresh)), Vec::<String>::new());
    let down = run(&cloud, Command::Down(&example.with_text(&text, None)), None);
    assert!(dump(&later(&whole(down).cloud, A_WHILE)).is_empty());
}

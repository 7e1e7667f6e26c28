//! Policies of resources that name a role which the same `up` creates: no service knows it at first, and each says so in its own
//! words [aws-facts-services: Propagation].

use super::shipped::{well, whole};
use crate::dump::dump;
use crate::fixture::Fixture;
use crate::run::{Command, empty, later, run};
use std::time::Duration;

/// An entry in its section, an action, and the call that sets the policy, with the code of its refusal.
const POLICIES: &[(&str, &str, &str, &str, &str)] = &[
    ("queues", "", "sqs:SendMessage", "sqs:SetQueueAttributes", "InvalidAttributeValue"),
    ("topics", "", "sns:Subscribe", "sns:SetTopicAttributes", "InvalidParameter"),
    ("buckets", "", "s3:GetObject", "s3:PutBucketPolicy", "MalformedPolicy"),
    ("buses", "", "events:PutEvents", "events:PutPermission", "ValidationException"),
    ("streams", "shards: 1", "kinesis:GetRecords", "kinesis:PutResourcePolicy", "InvalidArgumentException"),
    ("tables", "partition_key: id", "dynamodb:GetItem", "dynamodb:PutResourcePolicy", "ValidationException"),
    (
        "secrets",
        "value: hidden",
        "secretsmanager:GetSecretValue",
        "secretsmanager:PutResourcePolicy",
        "MalformedPolicyDocumentException",
    ),
];

#[test]
fn a_policy_waits_until_a_new_role_is_known() {
    for (section, fields, action, call, refused) in POLICIES {
        let without = Fixture::of(&format!("stack: one\n{section}: {{ made: {{ {fields} }} }}\n"));
        let before = whole(run(&empty(), Command::Up(&without), None)).cloud;
        let before = later(&before, Duration::from_secs(60));
        let statement = format!(
            "{{ Effect: Allow, Principal: {{ AWS: \"${{roles.reader.arn}}\" }}, Action: \"{action}\" }}"
        );
        let fields = if fields.is_empty() { String::new() } else { format!("{fields}, ") };
        let with = Fixture::of(&format!(
            "stack: one\nroles: {{ reader: {{ trust: [\"111122223333\"] }} }}\n{section}: {{ made: {{ {fields}resource_policy: [{statement}] }} }}\n"
        ));
        let ran = whole(run(&before, Command::Up(&with), None));
        let calls = ran.records.iter().filter(|record| record.label.name == *call);
        let outcomes: Vec<&str> = calls.map(|record| record.outcome.as_str()).collect();
        assert!(outcomes.contains(refused), "{section}: it is not refused at first: {outcomes:?}");
        let cloud = later(&ran.cloud, Duration::from_secs(60));
        let made: String = dump(&cloud)
            .iter()
            .filter(|(name, _)| name.contains("made"))
            .map(|(_, state)| state.to_string())
            .collect();
        assert!(made.contains("reader") && made.contains(action), "{section}: {made}");
        assert_eq!(well(run(&cloud, Command::Up(&with), None)).writes(), Vec::<String>::new(), "{section}");
    }
}

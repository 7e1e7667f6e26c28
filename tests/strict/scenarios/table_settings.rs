//! Settings of tables that AWS changes seldom, or shows otherwise than the stack file names them.

use super::shipped::{well, whole};
use crate::cloud::Cloud;
use crate::faults::{FaultKind, Label, PlannedFault, Times};
use crate::fixture::Fixture;
use crate::run::{Command, End, Ran, empty, later, run};
use serde_json::json;
use std::collections::BTreeSet;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);

/// A stack of one table.
fn table(lines: &str) -> String {
    format!("stack: one\ntables:\n  pages:\n    partition_key: id\n{lines}")
}

fn up(cloud: &Cloud, text: &str) -> Ran {
    run(cloud, Command::Up(&Fixture::of(text)), None)
}

fn after(cloud: &Cloud, text: &str) -> Cloud {
    whole(up(cloud, text)).cloud
}

fn in_sync(cloud: &Cloud, text: &str) {
    let again = whole(up(cloud, text));
    assert_eq!((again.writes(), again.end), (vec![], End::Done(0)), "{text}");
}

/// The names of the calls that a run makes on tables.
fn calls(ran: &Ran) -> Vec<&str> {
    ran.records
        .iter()
        .map(|record| &*record.label.name)
        .filter(|name| name.starts_with("dynamodb:"))
        .collect()
}

/// The third change within 30 days is refused [aws-facts-services: 9, DG]. Everything else is applied all the same.
#[test]
fn a_third_change_of_the_class_holds_nothing_else_up() {
    let seldom = table("    class: standard-infrequent-access\n");
    let cloud = after(&after(&after(&empty(), &table("")), &seldom), &table(""));
    let more = format!("{seldom}    protect: true\n    indexes: {{ by-word: {{ partition_key: word }} }}\n");
    let refused = up(&cloud, &more);
    let End::Failed(errors) = &refused.end else { panic!("{:?}", refused.end) };
    let [error] = errors.as_slice() else { panic!("{errors:?}") };
    let told = "every other change was applied. DynamoDB accepts two changes of `class` in 30 days";
    assert!(
        error.starts_with("table pages: dynamodb:UpdateTable failed: ") && error.contains(told),
        "{error}"
    );
    let pages = &refused.cloud.dynamodb.tables["pages"];
    assert!(pages.protected);
    assert_eq!(pages.indexes.len(), 1);
    let month = after(&later(&refused.cloud, 31 * DAY), &more);
    in_sync(&month, &more);
}

/// DynamoDB shows the key itself, whatever named it [aws-facts-services: 9]. A run that dies before the tag tells which alias
/// that was is continued by the next one.
#[test]
fn an_alias_of_a_key_stays_what_names_it() {
    for key in ["aws", "alias/mails"] {
        let text = table(&format!("    kms_key: {key}\n"));
        for before in [empty(), after(&empty(), &table(""))] {
            let stack = Fixture::of(&text);
            let first = well(run(&before, Command::Up(&stack), None));
            let marks = |label: &&Label| label.name == "dynamodb:TagResource";
            let mut labels = first.records.iter().map(|record| &record.label);
            let at = labels.find(marks).expect("a tag with the alias").clone();
            let fault = PlannedFault { at, kind: FaultKind::Denied, times: Times::Always };
            let failed = run(&before, Command::Up(&stack), Some(fault));
            assert!(matches!(failed.end, End::Failed(_)), "{:?}", failed.end);
            in_sync(&after(&failed.cloud, &text), &text);
        }
    }
}

/// Another key is drift. After it was set back, and after the alias gave way to an ARN, nothing is left to be done.
#[test]
fn a_key_that_somebody_else_sets_is_set_back() {
    let alias = table("    kms_key: alias/mails\n");
    let mut cloud = after(&empty(), &alias);
    let theirs = "arn:aws:kms:eu-west-1:123456789012:key/theirs";
    let description = &mut cloud.dynamodb.tables.get_mut("pages").expect("a table").description;
    description["SSEDescription"]["KMSMasterKeyArn"] = json!(theirs);
    let back = after(&cloud, &alias);
    in_sync(&back, &alias);
    let own = table("    kms_key: \"arn:aws:kms:eu-central-1:123456789012:key/own\"\n");
    let by_arn = after(&back, &own);
    in_sync(&by_arn, &own);
    assert!(!by_arn.dynamodb.tables["pages"].tags.contains_key("provision:key"));
    let none = after(&by_arn, &table(""));
    in_sync(&none, &table(""));
    assert!(!none.dynamodb.tables["pages"].description.contains_key("SSEDescription"));
}

/// A policy may name a new role of the stack, and the indexes of its own table. One that somebody else changes is set back. After
/// it was removed from the file, no tag and no policy is left, also where a run died in between.
#[test]
fn a_policy_of_a_table_names_a_new_role_and_is_cleared() {
    let policy = "    indexes: { by-word: { partition_key: word } }
    contributor_insights: throttled-keys
    resource_policy:
      - { Effect: Allow, Principal: { AWS: \"${roles.reader.arn}\" }, Action: dynamodb:Query,
          Resource: [\"${tables.pages.arn}\", \"${tables.pages.arn}/index/*\"] }
roles: { reader: {} }
";
    let none = table("    indexes: { by-word: { partition_key: word } }\nroles: { reader: {} }\n");
    let text = table(policy);
    let cloud = after(&empty(), &text);
    in_sync(&cloud, &text);
    let mut theirs = cloud.clone();
    let pages = theirs.dynamodb.tables.get_mut("pages").expect("a table");
    pages.apart.by_hand(None, None);
    let back = after(&theirs, &text);
    in_sync(&back, &text);
    assert_eq!(back.dynamodb.tables["pages"].apart.dumped(), cloud.dynamodb.tables["pages"].apart.dumped());
    for call in
        ["dynamodb:DeleteResourcePolicy", "dynamodb:UpdateContributorInsights", "dynamodb:UntagResource"]
    {
        let whole_run = whole(up(&cloud, &none));
        let mut labels = whole_run.records.iter().map(|record| &record.label);
        let at = labels.find(|label| label.name == call).expect("such a call").clone();
        let fault = PlannedFault { at, kind: FaultKind::KilledAfterAll, times: Times::Once };
        let died = run(&cloud, Command::Up(&Fixture::of(&none)), Some(fault));
        assert_eq!(died.end, End::Died);
        let cleared = after(&died.cloud, &none);
        in_sync(&cleared, &none);
        let pages = &cleared.dynamodb.tables["pages"];
        assert_eq!(pages.apart.dumped(), json!({ "insights": null, "policy": null }));
        assert!(!pages.tags.contains_key("provision:settings"));
    }
}

/// A table without these settings costs the calls that it cost before there were any.
#[test]
fn a_table_without_these_settings_costs_no_call_for_them() {
    let first = whole(up(&empty(), &table("")));
    let again = whole(up(&first.cloud, &table("")));
    let reads = [
        "dynamodb:DescribeContinuousBackups",
        "dynamodb:DescribeTable",
        "dynamodb:DescribeTimeToLive",
        "dynamodb:ListTagsOfResource",
    ];
    assert_eq!(calls(&again).into_iter().collect::<BTreeSet<_>>(), reads.into());
    let others = calls(&first).into_iter().filter(|call| !reads.contains(call));
    assert_eq!(others.collect::<Vec<_>>(), ["dynamodb:CreateTable"]);
}

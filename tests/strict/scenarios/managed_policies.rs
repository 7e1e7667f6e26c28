//! Policies of the stack, on its own roles and on those of others.

use super::shipped::whole;
use crate::cloud::Cloud;
use crate::connector::Record;
use crate::dump::dump;
use crate::faults::{FaultKind, Label, PlannedFault, Times};
use crate::fixture::Fixture;
use crate::run::{Command, End, Ran, empty, later, planned, run};
use crate::services::Service;
use provision::adopt::AdoptRequest;
use serde_json::json;
use std::collections::BTreeSet;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

const STACK: &str = "stack: scans
tables: { pages: { partition_key: id } }
policies:
  upload: { access: { pages: write }, attach_to: [operator] }
functions:
  save: { code: lambdas/create_item, runtime: python3.13, managed_policies: [upload] }
";

const ARN: &str = "arn:aws:iam::123456789012:policy/provision/scans/_/eu-west-1/upload";
const OF_AWS: &str = "arn:aws:iam::aws:policy/ReadOnlyAccess";
/// Of another team, on the same roles.
const FOREIGN: &str = "arn:aws:iam::123456789012:policy/boundary";

/// An account whose roles have a policy already.
fn account() -> Cloud {
    let mut cloud = empty();
    for attached in cloud.iam.others.values_mut() {
        attached.extend([OF_AWS, FOREIGN].map(str::to_owned));
    }
    cloud
}

/// The account a minute after an `up` that leaves nothing to do.
#[track_caller]
fn settled(cloud: &Cloud, text: &str) -> Cloud {
    let stack = Fixture::of(text);
    let cloud = later(&whole(run(cloud, Command::Up(&stack), None)).cloud, MINUTE);
    let again = whole(run(&cloud, Command::Up(&stack), None));
    assert_eq!((again.writes(), &again.end), (vec![], &End::Done(0)), "{text}");
    cloud
}

/// The roles of others that have a policy of the stack.
fn attached(cloud: &Cloud, arn: &str) -> Vec<String> {
    let roles = cloud.iam.others.iter().filter(|(_, attached)| attached.contains(arn));
    roles.map(|(role, _)| role.clone()).collect()
}

/// What others have attached is still there.
#[track_caller]
fn others_are_untouched(cloud: &Cloud) {
    for (role, attached) in &cloud.iam.others {
        assert!([OF_AWS, FOREIGN].iter().all(|arn| attached.contains(*arn)), "{role}: {attached:?}");
    }
}

fn errors(ran: &Ran) -> String {
    match &ran.end {
        End::Failed(errors) => errors.join("\n"),
        other => panic!("{other:?}"),
    }
}

fn calls<'a>(ran: &'a Ran, name: &str) -> Vec<&'a Record> {
    ran.records.iter().filter(|record| record.label.name == format!("iam:{name}")).collect()
}

fn versions(cloud: &Cloud) -> Vec<u32> {
    cloud.iam.managed["upload"].versions.keys().copied().collect()
}

#[test]
fn a_policy_is_attached_to_roles_of_others_of_which_nothing_else_is_touched() {
    let cloud = settled(&account(), STACK);
    assert_eq!(attached(&cloud, ARN), ["operator"]);
    assert_eq!(cloud.iam.roles["save_role"].attached, [ARN.to_owned()].into());
    for (roles, expected) in
        [("[auditor]", vec!["auditor"]), ("[auditor, operator]", vec!["auditor", "operator"]), ("[]", vec![])]
    {
        let text = STACK.replace("[operator]", roles);
        let changed = settled(&cloud, &text);
        assert_eq!(attached(&changed, ARN), expected);
        others_are_untouched(&changed);
        let down = whole(run(&changed, Command::Down(&Fixture::of(&text)), None)).cloud;
        assert!(dump(&later(&down, MINUTE)).is_empty());
        others_are_untouched(&down);
    }
}

/// A role has a policy before the function that needs it, and loses it before the policy goes.
#[test]
fn the_policies_of_a_role_are_there_before_it_and_gone_after_it() {
    let stack = Fixture::of(STACK);
    let ran = whole(run(&account(), Command::Up(&stack), None));
    let created = calls(&ran, "CreatePolicy")[0].end;
    let role =
        calls(&ran, "AttachRolePolicy").into_iter().find(|call| call.label.subject.contains("save_role"));
    assert!(role.is_some_and(|call| Some(call.start) >= created), "{:?}", ran.writes());

    // The entry and its use go in one edit, and what others have attached it to was theirs to detach.
    let without = STACK
        .replace("policies:\n  upload: { access: { pages: write }, attach_to: [operator] }\n", "")
        .replace(", managed_policies: [upload]", "");
    let ran = whole(run(&later(&ran.cloud, MINUTE), Command::Up(&Fixture::of(&without)), None));
    assert!(ran.cloud.iam.managed.is_empty());
    assert_eq!(attached(&ran.cloud, ARN), [""; 0]);
    settled(&ran.cloud, &without);
}

#[test]
fn another_document_is_a_new_default_version_and_the_oldest_one_makes_room() {
    let mut cloud = settled(&account(), STACK);
    let text = |number: usize| {
        let sid =
            format!("policy: [{{ Sid: S{number}, Effect: Allow, Action: s3:GetObject, Resource: \"*\" }}]");
        STACK.replace("access: { pages: write }", &sid)
    };
    for (number, expected) in [
        vec![1, 2],
        vec![1, 2, 3],
        vec![1, 2, 3, 4],
        vec![1, 2, 3, 4, 5],
        vec![2, 3, 4, 5, 6],
        vec![3, 4, 5, 6, 7],
    ]
    .into_iter()
    .enumerate()
    {
        cloud = settled(&cloud, &text(number));
        assert_eq!(versions(&cloud), expected);
        assert_eq!(cloud.iam.managed["upload"].default, *expected.last().expect("a version"));
    }
    // The oldest version that is not the default one: it is the one that was made the default by hand.
    let policy = cloud.iam.managed.get_mut("upload").expect("the policy");
    policy.default = 3;
    let plan = planned(&cloud, Command::Plan(&Fixture::of(&text(5))));
    assert_eq!(plan.steps.len(), 1, "another default version is drift: {:?}", plan.steps);
    let cloud = settled(&cloud, &text(5));
    assert_eq!((versions(&cloud), cloud.iam.managed["upload"].default), (vec![3, 5, 6, 7, 8], 8));
    let down = whole(run(&cloud, Command::Down(&Fixture::of(STACK)), None)).cloud;
    assert!(dump(&later(&down, MINUTE)).is_empty());
}

/// What others detach is drift; what they attach is theirs, and neither shown nor undone.
#[test]
fn what_others_detach_is_attached_again_and_what_they_attach_stays() {
    let mut cloud = settled(&account(), STACK);
    cloud.iam.others.get_mut("operator").expect("a role").remove(ARN);
    let plan = planned(&cloud, Command::Plan(&Fixture::of(STACK)));
    let steps: Vec<String> = plan.steps.iter().map(|step| step.id.to_string()).collect();
    assert_eq!(steps, ["policy upload"]);
    let mut cloud = settled(&cloud, STACK);
    assert_eq!(attached(&cloud, ARN), ["operator"]);

    cloud.iam.others.get_mut("auditor").expect("a role").insert(ARN.to_owned());
    let again = whole(run(&cloud, Command::Up(&Fixture::of(STACK)), None));
    assert_eq!((again.writes(), &again.end), (vec![], &End::Done(0)));
    let fewer = settled(&cloud, &STACK.replace(", attach_to: [operator]", ""));
    assert_eq!(attached(&fewer, ARN), ["auditor"]);
}

#[test]
fn a_policy_that_others_have_is_not_deleted_and_they_are_named() {
    let stack = Fixture::of(STACK);
    let up = settled(&account(), STACK);
    type ByHand = fn(&mut Cloud);
    let cases: [(&str, ByHand, ByHand); 4] = [
        (
            "role auditor",
            |cloud| cloud.iam.others.get_mut("auditor").expect("a role").extend([ARN.to_owned()]),
            |cloud| cloud.iam.others.get_mut("auditor").expect("a role").retain(|arn| arn != ARN),
        ),
        (
            "user ann",
            |cloud| policy(cloud).users.extend(["ann".to_owned()]),
            |cloud| policy(cloud).users.clear(),
        ),
        (
            "group staff",
            |cloud| policy(cloud).groups.extend(["staff".to_owned()]),
            |cloud| policy(cloud).groups.clear(),
        ),
        (
            "role theirs",
            |cloud| {
                let mut role = cloud.iam.roles["save_role"].clone();
                (role.name, role.path, role.boundary) =
                    ("theirs".to_owned(), "/".to_owned(), Some(ARN.to_owned()));
                role.tags.clear();
                role.attached.clear();
                cloud.iam.roles.insert("theirs".to_owned(), role);
            },
            |cloud| cloud.iam.roles.retain(|name, _| name != "theirs"),
        ),
    ];
    for (who, give, take) in cases {
        let mut cloud = up.clone();
        give(&mut cloud);
        let refused = run(&cloud, Command::Down(&stack), None);
        let errors = errors(&refused);
        assert!(errors.contains(who) && errors.contains("detach it there"), "{errors}");
        assert!(!errors.contains("operator"), "{errors}");
        // Nothing is half deleted.
        assert!(attached(&refused.cloud, ARN).contains(&"operator".to_owned()), "{who}");
        assert_eq!(calls(&refused, "DeletePolicyVersion").len() + calls(&refused, "DeletePolicy").len(), 0);
        let mut cloud = refused.cloud;
        take(&mut cloud);
        let down = whole(run(&later(&cloud, MINUTE), Command::Down(&stack), None)).cloud;
        assert!(dump(&later(&down, MINUTE)).is_empty(), "{who}");
    }
}

fn policy(cloud: &mut Cloud) -> &mut crate::services::iam::Managed {
    cloud.iam.managed.get_mut("upload").expect("the policy")
}

#[test]
fn a_role_that_does_not_exist_or_is_full_is_named() {
    let absent = STACK.replace("[operator]", "[nobody]");
    let ran = run(&account(), Command::Up(&Fixture::of(&absent)), None);
    let why = errors(&ran);
    assert!(why.contains("role nobody does not exist"), "{why}");
    assert_eq!(ran.writes(), Vec::<String>::new());
    settled(&later(&ran.cloud, MINUTE), STACK);

    let mut cloud = account();
    let full = cloud.iam.others.get_mut("operator").expect("a role");
    full.extend((full.len()..10).map(|number| format!("arn:aws:iam::123456789012:policy/theirs-{number}")));
    let why = errors(&run(&cloud, Command::Up(&Fixture::of(STACK)), None));
    assert!(why.contains("PoliciesPerRole"), "{why}");
}

/// Another name is another policy: the role moves to it before the old one goes.
#[test]
fn another_name_is_a_replacement() {
    let cloud = settled(&account(), STACK);
    let ran = whole(run(&cloud, Command::Up(&Fixture::of(&STACK.replace("upload", "write"))), None));
    let position = |name: &str, subject: &str| {
        let writes = ran.writes();
        let found = writes.iter().position(|write| write.starts_with(name) && write.contains(subject));
        found.unwrap_or_else(|| panic!("{name} {subject} in {writes:?}"))
    };
    let order = [
        position("iam:CreatePolicy", "write"),
        position("iam:AttachRolePolicy save_role", "write"),
        position("iam:DetachRolePolicy save_role", "upload"),
        position("iam:DeletePolicy", "upload"),
    ];
    assert!(order.is_sorted(), "{:?}", ran.writes());
    let cloud = settled(&later(&ran.cloud, MINUTE), &STACK.replace("upload", "write"));
    assert_eq!(
        (attached(&cloud, ARN), attached(&cloud, &ARN.replace("upload", "write"))),
        (vec![], vec!["operator".to_owned()])
    );
}

/// The description is set with the create alone.
#[test]
fn another_description_changes_nothing() {
    let text = |words: &str| STACK.replace("attach_to", &format!("description: {words}, attach_to"));
    let cloud = settled(&account(), &text("One"));
    let again = whole(run(&cloud, Command::Up(&Fixture::of(&text("Two"))), None));
    assert_eq!((again.writes(), &again.end), (vec![], &End::Done(0)));
    assert_eq!(again.cloud.iam.managed["upload"].description, "One");
}

#[test]
fn a_policy_of_others_with_a_wanted_name_stops_the_plan() {
    let mut cloud = settled(&account(), STACK);
    policy(&mut cloud).tags.clear();
    let refused = run(&cloud, Command::Up(&Fixture::of(STACK)), None);
    let errors = errors(&refused);
    assert!(errors.contains("policy upload already exists"), "{errors}");
    assert_eq!(refused.writes(), Vec::<String>::new());
    let request = AdoptRequest { kind: "policy", name: "upload".to_owned(), from: None };
    let adopted = whole(run(&cloud, Command::Adopt(&Fixture::of(STACK), &request), None));
    settled(&later(&adopted.cloud, MINUTE), STACK);
}

/// A policy of others that the stack names by its name, at whatever path.
#[test]
fn a_policy_of_others_is_only_read() {
    let text = STACK.replace("{ access: { pages: write }, attach_to: [operator] }", "{ existing: theirs }");
    let refused = errors(&run(&account(), Command::Up(&Fixture::of(&text)), None));
    assert!(refused.contains("policy theirs does not exist in this account"), "{refused}");
    let mut cloud = account();
    let document =
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#;
    let policy = json!({ "PolicyName": "theirs", "Path": "/a/b/", "PolicyDocument": document });
    cloud.act(Service::Iam, "CreatePolicy", &policy);
    let cloud = settled(&later(&cloud, MINUTE), &text);
    let arn = "arn:aws:iam::123456789012:policy/a/b/theirs";
    assert_eq!(cloud.iam.roles["save_role"].attached, [arn.to_owned()].into());
    let down = whole(run(&cloud, Command::Down(&Fixture::of(&text)), None)).cloud;
    assert_eq!(down.iam.managed.keys().collect::<Vec<_>>(), ["theirs"]);
}

/// Whatever call the process is killed at, or whose response is lost, the next run ends as one that was not disturbed.
#[test]
fn every_interruption_is_continued() {
    let before = settled(&account(), STACK);
    let more = STACK.replace(
        "pages: write }, attach_to: [operator]",
        "pages: read }, tags: { of: others }, attach_to: [auditor]",
    );
    for (cloud, text, is_down) in
        [(account(), STACK, false), (before.clone(), &*more, false), (before, STACK, true)]
    {
        let stack = Fixture::of(text);
        let command = || if is_down { Command::Down(&stack) } else { Command::Up(&stack) };
        let ran = whole(run(&cloud, command(), None));
        let expected = dump(&later(&ran.cloud, MINUTE));
        let is_policy = |record: &&Record| {
            record.write && (record.label.name.contains("Polic")) && record.label.subject.contains("upload")
        };
        let labels: BTreeSet<Label> =
            ran.records.iter().filter(is_policy).map(|record| record.label.clone()).collect();
        assert!(labels.len() >= 2, "{labels:?}");
        for (at, kind) in labels.iter().flat_map(|at| {
            let kinds =
                [FaultKind::KilledBefore, FaultKind::KilledAfterCall, FaultKind::Lost, FaultKind::Denied];
            kinds.map(|kind| (at.clone(), kind))
        }) {
            let fault = PlannedFault { at, kind, times: Times::Once };
            let first = run(&cloud, command(), Some(fault.clone()));
            assert!(first.injected > 0, "{fault}");
            let continued = whole(run(&later(&first.cloud, MINUTE), command(), None)).cloud;
            let continued = later(&continued, MINUTE);
            assert_eq!(dump(&continued), expected, "{fault}");
            others_are_untouched(&continued);
            assert_eq!(attached(&continued, ARN), attached(&ran.cloud, ARN), "{fault}");
        }
    }
}

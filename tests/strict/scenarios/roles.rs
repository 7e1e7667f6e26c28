//! Roles and managed policies: what real ones do, and what the program does then.

use super::shipped::whole;
use crate::cloud::Cloud;
use crate::dump::dump;
use crate::faults::{FaultKind, Label, PlannedFault, Times};
use crate::fixture::Fixture;
use crate::run::{Command, End, Ran, empty, later, run};
use crate::services::Service;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

/// A stack of one function with these members.
fn function(members: &str) -> Fixture {
    Fixture::of(&format!(
        "stack: one\nfunctions:\n  save:\n    code: lambdas/create_item\n    runtime: python3.13\n{members}"
    ))
}

fn with_policies(policies: &str) -> Fixture {
    function(&format!("    managed_policies: [{policies}]\n"))
}

fn up(cloud: &Cloud, stack: &Fixture) -> Ran {
    run(cloud, Command::Up(stack), None)
}

/// The account a minute after an `up` that leaves nothing to do.
fn settled(cloud: &Cloud, stack: &Fixture) -> Cloud {
    let cloud = later(&whole(up(cloud, stack)).cloud, MINUTE);
    let again = whole(up(&cloud, stack));
    assert_eq!((again.writes(), &again.end), (vec![], &End::Done(0)));
    cloud
}

fn errors(ran: &Ran) -> String {
    match &ran.end {
        End::Failed(errors) => errors.join("\n"),
        other => panic!("{other:?}"),
    }
}

/// The names of the managed policies of a role.
fn attached(cloud: &Cloud, role: &str) -> BTreeSet<String> {
    let arns = cloud.iam.roles[role].attached.iter();
    arns.map(|arn| arn.split_once('/').expect("a name").1.to_owned()).collect()
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn managed_policies_are_attached_and_detached() {
    let two = with_policies("AWSXRayDaemonWriteAccess, service-role/AWSLambdaVPCAccessExecutionRole");
    let cloud = settled(&empty(), &two);
    let both = names(&["AWSXRayDaemonWriteAccess", "service-role/AWSLambdaVPCAccessExecutionRole"]);
    assert_eq!(attached(&cloud, "save_role"), both);

    let other = with_policies("AWSXRayDaemonWriteAccess, ReadOnlyAccess");
    let ran = whole(up(&cloud, &other));
    let writes = ran.writes();
    assert_eq!(
        writes,
        [
            "iam:AttachRolePolicy save_role arn:aws:iam::aws:policy/ReadOnlyAccess #1",
            "iam:DetachRolePolicy save_role arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole #1"
        ],
        "the new one before the old one goes"
    );
    assert_eq!(attached(&ran.cloud, "save_role"), names(&["AWSXRayDaemonWriteAccess", "ReadOnlyAccess"]));

    let none = settled(&ran.cloud, &function(""));
    assert_eq!(attached(&none, "save_role"), BTreeSet::new());
    let down = whole(run(&cloud, Command::Down(&two), None));
    assert!(dump(&later(&down.cloud, MINUTE)).is_empty());
}

/// What others attach to a role of ours is drift, and so is what they detach.
#[test]
fn attachments_of_others_are_undone() {
    let stack = with_policies("AWSXRayDaemonWriteAccess");
    let mut cloud = settled(&empty(), &stack);
    let role = cloud.iam.roles.get_mut("save_role").expect("the role");
    role.attached = ["arn:aws:iam::aws:policy/AdministratorAccess".to_owned()].into();
    let cloud = settled(&cloud, &stack);
    assert_eq!(attached(&cloud, "save_role"), names(&["AWSXRayDaemonWriteAccess"]));
}

/// A role that has as many policies as it can loses those that it no longer has before it gets others.
#[test]
fn a_role_with_ten_policies_can_get_ten_others() {
    let first = "AdministratorAccess, AmazonSQSFullAccess, AWSLambdaExecute, AWSLambdaInvocation-DynamoDB, \
                 AWSLambda_ReadOnlyAccess, AWSXRayDaemonWriteAccess, CloudWatchReadOnlyAccess, IAMReadOnlyAccess, \
                 PowerUserAccess, ReadOnlyAccess";
    let second =
        first.replace("PowerUserAccess, ReadOnlyAccess", "SecretsManagerReadWrite, job-function/Billing");
    let cloud = settled(&empty(), &with_policies(first));
    let cloud = settled(&cloud, &with_policies(&second));
    assert!(attached(&cloud, "save_role").contains("job-function/Billing"));
    assert_eq!(attached(&cloud, "save_role").len(), 10);
}

#[test]
fn a_managed_policy_that_does_not_exist_is_named_with_what_to_do() {
    let stack = with_policies("AWSLambdaVPCAccessExecutionRole");
    let ran = up(&empty(), &stack);
    let errors = errors(&ran);
    for words in [
        "arn:aws:iam::aws:policy/AWSLambdaVPCAccessExecutionRole does not exist or is not attachable",
        "Correct its name under `managed_policies`",
    ] {
        assert!(errors.contains(words), "{errors}");
    }
    let tries = ran.records.iter().filter(|record| record.label.name == "iam:AttachRolePolicy").count();
    assert_eq!(tries, 1, "no wait helps");
    let corrected = with_policies("service-role/AWSLambdaVPCAccessExecutionRole");
    let cloud = settled(&ran.cloud, &corrected);
    assert_eq!(attached(&cloud, "save_role").len(), 1);
}

/// Two functions that share a role, with these members of the role.
fn sharing(role: &str, functions: &[&str]) -> Fixture {
    let function = |name: &&str| {
        format!(
            "  {name}: {{ code: lambdas/create_item, runtime: python3.13, tracing: true, role: shared, timeout: 10, \
             triggers: [{{ queue: {name}-jobs }}] }}\n"
        )
    };
    let functions: String = functions.iter().map(function).collect();
    Fixture::of(&format!(
        "stack: one\nqueues: {{ save-jobs: {{}}, show-jobs: {{}} }}\ntables: {{ notes: {{ partition_key: id }} }}\n\
         functions:\n{functions}roles:\n  shared: {{ access: {{ notes: read }}{role} }}\n"
    ))
}

fn statements(cloud: &Cloud) -> BTreeSet<String> {
    let document: Json =
        serde_json::from_str(&cloud.iam.roles["shared"].policies["provision"]).expect("a policy");
    let sids = document["Statement"].as_array().expect("statements").iter();
    sids.map(|statement| statement["Sid"].as_str().expect("a Sid").to_owned()).collect()
}

/// A shared role allows what each of its functions needs: the logs of each, each queue, and the traces once.
#[test]
fn a_role_is_shared_by_functions_and_allows_what_each_needs() {
    let both = sharing("", &["save", "show"]);
    let cloud = settled(&empty(), &both);
    assert_eq!(cloud.iam.roles.keys().filter(|name| name.ends_with("_role")).count(), 0);
    let expected = ["Logssave", "Logsshow", "Queuesavejobs", "Queueshowjobs", "Tablenotes", "Tracessave"];
    assert_eq!(statements(&cloud), names(&expected));

    // Without one of the functions the other one goes on.
    let one = sharing("", &["show"]);
    let cloud = settled(&cloud, &one);
    assert_eq!(statements(&cloud), names(&["Logsshow", "Queueshowjobs", "Tablenotes", "Tracesshow"]));
    assert!(cloud.lambda.functions.contains_key("show") && !cloud.lambda.functions.contains_key("save"));

    let down = whole(run(&cloud, Command::Down(&one), None));
    assert!(dump(&later(&down.cloud, MINUTE)).is_empty());
}

#[test]
fn a_role_whose_trust_is_changed_still_runs_its_functions() {
    let cloud = settled(&empty(), &sharing("", &["save"]));
    let wider = sharing(", trust: [lambda, states, \"111122223333\"]", &["save"]);
    let ran = whole(up(&cloud, &wider));
    assert_eq!(ran.writes(), ["iam:UpdateAssumeRolePolicy shared #1"]);
    let cloud = settled(&ran.cloud, &wider);
    for principal in ["lambda.amazonaws.com", "states.amazonaws.com", "arn:aws:iam::111122223333:root"] {
        assert!(cloud.iam.roles["shared"].trust.contains(principal), "{}", cloud.iam.roles["shared"].trust);
    }
    settled(&cloud, &sharing("", &["save"]));
}

/// A role that trusts another one of the stack is created after it, and waits until IAM sees it.
#[test]
fn a_role_may_trust_another_role_of_the_stack() {
    let statement = "{ Effect: Allow, Principal: { AWS: \"${roles.zeta.arn}\" }, Action: sts:AssumeRole }";
    let stack =
        Fixture::of(&format!("stack: one\nroles: {{ alpha: {{ trust: [{statement}] }}, zeta: {{}} }}\n"));
    let ran = whole(up(&empty(), &stack));
    let created: Vec<String> =
        ran.writes().into_iter().filter(|write| write.starts_with("iam:CreateRole")).collect();
    assert_eq!(created.first().map(String::as_str), Some("iam:CreateRole zeta #1"));
    let cloud = settled(&ran.cloud, &stack);
    let down = whole(run(&cloud, Command::Down(&stack), None));
    assert!(dump(&later(&down.cloud, MINUTE)).is_empty());
}

/// Lambda's grants are bound to the role that was deleted, so each function is configured again.
#[test]
fn functions_of_a_recreated_role_are_configured_again() {
    let stack = sharing("", &["save", "show"]);
    let mut cloud = settled(&empty(), &stack);
    cloud.iam.roles.remove("shared");
    let ran = whole(up(&cloud, &stack));
    let configured = ran.writes();
    for name in ["save", "show"] {
        let update = format!("lambda:UpdateFunctionConfiguration {name} #1");
        assert!(configured.contains(&update), "{configured:?}");
    }
    settled(&ran.cloud, &stack);
}

/// A role of others is read by its name, whatever its path, and never written.
#[test]
fn a_role_of_others_is_only_read() {
    let stack = Fixture::of(
        "stack: one\nroles: { theirs: { existing: worker } }\n\
         functions: { save: { code: lambdas/create_item, runtime: python3.13, role: theirs } }\n",
    );
    let refused = errors(&up(&empty(), &stack));
    assert!(refused.contains("role worker does not exist in this account"), "{refused}");

    let mut cloud = empty();
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",
        "Principal":{"Service":"lambda.amazonaws.com"}}]}"#;
    let role = json!({ "RoleName": "worker", "Path": "/a/b/", "AssumeRolePolicyDocument": trust });
    cloud.act(Service::Iam, "CreateRole", &role);
    let cloud = later(&cloud, MINUTE);
    let ran = settled(&cloud, &stack);
    let configuration = &ran.lambda.functions["save"].configuration;
    assert_eq!(configuration["Role"], "arn:aws:iam::123456789012:role/a/b/worker");
    let down = whole(run(&ran, Command::Down(&stack), None));
    assert_eq!(down.cloud.iam.roles.keys().collect::<Vec<_>>(), ["worker"]);
}

/// Whatever call of a change the process is killed at, the next run ends as one that was not killed.
#[test]
fn a_change_that_is_killed_at_any_call_is_continued() {
    let before = sharing(", managed_policies: [ReadOnlyAccess, AWSXRayDaemonWriteAccess]", &["save"]);
    let after = sharing(", managed_policies: [PowerUserAccess], max_session_duration: 2 hours", &["save"]);
    let cloud = settled(&empty(), &before);
    let ran = whole(up(&cloud, &after));
    let expected = dump(&later(&ran.cloud, MINUTE));
    let writes: Vec<Label> =
        ran.records.iter().filter(|record| record.write).map(|record| record.label.clone()).collect();
    assert_eq!(writes.len(), 4, "{writes:?}");
    for (at, kind) in writes
        .iter()
        .flat_map(|at| [FaultKind::KilledBefore, FaultKind::KilledAfterCall].map(|kind| (at.clone(), kind)))
    {
        let fault = PlannedFault { at: at.clone(), kind, times: Times::Once };
        let killed = run(&cloud, Command::Up(&after), Some(fault.clone()));
        assert!(matches!(killed.end, End::Died), "{fault}: {:?}", killed.end);
        let continued = settled(&later(&killed.cloud, MINUTE), &after);
        assert_eq!(dump(&continued), expected, "{fault}");
    }
}

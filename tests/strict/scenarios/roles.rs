//! Roles and managed policies: what real ones do, and what the program does then.

use super::shipped::whole;
use crate::cloud::Cloud;
use crate::dump::dump;
use crate::fixture::Fixture;
use crate::run::{Command, End, Ran, empty, later, run};
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
        ["iam:AttachRolePolicy save_role #1", "iam:DetachRolePolicy save_role #1"],
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

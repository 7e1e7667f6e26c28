//! Step Functions state machines.

use super::declared::Declared;
use super::shipped::{well, whole};
use crate::cloud::Cloud;
use crate::dump::{differences, dump};
use crate::fixture::Fixture;
use crate::run::{Command, End, Ran, empty, later, run};
use crate::service::{Drift, Make};
use crate::services::Service;
use crate::services::stepfunctions::policy_of_logs_is_full;
use crate::wire::Call;
use serde_json::json;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

const STACK: &str = "stack: one
functions:
  greet: { code: lambdas/create_item, runtime: python3.13 }
state_machines:
  flow:
    definition:
      StartAt: Greet
      States:
        Greet: { Type: Task, Resource: \"${functions.greet.arn}\", Next: Run }
        Run: { Type: Task, Resource: \"arn:aws:states:::ecs:runTask.sync\", Parameters: { Cluster: a }, End: true }
    tracing: true
    logging: { level: all }
";

fn up(cloud: &Cloud, text: &str) -> Ran {
    run(cloud, Command::Up(&Fixture::of(text)), None)
}

fn created(text: &str) -> Cloud {
    later(&whole(up(&empty(), text)).cloud, MINUTE)
}

/// The calls of Step Functions that write.
fn writes(ran: &Ran) -> Vec<String> {
    let calls = ran.writes().into_iter().filter(|write| write.starts_with("states:"));
    calls.filter_map(|call| call.split(' ').next().map(str::to_owned)).collect()
}

#[test]
fn state_machines_come_up_once_and_go_down() {
    let cloud = created(STACK);
    Declared::of(Fixture::of(STACK)).is(&cloud);
    let down = whole(run(&cloud, Command::Down(&Fixture::of(STACK)), None));
    assert!(dump(&later(&down.cloud, MINUTE)).is_empty());
}

/// A change is one call, whatever changes, but for tags. Wherever `up` is killed or loses a response, the next one ends it.
#[test]
fn a_killed_change_of_a_state_machine_is_continued() {
    let cloud = created(STACK);
    let text = STACK
        .replace("tracing: true", "tags: { team: blue }")
        .replace("level: all", "level: error, data: true")
        .replace("Cluster: a", "Cluster: b");
    let target = Fixture::of(&text);
    let reference = whole(run(&cloud, Command::Up(&target), None));
    assert_eq!(writes(&reference), ["states:UpdateStateMachine", "states:TagResource"]);
    Declared::of(target).is_continued(&cloud, |label| label.name.starts_with("states:"));
}

/// The new one is made when the executions of the old one have ended.
#[test]
fn another_type_is_another_state_machine() {
    let plain = STACK.replace("ecs:runTask.sync", "ecs:runTask");
    let cloud = created(&plain);
    let text = plain.replace("    tracing: true", "    type: express\n    tracing: true");
    let ran = whole(up(&cloud, &text));
    assert_eq!(writes(&ran), ["states:DeleteStateMachine", "states:CreateStateMachine"]);
    Declared::of(Fixture::of(&text)).is(&later(&ran.cloud, MINUTE));
}

/// It exists until its last execution ends, with its role and its log group.
#[test]
fn down_waits_for_executions() {
    let mut cloud = created(STACK);
    let until = cloud.now + 5 * MINUTE;
    cloud.stepfunctions.machines.get_mut("flow").expect("a state machine").busy = Some(until);
    let down = whole(run(&cloud, Command::Down(&Fixture::of(STACK)), None));
    assert!(down.cloud.now >= until);
    let deletes = down.writes();
    let place = |call: &str| deletes.iter().position(|write| write.starts_with(call)).expect("the call");
    assert!(place("states:DeleteStateMachine") < place("iam:DeleteRole "), "{deletes:?}");
    assert!(dump(&later(&down.cloud, MINUTE)).is_empty());
}

/// An equal one of somebody else is not taken for the one that is created: Step Functions answers the same for both.
#[test]
fn an_equal_state_machine_of_others_is_left_alone() {
    let text = STACK.split("    tracing").next().expect("a stack").to_owned();
    let mut cloud = created(&text);
    let machine = cloud.stepfunctions.machines.get_mut("flow").expect("a state machine");
    machine.tags.clear();
    let before = dump(&cloud);
    let ran = up(&cloud, &text);
    assert_ne!(ran.end, End::Done(0));
    assert_eq!(writes(&ran), Vec::<String>::new());
    assert_eq!(differences(&dump(&ran.cloud), &before), Vec::<String>::new());
}

/// A state machine that reads show no longer is read as one that waits for its end.
#[test]
fn a_state_machine_that_is_being_deleted_is_made_again() {
    let mut cloud = created(STACK);
    let arn = json!({ "stateMachineArn": "arn:aws:states:eu-west-1:123456789012:stateMachine:flow" });
    cloud.act(Service::StepFunctions, "DeleteStateMachine", &arn).expect("a deletion");
    let ran = whole(up(&cloud, STACK));
    Declared::of(Fixture::of(STACK)).is(&later(&ran.cloud, MINUTE));
}

#[test]
fn every_drift_of_state_machines_is_undone() {
    let drifts: &[(&str, Drift)] = Service::StepFunctions.drifts();
    let made = Declared::of(Fixture::of(STACK)).undoes(drifts, &[0], Duration::ZERO, |_| ());
    assert_eq!(made, drifts.len());
}

#[test]
fn state_machines_of_others_are_left_alone() {
    let unmanaged: &[(&str, Make)] = Service::StepFunctions.unmanaged();
    for (what, make) in unmanaged {
        let mut cloud = created(STACK);
        make(&mut cloud, "one", 1);
        assert_eq!(cloud.stepfunctions.machines.len(), 2, "{what}");
        let ran = whole(up(&cloud, STACK));
        assert_eq!(ran.writes(), Vec::<String>::new(), "{what}");
        let down = well(run(&cloud, Command::Down(&Fixture::of(STACK)), None));
        assert_eq!(later(&down.cloud, MINUTE).stepfunctions.machines.len(), 1, "{what}");
    }
}

/// The log groups have the prefix for which the policy of CloudWatch Logs always has room [hazards: C6].
#[test]
fn logs_go_where_a_full_policy_does_not_matter() {
    let full = Cloud { hindrance: Some(policy_of_logs_is_full), ..empty() };
    let ran = whole(up(&full, STACK));
    assert_eq!(ran.cloud.hindered, 0);
    let groups: Vec<&String> = ran.cloud.logs.groups.keys().filter(|name| name.contains("flow")).collect();
    assert_eq!(groups, ["/aws/vendedlogs/states/flow"]);
    let destination = |name: &str| {
        let arn = format!("arn:aws:logs:eu-west-1:123456789012:log-group:{name}:*");
        json!({ "loggingConfiguration": { "destinations": [{ "cloudWatchLogsLogGroup": { "logGroupArn": arn } }] } })
    };
    let call = |name: &str| Call {
        service: Service::StepFunctions,
        operation: &Service::StepFunctions.model().operations["CreateStateMachine"],
        params: destination(name),
    };
    assert!(policy_of_logs_is_full(&full, &call("/own/flow")).is_some());
    assert!(policy_of_logs_is_full(&full, &call("/aws/vendedlogs/states/flow")).is_none());
}

/// A role that is not new will not do after a wait, and AWS's sentence says what it lacks [hazards: E6, G18].
#[test]
fn what_an_old_role_lacks_is_told_at_once_in_aws_s_words() {
    let text = "stack: one
roles: { theirs: { existing: worker } }
state_machines:
  flow:
    role: theirs
    definition: { StartAt: Done, States: { Done: { Type: Succeed } } }
    logging: { level: all }
";
    let mut cloud = empty();
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",
        "Principal":{"Service":"states.amazonaws.com"}}]}"#;
    cloud.act(
        Service::Iam,
        "CreateRole",
        &json!({ "RoleName": "worker", "AssumeRolePolicyDocument": trust }),
    );
    let ran = up(&later(&cloud, 60 * MINUTE), text);
    let End::Failed(errors) = &ran.end else { panic!("{:?}", ran.end) };
    let errors = errors.join("\n");
    assert!(errors.contains("IAM Role is not authorized to access the Log Destination"), "{errors}");
    assert!(!errors.contains("ask for the permission"), "it is no permission of the user: {errors}");
    assert_eq!(writes(&ran), ["states:CreateStateMachine"], "no wait helps");
}

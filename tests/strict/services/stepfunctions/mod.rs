//! Step Functions [aws-facts-services: 6].

mod by_hand;
mod definition;
mod machine;
mod random;
mod tests;

pub(crate) use machine::{Machine, State};

use crate::access::{Need, known, nothing, with_tagging};
use crate::cloud::{Cloud, ServiceError, Tags, text};
use crate::random::Section;
use crate::service::{Drift, Facts, Make, Resource, StackChange, StrictService, Tagged};
use crate::services::Service;
use crate::wire::Call;
use proptest::strategy::BoxedStrategy;
use provision::config::Stack;
use provision::kinds::state_machine::Level;
use provision::kinds::state_machine::section::{Config, Logging};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::rc::Rc;

pub(crate) struct StepFunctions;

impl StrictService for StepFunctions {
    fn facts(&self) -> &'static Facts {
        &Facts {
            name: "states",
            model: ("stepfunctions", "2016-11-23"),
            operations: &[machine::OPERATIONS],
            changed: &["stateMachineArn", "name", "resourceArn"],
            subject: &["name", "stateMachineArn", "resourceArn"],
            tokens: &[],
            throttled: ("ThrottlingException", 400),
            failed: ("InternalFailure", 500),
            denied: ("AccessDeniedException", 400),
            invalid: "ValidationException",
            unmodelled: &["ValidationException", "AccessDeniedException"],
        }
    }

    fn needs(&self, cloud: &Cloud, call: &Call) -> Vec<Need> {
        let named = text(&call.params, "name").map(machine_arn);
        let arn = ["stateMachineArn", "resourceArn"].into_iter().find_map(|name| text(&call.params, name));
        let Some(arn) = named.or_else(|| arn.map(str::to_owned)) else {
            return vec![Need::new(call.name(), nothing(call))];
        };
        let machine = cloud.stepfunctions.machines.get(machine::name_of(&arn));
        let tags = machine.and_then(|machine| known(cloud, machine.created, &machine.tags));
        let own = Need::new(call.name(), arn).of(&tags.cloned().unwrap_or_default());
        let mut needs =
            with_tagging(call, own, "states:TagResource", call.operation.name == "CreateStateMachine");
        let role = text(&call.params, "roleArn");
        needs.extend(role.map(|role| {
            Need::new("iam:PassRole", role).with("iam:PassedToService", Some("states.amazonaws.com"))
        }));
        needs
    }

    fn tagged(&self, cloud: &Cloud) -> Vec<Tagged> {
        let tagged = |(name, machine): (&String, &Machine)| Tagged {
            arn: machine_arn(name),
            name: format!("state machine {name}"),
            created: machine.created,
            tags: machine.tags.clone(),
        };
        cloud.stepfunctions.machines.iter().map(tagged).collect()
    }

    /// A machine of a stack has its role, which may call the functions of its tasks: nothing on AWS keeps either there.
    fn broken(&self, cloud: &Cloud) -> Vec<(String, String)> {
        let machines = cloud.stepfunctions.machines.iter();
        let machines = machines.filter(|(_, machine)| machine.deleting.is_none());
        let machines = machines.filter(|(_, machine)| machine.tags.contains_key("provision:stack"));
        let lacks = |machine: &Machine| machine::lacks(cloud, machine);
        machines
            .filter_map(|(name, machine)| Some((format!("the state machine {name}"), lacks(machine)?)))
            .collect()
    }

    fn running(&self, cloud: &Cloud) -> Vec<String> {
        let roles = cloud.stepfunctions.machines.values().map(|machine| machine.settings.role.as_str());
        roles.filter_map(|role| role.rsplit('/').next().map(str::to_owned)).collect()
    }

    fn dump(&self, cloud: &Cloud) -> BTreeMap<String, Json> {
        let machines = cloud.stepfunctions.machines.iter().filter(|(_, machine)| machine.deleting.is_none());
        let dumped = |(name, machine): (&String, &Machine)| {
            let settings = &machine.settings;
            let definition: Json = serde_json::from_str(&settings.definition).unwrap_or_default();
            let dumped = json!({
                "definition": definition, "type": machine.kind, "role": settings.role, "logging": settings.logging,
                "tracing": settings.tracing, "tags": machine.tags,
            });
            (format!("state machine {name}"), dumped)
        };
        machines.map(dumped).collect()
    }

    fn change_all(&self, cloud: &mut Cloud) {
        by_hand::change_all(cloud);
    }

    fn leave_behind(&self, cloud: &mut Cloud) {
        by_hand::leave_behind(cloud);
    }

    fn drifts(&self) -> &'static [(&'static str, Drift)] {
        by_hand::DRIFTS
    }

    fn unmanaged(&self) -> &'static [(&'static str, Make)] {
        by_hand::UNMANAGED
    }

    fn everything(&self, cloud: &Cloud) -> Vec<(Resource, String)> {
        let gone = |machine: &Machine| machine.deleting.is_some_and(|until| cloud.now >= until);
        let machines = cloud.stepfunctions.machines.iter().filter(|(_, machine)| !gone(machine));
        let resource = |name: &String| Resource::named(Service::StepFunctions, "state_machine", name);
        machines.map(|(name, machine)| (resource(name), format!("{machine:?}"))).collect()
    }

    fn remove(&self, cloud: &mut Cloud, resource: &Resource) {
        cloud.stepfunctions.machines.remove(&resource.name);
    }

    fn forget(&self, cloud: &mut Cloud, keep: &dyn Fn(&mut Tags)) {
        cloud.stepfunctions.machines.values_mut().for_each(|machine| keep(&mut machine.tags));
    }

    fn changes(&self) -> &'static [(&'static str, StackChange)] {
        fn first(stack: &mut Stack, change: impl FnOnce(&mut Config)) -> bool {
            stack.state_machines_mut().first_mut().map(|machine| change(machine)).is_some()
        }
        &[
            ("a state machine is traced", |stack| first(stack, |machine| machine.tracing = !machine.tracing)),
            ("a state machine is logged", |stack| {
                first(stack, |machine| {
                    machine.logging = match machine.logging {
                        None => Some(Logging { level: Level::All, data: true, log_retention: 7 }),
                        Some(_) => None,
                    }
                })
            }),
        ]
    }

    fn section(&self) -> Option<BoxedStrategy<Rc<dyn Section>>> {
        Some(random::section())
    }

    fn requests(&self) -> &'static str {
        include_str!("requests.yaml")
    }

    fn given(&self) -> Vec<(&'static str, Json)> {
        let definition = |kind: &str, result: &str| {
            let state = json!({ "Type": kind, "Result": result, "End": true });
            Json::from(json!({ "StartAt": "A", "States": { "A": state } }).to_string())
        };
        let trust = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": "sts:AssumeRole",
            "Principal": { "Service": "states.amazonaws.com" } }] });
        let logs = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": "logs:*", "Resource": "*" }] });
        vec![
            ("definition", definition("Pass", "a")),
            ("another definition", definition("Pass", "b")),
            ("a definition of no states", json!({ "StartAt": "A" }).to_string().into()),
            (
                "a definition that starts nowhere",
                json!({ "StartAt": "B", "States": { "A": { "Type": "Succeed" } } }).to_string().into(),
            ),
            ("trust of states", trust.to_string().into()),
            ("policy to deliver logs", logs.to_string().into()),
        ]
    }

    fn disagreements(&self) -> &'static str {
        include_str!("disagreements.yaml")
    }
}

pub(crate) fn machine_arn(name: &str) -> String {
    Service::StepFunctions.arn(&format!("stateMachine:{name}"))
}

/// The policy with which CloudWatch Logs admits those who deliver logs is full, but for groups with AWS's own prefix
/// [hazards: C6].
pub(crate) fn policy_of_logs_is_full(_: &Cloud, call: &Call) -> Option<ServiceError> {
    let destination =
        call.params.pointer("/loggingConfiguration/destinations/0/cloudWatchLogsLogGroup/logGroupArn");
    destination?.as_str().filter(|arn| !arn.contains(":log-group:/aws/vendedlogs/"))?;
    let message = "The CloudWatch Logs Resource Policy size was exceeded. We suggest prefixing your CloudWatch log group name \
                   with /aws/vendedlogs/states/.";
    Some(ServiceError::new("InvalidLoggingConfiguration", message))
}

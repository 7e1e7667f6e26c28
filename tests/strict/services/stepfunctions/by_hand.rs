//! What people and other tools do with state machines.

use super::machine::{Machine, Settings, off};
use super::random::MACHINES;
use crate::cloud::{Cloud, Tags};
use crate::service::{Drift, ID, Make, Marked, changed, map, own, pick, retag};
use crate::services::Service;
use serde_json::json;

impl Marked for Machine {
    fn tags(&self) -> &Tags {
        &self.tags
    }
}

const THEIRS: &str = r#"{"StartAt":"Theirs","States":{"Theirs":{"Type":"Succeed"}}}"#;

pub(super) const DRIFTS: &[(&str, Drift)] = &[
    ("a state machine is deleted", |cloud, stack, nth| {
        let name = pick(&cloud.stepfunctions.machines, |machine| machine.is_of(stack), nth)?;
        cloud.stepfunctions.machines.remove(&name);
        Some(name)
    }),
    ("a state machine does something else", |cloud, stack, nth| {
        machine(cloud, stack, nth, |machine| THEIRS.clone_into(&mut machine.settings.definition))
    }),
    ("a state machine is traced otherwise", |cloud, stack, nth| {
        machine(cloud, stack, nth, |machine| machine.settings.tracing = !machine.settings.tracing)
    }),
    ("a state machine is logged otherwise", |cloud, stack, nth| {
        machine(cloud, stack, nth, |machine| {
            let is_off = machine.settings.logging["level"] == "OFF";
            machine.settings.logging = if is_off { logged("theirs") } else { off() };
        })
    }),
    ("a state machine's tags are changed", |cloud, stack, nth| {
        machine(cloud, stack, nth, |machine| retag(&mut machine.tags))
    }),
];

fn logged(group: &str) -> serde_json::Value {
    let arn = format!("{}:*", Service::Logs.arn(&format!("log-group:{group}")));
    let to = json!([{ "cloudWatchLogsLogGroup": { "logGroupArn": arn } }]);
    json!({ "level": "FATAL", "includeExecutionData": true, "destinations": to })
}

fn machine(cloud: &mut Cloud, stack: &str, nth: usize, change: impl FnOnce(&mut Machine)) -> Option<String> {
    changed(&mut cloud.stepfunctions.machines, stack, nth, change)
}

pub(super) const UNMANAGED: &[(&str, Make)] = &[
    ("a state machine of a wanted name", |cloud, stack, nth| {
        make(cloud, &own(stack, MACHINES, nth), &[("owner", "theirs")]);
    }),
    ("a state machine of a near name", |cloud, stack, nth| {
        make(cloud, &format!("{}-2", own(stack, MACHINES, nth)), &[])
    }),
    ("a state machine of another stack", |cloud, _, nth| {
        let name = format!("prod-{}", MACHINES[nth % MACHINES.len()]);
        make(cloud, &name, &[("provision:stack", "walk/prod")]);
    }),
];

fn make(cloud: &mut Cloud, name: &str, tags: &[(&str, &str)]) {
    let role = "arn:aws:iam::123456789012:role/theirs".to_owned();
    let settings = Settings { definition: THEIRS.to_owned(), role, logging: off(), tracing: false };
    let machine = Machine::new(cloud.now, settings, "STANDARD", map(tags));
    cloud.stepfunctions.machines.entry(name.to_owned()).or_insert(machine);
}

/// Changes all state machines wherever they can be changed.
pub(super) fn change_all(cloud: &mut Cloud) {
    for machine in cloud.stepfunctions.machines.values_mut() {
        THEIRS.clone_into(&mut machine.settings.definition);
        machine.settings.tracing = !machine.settings.tracing;
        machine.tags.remove(ID);
    }
}

/// A state machine that is no longer declared.
pub(super) fn leave_behind(cloud: &mut Cloud) {
    if let Some(machine) = cloud.stepfunctions.machines.values().next().cloned() {
        cloud.stepfunctions.machines.insert("earlier".to_owned(), machine);
    }
}

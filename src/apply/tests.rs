//! What no plan should come to. No call is sent.

use super::{Report, apply};
use crate::aws::{Access, Calls, Connection};
use crate::event::{Event, Events};
use crate::model::{Identity, LiveState};
use crate::plan::tests::stacks::{SMALL, graph};
use crate::plan::tests::up;
use crate::plan::{Plan, plan};
use aws_config::{BehaviorVersion, Region, SdkConfig};
use std::sync::{Arc, Mutex};
use tokio::sync::watch;

/// A plan in which two steps depend on each other and all others on them.
fn stuck() -> Plan {
    let mut plan = plan(&graph(SMALL), &LiveState::default(), &up()).expect("a plan");
    for (index, step) in plan.steps.iter_mut().enumerate() {
        step.depends_on = vec![usize::from(index == 0)];
    }
    plan
}

async fn applied(plan: &Plan, stop: bool) -> (Report, Vec<String>) {
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("eu-west-1"))
        .endpoint_url("http://127.0.0.1:1")
        .build();
    let connection = Connection::unchecked(config, false, Calls::default());
    let scope = connection.scope(Identity::of("notes"));
    let events = Arc::new(Mutex::new(Vec::new()));
    let sink = events.clone();
    let receive = move |event: Event| {
        if let Event::Failed { error, .. } = event {
            sink.lock().expect("no panic").push(error.to_string());
        }
    };
    let context = connection.context(scope, Access::Write, [].into(), Events::new(receive));
    let report = apply(&context, plan, watch::channel(stop).1).await;
    let events = events.lock().expect("no panic").clone();
    (report, events)
}

#[tokio::test]
async fn a_stuck_plan_is_an_internal_error_and_no_interruption() {
    let plan = stuck();
    let (report, failures) = applied(&plan, false).await;
    assert!(!report.interrupted && !report.is_complete());
    assert_eq!((report.failed.len(), failures.len()), (plan.steps.len(), plan.steps.len()));
    let second = plan.steps[1].id.to_string();
    let expected =
        format!("internal error: this step was never started; it depends on: {second}; please report this");
    assert!(failures[0].contains(&expected), "{}", failures[0]);
}

#[tokio::test]
async fn a_stop_before_the_first_step_is_an_interruption() {
    let (report, failures) = applied(&stuck(), true).await;
    assert!(report.interrupted && report.failed.is_empty() && failures.is_empty());
}

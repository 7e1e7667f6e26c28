//! Errors of this program and of a kind, without any call.

use super::{Report, apply, create};
use crate::aws::{Access, Calls, Class, Connection, Context, Error, Result};
use crate::event::{Event, Events};
use crate::kind::{Kind, Observation, ObservedOf, ObservedOption, Parent, Registered};
use crate::model::{Identity, LiveState, ResourceId};
use crate::plan::tests::stacks::{SMALL, graph};
use crate::plan::tests::up;
use crate::plan::{Plan, plan};
use aws_config::{BehaviorVersion, Region, SdkConfig};
use std::sync::atomic::{AtomicUsize, Ordering};
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

fn context() -> Context {
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("eu-west-1"))
        .endpoint_url("http://127.0.0.1:1")
        .build();
    let connection = Connection::unchecked(config, false, Calls::default());
    let scope = connection.scope(Identity::of("notes"));
    connection.context(scope, Access::Write, [].into(), Events::none().waits())
}

async fn applied(plan: &Plan, stop: bool) -> (Report, Vec<String>) {
    let failures = Arc::new(Mutex::new(Vec::new()));
    let sink = failures.clone();
    let receive = move |event: Event| {
        if let Event::Failed { error, .. } = event {
            sink.lock().expect("no panic").push(error.to_string());
        }
    };
    let report = apply(&context(), &Events::new(receive), plan, watch::channel(stop).1).await;
    let failures = failures.lock().expect("no panic").clone();
    (report, failures)
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

/// A kind whose every create loses its response, and whose reads fail for a reason of their own.
struct Unreadable;

static CREATES: AtomicUsize = AtomicUsize::new(0);

impl Kind for Unreadable {
    const NAME: &'static str = "unreadable";
    type Spec = ();
    type Attributes = ();

    async fn observe(_: &Context, _: &[Parent]) -> Result<Observation<Self>> {
        Ok(Vec::new().into())
    }

    async fn read(_: &Context, _: &str, _: Option<&Parent>) -> Result<ObservedOption<Self>> {
        Err(Error::state("it is ARCHIVED"))
    }

    async fn create(_: &Context, _: &ResourceId, (): &()) -> Result<()> {
        CREATES.fetch_add(1, Ordering::Relaxed);
        Err(Error::broken("x:Create", "the response was lost"))
    }

    async fn update(_: &Context, _: &ObservedOf<Self>, (): &()) -> Result<()> {
        Ok(())
    }

    async fn delete(_: &Context, _: &ObservedOf<Self>) -> Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_lost_create_is_not_sent_again_unless_reads_find_nothing() {
    let (context, id) = (context(), ResourceId::new("unreadable", "a"));
    let result = create(&context, &Registered::<Unreadable>::NEW, &id, serde_json::Value::Null, None).await;
    assert_eq!(result.map_err(|error| error.class), Err(Class::State));
    assert_eq!(CREATES.load(Ordering::Relaxed), 1);
}

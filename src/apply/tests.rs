//! Errors of this program and of a kind, without any call.

use super::target::Target;
use super::{GRACE, Report, apply};
use crate::aws::{Access, Calls, Class, Connection, Context, Error, Errors, Refusal, Result, Service};
use crate::event::{Event, Events};
use crate::kind::{
    Kind, Observation, ObservedOf, ObservedOption, OnExisting, Parent, Permission, Registered, Registry,
};
use crate::kinds::registry;
use crate::model::{
    Desired, Graph, Identity, KnownAttributes, LiveState, Observed, Owner, Resource, ResourceId, Status,
    Texts,
};
use crate::plan::tests::stacks::{SMALL, graph};
use crate::plan::tests::up;
use crate::plan::{Options, Plan, plan};
use aws_config::{BehaviorVersion, Region, SdkConfig};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;

/// A plan in which two steps depend on each other and all others on them.
fn stuck() -> Plan {
    let mut plan = plan(&graph(SMALL), &LiveState::default(), &up()).expect("a plan");
    for (index, node) in plan.nodes.iter_mut().enumerate() {
        node.depends_on = vec![usize::from(index == 0)];
    }
    plan
}

pub(crate) fn context() -> Context {
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("eu-west-1"))
        .endpoint_url("http://127.0.0.1:1")
        .build();
    let connection = Connection::unchecked(config, false, Calls::default());
    let scope = connection.scope(Identity::of("notes"));
    connection.context(scope, Access::Write, [].into(), Events::none().waits())
}

async fn applied(plan: &Plan, stop: u32) -> (Report, Vec<String>) {
    let failures = Arc::new(Mutex::new(Vec::new()));
    let sink = failures.clone();
    let receive = move |event: Event| {
        if let Event::Failed { error, .. } = event {
            sink.lock().expect("no panic").push(error.to_string());
        }
    };
    let report = apply(&context(), registry(), &Events::new(receive), plan, watch::channel(stop).1).await;
    let failures = failures.lock().expect("no panic").clone();
    (report, failures)
}

#[tokio::test]
async fn a_stuck_plan_is_an_internal_error_and_no_interruption() {
    let plan = stuck();
    let (report, failures) = applied(&plan, 0).await;
    assert!(!report.interrupted && !report.is_complete());
    assert_eq!((report.failed.len(), failures.len()), (plan.steps.len(), plan.steps.len()));
    let second = plan.steps[1].id.to_string();
    let expected =
        format!("internal error: this step was never started; it depends on: {second}; please report this");
    assert!(failures[0].contains(&expected), "{}", failures[0]);
}

#[tokio::test]
async fn a_stop_before_the_first_step_is_an_interruption() {
    let (report, failures) = applied(&stuck(), 1).await;
    assert!(report.interrupted && report.failed.is_empty() && failures.is_empty());
}

/// A kind whose every create loses its response, or finds the name taken, and whose reads fail for a reason of their own.
struct Unreadable;

static SERVICE: Service = Service {
    errors: Errors { exists: &[Refusal::Code("NameInUse")], ..Service::new("", "").errors },
    ..Service::new("X", "x")
};

static CREATES: AtomicUsize = AtomicUsize::new(0);

impl Kind for Unreadable {
    const NAME: &'static str = "unreadable";
    const SERVICE: &'static Service = &SERVICE;
    const PERMISSIONS: &'static [Permission] = &[];
    type Spec<T: Texts> = ();
    type Attributes = ();

    async fn observe(_: &Context, _: &[Parent]) -> Result<Observation<Self>> {
        Ok(Vec::new().into())
    }

    async fn read(_: &Context, _: &str, _: Option<&Parent>) -> Result<ObservedOption<Self>> {
        Err(Error::state("it is ARCHIVED"))
    }

    async fn create(_: &Context, id: &ResourceId, (): &()) -> Result<()> {
        if let Some(code) = id.name.strip_prefix("refused: ") {
            return Err(Error::refusal("x:Create", Some(code), "no"));
        }
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
    let target = Target { kind: &Registered::<Unreadable>::NEW, id: &id, parent: None, replaces: None };
    let result = target.create(&context, serde_json::Value::Null).await;
    assert_eq!(result.map_err(|error| error.class), Err(Class::State));
    assert_eq!(CREATES.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_create_that_its_service_refuses_because_the_name_is_taken_reads_what_exists() {
    let context = context();
    let created = async |name: &str| {
        let id = ResourceId::new("unreadable", name);
        let target = Target { kind: &Registered::<Unreadable>::NEW, id: &id, parent: None, replaces: None };
        let result = target.create(&context, serde_json::Value::Null).await;
        result.map_err(|error| error.class)
    };
    assert_eq!(created("refused: NameInUse").await, Err(Class::State), "the error of the read");
    assert_eq!(created("refused: EntityAlreadyExists").await, Err(Class::Refused), "another service's code");
}

/// What a simulated service has of a resource, and the calls that it got.
#[derive(Debug, Default)]
struct Simulated {
    /// The generation of the resource: each create makes the next one.
    there: Option<u32>,
    owner: Option<Owner>,
    pending: bool,
    /// Whether a change never ends.
    hangs: bool,
    created: u32,
    calls: Vec<String>,
}

/// A kind of which each test has its own, so that tests can run at the same time.
macro_rules! simulated {
    ($name:ident $(, $constant:ident: $type:ty = $value:expr)*) => {
        struct $name;

        impl $name {
            fn service() -> std::sync::MutexGuard<'static, Simulated> {
                static SERVICE: std::sync::LazyLock<Mutex<Simulated>> = std::sync::LazyLock::new(Mutex::default);
                SERVICE.lock().expect("no panic")
            }

            fn call(call: impl Into<String>) {
                $name::service().calls.push(call.into());
            }

            fn observed() -> Option<ObservedOf<Self>> {
                let service = $name::service();
                let id = ResourceId::new(Self::NAME, "a");
                let owner = service.owner.clone().unwrap_or(Owner::Ours);
                let number = service.there?;
                let mut observed = Observed::new(id, number.to_string(), owner, number, Number { id: number.to_string() });
                if service.pending {
                    observed.status = Status::Pending;
                }
                Some(observed)
            }
        }

        impl Kind for $name {
            const NAME: &'static str = "simulated";
            const SERVICE: &'static Service = &Service::new("X", "x");
            const PERMISSIONS: &'static [Permission] = &[];
            const PHYSICAL_ID: &'static str = "id";
            $(const $constant: $type = $value;)*
            type Spec<T: Texts> = u32;
            type Attributes = Number;

            async fn observe(_: &Context, _: &[Parent]) -> Result<Observation<Self>> {
                Ok($name::observed().into_iter().collect::<Vec<_>>().into())
            }

            async fn read(_: &Context, _: &str, _: Option<&Parent>) -> Result<ObservedOption<Self>> {
                $name::call("read");
                Ok($name::observed())
            }

            async fn create(_: &Context, _: &ResourceId, to: &u32) -> Result<Number> {
                $name::call(format!("create {to}"));
                let mut service = $name::service();
                service.created += 1;
                service.there = Some(*to);
                Ok(Number { id: to.to_string() })
            }

            async fn update(_: &Context, observed: &ObservedOf<Self>, to: &u32) -> Result<Number> {
                $name::call(format!("update {} to {to}", observed.spec));
                if $name::service().hangs {
                    std::future::pending::<()>().await;
                }
                Ok(observed.attributes.clone())
            }

            async fn settle(_: &Context, _: &ObservedOf<Self>) -> Result<()> {
                $name::call("settle");
                $name::service().pending = false;
                Ok(())
            }

            async fn delete(_: &Context, observed: &ObservedOf<Self>) -> Result<()> {
                $name::call(format!("delete {}", observed.spec));
                Ok(())
            }
        }
    };
}

/// The attributes of a simulated resource.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
struct Number {
    id: String,
}

async fn create<K: Kind>(to: u32) -> Result<serde_json::Value> {
    let id = ResourceId::new(K::NAME, "a");
    let target = Target { kind: &Registered::<K>::NEW, id: &id, parent: None, replaces: None };
    target.create(&context(), to.into()).await
}

#[tokio::test]
async fn where_a_create_takes_over_what_exists_it_is_read_before() {
    simulated!(Accepting, ON_EXISTING: OnExisting = OnExisting::Accept);
    create::<Accepting>(1).await.expect("created");
    assert_eq!(Accepting::service().calls, ["read", "create 1"]);
    // Another run of ours was faster: its resource is changed, not made a second time.
    create::<Accepting>(2).await.expect("updated");
    assert_eq!(Accepting::service().calls[2..], ["read", "update 1 to 2"]);
    Accepting::service().owner = Some(Owner::Unmanaged("it belongs to the stack shop".to_owned()));
    let error = create::<Accepting>(3).await.expect_err("another owner's");
    assert_eq!(error.to_string(), "it already exists, and it belongs to the stack shop");
    assert_eq!(Accepting::service().created, 1);
}

#[tokio::test]
async fn where_aws_refuses_what_exists_nothing_is_read_before() {
    simulated!(Refusing);
    create::<Refusing>(1).await.expect("created");
    assert_eq!(Refusing::service().calls, ["create 1"]);
}

/// A plan that changes the simulated resource of a kind to a generation.
fn changing<K: Kind>(registry: Registry, observed: Observed, to: u32) -> Plan {
    let id = ResourceId::new(K::NAME, "a");
    let resource = Resource {
        id,
        at: Default::default(),
        desired: Desired::Number(to.into()),
        known_attributes: KnownAttributes::new_vec(),
        depends_on: Vec::new(),
        order_constraint: None,
        note: None,
    };
    let options = Options { registry, ..up() };
    let live_state = LiveState { observed: vec![observed], ..LiveState::default() };
    plan(&Graph::new(vec![resource]), &live_state, &options).expect("a plan")
}

async fn run(registry: Registry, plan: &Plan, stop: watch::Receiver<u32>) -> Report {
    apply(&context(), registry, &Events::none(), plan, stop).await
}

#[tokio::test]
async fn a_pending_resource_settles_and_is_read_again_before_it_is_changed() {
    simulated!(Pending);
    const REGISTRY: Registry = Registry::new(&[&Registered::<Pending>::NEW]);
    *Pending::service() = Simulated { there: Some(1), pending: true, ..Simulated::default() };
    let observed = REGISTRY.kind("simulated").observe(&context(), &[]).await.expect("read").0.remove(0);
    Pending::service().there = Some(2);
    let report = run(REGISTRY, &changing::<Pending>(REGISTRY, observed, 3), watch::channel(0).1).await;
    assert!(report.is_complete());
    assert_eq!(Pending::service().calls, ["settle", "read", "update 2 to 3"]);
}

#[tokio::test]
async fn a_replacement_is_finished_after_a_stop_and_counts_once() {
    simulated!(Replaced);
    const REGISTRY: Registry = Registry::new(&[&Registered::<Replaced>::NEW]);
    Replaced::service().there = Some(1);
    let observed = REGISTRY.kind("simulated").observe(&context(), &[]).await.expect("read").0.remove(0);
    let observed = Observed { status: Status::Failed("it failed".to_owned()), ..observed };
    let plan = changing::<Replaced>(REGISTRY, observed, 2);
    assert_eq!((plan.steps.len(), plan.nodes.len()), (1, 2));
    let (stop, stopped) = watch::channel(0);
    let events = Events::new(move |event| {
        if let Event::Started { .. } = event {
            stop.send_replace(1);
        }
    });
    let report = apply(&context(), REGISTRY, &events, &plan, stopped).await;
    assert!(report.is_complete(), "{report:?}");
    assert_eq!(report.done, [0].into());
    assert_eq!(Replaced::service().calls, ["delete 1", "create 2"]);
}

/// The second wish to stop ends the run at once, also where both come before the run looks.
#[tokio::test(start_paused = true)]
async fn two_wishes_to_stop_at_once_are_two() {
    simulated!(Hanging);
    const REGISTRY: Registry = Registry::new(&[&Registered::<Hanging>::NEW]);
    *Hanging::service() = Simulated { there: Some(1), hangs: true, ..Simulated::default() };
    let observed = REGISTRY.kind("simulated").observe(&context(), &[]).await.expect("read").0.remove(0);
    let plan = changing::<Hanging>(REGISTRY, observed, 2);
    let took = async |wishes: u32| {
        let (stop, stopped) = watch::channel(0);
        let events = Events::new(move |event| {
            if let Event::Started { .. } = event {
                for wish in 1..=wishes {
                    stop.send_replace(wish);
                }
            }
        });
        let start = tokio::time::Instant::now();
        let report = apply(&context(), REGISTRY, &events, &plan, stopped).await;
        assert_eq!(report.failed.keys().collect::<Vec<_>>(), [&0], "{report:?}");
        start.elapsed()
    };
    assert_eq!([took(2).await, took(1).await], [Duration::ZERO, GRACE]);
}

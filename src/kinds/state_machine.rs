//! Step Functions state machines.

mod change;
mod definition;
mod observe;
pub mod section;
mod states;

use self::change::{create, update};
pub(in crate::kinds) use self::definition::grants;
use self::observe::{describe, read};
use super::function::Function;
use super::log_group::LogGroup;
use super::read_each;
use super::role::Role;
use crate::aws::clients::client;
use crate::aws::tags::Tags;
use crate::aws::wait::{Backoff, Poll, retry_if, wait_until};
use crate::aws::{Clients, Context, Error, Errors, Refusal, Result, Service};
use crate::kind::{
    AdoptedBy, Features, Kind, Observation, ObservedOf, ObservedOption, On, OnExisting, Output, OwnListing,
    Owned, Parent, Permission, Tagging, Task, When, Which,
};
use crate::model::{ResourceId, Texts};
use crate::policy::Tree;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Step Functions.
pub(crate) static STEP_FUNCTIONS: Service = Service {
    errors: Errors {
        not_found: &[Refusal::Code("StateMachineDoesNotExist"), Refusal::Code("ResourceNotFound")],
        exists: &[Refusal::Code("StateMachineAlreadyExists")],
        transient: &[
            (
                Refusal::Code("StateMachineDeleting"),
                "a state machine of this name is being deleted, which takes until its executions end",
            ),
            (Refusal::Code("Conflict"), "another change of it is in progress"),
        ],
        passing_limits: &[],
    },
    ..Service::new("SFN", "states")
};

impl Clients {
    /// The client of Step Functions.
    pub fn step_functions(&self) -> aws_sdk_sfn::Client {
        client!(self, &STEP_FUNCTIONS, aws_sdk_sfn)
    }
}

/// A state machine.
pub struct StateMachine;

/// The desired state of a state machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "T: Texts")]
pub struct Spec<T = String> {
    /// Its definition in the Amazon States Language.
    pub definition: BTreeMap<String, Tree<T>>,
    /// What sort of executions it has.
    pub r#type: Type,
    /// The ARN of the role that it runs with.
    pub role: T,
    /// Whether X-Ray traces its executions.
    pub tracing: bool,
    /// What of its executions is logged, where something is.
    pub logging: Option<Logging<T>>,
    /// The tags that are compared.
    pub tags: Tags<T>,
}

/// What sort of executions a state machine has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Type {
    /// Long ones, each step of which is kept and taken once.
    Standard,
    /// Short and many ones.
    Express,
}

/// What of the executions is logged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Logging<T = String> {
    /// Which events.
    pub level: Level,
    /// Whether the data of executions is logged too.
    pub data: bool,
    /// The ARN of the log group, without the `:*` at the end that Step Functions adds.
    pub group: T,
}

/// Which events are logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// All of them.
    All,
    /// Errors.
    Error,
    /// Those that end an execution.
    Fatal,
}

/// The attributes of a state machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attributes {
    /// The name.
    pub name: String,
    /// The ARN.
    pub arn: String,
}

/// Step Functions as a principal.
pub(in crate::kinds) const PRINCIPAL: &str = "states.amazonaws.com";
/// The action that starts a state machine.
pub(in crate::kinds) const START: &str = "states:StartExecution";

/// What the name of a state machine's role has after the machine's. No name of a function has a dot, so it is no function's role.
pub(in crate::kinds) const ROLE_ENDING: &str = ".states";
/// Before the name of a state machine in that of its log group: the names of such groups take no room in the policy with which
/// CloudWatch Logs admits the credentials that deliver logs [hazards: C6].
pub(in crate::kinds) const LOG_PREFIX: &str = "/aws/vendedlogs/states/";

const ANY: On = On::new("ReadStateMachine", StateMachine::NAME, Which::Any, &[StateMachine::ARN]);
const DECLARED: On = On::new("StateMachines", StateMachine::NAME, Which::Declared, &[StateMachine::ARN]);
const OWNED: On = On::new("MarkedStateMachines", StateMachine::NAME, Which::Owned(""), &[StateMachine::ARN]);
/// The roles that state machines run with.
const PASSED: On = On::new("RolesOfStateMachines", Role::NAME, Which::Field("role"), &[Role::ARN])
    .only("iam:PassedToService", PRINCIPAL);

impl Kind for StateMachine {
    const NAME: &'static str = "state_machine";
    const SERVICE: &'static Service = &STEP_FUNCTIONS;
    const IMMUTABLE: &'static [&'static str] = &["type"];
    const DEPENDS_ON: &'static [&'static str] = &[Role::NAME, LogGroup::NAME, Function::NAME];
    /// CreateStateMachine returns the ARN of one that is the same but for its role and its tags [aws-facts-services: Uniqueness].
    const ON_EXISTING: OnExisting = OnExisting::Accept;
    const SECTION: &'static str = "state_machines";
    const ARN: &'static str = "arn:{partition}:states:{region}:{account}:stateMachine:{name}";
    const PERMISSIONS: &'static [Permission] = &[
        Permission::same("states:DescribeStateMachine", Task::READ, &ANY).when(When::DECLARED),
        Permission::same("states:ListTagsForResource", Task::READ, &ANY).when(When::DECLARED),
        Permission::of(
            "states:CreateStateMachine",
            Task::CHANGE,
            &[
                ("states:CreateStateMachine", &DECLARED),
                ("states:TagResource", &DECLARED),
                ("iam:PassRole", &PASSED),
            ],
        )
        .when(When::DECLARED),
        Permission::of(
            "states:UpdateStateMachine",
            Task::CHANGE,
            &[("states:UpdateStateMachine", &DECLARED), ("iam:PassRole", &PASSED)],
        )
        .when(When::DECLARED),
        Permission::same("states:TagResource", Task::CHANGE, &DECLARED).when(When::DECLARED),
        Permission::same("states:DeleteStateMachine", Task::DELETE, &OWNED).when(When::DECLARED),
    ];
    const TAGGING: Option<Tagging> = Some(Tagging {
        resource_type: "states:stateMachine",
        prefix: "stateMachine:",
        own_listing: OwnListing::Never,
    });
    const FEATURES: Features = Features {
        adopted_by: Some(AdoptedBy::Name),
        outputs: &[Output::new("state_machines.NAME", "arn")],
        counted: true,
        facts: |spec| {
            let states = spec["definition"]["States"].as_object().map_or(0, serde_json::Map::len);
            let states = if states == 1 { "1 state".to_owned() } else { format!("{states} states") };
            vec![spec["type"].as_str().unwrap_or_default().to_owned(), states]
        },
        ..Features::NONE
    };
    type Spec<T: Texts> = Spec<T>;
    type Attributes = Attributes;

    async fn observe(ctx: &Context, _: &[Parent]) -> Result<Observation<Self>> {
        Ok(read_each(ctx.scope.wanted(Self::NAME), |name| read(ctx, name)).await?.into())
    }

    async fn read(ctx: &Context, name: &str, _: Option<&Parent>) -> Result<ObservedOption<Self>> {
        read(ctx, name).await
    }

    async fn create(ctx: &Context, id: &ResourceId, spec: &Spec) -> Result<Attributes> {
        create(ctx, id, spec).await
    }

    async fn update(ctx: &Context, observed: &ObservedOf<Self>, to: &Spec) -> Result<Attributes> {
        update(ctx, observed, to).await?;
        Ok(observed.attributes.clone())
    }

    /// It exists until its executions end [aws-facts-services: 6].
    async fn delete(ctx: &Context, observed: &ObservedOf<Self>) -> Result<()> {
        let (id, arn) = (&observed.id, &observed.attributes.arn);
        let busy = |error: &Error| STEP_FUNCTIONS.transient(error);
        retry_if(Backoff::CONFLICT, ctx.waiting(id), busy, async || {
            let delete = ctx.clients.step_functions().delete_state_machine().state_machine_arn(arn);
            STEP_FUNCTIONS.ignore_not_found(delete.send().await)
        })
        .await?;
        wait_until(Backoff::state(ctx.local), ctx.waiting(id), async || {
            Ok(match describe(&ctx.clients, arn).await? {
                None => Poll::Ready(()),
                Some(_) => Poll::Pending("being deleted, which takes until its executions end".to_owned()),
            })
        })
        .await
    }

    /// The tagging API shows them; Step Functions finds none by its name alone.
    async fn inventory(_: &Clients, tagged: Vec<Owned>) -> Result<Vec<Owned>> {
        Ok(tagged)
    }
}

//! `state_machines`.

use super::definition::{definition, functions, grants, waits};
use super::states::check_express;
use super::{LOG_PREFIX, Level, PRINCIPAL, ROLE_ENDING, Spec, StateMachine, Type};
use crate::aws::tags;
use crate::config::access::{Access, AccessPart, Level as AccessLevel, PartOn, access};
use crate::config::declared::{Connection, Declared, Referable, Sections, connections_of, keyed};
use crate::config::decode::Value;
use crate::config::fields::Fields;
use crate::config::names::NameRule;
use crate::config::policy::policy;
use crate::config::section::shape::{Target, flag, mapping, part, word};
use crate::config::section::{Keyed, Section, Shape, section};
use crate::config::trigger::triggers;
use crate::config::{Diagnostic, Entries, Entry, Grant, Item, Json, Stack, Statement, Template};
use crate::kind::Kind;
use crate::kinds::function::Function;
use crate::kinds::function::section::{OF_GENERATED_ROLE, log_retention_shape};
use crate::kinds::log_group::{self, LogGroup};
use crate::kinds::role::managed::{self, ManagedPolicy, managed_policies};
use crate::kinds::role::{self, Role};
use crate::lower::{Lower, Lowered, Size, Sizes, allow, known_attributes, resource};
use crate::model::{Resource, ResourceId, Text};
use crate::policy::{self as iam, Tree};
use std::collections::BTreeMap;

const NAME: NameRule = NameRule { what: "state machine", others: "-_", min: 1, max: 80, because: "" };
const NAME_WITH_ROLE: NameRule = NameRule {
    max: 57,
    because: "its role is named `<name>.states`, and AWS allows 64 characters for the name of a role",
    ..NAME
};

section! {
    /// A Step Functions state machine, with a role of its own unless `role` names one.
    pub struct Config, checked by fits_together {
        /// What it does, in the Amazon States Language: a mapping, or a file in YAML or JSON in the stack's folder or below. `${…}`
        /// works in both. It may call each function that it names, such as with `Resource: ${functions.NAME.arn}`.
        definition: BTreeMap<String, Json> = definition().required("{ StartAt: …, States: … }"),
        /// `standard` for executions of up to a year, each step of which is kept, or `express` for many of up to five minutes. A
        /// change deletes the state machine and creates another one.
        kind: Type = word(&TYPES, |value| value.one_of(&TYPES)).default(Type::Standard).immutable().key("type"),
        /// Whether X-Ray traces the executions. The generated role is allowed to send the traces.
        tracing: bool = flag().default(false),
        /// What of the executions is logged, in the log group `/aws/vendedlogs/states/NAME`. By default nothing. The generated role
        /// is allowed to set that up.
        logging: Option<Logging> = part("machine_logging", Logging::ABOUT, mapping()).optional(),
        /// What starts executions: events of buses, or certain times. The input is the event, unless the trigger says otherwise.
        triggers: Vec<Item> = triggers(StateMachine::NAME).or_empty(),
        /// What the state machine may do with other entries of the stack, besides calling the functions that it names.
        access: BTreeMap<String, Grant> = access().or_empty(),
        /// Additional permissions of the generated role, in IAM's own syntax.
        policy: Vec<Statement> = policy().or_empty(),
        /// Managed policies of the generated role, at most ten: keys of `policies`, AWS's own by their names with their paths,
        /// others by their ARNs.
        managed_policies: Vec<ManagedPolicy> = managed_policies().or_empty(),
        /// The key of an entry of `roles`, or the ARN of an existing role, instead of a generated role with `access`, `policy` and
        /// `managed_policies`. It must trust `states`.
        role: Option<Target> = role::section::role().optional().excludes(&OF_GENERATED_ROLE),
    }
}

section! {
    /// What of the executions of a state machine is logged.
    pub struct Logging {
        /// Which events: `all`, `error`, or `fatal` for those that end an execution.
        level: Level = word(&LEVELS, |value| value.one_of(&LEVELS)).default(Level::Error),
        /// Whether inputs and outputs are logged too.
        data: bool = flag().default(false),
        /// How long to keep the logs.
        log_retention: u32 = log_retention_shape().default(30),
    }
}

static TYPES: [(&str, Type); 2] = [("standard", Type::Standard), ("express", Type::Express)];
static LEVELS: [(&str, Level); 3] = [("all", Level::All), ("error", Level::Error), ("fatal", Level::Fatal)];

fn fits_together(machine: &<Config as Section>::Decoded, fields: &mut Fields) {
    if let (Some(Type::Express), Some(definition)) = (machine.kind, fields.value("definition")) {
        check_express(definition);
    }
    if fields.value("role").is_none() {
        return;
    }
    let named = machine.role.as_ref().and_then(Option::as_ref);
    let other = OF_GENERATED_ROLE.iter().filter_map(|field| fields.value(field));
    let other: Vec<Value> = other.collect();
    other.into_iter().for_each(|value| role::section::stands_in_role_of(value, "state machine", named));
}

impl Declared for StateMachine {
    const ABOUT: &'static str = "Step Functions state machines. The key is the state machine's name in AWS.";
    const REFERENCES: &'static [Referable] = &[Referable::known("name"), Referable::known("arn")];
    const IN_FILES: &'static [&'static str] = &["definition"];
    const ACCESS: Option<&'static Access> = Some(&ACCESS);
    const LIMITED: &'static [&'static str] = &["triggers"];
    type Config = Config;

    fn triggers(machine: &Config) -> &[Item] {
        &machine.triggers
    }

    fn section() -> Shape<Vec<Entry<Config>>> {
        keyed()
    }

    fn connections(machine: &Entry<Config>, sections: Sections) -> Vec<Connection> {
        let own = || (Self::NAME, machine.name.clone());
        let access = connections_of((Self::NAME, &machine.name), &machine.access, sections);
        let tasks = functions(machine).into_iter();
        let tasks = tasks.map(|key| Connection::new(own(), (Function::NAME, key.to_owned()), "task"));
        let role = machine.role.as_ref().and_then(Target::key);
        let role = role.map(|role| Connection::new(own(), (Role::NAME, role.to_owned()), "role"));
        let policies = managed::connections(&own(), &machine.managed_policies);
        access.into_iter().chain(tasks).chain(role).chain(policies).collect()
    }

    fn check(machine: &Entry<Config>, entries: &Entries) -> Vec<Diagnostic> {
        let roles: &[Entry<role::section::Config>] = entries.of();
        let error = |field: &str, message: String, help: &str| Diagnostic {
            at: machine.place(field),
            length: 0,
            message,
            help: Some(help.to_owned()),
        };
        let Some(key) = machine.role.as_ref().and_then(Target::key) else {
            let own = format!("{}{ROLE_ENDING}", machine.aws_name());
            let taken = machine.role.is_none() && roles.iter().any(|role| role.aws_name() == own);
            let message =
                format!("the role of `{}` is called `{own}`, as a role of the stack is", machine.name);
            return taken.then(|| error("", message, "rename one of the two")).into_iter().collect();
        };
        let named = roles.iter().find(|role| role.name == key);
        let distrusts = named.is_some_and(|role| !role::may_trust(&role.trust, PRINCIPAL));
        let message = format!("Step Functions cannot assume the role `{key}`");
        distrusts.then(|| error("role", message, "add `states` to its `trust`")).into_iter().collect()
    }

    fn templates(machine: &Entry<Config>) -> Vec<&Template> {
        let members = machine.policy.iter().flat_map(|statement| statement.members.values());
        machine.definition.values().chain(members).flat_map(Json::templates).collect()
    }
}

impl Lowered for StateMachine {
    fn lower(machine: &Entry<Config>, lower: &mut Lower) {
        let id = lower.id(Self::NAME, &machine.name);
        let Config { definition, kind, tracing, logging, triggers, access, policy, managed_policies, role } =
            &**machine;
        let of_machine = |own: &ResourceId, lower: &Lower| {
            let mut all = lower.tags(own);
            all.insert(tags::FOR.to_owned(), id.tag().into());
            all
        };
        let group = ResourceId::new(LogGroup::NAME, format!("{LOG_PREFIX}{}", id.name));
        if let Some(logging) = logging {
            let retention_days = Some(logging.log_retention.cast_signed());
            let spec = log_group::Spec { retention_days, tags: of_machine(&group, lower) };
            let arn = lower.scope.expand(LogGroup::ARN, &group.name);
            let logs = resource::<LogGroup>(group.clone(), machine.place("logging"), &spec);
            lower.resources.push(Resource { known_attributes: known_attributes(&group, arn), ..logs });
        }
        let role = match role {
            Some(Target::Arn(arn)) => arn.into(),
            Some(Target::Key(key)) => Text::reference(&lower.id(Role::NAME, key), "arn"),
            None => {
                let own = ResourceId::new(Role::NAME, format!("{}{ROLE_ENDING}", id.name));
                let granted = access.values().cloned().chain(grants(machine)).collect();
                let needs = needs(machine, lower);
                let policy = lower.policy(needs, granted, policy);
                let tags = of_machine(&own, lower);
                let trust = role::trusting(PRINCIPAL, None, lower);
                let generated =
                    role::generated(&own, machine.at, (trust, policy), managed_policies, tags, lower);
                lower.resources.push(generated);
                Text::reference(&own, "arn")
            }
        };
        let json = |(name, member): (&String, &Json)| (name.clone(), lower.json(member));
        let spec = Spec {
            definition: definition.iter().map(json).collect::<BTreeMap<String, Tree<Text>>>(),
            r#type: *kind,
            role,
            tracing: *tracing,
            logging: logging.as_ref().map(|Logging { level, data, log_retention: _ }| super::Logging {
                level: *level,
                data: *data,
                group: Text::reference(&group, "arn"),
            }),
            tags: lower.tags(&id),
        };
        let known_attributes = known_attributes(&id, lower.scope.expand(Self::ARN, &id.name));
        let machine = resource::<StateMachine>(id.clone(), machine.at, &spec);
        lower.resources.push(Resource { known_attributes, ..machine });
        triggers.iter().for_each(|item| lower.trigger(item, &id));
    }

    fn check_sizes(machine: &Entry<Config>, sizes: &mut Sizes) {
        let id = ResourceId::new(Self::NAME, sizes.identity.named(Self::NAME, &machine.name));
        let definition = Size {
            what: format!("the definition of {id}"),
            size: sizes.shortest(&id)["definition"].to_string().chars().count(),
            unit: "characters as JSON",
            limit: MAX_DEFINITION,
        };
        let at = machine.place("definition");
        sizes.check(at, definition, "let one state machine start another one for a part of the work");
        let role = ResourceId::new(Role::NAME, format!("{}{ROLE_ENDING}", id.name));
        let help = "write fewer and wider statements, or name a role of your own under `role`";
        role::check_sizes(&role, machine.at, &format!("the policy of {id}"), help, sizes);
    }
}

/// The characters of a definition [M: Definition].
const MAX_DEFINITION: usize = 1_048_576;

/// What Step Functions does to deliver logs, with the role of the machine [aws-facts-services: 6, DG].
const DELIVER_LOGS: [&str; 8] = [
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
];
/// What it does to trace executions [DG: Step Functions, "IAM policies for X-Ray"].
const TRACE: [&str; 4] =
    ["xray:GetSamplingRules", "xray:GetSamplingTargets", "xray:PutTelemetryRecords", "xray:PutTraceSegments"];

/// What it does to learn that what a task started has ended, with rules that it manages [hazards: E7].
const WAIT: [&str; 3] = ["events:DescribeRule", "events:PutRule", "events:PutTargets"];
/// Such as `StepFunctionsGetEventsForECSTaskRule`; of CodeBuild and EMR `StepFunctionsGetEventFor…` [DG: Step Functions].
const RULES_OF_WAITS: &str = "arn:{partition}:events:{region}:{account}:rule/{name}";

/// What the role of a state machine must allow for its settings and its tasks, each with its `Sid`. Those of logs and of traces
/// are of no resource.
pub(in crate::kinds) fn needs(machine: &Config, lower: &Lower) -> Vec<(&'static str, iam::Statement<Text>)> {
    let logs = machine.logging.as_ref().map(|_| ("LogDelivery", allow(DELIVER_LOGS, "*".into())));
    let traces = machine.tracing.then(|| ("Traces", allow(TRACE, "*".into())));
    let rules = || lower.scope.expand(RULES_OF_WAITS, "StepFunctionsGetEvent*").into();
    let rules = waits(machine).then(|| ("ManagedRules", allow(WAIT, rules())));
    logs.into_iter().chain(traces).chain(rules).collect()
}

impl Stack {
    /// `state_machines`, in the order of the file.
    pub fn state_machines(&self) -> &[Entry<Config>] {
        self.entries.of()
    }

    /// The same, to be changed.
    pub fn state_machines_mut(&mut self) -> &mut [Entry<Config>] {
        self.entries.of_mut().map(Vec::as_mut_slice).unwrap_or_default()
    }
}

impl Keyed for Config {
    const WHAT: &'static str = NAME.what;
    const DEFINED: &'static str = "state_machine";

    fn pattern() -> String {
        NAME.pattern()
    }

    fn check_key(value: Value) -> bool {
        let rule = if value.node.get("role").is_some() { NAME } else { NAME_WITH_ROLE };
        rule.check(value)
    }
}

/// The access levels, and every other action that Step Functions checks against a state machine.
static ACCESS: Access = Access {
    service: "states",
    what: "Step Functions action on state machines",
    levels: &[AccessLevel {
        name: "start",
        actions: &[&["StartExecution", "StartSyncExecution"]],
        misspelt: &["invoke", "execute", "run", "call"],
    }],
    others: &[
        "CreateStateMachine",
        "DeleteStateMachine",
        "DescribeExecution",
        "DescribeStateMachine",
        "DescribeStateMachineForExecution",
        "GetExecutionHistory",
        "ListExecutions",
        "ListMapRuns",
        "ListStateMachineAliases",
        "ListStateMachineVersions",
        "ListTagsForResource",
        "PublishStateMachineVersion",
        "RedriveExecution",
        "SendTaskFailure",
        "SendTaskHeartbeat",
        "SendTaskSuccess",
        "StopExecution",
        "TagResource",
        "UntagResource",
        "UpdateStateMachine",
    ],
    parts: &[
        AccessPart {
            name: "execution",
            actions: OF_EXECUTIONS,
            on: PartOn::Instead(":stateMachine:", ":execution:", ":*"),
        },
        // A token stands for an execution [Service Authorization Reference: Step Functions].
        AccessPart {
            name: "token",
            actions: &["SendTaskFailure", "SendTaskHeartbeat", "SendTaskSuccess"],
            on: PartOn::Everything,
        },
    ],
    // A state machine and the function that starts it may name each other.
    paths: None,
    by_name: true,
};

/// The actions that are about an execution.
const OF_EXECUTIONS: &[&str] = &[
    "DescribeExecution",
    "DescribeStateMachineForExecution",
    "GetExecutionHistory",
    "ListMapRuns",
    "RedriveExecution",
    "StopExecution",
];

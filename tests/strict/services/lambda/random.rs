//! The functions of a random stack.

use super::layer_by_hand::LAYERS;
use crate::random::{RandomStack, Section, Wire, index, rarely};
use crate::services::dynamodb::TABLES;
use crate::services::iam::{EXISTING_ROLE, ROLES};
use proptest::collection::{btree_map, btree_set};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::rc::Rc;

/// IAM takes the roles of `save` and `Save` for one.
pub(crate) const FUNCTIONS: &[&str] = &["save", "list", "Save", "show-all"];
const CODE: &[&str] = &["create_item", "get_item", "getAlls", "update_item", "delete_item"];

#[derive(Debug)]
struct Functions {
    /// By index into [`FUNCTIONS`].
    functions: BTreeMap<u8, Function>,
    /// Which of [`SHARED`] the first of [`LAYERS`] is.
    shared: u8,
    /// Whether there is the second one.
    has_tools: bool,
}

#[derive(Debug, Clone)]
struct Function {
    code: u8,
    /// Which of [`settings`] it has, and which of their values.
    settings: BTreeMap<u8, u8>,
    /// Which of [`VARIABLES`].
    environment: BTreeSet<u8>,
    /// What it may do with each table that there is.
    access: BTreeMap<u8, u8>,
    /// How many of [`POLICY`].
    policy: u8,
    /// Whether it brings no role of its own.
    existing_role: bool,
}

pub(super) fn section() -> BoxedStrategy<Rc<dyn Section>> {
    let functions = btree_map(0..index(FUNCTIONS), function(), 0..=3);
    let layers = (rarely(index(SHARED)), proptest::bool::weighted(0.1));
    (functions, layers)
        .prop_map(|(functions, (shared, has_tools))| {
            Rc::new(Functions { functions, shared, has_tools }) as Rc<dyn Section>
        })
        .boxed()
}

fn function() -> impl Strategy<Value = Function> {
    let settings = btree_map(0..index(SETTINGS), 0_u8..2, 0..=3);
    let environment = btree_set(0..index(VARIABLES), 0..=2);
    let access = btree_map(0..index(TABLES), 0..index(ACCESS), 0..=2);
    let rest = (rarely(3), proptest::bool::weighted(0.1));
    (0..index(CODE), settings, environment, access, rest).prop_map(
        |(code, settings, environment, access, (policy, existing_role))| Function {
            code,
            settings,
            environment,
            access,
            policy,
            existing_role,
        },
    )
}

/// Settings of a function, each with its two values.
const SETTINGS: &[(&str, [&str; 2])] = &[
    ("memory", ["256", "512"]),
    ("timeout", ["10", "29"]),
    ("ephemeral_storage", ["1024", "512"]),
    ("tracing", ["true", "false"]),
    ("description", ["Saves", "In ${region}"]),
    (
        "vpc",
        [
            "{ subnets: [subnet-1, subnet-2], security_groups: [sg-1] }",
            "{ subnets: [subnet-2], security_groups: [sg-1] }",
        ],
    ),
    (
        "kms_key",
        ["arn:aws:kms:eu-central-1:123456789012:key/k1", "arn:aws:kms:eu-central-1:123456789012:key/k2"],
    ),
    ("logging", ["{ format: json, level: debug }", "{ group: /shop/all }"]),
    ("async", ["{ retries: 0 }", "{ on_failure: \"arn:aws:sns:eu-central-1:123456789012:alarms\" }"]),
    ("recursive_loop", ["allow", "terminate"]),
    ("url", ["none", "{ auth: iam, cors: { origins: [\"*\"], max_age: 60 } }"]),
    ("runtime", ["python3.12", "python3.14"]),
    ("architecture", ["arm64", "x86_64"]),
    ("log_retention", ["14", "90"]),
    ("reserved_concurrency", ["5", "0"]),
    (
        "managed_policies",
        ["[AWSXRayDaemonWriteAccess]", "[ReadOnlyAccess, service-role/AWSLambdaVPCAccessExecutionRole]"],
    ),
    ("release", ["live", "{ aliases: { live: {}, next: { provisioned_concurrency: 1 } }, keep: 1 }"]),
    ("layers", ["[\"arn:aws:lambda:${region}:111122223333:layer:tools:1\"]", "[shared]"]),
];

/// A layer, which all functions can have. Every stack has one: a stack without any does not look for those of its past.
const SHARED: &[&str] = &[
    "code: lambdas/create_item",
    "code: lambdas/get_item",
    "code: lambdas/get_item, description: Helpers, keep: 1",
    "code: lambdas/create_item, license: MIT",
];

const VARIABLES: &[&str] = &["LEVEL", "TABLE", "TABLE_ARN", "OTHER", "OTHER_ARN", "URL"];

const ACCESS: &[&str] =
    &["read", "write", "read-write", "[dynamodb:GetItem]", "[dynamodb:GetItem, dynamodb:Scan]"];

const POLICY: &[&str] = &[
    "{ Effect: Allow, Action: \"comprehend:Detect*\", Resource: \"*\" }",
    "{ Sid: Logs, Effect: Deny, Action: [s3:GetObject], Resource: [\"arn:aws:s3:::pictures-${account}/*\"] }",
];

pub(super) const WIRES: &[Wire] = &[
    (&["functions"], "{ queue: <queues> }"),
    (&["functions"], "{ queue: <queues>, batch: 5, filter: { body: { kind: [order] } } }"),
    (&["functions"], "{ table: <tables> }"),
    (&["functions"], "{ table: <tables>, from: latest, retries: 3, on_failure: <queues> }"),
    (&["functions"], "{ stream: <streams> }"),
    (&["functions"], "{ stream: <streams>, partial_failures: true, on_failure: <topics> }"),
    (
        &["functions"],
        "{ principal: iot.amazonaws.com, source: \"arn:aws:iot:eu-central-1:111122223333:rule/x\" }",
    ),
    (&["functions"], "{ principal: \"111122223333\" }"),
    (&["functions"], "{ principal: o-a1b2c3d4e5 }"),
];

impl Functions {
    /// The names of the functions that are declared. Two whose roles differ only in case are refused.
    fn declared(&self) -> Vec<(&'static str, &Function)> {
        let all = self.functions.iter().map(|(index, function)| (FUNCTIONS[usize::from(*index)], function));
        all.filter(|(name, _)| *name != "Save" || !self.functions.contains_key(&0)).collect()
    }
}

impl Section for Functions {
    fn title(&self) -> &'static str {
        "functions"
    }

    fn names(&self) -> Vec<&'static str> {
        self.declared().into_iter().map(|(name, _)| name).collect()
    }

    /// What a role of others may do is their care.
    fn started(&self) -> Vec<&'static str> {
        let own = self.declared().into_iter().filter(|(_, function)| !function.existing_role);
        own.map(|(name, _)| name).collect()
    }

    fn write(&self, stack: &RandomStack, text: &mut String) {
        let runtimes = "runtimes: [python3.12, python3.13, python3.14]";
        let _ = writeln!(
            text,
            "layers:\n  {}: {{ {}, {runtimes} }}",
            LAYERS[0],
            SHARED[usize::from(self.shared)]
        );
        if self.has_tools {
            let _ = writeln!(text, "  {}: {{ code: lambdas/getAlls, {runtimes} }}", LAYERS[1]);
        }
        let functions = self.declared();
        if !functions.is_empty() {
            *text += "functions:\n";
        }
        for (name, function) in functions {
            let _ = writeln!(text, "  {name}:\n    code: lambdas/{}", CODE[usize::from(function.code)]);
            let mut line = |line: &str| *text += &format!("    {line}\n");
            let setting = |index: &u8| SETTINGS[usize::from(*index)];
            if !function.settings.keys().any(|index| setting(index).0 == "runtime") {
                line("runtime: python3.13");
            }
            let is_released = function.settings.keys().any(|index| setting(index).0 == "release");
            let is_kept_ready =
                function.settings.iter().any(|(index, value)| setting(index).0 == "release" && *value == 1);
            for (index, value) in &function.settings {
                let (name, values) = setting(index);
                if name == "url" && is_released {
                    continue;
                }
                // Nothing is kept ready of a function that cannot be called.
                let value = values[usize::from(*value)];
                if name == "reserved_concurrency" && value == "0" && is_kept_ready {
                    continue;
                }
                // What a role of the user's own may do is the user's own care.
                let shares = function.code % 2 == 0 && stack.names("roles").contains(&ROLES[0]);
                let is_named = function.existing_role || shares;
                let of_own_role = ["tracing", "vpc", "async"].contains(&name);
                if (name == "managed_policies" && is_named) || (of_own_role && function.existing_role) {
                    continue;
                }
                line(&format!("{name}: {value}"));
            }
            stack.triggers(self.title(), name).iter().for_each(|triggers| line(triggers));
            let variables = function.environment.iter().filter_map(|index| variable(stack, *index));
            let variables: Vec<String> = variables.collect();
            if !variables.is_empty() {
                line("environment:");
                variables.iter().for_each(|variable| line(&format!("  {variable}")));
            }
            if function.existing_role {
                line(&format!("role: {EXISTING_ROLE}"));
                continue;
            }
            // Every other function shares a role where there is one.
            if function.code % 2 == 0 && stack.names("roles").contains(&ROLES[0]) {
                line(&format!("role: {}", ROLES[0]));
                continue;
            }
            let tables = stack.names("tables");
            let access =
                function.access.iter().filter(|(table, _)| tables.contains(&TABLES[usize::from(**table)]));
            let access: Vec<String> = access
                .map(|(table, access)| {
                    format!("{}: {}", TABLES[usize::from(*table)], ACCESS[usize::from(*access)])
                })
                .collect();
            if !access.is_empty() {
                line(&format!("access: {{ {} }}", access.join(", ")));
            }
            if function.policy > 0 {
                line("policy:");
                let statements = POLICY.iter().take(usize::from(function.policy));
                statements.for_each(|statement| line(&format!("  - {statement}")));
            }
        }
    }
}

/// A variable of the environment; `None` where there is nothing that it could name.
fn variable(stack: &RandomStack, index: u8) -> Option<String> {
    let name = VARIABLES[usize::from(index)];
    let table = stack.names("tables").first().copied();
    let function = stack.names("functions").last().copied();
    let value = match name {
        "TABLE" => format!("${{tables[\"{}\"].name}}", table?),
        "TABLE_ARN" => format!("${{tables[\"{}\"].arn}}", table?),
        "OTHER" => format!("${{functions.{}.name}}", function?),
        "OTHER_ARN" => format!("${{functions.{}.arn}}", function?),
        "URL" => stack.names("api").first().map(|_| "${api.url}/items".to_owned())?,
        _ => "debug".to_owned(),
    };
    Some(format!("{name}: '{value}'"))
}

/// A function with any two settings makes a valid stack.
#[test]
fn any_two_settings_go_together() {
    let folder = tempfile::tempdir().expect("a folder");
    let code = folder.path().join("lambdas/create_item");
    std::fs::create_dir_all(&code).expect("a folder");
    std::fs::write(code.join("lambda_function.py"), "def lambda_handler(event, context): pass\n")
        .expect("code");
    let file = folder.path().join("stack.yaml");
    let all = || (0..index(SETTINGS)).flat_map(|index| [(index, 0), (index, 1)]);
    for (one, other) in all().flat_map(|one| all().map(move |other| (one, other))).filter(|(a, b)| a.0 < b.0)
    {
        let function = Function {
            code: 0,
            settings: [one, other].into(),
            environment: BTreeSet::new(),
            access: BTreeMap::new(),
            policy: 0,
            existing_role: false,
        };
        let functions = [(0, function)].into();
        let stack = RandomStack::only(Rc::new(Functions { functions, shared: 0, has_tools: false }));
        std::fs::write(&file, stack.text()).expect("the stack file is written");
        if let Err(wrong) = crate::fixture::load(&file, None, None) {
            panic!("{wrong}\n{}", stack.text());
        }
    }
}

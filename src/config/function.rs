//! `functions`.

use std::collections::{BTreeMap, HashMap};

use super::access::access;
use super::code::{CodeFiles, check_handler, code};
use super::decode::{Cx, Value, help};
use super::fields::Fields;
use super::names::{self, NameRule};
use super::policy::policy;
use super::reference::Scope;
use super::runtime::{default_handler, runtime};
use super::stack::{Architecture, Function, Template};
use crate::suggest;
use crate::yaml::{At, Entry, Kind};

const NAME: NameRule = NameRule { what: "function", others: "-_", min: 1, max: 64, because: "" };
const NAME_WITH_ROLE: NameRule = NameRule {
    max: 59,
    because: "its role is named `<name>_role`, and AWS allows 64 characters for the name of a role",
    ..NAME
};

/// The longest timeout, in seconds [aws-facts-services: Corrections].
const MAX_TIMEOUT: i64 = 1_800;
/// The environment variables that Lambda reserves. Others that begin with `AWS_LAMBDA_` are for users to set, such as
/// `AWS_LAMBDA_EXEC_WRAPPER`, and so is `TZ` [DG: Lambda, "Defined runtime environment variables"].
const RESERVED: [&str; 18] = [
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_DEFAULT_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
];
/// The retention periods of CloudWatch Logs, in days.
const RETENTIONS: [u32; 22] =
    [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];
const ARCHITECTURES: [(&str, Architecture); 2] =
    [("x86_64", Architecture::X86_64), ("arm64", Architecture::Arm64)];

/// One entry of `functions`.
pub(super) fn function(value: Value, scope: Scope, files: &CodeFiles) -> Option<Function> {
    let name = value.key.text.clone();
    let mut fields = value.fields(format!("function `{name}`"))?;
    let program = Program::of(&mut fields, files);
    let role = Role::of(&mut fields, scope);
    let rule = if role.existing { NAME } else { NAME_WITH_ROLE };
    let named = rule.check(value, scope.names);
    let architecture = fields.optional("architecture", architecture);
    let memory = fields.optional("memory", |value| number(value, "MB", 128, 10_240));
    let timeout = fields.optional("timeout", |value| number(value, "seconds", 1, MAX_TIMEOUT));
    let description = fields.optional("description", |value| value.template(scope));
    let environment = fields.optional("environment", |value| environment(value, scope));
    let concurrency =
        fields.optional("reserved_concurrency", |value| number(value, "", 0, i64::from(i32::MAX)));
    let log_retention = fields.optional("log_retention", log_retention);
    fields.finish();
    named.then_some(())?;
    let program = program?;
    Some(Function {
        at: value.key_at(),
        name,
        code: program.code,
        code_at: program.code_at,
        exclude: program.exclude,
        handler: program.handler,
        runtime: program.runtime,
        architecture: architecture.unwrap_or(Architecture::X86_64),
        memory: memory.unwrap_or(128),
        timeout: timeout.unwrap_or(3),
        description: description.unwrap_or_default(),
        environment: environment.unwrap_or_default(),
        layers: program.layers,
        reserved_concurrency: concurrency,
        access: role.access,
        policy: role.policy,
        role: role.arn,
        log_retention: log_retention.unwrap_or(30),
    })
}

/// Reports generated roles whose names differ only in case, which IAM treats as the same role.
pub(super) fn check_roles(cx: &Cx, functions: &[Entry]) {
    let mut first: HashMap<String, &str> = HashMap::new();
    for entry in functions.iter().filter(|entry| entry.value.get("role").is_none()) {
        let name = entry.key.text.as_str();
        if let Some(other) = first.insert(name.to_lowercase(), name) {
            let message = format!(
                "the roles of `{other}` and `{name}` differ only in case, and IAM treats them as the same role"
            );
            cx.report(entry.key.span, message, help("rename one of the two functions"));
        }
    }
}

/// What Lambda runs.
struct Program {
    code: std::path::PathBuf,
    code_at: At,
    exclude: Vec<String>,
    handler: String,
    runtime: String,
    layers: Vec<String>,
}

impl Program {
    fn of(fields: &mut Fields, files: &CodeFiles) -> Option<Self> {
        let mut code_value = None;
        let code = fields.required("code", "lambdas/NAME", |value| {
            code_value = Some(value);
            code(value, files)
        });
        let exclude =
            fields.optional("exclude", |value| value.list(|item| item.short(1024).map(str::to_owned)));
        let runtime = fields.required("runtime", "python3.13", runtime);
        let layers = fields.optional("layers", layers).unwrap_or_default();
        let default = runtime.as_deref().and_then(default_handler);
        let handler_value = fields.take("handler");
        let handler = match (handler_value, &runtime, default) {
            (Some(value), ..) => handler(value),
            (None, Some(_), Some(default)) => Some(default.to_owned()),
            (None, Some(_), None) => fields.required("handler", "NAME", handler),
            (None, None, _) => None,
        };
        let (code, code_value, runtime, handler) = (code?, code_value?, runtime?, handler?);
        // A layer may contain the handler, and only AWS knows what is in it.
        if layers.is_empty() {
            check_handler(handler_value.unwrap_or(code_value), files.at(&code), &code, &handler, &runtime)?;
        }
        let exclude = exclude.unwrap_or_default();
        Some(Self { code, code_at: code_value.at(), exclude, handler, runtime, layers })
    }
}

/// The permissions of the function: a generated role, or an existing one.
struct Role {
    arn: Option<String>,
    /// Whether there is a `role`.
    existing: bool,
    access: BTreeMap<String, Vec<String>>,
    policy: Vec<super::stack::Statement>,
}

impl Role {
    fn of(fields: &mut Fields, scope: Scope) -> Self {
        let role = fields.take("role");
        for key in ["access", "policy"] {
            if let (Some(value), Some(_)) = (fields.take(key), role) {
                let message = format!(
                    "`{key}` applies to the role that `provision` creates, but `role` names an existing one"
                );
                value.fail_key::<()>(
                    message,
                    help(format!("remove `role`, or remove `{key}` and grant the permissions in that role")),
                );
            }
        }
        Self {
            arn: role.and_then(|value| names::iam_arn(value, "role")),
            existing: role.is_some(),
            access: fields.optional("access", |value| access(value, scope.names)).unwrap_or_default(),
            policy: fields.optional("policy", |value| policy(value, scope)).unwrap_or_default(),
        }
    }
}

fn number(value: Value, unit: &str, least: i64, most: i64) -> Option<u32> {
    value.integer(unit, least..=most).and_then(|number| u32::try_from(number).ok())
}

fn handler(value: Value) -> Option<String> {
    let text = value.short(128)?;
    if text.contains(char::is_whitespace) {
        return value.fail("a handler cannot contain spaces", None);
    }
    Some(text.to_owned())
}

fn architecture(value: Value) -> Option<Architecture> {
    let meant = match value.node.text() {
        Some("arm" | "aarch64" | "ARM64" | "graviton") => Some("arm64"),
        Some("x86" | "x64" | "amd64" | "x86-64" | "X86_64") => Some("x86_64"),
        _ => return value.one_of(&ARCHITECTURES),
    };
    value.wrong_type("`x86_64` or `arm64`", meant.map(|meant| format!("did you mean `{meant}`?")))
}

fn environment(value: Value, scope: Scope) -> Option<BTreeMap<String, Template>> {
    Some(value.map(|variable| variable_of(variable, scope))?.into_iter().collect())
}

fn variable_of(value: Value, scope: Scope) -> Option<(String, Template)> {
    let name = value.key.text.as_str();
    let named = if RESERVED.contains(&name) {
        value.fail_key(format!("`{name}` is reserved: Lambda sets it"), help("choose another name"))
    } else if name.len() < 2
        || !name.starts_with(|c: char| c.is_ascii_alphabetic())
        || !names::is_made_of(name, "_")
    {
        let rule = "use at least two letters, digits or `_`, and begin with a letter";
        value.fail_key(format!("invalid environment variable name `{name}`"), help(rule))
    } else {
        Some(())
    };
    if matches!(value.node.kind, Kind::Null) {
        return value.wrong_type("text", help("for the empty text write `\"\"`"));
    }
    let template = value.template(scope)?;
    named.map(|()| (name.to_owned(), template))
}

fn layers(value: Value) -> Option<Vec<String>> {
    const MAX: usize = 5;
    let layers = value.list(names::layer)?;
    if layers.len() > MAX {
        return value.fail(format!("a function can have at most {MAX} layers, not {}", layers.len()), None);
    }
    Some(layers)
}

fn log_retention(value: Value) -> Option<u32> {
    let days = number(value, "days", 1, i64::from(i32::MAX))?;
    if RETENTIONS.contains(&days) {
        return Some(days);
    }
    let nearest = RETENTIONS.into_iter().min_by_key(|known| known.abs_diff(days));
    let all: Vec<String> = RETENTIONS.iter().map(u32::to_string).collect();
    let all = suggest::listed(&all);
    let help = nearest.map(|nearest| format!("the nearest value is {nearest}; allowed are {all}"));
    value.fail(format!("CloudWatch Logs cannot retain logs for {days} days"), help)
}

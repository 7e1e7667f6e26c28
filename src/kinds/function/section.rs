//! `functions`.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use super::checks::{self, fits_together};
use super::parts::{self, Async, Durable, FileSystem, Image, Logging, Vpc};
use super::runtime::{default_handler, runtime};
use super::spec::STORAGE;
use super::{Function, INVOKE, loops, lower};
use crate::config::access::{Access, AccessPart, Grant, Level, PartOn, access};
use crate::config::code::code;
use crate::config::declared::{Connection, Declared, Referable, Sections, connections_of, keyed};
use crate::config::decode::{Value, help};
use crate::config::destination::Destination;
use crate::config::fields::Fields;
use crate::config::names::{self, NameRule};
use crate::config::policy::policy;
use crate::config::section::shape::{
    Keys, duration, entry_of, flag, in_days, list, map, mapping, number, part, pattern, scalar, template,
    text, word,
};
use crate::config::section::{Entry, Keyed, Shape, section};
use crate::config::trigger::triggers;
use crate::config::{Code, Diagnostic, Entries, Item, Stack, Statement, Target, Template};
use crate::kind::Kind as _;
use crate::kinds::alias::section::{Release, release};
use crate::kinds::function_url::section::Url;
use crate::kinds::function_url::{self, FunctionUrl};
use crate::kinds::key;
use crate::kinds::layer::section::{package_key, version_arn};
use crate::kinds::layer::{self, Layer};
use crate::kinds::role::managed::{self, ManagedPolicy, managed_policies};
use crate::kinds::role::{self, Role};
use crate::lower::{Lower, Lowered, Sizes};
use crate::model::Identity;
use crate::suggest;
use crate::yaml::Kind;
use serde::Serialize;
use serde_json::json;

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
/// The fields that apply only to a role that `provision` creates.
pub(in crate::kinds) const OF_GENERATED_ROLE: [&str; 3] = ["access", "policy", "managed_policies"];
/// The fields of a package, which a container image has not.
pub(super) const OF_PACKAGE: [&str; 6] = ["code", "exclude", "runtime", "handler", "layers", "snap_start"];
const MAX_LAYERS: usize = 5;

impl Declared for Function {
    const ABOUT: &'static str = "Lambda functions. The key is the function's name in AWS.";
    const REFERENCES: &'static [Referable] =
        &[Referable::known("name"), Referable::known("arn"), Referable::of_child(FunctionUrl::NAME, "url")];
    const ACCESS: Option<&'static Access> = Some(&ACCESS);
    const DELIVERY: Option<&'static str> = Some(INVOKE);
    const LIMITED: &'static [&'static str] = &["triggers"];
    type Config = Config;

    fn section() -> Shape<Vec<Entry<Config>>> {
        keyed()
    }

    fn check_section(functions: Value, fields: &Fields) {
        role::section::check_names(Some(functions), fields.value(Role::SECTION));
        if let Some(tags) = fields.value("tags") {
            check_tags_of_roles(tags, functions, fields.value(Role::SECTION));
        }
    }

    fn code(function: &Entry<Config>) -> Option<Code<'_>> {
        Some(Code {
            key: function.name.as_str().into(),
            at: function.place("code"),
            path: function.code.as_ref()?,
            exclude: &function.exclude,
            runtime: &function.runtime,
            architecture: function.architecture.as_str(),
            is_layer: false,
            has_layers: !function.layers.is_empty(),
            together_with: function.layers.iter().filter_map(Target::key).map(package_key).collect(),
        })
    }

    fn log_group(function: &Entry<Config>) -> Option<&str> {
        function.group()
    }

    fn check(function: &Entry<Config>, entries: &Entries) -> Vec<Diagnostic> {
        let layers = layer::section::check(function, entries);
        checks::together(function, entries).into_iter().chain(layers).collect()
    }

    fn triggers(function: &Config) -> &[Item] {
        &function.triggers
    }

    fn release_at_once(function: &mut Config) {
        function.release.iter_mut().for_each(Release::move_at_once);
    }

    fn connections(function: &Entry<Config>, sections: Sections) -> Vec<Connection> {
        let own = || (Self::NAME, function.name.clone());
        let access = connections_of((Self::NAME, &function.name), &function.access, sections).into_iter();
        let role = match &function.role {
            Some(Target::Key(role)) => Some(Connection::new(own(), (Role::NAME, role.clone()), "role")),
            _ => None,
        };
        let destinations = function.destinations();
        let destinations =
            destinations.filter_map(|(_, to)| to.entry().map(|grant| (grant.kind, grant.key.clone())));
        let destinations = destinations.map(|end| Connection::new(own(), end, "destination"));
        let layers = function.layers.iter().filter_map(Target::key);
        let layers = layers.map(|key| Connection::new(own(), (Layer::NAME, key.to_owned()), "layer"));
        let policies = managed::connections(&own(), &function.managed_policies);
        let roles = role.into_iter().chain(policies);
        access.chain(roles).chain(destinations).chain(layers).collect()
    }

    fn lacks(function: &Entry<Config>, attribute: &str) -> Option<(String, &'static str)> {
        let lacks = attribute == "url" && function.url.is_none();
        lacks.then(|| (format!("`{}` has no URL", function.name), "add `url: iam` to the function"))
    }

    fn templates(function: &Entry<Config>) -> Vec<&Template> {
        let members = function.policy.iter().flat_map(|statement| statement.members.values());
        let in_policy = members.flat_map(|member| member.templates());
        [&function.description].into_iter().chain(function.environment.values()).chain(in_policy).collect()
    }
}

impl Lowered for Function {
    fn lower(function: &Entry<Config>, lower: &mut Lower) {
        lower::function(function, lower);
    }

    fn check_sizes(function: &Entry<Config>, sizes: &mut Sizes) {
        lower::check_sizes(function, sizes);
    }

    fn doubts(stack: &Stack, identity: &Identity) -> Vec<Diagnostic> {
        loops::of_several(stack, identity)
    }
}

impl Stack {
    /// `functions`, in the order of the file.
    pub fn functions(&self) -> &[Entry<Config>] {
        self.entries.of()
    }

    /// The same, to be changed.
    pub fn functions_mut(&mut self) -> &mut [Entry<Config>] {
        self.entries.of_mut().map(Vec::as_mut_slice).unwrap_or_default()
    }
}

section! {
    /// A Lambda function, with its log group and, unless `role` names a role, its own role.
    pub struct Config, checked by fits_together {
        /// A folder, a single source file, or a finished `.zip`, in the stack's folder or below. Links that leave this folder
        /// are errors.
        code: Option<PathBuf> = Shape::new(json!({ "type": "string", "minLength": 1 }), code)
            .map(Some)
            .required_without("image", "lambdas/NAME"),
        /// Files to exclude from the package of a folder, in the syntax of `.gitignore`.
        exclude: Vec<String> = list(text(1024)).or_empty(),
        /// The language and its version. Any runtime that AWS supports; runtimes that it no longer accepts are errors.
        runtime: String = pattern("^[a-z]+[a-z0-9.]*$", runtime)
            .with("examples", json!(["python3.13", "nodejs22.x"]))
            .required_without("image", "python3.13"),
        /// A container image, instead of `code`, `runtime`, `handler` and `layers`. A function with code that gets an image, or
        /// the other way round, is replaced.
        image: Option<Image> = part("image", Image::ABOUT, parts::image()).optional().excludes(&OF_PACKAGE),
        /// Layers, in this order: keys of `layers`, or ARNs with a version.
        layers: Vec<Target> = layers().or_empty(),
        /// The function that Lambda calls. By default `lambda_function.lambda_handler` for Python, `index.handler` for Node.js
        /// and `bootstrap` for `provided`; required for other runtimes.
        handler: Option<String> = pattern(r"^[^\s]{1,128}$", handler).optional(),
        /// The key of an entry of `roles`, or the ARN of an existing role, instead of a generated role with `access`, `policy` and
        /// `managed_policies`.
        role: Option<Target> = role::section::role().optional().excludes(&OF_GENERATED_ROLE),
        /// The actions that the function may use on other resources of the stack. A key is that of a table, a queue
        /// or a function.
        access: BTreeMap<String, Grant> = access().or_empty(),
        /// What starts the function. An item names its source under one key; the permissions come with it.
        triggers: Vec<Item> = triggers(Function::NAME).or_empty(),
        /// Additional permissions, in IAM's own syntax.
        policy: Vec<Statement> = policy().or_empty(),
        /// Managed policies of the generated role, at most ten: keys of `policies`, AWS's own by their names with their paths,
        /// others by their ARNs.
        managed_policies: Vec<ManagedPolicy> = managed_policies().or_empty(),
        /// The processor architecture.
        architecture: Architecture = word(&ARCHITECTURES, architecture).default(Architecture::X86_64),
        /// Memory.
        memory: u32 = number("MB", 128..=10_240).default(128),
        /// The maximum duration of an invocation, at most 30 minutes. An HTTP API waits at most 30 seconds.
        timeout: u32 = duration(1..=MAX_TIMEOUT).default(3),
        /// The size of `/tmp`.
        ephemeral_storage: u32 = number("MB", 512..=10_240).default(STORAGE),
        /// Whether X-Ray traces the invocations. The generated role is allowed to send the traces.
        tracing: bool = flag().default(false),
        /// The network that the function can reach. The generated role is allowed to create and delete the network interfaces.
        vpc: Option<Vpc> = part("vpc", Vpc::ABOUT, mapping()).optional(),
        /// A file system that the function can use, in its `vpc`.
        file_system: Option<FileSystem> = part("file_system", FileSystem::ABOUT, mapping()).optional(),
        /// Whether Lambda starts published versions from a snapshot: `release` publishes them. For Java, and for Python from 3.12
        /// and .NET from 8 on.
        snap_start: bool = flag().default(false),
        /// Durable executions: Lambda keeps what they have done, and continues after a failure.
        durable: Option<Durable> = part("durable", Durable::ABOUT, mapping()).optional(),
        /// What the function logs, and where.
        logging: Option<Logging> = part("logging", Logging::ABOUT, mapping()).optional(),
        /// Retries, destinations and dead letters of asynchronous invocations. The generated role is allowed to deliver there.
        asynchronous: Option<Async> = part("async", Async::ABOUT, mapping()).optional().key("async"),
        /// What Lambda does with a function that calls itself through a queue or a topic: after some 16 times it stops that, or
        /// lets it continue.
        recursive_loop: RecursiveLoop = word(&LOOPS, |value| value.one_of(&LOOPS)).default(RecursiveLoop::Terminate),
        /// The ARN of a code signing configuration. The code is then a `.zip` that AWS Signer has signed.
        code_signing: Option<String> = pattern("^arn:.+:code-signing-config:csc-[a-z0-9]{17}$", code_signing)
            .of_region("a function takes a code signing configuration of its own region alone")
            .optional(),
        /// A description. `${…}` works.
        description: Template = template().with("maxLength", 256).or_empty().shown_as(""),
        /// Environment variables; 4096 bytes in total, measured as JSON. `${…}` works in values.
        environment: BTreeMap<String, Template> = environment().or_empty().sensitive(),
        /// The ARN of a key in KMS that encrypts the environment variables. By default a key that Lambda owns.
        kms_key: Option<String> = pattern("^arn:.+:kms:.+:key/.+$", kms_key).of_region(key::OWN_REGION).optional(),
        /// The maximum number of concurrent invocations; 0 stops the function. Without it, the function shares the account's
        /// concurrency.
        reserved_concurrency: Option<u32> = number("", 0..=i64::from(i32::MAX)).optional(),
        /// Publishes a version with every change, for the callers of an alias: the name of the alias, or a mapping.
        release: Option<Release> = part("release", Release::ABOUT, release()).optional(),
        /// A URL that calls the function. The permissions for it come with it.
        url: Option<Url> = part("url", Url::ABOUT, function_url::section::url()).optional(),
        /// How long to keep the logs.
        log_retention: u32 = log_retention_shape().default(30),
    }
}

impl Config {
    /// `handler`, or the default of the runtime.
    pub fn handler(&self) -> &str {
        // A function whose runtime has no default is not valid without a handler.
        self.handler.as_deref().or_else(|| default_handler(&self.runtime)).unwrap_or_default()
    }

    /// The alias that a caller uses: the one that it names, else the first one of the release.
    pub(in crate::kinds) fn alias<'a>(&'a self, named: Option<&'a str>) -> Option<&'a str> {
        named.or_else(|| self.release.as_ref().map(Release::first))
    }

    /// The log group, where it is not the function's own.
    pub(super) fn group(&self) -> Option<&str> {
        self.logging.as_ref()?.group.as_deref()
    }

    /// The fields of `async` that name a destination.
    pub(super) fn destinations(&self) -> impl Iterator<Item = (&'static str, &Destination)> {
        self.asynchronous.iter().flat_map(Async::destinations)
    }
}

/// What Lambda does with a function that calls itself without an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RecursiveLoop {
    /// It stops the function.
    Terminate,
    /// It lets it continue.
    Allow,
}

const LOOPS: [(&str, RecursiveLoop); 2] =
    [("terminate", RecursiveLoop::Terminate), ("allow", RecursiveLoop::Allow)];

/// The processor architecture of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Architecture {
    /// `x86_64`.
    #[serde(rename = "x86_64")]
    X86_64,
    /// `arm64`.
    #[serde(rename = "arm64")]
    Arm64,
}

impl Architecture {
    /// The name that AWS uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Architecture::X86_64 => "x86_64",
            Architecture::Arm64 => "arm64",
        }
    }
}

pub(in crate::kinds) const ARCHITECTURES: [(&str, Architecture); 2] =
    [("x86_64", Architecture::X86_64), ("arm64", Architecture::Arm64)];

impl Keyed for Config {
    const WHAT: &'static str = NAME.what;

    fn pattern() -> String {
        NAME.pattern()
    }

    fn check_key(value: Value) -> bool {
        let rule = if value.node.get("role").is_some() { NAME } else { NAME_WITH_ROLE };
        rule.check(value)
    }
}

fn kms_key(value: Value) -> Option<String> {
    let text = value.text()?;
    match names::arn_of(text) {
        Some(arn) if arn.service == "kms" && arn.resource.starts_with("key/") => Some(text.to_owned()),
        // Lambda's documentation names no alias.
        _ => {
            let way = "for example `arn:aws:kms:eu-central-1:123456789012:key/ID`; Lambda takes no alias";
            value.fail(format!("`{text}` is not the ARN of a key"), help(way))
        }
    }
}

fn code_signing(value: Value) -> Option<String> {
    let text = value.text()?;
    match names::arn_of(text) {
        Some(arn)
            if arn.service == "lambda"
                && arn.resource.strip_prefix("code-signing-config:csc-").is_some_and(names::is_id) =>
        {
            Some(text.to_owned())
        }
        _ => {
            let way = "for example `arn:aws:lambda:eu-central-1:123456789012:code-signing-config:csc-0123456789abcdef0`";
            value.fail(format!("`{text}` is not the ARN of a code signing configuration"), help(way))
        }
    }
}

fn handler(value: Value) -> Option<String> {
    let text = value.short(128)?;
    if text.contains(char::is_whitespace) {
        return value.fail("a handler cannot contain spaces", None);
    }
    Some(text.to_owned())
}

pub(in crate::kinds) fn architecture(value: Value) -> Option<Architecture> {
    let meant = match value.node.text() {
        Some("arm" | "aarch64" | "ARM64" | "graviton") => Some("arm64"),
        Some("x86" | "x64" | "amd64" | "x86-64" | "X86_64") => Some("x86_64"),
        _ => return value.one_of(&ARCHITECTURES),
    };
    value.wrong_type("`x86_64` or `arm64`", meant.map(|meant| format!("did you mean `{meant}`?")))
}

fn environment() -> Shape<BTreeMap<String, Template>> {
    let value = Shape::new(scalar(), |value| match value.node.kind {
        Kind::Null => value.wrong_type("text", help("for the empty text write `\"\"`")),
        _ => value.template(),
    });
    map(Keys::pattern("^[A-Za-z][A-Za-z0-9_]+$", variable_name), value)
}

fn variable_name(variable: Value) -> Option<()> {
    let name = variable.key.text.as_str();
    if RESERVED.contains(&name) {
        return variable
            .fail_key(format!("`{name}` is reserved: Lambda sets it"), help("choose another name"));
    }
    if name.len() < 2 || !name.starts_with(|c: char| c.is_ascii_alphabetic()) || !names::is_made_of(name, "_")
    {
        let rule = "use at least two letters, digits or `_`, and begin with a letter";
        return variable.fail_key(format!("invalid environment variable name `{name}`"), help(rule));
    }
    Some(())
}

fn layers() -> Shape<Vec<Target>> {
    let layer = Shape::new(json!({ "type": "string", "minLength": 1 }), |value| match value.text()? {
        text if text.starts_with("arn:") => version_arn(value).map(Target::Arn),
        _ => entry_of::<Layer>(value).map(Target::Key),
    });
    // [recorded: lambda_, create_function_with_layer_in_different_region]
    list(layer.of_region("a function takes layers of its own region alone"))
        .refine(|value, layers| match layers.len() {
            0..=MAX_LAYERS => Some(layers),
            count => {
                value.fail(format!("a function can have at most {MAX_LAYERS} layers, not {count}"), None)
            }
        })
        .with("maxItems", MAX_LAYERS)
        .with("examples", json!([["arn:aws:lambda:eu-central-1:123456789012:layer:NAME:1"]]))
}

/// For how many days logs are kept.
pub(in crate::kinds) fn log_retention_shape() -> Shape<u32> {
    let schema = json!({ "oneOf": [{ "enum": RETENTIONS }, in_days()], "examples": ["30 days"] });
    Shape::new(schema, log_retention).counts("days")
}

fn log_retention(value: Value) -> Option<u32> {
    let days = u32::try_from(value.whole_days(1..=i64::from(i32::MAX))?).ok()?;
    if RETENTIONS.contains(&days) {
        return Some(days);
    }
    let nearest = RETENTIONS.into_iter().min_by_key(|known| known.abs_diff(days));
    let all: Vec<String> = RETENTIONS.iter().map(u32::to_string).collect();
    let all = suggest::listed(&all);
    let help = nearest.map(|nearest| format!("the nearest value is {nearest}; allowed are {all}"));
    value.fail(format!("CloudWatch Logs cannot retain logs for {days} days"), help)
}

/// Reports tag keys that differ only in case: IAM treats them as duplicates and rejects them. They are allowed where no
/// role is created, since the other services distinguish them.
fn check_tags_of_roles(tags: Value, functions: Value, roles: Option<Value>) {
    let all_named = functions.node.entries().iter().all(|function| function.value.get("role").is_some());
    if all_named && roles.is_none() {
        return;
    }
    let mut first: HashMap<String, &str> = HashMap::new();
    for tag in tags.node.entries() {
        let key = tag.key.text.as_str();
        if let Some(other) = first.insert(key.to_lowercase(), key) {
            let message = format!(
                "the tags `{other}` and `{key}` differ only in case, and IAM treats them as the same key"
            );
            tags.cx.report(tag.key.span, message, help("remove one of the two"));
        }
    }
}

/// The access levels, and every other action that Lambda checks against a function. A function may be called by its name, and by
/// that of each of its versions and aliases.
static ACCESS: Access = Access {
    service: "lambda",
    what: "Lambda action on functions",
    levels: &[Level {
        name: "invoke",
        actions: &[&["InvokeFunction"]],
        misspelt: &["call", "execute", "run"],
    }],
    others: &[
        "GetFunction",
        "GetFunctionConcurrency",
        "GetFunctionConfiguration",
        "GetFunctionEventInvokeConfig",
        "GetFunctionUrlConfig",
        "GetPolicy",
        "InvokeFunctionUrl",
        "ListAliases",
        "ListVersionsByFunction",
        "PutFunctionConcurrency",
        "UpdateFunctionCode",
        "UpdateFunctionConfiguration",
    ],
    parts: &[AccessPart { name: "version", actions: &["InvokeFunction"], on: PartOn::Also(":*") }],
    by_name: true,
    ..Access::NONE
};

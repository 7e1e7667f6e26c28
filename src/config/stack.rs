//! What a valid `stack.yaml` says, in typed form. Plain data: everything here has passed validation, and every
//! environment, variable and process value is already filled in; only what AWS has yet to tell is left as a placeholder.

use std::collections::BTreeMap;
use std::path::PathBuf;

use provision_yaml::At;

/// A whole stack, for one environment.
#[derive(Debug, Clone)]
pub struct Stack {
    /// The file it was read from, as the user named it.
    pub file: PathBuf,
    /// The folder that holds the file; all code lies below it.
    pub folder: PathBuf,
    /// `stack`: the name.
    pub name: String,
    /// The environment picked with `--env`.
    pub environment: Option<Environment>,
    /// `region`, after the environment's own.
    pub region: Option<String>,
    /// `account`, after the environment's own: the only account to act on. Twelve digits.
    pub account: Option<String>,
    /// `tags`: put on everything that takes tags.
    pub tags: BTreeMap<String, String>,
    /// `permissions_boundary`: the ARN of a managed policy, for the roles.
    pub permissions_boundary: Option<String>,
    /// `tables`, in the order of the file.
    pub tables: Vec<Table>,
    /// `functions`, in the order of the file.
    pub functions: Vec<Function>,
    /// `api`.
    pub api: Option<Api>,
    /// `checks`, in the order of the file.
    pub checks: Vec<Check>,
}

/// The environment picked with `--env NAME`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// Its name, which also prefixes every resource's name with `NAME-`.
    pub name: String,
    /// `protect`: `up` and `down` ask for the stack's name even with `--yes`.
    pub protect: bool,
}

/// One entry of `tables`.
#[derive(Debug, Clone)]
pub struct Table {
    /// Where its key stands in the file.
    pub at: At,
    /// The key in `tables`: the name in AWS, before an environment's prefix.
    pub name: String,
    /// `partition_key`.
    pub partition_key: Key,
    /// `sort_key`.
    pub sort_key: Option<Key>,
    /// `billing`.
    pub billing: Billing,
    /// `ttl`: the attribute that holds an item's expiry.
    pub ttl: Option<String>,
    /// `point_in_time_recovery`, off unless told.
    pub point_in_time_recovery: bool,
    /// `protect`: DynamoDB's deletion protection, off unless told.
    pub protect: bool,
}

/// A key attribute of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The attribute's name.
    pub name: String,
    /// Its type: `S`, `N` or `B`.
    pub kind: KeyType,
}

/// The type of a key attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "DynamoDB's own letters")]
pub enum KeyType {
    S,
    N,
    B,
}

/// How a table is paid for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Billing {
    /// `on-demand`, the default.
    OnDemand,
    /// `{ read: R, write: W }`, in capacity units.
    Provisioned {
        /// Read capacity units.
        read: u64,
        /// Write capacity units.
        write: u64,
    },
}

/// One entry of `functions`.
#[derive(Debug, Clone)]
pub struct Function {
    /// Where its key stands in the file.
    pub at: At,
    /// The key in `functions`: the name in AWS, before an environment's prefix.
    pub name: String,
    /// `code`: below the stack's folder; a folder, a single file, or a finished `.zip`. Relative to the stack's folder.
    pub code: PathBuf,
    /// Where the value of `code` stands in the file.
    pub code_at: At,
    /// `exclude`: patterns, as in `.provisionignore`.
    pub exclude: Vec<String>,
    /// `handler`; for Python `lambda_function.lambda_handler`, for Node.js `index.handler` unless told.
    pub handler: String,
    /// `runtime`, for example `python3.13`.
    pub runtime: String,
    /// `architecture`, `x86_64` unless told.
    pub architecture: Architecture,
    /// `memory` in MB, 128 unless told.
    pub memory: u32,
    /// `timeout` in seconds, 3 unless told.
    pub timeout: u32,
    /// `description`, empty unless told.
    pub description: Template,
    /// `environment`: variables of the function.
    pub environment: BTreeMap<String, Template>,
    /// `layers`: ARNs of layer versions, in order.
    pub layers: Vec<String>,
    /// `reserved_concurrency`.
    pub reserved_concurrency: Option<u32>,
    /// `access`: table name to the `dynamodb:` actions that are allowed on it, sorted, for example `dynamodb:GetItem`.
    pub access: BTreeMap<String, Vec<String>>,
    /// `policy`: further statements for the role.
    pub policy: Vec<Statement>,
    /// `role`: the ARN of an existing role; then none is made.
    pub role: Option<String>,
    /// `log_retention` in days, 30 unless told.
    pub log_retention: u32,
}

/// The processor that a function runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Architecture {
    /// `x86_64`.
    X86_64,
    /// `arm64`.
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

/// One statement of an IAM policy, as the user wrote it under `policy`.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// Where it stands in the file.
    pub at: At,
    /// Its members under IAM's own names (`Effect`, `Action`, `Resource`, …), checked for grammar.
    pub members: BTreeMap<String, Json>,
}

/// `api`: the HTTP API.
#[derive(Debug, Clone)]
pub struct Api {
    /// Where the key `api` stands in the file.
    pub at: At,
    /// `name`; the stack's name unless told. Before an environment's prefix.
    pub name: String,
    /// `description`, empty unless told.
    pub description: Template,
    /// `cors`.
    pub cors: Option<Cors>,
    /// `routes`, in the order of the file.
    pub routes: Vec<Route>,
}

/// `api.cors`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cors {
    /// `origins`.
    pub origins: Vec<String>,
    /// `methods`.
    pub methods: Vec<String>,
    /// `headers`.
    pub headers: Vec<String>,
    /// `expose`.
    pub expose: Vec<String>,
    /// `max_age` in seconds, -1 to 86,400.
    pub max_age: Option<i32>,
    /// `credentials`, off unless told.
    pub credentials: bool,
}

/// One entry of `api.routes`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Where its key stands in the file.
    pub at: At,
    /// The route key as API Gateway has it: `GET /items/{uuid}`, `ANY /x`, `$default`.
    pub key: String,
    /// The function's key in `functions`.
    pub function: String,
}

/// One entry of `checks`: a request and what is expected of its answer.
#[derive(Debug, Clone)]
pub struct Check {
    /// Where it stands in the file.
    pub at: At,
    /// `name`; the request line unless told.
    pub name: String,
    /// The method of `request`.
    pub method: String,
    /// The path of `request`, with a query where there is one.
    pub path: Template,
    /// `headers`.
    pub headers: BTreeMap<String, Template>,
    /// `body`: sent as JSON.
    pub body: Option<Json>,
    /// `expect.status`, 200 unless told.
    pub status: u16,
    /// `expect.body`: a subset match against the answer's JSON.
    pub expect: Option<Json>,
    /// `capture`: name to JSON pointer into the answer.
    pub capture: BTreeMap<String, String>,
    /// `retry_for` in seconds; 0 for none.
    pub retry_for: u64,
}

/// A text with placeholders for what AWS, or an earlier check, has yet to tell.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Template {
    /// Where the text stands in the file.
    pub at: At,
    /// Its parts in order; a text without placeholders is one `Text`, the empty text none.
    pub parts: Vec<Part>,
}

/// A part of a [`Template`]. Names are the keys of `stack.yaml`, without an environment's prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// As it stands.
    Text(String),
    /// `${region}`.
    Region,
    /// `${account}`.
    Account,
    /// `${tables.NAME.name}`.
    TableName(String),
    /// `${tables.NAME.arn}`.
    TableArn(String),
    /// `${functions.NAME.name}`.
    FunctionName(String),
    /// `${functions.NAME.arn}`.
    FunctionArn(String),
    /// `${api.url}`.
    ApiUrl,
    /// `${capture.NAME}`; in checks alone.
    Capture(String),
}

/// A JSON value whose strings are templates.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "JSON's own names")]
pub enum Json {
    Null,
    Bool(bool),
    Number(serde_json::Number),
    Text(Template),
    List(Vec<Json>),
    Map(BTreeMap<String, Json>),
}

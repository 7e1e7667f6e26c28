//! A valid `stack.yaml` in typed form. Plain data: everything here has passed validation, and the values of environments,
//! variables and the process are filled in; only values of AWS are left as placeholders.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::yaml::At;

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
    /// The environment's `region`, or the stack's.
    pub region: Option<String>,
    /// The environment's `account`, or the stack's: the only account to deploy to. Twelve digits.
    pub account: Option<String>,
    /// `tags`: added to every resource that can have tags.
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
    /// The place of its key in the file.
    pub at: At,
    /// The key in `tables`: the name in AWS, before an environment's prefix.
    pub name: String,
    /// `partition_key`.
    pub partition_key: Key,
    /// `sort_key`.
    pub sort_key: Option<Key>,
    /// `billing`.
    pub billing: Billing,
    /// `ttl`: the attribute that contains an item's expiry.
    pub ttl: Option<String>,
    /// `point_in_time_recovery`, off by default.
    pub point_in_time_recovery: bool,
    /// `protect`: DynamoDB's deletion protection, off by default.
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

/// The billing mode of a table.
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
    /// The place of its key in the file.
    pub at: At,
    /// The key in `functions`: the name in AWS, before an environment's prefix.
    pub name: String,
    /// `code`: below the stack's folder; a folder, a single file, or a finished `.zip`. Relative to the stack's folder.
    pub code: PathBuf,
    /// The place of the value of `code` in the file.
    pub code_at: At,
    /// `exclude`: patterns, as in `.provisionignore`.
    pub exclude: Vec<String>,
    /// `handler`; by default `lambda_function.lambda_handler` for Python and `index.handler` for Node.js.
    pub handler: String,
    /// `runtime`, for example `python3.13`.
    pub runtime: String,
    /// `architecture`, `x86_64` by default.
    pub architecture: Architecture,
    /// `memory` in MB, 128 by default.
    pub memory: u32,
    /// `timeout` in seconds, 3 by default.
    pub timeout: u32,
    /// `description`, empty by default.
    pub description: Template,
    /// `environment`: variables of the function.
    pub environment: BTreeMap<String, Template>,
    /// `layers`: ARNs of layer versions, in order.
    pub layers: Vec<String>,
    /// `reserved_concurrency`.
    pub reserved_concurrency: Option<u32>,
    /// `access`: table name to the `dynamodb:` actions that are allowed on it, sorted, for example `dynamodb:GetItem`.
    pub access: BTreeMap<String, Vec<String>>,
    /// `policy`: additional statements for the role.
    pub policy: Vec<Statement>,
    /// `role`: the ARN of an existing role; then none is created.
    pub role: Option<String>,
    /// `log_retention` in days, 30 by default.
    pub log_retention: u32,
}

/// The processor architecture of a function.
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
    /// Its place in the file.
    pub at: At,
    /// Its members under IAM's own names (`Effect`, `Action`, `Resource`, …), checked for grammar.
    pub members: BTreeMap<String, Json>,
}

/// `api`: the HTTP API.
#[derive(Debug, Clone)]
pub struct Api {
    /// The place of the key `api` in the file.
    pub at: At,
    /// `name`, before an environment's prefix; the stack's name by default.
    pub name: String,
    /// `description`, empty by default.
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
    /// `credentials`, off by default.
    pub credentials: bool,
}

/// One entry of `api.routes`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The place of its key in the file.
    pub at: At,
    /// The route key as API Gateway has it: `GET /items/{uuid}`, `ANY /x`, `$default`.
    pub key: String,
    /// The function's key in `functions`.
    pub function: String,
}

/// One entry of `checks`: a request and the expected response.
#[derive(Debug, Clone)]
pub struct Check {
    /// Its place in the file.
    pub at: At,
    /// `name`; the request line by default.
    pub name: String,
    /// The method of `request`.
    pub method: String,
    /// The path of `request`, with a query where there is one.
    pub path: Template,
    /// `headers`.
    pub headers: BTreeMap<String, Template>,
    /// `body`: sent as JSON.
    pub body: Option<Json>,
    /// `expect.status`, 200 by default.
    pub status: u16,
    /// `expect.body`: a subset of the response's JSON.
    pub expect: Option<Json>,
    /// `capture`: name to JSON pointer into the response.
    pub capture: BTreeMap<String, String>,
    /// `retry_for` in seconds; 0 for none.
    pub retry_for: u64,
}

/// A text with placeholders for values of AWS or of an earlier check.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Template {
    /// The place of the text in the file.
    pub at: At,
    /// Its parts in order; a text without placeholders is one `Text`, the empty text none.
    pub parts: Vec<Part>,
}

/// A part of a [`Template`]. Names are the keys of `stack.yaml`, without an environment's prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Literal text.
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
    /// `${capture.NAME}`; only in checks.
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

//! The desired state of a function.

use crate::aws::tags::Tags;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The desired state of a function.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec<T = String> {
    /// Base64 of the SHA-256 of its package; empty for a container image.
    pub code: String,
    /// The container image, instead of a package.
    pub image: Option<Image>,
    /// The runtime; empty for a container image.
    pub runtime: String,
    /// The handler; empty for a container image.
    pub handler: String,
    /// `x86_64` or `arm64`.
    pub architecture: String,
    /// Memory in MB.
    pub memory: i32,
    /// Timeout in seconds.
    pub timeout: i32,
    /// The size of `/tmp` in MB.
    pub ephemeral_storage: i32,
    /// Whether X-Ray traces its invocations.
    pub tracing: bool,
    /// The description; may be empty.
    pub description: T,
    /// The environment variables.
    pub environment: BTreeMap<String, T>,
    /// The ARN of the KMS key that encrypts the environment; `None` for Lambda's own.
    pub kms_key: Option<String>,
    /// The ARNs of the versions of its layers, in order.
    pub layers: Vec<T>,
    /// The network that it can reach.
    pub vpc: Option<Vpc>,
    /// The file system that it can use.
    pub file_system: Option<FileSystem>,
    /// Whether Lambda keeps snapshots of its published versions.
    pub snap_start: bool,
    /// How long its durable executions may take.
    pub durable: Option<Durable>,
    /// What it logs.
    pub logging: Logging,
    /// The log group that it writes to.
    pub log_group: T,
    /// The ARN of the queue or topic for events of asynchronous invocations that failed.
    pub dead_letter: Option<T>,
    /// Retries and destinations of asynchronous invocations; `None` where all is Lambda's default.
    #[serde(rename = "async")]
    pub asynchronous: Option<Async<T>>,
    /// Whether it may call itself through a queue or a topic without an end.
    pub recursive_loop: bool,
    /// The ARN of the code signing configuration.
    pub code_signing: Option<String>,
    /// Reserved concurrency: 0 stops the function, `None` is a share of the account's.
    pub reserved_concurrency: Option<i32>,
    /// Its published versions, where it has a release.
    pub versions: Option<Versions>,
    /// The ARN of the role.
    pub role: T,
    /// The tags that are compared.
    pub tags: Tags<T>,
}

/// Published versions of a function with a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Versions {
    /// How many are kept that no alias stands for. Lambda does not know it, so it is read as it is desired.
    pub keep: usize,
    /// Whether the newest one is the function as it is.
    pub published: bool,
}

/// A container image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Image {
    /// The URI, with a tag or a digest.
    pub uri: String,
    /// The parameters, instead of the image's own `CMD`.
    pub command: Vec<String>,
    /// The program, instead of the image's own `ENTRYPOINT`.
    pub entry_point: Vec<String>,
    /// The folder, instead of the image's own `WORKDIR`.
    pub working_directory: Option<String>,
}

/// A network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vpc {
    /// The ids of the subnets. Lambda returns them in another order [aws-facts-services: 8, CC].
    pub subnets: BTreeSet<String>,
    /// The ids of the security groups.
    pub security_groups: BTreeSet<String>,
    /// Whether it uses IPv6 in subnets that have both.
    pub ipv6: bool,
}

/// A mounted file system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileSystem {
    /// The ARN of the access point.
    pub arn: String,
    /// Where it is mounted.
    pub path: String,
}

/// What a function logs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Logging {
    /// `Text` or `JSON`.
    pub format: String,
    /// The least level of the function's own events, such as `INFO`; texts have none.
    pub level: Option<String>,
    /// The least level of Lambda's events.
    pub system_level: Option<String>,
}

/// How long durable executions may take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Durable {
    /// For an execution, in seconds.
    pub timeout: i32,
    /// For which its history is kept, in days.
    pub retention: i32,
}

/// What happens to events of asynchronous invocations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Async<T = String> {
    /// How often an event is tried again after an error.
    pub retries: i32,
    /// How old an event may become, in seconds.
    pub max_age: i32,
    /// The ARN that gets the results.
    pub on_success: Option<T>,
    /// The ARN that gets the events that failed.
    pub on_failure: Option<T>,
}

impl<T> Async<T> {
    /// True if all of it is Lambda's default, which needs no call.
    pub(in crate::kinds) fn is_default(&self) -> bool {
        let Async { retries, max_age, on_success, on_failure } = self;
        (*retries, *max_age) == (RETRIES, MAX_AGE) && on_success.is_none() && on_failure.is_none()
    }
}

/// How often Lambda tries an event again by default [aws-facts-services: 8, M].
pub(super) const RETRIES: i32 = 2;
/// How old an event becomes at most, in seconds, which is also the default.
pub(super) const MAX_AGE: i32 = 21_600;
/// The level of JSON logs where none is given [aws-facts-services: 8, field].
pub(super) const LEVEL: &str = "INFO";

impl Logging {
    /// Text, which has no levels.
    pub(super) fn text() -> Self {
        Logging { format: TEXT.to_owned(), level: None, system_level: None }
    }

    /// JSON with these levels.
    pub(super) fn json(level: Option<&str>, system_level: Option<&str>) -> Self {
        let or_default = |level: Option<&str>| Some(level.unwrap_or(LEVEL).to_owned());
        Logging { format: JSON.to_owned(), level: or_default(level), system_level: or_default(system_level) }
    }
}

/// Lambda's word for logs as they are written.
const TEXT: &str = "Text";
/// Lambda's word for structured logs.
pub(super) const JSON: &str = "JSON";

/// The size of `/tmp` by default, in MB; Lambda may leave it out of what it shows [hazards: undeclared settings].
pub(super) const STORAGE: u32 = 512;

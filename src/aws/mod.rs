//! Access to AWS: connections, clients, and what is true of every service. Nothing here knows a kind.

pub(crate) mod calls;
pub(crate) mod clients;
mod connect;
mod created;
pub mod credentials;
pub(crate) mod error;
pub(crate) mod limit;
pub(crate) mod pages;
mod quota_errors;
mod read_only;
mod request;
mod role_propagation;
pub(crate) mod service;
mod settings;
mod shared_document;
pub mod sign;
mod tagged;
pub(crate) mod tags;
#[cfg(test)]
mod tests;
pub(crate) mod wait;

pub use calls::{Call, Calls};
pub use clients::Clients;
pub use connect::{Access, Connection, Place, configured_region};
pub use created::Created;
pub use error::{Class, Error, Result};
pub use limit::Quota;
pub use role_propagation::FreshRoles;
pub use service::{Errors, Refusal, Service};
pub use shared_document::Documents;
pub use tagged::Tagged;
pub use tags::Tags;

use wait::Waiting;

use crate::model::{ResourceId, Scope};
use aws_smithy_async::time::SharedTimeSource;
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};
use tokio::sync::Semaphore;

/// The packages that are in memory at a time, in KB. A call holds its package several times over: as bytes, and as text.
pub(crate) const UPLOADS: u32 = 12_000;

/// What a kind's functions work with.
#[derive(Debug)]
pub struct Context {
    /// The clients, which may refuse to write.
    pub clients: Clients,
    /// The stack's place, and what of it to look for.
    pub scope: Scope,
    /// The packages of the stack's functions: base64 of the SHA-256 to the zip on disk.
    pub packages: BTreeMap<String, PathBuf>,
    /// True on the local cloud.
    pub local: bool,
    /// An endpoint other than AWS's own.
    pub endpoint: Option<String>,
    /// What time it is.
    pub time: SharedTimeSource,
    /// A number that another process has another one of: waits take their pauses by it.
    pub(crate) process: u64,
    /// The roles that this run has written to: news of them may not have reached Lambda yet.
    pub role_propagation: FreshRoles,
    /// The resources that this run has created: their service may not show them to every call yet.
    pub created: Created,
    /// What the tagging API says of the stack's resources.
    pub tagged: Tagged,
    /// Room in memory for packages on their way, in KB.
    pub uploads: Semaphore,
    /// The shared documents that this run changes.
    pub documents: Documents,
    /// Where it is reported what is waited for.
    pub waits: Waits,
}

/// Receives what a resource waits for, and why.
#[derive(Clone)]
pub struct Waits(Arc<WaitFn>);

type WaitFn = dyn Fn(&ResourceId, &str) + Send + Sync;

impl Waits {
    /// Waits that go to a function.
    pub fn new(receive: impl Fn(&ResourceId, &str) + Send + Sync + 'static) -> Self {
        Waits(Arc::new(receive))
    }

    /// Waits that are not reported.
    pub fn none() -> Self {
        Waits::new(|_, _| ())
    }
}

impl fmt::Debug for Waits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Waits")
    }
}

impl Context {
    /// A wait for a resource, which reports what it waits for.
    pub(crate) fn waiting<'a>(&'a self, id: &'a ResourceId) -> Waiting<'a> {
        Waiting::new(id, self.process, |why| (self.waits.0)(id, why))
    }

    /// The age in seconds of a resource that was created at a time in seconds since 1970.
    pub(crate) fn age(&self, created: i64) -> u64 {
        let now = self.time.now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
        now.saturating_sub(created.max(0).unsigned_abs())
    }
}

//! The way to AWS: connections, clients, and what is true of every service. Nothing here knows a kind.

pub(crate) mod calls;
mod connect;
pub(crate) mod error;
mod limit;
mod read_only;
pub(crate) mod tags;
pub(crate) mod wait;

pub use calls::Calls;
pub use connect::{Access, Clients, Connection, Place};
pub use error::{Class, Error, Result};
pub use tags::Tags;

use crate::event::{Event, Events};
use crate::model::{Id, Scope};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

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
    /// The ARNs of roles that this run has written to: news of them may not have reached Lambda yet.
    pub written_roles: Mutex<BTreeSet<String>>,
    /// Where progress is told.
    pub events: Events,
}

impl Context {
    /// Tells that a resource is being waited for, and why.
    pub(crate) fn waiting<'a>(&'a self, id: &'a Id) -> impl Fn(&str) + 'a {
        |why| self.events.tell(Event::Waiting { id: id.clone(), why: why.to_owned() })
    }

    /// Remembers that this run has written to a role.
    pub(crate) fn wrote_role(&self, arn: &str) {
        self.written_roles.lock().unwrap_or_else(PoisonError::into_inner).insert(arn.to_owned());
    }

    /// True if this run has written to a role.
    pub(crate) fn has_written_role(&self, arn: &str) -> bool {
        self.written_roles.lock().unwrap_or_else(PoisonError::into_inner).contains(arn)
    }
}

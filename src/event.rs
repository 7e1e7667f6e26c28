//! Events: what happens while a command runs.

use crate::model::ResourceId;
use crate::plan::Action;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Something that happened.
#[derive(Debug, Clone)]
pub enum Event {
    /// A step has started.
    Started {
        /// The resource.
        id: ResourceId,
        /// The physical id of the resource that existed before the step: duplicates of one id differ in it.
        physical_id: Option<String>,
        /// What is done to it.
        action: Action,
    },
    /// A step waits for AWS.
    Waiting {
        /// The resource.
        id: ResourceId,
        /// The reason, for example `the role cannot be assumed yet`.
        why: String,
    },
    /// A step has succeeded.
    Done {
        /// The resource.
        id: ResourceId,
        /// The physical id of the resource that existed before the step: duplicates of one id differ in it.
        physical_id: Option<String>,
        /// What was done to it.
        action: Action,
        /// How long it took.
        took: Duration,
    },
    /// A step has failed.
    Failed {
        /// The resource.
        id: ResourceId,
        /// The physical id of the resource that existed before the step: duplicates of one id differ in it.
        physical_id: Option<String>,
        /// What was tried.
        action: Action,
        /// The reason.
        error: crate::aws::Error,
    },
    /// The user has asked to stop: running steps are finished, and no further one is started.
    Stopping,
    /// A step was skipped.
    Skipped {
        /// The resource.
        id: ResourceId,
        /// The physical id of the resource that existed before the step: duplicates of one id differ in it.
        physical_id: Option<String>,
        /// What would have been done to it.
        action: Action,
        /// The reason.
        why: String,
    },
}

/// The receiver of events; clones are the same receiver.
#[derive(Clone)]
pub struct Events(Arc<dyn Fn(Event) + Send + Sync>);

impl Events {
    /// Events that a function receives.
    pub fn new(receive: impl Fn(Event) + Send + Sync + 'static) -> Self {
        Events(Arc::new(receive))
    }

    /// Events that are dropped.
    pub fn none() -> Self {
        Events::new(|_| ())
    }

    /// Sends an event.
    pub fn tell(&self, event: Event) {
        (self.0)(event);
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Events")
    }
}

//! What happens while a command runs, for whoever shows it.

use crate::model::ResourceId;
use crate::plan::Action;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Something that happened.
#[derive(Debug, Clone)]
pub enum Event {
    /// A step began.
    Started {
        /// The resource.
        id: ResourceId,
        /// What is done to it.
        action: Action,
    },
    /// A step waits for AWS.
    Waiting {
        /// The resource.
        id: ResourceId,
        /// What for, for example `the role cannot be assumed yet`.
        why: String,
    },
    /// A step succeeded.
    Done {
        /// The resource.
        id: ResourceId,
        /// What was done to it.
        action: Action,
        /// How long it took.
        took: Duration,
    },
    /// A step failed.
    Failed {
        /// The resource.
        id: ResourceId,
        /// What was tried.
        action: Action,
        /// Why it failed.
        error: crate::aws::Error,
    },
    /// The user wants the run to stop: what is under way is finished, and nothing more is begun.
    Stopping,
    /// A step was not tried.
    Skipped {
        /// The resource.
        id: ResourceId,
        /// What would have been done to it.
        action: Action,
        /// Why not.
        why: String,
    },
}

/// Where events go; clones go to the same place.
#[derive(Clone)]
pub struct Events(Arc<dyn Fn(Event) + Send + Sync>);

impl Events {
    /// Events that go to a function.
    pub fn new(tell: impl Fn(Event) + Send + Sync + 'static) -> Self {
        Events(Arc::new(tell))
    }

    /// Events that nobody hears.
    pub fn none() -> Self {
        Events::new(|_| ())
    }

    /// Tells of an event.
    pub fn tell(&self, event: Event) {
        (self.0)(event);
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Events")
    }
}

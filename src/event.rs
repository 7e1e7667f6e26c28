//! What happens while a command runs, for the code that shows it.

use crate::aws::{Error, Waits};
use crate::model::ResourceId;
use crate::plan::Action;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Something that happened. A step is named by its index in the plan: two steps may concern resources of the same id, as an
/// update and the deletion of a duplicate.
#[derive(Debug, Clone)]
pub enum Event {
    /// A step began.
    Started {
        /// The step's index in the plan.
        step: usize,
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
        /// The step's index in the plan.
        step: usize,
        /// The resource.
        id: ResourceId,
        /// What was done to it.
        action: Action,
        /// How long it took.
        took: Duration,
    },
    /// A step failed.
    Failed {
        /// The step's index in the plan.
        step: usize,
        /// The resource.
        id: ResourceId,
        /// What was tried.
        action: Action,
        /// Why it failed.
        error: Error,
    },
    /// The user wants the run to stop: running steps are finished, and no other step starts.
    Stopping,
    /// A step was not started.
    Skipped {
        /// The step's index in the plan.
        step: usize,
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
    pub fn new(receive: impl Fn(Event) + Send + Sync + 'static) -> Self {
        Events(Arc::new(receive))
    }

    /// Events that are dropped.
    pub fn none() -> Self {
        Events::new(|_| ())
    }

    /// Sends an event.
    pub fn send(&self, event: Event) {
        (self.0)(event);
    }

    /// Waits for AWS, which become events.
    pub fn waits(&self) -> Waits {
        let events = self.clone();
        Waits::new(move |id, why| events.send(Event::Waiting { id: id.clone(), why: why.to_owned() }))
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Events")
    }
}

//! The resources that a run has created. For some seconds, not every call of their service finds them.

use crate::model::PhysicalId;
use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The resources that this run has created, or may have: a create whose response was lost counts.
#[derive(Debug, Default)]
pub struct Created(Mutex<BTreeSet<PhysicalId>>);

impl Created {
    fn known(&self) -> MutexGuard<'_, BTreeSet<PhysicalId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records that this run is about to create a resource.
    pub(crate) fn add(&self, resource: PhysicalId) {
        self.known().insert(resource);
    }

    /// True if this run may have created a resource.
    pub(crate) fn has(&self, resource: &PhysicalId) -> bool {
        self.known().contains(resource)
    }
}

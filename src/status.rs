//! How what is declared stands against what there is. Pure; the plan has found out all of it.

use crate::config::At;
use crate::diff::Change;
use crate::model::{LiveState, Owner, ResourceId, Status};
use crate::outline;
use crate::plan::{Action, Plan, Step};
use std::collections::BTreeMap;

/// A resource and how it is.
#[derive(Debug, Clone, PartialEq)]
pub struct ResourceStatus {
    /// The resource.
    pub id: ResourceId,
    /// The place in the stack file that declares it.
    pub at: Option<At>,
    /// How it is.
    pub health: Health,
    /// The fields that differ, in the terms of the stack file.
    pub fields: Vec<String>,
    /// Settings that no field of the stack file manages and that differ from AWS's defaults, by name. They are no drift:
    /// nothing changes them.
    pub unmanaged_settings: BTreeMap<String, String>,
    /// What else is to be said, such as a running canary.
    pub note: Option<String>,
}

impl ResourceStatus {
    fn new(id: &ResourceId, at: Option<At>, health: Health) -> Self {
        ResourceStatus {
            id: id.clone(),
            at,
            health,
            fields: Vec::new(),
            unmanaged_settings: BTreeMap::new(),
            note: None,
        }
    }

    /// True if there is nothing to say of it.
    pub(crate) fn is_quiet(&self) -> bool {
        self.health == Health::InSync && self.unmanaged_settings.is_empty() && self.note.is_none()
    }
}

/// How a resource is.
#[derive(Debug, Clone, PartialEq)]
pub enum Health {
    /// It is what the stack file says.
    InSync,
    /// It is not there.
    Missing,
    /// It is there and differs.
    Drifted(Vec<Change>),
    /// AWS is still making or changing it.
    Pending,
    /// It cannot be used; the text says why.
    Failed(String),
    /// It is ours, and the stack file does not declare it.
    Orphaned,
    /// It bears a name of the stack, or lives in something of ours, and is somebody else's; the text says whose.
    Unmanaged(String),
}

/// The status of everything that is declared, ours, or has a name that the stack declares.
pub fn status(plan: &Plan, live_state: &LiveState) -> Vec<ResourceStatus> {
    let ours = live_state.observed.iter().filter(|observed| observed.owner == Owner::Ours);
    let ours: BTreeMap<&ResourceId, _> = ours.map(|observed| (&observed.id, observed)).collect();
    let in_sync = plan.unchanged.iter().map(|id| ResourceStatus {
        unmanaged_settings: ours.get(id).map(|own| own.unmanaged_settings.clone()).unwrap_or_default(),
        note: ours.get(id).and_then(|own| own.note.clone()),
        ..ResourceStatus::new(id, None, Health::InSync)
    });
    let steps = plan.steps.iter().map(|step| {
        // What the plan deletes needs no more to be said of.
        let kept = step.observed.as_ref().filter(|_| step.action == Action::Update);
        let mut fields: Vec<String> =
            outline::differences(step).iter().map(|change| change.field().to_owned()).collect();
        fields.dedup();
        ResourceStatus {
            fields,
            unmanaged_settings: kept.map(|observed| observed.unmanaged_settings.clone()).unwrap_or_default(),
            note: kept.and_then(|observed| observed.note.clone()),
            ..ResourceStatus::new(&step.id, step.at, of(step))
        }
    });
    let unmanaged = live_state.observed.iter().filter_map(|observed| match &observed.owner {
        Owner::Unmanaged(owner) => {
            Some(ResourceStatus::new(&observed.id, None, Health::Unmanaged(owner.clone())))
        }
        _ => None,
    });
    in_sync.chain(steps).chain(unmanaged).collect()
}

fn of(step: &Step) -> Health {
    let status = step.observed.as_ref().map(|observed| &observed.status);
    match (step.action, status) {
        (_, Some(Status::Deleting)) => Health::Pending,
        (Action::Delete, _) => Health::Orphaned,
        (_, None) => Health::Missing,
        (_, Some(Status::Failed(why))) => Health::Failed(why.clone()),
        (_, Some(Status::Pending)) if step.changes.is_empty() => Health::Pending,
        _ => Health::Drifted(step.changes.clone()),
    }
}

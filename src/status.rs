//! How what is declared stands against what there is. Pure; the plan has found out all of it.

use crate::config::At;
use crate::diff::Change;
use crate::model::{LiveState, Owner, ResourceId, Status};
use crate::plan::{Action, Plan, Step};

/// A resource and how it is.
#[derive(Debug, Clone, PartialEq)]
pub struct ResourceStatus {
    /// The resource.
    pub id: ResourceId,
    /// The place in the stack file that declares it.
    pub at: Option<At>,
    /// How it is.
    pub health: Health,
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

/// The standing of everything that is declared, ours, or in its way.
pub fn status(plan: &Plan, live_state: &LiveState) -> Vec<ResourceStatus> {
    let in_order =
        plan.unchanged.iter().map(|id| ResourceStatus { id: id.clone(), at: None, health: Health::InSync });
    let steps =
        plan.steps.iter().map(|step| ResourceStatus { id: step.id.clone(), at: step.at, health: of(step) });
    let unmanaged = live_state.observed.iter().filter_map(|observed| match &observed.owner {
        Owner::Unmanaged(who) => {
            Some(ResourceStatus { id: observed.id.clone(), at: None, health: Health::Unmanaged(who.clone()) })
        }
        _ => None,
    });
    in_order.chain(steps).chain(unmanaged).collect()
}

fn of(step: &Step) -> Health {
    let status = step.observed.as_ref().map(|observed| &observed.status);
    match (step.action, status) {
        (Action::Delete, _) => Health::Orphaned,
        (_, None) => Health::Missing,
        (_, Some(Status::Deleting)) => Health::Pending,
        (_, Some(Status::Failed(why))) => Health::Failed(why.clone()),
        (_, Some(Status::Pending)) if step.changes.is_empty() => Health::Pending,
        _ => Health::Drifted(step.changes.clone()),
    }
}

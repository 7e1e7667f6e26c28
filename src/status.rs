//! How what is declared stands against what there is. Pure; the plan has found out all of it.

use crate::config::At;
use crate::diff::Change;
use crate::model::{Id, Owner, Status, World};
use crate::plan::{Action, Plan, Step};

/// A resource and how it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// The resource.
    pub id: Id,
    /// The place in the stack file that declares it.
    pub at: Option<At>,
    /// How it is.
    pub health: Health,
}

/// How a resource is.
#[derive(Debug, Clone, PartialEq)]
pub enum Health {
    /// It is what the stack file says.
    InOrder,
    /// It is not there.
    Missing,
    /// It is there and differs.
    Differs(Vec<Change>),
    /// AWS is still making or changing it.
    Busy,
    /// It cannot be used; the text says why.
    Broken(String),
    /// It is ours, and the stack file does not declare it.
    Undeclared,
    /// It bears a name of the stack, or lives in something of ours, and is somebody else's; the text says whose.
    Foreign(String),
}

/// The standing of everything that is declared, ours, or in its way.
pub fn status(plan: &Plan, world: &World) -> Vec<Standing> {
    let in_order =
        plan.unchanged.iter().map(|id| Standing { id: id.clone(), at: None, health: Health::InOrder });
    let steps = plan.steps.iter().map(|step| Standing { id: step.id.clone(), at: step.at, health: of(step) });
    let foreign = world.seen.iter().filter_map(|seen| match &seen.owner {
        Owner::Foreign(who) => {
            Some(Standing { id: seen.id.clone(), at: None, health: Health::Foreign(who.clone()) })
        }
        _ => None,
    });
    in_order.chain(steps).chain(foreign).collect()
}

fn of(step: &Step) -> Health {
    let status = step.seen.as_ref().map(|seen| &seen.status);
    match (step.action, status) {
        (Action::Delete, _) => Health::Undeclared,
        (_, None) => Health::Missing,
        (_, Some(Status::Going)) => Health::Busy,
        (_, Some(Status::Broken(why))) => Health::Broken(why.clone()),
        (_, Some(Status::Busy)) if step.changes.is_empty() => Health::Busy,
        _ => Health::Differs(step.changes.clone()),
    }
}

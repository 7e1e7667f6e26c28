//! The plan: the steps from the live state to the desired state. Pure and synchronous: made from a [`Graph`] and a
//! [`LiveState`], and the very value that is shown is executed.

mod blockers;
mod build;
mod cycles;
mod edges;
mod saved;
#[cfg(test)]
pub(crate) mod tests;

pub(crate) use build::immutable_changes;
pub use build::plan;
pub use saved::{Saved, salt};

use crate::config::At;
use crate::diff::Change;
use crate::kind::Registry;
use crate::model::{AttributeMap, Identity, Observed, Protected, ResourceId, Unreadable};
use serde_json::Value as Json;
use std::collections::BTreeSet;

/// What is done to a resource. There are only these four: order is in the edges, and reasons are a field of the step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// It is created.
    Create,
    /// It is changed in place.
    Update,
    /// It is deleted, and created again.
    Replace,
    /// It is deleted.
    Delete,
}

impl Action {
    /// The verb of the action, for example `create`.
    pub fn verb(self) -> &'static str {
        match self {
            Action::Create => "create",
            Action::Update => "update",
            Action::Replace => "replace",
            Action::Delete => "delete",
        }
    }
}

/// What a plan is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// To reach the state that the stack file declares.
    Up,
    /// To delete the stack.
    Down,
}

/// What a plan is made with: the kinds, and what the user allows.
#[derive(Debug, Clone)]
pub struct Options {
    /// The kinds of resources.
    pub registry: Registry,
    /// What the plan is for.
    pub mode: Mode,
    /// True on the local cloud, whose data are for tests.
    pub local: bool,
    /// `--allow-data-loss`: `SECTION.NAME` such as `tables.orders`, a bare name that is unique, `api`, or `all`.
    pub allow_data_loss: BTreeSet<String>,
    /// `--replace-stack`.
    pub replace_stack: bool,
    /// What the stack file protects.
    pub protected: Protected,
    /// Whose resources these are: `--allow-data-loss` names them by their keys.
    pub identity: Identity,
}

/// The steps from the live state to the desired state, and what blocks them.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What the plan is for.
    pub mode: Mode,
    /// The steps.
    pub steps: Vec<Step>,
    /// The graph that is executed: a node for each step, and two for a replacement.
    pub nodes: Vec<Node>,
    /// The resources that need no change.
    pub unchanged: Vec<ResourceId>,
    /// Why the plan must not be applied. Nothing is written while there is one.
    pub blockers: Vec<Blocker>,
    /// Notes for the user.
    pub notes: Vec<String>,
    /// What could not be read.
    pub unreadable: Vec<Unreadable>,
    /// The attributes of the resources that are kept.
    pub attributes: AttributeMap,
}

/// One step of a plan.
#[derive(Debug, Clone)]
pub struct Step {
    /// The resource.
    pub id: ResourceId,
    /// What is done to it.
    pub action: Action,
    /// The place in the stack file that declares it; `None` where it is no longer declared.
    pub at: Option<At>,
    /// The desired state. What is known here is what is sent.
    pub desired: Option<Json>,
    /// The observed resource, where it exists.
    pub observed: Option<Observed>,
    /// The fields that differ.
    pub changes: Vec<Change>,
    /// The files of its code that differ, where both packages are available.
    pub files: Vec<FileChange>,
    /// The reasons, where the changes do not say them.
    pub reasons: Vec<String>,
    /// The data that is lost.
    pub data_loss: Option<String>,
    /// True if the deletion of its parent deletes it: no call is made.
    pub with_parent: bool,
    /// The steps, by index, on which its first node depends.
    pub depends_on: Vec<usize>,
}

/// A part of a step that is executed as one, in the order of its dependencies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// The step, by index.
    pub step: usize,
    /// Which part of the step.
    pub half: Half,
    /// The nodes, by index, that must succeed before.
    pub depends_on: Vec<usize>,
}

/// The parts of a step. Only a replacement has two, so that what refers to a resource can be changed in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Half {
    /// All of a step that is no replacement.
    Whole,
    /// The deletion of the old resource.
    Delete,
    /// The creation of the new resource.
    Create,
}

/// A file of a function's code that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChange {
    /// Its name in the package.
    pub name: String,
    /// What is done to it.
    pub action: Action,
}

/// A reason not to apply a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocker {
    /// The resource, where it is about one.
    pub id: Option<ResourceId>,
    /// The place in the stack file.
    pub at: Option<At>,
    /// The reason.
    pub why: String,
    /// What to do.
    pub help: String,
}

/// Why no plan can be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// Resources that depend on each other, each on the next, and the last one on the first.
    #[error("dependency cycle: {}", cycle(.0))]
    Cycle(Vec<ResourceId>),
    /// A desired state that the kind cannot read: an error of this program.
    #[error("internal error: the desired state of {id} is invalid: {why}; please report this")]
    InvalidSpec {
        /// The resource.
        id: ResourceId,
        /// What is invalid, with the field.
        why: String,
    },
}

fn cycle(ids: &[ResourceId]) -> String {
    let ids: Vec<String> = ids.iter().chain(ids.first()).map(ToString::to_string).collect();
    ids.join(" → ")
}

impl Plan {
    /// True if there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// How many steps there are of an action.
    pub fn count(&self, action: Action) -> usize {
        self.steps.iter().filter(|step| step.action == action).count()
    }
}

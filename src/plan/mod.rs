//! The plan: what must be done so that AWS is what the stack file says. Pure and synchronous: a [`Graph`] and a
//! [`LiveState`] go in, and the very value that is shown comes out and is executed.

mod blockers;
mod build;
mod edges;
mod saved;
#[cfg(test)]
pub(crate) mod tests;

pub use build::plan;
pub use saved::Saved;

use crate::config::At;
use crate::diff::Change;
use crate::model::{AttributeMap, Observed, ResourceId, Unreadable, Value};
use std::collections::BTreeSet;

/// What is done to a resource. There are no more than these four: order lives in edges, reasons beside the action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// It is made.
    Create,
    /// It is changed where it stands.
    Update,
    /// It is deleted, and made anew.
    Replace,
    /// It is deleted.
    Delete,
}

impl Action {
    /// What is to be done, for example `create`.
    pub fn verb(self) -> &'static str {
        match self {
            Action::Create => "create",
            Action::Update => "update",
            Action::Replace => "replace",
            Action::Delete => "delete",
        }
    }
}

/// What the stack shall become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// What the stack file says.
    Up,
    /// Nothing.
    Down,
}

/// What the user allows.
#[derive(Debug, Clone)]
pub struct Options {
    /// What the stack shall become.
    pub mode: Mode,
    /// True on the local cloud, where data are for trying things out.
    pub local: bool,
    /// `--allow-data-loss`: names of tables, `api`, or `all`.
    pub allow_data_loss: BTreeSet<String>,
    /// `--replace-stack`.
    pub replace_stack: bool,
}

/// The steps from what is to what shall be, or the reasons not to take them.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What the stack shall become.
    pub mode: Mode,
    /// The steps; [`Step::depends_on`] gives their order.
    pub steps: Vec<Step>,
    /// What is as it shall be.
    pub unchanged: Vec<ResourceId>,
    /// Why the plan must not be carried out. Nothing is written while there is one.
    pub blockers: Vec<Blocker>,
    /// What the user should know besides.
    pub notes: Vec<String>,
    /// What could not be looked at.
    pub unreadable: Vec<Unreadable>,
    /// What AWS has assigned to the resources that stay.
    pub attributes: AttributeMap,
}

/// One step of a plan.
#[derive(Debug, Clone)]
pub struct Step {
    /// The resource.
    pub id: ResourceId,
    /// What is done to it.
    pub action: Action,
    /// The place in the stack file that asks for it; `None` where none does any more.
    pub at: Option<At>,
    /// The thing that it lives and dies with.
    pub parent: Option<ResourceId>,
    /// What it shall be. What is known here is what is sent.
    pub desired: Option<Value>,
    /// What there is now.
    pub observed: Option<Observed>,
    /// The fields that differ.
    pub changes: Vec<Change>,
    /// The files of its code that differ, where whoever made the plan has both packages at hand.
    pub files: Vec<FileChange>,
    /// Why, where the changes do not say it.
    pub reasons: Vec<String>,
    /// What is lost for good.
    pub data_loss: Option<String>,
    /// True if deleting its parent deletes it: no call is made.
    pub with_parent: bool,
    /// The steps, by index, that must have succeeded before.
    pub depends_on: Vec<usize>,
}

/// A file of a function's code that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChange {
    /// Its name in the package.
    pub name: String,
    /// What becomes of it.
    pub action: Action,
}

/// A reason not to carry out a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocker {
    /// The resource, where it is about one.
    pub id: Option<ResourceId>,
    /// The place in the stack file.
    pub at: Option<At>,
    /// What stands in the way.
    pub why: String,
    /// What to do.
    pub help: String,
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

//! Unchanged siblings of changed resources, which may say whether a change took effect: the stage of an API whose routes
//! change. They are verified once, after the last change in their parent.

use crate::model::ResourceId;
use crate::plan::{Plan, Step};
use std::collections::BTreeMap;

/// The unchanged children of the parents in which a plan changes something, by parent.
pub(super) struct Siblings<'a>(BTreeMap<&'a ResourceId, Changes<'a>>);

#[derive(Default)]
struct Changes<'a> {
    /// How many changes are still to succeed.
    left: usize,
    unchanged: Vec<&'a ResourceId>,
}

impl<'a> Siblings<'a> {
    pub(super) fn new(plan: &'a Plan) -> Self {
        let mut parents: BTreeMap<&ResourceId, Changes> = BTreeMap::new();
        for parent in plan.steps.iter().filter_map(parent) {
            parents.entry(parent).or_default().left += 1;
        }
        for (parent, changes) in &mut parents {
            let children = plan.unchanged.iter().filter(|id| id.parent() == Some(parent));
            changes.unchanged.extend(children);
        }
        Siblings(parents)
    }

    /// A step has succeeded. Returns the resources to verify now, with their parent. A change that failed has an error of its
    /// own, and then nothing is verified.
    pub(super) fn next_to_verify(&mut self, step: &'a Step) -> Option<(&'a ResourceId, Vec<&'a ResourceId>)> {
        let parent = parent(step)?;
        let changes = self.0.get_mut(parent)?;
        changes.left -= 1;
        if changes.left > 0 {
            return None;
        }
        let unchanged = self.0.remove(parent)?.unchanged;
        (!unchanged.is_empty()).then_some((parent, unchanged))
    }
}

/// The parent in which a step changes something: the one of its resource, or the resource itself.
fn parent(step: &Step) -> Option<&ResourceId> {
    (!step.with_parent).then_some(step.id.parent().unwrap_or(&step.id))
}

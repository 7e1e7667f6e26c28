//! Which step is next. A step is ready when all that it waits for is done, and starts when its kind and its parent have a
//! place for it. Of those that could start, the one with the longest way to the end comes first: what many things wait for
//! must not stand behind what nothing waits for, at AWS's quotas either.

use crate::kind::kind;
use crate::model::Id;
use crate::plan::Plan;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// The steps of a plan that have not ended.
pub(super) struct Schedule<'a> {
    plan: &'a Plan,
    /// How many steps each one still waits for.
    waits: Vec<usize>,
    /// The steps that wait for each one.
    dependents: Vec<Vec<usize>>,
    /// The steps on the longest way from each one to the end.
    heights: Vec<usize>,
    /// What waits for nothing but a place.
    ready: BTreeSet<(Reverse<usize>, usize)>,
    /// How many steps of each kind are under way, and in each parent.
    of_kind: BTreeMap<&'static str, usize>,
    in_parent: BTreeMap<&'a Id, usize>,
}

impl<'a> Schedule<'a> {
    pub(super) fn new(plan: &'a Plan) -> Self {
        let waits: Vec<usize> = plan.steps.iter().map(|step| step.after.len()).collect();
        let mut dependents = vec![Vec::new(); plan.steps.len()];
        for (index, step) in plan.steps.iter().enumerate() {
            step.after.iter().for_each(|before| dependents[*before].push(index));
        }
        let heights = heights(plan, &waits, &dependents);
        let ready = (0..waits.len()).filter(|index| waits[*index] == 0);
        let ready = ready.map(|index| (Reverse(heights[index]), index)).collect();
        let (of_kind, in_parent) = (BTreeMap::new(), BTreeMap::new());
        Schedule { plan, waits, dependents, heights, ready, of_kind, in_parent }
    }

    /// Starts the next step, if one can start now.
    pub(super) fn start(&mut self) -> Option<usize> {
        let next = *self.ready.iter().find(|(_, index)| self.has_place(*index))?;
        self.ready.remove(&next);
        self.count(next.1, |count| count + 1);
        Some(next.1)
    }

    /// A step has succeeded: what waits for it may be ready now.
    pub(super) fn done(&mut self, index: usize) {
        self.count(index, |count| count - 1);
        for dependent in std::mem::take(&mut self.dependents[index]) {
            self.waits[dependent] -= 1;
            if self.waits[dependent] == 0 {
                self.ready.insert((Reverse(self.heights[dependent]), dependent));
            }
        }
    }

    /// A step has failed. Answers the steps that can never start for it, and were not answered before.
    pub(super) fn failed(&mut self, index: usize) -> BTreeSet<usize> {
        self.count(index, |count| count - 1);
        let (mut doomed, mut open) = (BTreeSet::new(), vec![index]);
        while let Some(next) = open.pop() {
            for dependent in std::mem::take(&mut self.dependents[next]) {
                doomed.insert(dependent);
                open.push(dependent);
            }
        }
        doomed
    }

    /// True if neither the kind nor the parent of a step has its hands full.
    fn has_place(&self, index: usize) -> bool {
        let step = &self.plan.steps[index];
        let kind = kind(step.id.kind);
        let of_kind = self.of_kind.get(kind.name()).copied().unwrap_or_default();
        let in_parent = step.parent.as_ref().and_then(|parent| self.in_parent.get(parent)).copied();
        of_kind < kind.width() && in_parent.unwrap_or_default() < kind.lane()
    }

    fn count(&mut self, index: usize, change: fn(usize) -> usize) {
        let step = &self.plan.steps[index];
        let of_kind = self.of_kind.entry(step.id.kind).or_default();
        *of_kind = change(*of_kind);
        if let Some(parent) = &step.parent {
            let in_parent = self.in_parent.entry(parent).or_default();
            *in_parent = change(*in_parent);
        }
    }
}

/// The steps on the longest way from each step to the end, found from the last steps backwards.
fn heights(plan: &Plan, waits: &[usize], dependents: &[Vec<usize>]) -> Vec<usize> {
    let mut open = waits.to_vec();
    let mut order: Vec<usize> = (0..open.len()).filter(|index| open[*index] == 0).collect();
    let mut next = 0;
    while let Some(index) = order.get(next).copied() {
        next += 1;
        for dependent in &dependents[index] {
            open[*dependent] -= 1;
            if open[*dependent] == 0 {
                order.push(*dependent);
            }
        }
    }
    let mut heights = vec![0; plan.steps.len()];
    for index in order.into_iter().rev() {
        for before in &plan.steps[index].after {
            heights[*before] = heights[*before].max(heights[index] + 1);
        }
    }
    heights
}

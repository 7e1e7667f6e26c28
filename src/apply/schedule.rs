//! The order in which nodes start. A node is ready when its dependencies are done, and starts when the concurrency limits of
//! its kind and its parent allow it. Of several, the one with the longest path of dependents starts first: a node that many
//! others depend on must not wait for AWS's quotas behind one that none depends on.

use crate::kind::Registry;
use crate::model::ResourceId;
use crate::plan::{Half, Plan, Step};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// The nodes of a plan that are not finished.
pub(super) struct Schedule<'a> {
    plan: &'a Plan,
    registry: Registry,
    /// True on the local cloud, which has no quotas.
    local: bool,
    /// How many unfinished nodes each node depends on.
    waits: Vec<usize>,
    /// The nodes that depend on each node.
    dependents: Vec<Vec<usize>>,
    /// The length of the longest path of dependents of each node.
    heights: Vec<usize>,
    /// The nodes that wait for a concurrency limit only.
    ready: BTreeSet<(Reverse<usize>, usize)>,
    /// How many nodes of each kind are running, and of each parent.
    of_kind: BTreeMap<&'static str, usize>,
    in_parent: BTreeMap<&'a ResourceId, usize>,
}

impl<'a> Schedule<'a> {
    pub(super) fn new(plan: &'a Plan, registry: Registry, local: bool) -> Self {
        let waits: Vec<usize> = plan.nodes.iter().map(|node| node.depends_on.len()).collect();
        let mut dependents = vec![Vec::new(); plan.nodes.len()];
        for (index, node) in plan.nodes.iter().enumerate() {
            node.depends_on.iter().for_each(|before| dependents[*before].push(index));
        }
        let heights = heights(plan, &waits, &dependents);
        let ready = (0..waits.len()).filter(|index| waits[*index] == 0);
        let ready = ready.map(|index| (Reverse(heights[index]), index)).collect();
        let (of_kind, in_parent) = (BTreeMap::new(), BTreeMap::new());
        Schedule { plan, registry, local, waits, dependents, heights, ready, of_kind, in_parent }
    }

    /// Starts the next node, if one can start now. Once the run is to stop, only replacements are finished that have deleted
    /// the old resource.
    pub(super) fn start(&mut self, stopped: bool) -> Option<usize> {
        let may_start = |index: usize| !stopped || self.finishes_replacement(index);
        let next = *self.ready.iter().find(|(_, index)| may_start(*index) && self.has_capacity(*index))?;
        self.ready.remove(&next);
        self.count(next.1, |count| count + 1);
        Some(next.1)
    }

    /// True for the last node of its step.
    pub(super) fn is_last(&self, index: usize) -> bool {
        let step = self.plan.nodes[index].step;
        self.plan.nodes.get(index + 1).is_none_or(|next| next.step != step)
    }

    /// True for the creation that follows a deletion in a replacement.
    fn finishes_replacement(&self, index: usize) -> bool {
        self.plan.nodes[index].half == Half::Create && self.is_last(index)
    }

    fn step(&self, index: usize) -> &'a Step {
        &self.plan.steps[self.plan.nodes[index].step]
    }

    /// A node has succeeded: its dependents may be ready now.
    pub(super) fn done(&mut self, index: usize) {
        self.count(index, |count| count - 1);
        for dependent in std::mem::take(&mut self.dependents[index]) {
            self.waits[dependent] -= 1;
            if self.waits[dependent] == 0 {
                self.ready.insert((Reverse(self.heights[dependent]), dependent));
            }
        }
    }

    /// A node has failed. Returns the steps that can never be finished because of it, some of which may have been skipped
    /// before.
    pub(super) fn failed(&mut self, index: usize) -> BTreeSet<usize> {
        self.count(index, |count| count - 1);
        let (mut skipped, mut open) = (BTreeSet::new(), vec![index]);
        while let Some(next) = open.pop() {
            for dependent in std::mem::take(&mut self.dependents[next]) {
                skipped.insert(self.plan.nodes[dependent].step);
                open.push(dependent);
            }
        }
        skipped
    }

    /// True if the concurrency limits of kind and parent allow another node.
    fn has_capacity(&self, index: usize) -> bool {
        let step = self.step(index);
        let kind = self.registry.kind(step.id.kind);
        let of_kind = self.of_kind.get(kind.name()).copied().unwrap_or_default();
        let in_parent = step.id.parent().and_then(|parent| self.in_parent.get(parent)).copied();
        of_kind < self.limit(kind.max_concurrency())
            && in_parent.unwrap_or_default() < self.limit(kind.max_per_parent())
    }

    /// How many nodes may run at a time. A limit of one holds on the local cloud as well.
    fn limit(&self, in_aws: usize) -> usize {
        if self.local && in_aws > 1 { usize::MAX } else { in_aws }
    }

    fn count(&mut self, index: usize, change: fn(usize) -> usize) {
        let step = self.step(index);
        let of_kind = self.of_kind.entry(step.id.kind).or_default();
        *of_kind = change(*of_kind);
        if let Some(parent) = step.id.parent() {
            let in_parent = self.in_parent.entry(parent).or_default();
            *in_parent = change(*in_parent);
        }
    }
}

/// The nodes on the longest way from each node to the end, found from the last nodes backwards.
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
    let mut heights = vec![0; plan.nodes.len()];
    for index in order.into_iter().rev() {
        for before in &plan.nodes[index].depends_on {
            heights[*before] = heights[*before].max(heights[index] + 1);
        }
    }
    heights
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::registry;
    use crate::model::LiveState;
    use crate::plan::plan;
    use crate::plan::tests::stacks::{SMALL, graph};
    use crate::plan::tests::up;

    fn from_nothing(yaml: &str) -> Plan {
        plan(&graph(yaml), &LiveState::default(), &up()).expect("no cycle")
    }

    fn names(plan: &Plan, steps: impl IntoIterator<Item = usize>) -> Vec<String> {
        steps.into_iter().map(|index| plan.steps[index].id.to_string()).collect()
    }

    fn at(plan: &Plan, name: &str) -> usize {
        plan.steps.iter().position(|step| step.id.to_string() == name).expect("such a step")
    }

    #[test]
    fn the_step_with_the_longest_path_of_dependents_starts_first() {
        let plan = from_nothing(SMALL);
        let mut schedule = Schedule::new(&plan, registry(), false);
        let started: Vec<usize> = std::iter::from_fn(|| schedule.start(false)).collect();
        let mut started = names(&plan, started);
        assert_eq!(started.pop().as_deref(), Some("table notes"), "only the stage depends on it");
        started.sort();
        let groups = ["log group /aws/lambda/list", "log group /aws/lambda/save"];
        assert_eq!(started, ["api", groups[0], groups[1], "role list_role", "role save_role"]);
    }

    #[test]
    fn every_step_starts_after_its_dependencies_and_within_the_concurrency_limits() {
        let functions = |number| format!("  f{number}: {{ code: code, runtime: python3.13 }}\n");
        let routes = |number| format!("    GET /{number}: f0\n");
        let functions: String = (0..20).map(functions).collect();
        let routes: String = (0..20).map(routes).collect();
        let plan = from_nothing(&format!("stack: s\nfunctions:\n{functions}api:\n  routes:\n{routes}"));
        let most = |local| most_at_once(&plan, local);
        assert_eq!(most(false), [("role", 16), ("route", 4), ("permission", 1)].into());
        assert_eq!(most(true), [("role", 20), ("route", 20), ("permission", 1)].into());
    }

    /// How many steps of some kinds run at a time, where the oldest always ends first.
    fn most_at_once(plan: &Plan, local: bool) -> BTreeMap<&'static str, usize> {
        let mut schedule = Schedule::new(plan, registry(), local);
        let (mut running, mut done, mut most) = (Vec::new(), BTreeSet::new(), BTreeMap::new());
        while done.len() < plan.steps.len() {
            while let Some(index) = schedule.start(false) {
                assert!(plan.steps[index].depends_on.iter().all(|before| done.contains(before)));
                running.push(index);
            }
            for kind in ["role", "route", "permission"] {
                let count = running.iter().filter(|index| plan.steps[**index].id.kind == kind).count();
                let most = most.entry(kind).or_insert(0);
                *most = count.max(*most);
            }
            let ended = running.remove(0);
            schedule.done(ended);
            done.insert(ended);
        }
        most
    }

    #[test]
    fn a_failure_skips_its_dependents_and_nothing_else() {
        let plan = from_nothing(SMALL);
        let mut schedule = Schedule::new(&plan, registry(), false);
        while schedule.start(false).is_some() {}
        let first = names(&plan, schedule.failed(at(&plan, "role save_role")));
        assert_eq!(first, ["function save", "permission save for POST /notes", "stage $default"]);
        let second = names(&plan, schedule.failed(at(&plan, "role list_role")));
        let permissions = ["permission list for GET /notes", "permission list for GET /notes/{id}"];
        assert_eq!(second, ["function list", permissions[0], permissions[1], "stage $default"]);
    }
}

//! Which step is next. A step is ready when all that it waits for is done, and starts when its kind and its parent have a
//! place for it. Of those that could start, the one with the longest way to the end comes first: what many things wait for
//! must not stand behind what nothing waits for, at AWS's quotas either.

use crate::kinds::kind;
use crate::model::ResourceId;
use crate::plan::Plan;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// The steps of a plan that have not ended.
pub(super) struct Schedule<'a> {
    plan: &'a Plan,
    /// True on the local cloud, which no number of calls overburdens.
    local: bool,
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
    in_parent: BTreeMap<&'a ResourceId, usize>,
}

impl<'a> Schedule<'a> {
    pub(super) fn new(plan: &'a Plan, local: bool) -> Self {
        let waits: Vec<usize> = plan.steps.iter().map(|step| step.depends_on.len()).collect();
        let mut dependents = vec![Vec::new(); plan.steps.len()];
        for (index, step) in plan.steps.iter().enumerate() {
            step.depends_on.iter().for_each(|before| dependents[*before].push(index));
        }
        let heights = heights(plan, &waits, &dependents);
        let ready = (0..waits.len()).filter(|index| waits[*index] == 0);
        let ready = ready.map(|index| (Reverse(heights[index]), index)).collect();
        let (of_kind, in_parent) = (BTreeMap::new(), BTreeMap::new());
        Schedule { plan, local, waits, dependents, heights, ready, of_kind, in_parent }
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

    /// A step has failed. Answers the steps that can never start for it, with those that another failure doomed before.
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
        of_kind < self.places(kind.max_concurrency())
            && in_parent.unwrap_or_default() < self.places(kind.max_per_parent())
    }

    /// How many steps may be under way. What must go one by one does so everywhere.
    fn places(&self, in_aws: usize) -> usize {
        if self.local && in_aws > 1 { usize::MAX } else { in_aws }
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
        for before in &plan.steps[index].depends_on {
            heights[*before] = heights[*before].max(heights[index] + 1);
        }
    }
    heights
}

#[cfg(test)]
mod tests {
    use super::*;
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
    fn what_has_the_longest_way_to_go_comes_first() {
        let plan = from_nothing(SMALL);
        let mut schedule = Schedule::new(&plan, false);
        let started: Vec<usize> = std::iter::from_fn(|| schedule.start()).collect();
        let mut started = names(&plan, started);
        assert_eq!(started.pop().as_deref(), Some("table notes"), "only the stage waits for it");
        started.sort();
        let groups = ["log group /aws/lambda/list", "log group /aws/lambda/save"];
        assert_eq!(started, ["api", groups[0], groups[1], "role list_role", "role save_role"]);
    }

    #[test]
    fn every_step_starts_once_what_it_waits_for_is_done_and_no_kind_takes_more_than_its_places() {
        let functions = |number| format!("  f{number}: {{ code: code, runtime: python3.13 }}\n");
        let routes = |number| format!("    GET /{number}: f0\n");
        let functions: String = (0..20).map(functions).collect();
        let routes: String = (0..20).map(routes).collect();
        let plan = from_nothing(&format!("stack: s\nfunctions:\n{functions}api:\n  routes:\n{routes}"));
        let most = |local| most_at_once(&plan, local);
        assert_eq!(most(false), [("role", 16), ("route", 4), ("permission", 1)].into());
        assert_eq!(most(true), [("role", 20), ("route", 20), ("permission", 1)].into());
    }

    /// How many steps of some kinds are under way at a time, where the oldest always ends first.
    fn most_at_once(plan: &Plan, local: bool) -> BTreeMap<&'static str, usize> {
        let mut schedule = Schedule::new(plan, local);
        let (mut running, mut done, mut most) = (Vec::new(), BTreeSet::new(), BTreeMap::new());
        while done.len() < plan.steps.len() {
            while let Some(index) = schedule.start() {
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
    fn a_failure_dooms_what_waits_for_it_and_nothing_else() {
        let plan = from_nothing(SMALL);
        let mut schedule = Schedule::new(&plan, false);
        while schedule.start().is_some() {}
        let first = names(&plan, schedule.failed(at(&plan, "role save_role")));
        assert_eq!(first, ["function save", "permission save for POST /notes", "stage $default"]);
        let second = names(&plan, schedule.failed(at(&plan, "role list_role")));
        let permissions = ["permission list for GET /notes", "permission list for GET /notes/{id}"];
        assert_eq!(second, ["function list", permissions[0], permissions[1], "stage $default"]);
    }
}

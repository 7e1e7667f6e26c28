//! Applies a plan to a simulated live state, in any order that its edges allow. Like AWS, the simulation rejects impossible
//! calls; unlike AWS, it also rejects states that no user may see in between.

use super::live_states::{Maker, attribute, look_again, remove};
use super::{Action, Mode, Options, Plan, Step, plan, short};
use crate::kinds::kind;
use crate::model::{
    AttributeMap, Graph, LiveState, Observed, Owner, PhysicalId, ResourceId, Status, resolve,
};
use std::collections::BTreeSet;

/// Applies a plan in an order that the seed picks; then there is nothing left to do.
pub(super) fn check(todo: &Plan, graph: &Graph, live_state: &LiveState, options: &Options, seed: u64) {
    let depends_on = carry_out(todo, graph, live_state, seed);
    let left = plan(graph, &depends_on, options).unwrap();
    assert!(left.is_empty(), "still to do: {:#?}", left.steps.iter().map(short).collect::<Vec<_>>());
    if options.mode == Mode::Down {
        let ours = depends_on.observed.iter().filter(|observed| observed.owner == Owner::Ours);
        assert_eq!(ours.map(|observed| observed.id.to_string()).collect::<Vec<_>>(), [""; 0]);
    }
}

/// The live state after a plan.
pub(super) fn carry_out(plan: &Plan, graph: &Graph, live_state: &LiveState, seed: u64) -> LiveState {
    let attributes = plan.attributes.clone();
    let mut cloud = Cloud { graph, live_state: live_state.clone(), attributes, maker: Maker::from(100) };
    let mut dice = Dice(seed);
    let mut done: BTreeSet<usize> = BTreeSet::new();
    while done.len() < plan.steps.len() {
        let open = (0..plan.steps.len()).filter(|index| !done.contains(index));
        let ready =
            open.filter(|index| plan.steps[*index].depends_on.iter().all(|before| done.contains(before)));
        let ready: Vec<usize> = ready.collect();
        assert!(!ready.is_empty(), "the plan cannot be finished");
        let next = ready[dice.below(ready.len())];
        cloud.run(&plan.steps[next]);
        done.insert(next);
    }
    cloud.live_state
}

/// Numbers that look random and are the same in every run.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    /// A number below `end`.
    pub(super) fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }
}

struct Cloud<'a> {
    graph: &'a Graph,
    live_state: LiveState,
    attributes: AttributeMap,
    maker: Maker,
}

impl Cloud<'_> {
    fn run(&mut self, step: &Step) {
        match step.action {
            Action::Create => self.create(step),
            Action::Update => self.update(step),
            Action::Replace => {
                self.delete(step);
                self.create(step);
            }
            Action::Delete => self.delete(step),
        }
    }

    /// What AWS creates from the request: the plan's own value, with the attributes that are known since.
    fn sent(&mut self, step: &Step) -> Observed {
        let desired =
            resolve(step.desired.as_ref().unwrap(), &|reference| attribute(&self.attributes, reference));
        let observed = self.maker.made(self.graph.get(&step.id).unwrap(), desired, &self.attributes);
        observed.refs.iter().for_each(|needed| self.needs(&observed.id, needed));
        observed
    }

    fn create(&mut self, step: &Step) {
        self.live_state.observed.retain(|observed| observed.id != step.id || observed.exists());
        let observed = self.sent(step);
        let same = self
            .live_state
            .observed
            .iter()
            .find(|other| other.id == observed.id && other.parent == observed.parent);
        assert!(same.is_none(), "{} exists already", observed.id);
        self.attributes.insert(observed.id.clone(), observed.attributes.clone());
        self.live_state.observed.push(observed);
    }

    fn update(&mut self, step: &Step) {
        let old = step.observed.as_ref().unwrap();
        let new = self.sent(step);
        let same = |observed: &&mut Observed| observed.key() == old.key() && observed.parent == old.parent;
        let observed = self.live_state.observed.iter_mut().find(same).unwrap();
        for immutable in kind(step.id.kind).immutable() {
            assert_eq!(
                observed.spec.get(immutable),
                new.spec.get(immutable),
                "AWS cannot change {immutable}"
            );
        }
        (observed.spec, observed.owner, observed.status) = (new.spec, Owner::Ours, Status::Ready);
        look_again(observed);
    }

    /// The resources that another one refers to exist; only functions may come later, and undeclared ones are not checked.
    fn needs(&self, id: &ResourceId, needed: &PhysicalId) {
        let named = ResourceId::new(needed.kind, needed.id.clone());
        let minded = needed.kind == "integration" || self.graph.get(&named).is_some();
        let there =
            self.live_state.observed.iter().any(|observed| observed.key() == *needed && observed.exists());
        assert!(there || !minded || needed.kind == "function", "{id} needs {needed:?}");
    }

    fn delete(&mut self, step: &Step) {
        let observed = step.observed.as_ref().unwrap();
        let resource = observed.key();
        if step.with_parent {
            let same = |other: &Observed| other.key() == resource && other.parent == observed.parent;
            return assert!(!self.live_state.observed.iter().any(same), "{} is still there", step.id);
        }
        assert!(!observed.protected, "{} is protected", step.id);
        let pointing =
            |other: &&Observed| other.refs.contains(&resource) && other.parent() != Some(&resource);
        let pointing =
            self.live_state.observed.iter().find(pointing).filter(|_| step.action == Action::Delete);
        assert!(pointing.is_none(), "{} still points to {}", pointing.unwrap().id, step.id);
        remove(&mut self.live_state, &resource);
    }
}

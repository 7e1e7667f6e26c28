//! Carries out a plan on a made-up world, in any order that its edges allow. Like AWS, that world refuses what cannot be;
//! unlike AWS, it also minds what nobody may see in between.

use super::worlds::{Maker, live, look_again, remove};
use super::{Action, Mode, Options, Plan, Step, plan, short};
use crate::kind::kind;
use crate::model::{Graph, Id, Lives, Owner, Physical, Seen, Status, World};
use std::collections::BTreeSet;

/// Carries a plan out in an order that the seed picks; then there is nothing left to do.
pub(super) fn check(todo: &Plan, graph: &Graph, world: &World, options: &Options, seed: u64) {
    let after = carry_out(todo, graph, world, seed);
    let left = plan(graph, &after, options).unwrap();
    assert!(left.is_empty(), "still to do: {:#?}", left.steps.iter().map(short).collect::<Vec<_>>());
    if options.mode == Mode::Down {
        let ours = after.seen.iter().filter(|seen| seen.owner == Owner::Ours);
        assert_eq!(ours.map(|seen| seen.id.to_string()).collect::<Vec<_>>(), [""; 0]);
    }
}

/// The world after a plan.
pub(super) fn carry_out(plan: &Plan, graph: &Graph, world: &World, seed: u64) -> World {
    let lives = plan.lives.clone();
    let mut cloud = Cloud { graph, world: world.clone(), lives, maker: Maker::from(100) };
    let mut dice = Dice(seed);
    let mut done: BTreeSet<usize> = BTreeSet::new();
    while done.len() < plan.steps.len() {
        let open = (0..plan.steps.len()).filter(|index| !done.contains(index));
        let ready = open.filter(|index| plan.steps[*index].after.iter().all(|before| done.contains(before)));
        let ready: Vec<usize> = ready.collect();
        assert!(!ready.is_empty(), "the plan cannot be finished");
        let next = ready[dice.below(ready.len())];
        cloud.run(&plan.steps[next]);
        done.insert(next);
    }
    cloud.world
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
    world: World,
    lives: Lives,
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

    /// What AWS makes of what is sent: the plan's own value, with what came to light since.
    fn sent(&mut self, step: &Step) -> Seen {
        let desired = step.desired.as_ref().unwrap().resolve(&|reference| live(&self.lives, reference));
        let seen = self.maker.made(self.graph.get(&step.id).unwrap(), desired, &self.lives);
        seen.refs.iter().for_each(|needed| self.needs(&seen.id, needed));
        seen
    }

    fn create(&mut self, step: &Step) {
        self.world.seen.retain(|seen| seen.id != step.id || seen.is_there());
        let seen = self.sent(step);
        let same = self.world.seen.iter().find(|other| other.id == seen.id && other.parent == seen.parent);
        assert!(same.is_none(), "{} exists already", seen.id);
        self.lives.insert(seen.id.clone(), seen.live.clone());
        self.world.seen.push(seen);
    }

    fn update(&mut self, step: &Step) {
        let old = step.seen.as_ref().unwrap();
        let new = self.sent(step);
        let same = |seen: &&mut Seen| seen.thing() == old.thing() && seen.parent == old.parent;
        let seen = self.world.seen.iter_mut().find(same).unwrap();
        for frozen in kind(step.id.kind).frozen() {
            assert_eq!(seen.spec.get(frozen), new.spec.get(frozen), "AWS cannot change {frozen}");
        }
        (seen.spec, seen.owner, seen.status) = (new.spec, Owner::Ours, Status::Ready);
        look_again(seen);
    }

    /// What a thing leads to is there; functions alone may come later, and what is not declared is not ours to mind.
    fn needs(&self, id: &Id, needed: &Physical) {
        let named = Id::new(needed.kind, needed.id.clone());
        let minded = needed.kind == "integration" || self.graph.get(&named).is_some();
        let there = self.world.seen.iter().any(|seen| seen.thing() == *needed && seen.is_there());
        assert!(there || !minded || needed.kind == "function", "{id} needs {needed:?}");
    }

    fn delete(&mut self, step: &Step) {
        let seen = step.seen.as_ref().unwrap();
        let thing = seen.thing();
        if step.with_parent {
            let same = |other: &Seen| other.thing() == thing && other.parent == seen.parent;
            return assert!(!self.world.seen.iter().any(same), "{} is still there", step.id);
        }
        assert!(!seen.protected, "{} is protected", step.id);
        let pointing = |other: &&Seen| other.refs.contains(&thing) && other.parent.as_ref() != Some(&thing);
        let pointing = self.world.seen.iter().find(pointing).filter(|_| step.action == Action::Delete);
        assert!(pointing.is_none(), "{} still points to {}", pointing.unwrap().id, step.id);
        remove(&mut self.world, &thing);
    }
}

//! Random walks as data: a first stack, and the steps after it.

use super::drift::DRIFTS;
use super::foreign::FOREIGN;
use super::stacks::{Stack, stack};
use super::walker::{At, Fault, Proof, Walker};
use crate::faults::ALL;
use proptest::collection::vec;
use proptest::prelude::*;

/// A walk.
#[derive(Debug, Clone)]
pub(super) struct Walk {
    environment: bool,
    first: Stack,
    steps: Vec<Step>,
}

#[derive(Debug, Clone)]
enum Step {
    /// The last stack is brought up again.
    Again(Option<Fault>),
    Drift(usize, usize),
    Foreign(usize, usize),
    Neighbour,
    Wait(u16),
    Down(Option<Fault>),
    Up(Stack, Option<Fault>),
}

/// A random walk.
pub(super) fn walk() -> impl Strategy<Value = Walk> {
    let environment = proptest::bool::weighted(0.2);
    (environment, stack(), vec(step(), 0..=6)).prop_map(|(environment, first, steps)| Walk {
        environment,
        first,
        steps,
    })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => fault().prop_map(|fault| Step::Again(Some(fault))),
        4 => (0..DRIFTS.len(), 0_usize..4).prop_map(|(drift, nth)| Step::Drift(drift, nth)),
        3 => (0..FOREIGN.len(), 0_usize..4).prop_map(|(foreign, nth)| Step::Foreign(foreign, nth)),
        1 => Just(Step::Neighbour),
        1 => (1_u16..100).prop_map(Step::Wait),
        1 => proptest::option::of(fault()).prop_map(Step::Down),
        5 => (stack(), proptest::option::of(fault())).prop_map(|(stack, fault)| Step::Up(stack, fault)),
    ]
}

fn fault() -> impl Strategy<Value = Fault> {
    (0..ALL.len(), 0_u16..400).prop_map(|(kind, call)| {
        let (trouble, times) = ALL[kind];
        Fault { at: At::Nth(call), trouble, times }
    })
}

impl Walk {
    /// Takes all the steps, then brings the last stack up and down without a fault.
    pub(super) fn take(&self) -> Proof {
        let mut walker = Walker::new(self.environment.then_some("dev"));
        self.walk(&mut walker).map_err(|why| format!("{why}\n\n{}", walker.story()))
    }

    fn walk(&self, walker: &mut Walker) -> Proof {
        let mut text = self.first.text();
        walker.up(&text, None)?;
        for step in &self.steps {
            match step {
                Step::Again(fault) => walker.up(&text, fault.as_ref())?,
                Step::Drift(drift, nth) => walker.drift(DRIFTS[*drift].0, *nth),
                Step::Foreign(foreign, nth) => walker.foreign(FOREIGN[*foreign].0, *nth),
                Step::Neighbour => walker.neighbour()?,
                Step::Wait(minutes) => walker.wait(*minutes),
                Step::Down(fault) => walker.down(fault.as_ref())?,
                Step::Up(stack, fault) => {
                    text = stack.text();
                    walker.up(&text, fault.as_ref())?;
                }
            }
        }
        walker.up(&text, None)?;
        walker.down(None)
    }
}

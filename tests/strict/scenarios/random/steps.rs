//! Random scenarios as data: a first stack, and the steps after it.

use super::otherwise::said_otherwise;
use super::runner::{At, Outcome, RandomFault, Runner};
use super::{drifts, unmanaged};
use crate::faults::ALL;
use crate::random::{RandomStack, stack};
use proptest::collection::vec;
use proptest::prelude::*;

/// A scenario.
#[derive(Debug, Clone)]
pub(super) struct Scenario {
    environment: bool,
    /// Whether the stack files use all of their language.
    otherwise: bool,
    first: RandomStack,
    steps: Vec<Step>,
}

#[derive(Debug, Clone)]
enum Step {
    /// The last stack is brought up again.
    Again(Option<RandomFault>),
    Drift(usize, usize),
    Unmanaged(usize, usize),
    Neighbour,
    Wait(u16),
    Down(Option<RandomFault>),
    Up(RandomStack, Option<RandomFault>),
}

/// A random scenario.
pub(super) fn scenario() -> impl Strategy<Value = Scenario> {
    let (environment, otherwise) = (proptest::bool::weighted(0.2), proptest::bool::weighted(0.4));
    (environment, otherwise, stack(), vec(step(), 0..=6))
        .prop_map(|(environment, otherwise, first, steps)| Scenario { environment, otherwise, first, steps })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => fault().prop_map(|fault| Step::Again(Some(fault))),
        4 => (0..drifts().len(), 0_usize..4).prop_map(|(drift, nth)| Step::Drift(drift, nth)),
        3 => (0..unmanaged().len(), 0_usize..4).prop_map(|(unmanaged, nth)| Step::Unmanaged(unmanaged, nth)),
        1 => Just(Step::Neighbour),
        1 => (1_u16..100).prop_map(Step::Wait),
        1 => proptest::option::of(fault()).prop_map(Step::Down),
        5 => (stack(), proptest::option::of(fault())).prop_map(|(stack, fault)| Step::Up(stack, fault)),
    ]
}

fn fault() -> impl Strategy<Value = RandomFault> {
    (0..ALL.len(), 0_u16..400).prop_map(|(kind, call)| {
        let (kind, times) = ALL[kind];
        RandomFault { at: At::Nth(call), kind, times }
    })
}

impl Scenario {
    /// Takes all the steps, then brings the last stack up and down without a fault.
    pub(super) fn take(&self) -> Outcome {
        let mut runner = Runner::new(self.environment.then_some("dev"));
        self.run(&mut runner).map_err(|why| format!("{why}\n\n{}", runner.log()))
    }

    fn text(&self, stack: &RandomStack) -> String {
        if self.otherwise { said_otherwise(&stack.text()) } else { stack.text() }
    }

    fn run(&self, runner: &mut Runner) -> Outcome {
        let mut text = self.text(&self.first);
        runner.up(&text, None)?;
        for step in &self.steps {
            match step {
                Step::Again(fault) => runner.up(&text, fault.as_ref())?,
                Step::Drift(drift, nth) => runner.drift(drifts()[*drift].0, *nth),
                Step::Unmanaged(unmanaged, nth) => runner.unmanaged(super::unmanaged()[*unmanaged].0, *nth),
                Step::Neighbour => runner.neighbour()?,
                Step::Wait(minutes) => runner.wait(*minutes),
                Step::Down(fault) => runner.down(fault.as_ref())?,
                Step::Up(stack, fault) => {
                    text = self.text(stack);
                    runner.up(&text, fault.as_ref())?;
                }
            }
        }
        runner.up(&text, None)?;
        runner.down(None)
    }
}

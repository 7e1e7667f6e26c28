//! Random walks as data: a first stack, and the steps after it.

use super::drift::DRIFTS;
use super::runner::{At, Fault, Outcome, Runner};
use super::stacks::{Stack, stack};
use super::unmanaged::UNMANAGED;
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
    Unmanaged(usize, usize),
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
        3 => (0..UNMANAGED.len(), 0_usize..4).prop_map(|(unmanaged, nth)| Step::Unmanaged(unmanaged, nth)),
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
    pub(super) fn take(&self) -> Outcome {
        let mut runner = Runner::new(self.environment.then_some("dev"));
        self.walk(&mut runner).map_err(|why| format!("{why}\n\n{}", runner.story()))
    }

    fn walk(&self, runner: &mut Runner) -> Outcome {
        let mut text = self.first.text();
        runner.up(&text, None)?;
        for step in &self.steps {
            match step {
                Step::Again(fault) => runner.up(&text, fault.as_ref())?,
                Step::Drift(drift, nth) => runner.drift(DRIFTS[*drift].0, *nth),
                Step::Unmanaged(unmanaged, nth) => runner.unmanaged(UNMANAGED[*unmanaged].0, *nth),
                Step::Neighbour => runner.neighbour()?,
                Step::Wait(minutes) => runner.wait(*minutes),
                Step::Down(fault) => runner.down(fault.as_ref())?,
                Step::Up(stack, fault) => {
                    text = stack.text();
                    runner.up(&text, fault.as_ref())?;
                }
            }
        }
        runner.up(&text, None)?;
        runner.down(None)
    }
}

//! Two commands at once, of random stacks and one after the other by any time: they end, and after one more `up` or `down` the
//! account is as the stack file says.

use super::runner::{Outcome, Runner, Verb};
use crate::random::{RandomStack, stack};
use proptest::prelude::*;
use std::time::Duration;

/// Two commands on a stack.
#[derive(Debug, Clone)]
pub(super) struct Together {
    /// What is up before, if anything is.
    before: Option<RandomStack>,
    stack: RandomStack,
    verbs: [Verb; 2],
    /// How long after the first command the second begins, in milliseconds.
    later: u64,
    /// What is done once more.
    then: Verb,
}

/// Two random commands.
pub(super) fn together() -> impl Strategy<Value = Together> {
    let verb = || prop_oneof![Just(Verb::Up), Just(Verb::Down)];
    let later = prop_oneof![Just(0), 0_u64..1000, 0_u64..20_000];
    (proptest::option::of(stack()), stack(), [verb(), verb()], later, verb())
        .prop_map(|(before, stack, verbs, later, then)| Together { before, stack, verbs, later, then })
}

impl Together {
    /// Runs both, then one more, and the stack goes up and down as if nothing had been.
    pub(super) fn take(&self) -> Outcome {
        let mut runner = Runner::new(None);
        self.run(&mut runner).map_err(|why| format!("{why}\n\n{}", runner.log()))
    }

    fn run(&self, runner: &mut Runner) -> Outcome {
        if let Some(before) = &self.before {
            runner.up(&before.text(), None)?;
        }
        runner.edit(&self.stack.text());
        runner.together(&[
            (self.verbs[0], Duration::ZERO),
            (self.verbs[1], Duration::from_millis(self.later)),
        ])?;
        match self.then {
            Verb::Up => runner.up(&self.stack.text(), None)?,
            Verb::Down => runner.down(None)?,
        }
        runner.down(None)
    }
}

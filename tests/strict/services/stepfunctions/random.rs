//! The state machines of a random stack.

use crate::random::{RandomStack, Section, index, rarely};
use proptest::collection::btree_map;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::rc::Rc;

/// The names of state machines in random stacks.
pub(super) const MACHINES: &[&str] = &["flow", "nightly"];

/// By index into [`MACHINES`].
#[derive(Debug)]
struct Machines(BTreeMap<u8, Machine>);

#[derive(Debug, Clone)]
struct Machine {
    /// Nothing, a wait, or a task of a function.
    states: u8,
    express: bool,
    tracing: bool,
    logging: u8,
}

pub(super) fn section() -> BoxedStrategy<Rc<dyn Section>> {
    let flag = || proptest::bool::weighted(0.25);
    let machine = (rarely(3), flag(), flag(), rarely(3));
    let machine =
        machine.prop_map(|(states, express, tracing, logging)| Machine { states, express, tracing, logging });
    let machines = btree_map(0..index(MACHINES), machine, 0..=1);
    machines.prop_map(|machines| Rc::new(Machines(machines)) as Rc<dyn Section>).boxed()
}

impl Section for Machines {
    fn title(&self) -> &'static str {
        "state_machines"
    }

    fn names(&self) -> Vec<&'static str> {
        self.0.keys().map(|index| MACHINES[usize::from(*index)]).collect()
    }

    fn entries(&self, stack: &RandomStack) -> Vec<(&'static str, Vec<String>)> {
        let entry = |(index, Machine { states, express, tracing, logging }): (&u8, &Machine)| {
            let function = stack.names("functions").first().copied().filter(|_| *states == 2);
            let state = match (states, function) {
                (_, Some(function)) => {
                    format!("{{ Type: Task, Resource: \"${{functions.{function}.arn}}\", End: true }}")
                }
                (1, _) => "{ Type: Wait, Seconds: 5, End: true }".to_owned(),
                _ => "{ Type: Succeed }".to_owned(),
            };
            let mut fields = vec![format!("definition: {{ StartAt: One, States: {{ One: {state} }} }}")];
            if *express {
                fields.push("type: express".to_owned());
            }
            if *tracing {
                fields.push("tracing: true".to_owned());
            }
            match logging {
                0 => {}
                1 => fields.push("logging: {}".to_owned()),
                _ => fields.push("logging: { level: all, data: true, log_retention: 7 }".to_owned()),
            }
            (MACHINES[usize::from(*index)], fields)
        };
        self.0.iter().map(entry).collect()
    }
}

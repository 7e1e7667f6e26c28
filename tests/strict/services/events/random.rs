//! The buses of a random stack.

use super::by_hand::BUSES;
use crate::random::{RandomStack, Section, Wire, index, rarely};
use proptest::collection::btree_map;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::rc::Rc;

/// By index into [`BUSES`].
#[derive(Debug)]
struct Buses(BTreeMap<u8, Bus>);

#[derive(Debug, Clone)]
struct Bus {
    described: u8,
    has_key: bool,
    admits: bool,
    /// None, or one of [`ARCHIVES`].
    archive: u8,
}

const ARCHIVES: &[&str] = &[
    "7 days",
    "forever",
    "{ retention: 30 days, pattern: { source: [walk] } }",
    "{ retention: 7 days, pattern: { source: [b] } }",
];

/// What rules start.
const STARTED: &[&str] = &["functions", "queues", "topics", "streams", "state_machines", "buses"];

pub(super) const WIRES: &[Wire] = &[
    (STARTED, "{ bus: default, pattern: { source: [walk] } }"),
    (STARTED, "{ bus: <buses>, pattern: { source: [walk] } }"),
    (STARTED, "{ bus: <buses>, pattern: { source: [b] }, retries: 3, dead_letter: <queues>, name: b }"),
    (STARTED, "{ bus: default, pattern: { detail-type: [walked] }, input: { a: [1, b] }, name: fixed }"),
    (STARTED, "{ bus: <buses>, pattern: { source: [b] }, input_path: $.detail, enabled: false, name: part }"),
    (&["queues"], "{ bus: default, pattern: { source: [walk] }, group: all, name: grouped }"),
    (&["streams"], "{ bus: <buses>, pattern: { source: [walk] }, partition_key: $.detail.id, name: by-id }"),
    (&["functions"], "{ bus: default, pattern: { source: [walk] }, alias: next, name: next }"),
];

pub(super) fn section() -> BoxedStrategy<Rc<dyn Section>> {
    let (has_key, admits) = (proptest::bool::weighted(0.25), proptest::bool::weighted(0.25));
    let bus = (rarely(3), has_key, admits, rarely(index(ARCHIVES) + 1));
    let bus =
        bus.prop_map(|(described, has_key, admits, archive)| Bus { described, has_key, admits, archive });
    let buses = btree_map(0..index(BUSES), bus, 0..=2);
    buses.prop_map(|buses| Rc::new(Buses(buses)) as Rc<dyn Section>).boxed()
}

impl Section for Buses {
    fn title(&self) -> &'static str {
        "buses"
    }

    fn names(&self) -> Vec<&'static str> {
        self.0.keys().map(|index| BUSES[usize::from(*index)]).collect()
    }

    fn entries(&self, _: &RandomStack) -> Vec<(&'static str, Vec<String>)> {
        let entry = |(index, Bus { described, has_key, admits, archive }): (&u8, &Bus)| {
            let mut fields = Vec::new();
            if *described > 0 {
                fields.push(format!("description: of the walk {described}"));
            }
            if *has_key {
                fields.push("kms_key: alias/walk".to_owned());
            }
            if *admits {
                let statement =
                    "{ Effect: Allow, Principal: { AWS: \"111122223333\" }, Action: events:PutEvents }";
                fields.push(format!("resource_policy: [{statement}]"));
            }
            if let Some(archive) = usize::from(*archive).checked_sub(1) {
                fields.push(format!("archive: {}", ARCHIVES[archive]));
            }
            (BUSES[usize::from(*index)], fields)
        };
        self.0.iter().map(entry).collect()
    }
}

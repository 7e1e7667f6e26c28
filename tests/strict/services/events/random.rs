//! The buses of a random stack.

use super::by_hand::BUSES;
use crate::random::{RandomStack, Section, index, rarely};
use proptest::collection::btree_map;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::rc::Rc;

/// By index into [`BUSES`].
#[derive(Debug)]
struct Buses(BTreeMap<u8, Bus>);

#[derive(Debug, Clone)]
struct Bus {
    described: u8,
    has_key: bool,
    admits: bool,
}

pub(super) fn section() -> BoxedStrategy<Rc<dyn Section>> {
    let bus = (rarely(3), proptest::bool::weighted(0.25), proptest::bool::weighted(0.25));
    let bus = bus.prop_map(|(described, has_key, admits)| Bus { described, has_key, admits });
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

    fn write(&self, _: &RandomStack, text: &mut String) {
        if !self.0.is_empty() {
            *text += "buses:\n";
        }
        for (index, Bus { described, has_key, admits }) in &self.0 {
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
            let _ = writeln!(text, "  {}: {{ {} }}", BUSES[usize::from(*index)], fields.join(", "));
        }
    }
}

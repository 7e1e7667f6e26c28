//! The tables of a random stack.

use crate::random::{RandomStack, Section, index, rarely};
use proptest::collection::btree_map;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::rc::Rc;

pub(crate) const TABLES: &[&str] = &["notes", "pages", "words.old"];

/// By index into [`TABLES`].
#[derive(Debug)]
struct Tables(BTreeMap<u8, Table>);

#[derive(Debug, Clone)]
struct Table {
    number: bool,
    sort: bool,
    indexes: u8,
    local: bool,
    stream: u8,
    /// On demand, at most so many units, or so many units.
    units: u8,
    seldom: bool,
    key: u8,
    /// Nothing, insights, or a policy as well.
    apart: u8,
    ttl: u8,
    recovery: u8,
    protect: bool,
}

pub(super) fn section() -> BoxedStrategy<Rc<dyn Section>> {
    let tables = btree_map(0..index(TABLES), table(), 0..=2);
    tables.prop_map(|tables| Rc::new(Tables(tables)) as Rc<dyn Section>).boxed()
}

fn table() -> impl Strategy<Value = Table> {
    let flag = || proptest::bool::weighted(0.25);
    let protect = proptest::bool::weighted(0.1);
    (
        flag(),
        flag(),
        (rarely(4), flag(), rarely(3)),
        (rarely(5), flag(), rarely(4), rarely(3)),
        rarely(3),
        rarely(3),
        protect,
    )
        .prop_map(
            |(
                number,
                sort,
                (indexes, local, stream),
                (units, seldom, key, apart),
                ttl,
                recovery,
                protect,
            )| Table {
                number,
                sort,
                indexes,
                local,
                stream,
                units,
                seldom,
                key,
                apart,
                ttl,
                recovery,
                protect,
            },
        )
}

impl Section for Tables {
    fn title(&self) -> &'static str {
        "tables"
    }

    fn names(&self) -> Vec<&'static str> {
        self.0.keys().map(|index| TABLES[usize::from(*index)]).collect()
    }

    fn write(&self, _: &RandomStack, text: &mut String) {
        if !self.0.is_empty() {
            *text += "tables:\n";
        }
        for (index, table) in &self.0 {
            let _ = writeln!(text, "  {}:", TABLES[usize::from(*index)]);
            let mut line = |line: &str| *text += &format!("    {line}\n");
            line(if table.number { "partition_key: { name: id, type: N }" } else { "partition_key: id" });
            if table.sort {
                line("sort_key: page");
            }
            match table.indexes {
                0 => {}
                1 => line("indexes: { by-owner: { partition_key: owner } }"),
                2 => line(
                    "indexes: { by-owner: { partition_key: owner, sort_key: id, projection: [title, size] } }",
                ),
                _ => line(
                    "indexes: { by-owner: { partition_key: { name: owner, type: N } }, by-size: { partition_key: size, projection: keys-only } }",
                ),
            }
            if table.sort && table.local {
                line("local_indexes: { by-day: { sort_key: { name: day, type: N } } }");
            }
            // The last one always has a stream, so that it can start functions.
            let is_last = usize::from(*index) == TABLES.len() - 1;
            match table.stream {
                _ if is_last => line("stream: new-and-old-images"),
                0 => {}
                1 => line("stream: keys-only"),
                _ => line("stream: new-image"),
            }
            match table.units {
                0 => {}
                3 => line("billing: { max_read: 40 }"),
                4 => line("billing: { max_read: 30, max_write: 20 }"),
                units => line(&format!("billing: {{ read: {units}, write: 1 }}")),
            }
            match table.ttl {
                0 => {}
                1 => line("ttl: expires"),
                _ => line("ttl: ends"),
            }
            match table.apart {
                0 => {}
                1 => line("contributor_insights: true"),
                _ => {
                    line("contributor_insights: throttled-keys");
                    line(
                        "resource_policy: [{ Effect: Allow, Principal: { AWS: \"210987654321\" }, Action: dynamodb:GetItem }]",
                    );
                }
            }
            match table.key {
                0 => {}
                1 => line("kms_key: aws"),
                2 => line("kms_key: alias/one"),
                _ => line("kms_key: arn:aws:kms:eu-central-1:123456789012:key/k1"),
            }
            if table.seldom {
                line("class: standard-infrequent-access");
            }
            match table.recovery {
                0 => {}
                1 => line("point_in_time_recovery: true"),
                _ => line("point_in_time_recovery: 7 days"),
            }
            if table.protect {
                line("protect: true");
            }
        }
    }
}

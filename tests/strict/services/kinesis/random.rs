//! The streams of a random stack.

use crate::random::{RandomStack, Section, index, rarely};
use proptest::collection::btree_map;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::rc::Rc;

/// The names of streams in random stacks.
pub(crate) const STREAMS: &[&str] = &["clicks", "views.old"];

/// By index into [`STREAMS`].
#[derive(Debug)]
struct Streams(BTreeMap<u8, Stream>);

#[derive(Debug, Clone)]
struct Stream {
    /// On demand, or so many shards.
    shards: u8,
    retention: u8,
    key: u8,
    has_policy: bool,
}

pub(super) fn section() -> BoxedStrategy<Rc<dyn Section>> {
    let stream = (rarely(8), rarely(3), rarely(3), prop::bool::weighted(0.3));
    let stream =
        stream.prop_map(|(shards, retention, key, has_policy)| Stream { shards, retention, key, has_policy });
    let streams = btree_map(0..index(STREAMS), stream, 0..=1);
    streams.prop_map(|streams| Rc::new(Streams(streams)) as Rc<dyn Section>).boxed()
}

impl Section for Streams {
    fn title(&self) -> &'static str {
        "streams"
    }

    fn names(&self) -> Vec<&'static str> {
        self.0.keys().map(|index| STREAMS[usize::from(*index)]).collect()
    }

    fn entries(&self, _: &RandomStack) -> Vec<(&'static str, Vec<String>)> {
        let entry = |(index, Stream { shards, retention, key, has_policy }): (&u8, &Stream)| {
            let mut fields = Vec::new();
            if *shards > 0 {
                fields.push(format!("shards: {shards}"));
            }
            match retention {
                0 => {}
                1 => fields.push("retention: 2 days".to_owned()),
                _ => fields.push("retention: 25 hours".to_owned()),
            }
            match key {
                0 => {}
                1 => fields.push("kms_key: aws".to_owned()),
                _ => fields.push("kms_key: alias/one".to_owned()),
            }
            if *has_policy {
                fields.push(
                    "resource_policy: [{ Effect: Allow, Principal: { AWS: \"210987654321\" }, Action: kinesis:PutRecord }]"
                        .to_owned(),
                );
            }
            (STREAMS[usize::from(*index)], fields)
        };
        self.0.iter().map(entry).collect()
    }
}

//! The queues of a random stack.

use super::by_hand::QUEUES;
use crate::random::{RandomStack, Section, index, rarely};
use proptest::collection::btree_map;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::rc::Rc;

/// By index into [`QUEUES`].
#[derive(Debug)]
struct Queues(BTreeMap<u8, Queue>);

#[derive(Debug, Clone)]
struct Queue {
    /// By index into [`FIFO`].
    fifo: u8,
    /// Whether its dead letters go to another queue of its sort, if there is one.
    dead_letter: bool,
    /// By index into [`SETTINGS`].
    setting: u8,
    /// By index into [`KEYS`].
    key: u8,
    admits: bool,
}

const FIFO: &[&str] = &["", "fifo: true", "fifo: { content_deduplication: true, high_throughput: true }"];

const SETTINGS: &[&str] = &[
    "",
    "retention: 2 days, receive_wait: 20",
    "visibility_timeout: 10 minutes, max_message_size: 2048",
    "visibility_timeout: 5, delay: 1 minute",
    "redrive_from: []",
];

const KEYS: &[&str] = &["", "kms_key: alias/walk", "kms_key: aws"];

pub(super) fn section() -> BoxedStrategy<Rc<dyn Section>> {
    let flag = || proptest::bool::weighted(0.25);
    let choices = (rarely(index(FIFO)), rarely(index(SETTINGS)), rarely(index(KEYS)));
    let queue = (choices, proptest::bool::ANY, flag());
    let queue = queue.prop_map(|((fifo, setting, key), dead_letter, admits)| Queue {
        fifo,
        dead_letter,
        setting,
        key,
        admits,
    });
    let queues = btree_map(0..index(QUEUES), queue, 0..=2);
    queues.prop_map(|queues| Rc::new(Queues(queues)) as Rc<dyn Section>).boxed()
}

impl Queues {
    /// A later queue that takes dead letters of this one.
    fn dead_letters_of(&self, index: u8) -> Option<&'static str> {
        let own = self.0.get(&index).filter(|queue| queue.dead_letter)?;
        let takes = |queue: &Queue| {
            (queue.fifo == 0) == (own.fifo == 0) && SETTINGS[usize::from(queue.setting)] != "redrive_from: []"
        };
        let mut later = self.0.range(index + 1..).filter(|(_, queue)| takes(queue));
        later.next().map(|(other, _)| QUEUES[usize::from(*other)])
    }
}

impl Section for Queues {
    fn title(&self) -> &'static str {
        "queues"
    }

    fn names(&self) -> Vec<&'static str> {
        self.0.keys().map(|index| QUEUES[usize::from(*index)]).collect()
    }

    fn entries(&self, _: &RandomStack) -> Vec<(&'static str, Vec<String>)> {
        let entry = |(index, Queue { fifo, dead_letter: _, setting, key, admits }): (&u8, &Queue)| {
            let name = QUEUES[usize::from(*index)];
            let chosen = [FIFO[usize::from(*fifo)], SETTINGS[usize::from(*setting)], KEYS[usize::from(*key)]];
            let mut fields: Vec<String> = chosen.iter().map(|text| (*text).to_owned()).collect();
            fields.retain(|field| !field.is_empty());
            if let Some(other) = self.dead_letters_of(*index) {
                fields.push(format!("dead_letter: {{ queue: {other}, after: 5 }}"));
            }
            if *admits {
                fields.push(
                    "resource_policy: [{ Effect: Allow, Principal: { AWS: \"210987654321\" }, Action: sqs:SendMessage }]"
                        .to_owned(),
                );
            }
            (name, fields)
        };
        self.0.iter().map(entry).collect()
    }
}

//! The topics of a random stack, and what they start.

use super::by_hand::TOPICS;
use crate::random::{RandomStack, Section, Wire, index, rarely};
use proptest::collection::btree_map;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::rc::Rc;

/// By index into [`TOPICS`].
#[derive(Debug)]
struct Topics(BTreeMap<u8, Topic>);

#[derive(Debug, Clone)]
struct Topic {
    /// By index into [`FORMS`].
    form: u8,
    /// By index into [`KEYS`].
    key: u8,
    is_named: bool,
    signs_anew: bool,
    admits: bool,
}

/// What a FIFO topic cannot have is here too. Subscriptions that somebody has to confirm cannot be deleted before, so there are
/// only others [aws-facts-services: 3].
const FORMS: &[&str] = &[
    "",
    "fifo: true",
    "fifo: { content_deduplication: true }",
    "tracing: true",
    "subscriptions: [{ sms: \"+4930123456\" }]",
    "subscriptions: [{ sms: \"+4930123456\", filter: { kind: [order] } }, { sms: \"+4930123457\" }]",
];

const KEYS: &[&str] = &["", "kms_key: alias/walk", "kms_key: aws"];

pub(super) const WIRES: &[Wire] = &[
    (&["functions", "queues"], "{ topic: <topics> }"),
    (&["functions", "queues"], "{ topic: <topics>, filter: { kind: [order] }, dead_letter: <queues> }"),
    (&["queues"], "{ topic: <topics>, raw: true }"),
    (&["functions", "queues"], "{ topic: \"arn:aws:sns:${region}:444455556666:alerts\", name: of-others }"),
    (&["functions"], "{ topic: <topics>, alias: next, name: next }"),
];

pub(super) fn section() -> BoxedStrategy<Rc<dyn Section>> {
    let flag = || proptest::bool::weighted(0.25);
    let topic = ((rarely(index(FORMS)), rarely(index(KEYS))), flag(), flag(), flag());
    let topic = topic.prop_map(|((form, key), is_named, signs_anew, admits)| Topic {
        form,
        key,
        is_named,
        signs_anew,
        admits,
    });
    let topics = btree_map(0..index(TOPICS), topic, 0..=1);
    topics.prop_map(|topics| Rc::new(Topics(topics)) as Rc<dyn Section>).boxed()
}

impl Section for Topics {
    fn title(&self) -> &'static str {
        "topics"
    }

    fn names(&self) -> Vec<&'static str> {
        self.0.keys().map(|index| TOPICS[usize::from(*index)]).collect()
    }

    fn entries(&self, _: &RandomStack) -> Vec<(&'static str, Vec<String>)> {
        let entry = |(index, Topic { form, key, is_named, signs_anew, admits }): (&u8, &Topic)| {
            let name = TOPICS[usize::from(*index)];
            let admitting = "resource_policy: [{ Effect: Allow, Principal: { AWS: \"210987654321\" }, Action: sns:Publish }]";
            let chosen = [
                FORMS[usize::from(*form)],
                KEYS[usize::from(*key)],
                if *is_named { "display_name: Walk" } else { "" },
                if *signs_anew { "signature_version: 2" } else { "" },
                if *admits { admitting } else { "" },
            ];
            let mut fields: Vec<String> = chosen.iter().map(|text| (*text).to_owned()).collect();
            fields.retain(|field| !field.is_empty());
            (name, fields)
        };
        self.0.iter().map(entry).collect()
    }
}

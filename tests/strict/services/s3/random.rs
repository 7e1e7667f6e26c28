//! The buckets of a random stack.

use super::by_hand::BUCKETS;
use crate::random::{RandomStack, Section, Wire, index, rarely};
use crate::service::StackChange;
use proptest::collection::btree_map;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::rc::Rc;

/// By index into [`BUCKETS`].
#[derive(Debug)]
struct Buckets(BTreeMap<u8, Settings>);

#[derive(Debug, Clone)]
struct Settings {
    versioning: bool,
    eventbridge: bool,
    /// None, or which lifecycle rule.
    lifecycle: u8,
    /// None, or which CORS rule.
    cors: u8,
    has_key: bool,
    is_open: bool,
}

pub(super) const CHANGES: &[(&str, StackChange)] = &[
    ("a bucket keeps versions, or no longer", |stack| {
        let Some(bucket) = stack.buckets_mut().first_mut() else { return false };
        bucket.versioning = !bucket.versioning;
        true
    }),
    ("a bucket has another key", |stack| {
        let Some(bucket) = stack.buckets_mut().first_mut() else { return false };
        bucket.kms_key = Some("alias/other".to_owned()).filter(|_| bucket.kms_key.is_none());
        true
    }),
];

/// What S3 delivers to.
const TOLD: &[&str] = &["functions", "queues", "topics"];

pub(super) const WIRES: &[Wire] = &[
    (TOLD, "{ bucket: <buckets>, events: created }"),
    (TOLD, "{ bucket: <buckets>, events: removed }"),
    (TOLD, "{ bucket: <buckets>, events: [\"s3:ObjectCreated:Put\"], prefix: in/, suffix: .png, name: in }"),
];

pub(super) fn section() -> BoxedStrategy<Rc<dyn Section>> {
    let flag = || proptest::bool::weighted(0.3);
    let settings = (flag(), flag(), rarely(3), rarely(3), flag(), flag());
    let settings = settings.prop_map(|(versioning, eventbridge, lifecycle, cors, has_key, is_open)| {
        Settings { versioning, eventbridge, lifecycle, cors, has_key, is_open }
    });
    let buckets = btree_map(0..index(BUCKETS), settings, 0..=1);
    buckets.prop_map(|buckets| Rc::new(Buckets(buckets)) as Rc<dyn Section>).boxed()
}

impl Section for Buckets {
    fn title(&self) -> &'static str {
        "buckets"
    }

    fn names(&self) -> Vec<&'static str> {
        self.0.keys().map(|index| BUCKETS[usize::from(*index)]).collect()
    }

    fn entries(&self, _: &RandomStack) -> Vec<(&'static str, Vec<String>)> {
        let entry = |(index, settings): (&u8, &Settings)| {
            let Settings { versioning, eventbridge, lifecycle, cors, has_key, is_open } = settings;
            let mut fields = Vec::new();
            if *versioning {
                fields.push("versioning: true".to_owned());
            }
            if *eventbridge {
                fields.push("eventbridge: true".to_owned());
            }
            if *lifecycle > 0 {
                fields.push(format!("lifecycle: [{{ expire: {lifecycle} days }}]"));
            }
            if *cors > 0 {
                fields.push(format!("cors: {{ origins: [\"https://{cors}.example\"], methods: [GET] }}"));
            }
            if *has_key {
                fields.push("kms_key: aws, ownership: object-writer".to_owned());
            }
            if *is_open {
                let statement = "{ Effect: Allow, Principal: \"*\", Action: s3:GetObject }";
                fields.push(format!("public_access: allowed, resource_policy: [{statement}]"));
            }
            (BUCKETS[usize::from(*index)], fields)
        };
        self.0.iter().map(entry).collect()
    }
}

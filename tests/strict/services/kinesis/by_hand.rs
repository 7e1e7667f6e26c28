//! What people and other tools do with streams.

use super::policy::theirs;
use super::random::STREAMS;
use super::stream::Stream;
use crate::cloud::{Cloud, Tags, Time};
use crate::service::{Drift, ID, Make, Marked, changed, map, own, pick, retag};

impl Marked for Stream {
    fn tags(&self) -> &Tags {
        &self.tags
    }
}

pub(super) const DRIFTS: &[(&str, Drift)] = &[
    ("a stream is deleted", |cloud, stack, nth| {
        let name = pick(&cloud.kinesis.streams, |stream| stream.is_of(stack), nth)?;
        cloud.kinesis.streams.remove(&name);
        Some(name)
    }),
    ("a stream takes in more", |cloud, stack, nth| {
        stream(cloud, stack, nth, |stream| (stream.on_demand, stream.shards) = (false, stream.shards + 3))
    }),
    ("a stream takes in what comes", |cloud, stack, nth| {
        stream(cloud, stack, nth, |stream| (stream.on_demand, stream.shards) = (!stream.on_demand, 4))
    }),
    ("a stream keeps its records for another time", |cloud, stack, nth| {
        stream(cloud, stack, nth, |stream| stream.retention = 77)
    }),
    ("a stream is encrypted with another key", |cloud, stack, nth| {
        stream(cloud, stack, nth, |stream| stream.key = Some("alias/theirs".to_owned()))
    }),
    ("a stream admits others", |cloud, stack, nth| {
        let has = |stream: &Stream| stream.is_of(stack) && stream.tags.contains_key(APART);
        let name = pick(&cloud.kinesis.streams, has, nth)?;
        cloud.kinesis.streams.get_mut(&name)?.policy.by_hand(Some(theirs(&name)));
        Some(name)
    }),
    ("a stream gets records", |cloud, stack, nth| stream(cloud, stack, nth, |stream| stream.records += 3)),
    ("a stream's tags are changed", |cloud, stack, nth| {
        stream(cloud, stack, nth, |stream| retag(&mut stream.tags))
    }),
];

/// The tag that tells of a policy: only then it is read.
const APART: &str = "provision:settings";

fn stream(cloud: &mut Cloud, stack: &str, nth: usize, change: impl FnOnce(&mut Stream)) -> Option<String> {
    changed(&mut cloud.kinesis.streams, stack, nth, change)
}

pub(super) const UNMANAGED: &[(&str, Make)] = &[
    ("a stream of a wanted name", |cloud, stack, nth| {
        make(cloud, &own(stack, STREAMS, nth), &[("owner", "theirs")]);
    }),
    ("a stream of a near name", |cloud, stack, nth| {
        make(cloud, &format!("{}-2", own(stack, STREAMS, nth)), &[])
    }),
    ("a stream of another stack", |cloud, _, nth| {
        make(cloud, &format!("prod-{}", STREAMS[nth % STREAMS.len()]), &[("provision:stack", "walk/prod")]);
    }),
];

fn make(cloud: &mut Cloud, name: &str, tags: &[(&str, &str)]) {
    let stream = Stream::new(cloud.now, Time::ZERO, Some(2), map(tags));
    cloud.kinesis.streams.entry(name.to_owned()).or_insert(stream);
}

/// Changes all streams wherever they can be changed.
pub(super) fn change_all(cloud: &mut Cloud) {
    let has_policies = cloud.kinesis.streams.values().any(|stream| stream.tags.contains_key(APART));
    for (name, stream) in &mut cloud.kinesis.streams {
        match stream.tags.get(APART) {
            Some(_) => stream.policy.by_hand(None),
            // A policy that an earlier version of the stack has had.
            None if has_policies => {
                stream.tags.insert(APART.to_owned(), "resource-policy".to_owned());
                stream.policy.by_hand(Some(theirs(name)));
            }
            None => {}
        }
        (stream.on_demand, stream.shards) = (!stream.on_demand, 2);
        stream.retention = 99;
        stream.key = Some("alias/theirs".to_owned());
        stream.tags.remove(ID);
    }
}

/// A stream that is no longer declared.
pub(super) fn leave_behind(cloud: &mut Cloud) {
    if let Some(stream) = cloud.kinesis.streams.values().next().cloned() {
        cloud.kinesis.streams.insert("earlier".to_owned(), stream);
    }
}

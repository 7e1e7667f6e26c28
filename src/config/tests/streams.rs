//! Errors of Kinesis data streams, and of the triggers that they are.

use super::{check, valid};
use crate::config::{Entry, Item};
use crate::kinds::event_source::{From, OfStream};
use crate::kinds::stream::{Shards, section::Config};

/// A stream `clicks` with these fields, and a function `f` with these.
fn stream(fields: &str, function: &str) -> String {
    let function = format!("f: {{ code: code, runtime: python3.13, {function} }}");
    format!("stack: demo\nstreams: {{ clicks: {{ {fields} }} }}\nfunctions:\n  {function}\n")
}

#[test]
fn errors_of_data_streams() {
    let of = |fields: &str| stream(fields, "timeout: 5");
    let cases = [
        of("shards: 0"),
        of("shards: 10001"),
        of("shards: on-demands"),
        of("shards: ON_DEMAND"),
        of("shards: 1.5"),
        of("retention: 23 hours"),
        of("retention: 366 days"),
        of("retention: 90001"),
        of("retention: 1441 minutes"),
        of("kms_key: mine"),
        of("fifo: true"),
        of("resource_policy: [{ Effect: Allow, Action: kinesis:PutRecord }]"),
        "stack: demo\nstreams: { a b: {} }\n".to_owned(),
        stream("", "access: { clicks: write }"),
        stream("", "access: { clicks: [kinesis:Get] }"),
        stream("", "environment: { URL: '${streams.clicks.url}' }"),
    ];
    check("data_streams", &cases.each_ref().map(String::as_str));
}

#[test]
fn errors_of_triggers_of_data_streams() {
    let of = |triggers: &str| stream("", &format!("triggers: [{triggers}]"));
    let cases = [
        of("{ stream: click }"),
        of("{ stream: clicks, table: clicks }"),
        of("{ stream: clicks, from: TRIM_HORIZON }"),
        of("{ stream: clicks, from: oldes }"),
        of("{ stream: clicks, from: 2026-11-27 }"),
        of("{ stream: clicks, batch: 10001, parallel: 11, concurrency: 2 }"),
        of("{ stream: clicks, on_failure: failed }"),
        of("{ stream: clicks }, { stream: clicks, name: again }"),
        of("{ stream: clicks, alias: live }"),
        stream("", "access: { clicks: put }, triggers: [{ stream: clicks }]"),
    ];
    check("triggers_of_data_streams", &cases.each_ref().map(String::as_str));
}

#[test]
fn a_stream_is_on_demand_or_has_shards_and_is_read_from_a_place() {
    let trigger = "triggers: [{ stream: clicks, from: 2026-11-27T13:00:00+01:00 }]";
    let stack = valid(&stream("shards: 3, retention: 2 days", trigger));
    let streams: &[Entry<Config>] = stack.entries.of();
    assert_eq!((streams[0].shards, streams[0].retention), (Shards::Count(3), 172_800));
    let items = stack.functions()[0].triggers.iter().filter_map(Item::of::<OfStream>);
    let from: Vec<From> = items.map(|item| item.source.from).collect();
    assert_eq!(from, [From::Time(1_795_780_800)]);
    let plain = valid(&stream("", "timeout: 5"));
    let streams: &[Entry<Config>] = plain.entries.of();
    assert_eq!((streams[0].shards, streams[0].retention), (Shards::OnDemand, 86_400));
}

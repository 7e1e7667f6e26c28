//! Errors of buses, and of the triggers that rules and schedules are.

use super::{check, valid};

/// A bus `orders` with these fields, two queues, and a function with these triggers.
fn stack(bus: &str, triggers: &str) -> String {
    let queues = "failed: {}\n  ordered: { fifo: true }";
    let function = format!("f: {{ code: code, runtime: python3.13, triggers: {triggers} }}");
    format!(
        "stack: demo\nqueues:\n  {queues}\n  closed: {{ kms_key: aws }}\nbuses:\n  orders: {bus}\nfunctions:\n  {function}\n"
    )
}

fn rule(fields: &str) -> String {
    stack("{}", &format!("[{{ bus: orders, {fields} }}]"))
}

fn schedule(fields: &str) -> String {
    stack("{}", &format!("[{{ {fields} }}]"))
}

#[test]
fn buses() {
    let of = |fields: &str| stack(fields, "[]");
    let named = |name: &str| format!("stack: demo\nbuses:\n  {name}: {{}}\n");
    let cases = [
        named("a b"),
        named("default"),
        named("a/b"),
        of("{ kms_key: mine }"),
        of("{ kms_key: aws }"),
        of("{ dead_letter: fail }"),
        of("{ dead_letter: ordered }"),
        of("{ dead_letter: closed }"),
        of("{ resource_policy: [{ Effect: Allow, Action: events:PutEvents }] }"),
        of("{ archives: 7 days }"),
        of("{ archive: 7 hours }"),
        of("{ archive: 7 }"),
        of("{ archive: 36 hours }"),
        of("{ archive: true }"),
        of("{ archive: forevr }"),
        of("{ archive: 0 days }"),
        of("{ archive: { retention: 36 hours } }"),
        of("{ archive: { days: 7 } }"),
        of("{ archive: { pattern: { source: shop } } }"),
        "stack: demo\nbuses: { orders: {} }\nfunctions: { f: { code: code, runtime: python3.13, access: { orders: write } } }\n"
            .to_owned(),
    ];
    check("buses", &cases.each_ref().map(String::as_str));
    let archives = ["forever", "7 days", "48 hours", "86400", "{}", "{ pattern: { source: [shop] } }"];
    for archive in archives {
        valid(&of(&format!("{{ archive: {archive} }}")));
    }
}

/// A trigger of events of a bucket with these fields.
fn of_bucket(fields: &str) -> String {
    let pattern = "{ source: [aws.s3], detail: { bucket: { name: ['${buckets.shots.name}'] } } }";
    format!(
        "stack: demo\nbuckets: {{ shots: {{ {fields} }} }}\ntopics:\n  t: {{ triggers: [{{ bus: default, pattern: {pattern} }}] }}\n"
    )
}

#[test]
fn rules() {
    let pattern = |pattern: &str| rule(&format!("pattern: {pattern}"));
    let of = |fields: &str| rule(&format!("pattern: {{ source: [shop] }}, {fields}"));
    let queue = |queue: &str, trigger: &str| {
        format!(
            "stack: demo\nqueues:\n  q: {{ {queue} triggers: [{{ bus: default, pattern: {{ source: [shop] }}{trigger} }}] }}\n"
        )
    };
    let topic = |topic: &str, trigger: &str| {
        let trigger = format!("{{ bus: default, pattern: {{ source: [shop] }}{trigger} }}");
        format!("stack: demo\ntopics:\n  t: {{ {topic} triggers: [{trigger}] }}\n")
    };
    let cases = [
        stack("{}", "[{ bus: order, pattern: { source: [shop] } }]"),
        stack("{}", "[{ bus: orders }]"),
        pattern("shop"),
        pattern("{}"),
        pattern("{ source: shop }"),
        pattern("{ source: [] }"),
        pattern("{ detail: { kind: order } }"),
        pattern("{ source: [[shop]] }"),
        pattern("{ source: [{ Prefix: shop }] }"),
        pattern("{ source: [{ prefix: a, suffix: b }] }"),
        pattern("{ source: [{ prefix: [a] }] }"),
        pattern("{ source: [{ wildcard: \"a**\" }] }"),
        pattern("{ source: [{ anything-but: { exists: true } }] }"),
        pattern("{ source: [{ anything-but: [true] }] }"),
        pattern("{ detail: { ip: [{ cidr: 10.0.0.0 }] } }"),
        pattern("{ detail: { n: [{ exists: maybe }] } }"),
        pattern("{ detail: { n: [{ numeric: 10 }] } }"),
        pattern("{ detail: { n: [{ numeric: [\">\", 0, \">\", 5] }] } }"),
        pattern(&format!("{{ source: [{}] }}", "s".repeat(4_100))),
        of("input: { a: 1 }, input_path: $.detail"),
        of("input_path: detail"),
        of("input_transformer: { template: \"<id>\" }"),
        of("input_transformer: { paths: { a b: $.id }, template: \"<a>\" }"),
        of("retries: 186"),
        of("max_age: 30 seconds"),
        of("dead_letter: ordered"),
        of("dead_letter: closed"),
        of("group: g"),
        of("alias: live"),
        of("name: a b"),
        stack("{}", "[{ bus: orders, pattern: { source: [a] } }, { bus: orders, pattern: { source: [b] } }]"),
        queue("fifo: true,", ", group: g"),
        queue("fifo: { content_deduplication: true },", ""),
        queue("kms_key: aws,", ""),
        queue("", ", alias: live"),
        topic("fifo: true,", ""),
        topic("kms_key: aws,", ""),
        topic("", ", group: g"),
        topic("", ", alias: live"),
        "stack: demo\nqueues: { theirs: { existing: theirs } }\ntopics: { t: { triggers: [{ bus: default, pattern: { source: [a] }, dead_letter: theirs }] } }\n".to_owned(),
        "stack: demo\ntopics: { t: { triggers: [{ queue: q }] } }\nqueues: { q: {} }\n".to_owned(),
        of_bucket(""),
    ];
    valid(&of_bucket("eventbridge: true"));
    valid(&of_bucket("").replace("aws.s3", "shop"));
    check("rules", &cases.each_ref().map(String::as_str));
}

#[test]
fn schedules() {
    let cases = [
        schedule("schedule: often"),
        schedule("schedule: rate(10 seconds)"),
        schedule("schedule: rate(1 minutes)"),
        schedule("schedule: \"cron(0 7 * * * *)\""),
        schedule("schedule: \"cron(0 7 * * ?)\""),
        schedule("schedule: \"cron(71 7 * * ? *)\""),
        schedule("schedule: \"at(2031-12-31T23:59:59Z)\""),
        schedule("schedule: rate(1 day), timezone: +02:00"),
        schedule("schedule: rate(1 day), timezone: CEST"),
        schedule("schedule: rate(1 day), flexible: 90 seconds"),
        schedule("schedule: rate(1 day), flexible: 2 days"),
        schedule("schedule: rate(1 day), start: tomorrow"),
        schedule("schedule: rate(1 day), start: \"2032-01-01T00:00:00Z\", end: \"2031-01-01T00:00:00Z\""),
        schedule("schedule: \"at(2031-12-31T23:59:59)\", end: \"2033-01-01T00:00:00Z\""),
        schedule("schedule: rate(1 day), dead_letter: ordered"),
        schedule("schedule: rate(1 day), every: 2"),
        stack("{}", "[{ schedule: rate(1 day) }, { schedule: rate(2 days) }]"),
    ];
    check("schedules", &cases.each_ref().map(String::as_str));
}

#[test]
fn valid_patterns_and_schedules() {
    for fields in [
        "pattern: { source: [{ prefix: { equals-ignore-case: shop } }], detail: { a: [null, true, 1, x, { exists: false }] } }",
        "pattern: { $or: [{ source: [a] }, { detail-type: [b] }] }",
        "pattern: { detail: { ip: [{ cidr: 10.0.0.0/24 }, { cidr: \"2001:db8::/32\" }], n: [{ numeric: [\">\", 0, \"<=\", 5] }] } }",
        "pattern: { detail: { s: [{ anything-but: [a, 1] }, { anything-but: { prefix: [a, b] } }, { wildcard: a*b }] } }",
        "pattern: { account: [\"${account}\"], detail: { queue: [\"${queues.failed.url}\"] } }",
        "pattern: { source: [a] }, input_transformer: { paths: { id: $.id }, template: '{ \"id\": <id>, \"rule\": <aws.events.rule-arn> }' }",
    ] {
        valid(&rule(fields));
    }
    valid(&schedule("schedule: \"cron(0/5 8-17 ? * MON-FRI *)\", timezone: America/Argentina/Buenos_Aires"));
}

#[test]
fn rules_and_schedules_of_machines_streams_and_buses() {
    let wait = "{ StartAt: A, States: { A: { Type: Succeed } } }";
    let of = |section: &str, fields: &str, item: &str| {
        let entry = format!("{section}:\n  x: {{ {fields} triggers: [{{ {item} }}] }}\n");
        if section == "buses" {
            format!("stack: demo\n{entry}  orders: {{}}\n")
        } else {
            format!("stack: demo\nbuses: {{ orders: {{}} }}\n{entry}")
        }
    };
    let machine = |item: &str| of("state_machines", &format!("definition: {wait},"), item);
    let stream = |item: &str| of("streams", "", item);
    let bus = |item: &str| of("buses", "", item);
    let rule = "bus: orders, pattern: { source: [shop] }";
    let cases = [
        machine(&format!("{rule}, alias: live")),
        machine(&format!("{rule}, group: a")),
        machine(&format!("{rule}, partition_key: $.id")),
        machine("queue: jobs"),
        machine("schedule: rate(1 day), partition_key: a"),
        stream("schedule: rate(1 day)"),
        stream(&format!("{rule}, partition_key: id")),
        stream(&format!("{rule}, group: a")),
        bus("schedule: rate(1 day)"),
        bus("bus: x, pattern: { source: [shop] }"),
        bus(&format!("{rule}, input: {{ a: 1 }}")),
        bus(&format!("{rule}, name: .a")),
    ];
    check("machines_and_streams", &cases.each_ref().map(String::as_str));
    for item in [rule, "schedule: rate(1 day)"] {
        valid(&machine(item));
    }
    for item in [rule, "schedule: rate(1 day), partition_key: a"] {
        valid(&stream(item));
    }
    valid(&bus(rule));
}

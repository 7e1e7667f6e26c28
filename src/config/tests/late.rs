//! Mistakes that AWS lets pass in silence, or refuses when half of the stack is there: errors in the file.

use super::{check, function, valid};

/// A function `f` with these lines, and something of every kind that can start it.
fn stack(lines: &str) -> String {
    format!(
        "{}queues: {{ jobs: {{}}, ordered: {{ fifo: true }} }}\nstreams: {{ clicks: {{}} }}\ntopics: {{ news: {{}} }}\nbuses: {{ orders: {{}} }}\nbuckets: {{ shots: {{}} }}\ntables:\n  pages: {{ partition_key: id, stream: new-and-old-images }}\n  keys: {{ partition_key: id, stream: keys-only }}\n  news-only: {{ partition_key: id, stream: new-image }}\n",
        function(lines)
    )
}

fn trigger(item: &str) -> String {
    stack(&format!("triggers: [{{ {item} }}]"))
}

fn check_all(name: &str, cases: &[String]) {
    check(name, &cases.iter().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn filters_that_let_nothing_through() {
    let queue = |filter: &str| trigger(&format!("queue: jobs, filter: {filter}"));
    let table = |filter: &str| trigger(&format!("table: pages, filter: {filter}"));
    let stream = |filter: &str| trigger(&format!("stream: clicks, filter: {filter}"));
    let cases = [
        queue("{ kind: [order] }"),
        queue("{ Body: { kind: [order] } }"),
        queue("[{ body: { kind: [order] } }, { message: [a] }]"),
        queue("{ $or: [{ body: { kind: [order] } }, { kind: [order] }] }"),
        stream("{ kind: [click] }"),
        stream("{ partitionkey: [a] }"),
        table("{ kind: [order] }"),
        table("{ NewImage: { kind: { S: [order] } } }"),
        table("{ eventname: [INSERT] }"),
        table("{ dynamodb: { newImage: { kind: { S: [order] } } } }"),
        table("{ dynamodb: { NewImage: { kind: [order] } } }"),
        table("{ dynamodb: { NewImage: { kind: { of: [order] } } } }"),
        table("{ dynamodb: { Keys: { id: [{ exists: true }] } } }"),
        trigger("table: keys, filter: { dynamodb: { NewImage: { kind: { S: [order] } } } }"),
        trigger("table: news-only, filter: { $or: [{ dynamodb: { OldImage: { kind: { S: [a] } } } }] }"),
    ];
    check_all("filters", &cases);
    for valid_one in [
        queue("{ body: { kind: [order] }, messageAttributes: { a: { stringValue: [b] } } }"),
        queue("{ body: [plain, { prefix: a }] }"),
        stream("{ data: { kind: [{ anything-but: [view] }] }, partitionKey: [a] }"),
        table(
            "{ eventName: [INSERT], dynamodb: { NewImage: { kind: { S: [order] }, of: { M: { a: { N: [\"1\"] } } } } } }",
        ),
        table(
            "{ dynamodb: { OldImage: { state: { S: [{ exists: false }] } }, Keys: { id: { S: [{ prefix: a }] } } } }",
        ),
        trigger("table: keys, filter: { eventName: [REMOVE], dynamodb: { Keys: { id: { S: [a] } } } }"),
        trigger("table: news-only, filter: { dynamodb: { NewImage: { kind: { S: [order] } } } }"),
    ] {
        valid(&valid_one);
    }
}

#[test]
fn operators_that_a_service_does_not_know() {
    let queue = |rule: &str| trigger(&format!("queue: jobs, filter: {{ body: {{ kind: {rule} }} }}"));
    let topic = |rule: &str| trigger(&format!("topic: news, filter: {{ kind: {rule} }}"));
    let cases = [
        queue("[{ prefx: a }]"),
        queue("[]"),
        queue("[{ numeric: [\">\", a] }]"),
        queue("[{ wildcard: a* }]"),
        queue("[{ cidr: 10.0.0.0/8 }]"),
        queue("[{ anything-but: { prefix: a } }]"),
        queue("[{ exists: maybe }]"),
        trigger("queue: jobs, filter: { body: {} }"),
        topic("[{ prefx: a }]"),
        topic("[]"),
        topic("[{ wildcard: a* }]"),
        topic("[{ prefix: { equals-ignore-case: a } }]"),
        topic("[{ anything-but: { suffix: a } }]"),
        topic("[{ cidr: 10.0.0.0 }]"),
    ];
    check_all("operators", &cases);
    valid(&queue("[{ suffix: .png }, { equals-ignore-case: a }, { numeric: [\"=\", 5] }, null]"));
    valid(&topic("[{ anything-but: { prefix: a } }, { cidr: 10.0.0.0/8 }, { exists: false }, 5]"));
}

#[test]
fn patterns_of_logs_that_are_not_closed() {
    let of = |filter: &str| trigger(&format!("log_group: /a, filter: '{filter}'"));
    let cases = [
        of("{ $.level = "),
        of("{ $.level = \"error }"),
        of("{ ($.level = \"error\" || $.level = \"warn\" }"),
        of("[ip, user"),
        of("\"timed out"),
    ];
    check_all("log_patterns", &cases);
    for pattern in [
        "{ $.level = \"error\" }",
        "{ ($.a = 1) && ($.b[0] = \"x}\") }",
        "[ip, user, code = 4*]",
        "?ERROR ?\"timed out\"",
        "a (b",
        "{ $.a = %x(y% }",
        "\"a \\\" b\"",
    ] {
        valid(&of(pattern));
    }
}

#[test]
fn functions_that_start_themselves() {
    let of = |access: &str, item: &str| stack(&format!("access: {{ {access} }}\ntriggers: [{{ {item} }}]"));
    let through = |lines: &str, more: &str| format!("{}{more}", function(lines));
    let by_policy = |action: &str, resource: &str, item: &str| {
        stack(&format!(
            "policy: [{{ Effect: Allow, Action: {action}, Resource: \"{resource}\" }}]\ntriggers: [{{ {item} }}]"
        ))
    };
    let role = "roles: { shared: { access: { jobs: send } } }\nqueues: { jobs: {} }\n";
    let managed = "policies: { sender: { access: { jobs: send } } }\nqueues: { jobs: {} }\n";
    let of_bucket = "buckets: { shots: {} }\nqueues: { jobs: { triggers: [{ bucket: shots, events: created, prefix: in/ }] } }\n";
    let three = "buses: { orders: {} }\ntopics: { news: { triggers: [{ bus: orders, pattern: { account: [\"123456789012\"] } }] } }\nqueues: { jobs: { triggers: [{ topic: news }] } }\n";
    let cases = [
        of("jobs: send", "queue: jobs"),
        of("news: publish", "topic: news"),
        of("orders: put", "bus: orders, pattern: { account: [\"123456789012\"] }"),
        of("pages: write", "table: pages"),
        of("clicks: put", "stream: clicks"),
        of("shots: write", "bucket: shots, events: created"),
        by_policy("\"sqs:*\"", "${queues.jobs.arn}", "queue: jobs"),
        by_policy("s3:PutObject", "${buckets.shots.arn}/in/*", "bucket: shots, events: created, prefix: in/"),
        through("role: shared\ntriggers: [{ queue: jobs }]", role),
        through("managed_policies: [sender]\ntriggers: [{ queue: jobs }]", managed),
        stack("async: { on_failure: news }\ntriggers: [{ topic: news }]"),
        through("access: { shots: write }\ntriggers: [{ queue: jobs }]", of_bucket),
        through("access: { orders: put }\ntriggers: [{ queue: jobs }]", three),
    ];
    check_all("loops", &cases);
    for fine in [
        of("jobs: receive", "queue: jobs"),
        of("jobs: send", "queue: jobs, enabled: false"),
        of("jobs: send", "queue: jobs, filter: { body: { kind: [order] } }"),
        of("ordered: send", "queue: jobs"),
        of("news: publish", "topic: news, filter: { kind: [order] }"),
        of("orders: put", "bus: orders, pattern: { source: [shop] }"),
        of("shots: { write: thumbs/* }", "bucket: shots, events: created, prefix: in/"),
        of("shots: write", "bucket: shots, events: removed"),
        by_policy("sqs:ReceiveMessage", "${queues.jobs.arn}", "queue: jobs"),
        by_policy("\"*\"", "*", "queue: jobs"),
        by_policy(
            "s3:PutObject",
            "${buckets.shots.arn}/out/*",
            "bucket: shots, events: created, prefix: in/",
        ),
        // Lambda itself asks the queue, and hands on nothing of what fails.
        stack("async: { on_failure: jobs }\ntriggers: [{ queue: jobs }]"),
        through("access: { shots: { write: out/* } }\ntriggers: [{ queue: jobs }]", of_bucket),
        stack(
            "recursive_loop: allow\naccess: { jobs: send, news: publish, pages: write }\ntriggers: [{ queue: jobs }, { topic: news }, { table: pages }]",
        ),
    ] {
        valid(&fine);
    }
}

#[test]
fn durations_in_words() {
    let checked =
        |retry: &str| format!("stack: demo\napi: {{}}\nchecks: [{{ request: GET /, retry_for: {retry} }}]\n");
    let stack = valid(&function(
        "timeout: 1 minute\nlog_retention: 30 days\ndurable: { timeout: 1 day, retention: 7 days }\nurl: { auth: none, cors: { origins: [\"*\"], max_age: 1 hour } }",
    ));
    let function_ = &stack.functions()[0];
    assert_eq!((function_.timeout, function_.log_retention), (60, 30));
    assert_eq!(function_.durable.as_ref().map(|durable| durable.retention), Some(7));
    assert_eq!(valid(&checked("2 minutes")).checks[0].retry_for, 120);
    assert_eq!(valid(&function("log_retention: 14")).functions()[0].log_retention, 14);
    let cases = [
        function("timeout: 1 minuet"),
        function("timeout: 31 minutes"),
        function("log_retention: 30 hours"),
        function("log_retention: 31 days"),
        function("log_retention: a month"),
        function("durable: { timeout: 1 day, retention: 91 days }"),
        function("durable: 1 day"),
        checked("16 minutes"),
        checked("2m"),
        "stack: demo\nqueues: { jobs: { retention: 4 } }\n".to_owned(),
        "stack: demo\nbuckets: { shots: { lifecycle: [{ expire: 30 }] } }\n".to_owned(),
        "stack: demo\nqueues: { jobs: { dead_letter: d }, d: {} }\n".to_owned(),
    ];
    check_all("durations", &cases);
}

#[test]
fn lists_of_levels_and_actions() {
    let actions = |access: &str| {
        let stack = valid(&stack(&format!("access: {{ {access} }}")));
        stack.functions()[0].access.values().next().map(|grant| grant.actions.clone()).unwrap_or_default()
    };
    let both = actions("pages: [read, stream]");
    assert!(
        both.contains(&"dynamodb:GetItem".to_owned()) && both.contains(&"dynamodb:GetRecords".to_owned())
    );
    assert_eq!(actions("news: [publish, sns:GetTopicAttributes]"), ["sns:GetTopicAttributes", "sns:Publish"]);
    assert!(actions("clicks: [put, read]").contains(&"kinesis:PutRecord".to_owned()));
    let cases = [stack("access: { pages: [read, streams] }"), stack("access: { jobs: [send, read] }")];
    check_all("access_lists", &cases);
}

#[test]
fn values_that_aws_refuses_late() {
    let zone = |zone: &str| trigger(&format!("schedule: rate(1 day), timezone: {zone}"));
    let bucket = |fields: &str| format!("stack: demo\nbuckets: {{ shots: {{ {fields} }} }}\n");
    let item = |key: &str| {
        format!(
            "stack: demo\ntables: {{ pages: {{ partition_key: id, sort_key: {{ name: at, type: N }} }} }}\nchecks: [{{ item: {{ table: pages, key: {key} }} }}]\n"
        )
    };
    let cases = [
        zone("Europe/Berln"),
        zone("europe/berlin"),
        zone("Mars/Base"),
        bucket("lifecycle: [{ expire_noncurrent: 7 days }]"),
        bucket("lifecycle: [{ transition: { standard-ia: 5 days } }]"),
        bucket("lifecycle: [{ transition: { glacier: 1 day, onezone-ia: 29 days } }]"),
        item("{ id: \"1\" }"),
        item("{ id: \"1\", At: 5 }"),
        item("{ id: \"1\", at: 5, of: b }"),
        item("{ id: 1, at: 5 }"),
        item("{ id: \"1\", at: now }"),
    ];
    check_all("late", &cases);
    for fine in [
        zone("Europe/Berlin"),
        zone("US/Pacific"),
        bucket("versioning: true, lifecycle: [{ expire_noncurrent: 7 days }]"),
        bucket("versioning: false, lifecycle: [{ expire_noncurrent: 7 days }]"),
        bucket("lifecycle: [{ transition: { standard-ia: 30 days, glacier: 90 days } }]"),
        item("{ id: \"1\", at: 5 }"),
        item("{ id: \"${region}\", at: 5 }"),
    ] {
        valid(&fine);
    }
}

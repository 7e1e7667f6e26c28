//! Changes of every setting, one of each entry at a time.

use super::{RICH, up};
use crate::dump::{differences, dump};
use crate::fixture::Fixture;
use crate::run::{Command, empty, later, run};
use crate::scenarios::shipped::whole;
use std::collections::BTreeSet;
use std::time::Duration;

/// What is replaced in the stack file, and by what. Of one entry, one change comes after the other.
const CHANGES: &[(&str, &str)] = &[
    ("suffix: .png }", "suffix: .jpg }"),
    ("events: created, prefix: in/, suffix: .jpg }", "events: created, name: all }"),
    ("\"s3:ObjectRemoved:Delete\", \"s3:ObjectAcl:Put\"]", "\"s3:ObjectAcl:Put\"], prefix: a/"),
    ("      - { bucket: shots, events: [\"s3:ObjectAcl:Put\"], prefix: a/ }\n", ""),
    ("    triggers: [{ bucket: shots, events: created, name: all }]\n", ""),
    ("[\"s3:ObjectTagging:*\"] }", "[\"s3:ObjectTagging:Put\"] }"),
    ("      - { bucket: shots, events: [\"s3:ObjectTagging:Put\"] }\n", ""),
    ("    versioning: true\n", ""),
    ("    eventbridge: true\n", ""),
    ("{ prefix: tmp/, expire: 400 days,", "{ expire: 500 days,"),
    (", abort_uploads: 1 day }", " }"),
    (
        "transition: { glacier: 90 days, standard-ia: 30 days }, expire_noncurrent: 7 days }",
        "abort_uploads: 2 days }",
    ),
    (
        "    lifecycle:\n      - { expire: 500 days, abort_uploads: 2 days }\n      - { expire_noncurrent: 60 days }\n",
        "",
    ),
    ("headers: [X-Own], expose: [ETag], max_age: 60 }", "max_age: 70 }"),
    (", max_age: 70 }\n      - { origins: [\"*\"], methods: [\"*\"] }", " }"),
    ("    cors:\n      - { origins: [\"https://a.example\"], methods: [GET, PUT] }\n", ""),
    ("kms_key: alias/shots", "kms_key: aws # shots"),
    ("    kms_key: aws # shots\n", ""),
    ("ownership: bucket-owner-preferred", "ownership: object-writer"),
    ("    ownership: object-writer\n", ""),
    ("Principal: \"*\", Action: s3:GetObject", "Principal: { AWS: \"111122223333\" }, Action: s3:PutObject"),
    ("    public_access: allowed\n", "    versioning: true # again\n"),
    (
        "    resource_policy:\n      - { Sid: Reads, Effect: Allow, Principal: { AWS: \"111122223333\" }, Action: s3:PutObject }\n",
        "",
    ),
    ("write: [thumbs/*, small/*] }", "write: thumbs/* }"),
    ("shots: { read: in/*, write: thumbs/* }, ", "shots: write, "),
    ("shots: write, ", ""),
    ("    signature_version: 2\n    tracing: true\n", ""),
    ("    triggers:\n      - { bus: events, pattern: { source: [shop] }, dead_letter: undelivered }\n", ""),
    ("display_name: News", "display_name: Newer"),
    ("    display_name: Newer\n", ""),
    ("    kms_key: alias/topics\n", ""),
    ("Principal: { AWS: \"444455556666\" }, Action: sns", "Principal: \"*\", Action: sns"),
    ("{ sms: \"+15551234567\", filter: { kind: [order] } }", "{ sms: \"+15551234568\" }"),
    ("    subscriptions:\n      - { sms: \"+15551234568\" }\n", ""),
    (
        "raw: true, filter: { order: { kind: [new] } }, filter_scope: message-body, dead_letter: undelivered",
        "filter: { kind: [new] }",
    ),
    ("{ topic: news, filter: { kind: [new] } }", "{ topic: news, raw: true }"),
    ("{ topic: news, filter: { kind: [order] }, dead_letter: undelivered }", "{ topic: news }"),
    ("      - { topic: news }\n", ""),
    ("fifo: { content_deduplication: true } }", "fifo: true }"),
    ("    triggers:\n      - { topic: news, raw: true }\n", ""),
    (
        "archive: { retention: 7 days, pattern: { source: [shop] } }",
        "archive: { retention: 8 days, pattern: { source: [shop, stock] } }",
    ),
    ("archive: { retention: 8 days, pattern: { source: [shop, stock] } }", "archive: forever"),
    ("    archive: forever\n", ""),
    (
        "    description: Events of ${stack}\n    # Emulators lack these.\n    kms_key",
        "    # Emulators lack these.\n    kms_key",
    ),
    ("    kms_key: alias/events\n    dead_letter: undelivered\n", "    kms_key: alias/others\n"),
    ("    kms_key: alias/others\n", ""),
    (
        "    resource_policy:\n      - { Effect: Allow, Principal: { AWS: \"444455556666\" }, Action: events:PutEvents }\n",
        "    dead_letter: undelivered\n",
    ),
    ("kind: [order] } }, input: { kind: order, of: \"${queues.jobs.arn}\" }, ", "kind: [order, paid] } }, "),
    ("retries: 3, max_age: 1 hour, dead_letter: undelivered, name: orders", "retries: 0, name: orders"),
    ("retries: 0, name: orders, enabled: true", "name: orders, enabled: false"),
    (", name: orders, enabled: false", ", name: orders"),
    ("input_path: $.detail, name: pictures", "input_path: $.time, name: pictures"),
    ("      - { bus: default, pattern: { source: [aws.s3] }, input_path: $.time, name: pictures }\n", ""),
    ("template: '{ \"id\": <id> }' }", "template: '{ \"ids\": [<id>] }' }"),
    (
        "start: \"2031-01-01T00:00:00Z\", end: \"2032-01-01T00:00:00Z\", retries: 2, max_age: 1 hour, dead_letter: undelivered, ",
        "end: \"2033-01-01T00:00:00Z\", ",
    ),
    (
        "timezone: Europe/Berlin, input: { mode: nightly }, flexible: 15 minutes, end: \"2033-01-01T00:00:00Z\", ",
        "",
    ),
    ("cron(0 7 * * ? *)", "rate(2 days)"),
    ("      - { schedule: \"rate(2 days)\", name: nightly, enabled: true }\n", ""),
    ("billing: { read: 3, write: 2 } }", "billing: { read: 4, write: 2 } }"),
    (", billing: { read: 4, write: 2 } }", " }"),
    ("billing: { read: 5, write: 5 }", "billing: on-demand"),
    ("billing: on-demand", "billing: { read: 2, write: 1 }"),
    ("projection: [title, length]", "projection: [title]"),
    ("by-length: { partition_key: { name: length, type: N } }", "by-length: { partition_key: length }"),
    ("      by-length: { partition_key: length }\n", "      by-title-alone: { partition_key: title }\n"),
    ("      by-title-alone: { partition_key: title }\n", ""),
    ("projection: keys-only", "projection: all"),
    ("stream: new-image", "stream: keys-only"),
    ("batch: 50, window: 3, bisect: true, parallel: 2", "batch: 60, window: 4, parallel: 3"),
    ("retries: 4, max_age: 1 hour", "retries: 0, max_age: 2 hours"),
    ("on_failure: jobs-failed, enabled: true", "on_failure: plain, enabled: true"),
    ("filter: \"?ERROR ?WARN\"", "filter: \"{ $.level = ERROR }\""),
    (", filter: \"{ $.level = ERROR }\" }", " }"),
    (":rule/rich", ":rule/other"),
    ("{ principal: 111122223333 }", "{ principal: \"arn:aws:iam::111122223333:role/caller\" }"),
    (", { principal: \"arn:aws:iam::111122223333:role/caller\" }", ""),
    ("{ log_group: { function: show } }, ", ""),
    (
        "    triggers: [{ principal: iot.amazonaws.com, source: \"arn:aws:iot:eu-central-1:123456789012:rule/other\" }]\n",
        "",
    ),
    (
        "on_failure: plain, enabled: true",
        "on_failure: \"arn:aws:sns:eu-central-1:123456789012:alarms\", enabled: false",
    ),
    (", on_failure: \"arn:aws:sns:eu-central-1:123456789012:alarms\", enabled: false", ""),
    ("batch: 60, window: 4, parallel: 3, retries: 0, max_age: 2 hours, ", ""),
    (
        "from: latest, filter: { eventName: [INSERT] }, partial_failures: true, ",
        "filter: { eventName: [REMOVE] }, ",
    ),
    ("      - { table: pages, filter: { eventName: [REMOVE] }, name: changes }\n", ""),
    ("    stream: keys-only\n", ""),
    ("batch: 40, window: 2, bisect: true, parallel: 3", "batch: 41, window: 4"),
    ("retries: 5, max_age: 2 hours", "retries: 6, max_age: 3 hours"),
    (", batch: 41, window: 4, retries: 6, max_age: 3 hours", ""),
    ("from: 2026-11-27T12:00:00Z, ", ""),
    (
        ", partial_failures: true, enabled: true, on_failure: news, name: records",
        ", enabled: false, name: records",
    ),
    (
        "    triggers:\n      - { stream: clicks, filter: { data: { kind: [order] } }, enabled: false, name: records }\n",
        "",
    ),
    ("Seconds: 5, Next: Shown", "Seconds: 6, Next: Shown"),
    (
        "    logging: { level: all, data: true, log_retention: 14 }\n",
        "    logging: { level: fatal, log_retention: 7 }\n",
    ),
    ("    tracing: true\n    logging: { level: fatal", "    logging: { level: fatal"),
    ("    logging: { level: fatal, log_retention: 7 }\n", ""),
    ("    type: express\n    role: steps\n", "    type: express\n"),
    ("    type: express\n", ""),
    ("shards: 3, retention: 2 days, kms_key: alias/clicks", "shards: 1, retention: 3 days, kms_key: aws"),
    ("shards: 1, retention: 3 days, kms_key: aws", "retention: 25 hours"),
    ("retention: 25 hours", "shards: 5"),
    ("Action: kinesis:PutRecord }]", "Action: kinesis:GetRecords }]"),
    (
        ", resource_policy: [{ Effect: Allow, Principal: { AWS: \"111122223333\" }, Action: kinesis:GetRecords }] }",
        " }",
    ),
    ("point_in_time_recovery: true", "point_in_time_recovery: 7 days"),
    ("    point_in_time_recovery: 7 days\n", ""),
    (
        "billing: { max_read: 40 } } }\n    billing: { max_read: 100, max_write: 50 }",
        "billing: { max_write: 20 } } }\n    billing: { max_read: 90 }",
    ),
    (
        ", billing: { max_write: 20 } } }\n    billing: { max_read: 90 }",
        " } }\n    billing: { max_read: 90, max_write: 10 }",
    ),
    ("    billing: { max_read: 90, max_write: 10 }\n", "    billing: { read: 1, write: 1 }\n"),
    ("    billing: { read: 1, write: 1 }\n", "    billing: { max_write: 10 }\n"),
    ("    billing: { max_write: 10 }\n", ""),
    ("    class: standard-infrequent-access\n", ""),
    ("kms_key: alias/tables", "kms_key: aws"),
    ("    kms_key: aws\n", "    kms_key: arn:aws:kms:${region}:123456789012:key/t1\n"),
    ("    kms_key: arn:aws:kms:${region}:123456789012:key/t1\n", ""),
    ("contributor_insights: true", "contributor_insights: throttled-keys"),
    ("    contributor_insights: throttled-keys\n", ""),
    ("Action: [dynamodb:GetItem, dynamodb:Query] }", "Action: dynamodb:GetItem }"),
    (
        "    resource_policy:\n      - { Effect: Allow, Principal: { AWS: \"111122223333\" }, Action: dynamodb:GetItem }\n      \
         - { Sid: Roles, Effect: Allow, Principal: \"*\", Action: dynamodb:Scan, Condition: { ArnLike: { \"aws:PrincipalArn\": \
         \"arn:aws:iam::111122223333:role/read-*\" } } }\n",
        "",
    ),
    ("Action: secretsmanager:GetSecretValue }]", "Action: secretsmanager:DescribeSecret }]"),
    (
        "    resource_policy: [{ Effect: Allow, Principal: { AWS: \"111122223333\" }, Action: secretsmanager:DescribeSecret }]\n",
        "    description: set later\n",
    ),
    ("words: { partition_key: word, protect: true }", "words: { partition_key: word, protect: false }"),
    ("team: blue", "team: red, cost: '7'"),
    ("memory: 256", "memory: 512"),
    ("ephemeral_storage: 1024", "ephemeral_storage: 2048"),
    ("    ephemeral_storage: 2048\n", ""),
    ("    tracing: true\n", ""),
    ("subnets: [subnet-1, subnet-2]", "subnets: [subnet-1, subnet-3]"),
    (", ipv6: true }", " }"),
    ("path: /mnt/data", "path: /mnt/other"),
    (
        "    file_system: { arn: \"arn:aws:elasticfilesystem:${region}:123456789012:access-point/fsap-0123456789abcdef0\", path: /mnt/other }\n",
        "",
    ),
    ("    vpc: { subnets: [subnet-1, subnet-3], security_groups: [sg-1] }\n", ""),
    ("key/k1", "key/k2"),
    ("    kms_key: arn:aws:kms:${region}:123456789012:key/k2\n", ""),
    ("csc-0123456789abcdef1", "csc-0123456789abcdef2"),
    (
        "    code_signing: arn:aws:lambda:${region}:123456789012:code-signing-config:csc-0123456789abcdef2\n",
        "",
    ),
    ("    recursive_loop: allow\n", ""),
    ("level: debug, system_level: warn", "level: error"),
    ("format: json, level: error, group", "format: text, group"),
    ("    logging: { format: text, group: \"/shop/${prefix}all\" }\n", ""),
    ("group: \"/shop/${prefix}all\"", "group: \"/shop/${prefix}images\""),
    ("      retries: 1\n", "      retries: 0\n"),
    ("      on_success: show\n", "      on_success: jobs-failed\n"),
    ("      on_success: jobs-failed\n", ""),
    ("arn:aws:sns:eu-central-1:123456789012:alarms", "arn:aws:s3:::failed"),
    ("      dead_letter: jobs-failed\n", ""),
    ("    async:\n      retries: 0\n      max_age: 1 hour\n      on_failure: arn:aws:s3:::failed\n", ""),
    (", show: invoke", ""),
    ("timeout: 2 days, retention: 30", "timeout: 3 days"),
    ("    durable: { timeout: 3 days }\n", ""),
    ("    snap_start: true\n", ""),
    ("canary: 20", "canary: 30"),
    ("live: { canary: 30 }", "live: {}"),
    ("async: { retries: 1 }", "async: { retries: 0 }"),
    ("    async: { retries: 0 }\n", ""),
    ("filter: { kind: [alarm] }, dead_letter: undelivered, name", "filter: { kind: [alarm, page] }, name"),
    (":alerts\", filter: { kind: [alarm, page] }, name", ":alerts\", name"),
    ("keep: 2, provisioned_concurrency: 3 }", "keep: 2 }"),
    ("{ deploy: manual, provisioned_concurrency: 1 }", "{ provisioned_concurrency: 2 }"),
    ("next: { provisioned_concurrency: 2 }", "next: {}"),
    ("    release: { aliases", "    timeout: 7\n    release: { aliases"),
    ("    timeout: 7\n", "    timeout: 8\n"),
    ("next: {} }, keep: 2 }", "next: { deploy: manual } }, keep: 1 }"),
    ("    GET /next: { function: all, alias: next }\n", ""),
    ("    release: { aliases: { live: {}, next: { deploy: manual } }, keep: 1 }\n", "    release: live\n"),
    ("    release: live\n", ""),
    ("{ principal: o-a1b2c3d4e5 }", "{ principal: o-z9y8x7w6v5 }"),
    ("      - { topic: \"arn:aws:sns:${region}:444455556666:alerts\", name: of-others }\n", ""),
    ("    triggers:\n      - { principal: o-z9y8x7w6v5 }\n", ""),
    ("stream: true, cors: { origins: [\"*\"] } }", "stream: true }"),
    ("url: { auth: iam, stream: true }", "url: { auth: none, stream: true }"),
    ("url: { auth: none, stream: true }", "url: none"),
    ("${region}.amazonaws.com/shop:1", "${region}.amazonaws.com/shop:2"),
    ("      command: [app.handler]\n", ""),
    ("      entry_point: [/bin/run, -v]\n      working_directory: /srv\n", ""),
    (
        "    image:\n      uri: 123456789012.dkr.ecr.${region}.amazonaws.com/shop:2\n",
        "    code: lambdas/getAlls\n    runtime: python3.13\n",
    ),
    ("access: { pages: write, undelivered: send }", "access: { pages: write }"),
    (", Action: [s3:PutObject]", ", Action: [s3:PutObject, s3:AbortMultipartUpload]"),
    ("attach_to: [operator, auditor]", "attach_to: [auditor]"),
    ("    attach_to: [operator]\n", ""),
    ("    attach_to: [auditor]\n", ""),
    ("kind: upload", "kind: other"),
    (
        "    managed_policies: [download, \"arn:aws:iam::123456789012:policy/boundary\"]\n    description",
        "    description",
    ),
    ("policy/boundary\", upload]", "policy/boundary\"]"),
    (
        "  download:\n    access: { pages: read }\n    \
         policy: [{ Effect: Allow, Action: s3:GetObject, Resource: \"arn:aws:s3:::${prefix}pictures/*\" }]\n",
        "",
    ),
    ("managed_policies: [\"arn", "managed_policies: [ReadOnlyAccess, \"arn"),
    ("    managed_policies: [ReadOnlyAccess, \"arn:aws:iam::123456789012:policy/boundary\"]\n", ""),
    ("trust: [lambda, \"111122223333\"]", "trust: [lambda, scheduler]"),
    ("    trust: [lambda, scheduler]\n", ""),
    (
        "access: { notes: read, shots: [s3:GetObject, s3:ListBucketVersions] }",
        "access: { pages: read, shots: read }",
    ),
    ("max_session_duration: 2 hours", "max_session_duration: 90 minutes"),
    ("    max_session_duration: 90 minutes\n", ""),
    ("    description: Of ${stack}\n", ""),
    ("reserved_concurrency: 5", "reserved_concurrency: 7"),
    ("    reserved_concurrency: 7\n", ""),
    ("log_retention: 14\n    environment", "log_retention: 90\n    environment"),
    ("words: read,", "words: write,"),
    ("PAGES: \"${tables.pages.arn}\", ", ""),
    ("architecture: arm64", "architecture: x86_64"),
    ("description: What functions share", "description: Helpers"),
    ("    license: MIT\n", "    license: Apache-2.0\n"),
    ("    license: Apache-2.0\n", ""),
    ("runtimes: [python3.12, python3.14]", "runtimes: [python3.14, python3.12, python3.13]"),
    ("code: lambdas/update_item", "code: lambdas/delete_item"),
    ("    url: none\n", ""),
    (
        "methods: [GET, PUT], headers: [X-Own], expose: [X-Own], max_age: 60",
        "methods: [GET], credentials: true",
    ),
    ("methods: [GET], credentials: true", "methods: [GET]"),
    ("url: { auth: none, cors: { origins: [\"https://a.example\"], methods: [GET] } }", "url: none"),
    ("url: none", "url: iam"),
    ("    url: iam\n", ""),
    ("    architectures: [arm64, x86_64]\n", ""),
    ("    keep: 2\n", "    keep: 1\n"),
    ("layers: [helpers, ", "layers: ["),
    ("    layers: [\"arn:aws:lambda:${region}:111122223333:layer:tools:1\"]\n", ""),
    ("runtime: python3.12", "runtime: python3.14"),
    ("PUT /pages: save", "PUT /pages: all"),
    ("    GET /pages/{project}: show\n", ""),
    ("    expose: [X-Own]\n", ""),
    ("    max_age: 3600\n", ""),
    ("methods: [GET, POST]", "methods: [GET]"),
    ("Of ${region}", "Of ${account}"),
    ("permissions_boundary: arn:aws:iam::123456789012:policy/boundary\n", ""),
    ("  notes: { partition_key: note }\n", "  notes: { partition_key: { name: note, type: N } }\n"),
    ("  notes: { partition_key: { name: note, type: N } }\n", ""),
    ("visibility_timeout: 2 minutes", "visibility_timeout: 3 minutes"),
    ("dead_letter: { queue: jobs-failed, after: 5 }", "dead_letter: { queue: jobs-failed }"),
    ("Principal: { AWS: \"111122223333\" }", "Principal: \"*\""),
    ("redrive_from: [jobs], kms_key: aws", "retention: 14 days"),
    ("fifo: { content_deduplication: true, high_throughput: true }", "fifo: true"),
    ("batch: 20, window: 5, ", ""),
    (", filter: { body: { kind: [order] } }", ""),
    (", enabled: false", ""),
    ("      - { queue: mails }\n", ""),
    ("/rich/level: info", "/rich/level: { value: debug, description: How much }"),
    ("/rich/level: { value: debug, description: How much }", "/rich/level: [debug]"),
    ("description: \"Of ${tables.pages.name}\", pattern: \"arn:.*\", ", ""),
    ("arn}\", tier: advanced", "arn}\""),
    ("hosts: [a.example, ", "hosts: [b.example, "),
    ("rich-token-1", "rich-token-2"),
    (
        "  /rich/large: { value: rich-large-token-1, type: secure-string, tier: advanced, kms_key: alias/large }\n",
        "",
    ),
    ("secure-string, kms_key: alias/rich", "secure-string"),
    ("/rich/token: { value: rich-token-2, type: secure-string }", "/rich/token: plain"),
    ("/rich/token: read, ", ""),
    ("rich-password-1", "rich-password-2"),
    (", recovery: 30 days", ""),
    (", description: \"Of ${stack}\"", ""),
    ("}, kms_key: alias/rich }", "} }"),
    (
        "/rich/key: { value: { user: rich-user-1, password: \"rich-password-2 of ${stack}\" } }",
        "/rich/key: { value: rich-text-3 }",
    ),
    ("/rich/key: read, drawn: write, ", "drawn: read, "),
    ("  /rich/token: plain\n", ""),
    ("    $default: all\n", ""),
    ("    PUT /pages: all\n", ""),
];

/// The entry that a change is in: the section, and the key in it. Changes of one entry could hide each other.
fn entry(text: &str, at: usize) -> (&str, &str) {
    let end = text[at..].find('\n').map_or(text.len(), |length| at + length);
    let (mut section, mut key) = ("", "");
    for line in text[..end].lines().filter(|line| !line.trim_start().starts_with('#')) {
        match line.len() - line.trim_start().len() {
            0 => (section, key) = (line, ""),
            2 => key = line,
            _ => {}
        }
    }
    (section, key)
}

/// Takes from the changes those that can be made in one step: at most one of each entry, each with a valid stack file. A change
/// that builds on another one comes later.
fn step(text: &mut String, changes: &mut Vec<(&'static str, &'static str)>) -> Vec<&'static str> {
    let stack = Fixture::of(text);
    let mut entries = BTreeSet::new();
    let mut made = Vec::new();
    changes.retain(|(from, to)| {
        let [at] = text.match_indices(from).map(|(at, _)| at).collect::<Vec<_>>()[..] else { return true };
        let (section, key) = entry(text, at);
        let entry = (section.to_owned(), key.to_owned());
        let changed = text.replace(from, to);
        if entries.contains(&entry) || !stack.would_be_valid(&changed) {
            return true;
        }
        entries.insert(entry);
        made.push(*from);
        *text = changed;
        false
    });
    made
}

#[test]
fn every_setting_can_be_made_and_changed() {
    let (mut text, mut cloud) = (RICH.to_owned(), up(&empty(), RICH, "at first"));
    let mut changes = CHANGES.to_vec();
    while !changes.is_empty() {
        let made = step(&mut text, &mut changes);
        assert!(!made.is_empty(), "none of these can be made: {changes:#?}\n{text}");
        // Right after a function was deleted, the last of its logs are still on their way.
        cloud = later(&up(&cloud, &text, &format!("after {made:#?}")), Duration::from_secs(60));
        // That a second `up` writes nothing has been seen, if both are the same.
        let fresh = whole(run(&empty(), Command::Up(&Fixture::of(&text)), None));
        let differ = differences(&dump(&cloud), &dump(&later(&fresh.cloud, Duration::from_secs(60))));
        assert_eq!(differ, Vec::<String>::new(), "after {made:#?}, against one that is made so");
    }
    let down = whole(run(&cloud, Command::Down(&Fixture::of(&text)), None));
    assert!(dump(&later(&down.cloud, Duration::from_secs(60))).is_empty());
}

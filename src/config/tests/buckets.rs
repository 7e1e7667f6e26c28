//! Errors of buckets, and of what may be allowed on them.

use super::{check, valid};

/// A bucket `shots` with these lines.
fn bucket(lines: &str) -> String {
    format!("stack: demo\nbuckets:\n  shots:\n    {}\n", lines.replace('\n', "\n    "))
}

/// A function with this `access` to a bucket `shots`.
fn access(to: &str) -> String {
    let function = format!("f: {{ code: code, runtime: python3.13, access: {{ shots: {to} }} }}");
    format!("stack: demo\nbuckets: {{ shots: {{}} }}\nfunctions:\n  {function}\n")
}

#[test]
fn fields_of_buckets() {
    let cases = [
        "versioning: sometimes",
        "public_access: true",
        "public_access: open",
        "ownership: mine",
        "kms_key: mine",
        "lifecycle: { expire: 30 days }",
        "lifecycle: [{ prefix: tmp/ }]",
        "lifecycle: [{ expire: 30 }]",
        "lifecycle: [{ expire: 36 hours }]",
        "lifecycle: [{ expires: 3 days }]",
        "lifecycle: [{ transition: { GLACIER: 90 days } }]",
        "lifecycle: [{ transition: { tape: 90 days } }]",
        "lifecycle: [{ expire: 90 days, transition: { glacier: 90 days } }]",
        "cors: true",
        "cors: { methods: [GET] }",
        "cors: { origins: [\"*\"] }",
        "cors: [{ origins: [\"*\"], methods: [GET] }, { origins: [a.example], methods: [PATCH] }]",
        "cors: { origins: [\"https://a.example\"], methods: [PATCH] }",
        "cors: { origins: [\"https://a.example\"], methods: [GET], credentials: true }",
        "cors: { origins: [\"*\"], methods: [GET], max_age: -1 }",
        "resource_policy: [{ Effect: Allow, Action: s3:GetObject }]",
        "resource_policy: [{ Effect: Allow, Principal: \"*\", Action: s3:GetObject }]",
        "acl: private",
    ];
    check("buckets", &cases.map(bucket).each_ref().map(String::as_str));
}

#[test]
fn names_of_buckets() {
    let with = |key: &str, fields: &str| format!("stack: demo\nbuckets:\n  {key}: {fields}\n");
    let cases = [
        with("My_Shots", "{}"),
        with("shots-", "{}"),
        with(&"s".repeat(37), "{}"),
        with("s", "{ name: ab }"),
        with("shots", "{ name: My.Shots }"),
        with("shots", "{ existing: \"arn:aws:s3:::\" }"),
    ];
    check("names_of_buckets", &cases.each_ref().map(String::as_str));
    valid(&with(&"s".repeat(36), "{}"));
    valid(&with("shots", "{ existing: \"arn:aws:s3:::theirs\" }"));
}

/// Two functions and two queues with these `triggers`, and a bucket.
fn triggers(of_f: &str, of_g: &str, of_queues: &str) -> String {
    format!(
        "stack: demo
buckets: {{ shots: {{}}, theirs: {{ existing: theirs }} }}
queues:
  jobs: {{ triggers: {of_queues} }}
  ordered: {{ fifo: true, triggers: [] }}
  locked: {{ kms_key: aws, triggers: [] }}
topics:
  news: {{ triggers: [] }}
  steps: {{ fifo: true }}
functions:
  f: {{ code: code, runtime: python3.13, triggers: {of_f} }}
  g: {{ code: code, runtime: python3.13, access: {{ shots: {{ write: thumbs/* }} }}, triggers: {of_g} }}
"
    )
}

#[test]
fn triggers_of_buckets() {
    let f = |items: &str| triggers(items, "[]", "[]");
    let cases = [
        f("[{ bucket: shots }]"),
        f("[{ bucket: shot, events: created }]"),
        f("[{ bucket: theirs, events: created }]"),
        f("[{ bucket: shots, events: put }]"),
        f("[{ bucket: shots, events: [] }]"),
        f("[{ bucket: shots, events: \"s3:ObjectCreated:Put\" }]"),
        f("[{ bucket: shots, events: [\"s3:ObjectCreated:Pat\"] }]"),
        f("[{ bucket: shots, events: created, alias: live }]"),
        f("[{ bucket: shots, events: created }, { bucket: shots, events: created }]"),
        f(
            "[{ bucket: shots, events: created, suffix: .png }, { bucket: shots, events: [\"s3:ObjectCreated:Put\"], prefix: in/, name: again }]",
        ),
        triggers(
            "[{ bucket: shots, events: created }]",
            "[]",
            "[{ bucket: shots, events: created, prefix: a/ }]",
        ),
        triggers("[]", "[{ bucket: shots, events: created }]", "[]"),
        triggers("[]", "[{ bucket: shots, events: created, prefix: thumbs/small/ }]", "[]"),
        triggers("[]", "[]", "[{ bucket: shots, events: created, alias: live }]"),
        f("[]").replace(
            "fifo: true, triggers: []",
            "fifo: true, triggers: [{ bucket: shots, events: created }]",
        ),
        f("[]").replace(
            "kms_key: aws, triggers: []",
            "kms_key: aws, triggers: [{ bucket: shots, events: created }]",
        ),
        f("[{ bucket: shots, events: created }]")
            .replace("news: { triggers: []", "news: { triggers: [{ bucket: shots, events: created }]"),
        f("[]").replace("fifo: true }", "fifo: true, triggers: [{ bucket: shots, events: created }] }"),
        f("[]").replace(
            "triggers: [] }\n  steps",
            "triggers: [{ bucket: shots, events: created }], kms_key: aws }\n  steps",
        ),
        f("[]").replace("news: { triggers: []", "news: { triggers: [{ topic: steps }]"),
    ];
    check("triggers_of_buckets", &cases.each_ref().map(String::as_str));
    let of_topic = "news: { triggers: [{ bucket: shots, events: [\"s3:ObjectTagging:*\"] }]";
    valid(&f("[]").replace("news: { triggers: []", of_topic));
    valid(&triggers(
        "[{ bucket: shots, events: created, suffix: .jpg }]",
        "[{ bucket: shots, events: created, prefix: in/, suffix: .png }]",
        "[{ bucket: shots, events: removed }]",
    ));
}

#[test]
fn access_to_buckets() {
    let cases = [
        access("get"),
        access("{}"),
        access("{ get: in/* }"),
        access("{ reed: in/* }"),
        access("{ read: in/ }"),
        access("{ \"s3:GetObjects\": in/* }"),
        access("{ \"s3:GetBucketTagging\": in/* }"),
        access("{ read: /in/* }"),
        access("{ read: [] }"),
        access("{ read: [in/*, { a: 1 }] }"),
        access("[s3:PutObjects]"),
        access("[s3:CreateBucket]"),
        access("{ read: in/* }")
            .replace("buckets: { shots: {} }", "tables: { shots: { partition_key: id } }"),
    ];
    check("access_to_buckets", &cases.each_ref().map(String::as_str));
    valid(&access("{ read: in/*, write: [thumbs/*, one.txt] }"));
    valid(&access("{ \"s3:GetObject\": in/*, read: thumbs/* }"));
    valid(&access("[s3:GetObject, \"s3:List*\"]"));
}

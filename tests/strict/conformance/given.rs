//! What the requests name: documents right and wrong, long texts, and code.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;
use std::io::{Cursor, Write};

/// The values by name.
pub(super) fn names() -> BTreeMap<String, Json> {
    let mut names = BTreeMap::new();
    let mut give = |name: &str, value: Json| drop(names.insert(name.to_owned(), value));
    for (name, document) in trusts().into_iter().chain(policies()) {
        give(name, document.to_string().into());
    }
    for length in [65, 129, 513, 5000] {
        give(&format!("{length} letters"), "x".repeat(length).into());
    }
    let keys = || (0..51).map(|number| format!("k{number}"));
    give("51 tags", keys().map(|key| json!({ "Key": key, "Value": "v" })).collect());
    give("51 tags by key", keys().map(|key| (key, Json::from("v"))).collect::<Map<_, _>>().into());
    give("zip", zip().into());
    give("role", "arn:aws:iam::123456789012:role/r".into());
    give("function", "arn:aws:lambda:eu-west-1:123456789012:function:f".into());
    give("key", json!([{ "AttributeName": "k", "KeyType": "HASH" }]));
    give("attribute", json!([{ "AttributeName": "k", "AttributeType": "S" }]));
    // A SourceArn reads back as a condition [aws-facts: Lambda].
    let statement = json!({
        "Sid": "one", "Effect": "Allow", "Principal": { "Service": "apigateway.amazonaws.com" },
        "Action": "lambda:InvokeFunction", "Resource": "arn:aws:lambda:eu-west-1:123456789012:function:f",
        "Condition": { "ArnLike": { "AWS:SourceArn": "arn:aws:execute-api:eu-west-1:123456789012:a/*" } },
    });
    let policy = json!({ "Version": "2012-10-17", "Id": "default", "Statement": [statement] });
    give("the function's policy", policy.to_string().into());
    names
}

/// A document with one statement, of which members are set, or taken out where they are null.
fn document(statement: Json, changes: Json) -> Json {
    let mut statement = statement;
    for (name, value) in changes.as_object().into_iter().flatten() {
        statement[name] = value.clone();
    }
    let members = statement.as_object_mut().expect("a statement");
    members.retain(|_, value| !value.is_null());
    json!({ "Version": "2012-10-17", "Statement": [statement] })
}

fn trusts() -> Vec<(&'static str, Json)> {
    let trust = |changes| {
        let principal = json!({ "Service": "lambda.amazonaws.com" });
        document(json!({ "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal }), changes)
    };
    let long: Vec<String> =
        (0..100).map(|number| format!("arn:aws:iam::123456789012:role/role-{number}")).collect();
    vec![
        ("trust", trust(json!({}))),
        ("trust in machines", trust(json!({ "Principal": { "Service": "ec2.amazonaws.com" } }))),
        ("trust to do something else", trust(json!({ "Action": "s3:GetObject" }))),
        ("trust in nobody", trust(json!({ "Principal": null }))),
        ("trust with a resource", trust(json!({ "Resource": "*" }))),
        ("trust in no service", trust(json!({ "Principal": { "Service": "nobody" } }))),
        ("long trust", trust(json!({ "Condition": { "ArnLike": { "aws:SourceArn": long } } }))),
    ]
}

fn policies() -> Vec<(&'static str, Json)> {
    let policy = |changes| {
        document(json!({ "Effect": "Allow", "Action": ["s3:GetObject"], "Resource": "*" }), changes)
    };
    let with = |name: &str, value: Json| {
        let mut policy = policy(json!({}));
        policy[name] = value;
        policy
    };
    let statement = policy(json!({ "Sid": "one" }))["Statement"][0].clone();
    let mut versionless = policy(json!({}));
    versionless.as_object_mut().expect("a policy").remove("Version");
    let long: Vec<String> = (0..600).map(|number| format!("arn:aws:s3:::bucket-{number}")).collect();
    vec![
        ("policy", policy(json!({}))),
        ("policy of no version", versionless),
        ("policy of another version", with("Version", "2099-01-01".into())),
        ("policy without statements", with("Statement", json!([]))),
        ("policy with one id twice", with("Statement", json!([statement, statement]))),
        ("policy without an effect", policy(json!({ "Effect": null }))),
        ("policy with another effect", policy(json!({ "Effect": "Maybe" }))),
        ("policy without an action", policy(json!({ "Action": null }))),
        ("policy with an action of no service", policy(json!({ "Action": "GetObject" }))),
        ("policy with both actions", policy(json!({ "NotAction": "s3:PutObject" }))),
        ("policy without a resource", policy(json!({ "Resource": null }))),
        ("policy with no ARN", policy(json!({ "Resource": "bucket" }))),
        ("policy with a principal", policy(json!({ "Principal": "*" }))),
        ("policy with an unknown element", policy(json!({ "Verb": "do" }))),
        ("policy with a dash in an id", policy(json!({ "Sid": "a-b" }))),
        ("long policy", policy(json!({ "Resource": long }))),
    ]
}

/// A zip with one file, in base64.
fn zip() -> String {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file("f.py", zip::write::SimpleFileOptions::default()).expect("a file");
    zip.write_all(b"def handler(event, context): pass\n").expect("its text");
    STANDARD.encode(zip.finish().expect("a zip").into_inner())
}

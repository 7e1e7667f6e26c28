//! The documents that requests name, right and wrong.

use serde_json::{Value as Json, json};

/// The documents by name.
pub(super) fn documents() -> Vec<(&'static str, Json)> {
    let documents = trusts().into_iter().chain(policies());
    documents.map(|(name, document)| (name, document.to_string().into())).collect()
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
        ("trust in a role", trust(json!({ "Principal": { "AWS": "arn:aws:iam::123456789012:role/none" } }))),
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

//! The values that requests name.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};
use std::io::{Cursor, Write};

/// The values by name.
pub(super) fn values() -> Vec<(&'static str, Json)> {
    // A SourceArn reads back as a condition [aws-facts: Lambda].
    let policy = |of: &str| {
        let statement = json!({
            "Sid": "one", "Effect": "Allow", "Principal": { "Service": "apigateway.amazonaws.com" },
            "Action": "lambda:InvokeFunction", "Resource": format!("arn:aws:lambda:eu-west-1:123456789012:function:{of}"),
            "Condition": { "ArnLike": { "AWS:SourceArn": "arn:aws:execute-api:eu-west-1:123456789012:a/*" } },
        });
        json!({ "Version": "2012-10-17", "Id": "default", "Statement": [statement] }).to_string()
    };
    let of_url = |sid: &str, action: &str, condition: Json| {
        json!({ "Sid": sid, "Effect": "Allow", "Principal": "*", "Action": action,
            "Resource": "arn:aws:lambda:eu-west-1:123456789012:function:f", "Condition": condition })
    };
    let auth = json!({ "StringEquals": { "lambda:FunctionUrlAuthType": "NONE" } });
    let through = json!({ "Bool": { "lambda:InvokedViaFunctionUrl": "true" } });
    vec![
        ("the statement of a URL", of_url("url", "lambda:InvokeFunctionUrl", auth).to_string().into()),
        (
            "the statement of calls through a URL",
            of_url("through", "lambda:InvokeFunction", through).to_string().into(),
        ),
        ("zip", zip().into()),
        ("role", "arn:aws:iam::123456789012:role/r".into()),
        ("function", "arn:aws:lambda:eu-west-1:123456789012:function:f".into()),
        ("the function's policy", policy("f").into()),
        ("the alias's policy", policy("f:live").into()),
        ("queue", "arn:aws:sqs:eu-west-1:123456789012:jobs".into()),
        ("queue in order", "arn:aws:sqs:eu-west-1:123456789012:jobs.fifo".into()),
        ("policy to receive", receiving().to_string().into()),
        ("policy for settings", settings().to_string().into()),
        ("policy to read streams", reading().to_string().into()),
    ]
}

/// What the role of a function needs for a queue [aws-facts: Event source mappings].
fn receiving() -> Json {
    let actions = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"];
    let statement =
        json!({ "Effect": "Allow", "Action": actions, "Resource": "arn:aws:sqs:eu-west-1:123456789012:*" });
    json!({ "Version": "2012-10-17", "Statement": [statement] })
}

/// What the role of a function needs for a network and for destinations [aws-facts-services: 8].
fn settings() -> Json {
    let actions = ["ec2:*", "sqs:SendMessage", "lambda:InvokeFunction"];
    let statement = json!({ "Effect": "Allow", "Action": actions, "Resource": "*" });
    json!({ "Version": "2012-10-17", "Statement": [statement] })
}

/// What the role of a function needs for a stream and a queue of failures [aws-facts-services: 2].
fn reading() -> Json {
    let actions = [
        "dynamodb:DescribeStream",
        "dynamodb:GetRecords",
        "dynamodb:GetShardIterator",
        "dynamodb:ListStreams",
        "kinesis:DescribeStream",
        "kinesis:DescribeStreamSummary",
        "kinesis:GetRecords",
        "kinesis:GetShardIterator",
        "kinesis:ListShards",
        "kinesis:ListStreams",
    ];
    let read = json!({ "Effect": "Allow", "Action": actions, "Resource": "*" });
    let send = json!({ "Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*" });
    json!({ "Version": "2012-10-17", "Statement": [read, send] })
}

/// A zip with one file, in base64.
fn zip() -> String {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file("f.py", zip::write::SimpleFileOptions::default()).expect("a file");
    zip.write_all(b"def handler(event, context): pass\n").expect("its text");
    STANDARD.encode(zip.finish().expect("a zip").into_inner())
}

//! Destinations of every kind get what became of asynchronous invocations, on the real local cloud.

use crate::cloud::Cloud;
use crate::dump::{assert_empty, dump};
use crate::failures::bodies;
use crate::queues::eventually;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use provision::aws::Clients;
use serde_json::{Value as Json, json};

/// All but a bucket tell the queue `heard`.
const STACK: &str = "stack: outcomes
topics:
  told: {}
buses:
  results: {}
buckets:
  outcomes-failed: {}
queues:
  heard:
    triggers:
      - { topic: told }
      - { bus: results, pattern: { source: [lambda] } }
functions:
  one: { code: worker, runtime: python3.13, timeout: 30, async: { retries: 0, on_success: heard, on_failure: told } }
  two: { code: worker, runtime: python3.13, timeout: 30, async: { retries: 0, on_success: told, on_failure: results } }
  three: { code: worker, runtime: python3.13, timeout: 30, async: { retries: 0, on_success: results, on_failure: teller } }
  four: { code: worker, runtime: python3.13, timeout: 30, async: { retries: 0, on_success: teller, on_failure: outcomes-failed } }
  teller:
    code: teller
    runtime: python3.13
    timeout: 30
    environment: { QUEUE: \"${queues.heard.url}\" }
    access: { heard: send }
";

const WORKER: &str = "def lambda_handler(event, context):
    if event['fail']:
        raise ValueError('as told')
    return 'done'
";

const TELLER: &str = "import json
import os
import boto3


def lambda_handler(event, context):
    boto3.client('sqs').send_message(QueueUrl=os.environ['QUEUE'], MessageBody=json.dumps({'teller': event}))
";

/// Invokes a function twice without waiting: the first one succeeds.
async fn invoke(aws: &Clients, function: &str) {
    for fail in [false, true] {
        let event = json!({ "fail": fail }).to_string();
        let invoke = aws.lambda().invoke().function_name(function).invocation_type(InvocationType::Event);
        invoke.payload(Blob::new(event)).send().await.unwrap();
    }
}

/// The way by which a message came, and its document.
fn told(body: &Json) -> (&str, Json) {
    if let Some(message) = body["Message"].as_str() {
        return ("topic", serde_json::from_str(message).unwrap());
    }
    match (body.get("teller"), body.get("detail")) {
        (Some(document), _) => ("function", document.clone()),
        (_, Some(document)) => ("bus", document.clone()),
        _ => ("queue", body.clone()),
    }
}

/// Which function had which event, and what became of it.
fn outcome(document: &Json) -> String {
    let text = |path: &str| document.pointer(path).and_then(Json::as_str).unwrap_or_default();
    let function = text("/requestContext/functionArn").split(':').nth(6).unwrap_or_default();
    let response =
        document["responsePayload"].as_str().unwrap_or_else(|| text("/responsePayload/errorMessage"));
    format!("{function}: {}, {}, {response}", text("/requestContext/condition"), document["requestPayload"])
}

#[tokio::test]
async fn destinations_of_every_kind_get_what_succeeds_and_what_fails() {
    let cloud = Cloud::with(STACK);
    for (folder, code) in [("worker", WORKER), ("teller", TELLER)] {
        cloud.write(&format!("{folder}/lambda_function.py"), code);
    }
    cloud.up();
    cloud.up().changes_nothing();
    let aws = cloud.aws().await;
    for function in ["one", "two", "three", "four"] {
        invoke(&aws, function).await;
    }
    let succeeded = |function: &str| format!(r#"{function}: Success, {{"fail":false}}, done"#);
    let failed = |function: &str| format!(r#"{function}: RetriesExhausted, {{"fail":true}}, as told"#);
    let expected = [
        ("bus", succeeded("three")),
        ("bus", failed("two")),
        ("function", succeeded("four")),
        ("function", failed("three")),
        ("queue", succeeded("one")),
        ("topic", failed("one")),
        ("topic", succeeded("two")),
    ];
    let heard = bodies(&aws, "heard", expected.len()).await;
    let mut heard: Vec<_> = heard.iter().map(told).map(|(way, document)| (way, outcome(&document))).collect();
    heard.sort();
    assert_eq!(heard, expected);

    let bucket = aws.s3().list_buckets().send().await.unwrap().buckets.unwrap()[0].name.clone().unwrap();
    let key = eventually("the object", async || {
        let list = aws.s3().list_objects_v2().bucket(&bucket).send().await.unwrap();
        list.contents.unwrap_or_default().into_iter().next()?.key
    })
    .await;
    assert!(key.starts_with("aws/lambda/async/four/"), "{key}");
    let object = aws.s3().get_object().bucket(&bucket).key(key).send().await.unwrap();
    let object = object.body.collect().await.unwrap().into_bytes();
    assert_eq!(outcome(&serde_json::from_slice(&object).unwrap()), failed("four"));
    cloud.down();
    assert_empty(&dump(&aws).await);
}

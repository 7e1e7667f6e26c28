//! What rules, schedules and buckets deliver to entries of every kind, and where it ends if these are gone, on the real local
//! cloud.

use crate::cloud::Cloud;
use crate::dump::{assert_empty, dump};
use crate::failures::bodies;
use crate::queues::url;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use aws_sdk_kinesis::primitives::Blob;
use aws_sdk_kinesis::types::PutRecordsRequestEntry;
use aws_sdk_sqs::types::QueueAttributeName;
use provision::aws::Clients;
use serde_json::{Value as Json, json};

/// All that is delivered ends in the queue `heard`. The schedules are off at first, so that all ways are there when they come.
const STACK: &str = "stack: wires
buses:
  orders: {}
  others: { triggers: [{ bus: orders, pattern: { source: [shop] } }] }
topics:
  news:
    triggers:
      - { schedule: \"at(2020-01-01T00:00:00)\", input: { by: schedule to topic }, enabled: false }
      - { bucket: wires-pictures, events: removed }
buckets:
  wires-pictures: {}
queues:
  heard:
    triggers:
      - { bus: others, pattern: { source: [shop] }, input: { by: bus to bus } }
      - { schedule: \"at(2020-01-01T00:00:00)\", input: { by: schedule to queue }, enabled: false }
      - { topic: news, raw: true }
      - { bucket: wires-pictures, events: created }
  deaf:
    triggers:
      - { topic: news, raw: true, dead_letter: unheard }
      - { bus: orders, pattern: { source: [late] }, dead_letter: unheard }
  unheard: {}
  failed: {}
streams:
  clicks:
    shards: 1
    triggers:
      - { bus: orders, pattern: { source: [shop] }, input: { by: bus to stream }, partition_key: $.detail.id }
      - { schedule: \"at(2020-01-01T00:00:00)\", input: { by: schedule to stream }, partition_key: clock, enabled: false }
functions:
  reader:
    code: reader
    runtime: python3.13
    timeout: 30
    environment: { QUEUE: \"${queues.heard.url}\" }
    access: { heard: send }
    triggers:
      - { stream: clicks, from: oldest, bisect: true, retries: 0, on_failure: failed }
state_machines:
  flow:
    definition:
      StartAt: Tell
      States:
        Tell:
          Type: Task
          Resource: arn:aws:states:::sqs:sendMessage
          Parameters: { QueueUrl: \"${queues.heard.url}\", MessageBody.$: $ }
          End: true
    access: { heard: send }
    triggers:
      - { bus: orders, pattern: { source: [shop] }, input: { by: bus to state machine } }
      - { schedule: \"at(2020-01-01T00:00:00)\", input: { by: schedule to state machine }, enabled: false }
";

/// Tells what it reads with the partition keys, and nothing of a batch in which something is bad.
const READER: &str = "import base64
import json
import os
import boto3

sqs = boto3.client('sqs')


def lambda_handler(event, context):
    records = [record['kinesis'] for record in event['Records']]
    read = [{**json.loads(base64.b64decode(one['data'])), 'key': one['partitionKey']} for one in records]
    if any(one['by'] == 'bad' for one in read):
        raise ValueError('bad')
    for one in read:
        sqs.send_message(QueueUrl=os.environ['QUEUE'], MessageBody=json.dumps(one))
";

async fn put_event(aws: &Clients, source: &str, id: &str) {
    let entry = PutEventsRequestEntry::builder().event_bus_name("orders").source(source).detail_type("x");
    let entry = entry.detail(json!({ "id": id }).to_string()).build();
    let put = aws.eventbridge().put_events().entries(entry).send().await.unwrap();
    assert_eq!(put.failed_entry_count, 0);
}

async fn put_records(aws: &Clients, names: &[&str]) {
    let entry = |name: &&str| {
        let entry = PutRecordsRequestEntry::builder().partition_key("own");
        entry.data(Blob::new(json!({ "by": name }).to_string())).build().unwrap()
    };
    let put = aws.kinesis().put_records().stream_name("clicks");
    put.set_records(Some(names.iter().map(entry).collect())).send().await.unwrap();
}

/// What a message of the queue `heard` is about.
fn about(body: &Json) -> String {
    let of_bucket = body["Records"][0]["eventName"].as_str().or(body["Event"].as_str());
    let key = body["key"].as_str().map(|key| format!(" with {key}")).unwrap_or_default();
    of_bucket.map_or_else(|| format!("{}{key}", body["by"].as_str().unwrap()), str::to_owned)
}

/// An event of each source goes its way.
async fn everything_arrives(aws: &Clients) {
    put_event(aws, "elsewhere", "foreign").await;
    put_event(aws, "shop", "mine").await;
    put_records(aws, &["first", "second", "bad", "third", "fourth"]).await;
    let bucket = aws.s3().list_buckets().send().await.unwrap().buckets.unwrap()[0].name.clone().unwrap();
    aws.s3().put_object().bucket(&bucket).key("a.png").body(b"x".to_vec().into()).send().await.unwrap();
    aws.s3().delete_object().bucket(&bucket).key("a.png").send().await.unwrap();
    let expected = [
        "ObjectCreated:Put",
        "ObjectRemoved:Delete",
        "bus to bus",
        "bus to state machine",
        "bus to stream with mine",
        "first with own",
        "fourth with own",
        // S3 tells both destinations that they are ones.
        "s3:TestEvent",
        "s3:TestEvent",
        "schedule to queue",
        "schedule to state machine",
        "schedule to stream with clock",
        "schedule to topic",
        "second with own",
        "third with own",
    ];
    let mut heard: Vec<_> = bodies(aws, "heard", expected.len()).await.iter().map(about).collect();
    heard.sort();
    assert_eq!(heard, expected);
    let failed = &bodies(aws, "failed", 1).await[0];
    assert_eq!(failed["KinesisBatchInfo"]["batchSize"], 1, "halves have found it: {failed}");
    assert_eq!(failed["requestContext"]["condition"], "RetryAttemptsExhausted", "{failed}");
}

/// What a topic and a rule send to a queue that cannot take it.
async fn ends_in_the_dead_letters(aws: &Clients, why: &str) {
    let topic = aws.sns().list_topics().send().await.unwrap().topics.unwrap()[0].topic_arn.clone().unwrap();
    let message = json!({ "topic": why }).to_string();
    aws.sns().publish().topic_arn(topic).message(message).send().await.unwrap();
    put_event(aws, "late", why).await;
    let unheard = bodies(aws, "unheard", 2).await;
    let has = |path: &str| unheard.iter().any(|body| body.pointer(path) == Some(&json!(why)));
    assert!(has("/topic") && has("/detail/id"), "{unheard:?}");
}

#[tokio::test]
async fn what_rules_schedules_and_buckets_deliver_arrives_at_every_kind_or_in_the_dead_letters() {
    let cloud = Cloud::with(STACK);
    cloud.write("reader/lambda_function.py", READER);
    cloud.up();
    cloud.write("stack.yaml", &STACK.replace(", enabled: false", ""));
    cloud.up().writes(4);
    let aws = cloud.aws().await;
    everything_arrives(&aws).await;
    let deaf = url(&aws, "deaf").await;
    let set = aws.sqs().set_queue_attributes().queue_url(&deaf).attributes(QueueAttributeName::Policy, "");
    set.send().await.unwrap();
    ends_in_the_dead_letters(&aws, "refused").await;
    aws.sqs().delete_queue().queue_url(&deaf).send().await.unwrap();
    ends_in_the_dead_letters(&aws, "gone").await;
    cloud.down();
    let streams = aws.kinesis().list_streams().send().await.unwrap().stream_names;
    let machines = aws.step_functions().list_state_machines().send().await.unwrap().state_machines;
    assert!(streams.is_empty() && machines.is_empty(), "{streams:?} {machines:?}");
    assert_empty(&dump(&aws).await);
}

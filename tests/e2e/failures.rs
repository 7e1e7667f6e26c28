//! What becomes of events that a function fails, and of those that cannot be delivered, on the real local cloud.

use crate::cloud::Cloud;
use crate::dump::{assert_empty, dump};
use crate::queues::{eventually, send, url};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use aws_sdk_kinesis::primitives::Blob;
use aws_sdk_scheduler::types::ScheduleState;
use aws_sdk_sqs::types::QueueAttributeName;
use provision::aws::Clients;
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, HashMap};

/// Their triggers are off at first, so that all records are there when they begin, and come in one batch.
const READ: &str = "stack: failures
tables:
  notes: { partition_key: id, stream: new-image }
  seen: { partition_key: id }
streams:
  clicks: { shards: 1 }
queues:
  jobs: {}
  failed: {}
functions:
  worker:
    code: worker
    runtime: python3.13
    timeout: 5
    access: { seen: write }
    triggers:
      - { queue: jobs, filter: { body: { kind: [order] } } }
      - { table: notes, from: oldest, filter: { dynamodb: { NewImage: { kind: { S: [order] } } } }, partial_failures: true, retries: 1, on_failure: failed, enabled: false }
      - { stream: clicks, from: 2026-01-01T00:00:00Z, filter: { data: { kind: [order] } }, partial_failures: true, retries: 1, on_failure: failed, enabled: false }
";

/// Counts how often it is handed a record, and fails those that say so.
const READER: &str = "import base64
import json
import boto3

seen = boto3.resource('dynamodb').Table('seen')


def content(record):
    if 'kinesis' in record:
        return json.loads(base64.b64decode(record['kinesis']['data']))['id'], record['kinesis']['sequenceNumber']
    if 'dynamodb' in record:
        return record['dynamodb']['Keys']['id']['S'], record['dynamodb']['SequenceNumber']
    return json.loads(record['body'])['id'], record['messageId']


def lambda_handler(event, context):
    failed = []
    for name, number in map(content, event['Records']):
        seen.update_item(
            Key={'id': name}, UpdateExpression='ADD times :one', ExpressionAttributeValues={':one': 1})
        if name.startswith('bad'):
            failed.append({'itemIdentifier': number})
    return {'batchItemFailures': failed}
";

/// How often the function was handed what.
async fn seen(aws: &Clients) -> BTreeMap<String, u32> {
    let items = aws.dynamodb().scan().table_name("seen").send().await.unwrap().items.unwrap_or_default();
    let text = |item: &HashMap<String, AttributeValue>| {
        (item["id"].as_s().unwrap().clone(), item["times"].as_n().unwrap().parse().unwrap())
    };
    items.iter().map(text).collect()
}

/// As many messages of a queue, as JSON.
pub(crate) async fn bodies(aws: &Clients, queue: &str, count: usize) -> Vec<Json> {
    let url = url(aws, queue).await;
    let mut bodies: Vec<Json> = Vec::new();
    while bodies.len() < count {
        let what = format!("a message in {queue} after {bodies:?}");
        let more = eventually(&what, async || {
            let receive = aws.sqs().receive_message().queue_url(&url).visibility_timeout(600);
            let messages = receive.max_number_of_messages(10).send().await.unwrap().messages?;
            (!messages.is_empty()).then_some(messages)
        });
        let more = more.await;
        bodies.extend(
            more.iter().map(|message| serde_json::from_str::<Json>(message.body().unwrap()).unwrap()),
        );
    }
    bodies
}

#[tokio::test]
async fn what_is_read_is_filtered_tried_again_from_what_failed_and_ends_in_on_failure() {
    let cloud = Cloud::with(READ);
    cloud.write("worker/lambda_function.py", READER);
    cloud.run(&["up", "--local"]).ok();
    cloud.run(&["up", "--local"]).ok().changes_nothing();
    let aws = cloud.aws().await;
    let note = async |kind: &str, id: &str| {
        let put = aws.dynamodb().put_item().table_name("notes").item("id", AttributeValue::S(id.to_owned()));
        put.item("kind", AttributeValue::S(kind.to_owned())).send().await.unwrap();
    };
    let click = async |kind: &str, id: &str| {
        let put = aws.kinesis().put_record().stream_name("clicks").partition_key("one");
        put.data(Blob::new(json!({ "kind": kind, "id": id }).to_string())).send().await.unwrap();
    };
    for (kind, id) in [("view", "skipped"), ("order", "first"), ("order", "bad"), ("order", "later")] {
        note(kind, &format!("{id} note")).await;
        click(kind, &format!("{id} click")).await;
    }
    let jobs = url(&aws, "jobs").await;
    for (kind, id) in [("view", "skipped job"), ("order", "job")] {
        send(&aws, &jobs, &json!({ "kind": kind, "id": id }).to_string()).await;
    }
    eventually("the job", async || seen(&aws).await.contains_key("job").then_some(())).await;
    eventually("the end of the messages", async || {
        let get = aws.sqs().get_queue_attributes().queue_url(&jobs).attribute_names(QueueAttributeName::All);
        let attributes = get.send().await.unwrap().attributes.unwrap();
        let zero = |name| attributes[&name] == "0";
        (zero(QueueAttributeName::ApproximateNumberOfMessages)
            && zero(QueueAttributeName::ApproximateNumberOfMessagesNotVisible))
        .then_some(())
    })
    .await;
    assert_eq!(seen(&aws).await, [("job".to_owned(), 1)].into(), "what does not match, and what is off");

    let text = std::fs::read_to_string(cloud.path("stack/stack.yaml")).unwrap();
    cloud.write("stack.yaml", &text.replace(", enabled: false", ""));
    cloud.run(&["up", "--local"]).ok().writes(2);
    let mut failures = bodies(&aws, "failed", 2).await;
    failures.sort_by_key(|failure| failure.get("KinesisBatchInfo").is_some());
    let worker = aws.lambda().get_function().function_name("worker").send().await.unwrap();
    let worker = worker.configuration.unwrap().function_arn.unwrap();
    for (failure, info, source) in [
        (&failures[0], "DDBStreamBatchInfo", "table/notes/"),
        (&failures[1], "KinesisBatchInfo", "stream/clicks"),
    ] {
        assert_eq!(failure["requestContext"]["condition"], "RetryAttemptsExhausted");
        assert_eq!(failure["requestContext"]["approximateInvokeCount"], 2);
        assert_eq!(failure["requestContext"]["functionArn"], json!(worker));
        assert_eq!(failure[info]["batchSize"], 2, "from what failed: {failure}");
        assert!(failure[info]["streamArn"].as_str().unwrap().contains(source), "{failure}");
    }
    note("order", "last note").await;
    click("order", "last click").await;
    for kind in ["note", "click"] {
        let last = format!("last {kind}");
        eventually("what follows", async || seen(&aws).await.contains_key(&last).then_some(())).await;
    }
    let times = [("first", 1), ("bad", 2), ("later", 2), ("last", 1)];
    let expected = ["note", "click"]
        .iter()
        .flat_map(|kind| times.map(|(name, times)| (format!("{name} {kind}"), times)));
    assert_eq!(seen(&aws).await, expected.chain([("job".to_owned(), 1)]).collect());
    let lost = ["clicks", "notes", "seen"].iter().flat_map(|name| ["--allow-data-loss", name]);
    cloud.run(&["down", "--local"].into_iter().chain(lost).collect::<Vec<_>>()).ok();
    assert_empty(&dump(&aws).await);
}

const SENT: &str = "stack: failures
tables:
  seen: { partition_key: id }
topics:
  news: {}
buses:
  orders: {}
buckets:
  failures-shots: {}
queues:
  failed: {}
  undelivered: {}
  unheard: {}
functions:
  worker:
    code: worker
    runtime: python3.13
    timeout: 5
    async: { retries: 1, on_failure: failed }
    triggers:
      - { topic: news, dead_letter: undelivered }
      - { bus: orders, pattern: { source: [shop] }, dead_letter: undelivered }
      - { schedule: \"at(2020-01-01T00:00:00)\", input: { id: by-schedule }, dead_letter: undelivered }
      - { bucket: failures-shots, events: created }
  lost:
    code: worker
    runtime: python3.13
    triggers: [{ schedule: \"at(2020-01-01T00:00:00)\", input: { id: by-lost-schedule }, dead_letter: undelivered, enabled: false }]
  alarm:
    code: alarm
    runtime: python3.13
    timeout: 5
    access: { seen: write }
    async: { retries: 1, on_failure: unheard }
    triggers: [{ log_group: { function: worker }, filter: tried }]
";

/// Logs what started it, in two lines, and fails.
const FAILING: &str = "import logging


def name(event):
    record = event.get('Records', [event])[0]
    if 'Sns' in record:
        return record['Sns']['Message']
    if 's3' in record:
        return record['s3']['object']['key']
    return event.get('detail', event)['id']


def lambda_handler(event, context):
    logging.error('tried %s', name(event))
    print('passed over', name(event))
    raise ValueError(name(event))
";

/// Counts each message in a log, and fails on one of them.
const ALARM: &str = "import base64
import gzip
import json
import boto3

seen = boto3.resource('dynamodb').Table('seen')


def lambda_handler(event, context):
    for one in json.loads(gzip.decompress(base64.b64decode(event['awslogs']['data'])))['logEvents']:
        seen.update_item(
            Key={'id': one['message'].split('\\t')[-1]},
            UpdateExpression='ADD times :one',
            ExpressionAttributeValues={':one': 1},
        )
        if 'by-topic' in one['message']:
            raise ValueError('by-log-group')
";

async fn publish(aws: &Clients) {
    let topics = aws.sns().list_topics().send().await.unwrap().topics.unwrap();
    let publish = aws.sns().publish().topic_arn(topics[0].topic_arn().unwrap()).message("by-topic");
    publish.send().await.unwrap();
}

async fn put_event(aws: &Clients) {
    let entry = PutEventsRequestEntry::builder().event_bus_name("orders").source("shop").detail_type("x");
    let put = aws.eventbridge().put_events().entries(entry.detail(r#"{"id":"by-bus"}"#).build());
    assert_eq!(put.send().await.unwrap().failed_entry_count, 0);
}

/// Turns on the schedule that is off.
async fn turn_on(aws: &Clients) {
    let list = aws.scheduler().list_schedules().send().await.unwrap();
    let mut schedules = list.schedules.into_iter();
    let of = schedules.find(|one| one.state() == Some(&ScheduleState::Disabled)).expect("one that is off");
    let get = aws.scheduler().get_schedule().set_group_name(of.group_name.clone()).set_name(of.name.clone());
    let schedule = get.send().await.unwrap();
    let update = aws.scheduler().update_schedule().set_group_name(of.group_name).set_name(of.name);
    let update = update
        .set_schedule_expression(schedule.schedule_expression)
        .set_flexible_time_window(schedule.flexible_time_window)
        .set_target(schedule.target);
    update.state(ScheduleState::Enabled).send().await.unwrap();
}

#[tokio::test]
async fn what_is_sent_is_tried_again_and_ends_in_on_failure_or_undelivered_in_the_dead_letters() {
    let cloud = Cloud::with(SENT);
    for (folder, code) in [("worker", FAILING), ("alarm", ALARM)] {
        cloud.write(&format!("{folder}/lambda_function.py"), code);
    }
    cloud.run(&["up", "--local"]).ok();
    let aws = cloud.aws().await;
    publish(&aws).await;
    put_event(&aws).await;
    let bucket = aws.s3().list_buckets().send().await.unwrap().buckets.unwrap()[0].name.clone().unwrap();
    let put = aws.s3().put_object().bucket(bucket).key("by-bucket").body(b"x".to_vec().into());
    put.send().await.unwrap();
    let failures = bodies(&aws, "failed", 4).await;
    let mut names = Vec::new();
    for failure in &failures {
        assert_eq!(failure["requestContext"]["condition"], "RetriesExhausted", "{failure}");
        assert_eq!(failure["requestContext"]["approximateInvokeCount"], 2, "{failure}");
        names.push(failure["responsePayload"]["errorMessage"].as_str().unwrap());
    }
    names.sort_unstable();
    assert_eq!(names, ["by-bucket", "by-bus", "by-schedule", "by-topic"]);
    let mut expected: BTreeMap<_, _> = names.iter().map(|name| (format!("tried {name}"), 2)).collect();
    // What a log group starts is tried again too.
    expected.insert("tried by-topic".to_owned(), 4);
    eventually("each line that matches, and no other", async || {
        let mut seen = seen(&aws).await;
        // The schedule may come before the trigger of the log group is there.
        seen.insert("tried by-schedule".to_owned(), 2);
        (seen == expected).then_some(())
    })
    .await;
    cloud.run(&["logs", "worker", "--errors", "--local"]).ok().says("tried by-bus");

    for failure in bodies(&aws, "unheard", 2).await {
        assert_eq!(failure["requestContext"]["approximateInvokeCount"], 2, "{failure}");
        assert_eq!(failure["responsePayload"]["errorMessage"], "by-log-group", "{failure}");
    }

    aws.lambda().delete_function().function_name("lost").send().await.unwrap();
    turn_on(&aws).await;
    assert_eq!(bodies(&aws, "undelivered", 1).await, [json!({ "id": "by-lost-schedule" })]);
    let policy = aws.lambda().get_policy().function_name("worker").send().await.unwrap().policy.unwrap();
    let policy: Json = serde_json::from_str(&policy).unwrap();
    for statement in policy["Statement"].as_array().unwrap() {
        let remove = aws.lambda().remove_permission().function_name("worker");
        remove.statement_id(statement["Sid"].as_str().unwrap()).send().await.unwrap();
    }
    publish(&aws).await;
    put_event(&aws).await;
    let undelivered = bodies(&aws, "undelivered", 2).await;
    let has = |key: &str, value: Json| undelivered.iter().any(|body| body[key] == value);
    assert!(has("Message", json!("by-topic")) && has("detail", json!({ "id": "by-bus" })), "{undelivered:?}");
    let lost = ["seen", "failures-shots"].iter().flat_map(|name| ["--allow-data-loss", name]);
    cloud.run(&["down", "--local"].into_iter().chain(lost).collect::<Vec<_>>()).ok();
    assert_empty(&dump(&aws).await);
}

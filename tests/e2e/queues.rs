//! Messages that start functions, on the real local cloud.

use crate::cloud::Cloud;
use crate::dump::{assert_empty, dump};
use aws_sdk_sqs::types::QueueAttributeName;
use provision::aws::Clients;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

const STACK: &str = "stack: mailer
tables:
  seen: { partition_key: id }
queues:
  mails:
    visibility_timeout: 3
    dead_letter: { queue: mails-failed, after: 2 }
  mails-failed: {}
functions:
  mailer:
    code: mailer
    runtime: python3.13
    timeout: 3
    environment: { TABLE: \"${tables.seen.name}\" }
    access: { seen: write }
    triggers:
      - { queue: mails, partial_failures: true }
";

/// Notes each message, and fails those that say so.
const CODE: &str = "import os
import boto3

table = boto3.resource('dynamodb').Table(os.environ['TABLE'])


def lambda_handler(event, context):
    failed = []
    for message in event['Records']:
        if message['body'].startswith('bad'):
            failed.append({'itemIdentifier': message['messageId']})
        else:
            table.update_item(
                Key={'id': message['body']},
                UpdateExpression='ADD times :one',
                ExpressionAttributeValues={':one': 1},
            )
    return {'batchItemFailures': failed}
";

/// Looks until something is there.
pub(crate) async fn eventually<T>(what: &str, look: impl AsyncFn() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(start.elapsed() < Duration::from_secs(60), "{what} never came");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

pub(crate) async fn url(aws: &Clients, name: &str) -> String {
    aws.sqs().get_queue_url().queue_name(name).send().await.unwrap().queue_url.unwrap()
}

pub(crate) async fn send(aws: &Clients, queue: &str, body: &str) {
    aws.sqs().send_message().queue_url(queue).message_body(body).send().await.unwrap();
}

/// How often each message was worked on.
async fn seen(aws: &Clients) -> Vec<(String, String)> {
    let items = aws.dynamodb().scan().table_name("seen").send().await.unwrap().items.unwrap_or_default();
    let text = |item: &std::collections::HashMap<String, aws_sdk_dynamodb::types::AttributeValue>| {
        (item["id"].as_s().unwrap().clone(), item["times"].as_n().unwrap().clone())
    };
    let mut seen: Vec<_> = items.iter().map(text).collect();
    seen.sort();
    seen
}

#[tokio::test]
async fn messages_start_the_function_and_those_that_fail_become_dead_letters() {
    let cloud = Cloud::with(STACK);
    cloud.write("mailer/lambda_function.py", CODE);
    cloud.run(&["up", "--local"]).ok();
    cloud.run(&["up", "--local"]).ok().changes_nothing();
    let aws = cloud.aws().await;
    let (mails, failed) = (url(&aws, "mails").await, url(&aws, "mails-failed").await);
    for body in ["good one", "bad one", "good two"] {
        send(&aws, &mails, body).await;
    }
    let dead = eventually("the dead letter", async || {
        let receive = aws.sqs().receive_message().queue_url(&failed).max_number_of_messages(10);
        let messages = receive.send().await.unwrap().messages.unwrap_or_default();
        let bodies: BTreeSet<String> = messages.into_iter().filter_map(|message| message.body).collect();
        (!bodies.is_empty()).then_some(bodies)
    });
    assert_eq!(dead.await, ["bad one".to_owned()].into());
    let once = |body: &str| (body.to_owned(), "1".to_owned());
    assert_eq!(seen(&aws).await, [once("good one"), once("good two")], "only what failed comes again");

    cloud.edit("stack.yaml", "partial_failures: true }", "partial_failures: true, enabled: false }");
    cloud.run(&["up", "--local"]).ok().writes(1);
    send(&aws, &mails, "later").await;
    let number = QueueAttributeName::ApproximateNumberOfMessages;
    let get = aws.sqs().get_queue_attributes().queue_url(&mails).attribute_names(number.clone());
    assert_eq!(get.send().await.unwrap().attributes.unwrap()[&number], "1", "nobody takes it");
    cloud.run(&["down", "--local"]).ok().says("its messages").says("Nothing left.");
    assert_empty(&dump(&aws).await);
}

#[tokio::test]
async fn every_setting_of_queues_comes_up_once_and_is_cleared() {
    let cloud = Cloud::with(include_str!("../stacks/queues.yaml"));
    cloud.run(&["up", "--local"]).ok();
    cloud.run(&["up", "--local"]).ok().changes_nothing();
    cloud.edit("stack.yaml", "    kms_key: aws\n", "");
    cloud.edit("stack.yaml", "    dead_letter: { queue: jobs-failed, after: 5 }\n", "");
    cloud.edit("stack.yaml", "        filter: { body: { kind: [order, 2] } }\n", "");
    cloud.edit("stack.yaml", "        concurrency: 5\n", "");
    cloud.run(&["up", "--local"]).ok();
    cloud.run(&["up", "--local"]).ok().changes_nothing();
    cloud.run(&["down", "--local"]).ok().says("Nothing left.");
    assert_empty(&dump(&cloud.aws().await).await);
}

/// A message that is sent by hand reaches the function, and what goes wrong says what to write.
#[tokio::test]
async fn a_message_is_sent_from_the_command_line() {
    let cloud = Cloud::with(STACK);
    cloud.write("mailer/lambda_function.py", CODE);
    let send = |args: &[&str]| cloud.run(&[&["send", "--local"], args].concat());
    send(&["queue", "mails", "--text", "early"]).ends(1).says("is not deployed");
    cloud.run(&["up", "--local"]).ok();
    send(&["queue", "mails", "--text", "by hand"]).ok().says("queue mails: sent.");
    send(&["queue", "mails", "--body", "{\"a\":"]).ends(64).says("the body is not valid JSON");
    send(&["queue", "mail", "--text", "x"])
        .ends(64)
        .says("there is no queue `mail`")
        .says("did you mean `mails`?");
    send(&["topics", "mails", "--text", "x"]).ends(64).says("`send` does not take a `topics`");
    send(&["queue", "mails"]).ends(64).says("nothing to send");
    send(&["queue", "mails", "--text", "x", "--with", "grup=1"]).ends(64).says("did you mean `group`?");
    let aws = cloud.aws().await;
    eventually("the item of the message", async || {
        let key = aws_sdk_dynamodb::types::AttributeValue::S("by hand".to_owned());
        let item = aws.dynamodb().get_item().table_name("seen").key("id", key).send().await.ok()?;
        item.item
    })
    .await;
    cloud.run(&["down", "--local"]).ok();
}

//! What topics deliver, on the real local cloud.

use crate::cloud::Cloud;
use crate::dump::{assert_empty, dump};
use crate::queues::eventually;
use aws_sdk_sns::types::MessageAttributeValue;
use provision::aws::Clients;

const STACK: &str = "stack: news
tables:
  seen: { partition_key: id }
topics:
  news: {}
queues:
  raw: { triggers: [{ topic: news, raw: true }] }
functions:
  reader:
    code: reader
    runtime: python3.13
    environment: { TABLE: \"${tables.seen.name}\" }
    access: { seen: write }
    triggers:
      - { topic: news, filter: { kind: [order] } }
";

/// Notes each message.
const CODE: &str = "import os
import boto3

table = boto3.resource('dynamodb').Table(os.environ['TABLE'])


def lambda_handler(event, context):
    for record in event['Records']:
        table.put_item(Item={'id': record['Sns']['Message']})
";

async fn publish(aws: &Clients, topic: &str, kind: &str, message: &str) {
    let kind = MessageAttributeValue::builder().data_type("String").string_value(kind).build().unwrap();
    let publish = aws.sns().publish().topic_arn(topic).message(message).message_attributes("kind", kind);
    publish.send().await.unwrap();
}

async fn seen(aws: &Clients) -> Vec<String> {
    let items = aws.dynamodb().scan().table_name("seen").send().await.unwrap().items.unwrap_or_default();
    let mut seen: Vec<String> = items.iter().map(|item| item["id"].as_s().unwrap().clone()).collect();
    seen.sort();
    seen
}

#[tokio::test]
async fn messages_of_a_topic_come_to_a_function_by_its_filter_and_to_a_queue_as_they_are() {
    let cloud = Cloud::with(STACK);
    cloud.write("reader/lambda_function.py", CODE);
    cloud.run(&["up", "--local"]).ok();
    cloud.run(&["up", "--local"]).ok().changes_nothing();
    let aws = cloud.aws().await;
    let arn = aws.sns().list_topics().send().await.unwrap().topics.unwrap()[0].topic_arn.clone().unwrap();
    publish(&aws, &arn, "advert", "buy this").await;
    publish(&aws, &arn, "order", "order 1").await;
    eventually("the order", async || (seen(&aws).await == ["order 1"]).then_some(())).await;
    let url = aws.sqs().get_queue_url().queue_name("raw").send().await.unwrap().queue_url.unwrap();
    let mut bodies = Vec::new();
    while bodies.len() < 2 {
        let body = eventually("a message", async || {
            let receive = aws.sqs().receive_message().queue_url(&url).visibility_timeout(600);
            receive.send().await.unwrap().messages.unwrap_or_default().into_iter().next()?.body
        });
        bodies.push(body.await);
    }
    bodies.sort();
    assert_eq!(bodies, ["buy this", "order 1"], "without an envelope");

    cloud.edit("stack.yaml", "    triggers:\n      - { topic: news, filter: { kind: [order] } }\n", "");
    cloud.run(&["up", "--local"]).ok();
    cloud.run(&["up", "--local"]).ok().changes_nothing();
    publish(&aws, &arn, "order", "order 2").await;
    eventually("the last message", async || {
        let receive = aws.sqs().receive_message().queue_url(&url).send().await.unwrap();
        receive.messages.is_some_and(|messages| !messages.is_empty()).then_some(())
    })
    .await;
    assert_eq!(seen(&aws).await, ["order 1"], "nobody takes it");
    cloud.run(&["down", "--local"]).ok().says("Nothing left.");
    assert_empty(&dump(&aws).await);
}

#[tokio::test]
async fn every_setting_of_topics_comes_up_once_and_is_cleared() {
    let cloud = Cloud::with(include_str!("../stacks/topics.yaml"));
    cloud.run(&["up", "--local"]).ok();
    cloud.run(&["up", "--local"]).ok().changes_nothing();
    cloud.edit("stack.yaml", "    display_name: News\n", "");
    cloud.edit("stack.yaml", "    kms_key: alias/topics\n", "");
    cloud.edit(
        "stack.yaml",
        "raw: true, filter: { kind: [order, { prefix: re }] }, dead_letter: undelivered",
        "raw: false",
    );
    cloud.run(&["up", "--local"]).ok();
    cloud.run(&["up", "--local"]).ok().changes_nothing();
    cloud.run(&["down", "--local"]).ok().says("Nothing left.");
    assert_empty(&dump(&cloud.aws().await).await);
}

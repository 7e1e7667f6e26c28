//! Events and times that start functions, on the real local cloud.

use crate::cloud::Cloud;
use crate::dump::{assert_empty, dump};
use crate::queues::eventually;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use provision::aws::Clients;

const STACK: &str = "stack: shop
tables:
  seen: { partition_key: id }
queues:
  copies:
    triggers:
      - { bus: orders, pattern: { source: [shop] }, input_path: $.detail }
  told:
    triggers: [{ topic: news, raw: true }]
topics:
  news:
    triggers: [{ bus: orders, pattern: { source: [shop] }, input: { news: of orders } }]
buses:
  orders: { description: Of orders, archive: { retention: 7 days, pattern: { source: [shop] } } }
functions:
  noter:
    code: noter
    runtime: python3.13
    timeout: 5
    environment: { TABLE: \"${tables.seen.name}\" }
    access: { seen: write }
    triggers:
      - { bus: orders, pattern: { source: [shop], detail: { kind: [order] } }, input_transformer: { paths: { id: $.detail.id }, template: '{ \"id\": <id> }' } }
      - { schedule: \"at(2020-01-01T00:00:00)\", input: { id: by the clock } }
";

/// Notes what it is handed.
const CODE: &str = "import os
import boto3

table = boto3.resource('dynamodb').Table(os.environ['TABLE'])


def lambda_handler(event, context):
    table.put_item(Item={'id': event['id']})
";

async fn put(aws: &Clients, source: &str, kind: &str, id: &str) {
    let detail = format!(r#"{{"kind":"{kind}","id":"{id}"}}"#);
    let entry = PutEventsRequestEntry::builder().event_bus_name("orders").source(source).detail_type("x");
    let put = aws.eventbridge().put_events().entries(entry.detail(detail).build());
    assert_eq!(put.send().await.unwrap().failed_entry_count, 0);
}

/// What the function has noted.
async fn seen(aws: &Clients) -> Vec<String> {
    let items = aws.dynamodb().scan().table_name("seen").send().await.unwrap().items.unwrap_or_default();
    let mut seen: Vec<String> = items.iter().map(|item| item["id"].as_s().unwrap().clone()).collect();
    seen.sort();
    seen
}

#[tokio::test]
async fn events_and_times_start_the_function_and_go_to_the_queue() {
    let cloud = Cloud::with(STACK);
    cloud.write("noter/lambda_function.py", CODE);
    cloud.run(&["up", "--local"]).ok();
    cloud.run(&["up", "--local"]).ok().changes_nothing();
    let aws = cloud.aws().await;
    put(&aws, "shop", "refund", "other").await;
    put(&aws, "elsewhere", "order", "foreign").await;
    put(&aws, "shop", "order", "mine").await;
    eventually("the event", async || seen(&aws).await.contains(&"mine".to_owned()).then_some(())).await;
    let queue = aws.sqs().get_queue_url().queue_name("copies").send().await.unwrap().queue_url.unwrap();
    let mut bodies: Vec<String> = Vec::new();
    while bodies.len() < 2 {
        let receive = aws.sqs().receive_message().queue_url(&queue).max_number_of_messages(10);
        let receive = receive.wait_time_seconds(5).send().await.unwrap();
        assert!(!receive.messages().is_empty(), "{bodies:?}");
        bodies.extend(receive.messages().iter().filter_map(|message| message.body().map(str::to_owned)));
    }
    assert!(bodies.iter().all(|body| body.starts_with('{') && !body.contains("foreign")), "{bodies:?}");
    let queue = aws.sqs().get_queue_url().queue_name("told").send().await.unwrap().queue_url.unwrap();
    let told = aws.sqs().receive_message().queue_url(&queue).wait_time_seconds(20).send().await.unwrap();
    let told: Vec<_> = told.messages().iter().filter_map(|message| message.body()).collect();
    assert!(!told.is_empty() && told.iter().all(|body| *body == r#"{"news":"of orders"}"#), "{told:?}");
    eventually("the schedule", async || seen(&aws).await.contains(&"by the clock".to_owned()).then_some(()))
        .await;
    assert_eq!(seen(&aws).await, ["by the clock", "mine"], "what does not match starts nothing");

    let archive = aws.eventbridge().describe_archive().archive_name("orders").send().await.unwrap();
    assert_eq!((archive.retention_days(), archive.event_count()), (Some(7), 2), "{archive:?}");
    cloud.edit("stack.yaml", "retention: 7 days", "retention: forever");
    cloud.run(&["up", "--local"]).ok().writes(1);
    cloud.edit("stack.yaml", ", archive: { retention: forever, pattern: { source: [shop] } }", "");
    cloud.run(&["up", "--local"]).ends(1).says("its 2 events would be lost");
    cloud.run(&["up", "--local", "--allow-data-loss", "orders"]).ok().writes(1);

    cloud.edit("stack.yaml", "kind: [order]", "kind: [refund]");
    cloud.run(&["up", "--local"]).ok().writes(1);
    let send = |body: &str, with: &str| {
        cloud.run(&[
            "send",
            "bus",
            "orders",
            "--local",
            "--body",
            body,
            "--with",
            "detail_type=x",
            "--with",
            with,
        ])
    };
    send(r#"{"kind":"refund","id":"refunded"}"#, "source=shop").ok().says("bus orders: sent.");
    send("[1]", "source=shop").ends(1).says("the body of an event is a JSON object");
    send("{}", "sauce=shop").ends(64).says("did you mean `source`?");
    eventually("the refund", async || seen(&aws).await.contains(&"refunded".to_owned()).then_some(())).await;
    let rule = aws.eventbridge().disable_rule().event_bus_name("orders").name("function.noter");
    rule.send().await.unwrap();
    cloud.run(&["up", "--local"]).ok().writes(1);
    cloud.run(&["up", "--local"]).ok().changes_nothing();
    cloud.run(&["down", "--local"]).ok().says("Nothing left.");
    let buses = aws.eventbridge().list_event_buses().send().await.unwrap();
    assert!(buses.event_buses().iter().all(|bus| bus.name() == Some("default")), "{buses:?}");
    let groups = aws.scheduler().list_schedule_groups().send().await.unwrap();
    assert!(groups.schedule_groups().iter().all(|group| group.name() == Some("default")), "{groups:?}");
    assert_empty(&dump(&aws).await);
}

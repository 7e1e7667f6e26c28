//! Kinesis data streams, on the real local cloud.

use crate::cloud::Cloud;
use crate::dump::{assert_empty, dump};
use crate::queues::eventually;
use aws_sdk_kinesis::primitives::Blob;
use std::collections::BTreeSet;

const STACK: &str = "stack: audit
streams:
  clicks: { shards: 1 }
tables:
  log: { partition_key: id }
functions:
  audit:
    code: audit
    runtime: python3.13
    access: { log: write }
    triggers: [{ stream: clicks, filter: { data: { kind: [click] } } }]
";

const CODE: &str = "import base64
import json
import boto3

log = boto3.resource('dynamodb').Table('log')


def lambda_handler(event, context):
    for record in event['Records']:
        log.put_item(Item={'id': json.loads(base64.b64decode(record['kinesis']['data']))['page']})
";

/// Records start a function. Every setting of a stream can be changed, and a record in it keeps `down` from deleting it.
#[tokio::test]
async fn records_of_a_stream_start_a_function() {
    let cloud = Cloud::with(STACK);
    cloud.write("audit/lambda_function.py", CODE);
    cloud.run(&["up", "--local"]).ok();
    cloud.run(&["up", "--local"]).ok().changes_nothing();
    let aws = cloud.aws().await;
    let put = async |kind: &str, page: &str| {
        let record = format!(r#"{{"kind":"{kind}","page":"{page}"}}"#);
        let put = aws.kinesis().put_record().stream_name("clicks").partition_key(page);
        put.data(Blob::new(record)).send().await.unwrap();
    };
    let logged = async || {
        let items = aws.dynamodb().scan().table_name("log").send().await.unwrap().items.unwrap_or_default();
        items.iter().map(|item| item["id"].as_s().unwrap().clone()).collect::<BTreeSet<String>>()
    };
    put("view", "skipped").await;
    put("click", "a").await;
    eventually("the first click", async || logged().await.contains("a").then_some(())).await;
    assert_eq!(logged().await, ["a".to_owned()].into());

    for (from, to) in [
        ("shards: 1", "shards: 3, retention: 2 days, kms_key: aws"),
        ("shards: 3, retention: 2 days, kms_key: aws", "shards: on-demand, retention: 25 hours"),
        ("shards: on-demand, retention: 25 hours", "shards: 2"),
    ] {
        cloud.edit("stack.yaml", from, to);
        cloud.run(&["up", "--local"]).ok();
        cloud.run(&["up", "--local"]).ok().changes_nothing();
    }
    cloud.edit("stack.yaml", "    triggers: [{ stream: clicks, filter: { data: { kind: [click] } } }]\n", "");
    cloud.edit("stack.yaml", "streams:\n  clicks: { shards: 2 }\n", "");
    cloud.run(&["up", "--local"]).fails().says("streams.clicks");
    cloud.run(&["up", "--local", "--allow-data-loss", "clicks"]).ok();
    cloud.run(&["up", "--local"]).ok().changes_nothing();
    cloud.run(&["down", "--local", "--allow-data-loss", "log"]).ok();
    assert_empty(&dump(&aws).await);
}

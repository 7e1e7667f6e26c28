//! Indexes and streams of tables, on the real local cloud.

use crate::cloud::Cloud;
use crate::dump::{assert_empty, dump};
use crate::http::{get, send};
use crate::queues::eventually;
use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::json;
use std::collections::BTreeSet;

const WITHOUT: &str = "stack: shop
tables:
  orders:
    partition_key: id
functions:
  orders:
    code: orders
    runtime: python3.13
    access: { tables.orders: [dynamodb:PutItem, dynamodb:Query] }
api:
  routes:
    POST /orders/{id}/{customer}/{at}: orders
    GET /customers/{customer}: orders
";

const CODE: &str = "import json
import boto3
from boto3.dynamodb.conditions import Key

table = boto3.resource('dynamodb').Table('orders')


def lambda_handler(event, context):
    given = event['pathParameters']
    if event['routeKey'].startswith('POST'):
        table.put_item(Item={**given, 'at': int(given['at']), 'note': 'x'})
        return {}
    found = table.query(IndexName='by-customer', KeyConditionExpression=Key('customer').eq(given['customer']))
    return {'statusCode': 200, 'body': json.dumps([[item['id'], item.get('note')] for item in found['Items']])}
";

/// The items that exist before an index are found by it, and so are later ones. Each change is complete after one run.
#[tokio::test]
async fn an_index_that_is_added_is_queried_through_the_api() {
    let cloud = Cloud::with(WITHOUT);
    cloud.write("orders/lambda_function.py", CODE);
    let up = cloud.run(&["up", "--local"]).ok();
    let api = up.api();
    let order = async |id: &str, customer: &str, at: &str| {
        assert_eq!(send(&api, &format!("POST /orders/{id}/{customer}/{at}"), None).await.status, 200);
    };
    order("b", "ada", "2").await;
    order("c", "grace", "3").await;
    assert_eq!(get(&api, "/customers/ada").await.status, 502, "no index yet");

    let index = "    indexes: { by-customer: { partition_key: customer, sort_key: { name: at, type: N }, projection: keys-only } }\n";
    let keyed = format!("    partition_key: id\n{index}");
    cloud.edit("stack.yaml", "    partition_key: id\n", &keyed);
    cloud.run(&["up", "--local"]).ok();
    cloud.run(&["up", "--local"]).ok().changes_nothing();
    order("a", "ada", "1").await;
    get(&api, "/customers/ada").await.is(200, json!([["a", null], ["b", null]]));

    cloud.edit("stack.yaml", "projection: keys-only", "projection: [note]");
    cloud.run(&["up", "--local"]).ok().says("queries of it fail until it is filled");
    cloud.run(&["up", "--local"]).ok().changes_nothing();
    get(&api, "/customers/ada").await.is(200, json!([["a", "x"], ["b", "x"]]));

    cloud.edit("stack.yaml", &index.replace("keys-only", "[note]"), "");
    cloud.run(&["up", "--local"]).ok();
    cloud.run(&["up", "--local"]).ok().changes_nothing();
    assert_eq!(get(&api, "/customers/ada").await.status, 502, "no index any more");
    cloud.run(&["down", "--local", "--allow-data-loss", "orders"]).ok();
    assert_empty(&dump(&cloud.aws().await).await);
}

const STREAMED: &str = "stack: audit
tables:
  notes: { partition_key: id, stream: new-and-old-images }
  log: { partition_key: id }
functions:
  audit:
    code: audit
    runtime: python3.13
    access: { log: write }
    triggers: [{ table: notes, filter: { eventName: [INSERT, REMOVE] } }]
";

const AUDIT: &str = "import boto3

log = boto3.resource('dynamodb').Table('log')


def lambda_handler(event, context):
    for record in event['Records']:
        key = record['dynamodb']['Keys']['id']['S']
        log.put_item(Item={'id': f'{record[\"eventName\"]} {key}'})
";

/// Changes of a table start a function, also those after its stream became another one.
#[tokio::test]
async fn changes_of_a_table_start_a_function() {
    let cloud = Cloud::with(STREAMED);
    cloud.write("audit/lambda_function.py", AUDIT);
    cloud.run(&["up", "--local"]).ok();
    cloud.run(&["up", "--local"]).ok().changes_nothing();
    let aws = cloud.aws().await;
    let put = async |id: &str| {
        let id = AttributeValue::S(id.to_owned());
        aws.dynamodb().put_item().table_name("notes").item("id", id).send().await.unwrap();
    };
    let logged = async || {
        let items = aws.dynamodb().scan().table_name("log").send().await.unwrap().items.unwrap_or_default();
        items.iter().map(|item| item["id"].as_s().unwrap().clone()).collect::<BTreeSet<String>>()
    };
    put("a").await;
    eventually("the first change", async || logged().await.contains("INSERT a").then_some(())).await;

    cloud.edit("stack.yaml", "stream: new-and-old-images", "stream: keys-only");
    cloud.run(&["up", "--local"]).ok().says("another one with another ARN is turned on");
    cloud.run(&["up", "--local"]).ok().changes_nothing();
    put("b").await;
    eventually("a change in the new stream", async || logged().await.contains("INSERT b").then_some(()))
        .await;

    cloud.edit(
        "stack.yaml",
        "    triggers: [{ table: notes, filter: { eventName: [INSERT, REMOVE] } }]\n",
        "",
    );
    cloud.edit("stack.yaml", ", stream: keys-only", "");
    cloud.run(&["up", "--local"]).ok();
    cloud.run(&["up", "--local"]).ok().changes_nothing();
    cloud.run(&["down", "--local", "--allow-data-loss", "notes", "--allow-data-loss", "log"]).ok();
    assert_empty(&dump(&aws).await);
}

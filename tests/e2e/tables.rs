//! Indexes and streams of tables, on the real local cloud.

use crate::cloud::Cloud;
use crate::dump::{assert_empty, dump};
use crate::http::{get, send};
use serde_json::json;

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
    std::fs::create_dir(cloud.path("stack/orders")).unwrap();
    cloud.write("orders/lambda_function.py", CODE);
    let up = cloud.run(&["up", "--local"]).ok();
    let api = up.api();
    let order = async |id: &str, customer: &str, at: &str| {
        assert_eq!(send(&api, &format!("POST /orders/{id}/{customer}/{at}"), None).await.status, 200);
    };
    order("b", "ada", "2").await;
    order("c", "grace", "3").await;
    assert_eq!(get(&api, "/customers/ada").await.status, 500, "no index yet");

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

    cloud.edit("stack.yaml", index, "");
    cloud.run(&["up", "--local"]).ok();
    cloud.run(&["up", "--local"]).ok().changes_nothing();
    assert_eq!(get(&api, "/customers/ada").await.status, 500, "no index any more");
    cloud.run(&["down", "--local", "--allow-data-loss", "orders"]).ok();
    assert_empty(&dump(&cloud.aws().await).await);
}

"""GET /items/{uuid}: one item, with what its image shows as soon as that is known."""

import json
import os

import boto3

table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])


def lambda_handler(event, context):
    uuid = event["pathParameters"]["uuid"]
    item = table.get_item(Key={"uuid": uuid}, ConsistentRead=True).get("Item")
    if item is None:
        return response(404, {"message": f"There is no item {uuid}"})
    return response(200, {"Item": item})


def response(status, body):
    return {
        "statusCode": status,
        "headers": {"Content-Type": "application/json"},
        "body": json.dumps(body),
    }

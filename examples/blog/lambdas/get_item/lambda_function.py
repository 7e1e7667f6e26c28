"""GET /items/{uuid}: one item."""

import json
import os
from decimal import Decimal

import boto3

table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])


def lambda_handler(event, context):
    uuid = event["pathParameters"]["uuid"]
    found = table.get_item(Key={"uuid": uuid}, ConsistentRead=True)
    if "Item" not in found:
        return answer(404, {"message": f"There is no item {uuid}"})
    return answer(200, {"Item": found["Item"]})


def answer(status, body):
    return {
        "statusCode": status,
        "headers": {"Content-Type": "application/json"},
        "body": json.dumps(body, default=plain),
    }


def plain(value):
    """DynamoDB's numbers are Decimals, which json cannot write."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return str(value)

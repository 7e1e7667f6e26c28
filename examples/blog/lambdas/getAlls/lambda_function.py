"""GET /items: all items, as a list."""

import json
import os
from decimal import Decimal

import boto3

table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])


def lambda_handler(event, context):
    return answer(200, list(all_items()))


def all_items():
    """A scan returns 1 MB per page. It is consistent: an item is listed as soon as it is saved."""
    scan = table.meta.client.get_paginator("scan")
    for page in scan.paginate(TableName=table.name, ConsistentRead=True):
        yield from page["Items"]


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

"""POST /orders: saves an order. GET /customers/{customer}/orders: the orders of a customer, from the index."""

import json
import os
import time
import uuid

import boto3
from boto3.dynamodb.conditions import Key

table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])


def lambda_handler(event, context):
    if event["routeKey"] == "POST /orders":
        order = json.loads(event["body"])
        item = {
            "id": str(uuid.uuid4()),
            "customer": order["customer"],
            "time": time.time_ns(),
            "total": order["total"],
        }
        table.put_item(Item=item)
        return response(201, {"id": item["id"]})
    found = table.query(
        IndexName="by-customer",
        KeyConditionExpression=Key("customer").eq(event["pathParameters"]["customer"]),
        ScanIndexForward=False,
    )
    orders = [{"customer": item["customer"], "total": int(item["total"])} for item in found["Items"]]
    return response(200, {"orders": orders})


def response(status, body):
    return {
        "statusCode": status,
        "headers": {"Content-Type": "application/json"},
        "body": json.dumps(body),
    }

"""POST /orders: saves a signed order. GET /customers/{customer}: the total of a customer."""

import hashlib
import hmac
import json
import os
import time
import uuid

import boto3
from money import shown

database = boto3.resource("dynamodb")
orders, totals = database.Table(os.environ["ORDERS"]), database.Table(os.environ["TOTALS"])
currency = boto3.client("ssm").get_parameter(Name=os.environ["CURRENCY"])["Parameter"]["Value"]
key = boto3.client("secretsmanager").get_secret_value(SecretId=os.environ["SIGNING"])["SecretString"]


def lambda_handler(event, context):
    if event["routeKey"] == "POST /orders":
        order = json.loads(event["body"])
        item = {"id": str(uuid.uuid4()), "customer": order["customer"], "total": order["total"]}
        signature = hmac.new(key.encode(), json.dumps(item).encode(), hashlib.sha256).hexdigest()
        orders.put_item(Item={**item, "at": time.time_ns(), "signature": signature})
        return response(201, {"id": item["id"]})
    customer = event["pathParameters"]["customer"]
    found = totals.get_item(Key={"customer": customer}).get("Item", {})
    return response(200, {"total": shown(found.get("total", 0), currency)})


def response(status, body):
    return {
        "statusCode": status,
        "headers": {"Content-Type": "application/json"},
        "body": json.dumps(body),
    }

"""POST /orders: publishes an order. GET /orders/{order}: who has got it by now."""

import json
import os
import uuid

import boto3

topic = boto3.client("sns")
table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])


def lambda_handler(event, context):
    if event["routeKey"] == "POST /orders":
        order, kind = str(uuid.uuid4()), json.loads(event["body"])["kind"]
        topic.publish(
            TopicArn=os.environ["TOPIC_ARN"],
            Message=json.dumps({"order": order, "kind": kind}),
            MessageAttributes={"kind": {"DataType": "String", "StringValue": kind}},
        )
        return response(202, {"order": order})
    found = table.get_item(Key={"order": event["pathParameters"]["order"]}, ConsistentRead=True).get("Item")
    if not found:
        return response(404, {"message": "no one has got this order yet"})
    return response(200, {"stored": "stored" in found, "notified": "notified" in found})


def response(status, body):
    return {
        "statusCode": status,
        "headers": {"Content-Type": "application/json"},
        "body": json.dumps(body),
    }

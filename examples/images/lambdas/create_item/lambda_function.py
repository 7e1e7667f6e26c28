"""POST /items: saves a new item with a new uuid, and without an image."""

import json
import os
import uuid

import boto3

table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])

FIELDS = ("title", "content")


def lambda_handler(event, context):
    try:
        body = json.loads(event.get("body") or "")
    except ValueError:
        return response(400, {"message": "The body is not valid JSON"})
    if not isinstance(body, dict):
        return response(400, {"message": "The body is not a JSON object"})
    missing = [name for name in FIELDS if not isinstance(body.get(name), str)]
    if missing:
        return response(400, {"message": f"Missing, or not a text: {', '.join(missing)}"})
    item = {"uuid": str(uuid.uuid4()), **{name: body[name] for name in FIELDS}}
    table.put_item(Item=item)
    return response(200, {"uuid": item["uuid"]})


def response(status, body):
    return {
        "statusCode": status,
        "headers": {"Content-Type": "application/json"},
        "body": json.dumps(body),
    }

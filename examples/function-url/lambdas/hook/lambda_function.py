"""A webhook: counts the events of each kind. An event of a function URL looks like one of an HTTP API."""

import json
import os
from base64 import b64decode

import boto3

table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])


def lambda_handler(event, context):
    kind = kind_of(event)
    if not kind:
        return response(400, {"message": "an event has a `kind`"})
    counted = table.update_item(
        Key={"kind": kind},
        UpdateExpression="ADD #number :one",
        ExpressionAttributeNames={"#number": "number"},
        ExpressionAttributeValues={":one": 1},
        ReturnValues="UPDATED_NEW",
    )
    return response(200, {"kind": kind, "number": int(counted["Attributes"]["number"])})


def kind_of(event):
    body = event.get("body") or ""
    if event.get("isBase64Encoded"):
        body = b64decode(body)
    try:
        sent = json.loads(body)
    except ValueError:
        return None
    kind = sent.get("kind") if isinstance(sent, dict) else None
    return kind if isinstance(kind, str) else None


def response(status, body):
    return {"statusCode": status, "headers": {"content-type": "application/json"}, "body": json.dumps(body)}

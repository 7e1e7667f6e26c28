"""POST /items: saves a new item with a new uuid."""

import base64
import json
import os
import uuid

import boto3

table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])

FIELDS = ("title", "content")


def lambda_handler(event, context):
    try:
        fields = read_fields(event)
    except ValueError as problem:
        return answer(400, {"message": str(problem)})

    table.put_item(Item={"uuid": str(uuid.uuid4()), **fields})
    return answer(200, {"message": "A new item was saved successfully in database"})


def read_fields(event):
    """The fields of the new item; raises a ValueError that says what is missing."""
    body = unwrap(read_json(event))
    missing = [name for name in FIELDS if not isinstance(body.get(name), str)]
    if missing:
        raise ValueError(f"Missing, or not a text: {', '.join(missing)}")
    return {name: body[name] for name in FIELDS}


def read_json(event):
    """The body of the request, which must be a JSON object."""
    body = event.get("body") or ""
    try:
        if event.get("isBase64Encoded"):
            body = base64.b64decode(body)
        body = json.loads(body)
    except ValueError:
        raise ValueError("The body is not valid JSON") from None
    if not isinstance(body, dict):
        raise ValueError("The body is not a JSON object")
    return body


def unwrap(body):
    """Clients can also send the fields inside an event: {"event": {"body": {…}}}."""
    event = body.get("event")
    inner = event.get("body") if isinstance(event, dict) else None
    return inner if isinstance(inner, dict) else body


def answer(status, body):
    return {
        "statusCode": status,
        "headers": {"Content-Type": "application/json"},
        "body": json.dumps(body),
    }

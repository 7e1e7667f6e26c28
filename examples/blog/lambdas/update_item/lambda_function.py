"""PUT /items: changes the given fields of the item with the given uuid."""

import base64
import json
import os

import boto3
from boto3.dynamodb.conditions import Attr

table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])

FIELDS = ("title", "content")


def lambda_handler(event, context):
    try:
        uuid, changes = read_changes(event)
    except ValueError as problem:
        return answer(400, {"message": str(problem)})

    try:
        table.update_item(
            Key={"uuid": uuid},
            UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in changes),
            ExpressionAttributeNames={f"#{name}": name for name in changes},
            ExpressionAttributeValues={f":{name}": value for name, value in changes.items()},
            # Without this condition, an unknown uuid would become a new item.
            ConditionExpression=Attr("uuid").exists(),
        )
    except table.meta.client.exceptions.ConditionalCheckFailedException:
        return answer(404, {"message": f"There is no item {uuid}"})
    return answer(200, {"message": "The item was updated successfully in database"})


def read_changes(event):
    """The uuid and the fields to change; raises a ValueError that says what is missing."""
    body = read_json(event)
    uuid = body.get("uuid")
    if not isinstance(uuid, str) or not uuid:
        raise ValueError("Missing, or not a text: uuid")
    changes = {name: body[name] for name in FIELDS if name in body}
    if not changes:
        raise ValueError(f"Missing: at least one of {', '.join(FIELDS)}")
    wrong = [name for name, value in changes.items() if not isinstance(value, str)]
    if wrong:
        raise ValueError(f"Not a text: {', '.join(wrong)}")
    return uuid, changes


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


def answer(status, body):
    return {
        "statusCode": status,
        "headers": {"Content-Type": "application/json"},
        "body": json.dumps(body),
    }

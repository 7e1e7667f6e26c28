"""POST /projects: creates a project of a user, unless it already exists."""

import json
import os

import boto3

table = boto3.resource("dynamodb").Table(os.environ["PROJECTS_TABLE_NAME"])

FIELDS = ("username", "project_name")


def lambda_handler(event, context):
    try:
        body = json.loads(event.get("body") or "")
    except ValueError:
        return response(400, {"message": "The body is not valid JSON"})
    if not isinstance(body, dict):
        return response(400, {"message": "The body is not a JSON object"})
    missing = [name for name in FIELDS if not (isinstance(body.get(name), str) and body[name])]
    if missing:
        return response(400, {"message": f"Missing, or not a text: {', '.join(missing)}"})
    # The same project again is the same item.
    table.put_item(Item={name: body[name] for name in FIELDS})
    return response(200, {"message": f"The project {body['project_name']} exists"})


def response(status, body):
    return {
        "statusCode": status,
        "headers": {"Content-Type": "application/json"},
        "body": json.dumps(body),
    }

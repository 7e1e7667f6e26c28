"""GET /greetings/{name}: returns the greeting of the environment, and counts."""

import json
import logging
import os

import boto3

log = logging.getLogger()
log.setLevel(os.environ["LOG_LEVEL"])
table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])


def lambda_handler(event, context):
    name = event["pathParameters"]["name"]
    log.debug("Greeting %s", name)
    changed = table.update_item(
        Key={"name": name},
        UpdateExpression="ADD times :one",
        ExpressionAttributeValues={":one": 1},
        ReturnValues="UPDATED_NEW",
    )
    answer = {
        "message": f"{os.environ['GREETING']}, {name}!",
        "table": table.name,
        "times": int(changed["Attributes"]["times"]),
    }
    return {
        "statusCode": 200,
        "headers": {"Content-Type": "application/json"},
        "body": json.dumps(answer),
    }

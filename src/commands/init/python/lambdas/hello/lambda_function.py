"""GET /hello/{name}: returns a greeting, and counts the visits of each name."""

import json
import os

import boto3

table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])


def lambda_handler(event, context):
    name = event["pathParameters"]["name"]
    changed = table.update_item(
        Key={"name": name},
        UpdateExpression="ADD visits :one",
        ExpressionAttributeValues={":one": 1},
        ReturnValues="UPDATED_NEW",
    )
    visits = int(changed["Attributes"]["visits"])
    return {
        "statusCode": 200,
        "headers": {"Content-Type": "application/json"},
        "body": json.dumps({"message": f"Hello, {name}!", "visits": visits}),
    }

"""DELETE /items/{uuid}: deletes one item."""

import json
import os

import boto3
from boto3.dynamodb.conditions import Attr

table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])


def lambda_handler(event, context):
    uuid = event["pathParameters"]["uuid"]
    try:
        # Without this condition, deleting an item that does not exist would look like a success.
        table.delete_item(Key={"uuid": uuid}, ConditionExpression=Attr("uuid").exists())
    except table.meta.client.exceptions.ConditionalCheckFailedException:
        return answer(404, {"message": f"There is no item {uuid}"})
    return answer(200, {"message": "The item was deleted successfully from database"})


def answer(status, body):
    return {
        "statusCode": status,
        "headers": {"Content-Type": "application/json"},
        "body": json.dumps(body),
    }

"""Stores each order of the queue. The queue gets messages as they were published."""

import json
import os

import boto3

table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])


def lambda_handler(event, context):
    for message in event["Records"]:
        order = json.loads(message["body"])
        table.update_item(
            Key={"order": order["order"]},
            UpdateExpression="SET #stored = :yes",  # a reserved word
            ExpressionAttributeNames={"#stored": "stored"},
            ExpressionAttributeValues={":yes": True},
        )

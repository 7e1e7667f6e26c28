"""Counts the clicks of each page."""

import base64
import json
import os

import boto3

table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])


def lambda_handler(event, context):
    for record in event["Records"]:
        click = json.loads(base64.b64decode(record["kinesis"]["data"]))
        table.update_item(
            Key={"page": click["page"]},
            UpdateExpression="ADD clicks :one",
            ExpressionAttributeValues={":one": 1},
        )

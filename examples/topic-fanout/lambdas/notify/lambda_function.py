"""Notes each order of the topic that is express."""

import json
import os

import boto3

table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])


def lambda_handler(event, context):
    for record in event["Records"]:
        order = json.loads(record["Sns"]["Message"])
        table.update_item(
            Key={"order": order["order"]},
            UpdateExpression="SET notified = :yes",
            ExpressionAttributeValues={":yes": True},
        )

"""Notes what the rule and the schedule hand on."""

import os

import boto3

table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])


def lambda_handler(event, context):
    table.put_item(Item={"note": event["note"]})

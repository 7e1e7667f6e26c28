"""Adds new orders to the totals of their customers: the stream of the table starts it."""

import os

import boto3
from money import total

totals = boto3.resource("dynamodb").Table(os.environ["TOTALS"])


def lambda_handler(event, context):
    for record in event["Records"]:
        order = record["dynamodb"]["NewImage"]
        totals.update_item(
            Key={"customer": order["customer"]["S"]},
            UpdateExpression="ADD #total :amount",
            ExpressionAttributeNames={"#total": "total"},
            ExpressionAttributeValues={":amount": total([order["total"]["N"]])},
        )

"""POST /clicks/{page}: puts a record into the stream. GET /clicks/{page}: returns how often the page was clicked on."""

import json
import os
import time

import boto3

WAIT = 6  # seconds, less than the timeout of the function

stream = boto3.client("kinesis")
table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])


def lambda_handler(event, context):
    page = event["pathParameters"]["page"]
    if event["routeKey"].startswith("POST"):
        # The records of a page have the same key, so they stay in order.
        stream.put_record(
            StreamName=os.environ["STREAM_NAME"],
            PartitionKey=page,
            Data=json.dumps({"page": page}).encode(),
        )
        return response(202, {"page": page})
    clicks = counted(page)
    return response(200, {"clicks": clicks}) if clicks else response(404, {"message": "no clicks yet"})


def counted(page):
    end = time.monotonic() + WAIT
    while True:
        item = table.get_item(Key={"page": page}, ConsistentRead=True).get("Item", {})
        if item or time.monotonic() > end:
            return int(item.get("clicks", 0))
        time.sleep(0.2)


def response(status, body):
    return {
        "statusCode": status,
        "headers": {"Content-Type": "application/json"},
        "body": json.dumps(body),
    }

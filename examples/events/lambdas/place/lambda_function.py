"""POST /orders: puts an event on the bus. GET /notes/{note}: returns a note, and waits some seconds for it."""

import json
import os
import time

import boto3

WAIT = 5  # seconds, less than the timeout of the function

events = boto3.client("events")
table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])


def lambda_handler(event, context):
    if event["routeKey"] == "POST /orders":
        order = json.loads(event["body"])
        entry = {
            "EventBusName": os.environ["BUS_NAME"],
            "Source": "shop",
            "DetailType": "order",
            "Detail": json.dumps(order),
        }
        put = events.put_events(Entries=[entry])
        # A response that is a success may say that the event was not taken.
        return response(502 if put["FailedEntryCount"] else 202, {"order": order["order"]})
    found = note(event["pathParameters"]["note"])
    return response(200, found) if found else response(404, {"message": "there is no such note"})


def note(name):
    end = time.monotonic() + WAIT
    while True:
        found = table.get_item(Key={"note": name}, ConsistentRead=True).get("Item")
        if found or time.monotonic() > end:
            return found
        time.sleep(0.2)


def response(status, body):
    return {
        "statusCode": status,
        "headers": {"Content-Type": "application/json"},
        "body": json.dumps(body, default=str),
    }

"""POST /jobs: puts a job into the queue. GET /jobs/{job}: returns its result, and waits some seconds for it."""

import json
import os
import time
import uuid

import boto3

WAIT = 6  # seconds, less than the timeout of the function

queue = boto3.client("sqs")
table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])


def lambda_handler(event, context):
    if event["routeKey"] == "POST /jobs":
        job = str(uuid.uuid4())
        message = {"job": job, "text": json.loads(event["body"])["text"]}
        queue.send_message(QueueUrl=os.environ["QUEUE_URL"], MessageBody=json.dumps(message))
        return response(202, {"job": job})
    found = result(event["pathParameters"]["job"])
    return response(200, found) if found else response(404, {"message": "no such job, or it is not finished yet"})


def result(job):
    end = time.monotonic() + WAIT
    while True:
        found = table.get_item(Key={"job": job}, ConsistentRead=True).get("Item")
        if found or time.monotonic() > end:
            return found
        time.sleep(0.2)


def response(status, body):
    return {
        "statusCode": status,
        "headers": {"Content-Type": "application/json"},
        "body": json.dumps(body),
    }

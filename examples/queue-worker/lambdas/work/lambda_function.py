"""Works on the jobs of a queue, and says which ones failed: only these come again."""

import json
import os

import boto3

table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])


def lambda_handler(event, context):
    failed = []
    for message in event["Records"]:
        try:
            work(json.loads(message["body"]))
        except Exception as error:
            print(f"The job {message['body']} failed: {error!r}")
            failed.append({"itemIdentifier": message["messageId"]})
    return {"batchItemFailures": failed}


def work(job):
    table.put_item(Item={"job": job["job"], "result": job["text"].upper()})

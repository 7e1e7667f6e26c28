"""Works on messages. A message whose text is `bad` fails, and only that one comes again."""

import json
import os

import boto3

table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])


def lambda_handler(event, context):
    failed = []
    for record in event["Records"]:
        try:
            work_on(json.loads(record["body"]))
        except Exception as error:
            print(f"failed on {record['messageId']}: {error}")
            failed.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failed}


def work_on(message):
    if message["text"] == "bad":
        raise ValueError("the text is bad")
    table.put_item(Item={"id": message["id"], "text": message["text"].upper()})

"""GET /pages/{project}: the pages of a project, with their texts."""

import json
import os

import boto3
from boto3.dynamodb.conditions import Key

table = boto3.resource("dynamodb").Table(os.environ["PAGES_TABLE_NAME"])


def lambda_handler(event, context):
    pages = pages_of(event["pathParameters"]["project"])
    # DynamoDB's numbers are Decimals, which json cannot write.
    return response(200, [{"page": int(page["page"]), "text": page["text"]} for page in pages])


def pages_of(project):
    """In the order of their numbers. A query returns 1 MB per page."""
    query = table.meta.client.get_paginator("query")
    wanted = Key("project").eq(project)
    for found in query.paginate(TableName=table.name, KeyConditionExpression=wanted, ConsistentRead=True):
        yield from found["Items"]


def response(status, body):
    return {
        "statusCode": status,
        "headers": {"Content-Type": "application/json"},
        "body": json.dumps(body),
    }

"""GET /pages/count/{project+}: how many pages a project has. Its name may have slashes."""

import json
import os

import boto3
from boto3.dynamodb.conditions import Key

table = boto3.resource("dynamodb").Table(os.environ["PAGES_TABLE_NAME"])


def lambda_handler(event, context):
    project = event["pathParameters"]["project"]
    return response(200, {"project": project, "count": count_of(project)})


def count_of(project):
    """A query looks at 1 MB per request."""
    query = table.meta.client.get_paginator("query")
    wanted = Key("project").eq(project)
    found = query.paginate(TableName=table.name, KeyConditionExpression=wanted, Select="COUNT", ConsistentRead=True)
    return sum(page["Count"] for page in found)


def response(status, body):
    return {
        "statusCode": status,
        "headers": {"Content-Type": "application/json"},
        "body": json.dumps(body),
    }

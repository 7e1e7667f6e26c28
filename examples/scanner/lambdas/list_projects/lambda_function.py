"""GET /projects/{username}: the projects of a user."""

import json
import os

import boto3
from boto3.dynamodb.conditions import Key

table = boto3.resource("dynamodb").Table(os.environ["PROJECTS_TABLE_NAME"])


def lambda_handler(event, context):
    return response(200, list(projects_of(event["pathParameters"]["username"])))


def projects_of(username):
    """A query returns 1 MB per page."""
    query = table.meta.client.get_paginator("query")
    wanted = Key("username").eq(username)
    for found in query.paginate(TableName=table.name, KeyConditionExpression=wanted, ConsistentRead=True):
        yield from found["Items"]


def response(status, body):
    return {
        "statusCode": status,
        "headers": {"Content-Type": "application/json"},
        "body": json.dumps(body),
    }

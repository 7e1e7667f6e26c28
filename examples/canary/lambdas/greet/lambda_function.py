"""Greets, and says which version of the function did so."""

import json


def lambda_handler(event, context):
    name = event["pathParameters"]["name"]
    body = {"greeting": f"Hello, {name}!", "version": context.function_version}
    return {"statusCode": 200, "headers": {"Content-Type": "application/json"}, "body": json.dumps(body)}

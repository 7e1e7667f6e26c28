"""POST /orders/{id}: starts the state machine. GET /orders/{id}: returns an order that is shipped or cancelled."""

import json
import os

import boto3

flows = boto3.client("stepfunctions")
table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])


def lambda_handler(event, context):
    order = event["pathParameters"]["id"]
    if event["routeKey"].startswith("POST"):
        flows.start_execution(stateMachineArn=os.environ["FLOW_ARN"], input=json.dumps({"id": order}))
        return response(202, {"id": order})
    found = table.get_item(Key={"id": order}, ConsistentRead=True).get("Item")
    return response(200, found) if found else response(404, {"message": "no such order, or it is not finished"})


def response(status, body):
    return {
        "statusCode": status,
        "headers": {"Content-Type": "application/json"},
        "body": json.dumps(body),
    }

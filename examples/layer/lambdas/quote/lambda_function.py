"""GET /quotes/{country}/{net}: the price with tax."""

import json

from pricing import gross


def lambda_handler(event, context):
    path = event["pathParameters"]
    return {
        "statusCode": 200,
        "headers": {"Content-Type": "application/json"},
        "body": json.dumps({"gross": gross(path["net"], path["country"])}),
    }

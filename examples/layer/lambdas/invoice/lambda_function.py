"""POST /invoices: the sum of the lines of an invoice, with tax."""

import json
from decimal import Decimal

from pricing import gross


def lambda_handler(event, context):
    invoice = json.loads(event["body"])
    net = sum(Decimal(line) for line in invoice["lines"])
    return {
        "statusCode": 200,
        "headers": {"Content-Type": "application/json"},
        "body": json.dumps({"lines": len(invoice["lines"]), "total": gross(str(net), invoice["country"])}),
    }

"""GET /view/{uuid}: a page with one item."""

import os

import boto3
import pages

table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])


def lambda_handler(event, context):
    item = table.get_item(Key={"uuid": event["pathParameters"]["uuid"]}, ConsistentRead=True).get("Item")
    if item is None:
        return pages.missing()
    links = pages.nav(("All items", "../"), ("Predict", pages.at("../predict", item)))
    return pages.page(item["title"], links, pages.content(item["content"]))

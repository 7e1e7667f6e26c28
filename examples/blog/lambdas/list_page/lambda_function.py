"""GET /: a page with all items."""

import os

import boto3
import pages

table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])


def lambda_handler(event, context):
    # Links lead to pages below this one, wherever the API is.
    entries = [
        f"{pages.link(item['title'], pages.at('view', item))} · {pages.link('predict', pages.at('predict', item))}"
        for item in sorted(all_items(), key=lambda item: (item["title"], item["uuid"]))
    ]
    return pages.page("Blog", pages.items(entries) if entries else pages.note("There are no items yet."))


def all_items():
    """A scan returns 1 MB per page. It is consistent: an item is listed as soon as it is saved."""
    scan = table.meta.client.get_paginator("scan")
    for page in scan.paginate(TableName=table.name, ConsistentRead=True):
        yield from page["Items"]

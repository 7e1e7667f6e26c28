"""GET /: a page with all items. GET /view/{uuid}: a page with one item, its image, and what the image shows."""

import os
from urllib.parse import urlsplit

import boto3
import html_page as page
from botocore.config import Config

BUCKET = os.environ["BUCKET_NAME"]
SECONDS = 300

table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])
s3 = boto3.client("s3", config=Config(signature_version="s3v4", s3={"addressing_style": "virtual"}))


def lambda_handler(event, context):
    if event["routeKey"] == "GET /":
        return list_page()
    item = table.get_item(Key={"uuid": event["pathParameters"]["uuid"]}, ConsistentRead=True).get("Item")
    return page.missing() if item is None else view_page(item)


def list_page():
    items = sorted(all_items(), key=lambda item: (item["title"], item["uuid"]))
    # Links lead to pages below this one, wherever the API is.
    entries = [page.link(item["title"], f"view/{item['uuid']}") + labels_of(item) for item in items]
    return page.page("Images", page.ADD, page.items(entries) if entries else page.note("There are no items yet."))


def labels_of(item):
    return page.text("".join(f" · {label}" for label in item.get("labels", [])))


def view_page(item):
    key = item.get("image")
    # Also where there is no image yet: by it the page knows where images are.
    url = s3.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": key or "none"}, ExpiresIn=SECONDS)
    parts = [page.link("All items", "../"), page.note(item["content"])]
    if key:
        parts += [
            page.image(url, item["title"]),
            page.found("Labels", item["labels"]),
            page.found("Logos", item["logos"]),
        ]
    else:
        parts.append(page.note("There is no image yet."))
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(url))
    return page.page(item["title"], *parts, page.attach(item["uuid"]), storage=origin)


def all_items():
    """A scan returns 1 MB per page. It is consistent: an item is listed as soon as it is saved."""
    scan = table.meta.client.get_paginator("scan")
    for found in scan.paginate(TableName=table.name, ConsistentRead=True):
        yield from found["Items"]

"""POST /items/{uuid}/image: a URL to which an image can be uploaded, for five minutes."""

import json
import os
import re
import secrets

import boto3
from botocore.config import Config

BUCKET = os.environ["BUCKET_NAME"]
TYPES = {"png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg"}
SECONDS = 300

table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])
# By default, boto3 may sign URLs of another host, which redirects; a browser does not follow that.
s3 = boto3.client("s3", config=Config(signature_version="s3v4", s3={"addressing_style": "virtual"}))


def lambda_handler(event, context):
    uuid = event["pathParameters"]["uuid"]
    try:
        name = file_name(event)
    except ValueError as problem:
        return response(400, {"message": str(problem)})
    if "Item" not in table.get_item(Key={"uuid": uuid}, ConsistentRead=True):
        return response(404, {"message": f"There is no item {uuid}"})

    # Each image has a key of its own, so a page never shows an earlier one.
    key, content_type = f"items/{uuid}/{secrets.token_hex(8)}/{name}", TYPES[ending(name)]
    url = s3.generate_presigned_url(
        "put_object",
        # The type is signed too: a request with another one is refused.
        Params={"Bucket": BUCKET, "Key": key, "ContentType": content_type},
        ExpiresIn=SECONDS,
    )
    return response(200, {"upload_url": url, "content_type": content_type, "image": key})


def file_name(event):
    """The name of the file, as the end of an object's key; raises a ValueError that says what is wrong."""
    try:
        body = json.loads(event.get("body") or "")
    except ValueError:
        raise ValueError("The body is not valid JSON") from None
    name = body.get("file") if isinstance(body, dict) else None
    if not isinstance(name, str):
        raise ValueError("Missing, or not a text: file")
    if ending(name) not in TYPES:
        raise ValueError(f"The name of the file must end with one of {', '.join(TYPES)}")
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name)[-100:]


def ending(name):
    return name.rpartition(".")[2].lower()


def response(status, body):
    return {
        "statusCode": status,
        "headers": {"Content-Type": "application/json"},
        "body": json.dumps(body),
    }

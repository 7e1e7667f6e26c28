"""POST /pages: a URL to which a page of a project can be uploaded as a PNG file, for five minutes."""

import json
import os

import boto3
from botocore.config import Config

BUCKET = os.environ["BUCKET_NAME"]
SECONDS = 300

# By default, boto3 may sign URLs of another host, which redirects; a browser does not follow that.
s3 = boto3.client("s3", config=Config(signature_version="s3v4", s3={"addressing_style": "virtual"}))


def lambda_handler(event, context):
    try:
        key = key_of(event)
    except ValueError as problem:
        return response(400, {"message": str(problem)})
    # The type is signed too: a request with another one is refused.
    params = {"Bucket": BUCKET, "Key": key, "ContentType": "image/png"}
    url = s3.generate_presigned_url("put_object", Params=params, ExpiresIn=SECONDS)
    return response(200, {"upload_url": url, "content_type": "image/png"})


def key_of(event):
    """The key of the object, which says project and page; raises a ValueError that says what is wrong."""
    try:
        body = json.loads(event.get("body") or "")
    except ValueError:
        raise ValueError("The body is not valid JSON") from None
    if not isinstance(body, dict):
        raise ValueError("The body is not a JSON object")
    project, page = body.get("project"), body.get("page")
    if not isinstance(project, str) or not all(project.split("/")) or {".", ".."} & set(project.split("/")):
        raise ValueError("Missing, or not a name: project")
    if type(page) is not int or page < 1:
        raise ValueError("Missing, or not a number from 1: page")
    return f"{project}/{page}.png"


def response(status, body):
    return {
        "statusCode": status,
        "headers": {"Content-Type": "application/json"},
        "body": json.dumps(body),
    }

"""Has Textract read each new page, and saves its text."""

import os
from urllib.parse import unquote_plus

import boto3

table = boto3.resource("dynamodb").Table(os.environ["PAGES_TABLE_NAME"])
textract = boto3.client("textract")


def lambda_handler(event, context):
    for record in event["Records"]:
        bucket = record["s3"]["bucket"]["name"]
        key = unquote_plus(record["s3"]["object"]["key"])  # S3 encodes it
        project, _, page = key.removesuffix(".png").rpartition("/")
        if not (project and page.isdecimal()):
            print(f"{key} is not a page of a project")
            continue
        # S3 may send an event twice: the item is the same then.
        table.put_item(Item={"project": project, "page": int(page), "text": text_in(bucket, key)})


def text_in(bucket, key):
    """The lines of a page."""
    found = textract.detect_document_text(Document={"S3Object": {"Bucket": bucket, "Name": key}})
    return "\n".join(block["Text"] for block in found["Blocks"] if block["BlockType"] == "LINE")

"""PUT /shots/{name}: puts a picture into the bucket. GET /thumbs/{name}: returns its thumbnail."""

import json
import os

import boto3
from botocore.exceptions import ClientError

s3 = boto3.client("s3")
BUCKET = os.environ["BUCKET"]


def lambda_handler(event, context):
    name = event["pathParameters"]["name"]
    if event["routeKey"].startswith("PUT"):
        picture = json.loads(event["body"])["picture"]
        s3.put_object(Bucket=BUCKET, Key=f"in/{name}", Body=picture.encode())
        return {"statusCode": 204}
    try:
        thumbnail = s3.get_object(Bucket=BUCKET, Key=f"thumbs/{name}")["Body"].read()
    except ClientError as error:
        # S3 says AccessDenied of a missing key where the function may list the bucket only under a prefix.
        if error.response["Error"]["Code"] in ("NoSuchKey", "AccessDenied"):
            return {"statusCode": 404, "body": json.dumps({"message": "there is no such thumbnail"})}
        raise
    return {
        "statusCode": 200,
        "headers": {"Content-Type": "application/json"},
        "body": json.dumps({"thumbnail": thumbnail.decode()}),
    }

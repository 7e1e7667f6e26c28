"""Asks Rekognition what each new image shows, and saves that on its item."""

import os
from urllib.parse import unquote_plus

import boto3
from boto3.dynamodb.conditions import Attr

table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])
rekognition = boto3.client("rekognition")

# Labels of an image with a logo.
LOGOS = {"Logo", "Trademark", "Emblem"}
LEAST = 75  # percent


def lambda_handler(event, context):
    for record in event["Records"]:
        bucket = record["s3"]["bucket"]["name"]
        key = unquote_plus(record["s3"]["object"]["key"])  # S3 encodes it
        labels, logos = found_in({"S3Object": {"Bucket": bucket, "Name": key}})
        save(key, labels, logos)


def found_in(image):
    """The labels of an image, the surest first, and what its logos say."""
    try:
        found = rekognition.detect_labels(Image=image, MaxLabels=10, MinConfidence=LEAST)
    except rekognition.exceptions.InvalidImageFormatException:
        print(f"{image['S3Object']['Name']} is not an image")
        return [], []
    labels = [label["Name"] for label in found["Labels"]]
    return labels, lines_in(image) if LOGOS & set(labels) else []


def lines_in(image):
    found = rekognition.detect_text(Image=image)["TextDetections"]
    return [one["DetectedText"] for one in found if one["Type"] == "LINE" and one["Confidence"] >= LEAST]


def save(key, labels, logos):
    uuid = key.split("/")[1]
    try:
        table.update_item(
            Key={"uuid": uuid},
            UpdateExpression="SET image = :image, labels = :labels, logos = :logos",
            ExpressionAttributeValues={":image": key, ":labels": labels, ":logos": logos},
            # Without this condition, a deleted item would come back without its title.
            ConditionExpression=Attr("uuid").exists(),
        )
    except table.meta.client.exceptions.ConditionalCheckFailedException:
        print(f"there is no item {uuid} any more")

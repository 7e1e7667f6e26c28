"""Passes events on to the webhook, whose URL is in the environment."""

import os
from urllib.error import HTTPError
from urllib.request import Request, urlopen


def lambda_handler(event, context):
    headers = {"content-type": "application/json"}
    request = Request(os.environ["HOOK_URL"], (event.get("body") or "").encode(), headers, method="POST")
    try:
        with urlopen(request, timeout=10) as response:
            status, body = response.status, response.read()
    except HTTPError as error:
        status, body = error.code, error.read()
    return {"statusCode": status, "headers": headers, "body": body.decode()}

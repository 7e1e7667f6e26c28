"""Runs moto's server at a free port of this machine alone, and says on standard output which one it is, once it listens.

It ends when its standard input does: whoever started it has ended, by whatever way.
"""

import os
import sys
import threading

import xmltodict
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.s3.responses import S3Response
from werkzeug.serving import make_server


def end_with_the_parent():
    sys.stdin.buffer.read()
    os._exit(0)


def create(service):
    """moto's own answer to an operation that it lacks is a page that says that it has failed."""
    app = create_backend_app(service)
    app.register_error_handler(NotImplementedError, lambda _: ('{"__type": "UnknownOperationException"}', 400))
    return app


def serialized(response, result, serialize=S3Response.serialized):
    """moto names some documents after their operations, which no SDK that looks at the names can read."""
    status, headers, body = serialize(response, result)
    for name in ("Versioning", "Notification"):
        body = body.replace(f"GetBucket{name}Response", f"{name}Configuration")
        body = body.replace(f"GetBucket{name}ConfigurationResponse", f"{name}Configuration")
    if response.data.get("Action") == "CreateBucket" and status == 200:
        take_tags(response)
    return status, headers, body


def take_tags(response):
    """moto leaves out the tags of a new bucket, so nothing else could be said of it."""
    wanted = xmltodict.parse(response.body, force_list={"Tag"})["CreateBucketConfiguration"].get("Tags") or {}
    tags = {tag["Key"]: tag["Value"] or "" for tag in wanted.get("Tag", [])}
    response.backend.put_bucket_tagging(response.bucket_name, tags)


S3Response.serialized = serialized
threading.Thread(target=end_with_the_parent, daemon=True).start()
server = make_server("127.0.0.1", 0, DomainDispatcherApplication(create), threaded=True)
print(server.server_port, flush=True)
server.serve_forever()

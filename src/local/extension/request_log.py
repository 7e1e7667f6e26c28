"""The requests that APIs served, a JSON object a line, for `provision dev` to show: when, at which API, what, and the
response's status and time. No header, query or body is kept."""

import json
import os
import time

SEAMS = {
    "ministack.app:_handle_execute_api_request":
        "host path method headers body query_params raw_path raw_query_string",
    "ministack.app:_parse_execute_api_url": "host path",
    "ministack.app:_resolve_stage_and_path": "api_id tentative_stage execute_path",
}

# A longer log starts again: it is for the last seconds.
MOST = 1 << 20


def install(file):
    """Writes a line for each request from now on, into a file of the user's alone."""
    from ministack import app

    file.unlink(missing_ok=True)
    app._handle_execute_api_request = logged(app._handle_execute_api_request, file)


def logged(handler, file):
    """The handler of an API's requests with a line for each."""
    async def handle(host, path, method, *args, **others):
        begun, start = time.time(), time.monotonic()
        response = await handler(host, path, method, *args, **others)
        if response is not None and (place := place_of(host, path)):
            api, path = place
            took = round((time.monotonic() - start) * 1000)
            write(file, {"at": int(begun * 1000), "endpoint": api, "method": method, "path": path,
                         "status": response[0], "milliseconds": took})
        return response
    return handle


def place_of(host, path):
    """The API of a request and the path within its stage."""
    from ministack import app

    parsed = app._parse_execute_api_url(host, path)
    if parsed is None:
        return None
    api, stage, path = parsed
    return api, app._resolve_stage_and_path(api, stage, path)[1]


def write(file, line):
    """Appends a line as one write, so that a reader never sees half of one."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    with open(os.open(file, flags, 0o600), "wb", buffering=0) as out:
        if os.fstat(out.fileno()).st_size > MOST:
            out.truncate(0)
        out.write(json.dumps(line).encode() + b"\n")

"""Kinesis data streams: one has the tags that its create names from the beginning, and the tagging API shows it. Its
capacity mode can be changed. The emulator drops the tags, and does not know the call."""

import json

SEAMS = {
    "ministack.core.responses:error_response_json": "code message status extra message_key content_type",
    "ministack.core.responses:json_response": "data status content_type",
    "ministack.services.kinesis:_create_stream": "data #d57ac0a660799ddf",
    "ministack.services.kinesis:_resolve_stream": "data",
    "ministack.services.kinesis:_streams": "AccountRegionScopedDict",
    "ministack.services.kinesis:handle_request": "method path headers body query_params",
    "ministack.services.tagging:_COLLECTORS": "dict",
}


def install():
    """Replaces what creates streams and what takes the calls, and adds them to the tagging API."""
    from ministack.services import kinesis, tagging

    kinesis._create_stream = with_tags(kinesis._create_stream)
    kinesis.handle_request = with_modes(kinesis.handle_request)
    tagging._COLLECTORS["kinesis"] = tagged


def with_tags(create):
    """CreateStream, which keeps the tags that it is given."""
    def call(data):
        from ministack.services import kinesis

        response = create(data)
        if response[0] == 200:
            kinesis._streams[data["StreamName"]]["tags"].update(data.get("Tags") or {})
        return response
    return call


def with_modes(handle):
    """The service, with UpdateStreamMode."""
    async def call(method, path, headers, body, query_params):
        if headers.get("x-amz-target", "").endswith(".UpdateStreamMode"):
            return set_mode(json.loads(body))
        return await handle(method, path, headers, body, query_params)
    return call


def set_mode(data):
    from ministack.core.responses import error_response_json, json_response
    from ministack.services import kinesis

    name, stream = kinesis._resolve_stream(data)
    if not stream:
        return error_response_json("ResourceNotFoundException", f"Stream {name} not found", 400)
    stream["StreamModeDetails"] = data["StreamModeDetails"]
    return json_response({})


def tagged():
    """The streams with their tags, in the form of the tagging API."""
    from ministack.services import kinesis

    for stream in kinesis._streams.values():
        if stream["tags"]:
            yield stream["StreamARN"], [{"Key": key, "Value": value} for key, value in stream["tags"].items()]

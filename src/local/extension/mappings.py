"""Event source mappings: Lambda has one of a source to a function, none of a queue that does not exist or that shows a
message again while the function may still work on it, and none of a stream without a place to begin. The emulator has
them. It forgets the time from which a stream is read, and begins to read one some time after the mapping is there."""

import json
from contextvars import ContextVar

SEAMS = {
    "ministack.core.responses:error_response_json": "code message status extra message_key content_type",
    "ministack.core.responses:json_response": "data status content_type",
    "ministack.services.kinesis:_streams": "AccountRegionScopedDict",
    "ministack.services.lambda_svc:_create_esm": "data #d351521bb6cdd30f",
    "ministack.services.lambda_svc:_esms": "AccountRegionScopedDict",
    "ministack.services.lambda_svc:_esm_response": "esm",
    "ministack.services.lambda_svc:_get_func_record_for_qualifier": "name qualifier",
    "ministack.services.lambda_svc:_init_stream_position": "esm_id source_arn starting #bef560b23a1a9826",
    "ministack.services.lambda_svc:_kinesis_positions": "AccountRegionScopedDict",
    "ministack.services.lambda_svc:_policy_resource_arn": "func_name qualifier",
    "ministack.services.lambda_svc:_resolve_existing_esm_function": "function_ref",
    "ministack.services.lambda_svc:_update_esm": "esm_id data #1b7e0409cb6593c2",
    "ministack.services.lambda_svc:_validate_event_source_arn": "event_source_arn",
    "ministack.services.lambda_svc:_validate_scaling_config": "data source_arn",
    "ministack.services.sqs:_queue_by_arn": "arn",
}

NO_QUEUE = ("Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. SQS Error "
            "Message: The specified queue does not exist.")

# The time from which the mapping that is being created reads.
since: ContextVar[float | None] = ContextVar("since", default=None)


def install():
    """Replaces what creates and what changes mappings, and where they begin."""
    from ministack.services import lambda_svc

    lambda_svc._create_esm = strictly_created(lambda_svc._create_esm)
    lambda_svc._update_esm = strictly_updated(lambda_svc._update_esm)
    lambda_svc._init_stream_position = at_once(lambda_svc._init_stream_position)


def strictly_created(create):
    """CreateEventSourceMapping, with AWS's refusals."""
    def call(data):
        from ministack.core.responses import error_response_json, json_response
        from ministack.services import lambda_svc

        source, begin = data.get("EventSourceArn", ""), data.get("StartingPositionTimestamp")
        if refused := lambda_svc._validate_scaling_config(data, source):
            return refused
        if why := misread(source, data):
            return error_response_json("InvalidParameterValueException", why, 400)
        if refused := refusal(data.get("FunctionName", ""), source, None):
            return refused
        since.set(begin)
        response = create(data)
        if begin is None or response[0] != 202:
            return response
        mapping = lambda_svc._esms[json.loads(response[2])["UUID"]]
        mapping["StartingPositionTimestamp"] = begin
        return json_response(lambda_svc._esm_response(mapping), 202)
    return call


def at_once(begin):
    """Where a mapping begins to read, which is decided as soon as it is there."""
    def call(esm_id, source_arn, starting):
        from ministack.services import kinesis, lambda_svc

        stream = kinesis._streams.get(source_arn.rpartition("/")[2]) if ":kinesis:" in source_arn else None
        if stream is None:
            return begin(esm_id, source_arn, starting)
        limit = {"TRIM_HORIZON": 0, "AT_TIMESTAMP": since.get()}.get(starting, float("inf"))
        lambda_svc._kinesis_positions[esm_id] = {
            shard: sum(record["ApproximateArrivalTimestamp"] < limit for record in content["records"])
            for shard, content in stream["shards"].items()}
    return call


def strictly_updated(update):
    """UpdateEventSourceMapping, with the same ones: the function may be another one, and the source never."""
    def call(esm_id, data):
        from ministack.services import lambda_svc

        mapping = lambda_svc._esms.get(esm_id)
        if mapping is None:
            return update(esm_id, data)
        function = data.get("FunctionName") or mapping["FunctionArn"]
        return refusal(function, mapping["EventSourceArn"], esm_id) or update(esm_id, data)
    return call


def misread(source, data):
    """Why a stream cannot be read as a request wants it."""
    kind = "kinesis" if ":kinesis:" in source else "dynamodb" if "/stream/" in source else None
    position = data.get("StartingPosition")
    if kind is None:
        return None
    if position is None:
        return ("1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: Member "
                "must not be null.")
    if position not in ("TRIM_HORIZON", "LATEST") and (kind, position) != ("kinesis", "AT_TIMESTAMP"):
        return f"Unsupported starting position for arn type: {position}"
    if position == "AT_TIMESTAMP" and data.get("StartingPositionTimestamp") is None:
        return "StartingPositionTimestamp is required for the position AT_TIMESTAMP."
    if "OnSuccess" in (data.get("DestinationConfig") or {}):
        return "Unsupported OnSuccess parameter for given event source mapping type."
    return None


def refusal(function, source, own):
    """Why a function cannot have the mapping `own` of a source; that there is no such function or source, the emulator
    says."""
    from ministack.core.responses import error_response_json
    from ministack.services import lambda_svc

    name, qualifier, no_function = lambda_svc._resolve_existing_esm_function(function)
    _, no_source = lambda_svc._validate_event_source_arn(source)
    if no_function or no_source:
        return None
    _, config = lambda_svc._get_func_record_for_qualifier(name, qualifier)
    if ":sqs:" in source and (why := too_hasty(source, config["Timeout"])):
        return error_response_json("InvalidParameterValueException", why, 400)
    arn = lambda_svc._policy_resource_arn(name, qualifier)
    for id, other in lambda_svc._esms.items():
        if id != own and (other["EventSourceArn"], other["FunctionArn"]) == (source, arn):
            return error_response_json("ResourceConflictException", exists(other), 409)
    return None


def too_hasty(queue, timeout):
    """Why a queue cannot start a function that may run so many seconds."""
    from ministack.services import sqs

    queue = sqs._queue_by_arn(queue)
    if queue is None:
        return NO_QUEUE
    visibility = int(queue["attributes"].get("VisibilityTimeout", 30))
    if visibility < timeout:
        return f"Queue visibility timeout: {visibility} seconds is less than Function timeout: {timeout} seconds"
    return None


def exists(mapping):
    """That there is such a mapping. AWS says it of queues and of streams with different words."""
    source, (_, _, function) = mapping["EventSourceArn"], mapping["FunctionArn"].partition(":function:")
    pair = f'(" {source} ") and function (" {function} ")'
    text = (f"An event source mapping with SQS arn {pair} already exists." if ":sqs:" in source
            else f"The event source arn {pair} provided mapping already exists.")
    return f"{text} Please update or delete the existing mapping with UUID {mapping['UUID']}"

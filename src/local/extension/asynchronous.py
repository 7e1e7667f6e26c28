"""Asynchronous invocations: of topics, rules, schedules and buckets, and those that ask for it. As at AWS, an event
that fails is tried again, twice if nothing else is set, and then goes to the function's destination, and as it came to
its dead letters. Between the tries are moments instead of minutes.

The emulator invokes functions of topics and rules once, and does not care for what becomes of it. It knows no
destination for successes, sends dead letters in the form of destinations, and counts three invocations always.
"""

import contextvars
import json
import threading
import time
import uuid

from . import destinations

SEAMS = {
    "ministack.services.eventbridge:_dispatch_to_lambda": "arn payload #1f95adbaed3a966a",
    "ministack.services.lambda_svc:_execute_function": "func event #3ceb16d6480a2161",
    "ministack.services.lambda_svc:_execution_record_for_config": "func config",
    "ministack.services.lambda_svc:_get_func_record_for_ref": "function_ref",
    "ministack.services.lambda_svc:_run_with_function_config_scope": "func_or_config callback args kwargs",
    "ministack.services.lambda_svc:invoke_async_with_retry": "func event #289fe4d3cbd4089b",
    "ministack.services.sns:_deliver_to_lambda": "endpoint envelope topic_arn sub_arn msg_id raw_message "
                                                 "message_attributes #aa6b8a8c312e182a",
}

# Before the first retry; at AWS a minute. Before the second it is twice as long.
WAIT = 0.3


def install():
    """Replaces asynchronous invocations, and lets topics and rules make them."""
    from ministack.services import eventbridge, lambda_svc, sns

    lambda_svc.invoke_async_with_retry = invoke
    sns._deliver_to_lambda = for_topics
    eventbridge._dispatch_to_lambda = for_rules


def for_topics(endpoint, envelope, topic_arn, sub_arn, *_):
    """Starts a function with a message of a topic."""
    record = {"EventVersion": "1.0", "EventSubscriptionArn": sub_arn, "EventSource": "aws:sns"}
    start(endpoint, {"Records": [{**record, "Sns": json.loads(envelope)}]})


def for_rules(arn, payload):
    """Starts a function with what a rule or a schedule sends."""
    try:
        event = json.loads(payload)
    except (json.JSONDecodeError, TypeError):
        event = {"body": payload}
    start(arn, event)


def start(arn, event):
    from ministack.services import lambda_svc

    func, config, _ = lambda_svc._get_func_record_for_ref(arn)
    if func and config:
        lambda_svc.invoke_async_with_retry(lambda_svc._execution_record_for_config(func, config), event)


def invoke(func, event):
    """Invokes a function later."""
    from ministack.services import lambda_svc

    work = (lambda_svc._run_with_function_config_scope, func, until_done, func, event)
    threading.Thread(target=contextvars.copy_context().run, args=work, daemon=True).start()


def until_done(func, event):
    """Invokes a function until it succeeds or the event is given up, and tells its destinations."""
    config = func.get("config") or func
    settings = func.get("event_invoke_config") or (func.get("event_invoke_configs") or {}).get("$LATEST") or {}
    condition, tries, result = attempt(func, event, settings)
    document = {
        "version": "1.0",
        "timestamp": destinations.moment(),
        "requestContext": {"requestId": str(uuid.uuid4()), "functionArn": qualified(config["FunctionArn"]),
                           "condition": condition, "approximateInvokeCount": tries},
        "requestPayload": event,
        "responseContext": {"statusCode": 200, "executedVersion": config.get("Version", "$LATEST")},
        "responsePayload": result.get("body"),
    }
    if condition != "Success":
        document["responseContext"]["functionError"] = result.get("function_error") or "Unhandled"
    way = "OnSuccess" if condition == "Success" else "OnFailure"
    if to := ((settings.get("DestinationConfig") or {}).get(way) or {}).get("Destination"):
        destinations.tell(to, document, f"async/{config['FunctionName']}")
    if condition != "Success" and (to := (config.get("DeadLetterConfig") or {}).get("TargetArn")):
        body = result.get("body")
        message = body.get("errorMessage", "") if isinstance(body, dict) else ""
        attributes = {"RequestID": document["requestContext"]["requestId"], "ErrorCode": "200",
                      **({"ErrorMessage": message[:1024]} if message else {})}
        destinations.send(to, json.dumps(event), attributes)


def attempt(func, event, settings):
    """What became of an event, after how many tries, and the last result."""
    from ministack.services import lambda_svc

    retries = settings.get("MaximumRetryAttempts")
    end = time.time() + settings.get("MaximumEventAgeInSeconds", 6 * 60 * 60)
    for tries in range(1, 2 + (2 if retries is None else int(retries))):
        if tries > 1:
            time.sleep(WAIT * (tries - 1))
        result = lambda_svc._execute_function(func, event)
        if not result.get("error"):
            return "Success", tries, result
        if time.time() > end:
            return "EventAgeExceeded", tries, result
    return "RetriesExhausted", tries, result


def qualified(arn):
    """The ARN of a function as destinations get it."""
    return arn if arn.count(":") > 6 else f"{arn}:$LATEST"

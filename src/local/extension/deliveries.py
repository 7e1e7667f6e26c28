"""Deliveries of rules and schedules to Kinesis streams. The emulator has none.

A record has the partition key that a schedule's target names, or the part of the event that a rule's names; by default
the event's id [API: EventBridge, KinesisParameters; API: Scheduler, KinesisParameters].
"""

import json

SEAMS = {
    "ministack.services.eventbridge:_apply_input_transformer": "transformer rule view",
    "ministack.services.eventbridge:_invoke_target": "target event rule view #550e304af0809563",
    "ministack.services.eventbridge:_pattern_event_view": "event",
    "ministack.services.kinesis:put_record_internal": "stream_arn partition_key data",
}

# The longest partition key [M: Kinesis, PartitionKey].
KEY = 256


def install():
    """Replaces what delivers to a target."""
    from ministack.services import eventbridge

    eventbridge._invoke_target = to_streams_too(eventbridge._invoke_target)


def to_streams_too(invoke):
    """What delivers to a target, which may be a stream."""
    def call(target, event, rule, view=None):
        if ":kinesis:" in target.get("Arn", ""):
            return to_stream(target, event, rule, view)
        return invoke(target, event, rule, view)
    return call


def to_stream(target, event, rule, view):
    from ministack.services import eventbridge, kinesis

    view = view or eventbridge._pattern_event_view(event)
    whole = view.event_with_detail()
    key = partition_key(target.get("KinesisParameters") or {}, whole)
    kinesis.put_record_internal(target["Arn"], key, handed_on(target, whole, rule, view).encode())


def partition_key(parameters, event):
    """The key of a record. One that is no text is written as JSON, and one that is not there is the event's id."""
    key = parameters.get("PartitionKey") or part(event, parameters.get("PartitionKeyPath"))
    key = event["id"] if key is None else key
    return (key if isinstance(key, str) else json.dumps(key))[:KEY]


def handed_on(target, event, rule, view):
    """What a target is handed: of an event that lacks the part that the target wants, all of it."""
    from ministack.services import eventbridge

    if transformer := target.get("InputTransformer"):
        return eventbridge._apply_input_transformer(transformer, rule, view)
    if target.get("Input"):
        return target["Input"]
    found = part(event, target.get("InputPath"))
    return json.dumps(event if found is None else found)


def part(event, path):
    """The part of an event at a path such as `$.detail.id`, if there is a path and such a part."""
    if not path:
        return None
    try:
        for name in path.removeprefix("$").split("."):
            event = event[name] if name else event
    except (KeyError, TypeError):
        return None
    return event

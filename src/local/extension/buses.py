"""Event buses and rules. A request may give the whole policy of a bus, which replaces the one that is there, as at
AWS. A bus is deleted without rules and archives only, and a rule without targets only. A rule starts a function only
if the function's policy admits it.

The emulator knows single statements only, and makes one that admits everybody of a request with a whole policy. It
deletes a bus with its rules and a rule with its targets, and asks no policy.
"""

import json

from .admission import admits

SEAMS = {
    "ministack.core.responses:error_response_json": "code message status extra message_key content_type",
    "ministack.core.responses:json_response": "data status content_type",
    "ministack.services.eventbridge:_archives": "AccountRegionScopedDict",
    "ministack.services.eventbridge:_delete_event_bus": "data #39a5cc3a820b0d2c",
    "ministack.services.eventbridge:_delete_rule": "data #d9465abcda0ef977",
    "ministack.services.eventbridge:_event_bus_policies": "AccountRegionScopedDict",
    "ministack.services.eventbridge:_invoke_target": "target event rule view #550e304af0809563",
    "ministack.services.eventbridge:_put_permission": "data #3f19d0b56bca29d2",
    "ministack.services.eventbridge:_rule_key": "rule_name bus_name",
    "ministack.services.eventbridge:_rules": "AccountRegionScopedDict",
    "ministack.services.eventbridge:_targets": "AccountRegionScopedDict",
}


def install():
    """Replaces PutPermission, DeleteEventBus, DeleteRule, and what delivers to a target."""
    from ministack.services import eventbridge

    eventbridge._put_permission = whole(eventbridge._put_permission)
    eventbridge._delete_event_bus = without_rules(eventbridge._delete_event_bus)
    eventbridge._delete_rule = without_targets(eventbridge._delete_rule)
    eventbridge._invoke_target = if_admitted(eventbridge._invoke_target)


def whole(put):
    """PutPermission, which takes a whole policy too."""
    def call(data):
        from ministack.core.responses import error_response_json, json_response
        from ministack.services import eventbridge

        if not data.get("Policy"):
            return put(data)
        policy = json.loads(data["Policy"])
        statements = policy.get("Statement", [])
        policy["Statement"] = statements if isinstance(statements, list) else [statements]
        if not policy["Statement"]:
            return error_response_json("ValidationException", "The policy has no statement.", 400)
        eventbridge._event_bus_policies[data.get("EventBusName", "default")] = policy
        return json_response({})
    return call


def without_rules(delete):
    """DeleteEventBus, which refuses a bus that has rules. The emulator makes none for archives."""
    def call(data):
        from ministack.core.responses import error_response_json
        from ministack.services import eventbridge

        name = data.get("Name", "").rpartition("event-bus/")[2]
        has_rules = any(rule.get("EventBusName") == name for rule in eventbridge._rules.values())
        sources = [archive.get("EventSourceArn", "") for archive in eventbridge._archives.values()]
        if has_rules or any(source.endswith(f":event-bus/{name}") for source in sources):
            return error_response_json("ValidationException", "EventBus can't be deleted since it has rules.", 400)
        return delete(data)
    return call


def without_targets(delete):
    """DeleteRule, which refuses a rule that has targets."""
    def call(data):
        from ministack.core.responses import error_response_json
        from ministack.services import eventbridge

        key = eventbridge._rule_key(data.get("Name"), data.get("EventBusName", "default"))
        if eventbridge._targets.get(key):
            return error_response_json("ValidationException", "Rule can't be deleted since it has targets.", 400)
        return delete(data)
    return call


def if_admitted(invoke):
    """What delivers to a target. A schedule, which is no rule, starts a function with its role."""
    def call(target, event, rule, view=None):
        arn, source = target.get("Arn", ""), rule.get("Arn", "")
        if ":lambda:" in arn and ":rule/" in source and not admits(arn, "events.amazonaws.com", source):
            return None
        return invoke(target, event, rule, view)
    return call

"""Event buses and rules. A request may give the whole policy of a bus, which replaces the one that is there, as at
AWS. A bus is deleted without rules and archives only, and a rule without targets only. A rule starts a function, or
sends to a queue or topic, only if the policy of that admits it, and to a state machine or a stream only with a role.
What a rule or a schedule cannot deliver becomes a dead letter of the target.

The emulator knows single statements only, and makes one that admits everybody of a request with a whole policy. It
deletes a bus with its rules and a rule with its targets, asks no policy, and knows no dead letters of targets.
"""

import json
import logging

from . import destinations
from .admission import admits

SEAMS = {
    "ministack.core.responses:error_response_json": "code message status extra message_key content_type",
    "ministack.core.responses:json_response": "data status content_type",
    "ministack.services.eventbridge:_archives": "AccountRegionScopedDict",
    "ministack.services.eventbridge:_delete_event_bus": "data #39a5cc3a820b0d2c",
    "ministack.services.eventbridge:_delete_rule": "data #d9465abcda0ef977",
    "ministack.services.eventbridge:_event_bus_policies": "AccountRegionScopedDict",
    "ministack.services.eventbridge:_event_buses": "AccountRegionScopedDict",
    "ministack.services.eventbridge:_invoke_target": "target event rule view #550e304af0809563",
    "ministack.services.eventbridge:_pattern_event_view": "event",
    "ministack.services.eventbridge:_put_permission": "data #3f19d0b56bca29d2",
    "ministack.services.eventbridge:_rule_key": "rule_name bus_name",
    "ministack.services.eventbridge:_rules": "AccountRegionScopedDict",
    "ministack.services.eventbridge:_targets": "AccountRegionScopedDict",
    "ministack.services.kinesis:_resolve_stream_by_arn": "stream_arn",
    "ministack.services.lambda_svc:_get_func_record_for_ref": "function_ref",
    "ministack.services.sns:_topic_by_arn_any_scope": "topic_arn",
    "ministack.services.sns:topic_policy_allows": "topic_arn service source_arn source_account",
    "ministack.services.sqs:_queue_by_arn": "arn",
    "ministack.services.stepfunctions:_resolve_state_machine_arn": "arn",
}

log = logging.getLogger("buses")


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
    """What delivers to a target."""
    def call(target, event, rule, view=None):
        from ministack.services import eventbridge

        why = refusal(target, rule.get("Arn", ""))
        if why is None:
            return invoke(target, event, rule, view)
        if to := (target.get("DeadLetterConfig") or {}).get("Arn"):
            of_rule = ":rule/" in rule.get("Arn", "")
            whole = (view or eventbridge._pattern_event_view(event)).event_with_detail()
            body = json.dumps(whole) if of_rule else target.get("Input") or json.dumps(whole)
            code, message = why
            attributes = {"RULE_ARN" if of_rule else "SCHEDULE_ARN": rule.get("Arn", ""), "TARGET_ARN": target["Arn"],
                          "ERROR_CODE": code, "ERROR_MESSAGE": message, "RETRY_ATTEMPTS": 0}
            # A schedule sends with its role.
            destinations.send(to, body, attributes, by=("events.amazonaws.com", rule["Arn"]) if of_rule else None)
        return None
    return call


def refusal(target, source):
    """Why nothing can be delivered to a target. A schedule, which is no rule, and a target with a role need no
    policy."""
    from ministack.services import eventbridge, kinesis, lambda_svc, sns, sqs, stepfunctions

    arn = target.get("Arn", "")
    service, account = "events.amazonaws.com", (source.split(":") + [""] * 5)[4]
    found, admitted = {
        "lambda": (lambda: lambda_svc._get_func_record_for_ref(arn)[0], lambda: admits(arn, service, source)),
        "sqs": (lambda: sqs._queue_by_arn(arn), lambda: destinations.takes(arn, (service, source))),
        "sns": (lambda: sns._topic_by_arn_any_scope(arn),
                lambda: sns.topic_policy_allows(arn, service, source, account)),
        # These are reached with a role only.
        "kinesis": (lambda: kinesis._resolve_stream_by_arn(arn), lambda: False),
        "states": (lambda: stepfunctions._resolve_state_machine_arn(arn), lambda: False),
        "events": (lambda: ":event-bus/" not in arn or arn.rpartition("/")[2] in eventbridge._event_buses,
                   lambda: True),
    }.get(kind := (arn.split(":") + [""] * 3)[2], (lambda: True, lambda: True))
    if not found():
        log.warning("%s does not exist, and gets nothing of %s", arn, source)
        return "RESOURCE_NOT_FOUND", f"{arn} does not exist"
    if ":rule/" in source and "RoleArn" not in target and not admitted():
        # Who looks at the policy of a function or a queue says so already.
        if kind not in ("lambda", "sqs"):
            log.warning("%s does not admit %s", arn, source)
        return "NO_PERMISSIONS", f"{arn} does not admit {source}"
    return None

"""Log groups that start functions. CloudWatch Logs invokes them without waiting, as at AWS: what a function fails is
tried again, and then goes where the function sends its failures. It may call only what admits it.

The emulator runs the function once, whatever alias is named, and does not care for what becomes of it.
"""

import base64
import gzip
import json
import logging
import time
import uuid

from . import admission, asynchronous

SEAMS = {
    "ministack.core.responses:get_account_id": "",
    "ministack.services.cloudwatch_logs:_fanout_to_subscription_filters":
        "group_name stream_name events #cb898244bb9fac17",
    "ministack.services.cloudwatch_logs:_log_groups": "AccountRegionScopedDict",
    "ministack.services.cloudwatch_logs:_subscription_pattern_matches": "pattern message",
}

log = logging.getLogger("log_filters")


def install():
    """Replaces what sends the events of log groups to functions."""
    from ministack.services import cloudwatch_logs

    cloudwatch_logs._fanout_to_subscription_filters = send


def send(group_name, stream_name, events):
    """Starts the functions of a group's filters with the events that match. Nothing that fails here may hinder who
    logs."""
    from ministack.services import cloudwatch_logs

    group = cloudwatch_logs._log_groups.get(group_name) or {}
    for one in list((group.get("subscriptionFilters") or {}).values()):
        try:
            pass_on(one, group, (group_name, stream_name), events)
        except Exception:
            log.exception("%s", one.get("filterName"))


def pass_on(one, group, names, events):
    from ministack.services import cloudwatch_logs

    arn, (group_name, _) = one.get("destinationArn", ""), names
    function = arn.rpartition(":function:")[2].partition(":")[0]
    # A function that its own logs start would never end.
    if ":function:" not in arn or group_name == f"/aws/lambda/{function}":
        return
    pattern = one.get("filterPattern", "")
    matched = [event for event in events or ()
               if cloudwatch_logs._subscription_pattern_matches(pattern, event.get("message", ""))]
    source = group.get("arn", "").removesuffix(":*") + ":*"
    if matched and admission.admits(arn, "logs.amazonaws.com", source):
        asynchronous.start(arn, {"awslogs": {"data": packed(one, names, matched)}})


def packed(one, names, matched):
    """Events as CloudWatch Logs sends them: compressed, as text."""
    from ministack.core.responses import get_account_id

    now = int(time.time() * 1000)
    document = {
        "messageType": "DATA_MESSAGE", "owner": get_account_id(), "logGroup": names[0], "logStream": names[1],
        "subscriptionFilters": [one.get("filterName", "")],
        "logEvents": [{"id": uuid.uuid4().hex, "timestamp": event.get("timestamp", now),
                       "message": event.get("message", "")} for event in matched],
    }
    return base64.b64encode(gzip.compress(json.dumps(document).encode())).decode()

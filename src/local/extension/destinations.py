"""Where events end that failed or could not be delivered: queues, topics, buckets, functions and buses. A service that
sends on behalf of a topic or a rule needs a statement in the policy of the queue, as at AWS."""

import hashlib
import json
import logging
import time
import uuid
from datetime import datetime, timezone

SEAMS = {
    "ministack.core.responses:get_account_id": "",
    "ministack.services.eventbridge:_put_events": "data allow_aws_source",
    "ministack.services.lambda_svc:_esm_wake": "Event",
    "ministack.services.lambda_svc:_execution_record_for_config": "func config",
    "ministack.services.lambda_svc:_get_func_record_for_ref": "function_ref",
    "ministack.services.lambda_svc:invoke_async_with_retry": "func event #289fe4d3cbd4089b",
    "ministack.services.s3:_put_object": "bucket_name key body headers",
    "ministack.services.sns:publish_internal": "topic_arn message subject message_structure message_attributes "
                                               "message_group_id message_deduplication_id",
    "ministack.services.sqs:_ensure_msg_fields": "m",
    "ministack.services.sqs:_md5_msg_attrs": "attrs",
    "ministack.services.sqs:_queue_by_arn": "arn",
    "ministack.services.sqs:queue_delay": "q",
    "ministack.services.sqs:queue_policy_allows": "queue_arn service source_arn source_account",
}

log = logging.getLogger("destinations")


def moment(seconds=None):
    """A time as AWS writes it into its documents."""
    at = datetime.now(timezone.utc) if seconds is None else datetime.fromtimestamp(float(seconds), timezone.utc)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def tell(arn, document, folder, payload=None):
    """Sends what became of an event. A bucket gets an object under `folder`, with the `payload`."""
    if ":s3:" in arn:
        from ministack.services import s3

        now = datetime.now(timezone.utc)
        key = f"aws/lambda/{folder}/{now:%Y/%m/%d/%Y-%m-%dT%H.%M.%S}-{uuid.uuid4()}"
        document = document if payload is None else {**document, "payload": json.dumps(payload)}
        s3._put_object(arn.rpartition(":")[2], key, json.dumps(document).encode(), {})
    elif ":lambda:" in arn:
        from ministack.services import lambda_svc

        func, config, _ = lambda_svc._get_func_record_for_ref(arn)
        if func and config:
            lambda_svc.invoke_async_with_retry(lambda_svc._execution_record_for_config(func, config), document)
    elif ":events:" in arn:
        from ministack.services import eventbridge

        result = "Success" if document["requestContext"]["condition"] == "Success" else "Failure"
        eventbridge._put_events({"Entries": [{
            "Source": "lambda", "DetailType": f"Lambda Function Invocation Result - {result}",
            "Detail": json.dumps(document), "EventBusName": arn,
            "Resources": [arn, document["requestContext"]["functionArn"]]}]})
    else:
        send(arn, json.dumps(document))


def send(arn, body, attributes=None, group="", by=None):
    """Sends a message to a queue or a topic, by a service for a source of events if `by` names them."""
    from ministack.services import sns

    attributes = {name: {"DataType": "String", "StringValue": str(value)} for name, value in (attributes or {}).items()}
    if ":sns:" in arn:
        sns.publish_internal(arn, body, message_attributes=attributes)
    elif takes(arn, by):
        to_queue(arn, body, attributes, group)


def takes(queue, by=None):
    """Whether there is such a queue, and its policy lets a service send to it for a source."""
    from ministack.core.responses import get_account_id
    from ministack.services import sqs

    if sqs._queue_by_arn(queue) is None:
        log.warning("there is no queue %s", queue)
        return False
    service, source = by or (None, "")
    if service and not sqs.queue_policy_allows(queue, service, source, source.split(":")[4] or get_account_id()):
        log.warning("%s does not admit %s for %s", queue, service, source)
        return False
    return True


def to_queue(arn, body, attributes, group):
    from ministack.services import lambda_svc, sqs

    queue, now = sqs._queue_by_arn(arn), time.time()
    message = {"id": str(uuid.uuid4()), "body": body, "message_attributes": attributes,
               "md5_attrs": sqs._md5_msg_attrs(attributes), "sent_at": now, "visible_at": now + sqs.queue_delay(queue)}
    if queue.get("is_fifo"):
        queue["fifo_seq"] = queue.get("fifo_seq", 0) + 1
        message |= {"group_id": group or "failed", "dedup_id": hashlib.sha256(body.encode()).hexdigest(),
                    "seq": str(queue["fifo_seq"]).zfill(20)}
    sqs._ensure_msg_fields(message)
    queue["messages"].append(message)
    lambda_svc._esm_wake.set()

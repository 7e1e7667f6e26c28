"""Batches of streams and tables that fail. As at AWS, a batch is tried again from the record that the function names as
failed, as often as the mapping says, in halves if it says so. Then the mapping's destination gets a document about
these, and the next ones follow.

The emulator repeats a batch that raises an error for ever, and takes records that are named as failed for done. It
comes with a batch again, and with the records since, until the function succeeds. So here is what is left of the batch,
and the response is an error as long as something is.
"""

import json
import threading
import time
import uuid

from . import destinations

SEAMS = {
    "ministack.services.lambda_svc:_execute_function": "func event #3ceb16d6480a2161",
    "ministack.services.lambda_svc:_iter_all_esms": " #7db06c0627a59696",
    "ministack.services.lambda_svc:_poll_dynamodb_streams": " #2b2460e933a9f3c3",
    "ministack.services.lambda_svc:_poll_kinesis": " #0d590120d060b0a8",
}

# The mapping that the current thread polls.
polled = threading.local()
# By mapping and shard, the last record that was taken, and the parts that are left: their records and their tries.
left = {}


def install():
    """Replaces what lists the mappings that are polled, and how a function is invoked."""
    from ministack.services import lambda_svc

    lambda_svc._iter_all_esms = noting(lambda_svc._iter_all_esms)
    lambda_svc._execute_function = in_parts(lambda_svc._execute_function)


def noting(mappings):
    """The mappings, one after the other. The emulator must not discard old records by itself."""
    def call():
        try:
            for account, region, mapping in mappings():
                streamed = ":sqs:" not in mapping["EventSourceArn"]
                polled.mapping = mapping if streamed else None
                yield account, region, {**mapping, "MaximumRecordAgeInSeconds": None} if streamed else mapping
        finally:
            polled.mapping = None
    return call


def in_parts(execute):
    """An invocation, which for a batch of a stream may be several, or one of a part of it."""
    def call(func, event):
        mapping, polled.mapping = getattr(polled, "mapping", None), None
        if mapping is None:
            return execute(func, event)
        try:
            return work(mapping, func, event["Records"], execute)
        finally:
            polled.mapping = mapping
    return call


def work(mapping, func, records, execute):
    """Works on a batch as far as it goes now."""
    key = (mapping["UUID"], shard(records[0]))
    last, parts = left.pop(key, (-1, []))
    result = {}
    while True:
        if not parts:
            parts = [(fresh, 0)] if (fresh := [record for record in records if number(record) > last]) else []
            last = number(records[-1])
        if not parts:
            mapping["LastProcessingResult"] = "OK"
            return {**result, "error": None}
        (part, tries), *parts = parts
        part, old = by_age(mapping, part)
        if old:
            discard(mapping, func, old, "RecordAgeExceeded", tries, result)
        if not part:
            continue
        result, tries = execute(func, {"Records": part}), tries + 1
        at = failed(mapping, part, result)
        if at is None:
            continue
        # What is split does not count as tried.
        if mapping.get("BisectBatchOnFunctionError") and len(part) > 1:
            parts = [*([] if at else [(part[:len(part) // 2], 0)]), (part[at or len(part) // 2:], 0), *parts]
            continue
        part = part[at:]
        if 0 <= mapping.get("MaximumRetryAttempts", -1) < tries:
            discard(mapping, func, part, "RetryAttemptsExhausted", tries, result)
            continue
        left[key] = (last, [(part, tries), *parts])
        mapping["LastProcessingResult"] = "PROBLEM: Function call failed"
        return {**result, "error": True}


def failed(mapping, records, result):
    """The place of the first record of a batch that failed, if one did."""
    if result.get("error"):
        return 0
    body = result.get("body")
    if "ReportBatchItemFailures" not in mapping.get("FunctionResponseTypes", []) or not isinstance(body, dict):
        return None
    numbers = [content(record)[1] for record in records]
    try:
        places = [numbers.index(item["itemIdentifier"]) for item in body.get("batchItemFailures") or []]
    except (KeyError, TypeError, ValueError):
        # What names no record of the batch means all of it.
        return 0
    return min(places, default=None)


def by_age(mapping, records):
    """The records that are not too old, and those that are."""
    most = mapping.get("MaximumRecordAgeInSeconds") or -1
    limit = time.time() - most if most >= 0 else 0
    return [r for r in records if content(r)[2] >= limit], [r for r in records if content(r)[2] < limit]


def content(record):
    """How AWS names the batch of a record, and the record's sequence number and time."""
    if of := record.get("kinesis"):
        return "KinesisBatchInfo", of["sequenceNumber"], float(of["approximateArrivalTimestamp"])
    of = record["dynamodb"]
    return "DDBStreamBatchInfo", of["SequenceNumber"], float(of["ApproximateCreationDateTime"])


def number(record):
    return int(content(record)[1])


def shard(record):
    return record["eventID"].partition(":")[0] if "kinesis" in record else "shardId-00000000000000000000-00000000"


def discard(mapping, func, records, condition, tries, result):
    """Tells the mapping's destination which records are not tried any more."""
    to = ((mapping.get("DestinationConfig") or {}).get("OnFailure") or {}).get("Destination")
    if not to:
        return
    (info, first, begin), (_, last, end) = content(records[0]), content(records[-1])
    failure = {"functionError": result.get("function_error") or "Unhandled"} if result.get("error") else {}
    document = {
        "requestContext": {"requestId": str(uuid.uuid4()), "functionArn": mapping["FunctionArn"],
                           "condition": condition, "approximateInvokeCount": tries},
        "responseContext": {"statusCode": 200, "executedVersion": func["config"].get("Version", "$LATEST"), **failure},
        "version": "1.0",
        "timestamp": destinations.moment(),
        info: {"shardId": shard(records[0]), "startSequenceNumber": first, "endSequenceNumber": last,
               "approximateArrivalOfFirstRecord": destinations.moment(begin),
               "approximateArrivalOfLastRecord": destinations.moment(end),
               "batchSize": len(records), "streamArn": mapping["EventSourceArn"]},
    }
    payload = json.loads(json.dumps({"Records": records}, default=str))
    destinations.tell(to, document, f"{mapping['UUID']}/{shard(records[0])}", payload)

"""Admission: a bucket or a topic starts a function only if the function's policy admits it; AWS drops the event
otherwise, and a message of a topic becomes a dead letter of the subscription, if that has a queue for them. The
emulator keeps these policies and asks none of them, and knows no dead letters of subscriptions.

What reads queues and streams for a function, and who invokes it with credentials, needs no statement in its policy.
"""

import json
import logging

from . import destinations

SEAMS = {
    "ministack.core.iam_evaluator:EvalContext": "principal_arn principal_type principal_account action resource_arn "
                                                "region source_ip secure_transport request_tags tag_keys "
                                                "service_context principal_keys",
    "ministack.core.iam_evaluator:evaluate_resource_policy": "doc ctx service named_only direct_only",
    "ministack.core.responses:get_account_id": "",
    "ministack.core.responses:get_region": "",
    "ministack.services.lambda_svc:_get_base_func_record_for_ref": "function_ref",
    "ministack.services.lambda_svc:_get_func_record_for_ref": "function_ref",
    "ministack.services.s3:_bucket_owner_account": "name",
    "ministack.services.s3:_deliver_event_to_lambda": "arn event_payload bucket_region #0bdd18b38925e4e3",
    "ministack.services.sns:_deliver_to_lambda": "endpoint envelope topic_arn sub_arn msg_id raw_message "
                                                 "message_attributes #aa6b8a8c312e182a",
    "ministack.services.sns:_deliver_to_sqs": "endpoint envelope raw raw_message message_group_id message_dedup_id "
                                              "message_attributes topic_arn",
    "ministack.services.sns:_topic_by_arn_any_scope": "topic_arn",
}

log = logging.getLogger("admission")


def install():
    """Replaces what delivers the events of buckets to functions, and the messages of topics."""
    from ministack.services import s3, sns

    s3._deliver_event_to_lambda = for_the_bucket(s3._deliver_event_to_lambda)
    sns._deliver_to_lambda = for_the_topic(sns._deliver_to_lambda)
    sns._deliver_to_sqs = if_taken(sns._deliver_to_sqs)


def for_the_bucket(deliver):
    """What delivers an event of a bucket to a function."""
    def call(arn, event_payload, bucket_region):
        bucket = event_payload["Records"][0]["s3"]["bucket"]["name"]
        if admits_bucket(arn, bucket):
            deliver(arn, event_payload, bucket_region)
    return call


def for_the_topic(deliver):
    """What delivers a message of a topic to a function."""
    def call(endpoint, envelope, topic_arn, *others):
        if admits(endpoint, "sns.amazonaws.com", topic_arn):
            deliver(endpoint, envelope, topic_arn, *others)
        else:
            undelivered(endpoint, topic_arn, envelope)
    return call


def if_taken(deliver):
    """What delivers a message of a topic to a queue."""
    def call(endpoint, envelope, raw, raw_message, *more, topic_arn="", **others):
        if destinations.takes(endpoint, ("sns.amazonaws.com", topic_arn)):
            deliver(endpoint, envelope, raw, raw_message, *more, topic_arn=topic_arn, **others)
        else:
            undelivered(endpoint, topic_arn, raw_message if raw else envelope, others.get("message_group_id", ""))
    return call


def undelivered(endpoint, topic_arn, body, group=""):
    """Sends a message that cannot be delivered to the dead letters of its subscription."""
    from ministack.services import sns

    topic = sns._topic_by_arn_any_scope(topic_arn) or {"subscriptions": []}
    for subscription in topic["subscriptions"]:
        redrive = json.loads(subscription.get("attributes", {}).get("RedrivePolicy") or "{}")
        if subscription.get("endpoint") == endpoint and (queue := redrive.get("deadLetterTargetArn")):
            destinations.send(queue, body, group=group, by=("sns.amazonaws.com", topic_arn))


def admits_bucket(arn, bucket):
    """Whether S3 may call a function for a bucket, whose ARN does not name its account."""
    from ministack.core.responses import get_account_id
    from ministack.services import s3

    account = s3._bucket_owner_account(bucket) or get_account_id()
    return admits(arn, "s3.amazonaws.com", f"arn:aws:s3:::{bucket}", account)


def admits(arn, service, source, account=None):
    """Whether there is a function, or an alias or a version of it, of this ARN, and its policy lets a service call it
    for a source. Each of them has statements of its own."""
    from ministack.core.iam_evaluator import EvalContext, evaluate_resource_policy
    from ministack.core.responses import get_region
    from ministack.services import lambda_svc

    record, _, _ = lambda_svc._get_func_record_for_ref(arn)
    whole, _, _ = lambda_svc._get_base_func_record_for_ref(arn)
    request = EvalContext(
        principal_arn="*", principal_type="Service", principal_account="", action="lambda:InvokeFunction",
        resource_arn=arn, region=get_region(),
        service_context={"aws:sourcearn": source, "aws:sourceaccount": account or source.split(":")[4]})
    if record and evaluate_resource_policy(whole["policy"], request, service).decision == "Allow":
        return True
    log.warning("%s does not admit %s for %s", arn, service, source)
    return False

"""Admission: a bucket or a topic starts a function only if the function's policy admits it; AWS drops the event
otherwise. The emulator keeps these policies and asks none of them.

What reads queues and streams for a function, and who invokes it with credentials, needs no statement in its policy.
"""

import logging

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
}

log = logging.getLogger("admission")


def install():
    """Replaces what delivers the events of buckets and the messages of topics to functions."""
    from ministack.services import s3, sns

    s3._deliver_event_to_lambda = for_the_bucket(s3._deliver_event_to_lambda)
    sns._deliver_to_lambda = for_the_topic(sns._deliver_to_lambda)


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
    return call


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

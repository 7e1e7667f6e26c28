"""Notifications of buckets: S3 refuses those that it could not deliver, and those that are about the same event of an
object. The emulator looks at queues and topics, and at no functions; its refusals lack AWS's details."""

from .admission import admits_bucket

SEAMS = {
    "ministack.services.s3:_bucket_owner_account": "name",
    "ministack.services.s3:_error": "code message status resource extra headers",
    "ministack.services.s3:_invalid_notification_config": "message",
    "ministack.services.s3:_notification_destination_allows": "target_type arn bucket_name owner",
    "ministack.services.s3:_notification_destination_exists": "target_type arn bucket_region",
    "ministack.services.s3:_put_bucket_notification": "name body headers #2e475b5ea0c1a271",
    "ministack.services.s3:_validate_notification_configs": "configs bucket_region bucket_name "
                                                            "skip_destination_validation #780d0ff4d6e72307",
}

SAME_ID = "Same ID used for multiple configurations. IDs must be unique."
OVERLAP = "Configurations overlap. Configurations on the same bucket cannot share a common event type."
UNDELIVERABLE = "Unable to validate the following destination configurations"
DESTINATIONS = {"sqs": "queue", "sns": "topic"}


def install():
    """Replaces what validates the notifications of a bucket."""
    from ministack.services import s3

    s3._validate_notification_configs = strictly(s3._validate_notification_configs)


def strictly(validate):
    """The refusal of a document of notifications, if there is one. The emulator looks at the ARNs in it."""
    def call(configs, bucket_region, bucket_name="", skip_destination_validation=False):
        from ministack.services import s3

        if refused := validate(configs, bucket_region, bucket_name, True):
            return refused
        if why := contradiction(configs):
            return s3._invalid_notification_config(why)
        return None if skip_destination_validation else undeliverable(configs, bucket_region, bucket_name)
    return call


def contradiction(configs):
    """Why notifications cannot stand next to each other."""
    pairs = [(one, other) for number, one in enumerate(configs) for other in configs[:number]]
    if any(one["id"] == other["id"] for one, other in pairs):
        return SAME_ID
    return OVERLAP if any(overlap(*pair) for pair in pairs) else None


def overlap(one, other):
    """Whether there can be an event that both are about."""
    def ends(name):
        return [config[name] or "" for config in (one, other)]

    (a, b), (c, d) = ends("filter_prefix"), ends("filter_suffix")
    return (any(alike(event, another) for event in one["events"] for another in other["events"])
            and (a.startswith(b) or b.startswith(a)) and (c.endswith(d) or d.endswith(c)))


def alike(event, another):
    families = [name.rpartition(":")[0] for name in (event, another)]
    return event == another or (families[0] == families[1] and "*" in (event[-1], another[-1]))


def undeliverable(configs, region, bucket):
    """The refusal that names each destination that S3 cannot deliver to, and why."""
    from ministack.services import s3

    details = {}
    for config in configs:
        if why := failure(config, region, bucket):
            number = len(details) // 2 + 1
            # The name of a function has such an end at AWS.
            details[f"ArgumentName{number}"] = config["arn"] + (", null" if config["type"] == "lambda" else "")
            details[f"ArgumentValue{number}"] = why
    return s3._error("InvalidArgument", UNDELIVERABLE, 400, extra=details) if details else None


def failure(config, region, bucket):
    """Why S3 cannot deliver to a destination."""
    from ministack.services import s3

    kind, arn = config["type"], config["arn"]
    if kind == "lambda":
        return None if admits_bucket(arn, bucket) else f"Not authorized to invoke function [{arn}]"
    if not s3._notification_destination_exists(kind, arn, region):
        return f"The destination {DESTINATIONS[kind]} does not exist"
    if not s3._notification_destination_allows(kind, arn, bucket, s3._bucket_owner_account(bucket) or ""):
        return (f"Permissions on the destination {DESTINATIONS[kind]} do not allow S3 to publish notifications from "
                "this bucket")
    return None

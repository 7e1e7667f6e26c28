"""Step Functions state machines: the tagging API shows them, which the emulator leaves out."""

SEAMS = {
    "ministack.services.stepfunctions:_state_machines": "AccountRegionScopedDict",
    "ministack.services.stepfunctions:_tags": "AccountRegionScopedDict",
    "ministack.services.tagging:_COLLECTORS": "dict",
}


def install():
    """Adds them to the tagging API."""
    from ministack.services import tagging

    tagging._COLLECTORS["states"] = tagged


def tagged():
    """The state machines with their tags, in the form of the tagging API."""
    from ministack.services import stepfunctions

    for arn, tags in stepfunctions._tags.items():
        if arn in stepfunctions._state_machines:
            yield arn, [{"Key": tag["key"], "Value": tag["value"]} for tag in tags]

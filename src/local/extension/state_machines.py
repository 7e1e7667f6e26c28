"""Step Functions state machines: they keep whether they are traced, and the tagging API shows them. The emulator leaves
both out."""

import json

SEAMS = {
    "ministack.services.stepfunctions:_create_state_machine": "data #4bc1231dda6925d2",
    "ministack.services.stepfunctions:_state_machines": "AccountRegionScopedDict",
    "ministack.services.stepfunctions:_tags": "AccountRegionScopedDict",
    "ministack.services.stepfunctions:_update_state_machine": "data #476e0deee6a3d66b",
    "ministack.services.tagging:_COLLECTORS": "dict",
}


def install():
    """Replaces what creates and changes state machines, and adds them to the tagging API."""
    from ministack.services import stepfunctions, tagging

    stepfunctions._create_state_machine = with_tracing(stepfunctions._create_state_machine)
    stepfunctions._update_state_machine = with_tracing(stepfunctions._update_state_machine)
    tagging._COLLECTORS["states"] = tagged


def with_tracing(change):
    """A call that keeps whether a state machine is traced."""
    def call(data):
        from ministack.services import stepfunctions

        response = change(data)
        if response[0] == 200 and "tracingConfiguration" in data:
            arn = data.get("stateMachineArn") or json.loads(response[2])["stateMachineArn"]
            stepfunctions._state_machines[arn]["tracingConfiguration"] = data["tracingConfiguration"]
        return response
    return call


def tagged():
    """The state machines with their tags, in the form of the tagging API."""
    from ministack.services import stepfunctions

    for arn, tags in stepfunctions._tags.items():
        if arn in stepfunctions._state_machines:
            yield arn, [{"Key": tag["key"], "Value": tag["value"]} for tag in tags]

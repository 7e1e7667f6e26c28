"""Routing: what an alias cannot stand for is refused, as at AWS.

The emulator takes any version for an alias, and runs the function itself if there is no such version.
"""

import re

SEAMS = {
    "ministack.core.responses:error_response_json": "code message status extra message_key content_type",
    "ministack.services.lambda_svc:_create_alias": "func_name data #2fca00d580eb5774",
    "ministack.services.lambda_svc:_func_arn": "name",
    "ministack.services.lambda_svc:_functions": "AccountRegionScopedDict",
    "ministack.services.lambda_svc:_update_alias": "func_name alias_name data #0017f6b94b062e90",
}

NAME = "(?!^[0-9]+$)([a-zA-Z0-9-_]+)"


def install():
    """Replaces CreateAlias and UpdateAlias."""
    from ministack.services import lambda_svc

    for name in ("_create_alias", "_update_alias"):
        setattr(lambda_svc, name, checked(getattr(lambda_svc, name)))


def checked(operation):
    """An operation that sets what an alias stands for, over what it stands for already."""
    def call(func_name, *rest):
        from ministack.core.responses import error_response_json
        from ministack.services import lambda_svc

        *named, data = rest
        func = lambda_svc._functions.get(func_name)
        before = func["aliases"].get(named[0]) if func and named else {}
        # What does not exist is not found.
        if func is None or before is None:
            return operation(func_name, *rest)
        alias = {"Name": "", "FunctionVersion": "$LATEST", **before, **data}
        weights = (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
        if refused := refusal(alias["Name"], alias["FunctionVersion"], weights):
            return error_response_json(*refused, 400)
        for version in (alias["FunctionVersion"], *weights):
            if version not in {"$LATEST", *func["versions"]}:
                arn = f"{lambda_svc._func_arn(func_name)}:{version}"
                return error_response_json("ResourceNotFoundException", f"Function not found: {arn}", 404)
        return operation(func_name, *rest)
    return call


def refusal(name, version, weights):
    """The code and the message for what no alias can be; nothing if it can."""
    if not re.fullmatch(NAME, name):
        return "ValidationException", (
            f"1 validation error detected: Value '{name}' at 'name' failed to satisfy constraint: Member must satisfy "
            f"regular expression pattern: {NAME}")
    if not all(number.isdecimal() for number in weights):
        return "ValidationException", (
            f"1 validation error detected: Value '{weights}' at 'routingConfig.additionalVersionWeights' failed to "
            "satisfy constraint: Map keys must satisfy constraint: [Member must satisfy regular expression pattern: "
            "[0-9]+]")
    if not all(0 <= weight <= 1 for weight in weights.values()):
        return "ValidationException", (
            f"1 validation error detected: Value '{weights}' at 'routingConfig.additionalVersionWeights' failed to "
            "satisfy constraint: Map value must satisfy constraint: [Member must have value less than or equal to 1.0, "
            "Member must have value greater than or equal to 0.0, Member must not be null]")
    messages = {
        "Number of items in AdditionalVersionWeights cannot be greater than 1": len(weights) > 1,
        f"Invalid function version {version}. Function version {version} is already included in routing configuration.":
            version in weights,
        "$LATEST is not supported for an alias pointing to more than 1 version":
            weights and version == "$LATEST",
    }
    found = next((message for message, applies in messages.items() if applies), None)
    return ("InvalidParameterValueException", found) if found else None

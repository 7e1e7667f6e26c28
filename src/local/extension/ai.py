"""What the AI services here have in common: requests in JSON, checked as AWS checks them, and a function that answers.

The emulator has none of these services. Here they are no models: each response is computed from the input by simple
rules, so it has AWS's shape and is always the same, and says little about what AWS would find.
"""

import json
from dataclasses import dataclass

SEAMS = {
    "ministack.app:SERVICE_HANDLERS": "dict",
    "ministack.core.iam_actions:SERVICE_TO_IAM_NAMESPACE": "dict",
    "ministack.core.iam_actions:_TAG_OPERATIONS": "dict",
    "ministack.core.responses:error_response_json": "code message status extra message_key content_type",
    "ministack.core.responses:json_response": "data status content_type",
    "ministack.core.router:SERVICE_PATTERNS": "dict",
    "ministack.core.router:extract_access_key_id": "headers query_params",
    "ministack.core.router:extract_region": "headers query_params",
}

JSON = "application/x-amz-json-1.1"
# The errors of the protocol itself spell their message in lower case; those of the services' models do not.
OF_THE_PROTOCOL = {"SerializationException", "UnknownOperationException", "ValidationException"}


class Refused(Exception):
    """An error of AWS: its code and its message."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Member:
    """What a member of a request must be."""

    type: type = str
    required: bool = True
    # The least length of a text, or of a list.
    least: int = 0
    # The values that there are, also of the elements of a list.
    values: tuple = ()


@dataclass(frozen=True)
class Operation:
    """The members of a request by name, and the function that answers it, given the request and its caller."""

    answer: object
    members: dict


@dataclass(frozen=True)
class Caller:
    """Who sends a request, as the emulator's checks of access name them."""

    access_key: str
    region: str


def register(service, prefix, operations):
    """Adds a service to the emulator. Its requests name their operation behind `prefix` in `X-Amz-Target`."""
    from ministack import app
    from ministack.core.iam_actions import _TAG_OPERATIONS, SERVICE_TO_IAM_NAMESPACE
    from ministack.core.router import SERVICE_PATTERNS

    # Without it the emulator loads all service models of AWS to find out whether there is such a service: 450 MB.
    SERVICE_PATTERNS[service] = {"target_prefixes": [f"{prefix}."]}
    # By this the actions are checked against the policies of the caller.
    SERVICE_TO_IAM_NAMESPACE[service] = service
    # No operation here has tags, so the model need not be read for them.
    _TAG_OPERATIONS[service] = frozenset()
    app.SERVICE_HANDLERS[service] = handler(service, operations)


def handler(service, operations):
    """The emulator's handler of a service."""
    async def handle(method, path, headers, body, query):
        from ministack.core.responses import error_response_json, json_response
        from ministack.core.router import extract_access_key_id, extract_region

        caller = Caller(extract_access_key_id(headers, query), extract_region(headers))
        try:
            name = headers.get("x-amz-target", "").rpartition(".")[2]
            if (operation := operations.get(name)) is None:
                known = ", ".join(sorted(operations))
                raise Refused("UnknownOperationException", f"The local cloud has of {service} only {known}, not {name}")
            return json_response(operation.answer(checked(body, operation.members), caller), content_type=JSON)
        except Refused as refused:
            key = "message" if refused.code in OF_THE_PROTOCOL else "Message"
            return error_response_json(refused.code, str(refused), message_key=key, content_type=JSON)
    return handle


def checked(body, members):
    """The request, if its members are as they must be."""
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        raise Refused("SerializationException", "The request is not valid JSON") from None
    if not isinstance(request, dict):
        raise Refused("SerializationException", "The request is not a JSON object")
    for name, member in members.items():
        value = request.get(name)
        number = member.type is float and isinstance(value, int)
        if value is not None and (isinstance(value, bool) or not (number or isinstance(value, member.type))):
            raise Refused("SerializationException", f"The member {name} has the wrong type")
    wrong = [problem for name, member in members.items() if (problem := failure(name, request.get(name), member))]
    if wrong:
        many = "" if len(wrong) == 1 else "s"
        raise Refused("ValidationException", f"{len(wrong)} validation error{many} detected: {'; '.join(wrong)}")
    return request


def failure(name, value, member):
    """What is wrong with a member, in the words of AWS; nothing if it is right."""
    name = name[0].lower() + name[1:]
    if value is None:
        return f"Value null at '{name}' failed to satisfy constraint: Member must not be null" * member.required
    if member.least and len(value) < member.least:
        # The value is not quoted: it may be confidential.
        return (f"Value at '{name}' failed to satisfy constraint: "
                f"Member must have length greater than or equal to {member.least}")
    given = value if isinstance(value, list) else [value]
    if member.values and (unknown := [one for one in given if one not in member.values]):
        return (f"Value '{unknown[0]}' at '{name}' failed to satisfy constraint: "
                f"Member must satisfy enum value set: [{', '.join(member.values)}]")
    return ""

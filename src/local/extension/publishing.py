"""Publishing: a version is published only if code or configuration differ from those of the latest one, as at AWS.

The emulator publishes after every update, also one that changed nothing, and whatever code was meant. A version that an
update of the code publishes lacks its number in the ARN there, and the next PublishVersion publishes it again.
"""

import copy
import json

SEAMS = {
    "ministack.core.responses:error_response_json": "code message status extra message_key content_type",
    "ministack.core.responses:json_response": "data status content_type",
    "ministack.services.lambda_svc:_check_revision": "current data",
    "ministack.services.lambda_svc:_create_function": "data #e307eecdf0d8b51c",
    "ministack.services.lambda_svc:_functions": "AccountRegionScopedDict",
    "ministack.services.lambda_svc:_list_versions": "name query_params #5fc87b1ce84708c0",
    "ministack.services.lambda_svc:_publish_version": "name data #3bc240a8db5dc832",
    "ministack.services.lambda_svc:_update_code": "name data #0998d118b422f475",
}

STATES = {"LastUpdateStatus", "LastUpdateStatusReason", "LastUpdateStatusReasonCode", "State", "StateReason",
          "StateReasonCode"}
# What differs though neither code nor configuration do.
OWN = {"LastModified", "RevisionId", *STATES}


def install():
    """Replaces PublishVersion, and has the other operations that publish use it."""
    from ministack.services import lambda_svc

    lambda_svc._publish_version = as_meant(if_changed(lambda_svc._publish_version))
    lambda_svc._list_versions = without_states(lambda_svc._list_versions)
    for name in ("_create_function", "_update_code"):
        setattr(lambda_svc, name, publishing(getattr(lambda_svc, name)))


def as_meant(publish):
    """PublishVersion, which refuses other code and another revision than the request names."""
    def call(name, data):
        from ministack.core.responses import error_response_json
        from ministack.services import lambda_svc

        if (func := lambda_svc._functions.get(name)) is None:
            return publish(name, data)
        meant, live = data.get("CodeSha256"), func["config"].get("CodeSha256")
        if meant and meant != live:
            return error_response_json(
                "InvalidParameterValueException",
                f"CodeSHA256 ({meant}) is different from current CodeSHA256 in $LATEST ({live}). Please try again with "
                "the CodeSHA256 in $LATEST.",
                400,
            )
        return lambda_svc._check_revision(func["config"], data) or publish(name, data)
    return call


def if_changed(publish):
    """PublishVersion, which returns the latest version if nothing changed since."""
    def call(name, data):
        from ministack.services import lambda_svc

        if (func := lambda_svc._functions.get(name)) is None:
            return publish(name, data)
        # A version may have a description of its own, so it is not compared with the function itself.
        source = content(func["config"])
        if func["versions"] and latest(func).get("source") == source:
            # By this the emulator knows that nothing changed.
            latest(func)["function_revision"] = func["config"]["RevisionId"]
        response = publish(name, data)
        latest(func)["source"] = source
        return response
    return call


def latest(func):
    return func["versions"][max(func["versions"], key=int)]


def content(config):
    """Code, by its hash, and configuration."""
    return copy.deepcopy({name: value for name, value in config.items() if name not in OWN})


def without_states(list_versions):
    """ListVersionsByFunction, which tells no states, and names the function as the version `$LATEST`."""
    def call(name, query_params):
        from ministack.core.responses import json_response

        status, headers, body = list_versions(name, query_params)
        if status != 200:
            return status, headers, body
        page = json.loads(body)
        page["Versions"] = [{key: value for key, value in version.items() if key not in STATES}
                            for version in page["Versions"]]
        for version in page["Versions"]:
            if version["Version"] == "$LATEST":
                version["FunctionArn"] += ":$LATEST"
        return json_response(page)
    return call


def publishing(operation):
    """An operation that publishes a version if it is asked to, and returns it then."""
    def call(*args):
        from ministack.services import lambda_svc

        *named, data = args
        status, headers, body = operation(*named, {**data, "Publish": False})
        if not data.get("Publish") or status >= 300:
            return status, headers, body
        return status, headers, lambda_svc._publish_version(json.loads(body)["FunctionName"], {})[2]
    return call

"""Publishing: a version is published only if code or configuration differ from those of the latest one, as at AWS.

The emulator publishes after every update, also one that changed nothing. A version that an update of the code publishes
lacks its number in the ARN there, and the next PublishVersion publishes it again.
"""

import json

SEAMS = {
    "ministack.services.lambda_svc:_create_function": "data #e307eecdf0d8b51c",
    "ministack.services.lambda_svc:_functions": "AccountRegionScopedDict",
    "ministack.services.lambda_svc:_publish_version": "name data #3bc240a8db5dc832",
    "ministack.services.lambda_svc:_update_code": "name data #0998d118b422f475",
}

# What differs between two versions with the same code and configuration.
OWN = {"FunctionArn", "LastModified", "LastUpdateStatus", "LastUpdateStatusReason", "LastUpdateStatusReasonCode",
       "RevisionId", "State", "StateReason", "StateReasonCode", "Version"}


def install():
    """Replaces PublishVersion, and has the other operations that publish use it."""
    from ministack.services import lambda_svc

    lambda_svc._publish_version = if_changed(lambda_svc._publish_version)
    for name in ("_create_function", "_update_code"):
        setattr(lambda_svc, name, publishing(getattr(lambda_svc, name)))


def if_changed(publish):
    """PublishVersion, which returns the latest version if nothing changed since."""
    def call(name, data):
        from ministack.services import lambda_svc

        func = lambda_svc._functions.get(name)
        if func and func["versions"]:
            latest = func["versions"][max(func["versions"], key=int)]
            if content(latest["config"]) == content(func["config"]):
                # By this the emulator knows that nothing changed.
                latest["function_revision"] = func["config"]["RevisionId"]
        return publish(name, data)
    return call


def content(config):
    """Code, by its hash, and configuration."""
    kept = {name: value for name, value in config.items() if name not in OWN}
    # A version also has the state of its snapshot.
    return {**kept, "SnapStart": config["SnapStart"]["ApplyOn"]}


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

"""The credentials of functions. The emulator derives those of a role from names, so that anyone who knows the names of
a function and its role could sign as that role; here they depend on a secret as well."""

import hashlib
import hmac

SEAMS = {
    "ministack.core.lambda_runtime:execution_credentials": "config #cffaadc4f396f6e4",
    "ministack.core.lambda_runtime:_account_region_from_function_config": "config",
    "ministack.services.lambda_svc:execution_credentials": "config #cffaadc4f396f6e4",
    "ministack.services.sts:register_session": "access_key session",
}


def install(secret):
    """Replaces what issues the credentials, also where the service has it by name."""
    from ministack.core import lambda_runtime
    from ministack.services import lambda_svc

    def execution_credentials(config):
        return issue(config, secret)

    lambda_runtime.execution_credentials = execution_credentials
    lambda_svc.execution_credentials = execution_credentials


def issue(config, secret):
    """The session of a function's role. It is the same as long as function, role and secret are."""
    from ministack.core import lambda_runtime
    from ministack.services import sts

    account, _ = lambda_runtime._account_region_from_function_config(config)
    role = config.get("Role", "")
    subject = f"{config.get('FunctionArn', '')} {role}"

    def derive(purpose):
        return hmac.new(secret.encode(), f"{purpose} {subject}".encode(), hashlib.sha256).hexdigest()

    key, role = f"ASIA{derive('id')[:16].upper()}", role.rsplit("/", 1)[-1]
    name = config.get("FunctionName", "function")[:64]
    session = {
        "Arn": f"arn:aws:sts::{account}:assumed-role/{role}/{name}",
        "UserId": f"{role}:{name}",
        "SecretAccessKey": derive("secret"),
        "SessionToken": derive("token"),
    }
    sts.register_session(key, session)
    return {
        "AWS_ACCESS_KEY_ID": key,
        "AWS_SECRET_ACCESS_KEY": session["SecretAccessKey"],
        "AWS_SESSION_TOKEN": session["SessionToken"],
    }

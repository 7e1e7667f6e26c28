"""What a version or an alias has of its own: its ARN, its policy, its provisioned concurrency.

The emulator asks the role that invokes an alias for the permission to invoke the function, and the one that reads or
changes an alias for another one than AWS does. It gives the URL of an alias the ARN of the function. It keeps one
policy for all, in which an id may stand only once, and shows and changes the whole of it where the function is named
without a qualifier. It lists no provisioned concurrency, and lets `$LATEST` have some. It keeps what a deleted alias or
version had for the next of its name, refuses to delete one that does not exist, and deletes the whole function with the
version `$LATEST`.
"""

import inspect
import re
from contextlib import contextmanager

SEAMS = {
    "ministack.core.iam_actions:_lambda_action": "method path #19fa24ebca403b7a",
    "ministack.core.iam_actions:extract_resource_arn":
        "service method path headers body query_params region account_id",
    "ministack.core.responses:error_response_json": "code message status extra message_key content_type",
    "ministack.core.responses:json_response": "data status content_type",
    "ministack.services.lambda_svc:_add_permission": "func_name data query_params path_qualifier #d0f846365868caa5",
    "ministack.services.lambda_svc:_create_function_url_config": "func_name data qualifier #e821147c5bd82080",
    "ministack.services.lambda_svc:_delete_alias": "func_name alias_name #425784b531066a22",
    "ministack.services.lambda_svc:_delete_function": "name query_params path_qualifier #4acf1bc5a56ca8e4",
    "ministack.services.lambda_svc:_function_urls": "AccountRegionScopedDict",
    "ministack.services.lambda_svc:_functions": "AccountRegionScopedDict",
    "ministack.services.lambda_svc:_get_policy": "func_name query_params path_qualifier #3f1ea49b41d8a3c5",
    "ministack.services.lambda_svc:_get_provisioned_concurrency": "func_name qualifier #e579a7415a6daf67",
    "ministack.services.lambda_svc:_policy_resource_arn": "func_name qualifier",
    "ministack.services.lambda_svc:_put_provisioned_concurrency": "func_name qualifier data #c9f084246ab90bdf",
    "ministack.services.lambda_svc:_qualifier_from_path_or_query": "path_qualifier query_params",
    "ministack.services.lambda_svc:_remove_permission": "func_name sid query_params path_qualifier #b73f97f393148167",
    "ministack.services.lambda_svc:_url_config_key": "func_name qualifier",
}

# The operations by the end of their paths, behind the function's name.
OPERATIONS = [
    (r"aliases/[^/]+", {"GET": "GetAlias", "PUT": "UpdateAlias", "DELETE": "DeleteAlias"}),
    (r"event-invoke-config", {"GET": "GetFunctionEventInvokeConfig", "PUT": "PutFunctionEventInvokeConfig",
                              "POST": "UpdateFunctionEventInvokeConfig", "DELETE": "DeleteFunctionEventInvokeConfig"}),
    (r"event-invoke-config/list", {"GET": "ListFunctionEventInvokeConfigs"}),
    (r"provisioned-concurrency", {"GET": "GetProvisionedConcurrencyConfig", "PUT": "PutProvisionedConcurrencyConfig",
                                  "DELETE": "DeleteProvisionedConcurrencyConfig"}),
]


def install():
    """Replaces the operations that take a qualifier, and what permission they need."""
    from ministack.core import iam_actions
    from ministack.services import lambda_svc

    iam_actions.extract_resource_arn = with_the_qualifier(iam_actions.extract_resource_arn)
    iam_actions._lambda_action = of_the_path(iam_actions._lambda_action)
    lambda_svc._add_permission = of_one_policy(not_of_latest(lambda_svc._add_permission))
    lambda_svc._remove_permission = of_one_policy(lambda_svc._remove_permission)
    lambda_svc._get_policy = of_one_policy(never_empty(lambda_svc._get_policy))
    lambda_svc._get_provisioned_concurrency = listing(lambda_svc._get_provisioned_concurrency)
    lambda_svc._put_provisioned_concurrency = of_a_version(lambda_svc._put_provisioned_concurrency)
    lambda_svc._create_function_url_config = with_its_arn(lambda_svc._create_function_url_config)
    lambda_svc._delete_alias = forgetting(lambda_svc._delete_alias)
    lambda_svc._delete_function = by_number(forgetting(lambda_svc._delete_function))


def with_the_qualifier(resource_of):
    """What the sender of a request must have the permission for: to invoke an alias, the permission for that alias."""
    def call(service, method, path, headers, body, query_params, *where, **others):
        from ministack.services import lambda_svc

        arn = resource_of(service, method, path, headers, body, query_params, *where, **others)
        qualifier = lambda_svc._qualifier_from_path_or_query(None, query_params)
        if service != "lambda" or not path.endswith("invocations") or not qualifier or arn.endswith(f":{qualifier}"):
            return arn
        return f"{arn}:{qualifier}"
    return call


def of_the_path(action_of):
    """The action that the sender of a request must have the permission for."""
    def call(method, path):
        for ending, operations in OPERATIONS:
            if method in operations and re.search(f"/functions/[^/]+/{ending}/?$", path):
                return operations[method]
        return action_of(method, path)
    return call


def of_one_policy(operation):
    """An operation on a policy, which sees the statements for its qualifier alone."""
    parameters = inspect.signature(operation)

    def call(*args, **others):
        from ministack.services import lambda_svc

        given = parameters.bind(*args, **others).arguments
        qualifier = lambda_svc._qualifier_from_path_or_query(given.get("path_qualifier"), given.get("query_params"))
        func = lambda_svc._functions.get(given["func_name"])
        if func is None:
            return operation(*args, **others)
        with only(func["policy"], lambda_svc._policy_resource_arn(given["func_name"], qualifier)):
            return operation(*args, **others)
    return call


@contextmanager
def only(policy, resource):
    """Leaves in a policy, for a while, the statements for one resource."""
    others = [statement for statement in policy["Statement"] if statement["Resource"] != resource]
    policy["Statement"] = [statement for statement in policy["Statement"] if statement["Resource"] == resource]
    try:
        yield
    finally:
        policy["Statement"] = others + policy["Statement"]


def not_of_latest(add):
    """AddPermission, which takes no permission for `$LATEST`."""
    def call(func_name, data, query_params=None, path_qualifier=None):
        from ministack.core.responses import error_response_json
        from ministack.services import lambda_svc

        if lambda_svc._qualifier_from_path_or_query(path_qualifier, query_params) == "$LATEST":
            message = "We currently do not support adding policies for $LATEST."
            return error_response_json("InvalidParameterValueException", message, 400)
        return add(func_name, data, query_params, path_qualifier)
    return call


def never_empty(get):
    """GetPolicy finds nothing where there are no statements, of the function itself either."""
    def call(func_name, query_params=None, path_qualifier=None):
        from ministack.core.responses import error_response_json
        from ministack.services import lambda_svc

        func = lambda_svc._functions.get(func_name)
        if func and not func["policy"]["Statement"]:
            return error_response_json("ResourceNotFoundException", "The resource you requested does not exist.", 404)
        return get(func_name, query_params, path_qualifier)
    return call


def listing(get):
    """GetProvisionedConcurrencyConfig, and ListProvisionedConcurrencyConfigs, which is the same without a qualifier."""
    def call(func_name, qualifier):
        from ministack.core.responses import json_response
        from ministack.services import lambda_svc

        func = lambda_svc._functions.get(func_name)
        if qualifier or func is None:
            return get(func_name, qualifier)
        found = [{"FunctionArn": lambda_svc._policy_resource_arn(func_name, of), **config}
                 for of, config in func.get("provisioned_concurrency", {}).items()]
        return json_response({"ProvisionedConcurrencyConfigs": found})
    return call


def of_a_version(put):
    """PutProvisionedConcurrencyConfig, which is only for a published version or an alias of one."""
    def call(func_name, qualifier, data):
        from ministack.core.responses import error_response_json
        from ministack.services import lambda_svc

        func = lambda_svc._functions.get(func_name)
        alias = func and func["aliases"].get(qualifier)
        if func and (alias["FunctionVersion"] if alias else qualifier) in (None, "", "$LATEST"):
            message = "Provisioned Concurrency Configs cannot be applied to unpublished function versions."
            return error_response_json("InvalidParameterValueException", message, 400)
        return put(func_name, qualifier, data)
    return call


def with_its_arn(create):
    """A URL of an alias has the alias's ARN."""
    def call(func_name, data, qualifier):
        from ministack.core.responses import json_response
        from ministack.services import lambda_svc

        response = create(func_name, data, qualifier)
        if response[0] != 201 or not qualifier:
            return response
        url = lambda_svc._function_urls[lambda_svc._url_config_key(func_name, qualifier)]
        url["FunctionArn"] = lambda_svc._policy_resource_arn(func_name, qualifier)
        return json_response(url, 201)
    return call


def by_number(delete):
    """DeleteFunction, which deletes a version only by its number."""
    def call(name, query_params, path_qualifier=None):
        from ministack.core.responses import error_response_json
        from ministack.services import lambda_svc

        qualifier = lambda_svc._qualifier_from_path_or_query(path_qualifier, query_params)
        if not qualifier or qualifier.isdecimal():
            return delete(name, query_params, path_qualifier)
        message = ("$LATEST version cannot be deleted without deleting the function." if qualifier == "$LATEST"
                   else "Deletion of aliases is not currently supported.")
        return error_response_json("InvalidParameterValueException", message, 400)
    return call


def forgetting(delete):
    """A deletion of an alias or a version, which leaves nothing of what it had, and succeeds if there is none."""
    parameters = inspect.signature(delete)

    def call(*args, **others):
        from ministack.services import lambda_svc

        given = parameters.bind(*args, **others).arguments
        name = given.get("name") or given["func_name"]
        qualifier = given.get("alias_name") or lambda_svc._qualifier_from_path_or_query(
            given.get("path_qualifier"), given.get("query_params"))
        response = delete(*args, **others)
        func = lambda_svc._functions.get(name)
        if response[0] not in (204, 404) or not qualifier or not func:
            return response
        with only(func["policy"], lambda_svc._policy_resource_arn(name, qualifier)):
            func["policy"]["Statement"] = []
        for settings in ("provisioned_concurrency", "event_invoke_configs"):
            func.get(settings, {}).pop(qualifier, None)
        return 204, {}, b""
    return call

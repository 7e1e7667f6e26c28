"""The tagging API: it shows parameters, secrets, log groups and event source mappings too, and its filter by type finds
resources whose names have a slash. The emulator leaves them out."""

import re

SEAMS = {
    "ministack.core.responses:get_account_id": "",
    "ministack.core.responses:get_region": "",
    "ministack.services.cloudwatch_logs:_log_groups": "AccountRegionScopedDict",
    "ministack.services.lambda_svc:_esm_arn": "esm_id",
    "ministack.services.lambda_svc:_esms": "AccountRegionScopedDict",
    "ministack.services.secretsmanager:_secrets": "AccountRegionScopedDict",
    "ministack.services.ssm:_parameters": "AccountRegionScopedDict",
    "ministack.services.ssm:_tags": "AccountRegionScopedDict",
    "ministack.services.tagging:_COLLECTORS": "dict",
    "ministack.services.tagging:_collect_lambda": "",
    "ministack.services.tagging:_matches_type_filters": "arn type_filters #53df891bff31e104",
    "ministack.services.tagging:_normalise_flat": "tag_dict",
    "ministack.services.tagging:_normalise_list": "tag_list",
}


def install():
    """Adds what lists the resources of a service with their tags."""
    from ministack.services import tagging

    tagging._COLLECTORS |= {"lambda": functions_and_mappings, "logs": log_groups, "secretsmanager": secrets,
                            "ssm": parameters}
    tagging._matches_type_filters = is_one_of


def is_one_of(arn, types):
    """Whether a resource is of a type such as `logs:log-group`, or of a service such as `sqs`."""
    _, _, service, _, _, resource = arn.split(":", 5)
    kind = re.split("[:/]", resource)[0]
    return not types or service in types or f"{service}:{kind}" in types


def functions_and_mappings():
    from ministack.services import lambda_svc, tagging

    yield from tagging._collect_lambda()
    for id, mapping in lambda_svc._esms.items():
        yield lambda_svc._esm_arn(id), tagging._normalise_flat(mapping.get("Tags"))


def log_groups():
    from ministack.core.responses import get_account_id, get_region
    from ministack.services import cloudwatch_logs, tagging

    for name, group in cloudwatch_logs._log_groups.items():
        arn = f"arn:aws:logs:{get_region()}:{get_account_id()}:log-group:{name}"
        yield arn, tagging._normalise_flat(group["tags"])


def secrets():
    from ministack.services import secretsmanager, tagging

    for secret in secretsmanager._secrets.values():
        yield secret["ARN"], tagging._normalise_list(secret.get("Tags"))


def parameters():
    """Without the tags of parameters that are not there, which the emulator keeps."""
    from ministack.services import ssm, tagging

    for parameter in ssm._parameters.values():
        yield parameter["ARN"], tagging._normalise_flat(ssm._tags.get(parameter["ARN"]))

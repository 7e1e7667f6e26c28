"""Tests of versions and aliases of functions, as a released function has them.

Usage: aliases.py URL, that of a local cloud, with its credentials in `AWS_SHARED_CREDENTIALS_FILE`.
"""

import io
import json
import sys
import unittest
import urllib.request
import zipfile
from collections import Counter

import boto3
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError

CLOUD = sys.argv.pop(1)
ACCOUNT = "arn:aws:lambda:us-east-1:000000000000:function"
CODE = """
import os

def handler(event, context):
    if event.get("fail"):
        raise ValueError("as asked")
    return {"code": %r, "setting": os.environ["SETTING"], "version": context.function_version,
            "arn": context.invoked_function_arn}
"""


def client(service, **others):
    return boto3.client(service, endpoint_url=CLOUD, region_name="us-east-1",
                        config=Config(retries={"max_attempts": 0}), **others)


functions, iam, queues = client("lambda"), client("iam"), client("sqs")


def allow(action, resource):
    return json.dumps({"Version": "2012-10-17",
                       "Statement": [{"Effect": "Allow", "Action": action, "Resource": resource}]})


def package(text):
    with zipfile.ZipFile(buffer := io.BytesIO(), "w") as archive:
        archive.writestr(zipfile.ZipInfo("app.py"), CODE % text)
    return buffer.getvalue()


def settled(*names):
    for name in names:
        functions.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 0.1})


def publish(name):
    return functions.publish_version(FunctionName=name)["Version"]


def release(*names):
    """Functions with the versions 1 and 2, which differ in code and environment, and the alias `live` at the first."""
    for name in names:
        functions.create_function(FunctionName=name, Runtime="python3.13", Role=ROLE, Handler="app.handler",
                                  Code={"ZipFile": package("old")}, Environment={"Variables": {"SETTING": "a"}})
    settled(*names)
    for name in names:
        publish(name)
        functions.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
        functions.update_function_code(FunctionName=name, ZipFile=package("new"))
    settled(*names)
    for name in names:
        functions.update_function_configuration(FunctionName=name, Environment={"Variables": {"SETTING": "b"}})
    settled(*names)
    for name in names:
        publish(name)


def shift(name, weight):
    """Gives version 2 a share of the alias's invocations."""
    functions.update_alias(FunctionName=name, Name="live", RoutingConfig={"AdditionalVersionWeights": {"2": weight}})


def invoke(name, **others):
    response = functions.invoke(FunctionName=name, Payload=b"{}", **others)
    return response["ExecutedVersion"], json.loads(response["Payload"].read())


def ran(name, count):
    """How many of so many invocations have run which version, once all have ended, by the first line that each logs."""
    logs, versions = client("logs"), Counter()
    while versions.total() < count:
        events = logs.filter_log_events(logGroupName=f"/aws/lambda/{name}", limit=1000)["events"]
        starts = [event["message"] for event in events if event["message"].startswith("START ")]
        versions = Counter(start.rpartition("Version: ")[2] for start in starts)
    return versions


def queue(name):
    url = queues.create_queue(QueueName=name)["QueueUrl"]
    found = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return url, found["Attributes"]["QueueArn"]


def code(refused):
    return refused.exception.response["Error"]["Code"]


def setUpModule():
    global ROLE
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
    ROLE = iam.create_role(RoleName="all", AssumeRolePolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": [trust]}))["Role"]["Arn"]
    iam.put_role_policy(RoleName="all", PolicyName="all", PolicyDocument=allow("*", "*"))
    release("shared", "routed", "polled", "streamed", "started", "failing", "throttled", "guarded", "published",
            "routing", "referred", "permitted", "provisioned", "named")


class Weights(unittest.TestCase):
    def test_an_alias_runs_its_versions_in_the_shares_of_its_weights(self):
        old = {"code": "old", "setting": "a", "version": "1", "arn": f"{ACCOUNT}:shared:live"}
        new = {"code": "new", "setting": "b", "version": "2", "arn": f"{ACCOUNT}:shared:live"}
        self.assertEqual(invoke("shared", Qualifier="live"), ("1", old))
        for weight, expected in ((0.1, 2), (0.5, 10), (1.0, 20), (0.05, 1)):
            shift("shared", weight)
            counts = Counter(json.dumps(invoke("shared", Qualifier="live")) for _ in range(20))
            self.assertEqual(counts[json.dumps(("2", new))], expected, weight)
            self.assertEqual(counts[json.dumps(("1", old))], 20 - expected, weight)
        functions.update_alias(FunctionName="shared", Name="live", FunctionVersion="2",
                               RoutingConfig={"AdditionalVersionWeights": {}})
        self.assertEqual({invoke("shared:live")[0] for _ in range(20)}, {"2"})
        self.assertNotIn("RoutingConfig", functions.get_alias(FunctionName="shared", Name="live"))

    def test_an_api_runs_them_so_too(self):
        shift("routed", 0.3)
        apis = client("apigatewayv2")
        api = apis.create_api(Name="routed", ProtocolType="HTTP")["ApiId"]
        target = apis.create_integration(ApiId=api, IntegrationType="AWS_PROXY", PayloadFormatVersion="2.0",
                                         IntegrationUri=f"{ACCOUNT}:routed:live")["IntegrationId"]
        apis.create_route(ApiId=api, RouteKey="GET /", Target=f"integrations/{target}")
        apis.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
        counts = Counter()
        for _ in range(200):
            with urllib.request.urlopen(f"{CLOUD}/_aws/execute-api/{api}/$default/") as response:
                answer = json.loads(response.read())
            self.assertEqual(answer["arn"], f"{ACCOUNT}:routed:live")
            counts[answer["code"]] += 1
        self.assertEqual(counts, {"old": 140, "new": 60})

    def test_messages_of_a_queue_run_them_so_too(self):
        shift("polled", 0.1)
        client("logs").create_log_group(logGroupName="/aws/lambda/polled")
        url, arn = queue("polled")
        functions.create_event_source_mapping(FunctionName="polled:live", EventSourceArn=arn, BatchSize=1)
        for number in range(20):
            queues.send_message(QueueUrl=url, MessageBody=str(number))
        self.assertEqual(ran("polled", 20), {"1": 18, "2": 2})

    def test_changes_of_a_table_run_them_so_too(self):
        shift("streamed", 0.3)
        client("logs").create_log_group(logGroupName="/aws/lambda/streamed")
        tables = client("dynamodb")
        table = tables.create_table(TableName="streamed", BillingMode="PAY_PER_REQUEST",
                                    KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
                                    AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
                                    StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"})
        stream = table["TableDescription"]["LatestStreamArn"]
        functions.create_event_source_mapping(FunctionName="streamed:live", EventSourceArn=stream, BatchSize=1,
                                              StartingPosition="TRIM_HORIZON")
        for number in range(20):
            tables.put_item(TableName="streamed", Item={"key": {"S": str(number)}})
        self.assertEqual(ran("streamed", 20), {"1": 14, "2": 6})

    def test_events_run_them_so_too(self):
        shift("started", 0.3)
        client("logs").create_log_group(logGroupName="/aws/lambda/started")
        for _ in range(20):
            functions.invoke(FunctionName="started:live", InvocationType="Event", Payload=b"{}")
        self.assertEqual(ran("started", 20), {"1": 14, "2": 6})


class Invocations(unittest.TestCase):
    def test_a_failed_event_goes_where_is_set_for_the_alias(self):
        (url, arn), (other_url, other) = queue("failed"), queue("elsewhere")
        for where, target in (({"Qualifier": "live"}, arn), ({}, other)):
            functions.put_function_event_invoke_config(FunctionName="failing", MaximumRetryAttempts=0, **where,
                                                       DestinationConfig={"OnFailure": {"Destination": target}})
        functions.invoke(FunctionName="failing", Qualifier="live", InvocationType="Event", Payload=b'{"fail": true}')
        messages = queues.receive_message(QueueUrl=url, WaitTimeSeconds=20)["Messages"]
        self.assertEqual(json.loads(messages[0]["Body"])["requestPayload"], {"fail": True})
        self.assertNotIn("Messages", queues.receive_message(QueueUrl=other_url))

    def test_the_reserved_concurrency_is_that_of_all_versions(self):
        functions.put_function_concurrency(FunctionName="throttled", ReservedConcurrentExecutions=0)
        for qualifier in ("live", "1", "$LATEST"):
            with self.assertRaises(ClientError) as refused:
                invoke("throttled", Qualifier=qualifier)
            self.assertEqual(code(refused), "TooManyRequestsException", qualifier)

    def test_a_permission_is_for_the_alias_or_for_the_function(self):
        for name, resource in (("of_alias", f"{ACCOUNT}:guarded:live"), ("of_function", f"{ACCOUNT}:guarded")):
            user = self.user(name)
            self.may(name, "lambda:InvokeFunction", resource)
            ways = [{"FunctionName": "guarded"}, {"FunctionName": "guarded", "Qualifier": "live"},
                    {"FunctionName": "guarded:live"}, {"FunctionName": f"{ACCOUNT}:guarded:live"}]
            for way in ways:
                if (way != ways[0]) == (name == "of_alias"):
                    self.assertEqual(user.invoke(**way, Payload=b"{}")["StatusCode"], 200, (name, way))
                else:
                    with self.assertRaises(ClientError, msg=(name, way)) as refused:
                        user.invoke(**way)
                    self.assertEqual(code(refused), "AccessDeniedException")

    def test_each_operation_needs_its_own_permission(self):
        user, function, live = self.user("of_one"), {"FunctionName": "guarded"}, {"Qualifier": "live"}
        operations = [
            ("CreateAlias", {"Name": "more", "FunctionVersion": "1"}), ("ListAliases", {}),
            ("GetAlias", {"Name": "more"}), ("UpdateAlias", {"Name": "more"}), ("DeleteAlias", {"Name": "more"}),
            ("PutFunctionEventInvokeConfig", {**live, "MaximumRetryAttempts": 1}),
            ("GetFunctionEventInvokeConfig", live), ("ListFunctionEventInvokeConfigs", {}),
            ("DeleteFunctionEventInvokeConfig", live),
            ("PutProvisionedConcurrencyConfig", {**live, "ProvisionedConcurrentExecutions": 1}),
            ("GetProvisionedConcurrencyConfig", live), ("DeleteProvisionedConcurrencyConfig", live),
        ]
        for operation, parameters in operations:
            call = getattr(user, xform_name(operation))
            others = [f"lambda:{other}" for other, _ in operations if other != operation]
            self.may("of_one", [*others, "lambda:GetFunction", "lambda:UpdateFunctionCode", "lambda:DeleteFunction"])
            with self.assertRaises(ClientError, msg=operation) as refused:
                call(**function, **parameters)
            self.assertEqual(code(refused), "AccessDeniedException", operation)
            self.may("of_one", f"lambda:{operation}")
            call(**function, **parameters)

    def user(self, name):
        iam.create_user(UserName=name)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return client("lambda", aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"])

    def may(self, user, action, resource=f"{ACCOUNT}:guarded"):
        iam.put_user_policy(UserName=user, PolicyName="p", PolicyDocument=allow(action, resource))


class Versions(unittest.TestCase):
    def test_only_a_change_is_published(self):
        functions.update_function_code(FunctionName="published", ZipFile=package("new"))
        settled("published")
        self.assertEqual(publish("published"), "2")
        functions.update_function_configuration(FunctionName="published", Timeout=9)
        settled("published")
        self.assertEqual(publish("published"), "3")
        update = functions.update_function_code(FunctionName="published", ZipFile=package("newer"), Publish=True)
        self.assertEqual((update["Version"], update["FunctionArn"]), ("4", f"{ACCOUNT}:published:4"))
        settled("published")
        self.assertEqual(publish("published"), "4")
        listed = functions.list_versions_by_function(FunctionName="published")["Versions"]
        self.assertEqual([one["FunctionArn"].removeprefix(f"{ACCOUNT}:published:") for one in listed],
                         [one["Version"] for one in listed])
        self.assertEqual([one["Version"] for one in listed], ["$LATEST", "1", "2", "3", "4"])
        self.assertNotIn("State", set().union(*listed))
        self.assertEqual(len({one["CodeSha256"] for one in listed}), 3)
        for number in ("1", "4"):
            read = functions.get_function(FunctionName="published", Qualifier=number)["Configuration"]
            self.assertEqual((read["Version"], read["State"]), (number, "Active"))
        created = functions.create_function(FunctionName="at_once", Runtime="python3.13", Role=ROLE, Publish=True,
                                            Handler="app.handler", Code={"ZipFile": package("x")})
        self.assertEqual((created["Version"], created["FunctionArn"]), ("1", f"{ACCOUNT}:at_once:1"))
        self.assertEqual(publish("at_once"), "1")

    def test_the_description_of_a_version_is_no_change(self):
        settings = {"FunctionName": "described", "Runtime": "python3.13", "Role": ROLE, "Handler": "app.handler"}
        functions.create_function(**settings, Code={"ZipFile": package("x")}, Description="function")
        settled("described")
        for description in ("version", "other", ""):
            found = functions.publish_version(FunctionName="described", Description=description)
            self.assertEqual((found["Version"], found["Description"]), ("1", "version"))
            functions.update_function_code(FunctionName="described", ZipFile=package("x"))
            settled("described")
        functions.update_function_configuration(FunctionName="described", Description="version")
        settled("described")
        self.assertEqual(publish("described"), "2")

    def test_only_what_is_meant_is_published(self):
        for meant, refusal in (({"CodeSha256": "other"}, "InvalidParameterValueException"),
                               ({"RevisionId": "other"}, "PreconditionFailedException")):
            with self.assertRaises(ClientError) as refused:
                functions.publish_version(FunctionName="routing", **meant)
            self.assertEqual(code(refused), refusal)
        live = functions.get_function_configuration(FunctionName="routing")
        meant = {key: live[key] for key in ("CodeSha256", "RevisionId")}
        self.assertEqual(functions.publish_version(FunctionName="routing", **meant)["Version"], "2")

    def test_an_alias_stands_for_versions_that_exist(self):
        before = functions.get_alias(FunctionName="routing", Name="live")
        cases = [("1", {"3": 0.5}, "ResourceNotFoundException"), ("3", {}, "ResourceNotFoundException"),
                 ("1", {"1": 0.5}, "InvalidParameterValueException"),
                 ("$LATEST", {"1": 0.5}, "InvalidParameterValueException"),
                 ("1", {"$LATEST": 0.5}, "ValidationException"), ("1", {"2": 1.5}, "ValidationException")]
        for version, weights, refusal in cases:
            for operation, name in ((functions.update_alias, "live"), (functions.create_alias, "new")):
                with self.assertRaises(ClientError, msg=(version, weights)) as refused:
                    operation(FunctionName="routing", Name=name, FunctionVersion=version,
                              RoutingConfig={"AdditionalVersionWeights": weights})
                self.assertEqual(code(refused), refusal, (version, weights))
        with self.assertRaises(ClientError) as refused:
            functions.create_alias(FunctionName="routing", Name="12", FunctionVersion="1")
        self.assertEqual(code(refused), "ValidationException")
        for read in (before, functions.get_alias(FunctionName="routing", Name="live")):
            read.pop("ResponseMetadata")
            self.assertEqual(read, before)

    def test_what_an_alias_stands_for_stays_until_it_is_set(self):
        alias = {"FunctionName": "routing", "Name": "kept"}
        weights = {"AdditionalVersionWeights": {"2": 0.3}}
        functions.create_alias(**alias, FunctionVersion="1", Description="as it was", RoutingConfig=weights)
        for change in ({}, {"Description": "changed"}, {"FunctionVersion": "1"}):
            functions.update_alias(**alias, **change)
            self.assertEqual(functions.get_alias(**alias)["RoutingConfig"], weights)
        cleared = functions.update_alias(**alias, FunctionVersion="2", RoutingConfig={"AdditionalVersionWeights": {}})
        self.assertEqual((cleared["FunctionVersion"], cleared["Description"]), ("2", "changed"))
        self.assertNotIn("RoutingConfig", cleared)

    def test_a_version_stays_as_long_as_an_alias_refers_to_it(self):
        shift("referred", 0.5)
        for version in ("1", "2"):
            with self.assertRaises(ClientError) as refused:
                functions.delete_function(FunctionName="referred", Qualifier=version)
            self.assertEqual(code(refused), "ResourceConflictException")
        functions.update_alias(FunctionName="referred", Name="live", FunctionVersion="2",
                               RoutingConfig={"AdditionalVersionWeights": {}})
        for _ in range(2):
            functions.delete_function(FunctionName="referred", Qualifier="1")
            functions.delete_alias(FunctionName="referred", Name="none")
        with self.assertRaises(functions.exceptions.ResourceNotFoundException):
            functions.get_function(FunctionName="referred", Qualifier="1")
        for qualifier in ("live", "$LATEST"):
            with self.assertRaises(ClientError) as refused:
                functions.delete_function(FunctionName="referred", Qualifier=qualifier)
            self.assertEqual(code(refused), "InvalidParameterValueException")
        self.assertEqual(invoke("referred", Qualifier="live")[1]["code"], "new")


class Qualifiers(unittest.TestCase):
    def permit(self, **where):
        functions.add_permission(FunctionName="permitted", StatementId="api", Action="lambda:InvokeFunction",
                                 Principal="apigateway.amazonaws.com", **where)

    def statements(self, **where):
        try:
            policy = json.loads(functions.get_policy(FunctionName="permitted", **where)["Policy"])
        except functions.exceptions.ResourceNotFoundException:
            return None
        return [(one["Sid"], one["Resource"].removeprefix(f"{ACCOUNT}:")) for one in policy["Statement"]]

    def test_each_has_a_policy_of_its_own(self):
        live = {"Qualifier": "live"}
        self.assertIsNone(self.statements())
        self.permit(**live)
        self.assertIsNone(self.statements())
        self.permit()
        with self.assertRaises(ClientError) as refused:
            self.permit(**live)
        self.assertEqual(code(refused), "ResourceConflictException")
        with self.assertRaises(ClientError) as refused:
            self.permit(Qualifier="$LATEST")
        self.assertEqual(code(refused), "InvalidParameterValueException")
        self.assertEqual(self.statements(), [("api", "permitted")])
        self.assertEqual(self.statements(**live), [("api", "permitted:live")])
        functions.remove_permission(FunctionName="permitted", StatementId="api")
        self.assertIsNone(self.statements())
        self.assertEqual(self.statements(**live), [("api", "permitted:live")])
        functions.delete_alias(FunctionName="permitted", Name="live")
        functions.create_alias(FunctionName="permitted", Name="live", FunctionVersion="2")
        self.assertIsNone(self.statements(**live))

    def test_provisioned_concurrency_is_kept_and_listed(self):
        self.assertEqual(self.provisioned(), [])
        put = functions.put_provisioned_concurrency_config(FunctionName="provisioned", Qualifier="live",
                                                           ProvisionedConcurrentExecutions=2)
        self.assertEqual(put["RequestedProvisionedConcurrentExecutions"], 2)
        got = functions.get_provisioned_concurrency_config(FunctionName="provisioned", Qualifier="live")
        self.assertEqual(got["Status"], "READY")
        self.assertEqual(self.provisioned(), [(f"{ACCOUNT}:provisioned:live", 2)])
        functions.delete_provisioned_concurrency_config(FunctionName="provisioned", Qualifier="live")
        self.assertEqual(self.provisioned(), [])
        with self.assertRaises(ClientError) as refused:
            functions.get_provisioned_concurrency_config(FunctionName="provisioned", Qualifier="live")
        self.assertEqual(code(refused), "ProvisionedConcurrencyConfigNotFoundException")
        with self.assertRaises(ClientError) as refused:
            functions.put_provisioned_concurrency_config(FunctionName="provisioned", Qualifier="$LATEST",
                                                         ProvisionedConcurrentExecutions=2)
        self.assertEqual(code(refused), "InvalidParameterValueException")

    def test_handling_of_events_is_kept_for_each(self):
        live = {"FunctionName": "provisioned", "Qualifier": "live"}
        functions.put_function_event_invoke_config(**live, MaximumRetryAttempts=1, MaximumEventAgeInSeconds=60)
        functions.put_function_event_invoke_config(**live, MaximumRetryAttempts=0)
        read = functions.get_function_event_invoke_config(**live)
        self.assertEqual((read["FunctionArn"], read["MaximumRetryAttempts"], read["MaximumEventAgeInSeconds"]),
                         (f"{ACCOUNT}:provisioned:live", 0, 21600))
        functions.delete_function_event_invoke_config(**live)
        for where in (live, {"FunctionName": "provisioned"}):
            with self.assertRaises(functions.exceptions.ResourceNotFoundException):
                functions.get_function_event_invoke_config(**where)

    def provisioned(self):
        found = functions.list_provisioned_concurrency_configs(FunctionName="provisioned")
        return [(one["FunctionArn"], one["AllocatedProvisionedConcurrentExecutions"])
                for one in found["ProvisionedConcurrencyConfigs"]]

    def test_an_alias_is_named_by_its_arn(self):
        arn = f"{ACCOUNT}:named:live"
        read = functions.get_function_configuration(FunctionName="named", Qualifier="live")
        self.assertEqual((read["FunctionArn"], read["Version"]), (arn, "1"))
        functions.create_function_url_config(FunctionName="named", Qualifier="live", AuthType="NONE")
        url = functions.get_function_url_config(FunctionName="named", Qualifier="live")
        self.assertEqual(url["FunctionArn"], arn)


if __name__ == "__main__":
    unittest.main()

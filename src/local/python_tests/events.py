"""Tests of event buses and rules.

Usage: events.py URL, that of a local cloud, with its credentials in `AWS_SHARED_CREDENTIALS_FILE`.
"""

import io
import json
import sys
import unittest
import zipfile

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

CLOUD = sys.argv.pop(1)
QUEUE = "arn:aws:sqs:us-east-1:000000000000:heard"
TRUST = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}]})
SEND = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}]})
CODE = """
import boto3

def handler(event, context):
    queues = boto3.client("sqs")
    url = queues.get_queue_url(QueueName="heard")["QueueUrl"]
    queues.send_message(QueueUrl=url, MessageBody=event["detail"]["said"])
"""


def client(service):
    return boto3.client(service, endpoint_url=CLOUD, region_name="us-east-1",
                        config=Config(retries={"max_attempts": 0}))


events, functions, iam, queues = client("events"), client("lambda"), client("iam"), client("sqs")


class Rules(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.queue = queues.create_queue(QueueName="heard")["QueueUrl"]
        role = iam.create_role(RoleName="hears", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
        iam.put_role_policy(RoleName="hears", PolicyName="send", PolicyDocument=SEND)
        with zipfile.ZipFile(package := io.BytesIO(), "w") as archive:
            archive.writestr(zipfile.ZipInfo("app.py"), CODE)
        cls.function = functions.create_function(
            FunctionName="hears", Role=role, Runtime="python3.13", Handler="app.handler",
            Code={"ZipFile": package.getvalue()})["FunctionArn"]
        functions.get_waiter("function_active_v2").wait(FunctionName="hears", WaiterConfig={"Delay": 0.1})

    def rule(self, name, target):
        arn = events.put_rule(Name=name, EventPattern=json.dumps({"source": [name]}))["RuleArn"]
        events.put_targets(Rule=name, Targets=[{"Id": "own", "Arn": target}])
        return arn

    def say(self, name, text):
        events.put_events(Entries=[{"Source": name, "DetailType": "said", "Detail": json.dumps({"said": text})}])

    def heard(self):
        """The next text that was heard."""
        message = queues.receive_message(QueueUrl=self.queue, WaitTimeSeconds=20)["Messages"][0]
        queues.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
        return message["Body"]

    def test_a_rule_with_targets_is_not_deleted(self):
        self.rule("held", QUEUE)
        with self.assertRaises(ClientError) as raised:
            events.delete_rule(Name="held")
        self.assertIn("Rule can't be deleted since it has targets.", str(raised.exception))
        events.remove_targets(Rule="held", Ids=["own"])
        events.delete_rule(Name="held")
        with self.assertRaises(ClientError):
            events.describe_rule(Name="held")
        events.delete_rule(Name="held")

    def test_a_bus_with_a_rule_or_an_archive_is_not_deleted(self):
        bus = events.create_event_bus(Name="held")["EventBusArn"]
        events.put_rule(Name="of-held", EventBusName="held", EventPattern='{"source": ["a"]}')
        events.create_archive(ArchiveName="held", EventSourceArn=bus)
        for free in [lambda: events.delete_rule(Name="of-held", EventBusName="held"),
                     lambda: events.delete_archive(ArchiveName="held")]:
            with self.assertRaisesRegex(ClientError, "since it has rules"):
                events.delete_event_bus(Name="held")
            free()
        events.delete_event_bus(Name="held")

    def test_a_function_hears_only_the_rules_that_its_policy_admits(self):
        allowed, other = (self.rule(name, self.function) for name in ("allowed", "other"))
        self.say("allowed", "too early")
        functions.add_permission(FunctionName="hears", StatementId="rule", Action="lambda:InvokeFunction",
                                 Principal="events.amazonaws.com", SourceArn=allowed)
        self.say("other", "of another rule")
        self.say("allowed", "admitted")
        self.assertEqual(self.heard(), "admitted")
        functions.add_permission(FunctionName="hears", StatementId="another", Action="lambda:InvokeFunction",
                                 Principal="events.amazonaws.com", SourceArn=other)
        self.say("other", "admitted too")
        self.assertEqual(self.heard(), "admitted too")


if __name__ == "__main__":
    unittest.main()

"""Tests of what AWS refuses of notifications of buckets and of event source mappings, and of what is tagged.

Usage: refusals.py URL, that of a local cloud, with its credentials in `AWS_SHARED_CREDENTIALS_FILE`.
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
ACCOUNT = "000000000000"
TRUST = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
SEND = {"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}
CODE = """
import boto3

def handler(event, context):
    queues = boto3.client("sqs")
    url = queues.get_queue_url(QueueName="heard")["QueueUrl"]
    record = event["Records"][0]
    text = record["s3"]["object"]["key"] if "s3" in record else record["Sns"]["Message"]
    queues.send_message(QueueUrl=url, MessageBody=text)
"""


def client(service):
    return boto3.client(service, endpoint_url=CLOUD, region_name="us-east-1",
                        config=Config(retries={"max_attempts": 0}))


buckets, functions, iam, queues = client("s3"), client("lambda"), client("iam"), client("sqs")
topics, tagging = client("sns"), client("resourcegroupstaggingapi")


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def create(name, **others):
    with zipfile.ZipFile(package := io.BytesIO(), "w") as archive:
        archive.writestr(zipfile.ZipInfo("app.py"), CODE)
    arn = functions.create_function(FunctionName=name, Role=ROLE, Runtime="python3.13", Handler="app.handler",
                                    Code={"ZipFile": package.getvalue()}, **others)["FunctionArn"]
    functions.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 0.1})
    return arn


def queue(name, **attributes):
    url = queues.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    return url, f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}"


def permit(function, service, source, **others):
    functions.add_permission(FunctionName=function, StatementId=service, Action="lambda:InvokeFunction",
                             Principal=f"{service}.amazonaws.com", SourceArn=source, **others)


def heard(url):
    """The next text that the function has heard."""
    message = queues.receive_message(QueueUrl=url, WaitTimeSeconds=20)["Messages"][0]
    queues.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return message["Body"]


def setUpModule():
    global ROLE, FUNCTION
    ROLE = iam.create_role(RoleName="hears", AssumeRolePolicyDocument=policy(TRUST))["Role"]["Arn"]
    iam.put_role_policy(RoleName="hears", PolicyName="send", PolicyDocument=policy(SEND))
    FUNCTION = create("hears")


class Refusals(unittest.TestCase):
    def refused(self, code, call, **arguments):
        """The error of a call that is refused."""
        with self.assertRaises(ClientError) as raised:
            call(**arguments)
        error = raised.exception.response["Error"]
        self.assertEqual(error["Code"], code)
        return error


class Notifications(Refusals):
    def setUp(self):
        self.bucket = self.id().rsplit(".", 1)[-1].replace("_", "-")[:60].strip("-")
        buckets.create_bucket(Bucket=self.bucket)

    def notify(self, *destinations, **others):
        """Sends what happens to objects to these destinations, each about objects of its own."""
        lists = {"lambda": ("LambdaFunctionConfigurations", "LambdaFunctionArn"),
                 "sqs": ("QueueConfigurations", "QueueArn"), "sns": ("TopicConfigurations", "TopicArn")}
        document = {}
        for number, arn in enumerate(destinations):
            name, member = lists[arn.split(":")[2]]
            rules = {"Key": {"FilterRules": [{"Name": "suffix", "Value": f".{number}"}]}}
            document.setdefault(name, []).append({member: arn, "Events": ["s3:ObjectCreated:*"], "Filter": rules})
        buckets.put_bucket_notification_configuration(
            Bucket=self.bucket, NotificationConfiguration=document, **others)

    def undeliverable(self, arn):
        """Why S3 cannot deliver to a destination."""
        error = self.refused("InvalidArgument", lambda: self.notify(arn))
        self.assertEqual(error["Message"], "Unable to validate the following destination configurations")
        self.assertEqual(error["ArgumentName1"].removesuffix(", null"), arn)
        return error["ArgumentValue1"]

    def test_functions_exist_and_admit_the_bucket(self):
        function, source = create("of-bucket"), f"arn:aws:s3:::{self.bucket}"
        for arn in (function, f"{function}:none", f"{function}s"):
            self.assertEqual(self.undeliverable(arn), f"Not authorized to invoke function [{arn}]")
        permit("of-bucket", "s3", "arn:aws:s3:::another", SourceAccount=ACCOUNT)
        self.undeliverable(function)
        functions.remove_permission(FunctionName="of-bucket", StatementId="s3")
        permit("of-bucket", "s3", source, SourceAccount="111122223333")
        self.undeliverable(function)
        self.notify(function, SkipDestinationValidation=True)
        functions.remove_permission(FunctionName="of-bucket", StatementId="s3")
        permit("of-bucket", "s3", source, SourceAccount=ACCOUNT)
        self.notify(function)

    def test_queues_and_topics_exist_and_admit_the_bucket(self):
        self.assertEqual(self.undeliverable(f"arn:aws:sqs:us-east-1:{ACCOUNT}:none"),
                         "The destination queue does not exist")
        self.assertEqual(self.undeliverable(f"arn:aws:sns:us-east-1:{ACCOUNT}:none"),
                         "The destination topic does not exist")
        url, queue_arn = queue("events")
        topic = topics.create_topic(Name="events")["TopicArn"]
        denied = "Permissions on the destination {} do not allow S3 to publish notifications from this bucket"
        self.assertEqual(self.undeliverable(queue_arn), denied.format("queue"))

        def admit(bucket):
            statement = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Condition": {
                "ArnLike": {"aws:SourceArn": f"arn:aws:s3:::{bucket}"},
                "StringEquals": {"aws:SourceAccount": ACCOUNT}}}
            queues.set_queue_attributes(QueueUrl=url, Attributes={
                "Policy": policy(statement | {"Action": "sqs:SendMessage", "Resource": queue_arn})})
            topics.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy(
                statement | {"Action": "sns:Publish", "Resource": topic}))

        admit("another")
        self.assertEqual(self.undeliverable(queue_arn), denied.format("queue"))
        self.assertEqual(self.undeliverable(topic), denied.format("topic"))
        error = self.refused("InvalidArgument", lambda: self.notify(queue_arn, topic))
        self.assertEqual((error["ArgumentName1"], error["ArgumentName2"]), (queue_arn, topic))
        admit(self.bucket)
        self.notify(queue_arn, topic)

    def test_none_are_about_the_same_event_of_an_object(self):
        def put(*entries):
            queue = f"arn:aws:sqs:us-east-1:{ACCOUNT}:none"
            described = [{"Id": id, "QueueArn": queue, "Events": [f"s3:{event}"], "Filter": {"Key": {"FilterRules": [
                {"Name": "prefix", "Value": prefix}, {"Name": "suffix", "Value": suffix}]}}}
                for id, event, prefix, suffix in entries]
            buckets.put_bucket_notification_configuration(
                Bucket=self.bucket, SkipDestinationValidation=True,
                NotificationConfiguration={"QueueConfigurations": described})

        first = ("a", "ObjectCreated:*", "in/", ".png")
        for other in [("b", "ObjectCreated:Put", "in/new/", "g"), ("b", "ObjectCreated:*", "", "")]:
            error = self.refused("InvalidArgument", lambda other=other: put(first, other))
            self.assertTrue(error["Message"].startswith("Configurations overlap."))
        error = self.refused("InvalidArgument", lambda: put(first, ("a", "ObjectRemoved:*", "in/", ".png")))
        self.assertTrue(error["Message"].startswith("Same ID"))
        put(first, ("b", "ObjectCreated:*", "in/", ".jpg"), ("c", "ObjectCreated:*", "out/", ".png"),
            ("d", "ObjectRemoved:*", "in/", ".png"))

    def test_admitted_buckets_and_topics_are_heard(self):
        url, _ = queue("heard")
        permit("hears", "s3", f"arn:aws:s3:::{self.bucket}", SourceAccount=ACCOUNT)
        self.notify(FUNCTION)
        buckets.put_object(Bucket=self.bucket, Key="of-bucket.0")
        self.assertEqual(heard(url), "of-bucket.0")
        topic = topics.create_topic(Name="news")["TopicArn"]
        permit("hears", "sns", topic)
        topics.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=FUNCTION)
        topics.publish(TopicArn=topic, Message="of topic")
        self.assertEqual(heard(url), "of topic")


class Mappings(Refusals):
    def map(self, function, source, **others):
        return functions.create_event_source_mapping(
            FunctionName=function, EventSourceArn=source, Enabled=False, **others)["UUID"]

    def test_a_source_has_one_mapping_to_a_function(self):
        _, jobs = queue("jobs")
        functions.publish_version(FunctionName="hears")
        functions.create_alias(FunctionName="hears", Name="live", FunctionVersion="1")
        first = self.map("hears", jobs)
        error = self.refused("ResourceConflictException", lambda: self.map(FUNCTION, jobs))
        self.assertEqual(
            error["Message"], f'An event source mapping with SQS arn (" {jobs} ") and function (" hears ") '
            f"already exists. Please update or delete the existing mapping with UUID {first}")
        second = self.map("hears:live", jobs)
        functions.update_event_source_mapping(UUID=first, BatchSize=5)
        self.refused("ResourceConflictException", functions.update_event_source_mapping, UUID=second,
                     FunctionName="hears")
        functions.delete_event_source_mapping(UUID=first)
        functions.update_event_source_mapping(UUID=second, FunctionName="hears")

    def test_a_queue_exists_and_waits_as_long_as_the_function_may_run(self):
        create("slow", Timeout=31)
        url, jobs = queue("slow-jobs", VisibilityTimeout="30")
        error = self.refused("InvalidParameterValueException", lambda: self.map("slow", jobs))
        self.assertEqual(error["Message"],
                         "Queue visibility timeout: 30 seconds is less than Function timeout: 31 seconds")
        other = self.map("hears", jobs)
        self.refused("InvalidParameterValueException", functions.update_event_source_mapping, UUID=other,
                     FunctionName="slow")
        queues.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "31"})
        self.map("slow", jobs)
        error = self.refused("InvalidParameterValueException", lambda: self.map("slow", jobs + "s"))
        self.assertIn("The specified queue does not exist.", error["Message"])


    def test_a_stream_is_read_from_a_place(self):
        streams = client("kinesis")
        streams.create_stream(StreamName="clicks", ShardCount=1)
        clicks = streams.describe_stream_summary(StreamName="clicks")["StreamDescriptionSummary"]["StreamARN"]

        def refused(source=clicks, **others):
            return self.refused(
                "InvalidParameterValueException", lambda: self.map("hears", source, **others))["Message"]

        self.assertIn("'startingPosition'", refused())
        self.assertIn("StartingPositionTimestamp", refused(StartingPosition="AT_TIMESTAMP"))
        changes = f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/a/stream/2026-01-01T00:00:00.000"
        self.assertIn("AT_TIMESTAMP", refused(changes, StartingPosition="AT_TIMESTAMP", StartingPositionTimestamp=1))
        destination = {"OnSuccess": {"Destination": f"arn:aws:sqs:us-east-1:{ACCOUNT}:jobs"}}
        self.assertIn("OnSuccess", refused(StartingPosition="LATEST", DestinationConfig=destination))
        self.map("hears", clicks, StartingPosition="AT_TIMESTAMP", StartingPositionTimestamp=1)
        error = self.refused(
            "ResourceConflictException", lambda: self.map("hears", clicks, StartingPosition="LATEST"))
        self.assertTrue(error["Message"].startswith(f'The event source arn (" {clicks} ") and function (" hears ")'))


class Tags(unittest.TestCase):
    def test_the_tagging_api_shows_what_has_tags_of_its_own(self):
        tags = {"of": "tests"}
        listed = [{"Key": "of", "Value": "tests"}]
        _, jobs = queue("tagged-jobs")
        parameters, secrets, logs = client("ssm"), client("secretsmanager"), client("logs")
        mapping = functions.create_event_source_mapping(FunctionName="hears", EventSourceArn=jobs, Tags=tags)
        parameters.put_parameter(Name="/a/b", Value="c", Type="String", Tags=listed)
        secret = secrets.create_secret(Name="a/b", SecretString="c", Tags=listed)["ARN"]
        logs.create_log_group(logGroupName="/a/b", tags=tags)
        expected = {
            "lambda:event-source-mapping": mapping["EventSourceMappingArn"],
            "ssm:parameter": f"arn:aws:ssm:us-east-1:{ACCOUNT}:parameter/a/b",
            "secretsmanager:secret": secret,
            "logs:log-group": f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/a/b",
        }

        def found(**others):
            shown = tagging.get_resources(TagFilters=[{"Key": "of", "Values": ["tests"]}], **others)
            return {resource["ResourceARN"] for resource in shown["ResourceTagMappingList"]}

        self.assertEqual(found(), set(expected.values()))
        for kind, arn in expected.items():
            self.assertEqual(found(ResourceTypeFilters=[kind]), {arn})
            self.assertEqual(found(ResourceTypeFilters=[kind.split(":")[0]]), {arn})
        logs.delete_log_group(logGroupName="/a/b")
        parameters.delete_parameter(Name="/a/b")
        self.assertEqual(found(), {mapping["EventSourceMappingArn"], secret})


if __name__ == "__main__":
    unittest.main()

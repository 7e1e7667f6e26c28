"""Tests of who may start a function, with an emulator that is not started.

Usage: admission.py FOLDER, where the folder has the package `extension`.
"""

import logging
import os
import sys
import unittest
from unittest import mock

sys.path.insert(0, sys.argv.pop(1))
os.environ |= {"AUTH": "true"}

from extension import admission
from ministack.services import lambda_svc

ACCOUNT = "000000000000"
FUNCTION = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:hears"
TOPIC = f"arn:aws:sns:us-east-1:{ACCOUNT}:news"
BUCKET = "arn:aws:s3:::pictures"

logging.disable()


def statement(service, source=None, account=None, on=FUNCTION, **others):
    conditions = {}
    if source:
        conditions["ArnLike"] = {"AWS:SourceArn": source}
    if account:
        conditions["StringEquals"] = {"AWS:SourceAccount": account}
    return {"Sid": "one", "Effect": "Allow", "Principal": {"Service": f"{service}.amazonaws.com"},
            "Action": "lambda:InvokeFunction", "Resource": on, "Condition": conditions, **others}


class Admission(unittest.TestCase):
    def setUp(self):
        config = {"FunctionName": "hears", "FunctionArn": FUNCTION, "Version": "$LATEST"}
        self.policy = {"Statement": []}
        alias = {"AliasArn": f"{FUNCTION}:live", "FunctionVersion": "1", "Name": "live"}
        version = {"config": {**config, "Version": "1"}}
        lambda_svc._functions["hears"] = {"config": config, "policy": self.policy, "aliases": {"live": alias},
                                          "versions": {"1": version}}
        self.addCleanup(lambda_svc._functions.clear)

    def admits(self, *statements, on=FUNCTION):
        """Whether the topic, and whether the bucket is admitted by a policy."""
        self.policy["Statement"] = list(statements)
        return admission.admits(on, "sns.amazonaws.com", TOPIC), admission.admits_bucket(on, "pictures")

    def test_only_the_service_and_the_source_of_a_statement_are_admitted(self):
        self.assertEqual(self.admits(), (False, False))
        self.assertEqual(self.admits(statement("sns", TOPIC)), (True, False))
        self.assertEqual(self.admits(statement("s3", BUCKET, ACCOUNT)), (False, True))
        self.assertEqual(self.admits(statement("sns", TOPIC), statement("s3")), (True, True))
        self.assertEqual(self.admits(statement("sns", TOPIC[:-1] + "*", ACCOUNT)), (True, False))
        self.assertEqual(self.admits(statement("s3", "arn:aws:s3:::others")), (False, False))
        self.assertEqual(self.admits(statement("s3", BUCKET, "111122223333")), (False, False))
        self.assertEqual(self.admits(statement("sns", TOPIC, "111122223333")), (False, False))
        self.assertEqual(self.admits(statement("sns", TOPIC + "s")), (False, False))
        self.assertEqual(self.admits(statement("s3", BUCKET, Action="lambda:GetFunction")), (False, False))
        self.assertEqual(self.admits(statement("s3", BUCKET, Principal={"AWS": ACCOUNT})), (False, False))

    def test_a_function_and_its_alias_have_statements_of_their_own(self):
        alias = f"{FUNCTION}:live"
        self.assertEqual(self.admits(statement("sns"), on=alias), (False, False))
        self.assertEqual(self.admits(statement("sns", on=alias), on=alias), (True, False))
        self.assertEqual(self.admits(statement("sns", on=alias)), (False, False))
        self.assertEqual(self.admits(statement("sns", on=f"{FUNCTION}:gone"), on=f"{FUNCTION}:gone"), (False, False))

    def test_what_does_not_exist_admits_nobody(self):
        self.assertEqual(self.admits(on=FUNCTION + "s"), (False, False))

    def test_what_is_not_admitted_is_not_delivered(self):
        event = {"Records": [{"s3": {"bucket": {"name": "pictures", "arn": BUCKET}}}]}
        deliver = mock.Mock()

        def delivered(*statements):
            self.policy["Statement"] = list(statements)
            deliver.reset_mock()
            admission.for_the_bucket(deliver)(FUNCTION, event, "us-east-1")
            admission.for_the_topic(deliver)(FUNCTION, "{}", TOPIC, "subscription", "id", "text", {})
            return deliver.mock_calls

        of_bucket = mock.call(FUNCTION, event, "us-east-1")
        of_topic = mock.call(FUNCTION, "{}", TOPIC, "subscription", "id", "text", {})
        self.assertEqual(delivered(), [])
        self.assertEqual(delivered(statement("s3", BUCKET, ACCOUNT)), [of_bucket])
        self.assertEqual(delivered(statement("sns", TOPIC)), [of_topic])


if __name__ == "__main__":
    unittest.main()

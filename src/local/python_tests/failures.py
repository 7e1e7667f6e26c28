"""Tests of what becomes of batches and events that fail, with an emulator that is not started.

Usage: failures.py FOLDER, where the folder has the package `extension`.
"""

import base64
import gzip
import json
import sys
import time
import unittest
from unittest import mock

sys.path.insert(0, sys.argv.pop(1))

from extension import admission, asynchronous, batches, buses, destinations, log_filters
from ministack.services import cloudwatch_logs, lambda_svc

FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:reads"
STREAM = "arn:aws:kinesis:us-east-1:000000000000:stream/clicks"
QUEUE = "arn:aws:sqs:us-east-1:000000000000:failed"


def record(number, age=0):
    return {"eventID": f"shardId-000000000000:{number}", "kinesis": {
        "sequenceNumber": str(number), "approximateArrivalTimestamp": time.time() - age}}


class Told(unittest.TestCase):
    def setUp(self):
        patch = mock.patch.object(destinations, "tell")
        self.tell = patch.start()
        self.addCleanup(patch.stop)


class Batches(Told):
    def setUp(self):
        super().setUp()
        self.addCleanup(batches.left.clear)
        self.tried = []

    def work(self, records, bad, named=False, **settings):
        """Works on records until nothing is left, and returns the batches that were tried, by their numbers. Those in
        `bad` fail, by name or by an error."""
        mapping = {"UUID": "one", "EventSourceArn": STREAM, "FunctionArn": FUNCTION,
                   "DestinationConfig": {"OnFailure": {"Destination": QUEUE}}, **settings}
        if named:
            mapping["FunctionResponseTypes"] = ["ReportBatchItemFailures"]

        def execute(_, event):
            numbers = [batches.number(one) for one in event["Records"]]
            self.tried.append(numbers)
            found = [{"itemIdentifier": str(number)} for number in numbers if number in bad]
            return {"body": {"batchItemFailures": found}} if named else {"error": bool(found)}

        for _ in range(20):
            if not batches.work(mapping, {"config": {}}, records, execute)["error"]:
                break
        return self.tried

    def told(self):
        """What the destination was told: which records, why, and after how many tries."""
        documents = [call.args[1] for call in self.tell.call_args_list]
        return [(document["KinesisBatchInfo"]["startSequenceNumber"], document["KinesisBatchInfo"]["batchSize"],
                 document["requestContext"]["condition"], document["requestContext"]["approximateInvokeCount"])
                for document in documents]

    def test_a_batch_is_tried_as_often_as_the_mapping_says(self):
        self.assertEqual(self.work([record(1), record(2)], {2}, MaximumRetryAttempts=2), [[1, 2]] * 3)
        self.assertEqual(self.told(), [("1", 2, "RetryAttemptsExhausted", 3)])

    def test_without_a_limit_nothing_is_given_up(self):
        self.assertEqual(self.work([record(1)], {1}), [[1]] * 20)
        self.assertEqual(self.told(), [])

    def test_it_is_tried_again_from_what_the_function_names(self):
        tried = self.work([record(1), record(2), record(3)], {2}, named=True, MaximumRetryAttempts=1)
        self.assertEqual(tried, [[1, 2, 3], [2, 3]])
        self.assertEqual(self.told(), [("2", 2, "RetryAttemptsExhausted", 2)])

    def test_a_name_of_no_record_means_the_whole_batch(self):
        mapping = {"FunctionResponseTypes": ["ReportBatchItemFailures"]}
        for items, at in ((None, None), ([], None), ([{"itemIdentifier": "9"}], 0), ([{"itemIdentifier": ""}], 0),
                          ([{}], 0), ([{"itemIdentifier": "2"}], 1)):
            result = {"body": {"batchItemFailures": items}}
            self.assertEqual(batches.failed(mapping, [record(1), record(2)], result), at, items)
            self.assertIsNone(batches.failed({}, [record(1), record(2)], result))

    def test_halves_find_the_record_that_fails_and_do_not_count(self):
        records = [record(number) for number in range(1, 6)]
        tried = self.work(records, {3}, MaximumRetryAttempts=1, BisectBatchOnFunctionError=True)
        self.assertEqual(tried, [[1, 2, 3, 4, 5], [1, 2], [3, 4, 5], [3], [3], [4, 5]])
        self.assertEqual(self.told(), [("3", 1, "RetryAttemptsExhausted", 2)])

    def test_old_records_are_not_tried(self):
        tried = self.work([record(1, age=90), record(2)], {2}, MaximumRecordAgeInSeconds=60, MaximumRetryAttempts=0)
        self.assertEqual(tried, [[2]])
        self.assertEqual([told[:3] for told in self.told()],
                         [("1", 1, "RecordAgeExceeded"), ("2", 1, "RetryAttemptsExhausted")])

    def test_records_that_came_since_follow(self):
        records = [record(1)]
        self.work(records, {1}, MaximumRetryAttempts=-1)
        self.tried.clear()
        self.assertEqual(self.work([record(1), record(2)], {}), [[1], [2]])


class Events(Told):
    def attempt(self, results, settings):
        """What becomes of an event, with the results of its tries, and to whom it is told."""
        func = {"config": {"FunctionName": "reads", "FunctionArn": FUNCTION,
                           "DeadLetterConfig": {"TargetArn": "dead letters"}}, "event_invoke_config": settings}
        with (mock.patch.object(lambda_svc, "_execute_function", side_effect=results) as execute,
              mock.patch.object(destinations, "send") as send, mock.patch.object(asynchronous, "WAIT", 0)):
            asynchronous.until_done(func, {"id": 1})
        told = [(call.args[0], call.args[1]["requestContext"]["condition"]) for call in self.tell.call_args_list]
        self.tell.reset_mock()
        return execute.call_count, told, [call.args[:2] for call in send.call_args_list]

    def test_events_are_tried_again_and_told(self):
        bad, good = {"error": True, "body": {"errorMessage": "no"}}, {"body": 1}
        to = {"DestinationConfig": {"OnFailure": {"Destination": QUEUE}, "OnSuccess": {"Destination": "others"}}}
        dead = [("dead letters", '{"id": 1}')]
        self.assertEqual(self.attempt([bad] * 3, None), (3, [], dead))
        once = {"MaximumRetryAttempts": 0, **to}
        self.assertEqual(self.attempt([bad], once), (1, [(QUEUE, "RetriesExhausted")], dead))
        self.assertEqual(self.attempt([bad, good], to), (2, [("others", "Success")], []))
        old = {"MaximumEventAgeInSeconds": -1, **to}
        self.assertEqual(self.attempt([bad], old), (1, [(QUEUE, "EventAgeExceeded")], dead))


class Undelivered(unittest.TestCase):
    def test_what_a_schedule_cannot_start_ends_in_its_dead_letters(self):
        target = {"Arn": FUNCTION, "Input": '{"by": "clock"}', "DeadLetterConfig": {"Arn": QUEUE}}
        event = {"EventId": "1", "Source": "aws.scheduler", "DetailType": "x", "Detail": "{}", "Time": 0}
        schedule, deliver = {"Arn": "arn:aws:scheduler:us-east-1:000000000000:schedule/one/two"}, mock.Mock()
        with mock.patch.object(destinations, "send") as send:
            buses.if_admitted(deliver)(target, event, schedule)
            deliver.assert_not_called()
            self.assertEqual(send.call_args.args[:2], (QUEUE, '{"by": "clock"}'))
            self.assertEqual(send.call_args.args[2]["ERROR_CODE"], "RESOURCE_NOT_FOUND")
            with mock.patch.object(lambda_svc, "_get_func_record_for_ref", return_value=({"config": {}}, {}, "reads")):
                buses.if_admitted(deliver)(target, event, schedule)
            deliver.assert_called_once()


class LogGroups(unittest.TestCase):
    def started(self, group, admits=True):
        """What is started by two lines in a group that has a filter, by the ARN of what is started."""
        arn = f"arn:aws:logs:us-east-1:000000000000:log-group:{group}:*"
        filters = {"one": {"filterName": "one", "filterPattern": "ERROR", "destinationArn": f"{FUNCTION}:live"}}
        with (mock.patch.dict(cloudwatch_logs._log_groups._data, clear=True),
              mock.patch.object(admission, "admits", return_value=admits) as asked,
              mock.patch.object(asynchronous, "start") as start):
            cloudwatch_logs._log_groups[group] = {"arn": arn, "subscriptionFilters": filters}
            log_filters.send(group, "stream", [{"message": "ERROR no"}, {"message": "INFO yes"}])
        if asked.called:
            self.assertEqual(asked.call_args.args, (f"{FUNCTION}:live", "logs.amazonaws.com", arn))
        return [(call.args[0], json.loads(gzip.decompress(base64.b64decode(call.args[1]["awslogs"]["data"]))))
                for call in start.call_args_list]

    def test_what_matches_starts_the_alias_as_an_event_that_is_tried_again(self):
        [(arn, document)] = self.started("/aws/lambda/other")
        self.assertEqual(arn, f"{FUNCTION}:live")
        self.assertEqual([event["message"] for event in document["logEvents"]], ["ERROR no"])
        self.assertEqual((document["logGroup"], document["logStream"]), ("/aws/lambda/other", "stream"))

    def test_nothing_is_started_without_a_permission_or_by_its_own_logs(self):
        self.assertEqual(self.started("/aws/lambda/other", admits=False), [])
        self.assertEqual(self.started("/aws/lambda/reads"), [])


if __name__ == "__main__":
    unittest.main()

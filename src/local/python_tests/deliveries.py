"""Tests of when schedules come, and of what rules and schedules deliver, with an emulator that is not started.

Usage: deliveries.py FOLDER, where the folder has the package `extension`.
"""

import base64
import json
import sys
import unittest
from datetime import datetime, timezone
from unittest import mock

sys.path.insert(0, sys.argv.pop(1))

from extension import buses, deliveries, destinations, schedules
from ministack.services import eventbridge, kinesis, scheduler

STREAM = "arn:aws:kinesis:us-east-1:000000000000:stream/clicks"
QUEUE = "arn:aws:sqs:us-east-1:000000000000:failed"
RULE = {"Name": "own", "Arn": "arn:aws:events:us-east-1:000000000000:rule/shop/own"}
SCHEDULE = {"Arn": "arn:aws:scheduler:us-east-1:000000000000:schedule/one/two"}
EVENT = {"EventId": "1", "Source": "shop", "DetailType": "x", "Detail": '{"id": "a", "size": 7}', "Time": 0}


def seconds(text):
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc).timestamp()


class Times(unittest.TestCase):
    def following(self, expression, after, zone="Europe/Berlin"):
        """When it comes next after a time in UTC, in UTC."""
        fields = eventbridge._parse_cron_fields(expression)
        found = schedules.next_time(fields, schedules.zone_named(zone), seconds(after))
        return found and datetime.fromtimestamp(found, timezone.utc).isoformat()[:16]

    def test_cron_is_meant_in_the_zone_in_summer_and_in_winter(self):
        daily = "cron(0 7 * * ? *)"
        for after, zone, expected in [
            ("2026-01-10T05:59:59", "Europe/Berlin", "2026-01-10T06:00"),
            ("2026-01-10T06:00:00", "Europe/Berlin", "2026-01-11T06:00"),
            ("2026-07-10T04:00:00", "Europe/Berlin", "2026-07-10T05:00"),
            ("2026-07-10T04:00:00", "UTC", "2026-07-10T07:00"),
            ("2026-07-10T04:00:00", "Asia/Kolkata", "2026-07-11T01:30"),
            ("2026-07-10T04:00:00", "America/New_York", "2026-07-10T11:00"),
        ]:
            self.assertEqual(self.following(daily, after, zone), expected, (after, zone))
        # There it is Monday already.
        self.assertEqual(self.following("cron(0 1 ? * MON *)", "2026-01-03T00:00:00"), "2026-01-05T00:00")
        self.assertEqual(self.following("cron(30 0 L * ? *)", "2026-01-10T00:00:00"), "2026-01-30T23:30")

    def test_a_time_that_does_not_exist_is_left_out(self):
        daily = "cron(30 2 * * ? *)"
        self.assertEqual(self.following(daily, "2026-03-28T12:00:00"), "2026-03-30T00:30")
        self.assertEqual(self.following("cron(0/30 * * * ? *)", "2026-03-29T00:30:00"), "2026-03-29T01:00")

    def test_a_time_that_comes_twice_counts_once(self):
        daily = "cron(30 2 * * ? *)"
        self.assertEqual(self.following(daily, "2026-10-24T12:00:00"), "2026-10-25T00:30")
        self.assertEqual(self.following(daily, "2026-10-25T00:30:05"), "2026-10-26T01:30")
        self.assertEqual(self.following(daily, "2026-10-25T01:10:00"), "2026-10-26T01:30", "in the second hour")

    def test_a_cron_that_never_comes_has_no_time(self):
        self.assertIsNone(self.following("cron(0 0 1 1 ? 1999)", "2026-01-01T00:00:00"))

    def test_at_is_meant_in_the_zone(self):
        for zone, expected in [("UTC", "2026-07-01T12:00:00"), ("Europe/Berlin", "2026-07-01T10:00:00"),
                               ("Asia/Tokyo", "2026-07-01T03:00:00")]:
            found = schedules.time_of("at(2026-07-01T12:00:00)", schedules.zone_named(zone))
            self.assertEqual(found, seconds(expected), zone)
        self.assertIsNone(schedules.time_of("rate(1 day)", timezone.utc))

    def test_a_zone_that_the_machine_does_not_know_is_utc(self):
        with self.assertLogs(schedules.log, "WARNING"):
            self.assertIs(schedules.zone_named("Moon/Base"), timezone.utc)


class Coming(unittest.TestCase):
    def setUp(self):
        for place in (scheduler._schedules._data, schedules.came):
            patch = mock.patch.dict(place, clear=True)
            patch.start()
            self.addCleanup(patch.stop)
        patch = mock.patch.object(schedules, "deliver")
        self.deliver = patch.start()
        self.addCleanup(patch.stop)

    def put(self, expression, created="2026-07-01T00:00:00", name="one", **others):
        schedule = {"Arn": name, "State": "ENABLED", "ScheduleExpression": expression, "CreationDate": seconds(created),
                    "ScheduleExpressionTimezone": "Europe/Berlin", "Target": {"Arn": STREAM}, **others}
        scheduler._schedules._data["000000000000", "us-east-1", f"group/{name}"] = schedule

    def look(self, *times):
        """How many come at each of these times."""
        counts = []
        for now in times:
            self.deliver.reset_mock()
            with mock.patch.object(schedules.time, "time", return_value=seconds(now)):
                schedules.look()
            counts.append(self.deliver.call_count)
        return counts

    def test_what_comes_once_comes_once(self):
        self.put("at(2026-07-01T12:00:00)")
        self.assertEqual(self.look("2026-07-01T09:59:59", "2026-07-01T10:00:00", "2026-07-01T10:00:01"), [0, 1, 0])
        self.put("at(2026-07-01T13:00:00)")
        self.assertEqual(self.look("2026-07-01T10:30:00", "2026-07-01T11:00:00"), [0, 1])
        self.put("at(2026-07-01T13:00:00)", created="2026-07-02T00:00:00")
        self.assertEqual(self.look("2026-07-02T00:00:01"), [1], "one that was made again")

    def test_what_came_before_a_start_does_not_come_again(self):
        patch = mock.patch.object(schedules, "started", seconds("2026-07-01T10:00:00"))
        patch.start()
        self.addCleanup(patch.stop)
        self.put("at(2026-07-01T11:00:00)")
        self.put("at(2026-07-01T13:00:00)", name="later")
        self.put("at(2026-07-01T11:00:00)", name="new", created="2026-07-01T10:00:01")
        self.assertEqual(self.look("2026-07-01T10:00:02", "2026-07-01T11:00:00"), [1, 1])

    def test_what_comes_again_and_again(self):
        self.put("cron(0 12 * * ? *)")
        self.put("rate(1 hour)", name="two", created="2026-07-01T09:30:00")
        self.assertEqual(self.look("2026-07-01T09:59:00", "2026-07-01T10:00:00", "2026-07-01T10:00:01",
                                   "2026-07-01T10:30:00", "2026-07-02T09:59:59", "2026-07-02T10:00:00"),
                         [0, 1, 0, 1, 1, 1])

    def test_what_is_turned_on_again_does_not_come_for_the_time_between(self):
        self.put("cron(0 12 * * ? *)")
        self.look("2026-07-01T09:59:00")
        self.put("cron(0 12 * * ? *)", State="DISABLED")
        self.assertEqual(self.look("2026-07-01T10:30:00"), [0])
        self.put("cron(0 12 * * ? *)")
        self.assertEqual(self.look("2026-07-01T10:31:00", "2026-07-02T10:00:00"), [0, 1])

    def test_only_what_is_on_comes_from_its_start_to_its_end(self):
        past = "at(2026-07-01T01:00:00)"
        self.put(past, name="off", State="DISABLED")
        self.put(past, name="later", StartDate=seconds("2026-07-03T00:00:00"))
        self.put(past, name="ended", EndDate=seconds("2026-07-01T00:00:00"))
        self.assertEqual(self.look("2026-07-02T00:00:00", "2026-07-03T00:00:00"), [0, 1])

    def test_what_deletes_itself_is_gone_when_it_is_over(self):
        self.put("at(2026-07-01T12:00:00)", ActionAfterCompletion="DELETE")
        self.put("rate(1 day)", name="two", ActionAfterCompletion="DELETE", EndDate=seconds("2026-07-01T11:00:00"))
        for now, left in [("2026-07-01T09:00:00", 2), ("2026-07-01T10:00:00", 1), ("2026-07-01T11:00:01", 0)]:
            self.look(now)
            self.assertEqual(len(scheduler._schedules._data), left, now)


class Streams(unittest.TestCase):
    def setUp(self):
        patch = mock.patch.dict(kinesis._streams._data, clear=True)
        patch.start()
        self.addCleanup(patch.stop)

    def delivered(self, by, **target):
        """The keys and contents of the records that a delivery makes, and how often it ended in the dead letters."""
        other = mock.Mock()
        with mock.patch.object(destinations, "send") as send:
            deliver = buses.if_admitted(deliveries.to_streams_too(other))
            deliver({"Arn": STREAM, "DeadLetterConfig": {"Arn": QUEUE}, **target}, EVENT, by)
        other.assert_not_called()
        shards = kinesis._streams["clicks"]["shards"].values() if "clicks" in kinesis._streams else []
        records = [record for shard in shards for record in shard.pop("records")]
        for shard in shards:
            shard["records"] = []
        return [(one["PartitionKey"], json.loads(base64.b64decode(one["Data"]))) for one in records], send.call_count

    def test_a_rule_writes_what_it_hands_on_with_a_part_of_the_event_as_the_key(self):
        kinesis._create_stream({"StreamName": "clicks", "ShardCount": 1})
        with_role = {"RoleArn": "arn:aws:iam::000000000000:role/rules"}
        for target, key, content in [
            ({"InputPath": "$.detail"}, "1", {"id": "a", "size": 7}),
            ({"InputPath": "$.detail.id", "KinesisParameters": {"PartitionKeyPath": "$.detail.id"}}, "a", "a"),
            ({"Input": '{"b": 1}', "KinesisParameters": {"PartitionKeyPath": "$.detail.size"}}, "7", {"b": 1}),
            ({"InputTransformer": {"InputPathsMap": {"id": "$.detail.id"}, "InputTemplate": '{"id": <id>}'},
              "KinesisParameters": {"PartitionKeyPath": "$.detail.none"}}, "1", {"id": "a"}),
        ]:
            self.assertEqual(self.delivered(RULE, **with_role, **target), ([(key, content)], 0), target)
        [(key, whole)], _ = self.delivered(RULE, **with_role)
        self.assertEqual((key, whole["detail"], whole["source"]), ("1", {"id": "a", "size": 7}, "shop"))

    def test_a_schedule_writes_with_its_key(self):
        kinesis._create_stream({"StreamName": "clicks", "ShardCount": 1})
        target = {"Input": '{"by": "clock"}', "KinesisParameters": {"PartitionKey": "k"}}
        self.assertEqual(self.delivered(SCHEDULE, **target), ([("k", {"by": "clock"})], 0))

    def test_without_a_stream_or_a_role_nothing_is_written(self):
        self.assertEqual(self.delivered(SCHEDULE), ([], 1))
        kinesis._create_stream({"StreamName": "clicks", "ShardCount": 1})
        self.assertEqual(self.delivered(RULE), ([], 1))

    def test_what_is_not_there_gets_nothing(self):
        for arn in ("arn:aws:states:us-east-1:000000000000:stateMachine:flow",
                    "arn:aws:events:us-east-1:000000000000:event-bus/none"):
            code, _ = buses.refusal({"Arn": arn, "RoleArn": "any"}, RULE["Arn"])
            self.assertEqual(code, "RESOURCE_NOT_FOUND", arn)


if __name__ == "__main__":
    unittest.main()

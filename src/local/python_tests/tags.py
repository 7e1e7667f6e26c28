"""Tests of what the tagging API shows, with an emulator that is not started.

Usage: tags.py FOLDER, where the folder has the package `extension`.
"""

import json
import sys
import unittest
from unittest import mock

sys.path.insert(0, sys.argv.pop(1))

from extension import state_machines, streams, tags
from ministack.core import iam_evaluator
from ministack.services import kinesis, stepfunctions, tagging

ROLE = "arn:aws:iam::000000000000:role/flows"
DEFINITION = json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Pass", "End": True}}})


class Tags(unittest.TestCase):
    def setUp(self):
        places = (kinesis._streams._data, stepfunctions._state_machines._data, stepfunctions._tags._data,
                  tagging._COLLECTORS)
        for place in places:
            patch = mock.patch.dict(place)
            patch.start()
            self.addCleanup(patch.stop)
        tagging._COLLECTORS |= {"kinesis": streams.tagged, "states": state_machines.tagged}

    def shown(self, kind, key="stack"):
        """The ARNs that the tagging API lists of a kind, with the values of a tag."""
        with mock.patch.object(tagging, "_matches_type_filters", tags.is_one_of):
            filters = {"ResourceTypeFilters": [kind], "TagFilters": [{"Key": key}]}
            _, _, body = tagging._get_resources(filters)
        return [(one["ResourceARN"], {tag["Key"]: tag["Value"] for tag in one["Tags"]})
                for one in json.loads(body)["ResourceTagMappingList"]]

    def test_a_stream_has_the_tags_of_its_create(self):
        create = streams.with_tags(kinesis._create_stream)
        self.assertEqual(create({"StreamName": "clicks", "ShardCount": 1, "Tags": {"stack": "one"}})[0], 200)
        self.assertEqual(create({"StreamName": "bare", "ShardCount": 1})[0], 200)
        self.assertEqual(json.loads(kinesis._list_tags({"StreamName": "clicks"})[2])["Tags"],
                         [{"Key": "stack", "Value": "one"}])
        self.assertEqual(create({"StreamName": "clicks", "ShardCount": 1, "Tags": {"stack": "two"}})[0], 400)
        clicks = "arn:aws:kinesis:us-east-1:000000000000:stream/clicks"
        self.assertEqual(self.shown("kinesis:stream"), [(clicks, {"stack": "one"})], "of a refused create none")
        kinesis._add_tags({"StreamName": "clicks", "Tags": {"team": "red"}})
        self.assertEqual(list(streams.tagged()), [
            (clicks, [{"Key": "stack", "Value": "one"}, {"Key": "team", "Value": "red"}])])
        kinesis._delete_stream({"StreamName": "clicks"})
        self.assertEqual(self.shown("kinesis:stream"), [])

    def test_a_state_machine_is_shown_as_long_as_it_is_there(self):
        with mock.patch.object(iam_evaluator, "validate_role_arn", return_value=None):
            status, _, body = stepfunctions._create_state_machine({
                "name": "flow", "definition": DEFINITION, "roleArn": ROLE, "tags": [{"key": "stack", "value": "one"}]})
        self.assertEqual(status, 200, body)
        arn = json.loads(body)["stateMachineArn"]
        self.assertEqual(list(state_machines.tagged()), [(arn, [{"Key": "stack", "Value": "one"}])])
        self.assertEqual(self.shown("states:stateMachine"), [(arn, {"stack": "one"})])
        self.assertEqual(self.shown("states:activity"), [])
        gone = arn.replace("flow", "gone")
        stepfunctions._tags[gone] = [{"key": "stack", "value": "one"}]
        self.assertEqual([one for one, _ in state_machines.tagged()], [arn])


if __name__ == "__main__":
    unittest.main()

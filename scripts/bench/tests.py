"""Tests that need no cloud: `python3 scripts/bench/tests.py`."""

import asyncio
import os
import tempfile
import unittest
from pathlib import Path
from unittest import mock
from xml.etree import ElementTree

import report
import tools
from install import Unavailable
from proxy import Call, Request, chain
from work import STEPS, Work, fill

PEERS = Path(__file__).resolve().parent / "peers"


def calls(*times):
    """Calls with these start and end times."""
    return [Call("x", 200, start, end) for start, end in times]


async def parse(data):
    """All requests in the bytes of a connection."""
    reader = asyncio.StreamReader()
    reader.feed_data(data)
    reader.feed_eof()
    found = []
    while request := await Request.read(reader, None):
        found.append(request)
    return found


def results(*tools):
    """Results of a run, for tools with their times."""
    run = {"processor": 1, "memory": 2**20, "calls": 10, "chain": 3}
    cells = [
        {
            "tool": tool,
            "title": tool,
            "version": "1",
            "note": "",
            "latency": 50,
            "size": size,
            "step": step,
            "runs": [run | {"wall": wall}, run | {"wall": wall}, run | {"wall": 99}],
        }
        for tool, wall in tools
        for size in (5, 50)
        for step in STEPS
    ]
    binary = {"bytes": 1, "start": 1, "fastest start": 1}
    about = {"machine": {"system": "", "load": 0}, "binary": binary, "runs": 3}
    return about | {"cells": cells, "left out": {"Other": "it\nfails."}}


class Chain(unittest.TestCase):
    def test_calls_one_after_the_other(self):
        self.assertEqual(chain(calls((0, 1), (1, 2), (2.5, 3))), 3)

    def test_calls_at_the_same_time(self):
        self.assertEqual(chain(calls((0, 3), (1, 4), (2, 5))), 1)

    def test_the_longest_of_several(self):
        self.assertEqual(chain(calls((0, 10), (0, 1), (2, 3), (11, 12))), 3)

    def test_no_calls(self):
        self.assertEqual(chain([]), 0)


class Requests(unittest.TestCase):
    def operations(self, data):
        return [request.operation() for request in asyncio.run(parse(data))]

    def test_operations_of_each_protocol(self):
        signature = b"Authorization: AWS4-HMAC-SHA256 Credential=k/20260101/us-east-1/%s/aws4_request, Signature=0\r\n"
        form = b"Action=GetRole&RoleName=r"
        target = b"X-Amz-Target: DynamoDB_20120810.ListTables\r\nContent-Length: 2\r\n"
        kind = b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 25\r\n"
        data = b"POST / HTTP/1.1\r\n" + target + signature % b"dynamodb" + b"\r\n{}"
        data += b"POST / HTTP/1.1\r\n" + kind + signature % b"iam" + b"\r\n" + form
        data += b"GET /v2/apis?x=1 HTTP/1.1\r\n" + signature % b"apigateway" + b"\r\n"
        self.assertEqual(
            self.operations(data), ["dynamodb:ListTables", "iam:GetRole", "apigateway:GET /v2/apis"]
        )

    def test_a_body_in_chunks_is_forwarded_unchanged(self):
        data = (
            b"PUT /b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nx-trailer: 1\r\n\r\n"
        )
        requests = asyncio.run(parse(data + b"GET / HTTP/1.1\r\n\r\n"))
        self.assertEqual([request.bytes for request in requests], [data, b"GET / HTTP/1.1\r\n\r\n"])


class Templates(unittest.TestCase):
    def test_blocks_are_repeated(self):
        template = "a\n# each function\n@name@ @answer@\n# end\n// each route\n/@path@ @name@\n// end\nz"
        work = Work(2).at("route")
        self.assertEqual(
            fill(template, work),
            "a\nf001 v2\nf002 f002 v1\n".replace("f001 v2", "f001 f001 v2")
            + "/f001 f001\n/f002 f002\n/extra f001\nz\n",
        )

    def test_all_values_in_the_templates_of_the_tools_are_filled_in(self):
        for template in PEERS.glob("*/*"):
            text = fill(template.read_text(), Work(2))
            self.assertNotRegex(
                text, "each (function|route)|@(name|id|path|of|answer|stack|runtime)@", template
            )


class Terraform(unittest.TestCase):
    def test_it_is_left_out_if_it_is_not_installed(self):
        with mock.patch.dict(os.environ, PATH=""), self.assertRaisesRegex(Unavailable, "not installed"):
            tools.Terraform().install(Path(), print)

    def test_its_providers_stay_pinned_from_step_to_step(self):
        with tempfile.TemporaryDirectory() as folder:
            project = Path(folder) / "project"
            project.mkdir()
            (Path(folder) / tools.LOCK).write_text("pins")
            tools.Terraform().write(project, Work(1))
            self.assertEqual((project / tools.LOCK).read_text(), "pins")


class Size(unittest.TestCase):
    def test_one_more_route_is_always_allowed(self):
        self.assertEqual([len(Work(300).at(step).routes) for step in ("cold", "route")], [299, 300])


class Report(unittest.TestCase):
    def test_the_fastest_peer_counts(self):
        text = report.tables(results(("provision", 2), ("slow", 9), ("fast", 5)))
        self.assertIn("| fast 1 | 5.00 s (2.5×) |", text)
        self.assertIn("| **fastest peer ÷ provision** | **2.5** |", text)

    def test_peers_can_be_shown_alone(self):
        text = report.tables(results(("fast", 5)))
        self.assertIn("| fast 1 | 5.00 s |", text)
        self.assertNotIn("provision |", text)

    def test_left_out_tools_are_reported(self):
        self.assertIn("- Other was not measured: it fails.\n", report.tables(results(("provision", 2))))

    def test_plots_are_pictures(self):
        plots = report.plots(results(("provision", 2), ("a & b", 9)))
        self.assertEqual(sorted(plots), ["compare.svg", "growth.svg"])
        for text in plots.values():
            self.assertTrue(ElementTree.fromstring(text).tag.endswith("svg"))


if __name__ == "__main__":
    unittest.main()

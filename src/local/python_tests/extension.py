"""Tests of the local extension by itself: `PYTHON -I -m unittest`, with the Python of the local cloud, in any order.

The emulator is imported, but not started. Usage: extension.py FOLDER, where the folder has the package `extension`.
"""

import ast
import asyncio
import datetime as dt
import http.server
import inspect
import io
import json
import os
import shutil
import sys
import tempfile
import threading
import unittest
import urllib.request
import zipfile
from pathlib import Path
from unittest import mock
from urllib.error import HTTPError

sys.path.insert(0, sys.argv.pop(1))
KEYS = ("AKIAEXAMPLEEXAMPLE22", "s" * 40)
os.environ |= {"AUTH": "true", "AWS_ACCESS_KEY_ID": KEYS[0], "AWS_SECRET_ACCESS_KEY": KEYS[1]}

from botocore.auth import HmacV1QueryAuth, S3SigV4Auth, SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from extension import (
    MODULES,
    aliases,
    credentials,
    door,
    hosts,
    loading,
    request_log,
    roles,
    runtime_api,
    seams,
    signature,
)

OWNER = Credentials(*KEYS)
URL = "http://127.0.0.1:4566/a%20b?x=1&x=%2F&y"


def request(signer=None, method="POST", url=URL, body=b"body", change=None, headers=None):
    """A request as the door reads it, signed by botocore and then changed."""
    made = AWSRequest(method, url, headers={"Host": "127.0.0.1:4566", **(headers or {})}, data=body)
    if signer:
        signer.add_auth(made)
    prepared = made.prepare()
    path, _, query = prepared.url.removeprefix("http://127.0.0.1:4566").partition("?")
    raw = [(name.lower().encode(), value if isinstance(value, bytes) else value.encode())
           for name, value in prepared.headers.items()]
    read = door.read({"type": "http", "method": method, "path": path, "raw_path": path.encode(),
                      "query_string": query.encode(), "headers": raw})
    read.body = body
    if change:
        change(read)
    return read


def code(of):
    failure = signature.failure(of)
    return failure and failure.code


class Signatures(unittest.TestCase):
    def test_what_botocore_signs_is_right(self):
        self.assertIsNone(code(request(SigV4Auth(OWNER, "iam", "us-east-1"))))
        self.assertIsNone(code(request(SigV4Auth(OWNER, "iam", "eu-west-1"), "GET", body=b"")))
        self.assertIsNone(code(request(S3SigV4Auth(OWNER, "s3", "us-east-1"), "PUT")))
        self.assertIsNone(code(request(SigV4QueryAuth(OWNER, "sts", "us-east-1", expires=60), "GET", body=b"")))
        for account in ("111122223333", "000000000000"):
            signer = SigV4Auth(Credentials(account, KEYS[1]), "iam", "us-east-1")
            self.assertIsNone(code(request(signer)), "an account is chosen by a key of twelve digits")

    def test_the_old_kind_of_url_is_good_for_objects_alone(self):
        signed = request(HmacV1QueryAuth(OWNER, expires=60), "GET", body=b"")
        self.assertIsNone(code(signed))
        self.assertTrue(signed.for_objects)
        self.assertEqual(door.refusal(None, signed, "/", False, "").code, "SignatureDoesNotMatch")
        signed.query["Signature"] = ["AAAA"]
        self.assertEqual(code(signed), "SignatureDoesNotMatch")
        self.assertIsNotNone(code(request(HmacV1QueryAuth(Credentials("test", "test"), expires=60), "GET", body=b"")))

    def test_any_change_breaks_a_signature(self):
        def signed(change):
            return request(SigV4Auth(OWNER, "iam", "us-east-1"), change=change, headers={"X-Amz-Target": "A.B"})

        changes = [
            lambda one: setattr(one, "body", b"other"),
            lambda one: setattr(one, "method", "PUT"),
            lambda one: setattr(one, "raw_path", "/a%20c"),
            lambda one: one.query.update(z=["1"]),
            lambda one: one.headers.update({"host": "localhost"}),
            lambda one: one.headers.update({"x-amz-target": "A.C"}),
            lambda one: one.headers.update({"x-amz-date": "20200101T000000Z"}),
            lambda one: one.headers.update({"x-amz-date": "no date"}),
            lambda one: one.headers.pop("x-amz-date"),
            lambda one: one.headers.update({"x-amz-security-token": "token"}),
            lambda one: one.headers.update({"x-amz-content-sha256": "0" * 64}),
            lambda one: one.headers.update(authorization=one.headers["authorization"].replace("iam", "sts")),
            lambda one: one.headers.update(authorization=one.headers["authorization"].replace("host;", "")),
            lambda one: one.headers.update(authorization=one.headers["authorization"][:-64] + "0" * 64),
            lambda one: one.headers.update(authorization="AWS4-HMAC-SHA256"),
            lambda one: one.headers.update(authorization="AWS4-HMAC-SHA256 Credential=a, SignedHeaders=b, Signature="),
        ]
        self.assertIsNone(code(signed(lambda one: None)))
        for number, change in enumerate(changes):
            self.assertIsNotNone(code(signed(change)), number)

    def test_the_wrong_secret_and_no_credentials_are_refused(self):
        for key in ("test", KEYS[0], "000000000000", "AKIAIOSFODNN7EXAMPLE", ""):
            for secret in ("test", "", "s" * 39):
                signer = SigV4Auth(Credentials(key, secret), "iam", "us-east-1")
                self.assertIsNotNone(code(request(signer)), (key, secret))
        self.assertEqual(code(request()), "MissingAuthenticationToken")
        self.assertTrue(request().anonymous)
        for headers in ({"authorization": "AWS a:b"}, {"authorization": "AWS4-ECDSA-P256-SHA256 Credential=a"}):
            self.assertFalse(request(headers=headers).anonymous)
            self.assertIsNotNone(code(request(headers=headers)))
        self.assertEqual(code(request(headers={"authorization": "Bearer x"})), "MissingAuthenticationToken")
        self.assertIsNotNone(code(request(url=URL + "&X-Amz-Algorithm=AWS4-ECDSA-P256-SHA256&X-Amz-Signature=0")))

    def test_time_limits_are_those_of_aws(self):
        now = dt.datetime.now(dt.timezone.utc)

        def at(seconds, signer):
            moment = (now + dt.timedelta(seconds=seconds)).replace(tzinfo=None)
            with mock.patch("botocore.auth.get_current_datetime", lambda **_: moment):
                return code(request(signer, "GET", body=b""))

        for service, limit in (("lambda", 300), ("iam", 900), ("s3", 900)):
            signer = (S3SigV4Auth if service == "s3" else SigV4Auth)(OWNER, service, "us-east-1")
            for seconds in (limit - 30, 30 - limit):
                self.assertIsNone(at(seconds, signer), (service, seconds))
            for seconds in (limit + 30, -limit - 30):
                self.assertEqual(at(seconds, signer), "RequestTimeTooSkewed", (service, seconds))
        url = SigV4QueryAuth(OWNER, "sts", "us-east-1", expires=60)
        self.assertIsNone(at(-30, url))
        self.assertEqual(at(-90, url), "RequestExpired")
        self.assertEqual(at(1000, url), "RequestExpired")
        self.assertEqual(at(0, SigV4QueryAuth(OWNER, "sts", "us-east-1", expires=8 * 24 * 3600)), "RequestExpired")


class Hosts(unittest.TestCase):
    def test_names_of_this_machine_and_no_others(self):
        for host in ("127.0.0.1", "127.0.0.1:4566", "localhost:1", "LocalHost", "a.localhost", "a-b.s3.localhost:2"):
            self.assertTrue(hosts.are_own([host]), host)
        for host in ("", "localhost.", "127.0.0.1.", "evil.example", "localhost.evil.example", "evil.example:localhost",
                     "notlocalhost", "127.0.0.1.evil.example", "[::1]", "0.0.0.0", "localhost:", "localhost:1:2",
                     "localhost,evil.example", "localhost ", " localhost", "localhost\n", "evil.example/.localhost",
                     "evil.example@localhost", ".localhost", "a..localhost", "127.0.0.1:٣"):
            self.assertFalse(hosts.are_own([host]), host)
        self.assertFalse(hosts.are_own([]))
        self.assertFalse(hosts.are_own(["localhost", "localhost"]))


class CredentialsFile(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = Path(folder.name) / "credentials"

    def test_they_are_random_private_and_kept(self):
        os.umask(0)
        first = credentials.obtain(self.file)
        self.assertEqual(self.file.stat().st_mode & 0o777, 0o600)
        self.assertEqual(len(first.id), 20)
        self.assertEqual(len(first.secret), 40)
        self.assertNotIn(first.secret, repr(first))
        self.file.chmod(0o644)
        self.assertEqual(credentials.obtain(self.file), first)
        self.assertEqual(self.file.stat().st_mode & 0o777, 0o600)
        self.file.unlink()
        self.assertNotEqual(credentials.obtain(self.file), first)

    def test_a_file_that_is_none_is_written_again(self):
        for text in ("", "[default]\n", "[default]\naws_access_key_id =\naws_secret_access_key =\n", "nonsense\0"):
            self.file.write_text(text)
            self.assertEqual(credentials.obtain(self.file), credentials.read(self.file))

    def test_a_link_is_not_followed(self):
        target = self.file.with_name("other")
        target.write_text("untouched")
        self.file.with_suffix(".new").symlink_to(target)
        credentials.obtain(self.file)
        self.assertEqual(target.read_text(), "untouched")


class Seams(unittest.TestCase):
    def test_the_emulator_is_the_one_that_the_modules_were_written_for(self):
        for module in MODULES:
            self.assertEqual(seams.changed(module.SEAMS), [], module.__name__)

    def test_every_change_is_named_and_ends_the_program(self):
        changed = mock.Mock(SEAMS={"json:dumps": "obj", "json:gone": "", "none:x": "", "os:environ": "dict",
                                    "textwrap:dedent": "text #0"})
        with self.assertRaises(SystemExit) as stop:
            seams.check([signature, changed])
        first, *lines = str(stop.exception).splitlines()
        self.assertRegex(first, r"^The local extension does not fit MiniStack \d")
        self.assertEqual(len(lines), 5)
        self.assertIn("json:gone: expected ``, found `missing`", lines[1])
        self.assertIn("os:environ: expected `dict`, found `_Environ`", lines[3])
        self.assertRegex(lines[4], "textwrap:dedent: expected `text #0`, found `text #[0-9a-f]{16}`")

    def test_every_name_that_a_module_takes_from_the_emulator_is_a_seam(self):
        modules = ("app", "iam_actions", "lambda_runtime", "lambda_svc", "sts")
        for module in MODULES:
            declared = {place.partition(":")[2] for place in module.SEAMS}
            for node in ast.walk(ast.parse(inspect.getsource(module))):
                if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("ministack.core"):
                    names = {alias.name for alias in node.names if alias.name not in modules}
                    self.assertLessEqual(names - {"ResolvedCredential"}, declared, module.__name__)
                if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") in modules:
                    self.assertIn(node.attr, declared, module.__name__)


class Roles(unittest.TestCase):
    CONFIG = {"FunctionArn": "arn:aws:lambda:us-east-1:000000000000:function:f", "FunctionName": "f",
              "Role": "arn:aws:iam::000000000000:role/path/r"}

    def test_credentials_of_a_role_depend_on_the_secret_and_are_known_as_the_role(self):
        from ministack.core.iam_evaluator import resolve_credential
        from ministack.core.lambda_runtime import execution_credentials

        mine, theirs = roles.issue(self.CONFIG, "secret"), roles.issue(self.CONFIG, "other secret")
        self.assertEqual(roles.issue(self.CONFIG, "secret"), mine)
        guessed = execution_credentials(self.CONFIG)
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
            self.assertEqual(len({one[name] for one in (mine, theirs, guessed)}), 3, name)
        known = resolve_credential(mine["AWS_ACCESS_KEY_ID"], None, mine["AWS_SESSION_TOKEN"])
        self.assertEqual(known.principal_arn, "arn:aws:sts::000000000000:assumed-role/r/f")
        self.assertEqual(known.secret_access_key, mine["AWS_SECRET_ACCESS_KEY"])


class Loading(unittest.TestCase):
    """Functions that cannot be loaded, in the emulator with the extension but without its server."""

    @classmethod
    def setUpClass(cls):
        from ministack.core import lambda_runtime
        from ministack.services import lambda_svc

        places = [(lambda_runtime, "_PYTHON_WORKER_SCRIPT"), (lambda_runtime, "_NODEJS_WORKER_SCRIPT"),
                  (lambda_runtime.Worker, "_spawn"), (lambda_runtime.ProvidedWorker, "_spawn"),
                  (lambda_svc, "_execute_function_warm"), (lambda_svc, "_execute_function_provided_warm")]
        for owner, name in places:
            cls.addClassCleanup(setattr, owner, name, getattr(owner, name))
        cls.addClassCleanup(lambda_runtime.reset)
        loading.install()

    def called(self, runtime, name, text):
        """The result of a call of a function with one file."""
        from ministack.services import lambda_svc

        with zipfile.ZipFile(code := io.BytesIO(), "w") as archive:
            entry = zipfile.ZipInfo(name)
            entry.external_attr = 0o755 << 16
            archive.writestr(entry, text)
        config = {**Roles.CONFIG, "FunctionName": f"f{abs(hash(text))}", "Runtime": runtime, "Timeout": 20,
                  "Handler": "app.handler", "Environment": {"Variables": {}}}
        config["FunctionArn"] = config["FunctionArn"].removesuffix("f") + config["FunctionName"]
        execute = (lambda_svc._execute_function_provided_warm if runtime.startswith("provided")
                   else lambda_svc._execute_function_warm)
        return execute({"config": config, "code_zip": code.getvalue()}, {}, "id")

    def test_why_python_cannot_be_loaded_stands_in_the_log(self):
        cases = {
            "import absent_module": [
                "[ERROR] Runtime.ImportModuleError: Unable to import module 'app': No module named 'absent_module'",
                'File "/var/task/app.py", line 1, in <module>'],
            "x = 1\ndef handler(:\n": ["[ERROR] Runtime.UserCodeSyntaxError: Syntax error in module 'app': ",
                                       'File "/var/task/app.py", line 2'],
            "print('before')\n{}['TABLE']": ["before", "[ERROR] KeyError: 'TABLE'", "line 2, in <module>"],
            "import sys\nprint('last words')\nsys.exit('gone')": ["last words", "gone"],
            "other = 1": ["[ERROR] AttributeError: module 'app' has no attribute 'handler'"],
        }
        for text, expected in cases.items():
            result = self.called("python3.13", "app.py", text)
            self.assertTrue(result["error"], text)
            for words in expected:
                self.assertIn(words, result["log"], text)
            self.assertNotIn("_worker.py", result["log"], text)

    def test_the_log_of_a_call_is_as_it_was(self):
        fine = self.called("python3.13", "app.py", "def handler(event, context):\n  print('hello')\n  return 1\n")
        self.assertEqual((fine["body"], fine["log"]), (1, "hello"))
        failing = self.called("python3.13", "app.py", "def handler(event, context):\n  raise ValueError('no')\n")
        self.assertTrue(failing["log"].startswith("Traceback "), failing)

    @unittest.skipUnless(shutil.which("node"), "no Node.js")
    def test_why_javascript_cannot_be_loaded_stands_in_the_log(self):
        cases = {
            "require('nothing-of-this-name')": ["Cannot find module 'nothing-of-this-name'", "/var/task/app.js"],
            "exports.handler = (": ["SyntaxError: ", "/var/task/app.js:1"],
            "exports.other = 1": ["Handler handler is not a function"],
        }
        for text, expected in cases.items():
            result = self.called("nodejs22.x", "app.js", text)
            self.assertTrue(result["error"], text)
            for words in expected:
                self.assertIn(words, result["log"], text)

    def test_the_last_words_of_a_bootstrap_stand_in_the_log(self):
        result = self.called("provided.al2023", "bootstrap", "#!/bin/sh\necho last words\nexit 1\n")
        self.assertTrue(result["error"])
        self.assertIn("last words", result["log"])


class Aliases(unittest.TestCase):
    def test_any_deck_has_the_shares_of_its_weights(self):
        cases = {0.1: (1, 10), 0.3: (3, 10), 0.5: (1, 2), 0.05: (1, 20), 0.33: (33, 100), 0.001: (1, 1000),
                 1 / 3: (1, 3), 1.0: (1, 1), 0.0: (0, 1)}
        for weight, (others, size) in cases.items():
            cards = aliases.deck("1", {"2": weight})
            self.assertEqual((cards.count("2"), len(cards)), (others, size), weight)
            self.assertEqual(cards.count("1"), size - others)

    def test_the_order_in_a_deck_is_random(self):
        self.assertGreater(len({aliases.deck("1", {"2": 0.1}).index("2") for _ in range(200)}), 1)

    def test_every_ten_have_their_share_until_the_alias_changes(self):
        def alias(revision, weight):
            return {"AliasArn": "arn", "FunctionVersion": "1", "RevisionId": revision,
                    "RoutingConfig": {"AdditionalVersionWeights": {"2": weight}}}

        for _ in range(20):
            self.assertEqual([aliases.deal(alias("a", 0.1)) for _ in range(10)].count("2"), 1)
        aliases.deal(alias("a", 0.1))
        self.assertEqual([aliases.deal(alias("b", 0.2)) for _ in range(10)].count("2"), 2)
        self.assertEqual(aliases.deal({"FunctionVersion": "7"}), "7")


class RequestLog(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        self.file = self.folder / "requests.log"

    def served(self, host, path, response):
        async def handler(*_, **__):
            return response

        handle = request_log.logged(handler, self.file)
        with mock.patch("ministack.app._resolve_stage_and_path", lambda api, stage, path: (stage, path)):
            self.assertEqual(asyncio.run(handle(host, path, "GET", {}, b"", {}, raw_query_string="secret=1")), response)

    def test_each_request_of_an_api_has_a_line(self):
        self.served("127.0.0.1:4566", "/_aws/execute-api/a1/$default/hi/ada", (200, {}, b"hello"))
        self.served("127.0.0.1:4566", "/_aws/execute-api/a1/$default/hi/bob", (500, {}, b""))
        lines = [json.loads(line) for line in self.file.read_text().splitlines()]
        self.assertEqual([(line["endpoint"], line["method"], line["path"], line["status"]) for line in lines],
                         [("a1", "GET", "/hi/ada", 200), ("a1", "GET", "/hi/bob", 500)])
        self.assertTrue(all(line["at"] > 0 and line["milliseconds"] >= 0 for line in lines))
        self.assertNotIn("secret", self.file.read_text())
        self.assertEqual(self.file.stat().st_mode & 0o777, 0o600)

    def test_what_no_api_serves_has_none(self):
        self.served("127.0.0.1:4566", "/", None)
        self.assertFalse(self.file.exists())

    def test_a_long_log_starts_again(self):
        self.file.write_bytes(b"x" * (request_log.MOST + 1))
        request_log.write(self.file, {"endpoint": "a1"})
        self.assertEqual(self.file.read_text(), '{"endpoint": "a1"}\n')


class RuntimeApi(unittest.TestCase):
    def test_it_answers_functions_and_no_pages(self):
        original = http.server.BaseHTTPRequestHandler.parse_request
        self.addCleanup(setattr, http.server.BaseHTTPRequestHandler, "parse_request", original)
        runtime_api.install()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        self.addCleanup(server.server_close)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.shutdown)

        def status(**headers):
            ask = urllib.request.Request(f"http://127.0.0.1:{server.server_port}/next", headers=headers)
            try:
                return urllib.request.urlopen(ask).status
            except HTTPError as error:
                return error.code

        self.assertEqual(status(), 204)
        self.assertEqual(status(Host="rebound.example"), 403)
        self.assertEqual(status(Origin="http://rebound.example"), 403)


if __name__ == "__main__":
    unittest.main()

"""The local cloud of a run: MiniStack as `provision` installs it, plus the translator for SAM templates."""

import json
import os
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import quote

import install

ROOT = Path(__file__).resolve().parents[2]
PINS = ROOT / "src/local/requirements.txt"
TRANSLATOR = "aws-sam-translator==1.112.0"
ACCOUNT, REGION = "000000000000", "us-east-1"
UP = 60


class Cloud:
    """A local cloud that runs as long as the benchmark."""

    def __init__(self, tools, say):
        python = install.python(tools, "cloud", [PINS], [TRANSLATOR], say)
        self._folder = tempfile.TemporaryDirectory(prefix="bench-cloud-")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        state = Path(self._folder.name)
        with open(state / "log", "w") as log:
            self._process = subprocess.Popen(
                [python, "-I", "-m", "ministack"],
                cwd=state,
                env=self._environment(state),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._wait()

    def _environment(self, state):
        """As `provision` starts it, but without saving data and without checking policies: the emulator would deny the
        roles with which the CDK publishes assets."""
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        return kept | {
            "HOME": str(state),
            "TMPDIR": str(state),
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self.port),
            "IOT_MTLS_ENABLED": "0",
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        }

    def _wait(self):
        deadline = time.monotonic() + UP
        while True:
            try:
                return self.send("GET", "/_ministack/health")
            except OSError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    log = (Path(self._folder.name) / "log").read_text()
                    raise SystemExit(f"The local cloud does not start:\n{log[-2000:]}") from None
                time.sleep(0.05)

    def stop(self):
        """Stops it and the processes that it started."""
        os.killpg(self._process.pid, 9)
        self._process.wait()
        self._folder.cleanup()

    def reset(self):
        """Deletes all data in it."""
        self.send("POST", "/_ministack/reset")

    def send(self, method, path, service=None, headers=None, body=None):
        """Sends a request and returns the status and text of the response. The signature is not checked, but it names the
        service."""
        headers = dict(headers or {})
        if service:
            scope = f"test/20260101/{REGION}/{service}/aws4_request"
            headers["Authorization"] = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"
        url = f"http://127.0.0.1:{self.port}{path}"
        request = urllib.request.Request(url, method=method, headers=headers, data=body and body.encode())
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def make_bucket(self, name):
        """Creates a bucket, for tools that upload templates and code."""
        self.send("PUT", f"/{name}", "s3")

    def contents(self):
        """The number of resources of each kind."""
        apis = {api: self._routes(api) for api in self._ids("/v2/apis", "items", "apiId")}
        rest = self._ids("/restapis", "item", "id")
        return {
            "functions": self._functions(),
            "apis": len(apis) + len(rest),
            "routes": sum(apis.values()) + sum(self._methods(api) for api in rest),
            "tables": len(self._post("dynamodb", "DynamoDB_20120810.ListTables", "1.0", {})["TableNames"]),
            "log groups": self._log_groups(),
            "roles": self._roles(),
        }

    def url(self):
        """The path of the only API."""
        for api in self._ids("/v2/apis", "items", "apiId"):
            return f"/_aws/execute-api/{api}/$default"
        for api in self._ids("/restapis", "item", "id"):
            return f"/_aws/execute-api/{api}/api"
        raise LookupError("no API exists")

    def _get(self, path, service):
        status, text = self.send("GET", path, service)
        if status != 200:
            raise LookupError(f"{path} responds with {status}: {text[:200]}")
        return json.loads(text)

    def _ids(self, path, items, name):
        return [item[name] for item in self._get(path, "apigateway").get(items, [])]

    def _routes(self, api):
        return len(self._ids(f"/v2/apis/{api}/routes", "items", "routeId"))

    def _methods(self, api):
        resources = self._get(f"/restapis/{api}/resources?limit=500", "apigateway")["item"]
        return sum(len(resource.get("resourceMethods", {})) for resource in resources)

    def _functions(self):
        path, found = "/2015-03-31/functions/", 0
        page = self._get(path, "lambda")
        while marker := page.get("NextMarker"):
            found += len(page["Functions"])
            page = self._get(f"{path}?Marker={quote(marker, safe='')}", "lambda")
        return found + len(page["Functions"])

    def _log_groups(self):
        target, found = "Logs_20140328.DescribeLogGroups", 0
        page = self._post("logs", target, "1.1", {})
        while token := page.get("nextToken"):
            found += len(page["logGroups"])
            page = self._post("logs", target, "1.1", {"nextToken": token})
        return found + len(page["logGroups"])

    def _post(self, service, target, version, body):
        headers = {"X-Amz-Target": target, "Content-Type": f"application/x-amz-json-{version}"}
        return json.loads(self.send("POST", "/", service, headers, json.dumps(body))[1])

    def _roles(self):
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        _, text = self.send("POST", "/", "iam", headers, "Action=ListRoles&Version=2010-05-08&MaxItems=1000")
        return text.count("<RoleName>")

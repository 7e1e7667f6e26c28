"""A proxy between a tool and the local cloud: it delays each call by a given latency, and records it."""

import asyncio
import re
import threading
import time
from dataclasses import dataclass
from urllib.parse import parse_qs

# Requests about the emulator itself. They are not calls to AWS, and are neither delayed nor recorded.
OWN = "/_ministack/"


@dataclass(frozen=True)
class Call:
    """A call, from the end of its request to the end of its response, in seconds of one clock."""

    operation: str
    status: int
    start: float
    end: float


class Proxy:
    """Listens on its own port, in its own thread, until `stop`."""

    def __init__(self, cloud_port):
        self.cloud_port = cloud_port
        self.latency = 0.0
        self.calls = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = self._run(asyncio.start_server(self._serve, "127.0.0.1", 0, limit=2**20))
        self.port = self._server.sockets[0].getsockname()[1]

    def stop(self):
        """Closes all connections."""
        self._run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _end(self):
        self._server.close()
        connections = asyncio.all_tasks() - {asyncio.current_task()}
        for connection in connections:
            connection.cancel()
        await asyncio.gather(*connections, return_exceptions=True)

    def take(self):
        """Returns and forgets the calls since the last time."""
        calls, self.calls = self.calls, []
        return calls

    def _run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    async def _serve(self, reader, writer):
        cloud = None
        try:
            while (request := await Request.read(reader, writer)) is not None:
                start = time.monotonic()
                delayed = not request.path.startswith(OWN)
                if delayed:
                    await asyncio.sleep(self.latency)
                cloud, status, closes = await self._pass_on(request, cloud, writer)
                if delayed:
                    self.calls.append(Call(request.operation(), status, start, time.monotonic()))
                if closes:
                    break
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # A tool that ends just drops its connections.
        finally:
            writer.close()
            if cloud:
                cloud[1].close()

    async def _pass_on(self, request, cloud, writer):
        """Forwards a request, over the previous connection if it still works, and sends the response back."""
        for connection in ([cloud] if cloud else []) + [None]:
            connection = connection or await asyncio.open_connection(
                "127.0.0.1", self.cloud_port, limit=2**20
            )
            try:
                connection[1].write(request.bytes)
                head = await connection[0].readuntil(b"\r\n\r\n")
                break
            except (ConnectionError, asyncio.IncompleteReadError):
                if connection is not cloud:
                    raise
        status = int(head.split(b" ", 2)[1])
        empty = request.method == "HEAD" or status in (204, 304)
        body = b"" if empty else await read_body(connection[0], headers(head))
        writer.write(head + body)
        await writer.drain()
        return connection, status, headers(head).get("connection", "").lower() == "close"


@dataclass(frozen=True)
class Request:
    """A request in its original bytes, with the parts that identify its operation."""

    method: str
    path: str
    headers: dict
    body: bytes
    bytes: bytes

    @classmethod
    async def read(cls, reader, writer):
        """The next request of a connection; None if the connection has ended."""
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return None
        fields = headers(head)
        if fields.get("expect", "").lower() == "100-continue":
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            head = re.sub(rb"(?i)\r\nexpect:[^\r]*", b"", head)
        method, path, _ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)
        body = await read_body(reader, fields)
        return cls(method, path, fields, body, head + body)

    def operation(self):
        """`service:Operation` if the protocol names it, else the service, the method and the path without names."""
        if target := self.headers.get("x-amz-target"):
            return f"{self._service()}:{target.rsplit('.', 1)[-1]}"
        if self.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            action = parse_qs(self.body.decode("utf-8", "replace")).get("Action", ["?"])[0]
            return f"{self._service()}:{action}"
        path = self.path.split("?", 1)[0]
        return f"{self._service()}:{self.method} {path}"

    def _service(self):
        scope = re.search(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/", self.headers.get("authorization", ""))
        return scope.group(1) if scope else "unsigned"


def headers(head):
    """The headers, with names in lower case."""
    lines = head.decode("latin-1").split("\r\n")[1:]
    return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines) if name}


async def read_body(reader, fields):
    """A body, in its original bytes."""
    if fields.get("transfer-encoding", "").lower() != "chunked":
        return await reader.readexactly(int(fields.get("content-length", 0)))
    parts = []
    while True:
        line = await reader.readuntil(b"\r\n")
        size = int(line.split(b";", 1)[0], 16)
        parts.append(line)
        if size:
            parts.append(await reader.readexactly(size + 2))
            continue
        while parts[-1] != b"\r\n":
            parts.append(await reader.readuntil(b"\r\n"))
        return b"".join(parts)


def chain(calls):
    """The longest chain of calls in which each started after the one before had ended: an upper estimate of how many had
    to wait for each other, because calls can also follow each other without a reason."""
    length, last = 0, float("-inf")
    for call in sorted(calls, key=lambda call: call.end):
        if call.start >= last:
            length, last = length + 1, call.end
    return length


def as_json(calls):
    """The calls as JSON, in the order of their start."""
    first = min((call.start for call in calls), default=0)
    rows = sorted(calls, key=lambda call: call.start)
    return [
        [call.operation, call.status, round(call.start - first, 4), round(call.end - first, 4)]
        for call in rows
    ]


def listing(record):
    """The calls as text, for people."""
    return "".join(
        f"{start:8.3f} {end:8.3f} {status} {operation}\n" for operation, status, start, end in record
    )

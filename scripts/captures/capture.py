"""Runs `provision` in a terminal and draws what it shows. Called by scripts/capture."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.request import urlopen

import renderers
from animation import duration, moving, tops
from drawing import THEMES, still
from terminal import COLUMNS, Failed, Terminal

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "docs" / "captures"
# The height of the terminal: a picture that stands still shows everything, one that moves what is in the window.
ROWS, WINDOW = 100, 26
# How many moments of an animation are compared with what the terminal showed.
MOMENTS = 6
# The largest file that a page should load for a picture.
MOST_BYTES = 150_000

# What `dev` shows: the URL of the API, that it waits for a save, a save that is live, one with an error, and a request.
URL = r"http://\S+/execute-api/[^/\s]+/[\w$-]+"
WATCHING = r"Watching|Ctrl-C"
LIVE = r"live in|Live"
SYNTAX_ERROR = r"(?i)syntax"
REQUEST = r"GET /hello/ada.*200"
# Seconds to look at a command, at the API that exists, and at what follows.
LOOK, READ = 1, 2

CODE = "lambdas/hello/lambda_function.py"


class Captures:
    """The commands that are captured, on a local cloud of their own."""

    def __init__(self, program, temporary):
        self.program, self.temporary = program, temporary
        kept = {name: os.environ[name] for name in ("HOME", "PATH", "PROVISION_CACHE_DIR") if name in os.environ}
        self.environment = kept | {
            "TERM": "xterm-256color",
            "LANG": "C.UTF-8",
            "PROVISION_STATE_DIR": str(temporary / "state"),
        }
        self.settled = []
        self.problems = []

    def __enter__(self):
        self._local("start")
        return self

    def __exit__(self, *_):
        self._local("stop")

    def settle(self):
        """Makes the same what differs from run to run; as long as it was, so that nothing moves."""
        port = re.search(rb"127\.0\.0\.1:(\d{5})", self._local("status"))
        if not port:
            raise Failed("the local cloud does not say where it is")
        self.settled = [(rb":%s\b" % port[1], b":25000"), (rb"(?<=execute-api/)[0-9a-f]{8}", b"1a2b3c4d")]

    def _local(self, action):
        command = [self.program, "local", action]
        return subprocess.run(command, env=self.environment, check=True, stdout=subprocess.PIPE).stdout

    def stack(self, name):
        """A copy of the example, to change."""
        return shutil.copytree(ROOT / "examples" / "minimal", self.temporary / name / "minimal")

    def terminal(self, stack, name, height):
        return Terminal(self.program, [name, "--local"], stack, self.environment, height)

    def still(self, stack, name, status=0):
        """Draws what a command shows in the end."""
        with self.terminal(stack, name, ROWS) as terminal:
            terminal.finish(status)
        rows = terminal.rows(self.settled)
        for shade, theme in THEMES.items():
            self._write(f"{name}-{shade}", still(terminal.command, rows, COLUMNS, theme), rows)

    def moving(self, terminal, name):
        """Draws what a command that has ended has shown."""
        frames = terminal.frames(self.settled)
        views = [frame.rows[top : top + WINDOW] for frame, top in zip(frames, tops(frames, WINDOW), strict=True)]
        ends = [*(frame.start for frame in frames[1:]), duration(frames)]
        middles = [((frame.start + end) / 2, rows) for frame, end, rows in zip(frames, ends, views, strict=True)]
        for shade, theme in THEMES.items():
            drawn = moving(terminal.command, frames, (COLUMNS, WINDOW), theme)
            self._write(f"{name}-{shade}", drawn, views[-1], middles[:: max(1, len(middles) // MOMENTS)])

    def _write(self, name, svg, rows, moments=()):
        target = PICTURES / f"{name}.svg"
        target.write_text(svg, encoding="utf-8")
        print(f"{target.relative_to(ROOT)}  {target.stat().st_size} bytes")
        if target.stat().st_size > MOST_BYTES:
            self.problems.append(f"{target.name} has more than {MOST_BYTES} bytes")
        self.problems += renderers.compare(target, rows, moments)


def edit(file, *changes):
    """Changes a file as its author would."""
    text = file.read_text(encoding="utf-8")
    for old, new in changes:
        if old not in text:
            raise Failed(f"{file} has no {old!r}")
        text = text.replace(old, new, 1)
    file.write_text(text, encoding="utf-8")


def change(stack):
    """What somebody does on the second day."""
    edit(stack / CODE, ("Hello, ", "Welcome, "))
    edit(
        stack / "stack.yaml",
        ("runtime: python3.13\n", "runtime: python3.13\n    memory: 256\n"),
        ("[dynamodb:UpdateItem]", "[dynamodb:UpdateItem, dynamodb:GetItem]"),
        ("  routes:\n", "  routes:\n    GET /welcome/{name}: minimal_hello\n"),
        ("Hello, ada!", "Welcome, ada!"),
    )


def develop(terminal, stack):
    """What somebody does while `dev` runs: a save, a request, a save with an error, and one without."""
    terminal.pause(LOOK)
    terminal.wait_for(WATCHING)
    terminal.pause(READ)
    with terminal.answers(LIVE, READ):
        edit(stack / CODE, ("Hello, ", "Welcome, "))
    with terminal.answers(REQUEST, READ):
        urlopen(re.search(URL, terminal.text())[0] + "/hello/ada", timeout=30).close()
    with terminal.answers(SYNTAX_ERROR, READ):
        edit(stack / CODE, ('["visits"])', '["visits"]'), ("Welcome, ", "Welcome back, "))
    with terminal.answers(LIVE, READ):
        edit(stack / CODE, ('["visits"]', '["visits"])'))
    terminal.press(b"\x03")
    terminal.finish()


def capture(captures):
    captures.settle()
    stack = captures.stack("stills")
    captures.still(stack, "up")
    change(stack)
    captures.still(stack, "plan")
    captures.still(stack, "status", status=2)
    captures.still(stack, "down")
    stack = captures.stack("moving")
    with captures.terminal(stack, "dev", WINDOW) as terminal:
        develop(terminal, stack)
    captures.moving(terminal, "dev")


def main(program):
    with tempfile.TemporaryDirectory() as temporary, Captures(program, Path(temporary)) as captures:
        capture(captures)
    for renderer in renderers.missing():
        print(f"Not compared in {renderer}, which is not installed.", file=sys.stderr)
    if captures.problems:
        sys.exit("\n".join(captures.problems))


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except Failed as failure:
        sys.exit(str(failure))

"""Runs a command in a terminal, and records what it writes there."""

import os
import pty
import re
import signal
import struct
import termios
import threading
import time
from contextlib import contextmanager
from fcntl import ioctl
from math import inf

import pyte
from animation import Frame
from drawing import Cell, Style

COLUMNS = 80
# The emulated terminal scrolls no row away: see `tops` in animation.py.
ALL_ROWS = 500

# Within this time the command must write what is waited for, in seconds.
DEADLINE = 120
# Nothing more is coming if nothing came for this long.
QUIET, LONGEST_WAIT_FOR_QUIET = 0.3, 3
# In a recording nothing stands still for longer, and frames change no faster.
IDLE, FASTEST = 1.5, 0.08
# Parts that come one so shortly after another are parts of one change.
ONE_CHANGE = 0.005

ESCAPE = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]|\x1b\].*?(?:\x07|\x1b\\)")


class Failed(Exception):
    """The command did not do what the picture is about."""


class Screen(pyte.Screen):
    """pyte knows no faint text, which is drawn in grey."""

    def select_graphic_rendition(self, *attributes, **flags):
        if not {38, 48} & set(attributes):
            attributes = [90 if attribute == 2 else attribute for attribute in attributes]
        super().select_graphic_rendition(*attributes, **flags)

    def rows(self):
        """What it shows, down to the last row that is not blank."""
        height = max(self.buffer, default=-1) + 1
        rows = [[cell(self.buffer[row][column]) for column in range(self.columns)] for row in range(height)]
        while rows and all(place.is_blank for place in rows[-1]):
            rows.pop()
        return rows


def cell(char):
    """A character as drawing.py has it."""
    if char.reverse or char.bg != "default":
        raise Failed(f"{char.data!r} has a background, which is not drawn")
    return Cell(char.data, Style(char.fg.replace("brown", "yellow"), char.bold, char.underscore))


class Terminal:
    """A running command. What comes from it is noted with its time, as are the pauses that a reader needs."""

    def __init__(self, program, arguments, folder, environment, height):
        self.command = " ".join(["provision", *arguments])
        prompt = f"\x1b[90m$ \x1b[0m\x1b[1m{self.command}\x1b[0m\r\n"
        self.parts, self.pauses = [(0, prompt.encode())], []
        self.status = None
        self.changed = threading.Condition()
        self.start = time.monotonic()
        self.process, self.handle = pty.fork()
        if self.process == 0:
            try:
                ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", height, COLUMNS, 0, 0))
                os.chdir(folder)
                os.execve(program, ["provision", *arguments], environment)
            finally:
                os._exit(127)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        while self.status is None:
            try:
                part = os.read(self.handle, 65536)
            except OSError:
                # Linux ends a terminal to which no program writes any more with an error.
                part = b""
            with self.changed:
                if part:
                    self.parts.append((time.monotonic() - self.start, part))
                else:
                    self.status = os.waitstatus_to_exitcode(os.waitpid(self.process, 0)[1])
                self.changed.notify_all()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.status is None:
            os.kill(self.process, signal.SIGKILL)
        self.reader.join()
        os.close(self.handle)

    def text(self, first=0):
        """What was written, from a part on, without colours."""
        written = b"".join(part for _, part in self.parts[first:])
        return ESCAPE.sub(b"", written).decode(errors="replace").replace("\r", "")

    def wait_for(self, pattern, first=0):
        """Waits until the command has written it, and for the rest of what it writes at once."""
        with self.changed:
            self.changed.wait_for(lambda: self.status is not None or re.search(pattern, self.text(first)), DEADLINE)
            found = re.search(pattern, self.text(first))
            if not found:
                raise Failed(f"`{self.command}` did not show `{pattern}`, but:\n{self.text(first)}")
            self._wait_for_quiet()
        return found

    def _wait_for_quiet(self):
        # A spinner is never quiet, so the wait has an end.
        end = time.monotonic() + LONGEST_WAIT_FOR_QUIET
        while time.monotonic() < end and self.status is None and self.changed.wait(QUIET):
            pass

    @contextmanager
    def answers(self, pattern, pause):
        """Waits for what the command says of what is done meanwhile, and gives a reader time to read it."""
        with self.changed:
            first = len(self.parts)
        yield
        self.wait_for(pattern, first)
        self.pause(pause)

    def pause(self, seconds):
        """Nothing happens for so long in the recording."""
        self.pauses.append((time.monotonic() - self.start, seconds))

    def press(self, keys):
        os.write(self.handle, keys)

    def finish(self, status=0):
        """Waits for the command's end."""
        with self.changed:
            self.changed.wait_for(lambda: self.status is not None, DEADLINE)
        if self.status != status:
            raise Failed(f"`{self.command}` ended with {self.status}, not {status}:\n{self.text()}")

    def rows(self, settled):
        """What the terminal shows in the end."""
        return self.frames(settled)[-1].rows

    def frames(self, settled):
        """What the terminal showed over time, where some texts are replaced by others of the same length."""
        screen = Screen(COLUMNS, ALL_ROWS)
        stream = pyte.ByteStream(screen)
        parts = self._replaced(settled)
        times = self._times()
        found, pending_since = [], None
        for part, at, following in zip(parts, times, [*times[1:], inf], strict=True):
            stream.feed(part)
            pending_since = at if pending_since is None else pending_since
            if following - pending_since >= FASTEST and following - at >= ONE_CHANGE:
                rows, pending_since = screen.rows(), None
                if not found or found[-1].rows != rows:
                    found.append(Frame(at, rows))
        if screen.cursor.y == ALL_ROWS - 1:
            raise Failed(f"`{self.command}` wrote more than {ALL_ROWS} rows")
        return found

    def _replaced(self, settled):
        """The parts, with other texts. A text may begin in one part and end in the next."""
        whole = b"".join(part for _, part in self.parts)
        for pattern, text in settled:
            replaced = re.sub(pattern, text, whole)
            if len(replaced) != len(whole):
                raise Failed(f"{text} is not as long as what it replaces")
            whole = replaced
        parts, at = [], 0
        for _, part in self.parts:
            parts.append(whole[at : at + len(part)])
            at += len(part)
        return parts

    def _times(self):
        """When each part is shown in the recording."""
        times, clock, before = [], 0, 0
        for at, _ in self.parts:
            pauses = [seconds for moment, seconds in self.pauses if before <= moment < at]
            clock += max([min(at - before, IDLE), *pauses])
            times.append(clock)
            before = at
        return times

"""Runs `provision` in a terminal and draws what it shows. Called by scripts/capture."""

import os
import pathlib
import pty
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
from fcntl import ioctl
from itertools import groupby

import pyte
from rich.console import Console
from rich.style import Style
from rich.terminal_theme import TerminalTheme
from rich.text import Text

ROOT = pathlib.Path(__file__).resolve().parents[2]
# The line that says where a command acts is longer than 80.
COLUMNS, ROWS = 88, 100


def theme(background, foreground, normal, bright):
    """A terminal's colours, from their hexadecimal numbers."""
    def colours(text):
        return [tuple(bytes.fromhex(colour)) for colour in text.split()]

    return TerminalTheme(colours(background)[0], colours(foreground)[0], colours(normal), colours(bright))


# The eight colours and their bright ones, as pages of code have them.
THEMES = {
    "light": theme(
        "f6f8fa",
        "1f2328",
        "24292f cf222e 116329 7d4e00 0969da 8250df 1b7c83 6e7781",
        "656d76 a40e26 1a7f37 633c01 218bff a475f9 3192aa 8c959f",
    ),
    "dark": theme(
        "161b22",
        "e6edf3",
        "484f58 ff7b72 3fb950 d29922 58a6ff bc8cff 39c5cf b1bac4",
        "8b949e ffa198 56d364 e3b341 79c0ff d2a8ff 56d4dd ffffff",
    ),
}

# rich's own frame loads a font from the network.
FRAME = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; \
font-size: {char_height}px; line-height: {line_height}px; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal"><rect x="0" y="0" width="{terminal_width}" height="{height}"/></clipPath>
{lines}
</defs>
<rect width="{width}" height="{height}" rx="8" fill="BACKGROUND"/>
<g transform="translate(8, 12)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""

# What differs from run to run is made the same; as long as it was, so that nothing moves.
SETTLED = [(rb"127\.0\.0\.1:\d{5}", b"127.0.0.1:25000"), (rb"execute-api/[0-9a-f]{8}", b"execute-api/1a2b3c4d")]

# The terminal's emulator knows no faint text.
SETTLED += [(rb"\x1b\[2m", b"\x1b[90m")]


def run(command, folder, environment):
    """Runs a command in a terminal, and answers what it wrote there."""
    here, there = pty.openpty()
    ioctl(there, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    program = subprocess.Popen(command, cwd=folder, env=environment, stdin=there, stdout=there, stderr=there)
    os.close(there)
    written = b""
    try:
        while part := os.read(here, 65536):
            written += part
    except OSError:
        # Linux ends a terminal that nobody writes to any more with an error.
        pass
    os.close(here)
    return program.wait(), written


def styled(char):
    """How a character of the terminal looks."""
    name = char.fg.replace("brown", "yellow").replace("bright", "bright_")
    return Style(color=None if name == "default" else name, bold=char.bold, underline=char.underscore)


def shown(written):
    """The lines that the terminal shows in the end."""
    for pattern, settled in SETTLED:
        written = re.sub(pattern, settled, written)
    screen = pyte.Screen(COLUMNS, ROWS)
    pyte.ByteStream(screen).feed(written)
    lines = []
    for row in range(ROWS):
        line = Text()
        for style, alike in groupby((screen.buffer[row][column] for column in range(COLUMNS)), styled):
            line.append("".join(char.data for char in alike), style)
        line.rstrip()
        lines.append(line)
    while lines and not lines[-1].plain:
        lines.pop()
    return lines


def draw(name, command, lines):
    """Writes the pictures of a command."""
    prompt = Text.assemble(("$ ", Style(color="bright_black")), (" ".join(command), Style(bold=True)))
    for shade, colours in THEMES.items():
        frame = FRAME.replace("BACKGROUND", colours.background_color.hex)
        with open(os.devnull, "w") as nowhere:
            console = Console(record=True, width=COLUMNS, file=nowhere, force_terminal=True, legacy_windows=False)
            console.print(Text("\n").join([prompt, *lines]), no_wrap=True)
            svg = console.export_svg(theme=colours, code_format=frame, unique_id=name)
        target = ROOT / "docs" / "captures" / f"{name}-{shade}.svg"
        target.write_text(re.sub(r"[ \t]+$", "", svg, flags=re.MULTILINE), encoding="utf-8")
        print(target.relative_to(ROOT))


def edit(file, *changes):
    """Changes a file as its author would."""
    text = file.read_text(encoding="utf-8")
    for old, new in changes:
        if old not in text:
            sys.exit(f"{file} has no {old!r}")
        text = text.replace(old, new, 1)
    file.write_text(text, encoding="utf-8")


def change(stack):
    """What somebody does on the second day."""
    edit(stack / "lambdas/hello/lambda_function.py", ("Hello, ", "Welcome, "))
    edit(
        stack / "stack.yaml",
        ("runtime: python3.13\n", "runtime: python3.13\n    memory: 256\n"),
        ("[dynamodb:UpdateItem]", "[dynamodb:UpdateItem, dynamodb:GetItem]"),
        ("  routes:\n", "  routes:\n    GET /welcome/{name}: minimal_hello\n"),
        ("Hello, ada!", "Welcome, ada!"),
    )


def main():
    with tempfile.TemporaryDirectory() as temporary:
        stack = pathlib.Path(temporary) / "minimal"
        shutil.copytree(ROOT / "examples" / "minimal", stack)
        kept = {name: os.environ[name] for name in ("HOME", "PATH", "PROVISION_CACHE_DIR") if name in os.environ}
        environment = kept | {"TERM": "xterm-256color", "LANG": "C.UTF-8", "PROVISION_STATE_DIR": f"{temporary}/state"}

        def capture(name, *flags, status=0):
            command = ["provision", name, *flags, "--local"]
            ended, written = run(command, stack, environment)
            if ended != status:
                sys.exit(f"{' '.join(command)} ended with {ended}\n{written.decode()}")
            draw(name, command, shown(written))

        try:
            subprocess.run(["provision", "local", "start"], env=environment, check=True)
            capture("up")
            change(stack)
            capture("plan")
            capture("status", status=2)
            capture("down")
        finally:
            subprocess.run(["provision", "local", "stop"], env=environment, check=True)


main()

"""Compares what a browser and librsvg draw with what the terminal showed: every cell with a character has ink, and
every blank cell has none."""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from drawing import HEIGHT, MARGIN, WIDTH
from PIL import Image, ImageChops

CHROMIUM = ["chromium", "chromium-browser", "google-chrome", "chrome"]
LIBRSVG = ["rsvg-convert"]
# Pixels of the image for one of the picture.
SCALE = 2
# How much a pixel differs from the background, of 255, if there is ink.
INK = 48
# The part of a blank cell, at each of its sides, into which the characters next to it may reach.
REACH = 0.2


def program(names):
    """The first of these programs that is installed, or None."""
    return next(filter(None, map(shutil.which, names)), None)


def missing():
    """The renderers that are not installed."""
    return [names[0] for names in (CHROMIUM, LIBRSVG) if not program(names)]


def render_librsvg(svg, folder):
    """The image that librsvg draws."""
    target = folder / "librsvg.png"
    subprocess.run([program(LIBRSVG), f"--zoom={SCALE}", f"--output={target}", svg], check=True)
    return Image.open(target)


def render_chromium(svg, folder, *flags):
    """The image that Chromium draws on a page that shows the picture as an image, as GitHub does."""
    width, height = map(int, re.search(r'viewBox="0 0 (\d+) (\d+)"', svg.read_text(encoding="utf-8")).groups())
    page, target = folder / "page.html", folder / "chromium.png"
    page.write_text(f'<body style="margin: 0"><img src="{svg.as_uri()}">', encoding="utf-8")
    command = [program(CHROMIUM), "--headless", "--hide-scrollbars", f"--user-data-dir={folder / 'profile'}"]
    command += [f"--force-device-scale-factor={SCALE}", f"--screenshot={target}", *flags]
    # A window is higher than the page in it.
    command += [f"--window-size={width + 200},{height + 200}", page.as_uri()]
    if os.geteuid() == 0:
        command.insert(1, "--no-sandbox")
    target.unlink(missing_ok=True)
    ended = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
    if not target.exists():
        raise RuntimeError(f"Chromium drew nothing:\n{ended.stdout.decode(errors='replace')}")
    return Image.open(target).crop((0, 0, width * SCALE, height * SCALE))


def ink(image):
    """White where an image differs from its background."""
    image = image.convert("RGB")
    background = Image.new("RGB", image.size, image.getpixel((MARGIN * SCALE // 2, image.height // 2)))
    red, green, blue = ImageChops.difference(image, background).split()
    most = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    return most.point(lambda difference: 255 * (difference >= INK))


def has_ink(marks, row, column, reach=0):
    """True if there is ink in a cell, except near its sides."""
    left, top = (MARGIN + column * WIDTH) * SCALE, (MARGIN + row * HEIGHT) * SCALE
    across, down = WIDTH * SCALE, HEIGHT * SCALE
    box = (left + across * reach, top + down * reach, left + across * (1 - reach), top + down * (1 - reach))
    return marks.crop(tuple(map(round, box))).getbbox() is not None


def differences(image, rows):
    """What differs between an image and the rows that it shows."""
    marks, found = ink(image), []
    for number, row in enumerate(rows):
        for column, cell in enumerate(row):
            place = f"row {number + 1}, column {column + 1}"
            # The second half of a wide character has no text of its own.
            if cell.is_blank and cell.text and has_ink(marks, number, column, REACH):
                found.append(f"{place}: there is ink, but it is blank")
            elif not cell.is_blank and not has_ink(marks, number, column):
                found.append(f"{place}: there is no ink, but it is {cell.text!r}")
    return found


def stopped(svg, seconds, folder):
    """The picture as it is at a time of its animation."""
    rule = f"* {{ animation-delay: {-seconds}s !important; animation-play-state: paused !important }}"
    target = folder / "stopped.svg"
    target.write_text(svg.read_text(encoding="utf-8").replace("</style>", f"{rule}\n</style>"), encoding="utf-8")
    return target


def compare(svg, rows, moments=()):
    """What is wrong with a picture of these rows, and of others at some moments, in seconds, of its animation."""
    found = []

    def note(renderer, image, expected):
        found.extend(f"{svg.name} in {renderer}: {difference}" for difference in differences(image, expected))

    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        if program(LIBRSVG):
            note("librsvg", render_librsvg(svg, folder), rows)
        if program(CHROMIUM):
            note("Chromium", render_chromium(svg, folder, "--force-prefers-reduced-motion"), rows)
            for seconds, expected in moments:
                image = render_chromium(stopped(svg, seconds, folder), folder)
                note(f"Chromium after {seconds:.2f} s", image, expected)
    return found

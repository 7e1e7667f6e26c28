"""Tests of drawing.py and animation.py: `python3 scripts/captures/drawing_test.py`.

They read the pictures back: what the terminal showed must follow from the coordinates alone.
"""

import re
import unittest
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from animation import END, Frame, duration, moving, tops
from drawing import BASELINE, HEIGHT, MARGIN, THEMES, WIDTH, Cell, Style, still

PICTURES = Path(__file__).resolve().parents[2] / "docs" / "captures"
SVG = "{http://www.w3.org/2000/svg}"
BOLD, GREEN = Style(bold=True), Style("green")


def cells(*texts):
    """A row of texts, each with its style."""
    row = []
    for text, style in texts:
        for char in text:
            # The character that the tests use for all wide ones.
            row += [Cell(char, style), Cell("", style)] if char == "漢" else [Cell(char, style)]
    return row


ROWS = [
    cells(("Plan:", BOLD), (" 9 to create", Style()), (" " * 20, Style())),
    [],
    cells(("  ", Style()), ("+", GREEN), (" a<b> & c", Style()), ("   d", BOLD), ("\xa0e", BOLD)),
    cells(("├── ✓漢 ", Style()), ("漢漢x", GREEN), ("│", Style()), ("漢", BOLD), (" ⠋…y", Style())),
]


def plain(rows):
    """The text of rows, without blanks at their ends."""
    return ["".join(cell.text for cell in row).replace("\xa0", " ").rstrip() for row in rows]


def place(position, start, step):
    """Which column or row begins at a coordinate."""
    number, rest = divmod(int(position) - start, step)
    if rest:
        raise ValueError(f"{position} is in the middle of a cell")
    return number


def read(svg, is_visible=lambda classes: True):
    """The text of the rows of a picture, of what is visible in it."""
    root = ElementTree.fromstring(svg)
    parents = {child: parent for parent in root.iter() for child in parent}
    found = {}
    for text in root.iter(f"{SVG}text"):
        if re.search(r"\s", text.text):
            raise ValueError(f"{text.text!r} has blanks, which librsvg may drop")
        if not is_visible(parents[text].get("class")):
            continue
        row = found.setdefault(place(text.get("y"), MARGIN + BASELINE, HEIGHT), {})
        column = place(text.get("x"), MARGIN, WIDTH)
        columns = place(text.get("textLength"), 0, WIDTH)
        for offset in range(columns):
            if column + offset in row:
                raise ValueError(f"{text.text!r} is drawn over another text")
            # All columns of a wide character but the first are empty.
            row[column + offset] = text.text[offset : offset + 1]
    rows = [found.get(number, {}) for number in range(max(found, default=-1) + 1)]
    return ["".join(row.get(column, " ") for column in range(max(row, default=-1) + 1)) for row in rows]


class Still(unittest.TestCase):
    def test_the_screen_follows_from_the_coordinates(self):
        for theme in THEMES.values():
            self.assertEqual(read(still("title", ROWS, 40, theme)), plain(ROWS))

    def test_a_wrong_coordinate_is_found(self):
        svg = still("title", ROWS, 40, THEMES["light"])
        self.assertIn(' x="70"', svg)
        self.assertNotEqual(read(svg.replace(' x="70"', ' x="61"')), plain(ROWS))
        for wrong in (' x="16"', ' x="71"'):
            with self.assertRaises(ValueError):
                read(svg.replace(' x="70"', wrong))

    def test_a_text_with_blanks_is_found(self):
        with self.assertRaises(ValueError):
            read(still("title", ROWS, 40, THEMES["light"]).replace(">create<", "> create<"))

    def test_each_style_has_a_rule(self):
        for shade, green in (("light", "#116329"), ("dark", "#3fb950")):
            svg = still("title", ROWS, 40, THEMES[shade])
            self.assertIn(f".in-green {{ fill: {green} }}", svg)
            used = set(re.findall(r'class="(.+?)"', svg))
            self.assertEqual(used, set(re.findall(r"^\.(\S+) ", svg, re.MULTILINE)))

    def test_colours_beyond_the_sixteen(self):
        self.assertEqual(THEMES["dark"].colour("5fd7ff"), "#5fd7ff")
        self.assertEqual(THEMES["dark"].colour("brightblack"), "#8b949e")


WINDOW = 3
FRAMES = [
    Frame(0, [cells(("$ run", BOLD))]),
    Frame(1, [cells(("$ run", BOLD)), cells(("working", Style())), [], cells(("1 of 2", Style()))]),
    Frame(1.5, [cells(("$ run", BOLD)), cells(("working", Style())), [], cells(("2 of 2", Style()))]),
    Frame(2, [cells(("$ run", BOLD)), cells(("done", GREEN))]),
    Frame(4, [cells((f"{row} of 6", Style())) for row in range(6)]),
]


def value(svg, name, seconds):
    """What a rule of an animation says at a time."""
    rule = re.search(rf"@keyframes {name} \{{ (.*) \}}$", svg, re.MULTILINE)[1]
    now = None
    for percent, text in re.findall(r"([\d.]+)% \{ (.*?) \}", rule):
        if float(percent) * duration(FRAMES) / 100 <= seconds:
            now = text
    return now


def read_at(svg, seconds):
    """The rows in the window at a time."""
    scroll = re.search(r'<g class="(\S+)" transform=', svg)[1]
    top = place(-int(re.search(r"-?\d+", value(svg, scroll, seconds))[0]), 0, HEIGHT)
    return read(svg, lambda name: value(svg, name, seconds) == "visibility: visible")[top : top + WINDOW]


class Moving(unittest.TestCase):
    def setUp(self):
        self.svg = moving("title", FRAMES, (40, WINDOW), THEMES["dark"])

    def test_each_frame_is_shown_in_its_time(self):
        ends = [*(frame.start for frame in FRAMES[1:]), duration(FRAMES)]
        for frame, end, top in zip(FRAMES, ends, tops(FRAMES, WINDOW), strict=True):
            for seconds in (frame.start + 0.01, end - 0.01):
                expected = plain(frame.rows[top : top + WINDOW])
                self.assertEqual(read_at(self.svg, seconds), expected, f"after {seconds} s")

    def test_the_window_does_not_scroll_back(self):
        self.assertEqual(tops(FRAMES, WINDOW), [0, 1, 1, 1, 3])

    def test_without_movement_it_is_the_last_frame(self):
        hidden = set(re.findall(r'class="(\S+)" visibility="hidden"', self.svg))
        self.assertEqual(read(self.svg, lambda name: name not in hidden), plain(FRAMES[-1].rows))
        self.assertIn(f'transform="translate(0 {-3 * HEIGHT})"', self.svg)
        before, _, after = self.svg.partition("@media (prefers-reduced-motion: no-preference)")
        self.assertNotIn("animation", before)
        self.assertIn(f"animation: {4 + END}s step-end infinite", after)


class Committed(unittest.TestCase):
    def test_light_and_dark_pictures_show_the_same(self):
        light = sorted(PICTURES.glob("*-light.svg"))
        self.assertTrue(light)
        for picture in light:
            dark = picture.with_name(picture.name.replace("-light", "-dark"))
            always = [svg.read_text(encoding="utf-8") for svg in (picture, dark)]
            if "@keyframes" in always[0]:
                # Rows of other frames are in the same places.
                always = [re.sub(r'<g class="\S+" visibility="hidden">.*', "", svg) for svg in always]
            self.assertEqual(read(always[0]), read(always[1]), picture.name)
            self.assertTrue(any(read(always[0])), picture.name)

    def test_pictures_load_nothing_and_run_nothing(self):
        for picture in PICTURES.glob("*.svg"):
            svg = picture.read_text(encoding="utf-8")
            loading = re.search(r"<script|<image|<foreignObject|href=|@import|url\((?!#)|\son\w+=", svg)
            self.assertIsNone(loading, picture.name)
            self.assertLess(len(svg.encode()), 150_000, picture.name)


if __name__ == "__main__":
    unittest.main()

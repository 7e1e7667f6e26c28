"""Draws what a terminal shows as SVG. The place of every text is given by coordinates, so that it is the same in a
browser and in librsvg: no text has blanks, which librsvg drops next to another style, and no text is longer than a
word, so that a font of another width moves nothing.

A row of the terminal is a list of cells, each with its text and style. The cell after a wide character has no text.
"""

from itertools import groupby
from typing import NamedTuple
from xml.sax.saxutils import escape

# The size of a cell, and that of the font whose characters are as wide: most fonts for code are 0.602 em wide.
WIDTH, HEIGHT, FONT_SIZE = 9, 18, 14.95
BASELINE = 14
# Between the cells and the edge of the picture.
MARGIN = 16

FONTS = 'ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace'
NAMES = "black red green yellow blue magenta cyan white".split()


class Theme(NamedTuple):
    """A terminal's colours, as hexadecimal numbers."""

    background: str
    foreground: str
    # The eight colours and their bright ones.
    normal: str
    bright: str

    def colour(self, name):
        """A colour as SVG has it: by the name that the terminal gives it, or by its number."""
        if name == "default":
            return f"#{self.foreground}"
        if name in NAMES:
            return f"#{self.normal.split()[NAMES.index(name)]}"
        if name.startswith("bright"):
            return f"#{self.bright.split()[NAMES.index(name.removeprefix('bright'))]}"
        return f"#{name}"


# As pages of code have them.
THEMES = {
    "light": Theme(
        "f6f8fa",
        "1f2328",
        "24292f cf222e 116329 7d4e00 0969da 8250df 1b7c83 6e7781",
        "656d76 a40e26 1a7f37 633c01 218bff a475f9 3192aa 8c959f",
    ),
    "dark": Theme(
        "161b22",
        "e6edf3",
        "484f58 ff7b72 3fb950 d29922 58a6ff bc8cff 39c5cf b1bac4",
        "8b949e ffa198 56d364 e3b341 79c0ff d2a8ff 56d4dd ffffff",
    ),
}


class Style(NamedTuple):
    """How a character looks."""

    colour: str = "default"
    bold: bool = False
    underline: bool = False

    @property
    def name(self):
        """The name of its class in SVG."""
        return "-".join(["in", self.colour, *["bold"] * self.bold, *["underline"] * self.underline])


class Cell(NamedTuple):
    """One place of the terminal."""

    text: str
    style: Style = Style()

    @property
    def is_blank(self):
        return not self.text.strip()


class Run(NamedTuple):
    """Cells that are drawn as one text."""

    column: int
    columns: int
    text: str
    style: Style


def runs(row):
    """The texts of a row: words of ASCII characters in one style, and every other character for itself, because it may
    come from another font, in which it has another width."""
    found, column = [], 0
    for (is_word, style), cells in groupby(row, lambda cell: (cell.text.isascii() and not cell.is_blank, cell.style)):
        cells = list(cells)
        if is_word:
            found.append(Run(column, len(cells), "".join(cell.text for cell in cells), style))
        else:
            for offset, cell in enumerate(cells):
                if not cell.is_blank:
                    is_wide = cells[offset + 1 : offset + 2] == [Cell("", style)]
                    found.append(Run(column + offset, 1 + is_wide, cell.text, style))
        column += len(cells)
    return found


def draw_row(row, number):
    """The texts of a row in SVG."""
    drawn = []
    for run in runs(row):
        x, y = MARGIN + run.column * WIDTH, MARGIN + number * HEIGHT + BASELINE
        length = f'textLength="{run.columns * WIDTH}"'
        if not run.text.isascii():
            length += ' lengthAdjust="spacingAndGlyphs"'
        drawn.append(f'<text class="{run.style.name}" x="{x}" y="{y}" {length}>{escape(run.text)}</text>')
    return "".join(drawn)


def style_sheet(rows, theme):
    """The rules for the styles that the rows have."""
    rules = [f"text {{ font: {FONT_SIZE}px {FONTS} }}"]
    for style in sorted({run.style for row in rows for run in runs(row)}):
        weight = "; font-weight: bold" * style.bold
        decoration = "; text-decoration: underline" * style.underline
        rules.append(f".{style.name} {{ fill: {theme.colour(style.colour)}{weight}{decoration} }}")
    return "\n".join(rules)


def picture(title, theme, size, styles, content):
    """A whole SVG, of a terminal with so many columns and rows."""
    width, height = size[0] * WIDTH + 2 * MARGIN, size[1] * HEIGHT + 2 * MARGIN
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">
<title>{escape(title)}</title>
<style>
{styles}
</style>
<rect width="{width}" height="{height}" rx="8" fill="#{theme.background}"/>
{content}
</svg>
"""


def still(title, rows, columns, theme):
    """A picture of rows."""
    drawn = "\n".join(filter(None, (draw_row(row, number) for number, row in enumerate(rows))))
    return picture(title, theme, (columns, len(rows)), style_sheet(rows, theme), drawn)

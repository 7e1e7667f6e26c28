"""Plots as SVG, in colours for light and dark pages."""

from xml.sax.saxutils import escape

WIDTH = 760
TEXT, LINE = "#7d8590", "#7d859055"
OWN = "#2da44e"
# One colour for each step, and one for each peer.
COLOURS = ["#2da44e", "#388bfd", "#d29922", "#a371f7", "#db6d28"]
PEERS = ["#6e7781", "#8c959f", "#a0a7b0", "#b4bac1", "#c6cbd1", "#d8dce1"]
BAR, GAP, GROUP, LEFT, RIGHT = 13, 3, 14, 150, 70


def bars(title, groups, series):
    """Groups of bars: a group for each step, with a bar for each tool and its number at the end."""
    most = max(value for values in series.values() for value in values)
    colours = dict(zip(series, [OWN, *PEERS]))
    parts, y = [text(0, 12, title)], 26
    for index, group in enumerate(groups):
        middle = y + len(series) * (BAR + GAP) / 2
        parts.append(text(0, middle + 4, group, weight="bold"))
        for name, values in series.items():
            length = values[index] / most * (WIDTH - LEFT - RIGHT)
            parts.append(text(LEFT - 6, y + BAR - 2, name, "end"))
            parts.append(box(LEFT, y, max(length, 1), BAR, colours[name]))
            parts.append(text(LEFT + length + 6, y + BAR - 2, f"{values[index]:.2f} s"))
            y += BAR + GAP
        y += GROUP
    return svg(y, parts)


def curves(title, positions, panels):
    """Panels side by side, two in a row: a curve for each step over the number of functions."""
    width, height = WIDTH / 2, 220
    names = list(next(iter(panels.values())))
    parts = [text(0, 12, title)]
    for index, name in enumerate(names):
        parts.append(box(45 + index * 110, 24, 12, 12, COLOURS[index]))
        parts.append(text(62 + index * 110, 34, name))
    for index, (measure, series) in enumerate(panels.items()):
        left, top = index % 2 * width + 45, 55 + index // 2 * height
        parts += panel(measure, positions, series, left, top, width - 65, height - 60)
    return svg(55 + (len(panels) + 1) // 2 * height, parts)


def panel(title, positions, series, left, top, width, height):
    """One panel: its axes with their maximum values, and its curves."""
    most = max(value for values in series.values() for value in values) or 1
    base = top + 16 + height

    def place(position, value):
        return f"{left + position / positions[-1] * width:.1f},{base - value / most * height:.1f}"

    parts = [
        text(left, top + 8, title, weight="bold"),
        text(left - 5, base - height + 4, number(most), "end"),
        text(left - 5, base, "0", "end"),
        f'<path d="M{left} {base - height}V{base}H{left + width}" fill="none" stroke="{LINE}"/>',
    ]
    parts += [
        text(left + position / positions[-1] * width, base + 15, position, "middle") for position in positions
    ]
    for colour, values in zip(COLOURS, series.values()):
        points = " ".join(place(*pair) for pair in zip(positions, values))
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
    return parts


def number(value):
    """A number in a short form."""
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}"


def box(x, y, width, height, colour):
    """A box with round corners."""
    return f'<rect x="{x}" y="{y}" width="{width:.1f}" height="{height}" rx="2" fill="{colour}"/>'


def text(x, y, words, anchor="start", weight="normal"):
    """A text at a position."""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-weight="{weight}">{escape(str(words))}</text>'


def svg(height, parts):
    """The whole picture."""
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" font-family="sans-serif" '
        f'font-size="11" fill="{TEXT}">'
    )
    return "\n".join([head, *parts, "</svg>"]) + "\n"

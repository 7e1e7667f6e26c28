"""Draws a recording as an SVG that moves without a script, as pages that show it as an image demand.

All rows that were ever shown are on one long strip, of which a window shows the last ones. Each text of a row is
visible while the terminal showed it. Without movement, which is what librsvg draws and what some people ask of their
browser, the picture is that of the last frame.
"""

from typing import NamedTuple

from drawing import HEIGHT, MARGIN, WIDTH, draw_row, picture, style_sheet

# How long the last frame stays, in seconds.
END = 5


class Frame(NamedTuple):
    """What the terminal shows from a time on, in seconds."""

    start: float
    # All rows since the start, those that have left the screen too.
    rows: list


def tops(frames, height):
    """The first row in the window, for each frame. A terminal never scrolls back."""
    last, found = 0, []
    for frame in frames:
        last = max(last, len(frame.rows))
        found.append(max(0, last - height))
    return found


def duration(frames):
    """How long the animation lasts until it begins again, in seconds."""
    return frames[-1].start + END


def shown(frames):
    """For each row's number and content, the numbers of the frames that show it."""
    found = {}
    for number, frame in enumerate(frames):
        for row, cells in enumerate(frame.rows):
            found.setdefault((row, tuple(cells)), []).append(number)
    return found


def keyframes(name, frames, values):
    """The rule by which a property takes these values, one for each frame."""
    steps, previous = [], None
    for frame, value in zip(frames, values, strict=True):
        if value != previous:
            steps.append(f"{100 * frame.start / duration(frames):.6g}% {{ {value} }}")
        previous = value
    return f"@keyframes {name} {{ {' '.join(steps)} }}"


class Movement:
    """The rules of an animation. What moves alike has one class."""

    def __init__(self, frames):
        self.frames = frames
        self.names = {}

    def name(self, values):
        """The class of what takes these values, one for each frame."""
        return self.names.setdefault(tuple(values), f"move-{len(self.names)}")

    def rules(self):
        """What the style sheet says about all of them."""
        sets = [keyframes(name, self.frames, values) for values, name in self.names.items()]
        uses = [f".{name} {{ animation-name: {name} }}" for name in self.names.values()]
        timing = f"{duration(self.frames):.6g}s step-end infinite"
        uses.insert(0, f"[class^=move] {{ animation: {timing} }}")
        return "\n".join([*sets, "@media (prefers-reduced-motion: no-preference) {", *uses, "}"])


def moving(title, frames, size, theme):
    """A picture of frames, in a window with so many columns and rows."""
    columns, height = size
    movement, drawn = Movement(frames), []
    for (row, cells), numbers in shown(frames).items():
        text = draw_row(cells, row)
        if not text:
            continue
        is_last = numbers[-1] == len(frames) - 1
        seen = set(numbers)
        name = movement.name("visibility: " + ("visible" if at in seen else "hidden") for at in range(len(frames)))
        hidden = "" if is_last else ' visibility="hidden"'
        drawn.append(f'<g class="{name}"{hidden}>{text}</g>')
    offsets = [-top * HEIGHT for top in tops(frames, height)]
    scroll = movement.name(f"transform: translateY({offset}px)" for offset in offsets)
    styles = style_sheet({cells for _, cells in shown(frames)}, theme) + "\n" + movement.rules()
    # One pixel more at each side, for characters that are wider than their cell.
    clip = f'<rect x="{MARGIN - 1}" y="{MARGIN}" width="{columns * WIDTH + 2}" height="{height * HEIGHT}"/>'
    strip = "\n".join(drawn)
    content = f"""\
<clipPath id="window">{clip}</clipPath>
<g clip-path="url(#window)">
<g class="{scroll}" transform="translate(0 {offsets[-1]})">
{strip}
</g>
</g>"""
    return picture(title, theme, size, styles, content)

"""The results as tables in Markdown and as plots."""

import statistics

import plot
from work import STEPS

OWN, PACED = "provision", "provision-aws"
MARKS = ("<!-- results -->", "<!-- end of results -->")
MIB = 2**20


class Results:
    """The medians of all measurements, by tool, latency, size and step."""

    def __init__(self, results):
        self.cells = {
            (cell["tool"], cell["latency"], cell["size"], cell["step"]): cell for cell in results["cells"]
        }
        self.titles = {cell["tool"]: cell["title"] for cell in results["cells"]}
        self.labels = {cell["tool"]: f"{cell['title']} {cell['version']}" for cell in results["cells"]}
        self.notes = {cell["title"]: cell["note"] for cell in results["cells"] if cell["note"]}
        self.latencies = sorted({key[1] for key in self.cells})
        self.sizes = sorted({key[2] for key in self.cells})

    def median(self, measure, *key):
        """The median of a measure; None if it was not measured."""
        cell = self.cells.get(key)
        return cell and statistics.median(run[measure] for run in cell["runs"])

    def tools(self, latency, size):
        """The tools that were measured at this latency and size, except `provision` at AWS's pace, which is not a peer."""
        return [tool for tool in self.labels if (tool, latency, size, "cold") in self.cells and tool != PACED]

    def peers(self, latency, size):
        """The same without `provision`."""
        return [tool for tool in self.tools(latency, size) if tool != OWN]


def tables(results):
    """All tables."""
    found = Results(results)
    parts = [about(results)]
    for size in found.sizes:
        for latency in reversed(found.latencies):
            if found.peers(latency, size):
                parts += [f"### {size} functions, {latency} ms added to each call", times(found, latency, size)]
    if found.cells:
        first, latency = found.sizes[0], found.latencies[-1]
        parts += [f"### Calls, chains and memory at {first} functions", costs(found, latency, first)]
        if rows := growth(found, latency):
            parts += [f"### How the cost grows ({latency} ms added to each call)", rows]
    return "\n\n".join(parts)


def about(results):
    """The machine, what was measured, and what was not."""
    binary, machine = results["binary"], results["machine"]
    runs = f"Medians of {results['runs']} runs." if results["runs"] > 1 else "One run of each."
    lines = [
        f"{runs} {machine['system']}; load {machine['load']} at the start.",
        f"The program has {binary['bytes'] / 1e6:.1f} MB; `provision --version` takes {binary['start'] * 1000:.1f} ms "
        f"(the fastest of 20: {binary['fastest start'] * 1000:.1f} ms).",
    ]
    lines += [f"{title}: {note}." for title, note in Results(results).notes.items()]
    lines += [f"{title} was not measured{why(reason)}." for title, reason in results["left out"].items()]
    return "\n".join(f"- {line}" for line in lines)


def why(reason):
    """A reason on one line; of a long one, such as the output of a tool, the end."""
    line = " ".join(reason.split()).rstrip(".")
    return f": {line if len(line) < 300 else '…' + line[-300:]}"


def times(found, latency, size):
    """The time of each step, also as a multiple of the time of `provision`."""

    def cell(tool, step):
        wall, own = (found.median("wall", name, latency, size, step) for name in (tool, OWN))
        text = f"{wall:.2f} s"
        return text if tool == OWN or not own else f"{text} ({wall / own:.1f}×)"

    rows = [
        [found.labels[tool]] + [cell(tool, step) for step in STEPS] for tool in found.tools(latency, size)
    ]
    peers = found.peers(latency, size)
    if peers and OWN in found.tools(latency, size):

        def ratio(step):
            fastest = min(found.median("wall", peer, latency, size, step) for peer in peers)
            return fastest / found.median("wall", OWN, latency, size, step)

        rows.append(["**fastest peer ÷ provision**"] + [f"**{ratio(step):.1f}**" for step in STEPS])
    return table(["", *STEPS], rows)


def costs(found, latency, size):
    """Calls and longest chain of each step, processor time and memory."""

    def row(tool):
        def most(measure):
            return max(found.median(measure, tool, latency, size, step) for step in STEPS)

        both = [
            [found.median(measure, tool, latency, size, step) for measure in ("calls", "chain")]
            for step in STEPS
        ]
        used = found.median("processor", tool, latency, size, "cold")
        return [
            found.labels[tool],
            *(f"{calls:.0f} / {chain:.0f}" for calls, chain in both),
            f"{used:.2f} s",
            f"{most('memory') / MIB:.0f} MiB",
        ]

    heads = ["calls / chain", *STEPS, "processor, cold", "memory, at most"]
    return table(heads, [row(tool) for tool in found.tools(latency, size)])


def growth(found, latency):
    """The cost of each step by the number of functions."""

    def row(size, step):
        def value(measure, tool=OWN):
            return found.median(measure, tool, latency, size, step)

        paced = value("wall", PACED)
        return [
            str(size),
            step,
            f"{value('calls'):.0f}",
            f"{value('calls') / size:.1f}",
            f"{value('chain'):.0f}",
            f"{value('wall'):.2f} s",
            f"{paced:.1f} s" if paced else "",
            f"{value('memory') / MIB:.0f} MiB",
        ]

    heads = ["functions", "step", "calls", "calls per function", "chain", "time", "at AWS's pace", "memory"]
    rows = [
        row(size, step) for size in found.sizes for step in STEPS if (OWN, latency, size, step) in found.cells
    ]
    return table(heads, rows) if rows else ""


def table(heads, rows):
    """A Markdown table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def plots(results):
    """The plots by file name."""
    found = Results(results)
    latency, size = found.latencies[-1], found.sizes[0]
    tools = found.tools(latency, size)
    walls = {
        found.titles[tool]: [found.median("wall", tool, latency, size, step) for step in STEPS]
        for tool in tools
    }
    drawn = {}
    if walls:
        title = f"{size} functions, {latency} ms added to each call"
        drawn["compare.svg"] = plot.bars(title, list(STEPS), walls)
    sizes = [size for size in found.sizes if (OWN, latency, size, "cold") in found.cells]
    if len(sizes) > 1:

        def lines(measure, unit):
            return {
                step: [found.median(measure, OWN, latency, size, step) / unit for size in sizes]
                for step in STEPS
            }

        panels = {
            "calls": lines("calls", 1),
            "longest chain": lines("chain", 1),
            "time in s": lines("wall", 1),
            "memory in MiB": lines("memory", MIB),
        }
        title = f"provision by the number of functions, {latency} ms added to each call"
        drawn["growth.svg"] = plot.curves(title, sizes, panels)
    return drawn


def write(results, folder):
    """Writes the plots."""
    folder.mkdir(parents=True, exist_ok=True)
    if results["cells"]:
        for name, text in plots(results).items():
            (folder / name).write_text(text)


def write_docs(results, docs):
    """Writes tables and plots into the book."""
    write(results, docs / "benchmarks")
    page = docs / "benchmarks.md"
    before, rest = page.read_text().split(MARKS[0])
    after = rest.split(MARKS[1])[1]
    page.write_text(f"{before}{MARKS[0]}\n\n{tables(results)}\n\n{MARKS[1]}{after}")

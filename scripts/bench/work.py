"""The work of every tool: functions, a route to each of them, one table; and the same again with one change."""

import sys
from dataclasses import dataclass, replace

# Some tools build only for the installed Python, so all functions use this version.
RUNTIME = f"python3.{sys.version_info.minor}"
STACK = "bench"
# The maximum of an API. One step adds a route.
MOST_ROUTES = 300
STEPS = {
    "cold": "from nothing",
    "no-op": "nothing to do",
    "change": "the code of one function changed",
    "route": "one route more",
    "destroy": "everything removed",
}


@dataclass(frozen=True)
class Work:
    """The desired resources."""

    size: int
    changed: bool = False
    extra: bool = False

    def at(self, step):
        """The desired resources in a step: a change stays for the following steps."""
        changed = step in ("change", "route")
        return replace(self, changed=changed, extra=step == "route")

    @property
    def functions(self):
        """The names of the functions."""
        return [f"f{number:03}" for number in range(1, self.size + 1)]

    @property
    def routes(self):
        """Path and function of each route."""
        more = [("extra", "f001")] if self.extra else []
        return [(name, name) for name in self.functions[: MOST_ROUTES - 1]] + more

    def answer(self, function):
        """The response of a function."""
        return f"{function} v{2 if self.changed and function == 'f001' else 1}"

    def code(self, function):
        """The code of a function."""
        return (
            "import os\n\n\n"
            "def handler(event, context):\n"
            '    os.environ["TABLE_NAME"]\n'
            f'    return {{"statusCode": 200, "body": "{self.answer(function)}"}}\n'
        )


def fill(template, work):
    """A template with its values filled in. Lines between a comment `each function` or `each route` and a comment `end`
    are repeated."""
    values = {"runtime": RUNTIME, "stack": STACK}
    functions = [{"name": name, "id": name.upper(), "answer": work.answer(name)} for name in work.functions]
    routes = [
        {"path": path, "id": path.upper(), "answer": work.answer(name), "name": name, "of": name.upper()}
        for path, name in work.routes
    ]
    lines, block, rows = [], [], None
    for line in template.splitlines():
        match line.strip().lstrip("#/ "):
            case "each function":
                rows = functions
            case "each route":
                rows = routes
            case "end" if rows is not None:
                lines += [put(text, row | values) for row in rows for text in block]
                block, rows = [], None
            case _ if rows is None:
                lines.append(put(line, values))
            case _:
                block.append(line)
    return "\n".join(lines) + "\n"


def put(text, values):
    """A text with `@name@` replaced by the value of that name."""
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    return text

"""Compares what the extension replaces or calls with the emulator that is installed.

Each module declares its seams: `module:function` with the names of the parameters, and, where a function is replaced or
its inner order matters, with a hash of its text behind `#`. A constant that is a text is declared as `text`, with its
hash, and what the emulator stores with its type.
"""

import hashlib
import importlib
import inspect
from importlib.metadata import version


def check(modules):
    """Ends the program, naming every seam that changed, if the emulator is not the one the modules were written for."""
    changes = [change for module in modules for change in changed(module.SEAMS)]
    if changes:
        raise SystemExit("\n".join([
            f"The local extension does not fit MiniStack {version('ministack')}. "
            "Read what changed there, then adapt src/local/extension:",
            *changes,
        ]))


def changed(seams):
    """One line for each seam that is not as declared."""
    found = {place: describe(place, "#" in expected) for place, expected in seams.items()}
    return [f"  {place}: expected `{expected}`, found `{found[place]}`"
            for place, expected in seams.items() if found[place] != expected]


def describe(place, with_text):
    """A function as a seam declares it."""
    module, _, name = place.partition(":")
    try:
        function = importlib.import_module(module)
        for part in name.split("."):
            function = getattr(function, part)
    except (ImportError, AttributeError):
        return "missing"
    is_text = isinstance(function, str)
    if not is_text and not callable(function):
        return type(function).__name__
    parameters = "text" if is_text else " ".join(inspect.signature(function).parameters)
    if not with_text:
        return parameters
    text = function if is_text else inspect.getsource(function)
    return f"{parameters} #{hashlib.sha256(text.encode()).hexdigest()[:16]}"

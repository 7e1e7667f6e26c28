"""Installs the tools, each into its own folder, named after its pinned versions."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

READY = "ready"


class Unavailable(Exception):
    """The reason why a tool cannot be measured here."""


def folder():
    """The folder for all installations, in the cache of `provision`."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("PROVISION_CACHE_DIR") or Path(home) / "provision") / "bench"


def python(tools, name, files, packages, say):
    """The Python of a virtual environment with these requirement files and packages."""

    def make(place):
        run([sys.executable, "-m", "venv", place])
        pip = [place / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        for file in files:
            run([*pip, "--only-binary", ":all:", "-r", file])
        if packages:
            run([*pip, *packages])

    pins = "".join(file.read_text() for file in files) + " ".join(packages)
    return once(tools, name, pins, make, say) / "bin/python"


def node(tools, name, manifest, say):
    """A folder with the packages of a `package.json`."""
    if not (shutil.which("npm") and shutil.which("node")):
        raise Unavailable("Node.js with npm is not installed")

    def make(place):
        place.mkdir()
        shutil.copy(manifest, place / "package.json")
        run(["npm", "install", "--silent", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=place)

    return once(tools, name, manifest.read_text(), make, say)


def once(tools, name, pins, make, say):
    """The folder, which is created unless it is complete."""
    place = tools / f"{name}-{hashlib.sha256(pins.encode()).hexdigest()[:12]}"
    if not (place / READY).exists():
        say(f"Installing {name} into {place} (only once)")
        shutil.rmtree(place, ignore_errors=True)
        tools.mkdir(parents=True, exist_ok=True)
        make(place)
        (place / READY).touch()
    return place


def run(command, **options):
    """Runs an installer."""
    ran = subprocess.run(
        [str(word) for word in command], stdin=subprocess.DEVNULL, capture_output=True, text=True, **options
    )
    if ran.returncode != 0:
        lines = (ran.stderr or ran.stdout).strip().splitlines() or ["no message"]
        raise Unavailable(f"it could not be installed: {lines[-1]}")

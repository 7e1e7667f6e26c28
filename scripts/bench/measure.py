"""Runs the steps of one tool several times, and checks the cloud after each step."""

import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from install import Unavailable
from proxy import as_json, chain
from work import STEPS, Work

LAUNCHER = Path(__file__).resolve().parent / "launcher.py"
# The time that an API may need until it responds, in seconds.
TIMEOUT = 10


def measure(tool, cloud, proxy, size, latency, runs, say):
    """The results of each step: a list of `runs` of them."""
    results = {step: [] for step in STEPS}
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        project = Path(folder) / "project"
        project.mkdir()
        cloud.reset()
        proxy.latency = 0
        tool.set_up(cloud, proxy, project, Work(size))
        before = cloud.contents()
        for run in range(runs):
            shutil.rmtree(project)
            project.mkdir()
            for step in STEPS:
                say(f"{tool.title}, {size} functions, +{latency} ms, run {run + 1} of {runs}: {step}")
                work = Work(size).at(step)
                tool.write(project, work)
                proxy.latency = latency / 1000
                result = run_step(tool, proxy, project, step)
                proxy.latency = 0
                result["made"] = check(tool, cloud, step, work, before)
                results[step].append(result)
    return results


def run_step(tool, proxy, project, step):
    """Runs the commands of a step, one after the other, and adds up their measurements."""
    environment, log = tool.environment(proxy, project), project.parent / "log"
    proxy.take()
    parts = [launch(command, project, environment, log, tool.answers) for command in tool.commands(step)]
    calls = proxy.take()
    if failed := next((part for part in parts if part["status"] != 0), None):
        lines = log.read_text(errors="replace").strip()
        raise Unavailable(f"`{step}` ended with status {failed['status']}: {lines[-1500:]}")
    return {
        "wall": sum(part["wall"] for part in parts),
        "processor": sum(part["processor"] for part in parts),
        "memory": max(part["memory"] for part in parts),
        "calls": len(calls),
        "chain": chain(calls),
        "failed": sum(call.status >= 400 for call in calls),
        "record": as_json(calls),
    }


def launch(command, project, environment, log, answers):
    """Runs a command with the launcher, which measures it."""
    result = project.parent / "result"
    words = [sys.executable, "-I", "-S", LAUNCHER, result, *command]
    with open(log, "w") as out:
        subprocess.run(
            [str(word) for word in words],
            cwd=project,
            env=environment,
            input=answers.encode(),
            stdout=out,
            stderr=out,
            check=True,
        )
    return json.loads(result.read_text())


def check(tool, cloud, step, work, before):
    """Checks the result of a step: the resources that the tool created, and the responses of the functions."""
    made = {kind: count - before[kind] for kind, count in cloud.contents().items()}
    gone = step == "destroy"
    wanted = {
        "apis": 1 - gone,
        "tables": tool.tables * (1 - gone),
        "functions": 0 if gone else work.size + tool.more,
    }
    if not gone:
        wanted["routes"] = len(work.routes)
        for path, function in (work.routes[0], work.routes[-1]):
            expect(cloud, f"{cloud.url()}/{path}", work.answer(function))
    if wrong := [
        f"{made[kind]} {kind} instead of {count}" for kind, count in wanted.items() if made[kind] != count
    ]:
        raise Unavailable(f"after `{step}` there are {', '.join(wrong)}")
    return made


def expect(cloud, path, text):
    """Calls the API until it responds with a text."""
    deadline = time.monotonic() + TIMEOUT
    while (response := cloud.send("GET", path)) != (200, text):
        if time.monotonic() > deadline:
            raise Unavailable(f"the API responds with {' '.join(map(str, response))} instead of `{text}`")
        time.sleep(0.05)

"""Runs a program, and writes as JSON how long it took, how long processors worked for it, and how much memory it had.

Usage: launcher.py RESULT PROGRAM ARGUMENT…

It is a process of its own because the system counts the memory of whoever starts a program as the program's, up to the
moment when it begins. This one is small: what it adds is a floor of about ten megabytes, far below any tool.
"""

import json
import os
import resource
import sys
import threading
import time

POLL = 0.02
PAGE = os.sysconf("SC_PAGE_SIZE")


def family(process):
    """A process and all that it started, as far as the system tells."""
    try:
        with open(f"/proc/{process}/task/{process}/children") as file:
            children = file.read().split()
    except OSError:
        children = []
    return [process] + [member for child in children for member in family(int(child))]


def resident(process):
    """The bytes of a process in memory; none where it has ended."""
    try:
        with open(f"/proc/{process}/statm") as file:
            return int(file.read().split()[1]) * PAGE
    except (OSError, IndexError):
        return 0


def watch(process, ended, peaks):
    """Keeps the most that a process and its children had in memory together."""
    while not ended.wait(POLL):
        peaks.append(max(peaks.pop(), sum(resident(member) for member in family(process))))


def main():
    result, *command = sys.argv[1:]
    ended, peaks = threading.Event(), [0]
    start = time.monotonic()
    process = os.posix_spawnp(command[0], command, os.environ)
    watcher = threading.Thread(target=watch, args=(process, ended, peaks))
    watcher.start()
    _, status = os.waitpid(process, 0)
    wall = time.monotonic() - start
    ended.set()
    watcher.join()
    # The largest of all processes is known exactly, their sum only as often as it was looked at.
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    largest = used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    answer = {
        "wall": wall,
        "processor": used.ru_utime + used.ru_stime,
        "memory": max(largest, peaks[0]),
        "status": os.waitstatus_to_exitcode(status),
    }
    with open(result, "w") as file:
        json.dump(answer, file)


main()

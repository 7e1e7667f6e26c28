"""Runs a program, and writes its time, its processor time and its memory as JSON.

Usage: launcher.py RESULT PROGRAM ARGUMENT…

It is a separate process because the system counts the memory of the parent as the memory of the program, until the program
starts. This process is small: it adds a minimum of about ten megabytes, far less than any tool needs.
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
    """A process and all its descendants, as far as the system shows them."""
    try:
        with open(f"/proc/{process}/task/{process}/children") as file:
            children = file.read().split()
    except OSError:
        children = []
    return [process] + [member for child in children for member in family(int(child))]


def resident(process):
    """The memory of a process in bytes; 0 if it has ended."""
    try:
        with open(f"/proc/{process}/statm") as file:
            return int(file.read().split()[1]) * PAGE
    except (OSError, IndexError):
        return 0


def watch(process, ended, peaks):
    """Records the peak of the memory of a process and its descendants together."""
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
    # The peak of the largest process is exact; the sum of all processes is only sampled.
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    largest = used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    measured = {
        "wall": wall,
        "processor": used.ru_utime + used.ru_stime,
        "memory": max(largest, peaks[0]),
        "status": os.waitstatus_to_exitcode(status),
    }
    with open(result, "w") as file:
        json.dump(measured, file)


main()

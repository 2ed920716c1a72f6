"""What the measurements share: the processes of the integration tests, and the clock that counts."""

import os
import pathlib
import statistics
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests" / "integration"))

_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid):
    """User and system time of all threads of a process."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def microseconds_each(pid, work):
    """CPU of `pid` for each of the things that `work()` says it has done."""
    before = cpu_seconds(pid)
    done = work()
    return (cpu_seconds(pid) - before) * 1e6 / done


def medians(rounds, subjects):
    """{name: median of what its function gives}, the subjects taking turns."""
    seen = {name: [] for name in subjects}
    for _ in range(rounds):
        for name, function in subjects.items():
            seen[name].append(function())
    return {name: statistics.median(values) for name, values in seen.items()}

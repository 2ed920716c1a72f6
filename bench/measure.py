"""What the measurements share: the processes of the integration tests, and the clocks that count."""

import pathlib
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests" / "integration"))


def cpu_seconds(pid):
    """User and system time of all threads of a process, those that have ended included: what /proc/PID/stat says, but not
    in hundredths of a second.  The clock's number is how clock_getcpuclockid() makes it."""
    return time.clock_gettime(~pid << 3 | 2)


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

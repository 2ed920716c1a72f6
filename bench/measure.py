"""What the measurements share: the processes of the integration tests, and the clocks that count."""

import pathlib
import resource
import signal
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


def tell(words):
    """How far it is; what has been found goes to the standard output."""
    print(words, file=sys.stderr, flush=True)


def turns(subjects, round_number):
    """Nobody is always the one who comes first."""
    first = round_number % len(subjects)
    return subjects[first:] + subjects[:first]


def raise_descriptor_limit():
    """As far as one may; what is started inherits it."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most


def _interrupt(*_):
    """Once: the next one would leave behind what is being ended."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def end_on_signals():
    """SIGTERM and SIGINT raise KeyboardInterrupt, so that what was started is ended too."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)

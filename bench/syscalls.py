"""System calls of the loaded process for each request, counted by strace.

strace makes every call slow, so that more happens between two waits than does without it: there is less waiting than in real life, for
everybody.  What a request costs at least, its receiving and sending on both sides, is counted as it is.
"""

import dataclasses
import pathlib
import signal
import subprocess

import cases
import load
import peers
import report
from measure import tell

from harness.deadline import DEADLINE, wait_until

STRACE = "strace"
SUBJECTS = (cases.DIRECT, cases.FLOOR, cases.GATE, cases.TWEMPROXY, cases.HAPROXY, cases.TLS_FLOOR, cases.TLS_GATE, cases.TLS_BOTH, cases.TLS_HAPROXY)
CASES = [dataclasses.replace(case, subjects=tuple(name for name in case.subjects if name in SUBJECTS))
         for case in cases.CASES if case.name in ("get", "get-16", "tls", "tls-16")]
REQUESTS = 20_000  # times what the case says

# Column: the calls that are counted there.
KINDS = {
    "receive": ("recvfrom", "recvmsg", "recvmmsg", "read", "readv"),
    "send": ("sendto", "sendmsg", "sendmmsg", "write", "writev"),
    "epoll_ctl": ("epoll_ctl",),
    "wait": ("epoll_wait", "epoll_pwait", "epoll_pwait2", "poll", "ppoll", "select"),
}
OTHER, ALL = "other", "all"


def parsed(text):
    """{call: how often} of what `strace -c` prints."""
    counts = {}
    for line in text.splitlines():
        words = line.split()
        if len(words) in (5, 6) and words[3].isdigit() and words[-1] != "total":  # the sixth is how many failed
            counts[words[-1]] = counts.get(words[-1], 0) + int(words[3])
    return counts


def by_kind(counts):
    """{column: how many}"""
    found = {kind: sum(counts.get(call, 0) for call in calls) for kind, calls in KINDS.items()}
    everything = sum(counts.values())
    return {**found, OTHER: everything - sum(found.values()), ALL: everything}


def _is_traced(pid):
    """Every thread of it."""
    lines = (path.read_text(encoding="ascii") for path in pathlib.Path(f"/proc/{pid}/task").glob("*/status"))
    return all("\nTracerPid:\t0\n" not in text for text in lines)


class Counting:
    """Counts the system calls of all threads of a process while it lasts."""

    def __init__(self, pid, file):
        self._file = pathlib.Path(file)
        self._strace = subprocess.Popen([STRACE, "-c", "-f", "-q", "-p", str(pid), "-o", self._file], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self._pid = pid

    def __enter__(self):
        try:
            wait_until(lambda: self._strace.poll() is not None or _is_traced(self._pid), "strace holds every thread")
            if self._strace.poll() is not None:
                raise load.Refused(f"strace may not look at a process that is not its child: {self._strace.stderr.read().strip()[-300:]}")
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *_):
        self._end()

    def _end(self):
        """It writes its table when it is interrupted."""
        if self._strace.poll() is None:
            self._strace.send_signal(signal.SIGINT)
        try:
            self._strace.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            peers.end(self._strace)
        self._strace.stderr.close()

    def counts(self):
        return parsed(self._file.read_text(encoding="ascii"))


def counted(scene, case, subject, requests):
    """{call: how many for each request}; what connecting, logging in and leaving takes is counted by a run that does hardly more, and
    left out."""
    totals = []
    for number in (load.fewest(case), requests):
        with Counting(subject.pid, scene.directory / "strace.txt") as counting:
            load.run_once(case, subject, number)
        totals.append(counting.counts())
    few, many = totals
    return {call: (many[call] - few.get(call, 0)) / (requests - load.fewest(case)) for call in many}


def measured(scene, _options):
    """{case: {subject: {call: for each request}}}"""
    if not peers.program(STRACE):
        raise load.Refused("there is no strace: `make bench-behaviour` installs it")
    found = {}
    for case in CASES:
        for subject in scene.subjects(case):
            tell(f"system calls: {case.title}: {subject.name}")
            found.setdefault(case.name, {})[subject.name] = counted(scene, case, subject, int(REQUESTS * case.requests))
    return found


def text(figures):
    columns = [*KINDS, OTHER, ALL]
    tables = []
    for case in CASES:
        seen = {name: by_kind(counts) for name, counts in figures.get(case.name, {}).items()}
        rows = [[name, *(f"{max(0, each[column]):.2f}" for column in columns)] for name, each in seen.items()]
        tables.append(report.table([f"system calls for each {case.title}", *columns], rows))
    return "\n\n".join(tables)


def summary(figures):
    """[(what, {subject: figure})]"""
    return [(f"system calls for each {case.title}", {name: f"{by_kind(counts)[ALL]:.2f}" for name, counts in figures.get(case.name, {}).items()})
            for case in CASES]

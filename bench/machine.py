"""On what the figures were taken, and what else was going on there meanwhile."""

import os
import pathlib
import re
import resource
import subprocess
import time

import measure
import peers

from harness.observation import child_pids
from harness.processes import BINARY, ROOT

_TICKS = os.sysconf("SC_CLK_TCK")


def first_line(*command, pattern=r"(.+)"):
    """What `pattern` finds in what the command says; empty where there is no such program."""
    if command[0] is None:
        return ""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, cwd=ROOT)
    except OSError:
        return ""
    found = re.search(pattern, done.stdout + done.stderr)
    return found[1].strip() if found else ""


def commit():
    """Of the source, with a + when it has changed since."""
    name = first_line("git", "rev-parse", "--short", "HEAD", pattern=r"^([0-9a-f]+)$")
    return name + ("+" if name and first_line("git", "status", "--porcelain", "--untracked-files=no") else "")


def described():
    """{what: which}"""
    cpu = re.search(r"^model name\s*:\s*(.+)$", pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE)
    system = os.uname()
    found = {
        "cpu": cpu[1] if cpu else system.machine,
        "cores": len(os.sched_getaffinity(0)),
        "kernel": f"{system.sysname} {system.release}",
        "respgate": " ".join(filter(None, [first_line(BINARY, "--version"), commit()])),
        "redis-server": first_line("redis-server", "--version", pattern=r"v=(\S+)"),
        "redis-benchmark": first_line("redis-benchmark", "--version", pattern=r"redis-benchmark (\S+)"),
        "openssl": first_line("openssl", "version", pattern=r"OpenSSL (\S+)"),
        "nutcracker": first_line(peers.program(peers.TWEMPROXY), "-V", pattern=r"nutcracker-?\s?(\S+)"),
        "haproxy": first_line(peers.program(peers.HAPROXY), "-v", pattern=r"version (\S+)"),
        "stunnel": first_line(peers.program(peers.STUNNEL), "-version", pattern=r"stunnel (\d\S*)"),
    }
    return {what: which for what, which in found.items() if which}


class Bystanders:
    """How much of the cores goes to what is not the bench's: it starts counting when it is made."""

    def __init__(self, peers_pids=()):
        self._peers = peers_pids  # not its children, and loaded by it
        self._start = time.monotonic(), self._busy(), self._own()

    @staticmethod
    def _busy():
        user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, pathlib.Path("/proc/stat").read_text(encoding="ascii").split()[1:9])
        return (user + nice + system + irq + softirq + steal) / _TICKS

    def _own(self):
        """Of this process and of its children, those that have ended and those that run."""
        ended = sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        return ended + sum(measure.cpu_seconds(pid) for pid in (*child_pids(os.getpid()), *self._peers))

    def share(self):
        """0 … 1 of all cores, since the start."""
        at, busy, own = (now - then for now, then in zip((time.monotonic(), self._busy(), self._own()), self._start))
        return min(1.0, max(0.0, busy - own) / (at * os.cpu_count()))

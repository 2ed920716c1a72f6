"""One run of redis-benchmark, or of the asker where there is one client, and what it and the clock of the loaded process say."""

import csv
import io
import subprocess

from cases import KEYS
from measure import cpu_seconds
from peers import ASKER

PATIENCE = 600  # seconds for a run; none takes a tenth of it


class Refused(Exception):
    """The subject did not do what it was asked; figures of that are none."""


def command(case, subject, requests):
    if case.clients == 1:
        return [str(ASKER), subject.host, str(subject.port), str(requests), *subject.login]
    options = ["--user", subject.login[0], "-a", subject.login[1]] if subject.login else []
    options += ["--tls", "--cacert", subject.authority] if subject.authority else []
    return ["redis-benchmark", "-h", subject.host, "-p", str(subject.port), "-c", str(case.clients), "-n", str(requests), "-P", str(case.pipeline),
            "-r", str(KEYS), "--csv", *options, *case.command]


def parsed(text):
    """{"rps", "p50", "p99", "max"} (times in ms) of what they print: a line of titles and one of figures."""
    rows = list(csv.DictReader(io.StringIO(text)))
    if len(rows) != 1:
        raise Refused(f"not one row but {len(rows)} rows: {text[:500]!r}")
    return {"rps": float(rows[0]["rps"]), **{name: float(rows[0][f"{name}_latency_ms"]) for name in ("p50", "p99", "max")}}


def run_once(case, subject, requests):
    """(What it prints, CPU seconds of the subject's process.)  Both programs end at the first reply that is an error, so nobody is fast by
    refusing."""
    before = cpu_seconds(subject.pid)
    words = command(case, subject, requests)
    try:
        done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=PATIENCE)
    except subprocess.TimeoutExpired as late:
        raise Refused(f"{subject.name}, {case.title}: not done in {PATIENCE} s") from late
    cpu = cpu_seconds(subject.pid) - before
    if done.returncode != 0:
        raise Refused(f"{subject.name}, {case.title}: {words[0]} left with {done.returncode}: {(done.stdout + done.stderr)[-500:]}")
    return done.stdout, cpu


def fewest(case):
    """Requests of a run that hardly does more than connect, log in and leave."""
    return case.clients * case.pipeline


def run(case, subject, requests):
    """Those figures, and "cpu": µs of the subject's process for each request.  What connections, handshakes and logins cost is measured
    by a run with the fewest requests, and left out."""
    requests = max(requests, 2 * fewest(case))
    _, connecting = run_once(case, subject, fewest(case))
    printed, cpu = run_once(case, subject, requests)
    return {**parsed(printed), "cpu": (cpu - connecting) * 1e6 / (requests - fewest(case))}

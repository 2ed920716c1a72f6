"""Runs Redis's own test suite, unit by unit, on a redis-server and on a respgate before one, and compares.

    RESPGATE=build/respgate run.py [--source FOLDER | --fetch FOLDER] [--results FOLDER] [--table] [UNIT ...]

Every run has a server (and a proxy) of its own.  A unit in which a test fails only through the proxy, and may not
(differences.txt), is run a second time on both: what then passes was the clock's.  Status 0: nothing else is worse.
"""

import argparse
import json
import os
import pathlib
import random
import signal
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "integration")]

import differences  # noqa: E402
import outcome  # noqa: E402
import source  # noqa: E402
from harness.processes import Directory, RedisServer, Respgate, free_port  # noqa: E402

UNITS = """
    unit/keyspace unit/scan unit/type/string unit/type/incr unit/type/list unit/type/list-2 unit/type/list-3 unit/type/set unit/type/zset
    unit/type/hash unit/type/stream unit/type/stream-cgroups unit/sort unit/expire unit/multi unit/quit unit/pubsub unit/pubsubshard
    unit/scripting unit/functions unit/bitops unit/bitfield unit/geo unit/hyperloglog unit/dump unit/lazyfree unit/tracking
    unit/introspection unit/introspection-2 unit/other unit/info unit/info-command unit/acl unit/acl-v2 unit/auth unit/protocol
    unit/latency-monitor unit/slowlog unit/limits unit/maxmemory unit/memefficiency unit/obuf-limits unit/pause unit/querybuf
    unit/wait unit/networking unit/violations unit/shutdown
""".split()
# What the suite's external mode wants of a server.
SERVER_OPTIONS = ("--enable-debug-command", "yes", "--enable-protected-configs", "yes", "--enable-module-command", "yes")
USERS = "user default on nopass ~* &* +@all\n"
ON_THE_WAY = {"commands": {"server_texts": "7.0", "scripts": {"mode": "allow"}}}
PATIENCE = 600   # seconds without progress, counted by the suite itself
DEADLINE = 1800  # seconds for a unit
ATTEMPTS = 2


def main():
    options = read_options()
    if options.table:
        print(differences.table(differences.load()))
        return 0
    listed = differences.listed(differences.load())
    suite = options.source or source.fetched(options.fetch)
    options.results.mkdir(parents=True, exist_ok=True)
    report = []
    print(f"{'unit':26} {'directly':>22} {'through':>22}  only failing through", flush=True)
    for unit in options.units or UNITS:
        row = compare(unit if unit.startswith("unit/") else f"unit/{unit}", suite, options.results, listed)
        report.append(row)
        print(line_of(row), flush=True)
        (options.results / "report.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    return conclude(report)


def read_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("units", nargs="*", metavar="UNIT", help="such as unit/multi or type/list; all when none is named")
    parser.add_argument("--source", type=pathlib.Path, help="an unpacked source of Redis, with its runtest")
    parser.add_argument("--fetch", type=pathlib.Path, default=pathlib.Path("build/redis-suite"), help="where to unpack the source")
    parser.add_argument("--results", type=pathlib.Path, default=pathlib.Path("build/redis-suite/results"), help="for logs and report.json")
    parser.add_argument("--table", action="store_true", help="print the table for tests/README.md and end")
    return parser.parse_args()


def compare(unit, suite, results, listed):
    """The report of one unit, as it goes to report.json."""
    may_fail = {name for each, name in listed if each == unit}
    for attempt in range(1, ATTEMPTS + 1):
        direct = run_unit(unit, suite, results, "direct")
        through = run_unit(unit, suite, results, "through")
        worse = outcome.only_failing_through(direct, through)
        known = {name: worse[name] for name in worse if name in may_fail}
        if known and len(known) < len(worse):
            # A test that ends half way leaves its MULTI or its settings to the next: without it they can be told apart.
            through = run_unit(unit, suite, results, "without", sorted(known))
            worse = known | {name: state for name, state in outcome.only_failing_through(direct, through).items() if name not in known}
        unlisted = sorted(name for name in worse if name not in may_fail)
        if not unlisted:
            break
    if not direct.finished:
        unlisted.insert(0, outcome.UNFINISHED)
    return {
        "unit": unit,
        "attempts": attempt,
        "direct": counts(direct),
        "through": counts(through),
        "worse": {name: {"became": became, "listed": name in may_fail, "details": through.details.get(name, "")}
                  for name, became in worse.items()},
        "unlisted": unlisted,
        "passing though listed": sorted(may_fail - worse.keys()),
    }


def counts(result):
    return {state: result.count(state) for state in (outcome.PASSED, outcome.FAILED, outcome.SKIPPED)}


def run_unit(unit, suite, results, way, skipped=()):
    """One run on fresh processes.  `way`: "direct", or another word for through the proxy; it names the logs."""
    directory = Directory()
    server = gate = None
    try:
        server = RedisServer(directory, tcp=True, options=SERVER_OPTIONS)
        port = server.port
        if way != "direct":
            port = free_port()
            listener = {"name": "main", "address": f"127.0.0.1:{port}"}
            gate = Respgate(directory, server, USERS, {**ON_THE_WAY, "listeners": [listener]})
        text = run_suite(unit, suite, port, directory.write("skipped", "".join(f"{name}\n" for name in skipped)))
    finally:
        for process in (gate, server):
            if process is not None:
                process.stop()
        logs = "".join(path.read_text(errors="replace") for path in (directory / "gate.stderr", directory / "redis.log") if path.exists())
        directory.remove()
    name = f"{unit.removeprefix('unit/').replace('/', '-')}.{way}"
    (results / f"{name}.log").write_text(text, encoding="utf-8")
    (results / f"{name}.servers.log").write_text(logs, encoding="utf-8")
    return outcome.parse(text)


def run_suite(unit, suite, port, skip_file):
    """What the suite prints.  It runs in a process group of its own, which ends with it or at the deadline."""
    base = random.randrange(11000, 31000)  # its own processes meet at the first free port from 32 below this on
    command = ["./runtest", "--host", "127.0.0.1", "--port", str(port), "--baseport", str(base), "--single", unit,
               "--durable", "--timeout", str(PATIENCE), "--skipfile", str(skip_file)]
    process = subprocess.Popen(command, cwd=suite, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               start_new_session=True)
    try:
        text, _ = process.communicate(timeout=DEADLINE)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        text, _ = process.communicate()
    finally:  # also when it is this script that is told to end
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    return text.decode("utf-8", errors="replace")


def line_of(row):
    numbers = [" ".join(f"{row[side][state]:4}{state[0]}" for state in (outcome.PASSED, outcome.FAILED, outcome.SKIPPED))
               for side in ("direct", "through")]
    worse = [f"{'' if row['worse'][name]['listed'] else '! '}{name}" for name in row["worse"]]
    return f"{row['unit'].removeprefix('unit/'):26} {numbers[0]:>22} {numbers[1]:>22}  " + ("\n" + " " * 74).join(worse)


def conclude(report):
    unlisted = [(row["unit"], name) for row in report for name in row["unlisted"]]
    passing = [(row["unit"], name) for row in report for name in row["passing though listed"]]
    for unit, name in passing:
        print(f"redis-suite: {unit}: {name}: listed in differences.txt, and passes")
    for unit, name in unlisted:
        print(f"redis-suite: {unit}: {name}: fails through the proxy, and may not")
    tests = sum(row["through"][outcome.PASSED] for row in report)
    print(f"redis-suite: {len(report)} units, {tests} tests pass through the proxy, {sum(len(row['worse']) for row in report)} fail only "
          f"through it, {len(unlisted)} of them unlisted")
    return 1 if unlisted else 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main())

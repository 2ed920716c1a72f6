#!/usr/bin/env python3
"""How respgate behaves beside its peers where averages say little: `make bench-behaviour`.

System calls for each request; memory of 10,000 connections before, in and after a burst; a value of 512 MiB both ways; what a slow reader, and
what a client with long pipelines, do to their neighbours.  Printed, and written to build/behaviour.json, where each part stands with the time,
the machine and the commit it was measured on: a run of some parts leaves the others there as they were.
"""

import argparse
import datetime
import functools
import json
import pathlib
import sys

import burst
import cases
import huge
import load
import machine
import neighbours
import peers
import readme
import report
import stage
import syscalls
from measure import end_on_signals, raise_descriptor_limit, tell

from harness.processes import BINARY

PARTS = ("syscalls", "burst", "huge", neighbours.SLOW_READER, neighbours.PIPELINER)
MARK = "behaviour"
SHOWN = (cases.GATE, cases.DIRECT, cases.TWEMPROXY, cases.HAPROXY, cases.TLS_GATE, cases.TLS_HAPROXY)  # in the short table


def functions(part):
    """(measured, text, summary) of it"""
    if part in neighbours.TITLES:
        return tuple(functools.partial(function, kind=part) for function in (neighbours.measured, neighbours.text, neighbours.summary))
    module = {"syscalls": syscalls, "burst": burst, "huge": huge}[part]
    return module.measured, module.text, module.summary


def arguments():
    parser = argparse.ArgumentParser(description="system calls, memory and neighbours of respgate and its peers")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), metavar="PART", help=f"of: {', '.join(PARTS)}")
    parser.add_argument("--rounds", type=int, default=3, help="of the last three parts (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=3, help="that the 50 clients ask in a run (default: %(default)s)")
    parser.add_argument("--connections", type=int, default=burst.CONNECTIONS, help="of the part that counts memory (default: %(default)s)")
    parser.add_argument("--peer", action="append", default=[], type=stage.peer, metavar="NAME=HOST:PORT,PID",
                        help="another to look for neighbours at, on plain TCP, without a login and with the same keys")
    parser.add_argument("--json", type=pathlib.Path, default=BINARY.parent / "behaviour.json", metavar="FILE",
                        help="where the figures go, and those of other parts are (default: %(default)s)")
    parser.add_argument("--from", dest="earlier", action="store_true", help="measure nothing, and tell of the figures that are there")
    parser.add_argument("--readme", action="store_true", help="put the figures into README.md and bench/README.md too")
    return parser.parse_args()


def measured(options):
    """{part: {"when", "machine", "others", "rounds", "figures"}}, and whether all could be measured."""
    options.descriptors = raise_descriptor_limit()
    found, complete = {}, True
    with stage.Stage(options.peer) as scene:
        for part in options.only:
            bystanders = machine.Bystanders([peer.pid for peer in options.peer])
            try:
                figures = functions(part)[0](scene, options)
            except load.Refused as refused:
                tell(f"behaviour: not measured: {part}: {refused}")
                complete = False
                continue
            found[part] = {"when": f"{datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d %H:%M} UTC", "machine": machine.described(),
                           "others": bystanders.share(), "rounds": options.rounds, "figures": figures}
    return found, complete


def circumstances(one):
    """Of a part, in a line."""
    words = f"{one['when']}, respgate {one['machine'].get('respgate', '?')}, {one['machine']['cores']} cores of {one['machine']['cpu']}"
    busy = ": the machine had other work, which makes latencies and times long" if one["others"] > report.BUSY else ""
    return f"{words}; other processes took {one['others']:.0%} of the cores{busy}."


def text(run):
    return "\n\n".join(f"{functions(part)[1](run[part]['figures'])}\n\n{circumstances(run[part])}" for part in PARTS if part in run) + "\n"


def summary(run):
    """One table of all parts; the subjects are its columns."""
    rows = [row for part in PARTS if part in run for row in functions(part)[2](run[part]["figures"])]
    shown = [name for name in SHOWN if any(name in figures for _, figures in rows)]
    lines = [[what, *(figures.get(name, "") for name in shown)] for what, figures in rows if any(name in figures for name in shown)]
    parts = [run[part] for part in PARTS if part in run]
    versions = sorted({one["machine"].get("respgate", "?") for one in parts})
    moments, others = ([one[what] for one in parts] for what in ("when", "others"))
    return (f"{report.table(['', *shown], lines)}\n\nMeasured with respgate {' and '.join(versions)}, {min(moments)} to {max(moments)}; "
            f"other processes took {min(others):.0%} to {max(others):.0%} of the cores.\n")


def measure_and_keep(options, earlier):
    """What is there now, of this run and of earlier ones; printed is this one.  And whether all of it could be measured."""
    for needed in (BINARY, peers.ANSWERER):
        if not pathlib.Path(needed).exists():
            sys.exit(f"behaviour: {needed} is not built: `make bench-behaviour` builds it")
    end_on_signals()
    try:
        found, complete = measured(options)
    except KeyboardInterrupt:
        sys.exit("behaviour: interrupted; what it had started has ended")
    options.json.write_text(json.dumps(earlier | found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    tell(f"written to {options.json}")
    print(text(found), end="")
    return earlier | found, complete


def main():
    options = arguments()
    run, complete = json.loads(options.json.read_text(encoding="utf-8")) if options.json.exists() else {}, True
    if options.earlier:
        print(text(run) if run else f"{options.json} has no figures\n", end="")
    else:
        run, complete = measure_and_keep(options, run)
    if options.readme and run:
        readme.put(readme.BENCH, MARK, text(run))
        readme.put(readme.PROJECT, MARK, summary(run))
    return 0 if complete else 1


if __name__ == "__main__":
    sys.exit(main())

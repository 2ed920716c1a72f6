#!/usr/bin/env python3
"""respgate beside the floors and the peers that are installed, each loaded in turn with redis-benchmark: `make bench`.

Every round loads every subject of every case once.  Printed, and written to build/bench.json: throughput, p50 and p99, CPU for each
request, memory, and the marks with whether they are met.  Where the rounds disagree about a mark, it says so and concludes nothing.
"""

import argparse
import json
import pathlib
import sys

import cases
import idle
import load
import machine
import marks
import peers
import readme
import report
import stage
from measure import end_on_signals, raise_descriptor_limit, tell, turns

from harness.processes import BINARY

SLICES = 4  # of a round


def arguments():
    parser = argparse.ArgumentParser(description="respgate beside the floors and its peers")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=200_000, help="of a round without pipelining; the others follow from it (default: %(default)s)")
    parser.add_argument("--only", nargs="+", choices=cases.PARTS, metavar="PART", help=f"of: {', '.join(cases.PARTS)}")
    parser.add_argument("--peer", action="append", default=[], type=stage.peer, metavar="NAME=HOST:PORT,PID",
                        help="another, on plain TCP and without a login; the same redis-server need not be behind it")
    parser.add_argument("--json", type=pathlib.Path, default=BINARY.parent / "bench.json", metavar="FILE", help="where the figures go (default: %(default)s)")
    parser.add_argument("--from", dest="earlier", type=pathlib.Path, metavar="FILE", help="measure nothing, and tell of the run whose figures are there")
    parser.add_argument("--readme", action="store_true", help="put the figures into README.md too")
    return parser.parse_args()


def one_round(scene, case, number, requests):
    """{subject: its figures}.  The subjects take turns within the round as well: this machine's mood lasts for seconds."""
    slices = {subject.name: [] for subject in scene.subjects(case)}
    for part in range(SLICES):
        for subject in turns(scene.subjects(case), number + part):
            slices[subject.name].append(load.run(case, subject, int(requests * case.requests / SLICES)))
    return {name: marks.together(parts) for name, parts in slices.items()}


def load_all(scene, chosen, rounds, requests):
    """{case: {subject: {figure: [of each round]}}}"""
    figures = {case.name: {subject.name: {} for subject in scene.subjects(case)} for case in chosen}
    stage.fill(scene.server)
    for case in chosen:
        for subject in scene.subjects(case):
            load.run(case, subject, int(requests * case.requests / 20))  # the first connections and pages are nobody's cost
    for number in range(rounds):
        for case in chosen:
            tell(f"round {number + 1} of {rounds}: {case.title}")
            for name, seen in one_round(scene, case, number, requests).items():
                for figure, value in seen.items():
                    figures[case.name][name].setdefault(figure, []).append(value)
    return figures


def measured(options):
    descriptors = raise_descriptor_limit()
    parts = options.only or cases.PARTS
    chosen = [case for case in cases.CASES if case.name in parts]
    wanted = {name for case in chosen for name in case.subjects} | (set(idle.OTHERS) if cases.IDLE in parts else set())
    lacking = {name: stage.Stage.lacks(name) for name in sorted(wanted)}
    bystanders = machine.Bystanders([peer.pid for peer in options.peer])
    with stage.Stage(options.peer) as scene:
        figures = {}
        if cases.IDLE in parts:
            figures[cases.IDLE] = idle.all_measured(scene, descriptors, tell)
        if chosen:
            figures |= load_all(scene, chosen, options.rounds, options.requests)
        others = bystanders.share()
    return {"machine": machine.described(), "rounds": options.rounds, "requests": options.requests, "others": others,
            "missing": [f"{name}, for there is no {program}" for name, program in lacking.items() if program], "figures": figures}


def show(run, options):
    print(report.text(run))
    if options.readme:
        readme.put(readme.PROJECT, "figures", report.summary(run))


def main():
    options = arguments()
    if options.earlier:
        show(json.loads(options.earlier.read_text(encoding="utf-8")), options)
        return
    for needed in (BINARY, peers.ANSWERER, peers.ASKER):
        if not pathlib.Path(needed).exists():
            sys.exit(f"bench: {needed} is not built: `make bench` builds it")
    end_on_signals()
    try:
        run = measured(options)
    except KeyboardInterrupt:
        sys.exit("bench: interrupted; what it had started has ended")
    except load.Refused as refused:
        sys.exit(f"bench: {refused}")
    options.json.write_text(json.dumps(report.as_json(run), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    tell(f"written to {options.json}")
    show(run, options)


if __name__ == "__main__":
    main()

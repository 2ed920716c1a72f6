"""What one run of the suite printed, as the outcome of each test; and two such runs side by side."""

import collections
import re

PASSED, FAILED, SKIPPED, MISSING = "passed", "failed", "skipped", "not reached"
UNFINISHED = "(the unit ran to its end)"
OUTSIDE = "(outside a test)"

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_RECORD = re.compile(r"^\[(ok|err|skip|ignore|exception|TIMEOUT|\d+/\d+ done)\]: ?(.*)$")
_TIMING = re.compile(r" \(\d+ ms\)$")
_PLACE = re.compile(r" in tests/\S+\.tcl$")


class Outcome:
    """The tests of one unit in the order in which they were reported.  A name may come more than once."""

    def __init__(self):
        self.tests = []     # (name, PASSED | FAILED | SKIPPED)
        self.details = {}   # of a failed one: what the suite said
        self.finished = False

    def add(self, name, state, details=""):
        self.tests.append((name, state))
        if state == FAILED:
            self.details[name] = details.strip()

    def count(self, state):
        return sum(1 for _, each in self.tests if each == state)

    def names(self, state):
        return collections.Counter(name for name, each in self.tests if each == state)


def parse(text):
    outcome = Outcome()
    failed = None  # the name and what has been said of it so far
    for line in _COLOUR.sub("", text).splitlines():
        record = _RECORD.match(line)
        if record is None:
            if failed is not None:
                failed[1].append(line)
            continue
        if failed is not None:
            outcome.add(failed[0], FAILED, "\n".join(failed[1]))
            failed = None
        kind, rest = record.groups()
        if kind == "ok":
            outcome.add(_TIMING.sub("", rest), PASSED)
        elif kind in ("skip", "ignore"):
            outcome.add(rest, SKIPPED)
        elif kind.endswith("done"):
            outcome.finished = True
        elif kind == "err" and _PLACE.search(rest):
            failed = (_PLACE.sub("", rest), [])
        else:
            failed = (OUTSIDE, [rest])
    if failed is not None:
        outcome.add(failed[0], FAILED, "\n".join(failed[1]))
    if not outcome.finished:
        outcome.add(UNFINISHED, FAILED, "the suite ended early or was ended at its deadline")
    return outcome


def only_failing_through(direct, through):
    """{name: what became of it} of each test that does worse through the proxy than directly."""
    worse = {}
    passed_directly, failed_directly = direct.names(PASSED), direct.names(FAILED)
    for name, times in through.names(FAILED).items():
        if times > failed_directly[name]:
            worse[name] = FAILED
    for name, times in passed_directly.items():
        if name not in worse and through.names(PASSED)[name] < times and through.names(FAILED)[name] < times:
            worse[name] = SKIPPED if through.names(SKIPPED)[name] else MISSING
    return worse

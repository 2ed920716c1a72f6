"""The tests that may fail through the proxy, each with its cause and why that is right: differences.txt.

The file is a list of blocks, divided by empty lines; a line that begins with `#` is a comment:

    cause: what the proxy does otherwise
    right: why it should
    unit/multi: the name of a test, as the suite prints it
    unit/multi: another

README.md of tests/ shows the same as a table, which `run.py --table` prints.
"""

import dataclasses
import pathlib

FILE = pathlib.Path(__file__).resolve().parent / "differences.txt"
README = pathlib.Path(__file__).resolve().parents[1] / "README.md"
BEGIN = "<!-- redis-suite: begin; printed by tests/redis_suite/run.py --table -->"
END = "<!-- redis-suite: end -->"


class Malformed(Exception):
    """differences.txt says something that is not of the form above."""


@dataclasses.dataclass
class Difference:
    cause: str
    right: str
    tests: list  # of (unit, name)


def load(path=FILE):
    return parse(path.read_text(encoding="utf-8"))


def parse(text):
    found = []
    for block in text.split("\n\n"):
        lines = [line.strip() for line in block.splitlines() if line.strip() and not line.startswith("#")]
        if lines:
            found.append(_difference(lines))
    names = [test for difference in found for test in difference.tests]
    twice = {test for test in names if names.count(test) > 1}
    if twice:
        raise Malformed(f"named twice: {sorted(twice)}")
    return found


def _difference(lines):
    pairs = [line.partition(": ")[::2] for line in lines]
    keys = [key for key, _ in pairs[:2]]
    if keys != ["cause", "right"] or len(pairs) < 3 or not all(value for _, value in pairs):
        raise Malformed(f"a block is `cause: `, `right: `, then one test or more: {lines}")
    tests = pairs[2:]
    wrong = [unit for unit, _ in tests if not unit.startswith("unit/")]
    if wrong:
        raise Malformed(f"not a unit: {wrong}")
    return Difference(pairs[0][1], pairs[1][1], tests)


def listed(differences):
    """{(unit, name): its difference}"""
    return {test: difference for difference in differences for test in difference.tests}


def table(differences):
    rows = ["| tests that fail only through the proxy | cause | why that is right |", "|---|---|---|"]
    for difference in differences:
        tests = "<br>".join(f"{unit.removeprefix('unit/')}: {_cell(name)}" for unit, name in difference.tests)
        rows.append(f"| {tests} | {_cell(difference.cause)} | {_cell(difference.right)} |")
    return "\n".join(rows)


def _cell(text):
    return text.replace("|", "\\|")


def table_in_readme(path=README):
    text = path.read_text(encoding="utf-8")
    return text[text.index(BEGIN) + len(BEGIN):text.index(END)].strip()

"""The places of the READMEs that figures are put into: between `<!-- mark -->` and `<!-- /mark -->`."""

import re

import measure  # finds the harness

from harness.processes import ROOT

PROJECT, BENCH = ROOT / "README.md", ROOT / "bench" / "README.md"


def place(mark):
    return re.compile(rf"(<!-- {mark} -->\n).*?(<!-- /{mark} -->)", re.DOTALL)


def put(file, mark, text):
    whole, count = place(mark).subn(lambda found: found[1] + text + found[2], file.read_text(encoding="utf-8"))
    assert count == 1, f"{file} has no place for {mark}"
    file.write_text(whole, encoding="utf-8")

# ctest: TIMEOUT 600
"""bench/instructions.py: respgate needs no more instructions for a command than it did; no time is looked at.

Skipped without valgrind, and where other flags or another compiler built respgate than what was recorded: then the figures
say nothing of each other.
"""

import os
import pathlib
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench"))

import callgrind
import instructions

from harness.processes import BINARY

PART = """\
# callgrind format
summary: 130

fl=(1) a.cc
fn=(1) main
3 10
cfi=(2) b.cc
cfn=(2) work(int)
calls=2 7
4 100
fe=(2)
+1 5

fl=(2)
fn=(2)
7 60
cfn=(2)
calls=1 7
* 15
-2 40
"""


class CallgrindTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.part = pathlib.Path(folder.name) / "part"
        self.part.write_text(PART, encoding="utf-8")

    def test_all_threads_are_in_the_total(self):
        self.assertEqual(callgrind.total(self.part), 130)

    def test_a_function_has_what_it_does_itself_and_what_it_calls(self):
        self.assertEqual(callgrind.functions(self.part), {"main": (15, 115), "work(int)": (100, 100)})


class RecordTest(unittest.TestCase):
    def counted(self, *rounds):
        return {"GET": instructions.Counted(list(rounds), 0, {})}

    def test_a_little_more_is_not_growth(self):
        self.assertEqual(instructions.grown(self.counted(1049, 1049, 9000), {"GET": 1000}), [])

    def test_more_than_that_is(self):
        self.assertEqual(instructions.grown(self.counted(1000, 1060, 1061), {"GET": 1000}),
                         ["GET: 1060 instructions per command, +6.0% on the 1000 of instructions.json"])

    def test_there_is_a_figure_for_each_case(self):
        self.assertEqual(list(instructions.record()["instructions"]), [case.name for case in instructions.CASES])

    def test_the_figures_of_the_documents_are_those_of_the_record(self):
        known = instructions.record()["instructions"]
        readme = (ROOT / "README.md").read_text(encoding="utf-8")
        table = (ROOT / "bench/README.md").read_text(encoding="utf-8")
        for name, in_text, in_table in (("GET", "GET", "GET"), ("SET 1 KiB", "SET of 1 KiB", "SET of 1 KiB"), ("MGET of 10", "MGET of 10", "MGET of 10"),
                                        ("denied key", "a denied key", "a denied key"),
                                        ("GET, pipeline of 16", "GET in a pipeline of 16", "GET, pipeline of 16")):
            self.assertRegex(readme, rf"\b{in_text} {known[name]:,}\b")
            self.assertRegex(table, rf"\n\| {in_table} \| [0-9,]+ \| {known[name]:,} \|")

    def test_what_another_openssl_does_is_not_compared(self):
        found = {case.name: instructions.Counted([1], 0, {}) for case in instructions.CASES}
        known = instructions.record()
        self.assertEqual(instructions.of_this_openssl(found, {**known, "openssl": instructions.ssl.OPENSSL_VERSION}), found)
        self.assertEqual(list(found.keys() - instructions.of_this_openssl(found, {**known, "openssl": "OpenSSL 9"}).keys()), ["GET over TLS"])

    def test_a_release_says_what_built_it(self):
        if os.environ.get("RESPGATE_SANITIZE"):
            self.skipTest("of a release only")
        self.assertRegex(instructions.built_by(), r"^GNU ")


class InstructionsTest(unittest.TestCase):
    def test_a_command_needs_no_more_than_recorded(self):
        if os.environ.get("RESPGATE_SANITIZE"):
            self.skipTest("a sanitizer's instructions are not respgate's")
        if not callgrind.is_there():
            self.skipTest("no valgrind (make bench-instructions installs it)")
        record, built_by = instructions.record(), instructions.built_by()
        if record["built_by"] != built_by:
            self.skipTest(f"{BINARY} was built by {built_by!r}, what is recorded by {record['built_by']!r}: "
                          "bench/instructions.py --record makes another record")
        found = instructions.of_this_openssl(instructions.counted(), record)
        self.assertEqual(instructions.grown(found, record["instructions"]), [], "\n" + instructions.shown(found, record["instructions"]))


if __name__ == "__main__":
    unittest.main()

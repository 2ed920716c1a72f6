"""How the output of Redis's test suite is read and compared, and that differences.txt and the table in README.md are one."""

import pathlib
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import differences  # noqa: E402
import outcome  # noqa: E402
import source  # noqa: E402

END = "\x1b[0;33m[1/1 done]\x1b[0m: unit/a (2 seconds)\n"


def run_of(*lines, end=END):
    return outcome.parse("".join(f"{line}\n" for line in lines) + end)


class OutputTest(unittest.TestCase):
    def test_each_line_is_a_test_and_what_became_of_it(self):
        run = run_of("Testing unit/a", "[ok]: first (3 ms)", "[err]: second in tests/unit/a.tcl", "Expected '1' to equal '2'", "more",
                     "[ok]: third (of (all)) (12 ms)", "[skip]: fourth", "[ignore]: fifth: Not supported on external server")
        self.assertEqual(run.tests, [("first", outcome.PASSED), ("second", outcome.FAILED), ("third (of (all))", outcome.PASSED),
                                     ("fourth", outcome.SKIPPED), ("fifth: Not supported on external server", outcome.SKIPPED)])
        self.assertEqual(run.details["second"], "Expected '1' to equal '2'\nmore")

    def test_colours_are_no_part_of_a_name(self):
        self.assertEqual(run_of("\x1b[0;32m[ok]\x1b[0m: first (3 ms)").tests, [("first", outcome.PASSED)])

    def test_what_fails_between_tests_is_a_failure(self):
        self.assertEqual(run_of("[err]: ERR something", "    while executing").tests, [(outcome.OUTSIDE, outcome.FAILED)])

    def test_a_run_that_does_not_end_is_a_failure(self):
        self.assertEqual(run_of("[ok]: first (3 ms)", end="").tests[-1], (outcome.UNFINISHED, outcome.FAILED))


class ComparisonTest(unittest.TestCase):
    def worse(self, direct, through):
        return outcome.only_failing_through(run_of(*direct), run_of(*through))

    def test_the_same_is_not_worse(self):
        lines = ["[ok]: a (1 ms)", "[err]: b in tests/unit/a.tcl", "[skip]: c"]
        self.assertEqual(self.worse(lines, lines), {})

    def test_failing_skipped_or_missing_is_worse_than_passing(self):
        passing = ["[ok]: a (1 ms)"]
        self.assertEqual(self.worse(passing, ["[err]: a in tests/unit/a.tcl"]), {"a": outcome.FAILED})
        self.assertEqual(self.worse(passing, ["[skip]: a"]), {"a": outcome.SKIPPED})
        self.assertEqual(self.worse(passing, []), {"a": outcome.MISSING})

    def test_a_name_that_comes_twice_counts_twice(self):
        twice = ["[ok]: a (1 ms)", "[ok]: a (1 ms)"]
        self.assertEqual(self.worse(twice, twice), {})
        self.assertEqual(self.worse(twice, twice[:1]), {"a": outcome.MISSING})
        self.assertEqual(self.worse(twice, [*twice[:1], "[err]: a in tests/unit/a.tcl"]), {"a": outcome.FAILED})

    def test_failing_is_worse_than_being_skipped(self):
        self.assertEqual(self.worse(["[skip]: a"], ["[err]: a in tests/unit/a.tcl"]), {"a": outcome.FAILED})

    def test_what_fails_directly_may_fail(self):
        self.assertEqual(self.worse(["[err]: a in tests/unit/a.tcl"], []), {})


class DifferencesTest(unittest.TestCase):
    def test_the_table_in_the_readme_is_the_file(self):
        self.assertEqual(differences.table_in_readme(), differences.table(differences.load()))

    def test_a_block_is_a_cause_a_reason_and_tests(self):
        found = differences.parse("# why\ncause: a | b\nright: c: d\nunit/x: e: f\n\n\ncause: g\nright: h\nunit/y: i\nunit/x: j\n")
        self.assertEqual(differences.listed(found).keys(), {("unit/x", "e: f"), ("unit/y", "i"), ("unit/x", "j")})
        self.assertIn("| x: e: f | a \\| b | c: d |", differences.table(found))

    def test_a_block_without_one_of_them_is_refused(self):
        for text in ("cause: a\nunit/x: b", "right: a\ncause: b\nunit/x: c", "cause: a\nright: b", "cause: a\nright: b\nmulti: c"):
            with self.subTest(text), self.assertRaises(differences.Malformed):
                differences.parse(text)

    def test_a_test_has_one_cause(self):
        with self.assertRaises(differences.Malformed):
            differences.parse("cause: a\nright: b\nunit/x: c\n\ncause: d\nright: e\nunit/x: c")


class SourcesTest(unittest.TestCase):
    def test_sources_come_from_where_the_binaries_do(self):
        self.assertEqual(source.one_line_style("# deb x\ndeb [signed-by=/k] http://mirror/debian bookworm main\ndeb-src http://a b c\n"),
                         "deb-src [signed-by=/k] http://mirror/debian bookworm main\n")
        self.assertEqual(source.deb822_style("Types: deb\n# a\nURIs: http://mirror/debian\nSuites: bookworm\n"),
                         "Types: deb-src\n# a\nURIs: http://mirror/debian\nSuites: bookworm\n")
        self.assertEqual(source.deb822_style("Types: deb deb-src\n"), "Types: deb-src\n")


if __name__ == "__main__":
    unittest.main()

"""bench/bench.py: what it makes of figures, and that nothing it starts outlives it.  No time is looked at."""

import dataclasses
import fnmatch
import json
import os
import pathlib
import signal
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench"))

import cases
import load
import machine
import marks
import measure
import peers
import readme
import report
import stage

from harness.deadline import wait_until
from harness.observation import child_pids
from harness.processes import Directory, RedisServer

PRINTED = ('"test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms","p95_latency_ms","p99_latency_ms","max_latency_ms"\n'
           '"GET key:__rand_int__","64935.06","0.420","0.112","0.407","0.567","0.823","1.511"\n')
AT_MOST = cases.Mark("a", "get", "cpu", to=cases.FLOOR, at_most=1.2, goal=1.1, widest=0.2)
AT_LEAST = cases.Mark("b", "get", "rps", to=cases.DIRECT, at_least=1.0)


class LoadTest(unittest.TestCase):
    def test_what_redis_benchmark_prints_is_understood(self):
        self.assertEqual(load.parsed(PRINTED), {"rps": 64935.06, "p50": 0.407, "p99": 0.823, "max": 1.511})

    def test_what_is_not_one_row_is_refused(self):
        for text in ("", PRINTED.splitlines()[0], PRINTED + PRINTED.splitlines()[1]):
            with self.assertRaises(load.Refused):
                load.parsed(text)

    def test_the_command_is_that_of_the_case(self):
        case = cases.Case("n", "t", ("SET", "k", "v"), (), clients=7, pipeline=3)
        words = load.command(case, stage.Subject("s", 1, 6380, ("app", "pw"), "ca.crt"), 99)
        self.assertEqual(words[-10:], ["--user", "app", "-a", "pw", "--tls", "--cacert", "ca.crt", "SET", "k", "v"])
        for option, value in (("-p", "6380"), ("-c", "7"), ("-n", "99"), ("-P", "3")):
            self.assertEqual(words[words.index(option) + 1], value)

    def test_one_client_is_the_asker(self):
        words = load.command(cases.Case("n", "t", cases.GET, (), clients=1), stage.Subject("s", 1, 6380, ("app", "pw")), 99)
        self.assertEqual(words, [str(peers.ASKER), "127.0.0.1", "6380", "99", "app", "pw"])

    def test_a_real_run_gives_figures_and_errors_are_refused(self):
        directory = Directory()
        self.addCleanup(directory.remove)
        server = RedisServer(directory, tcp=True)
        self.addCleanup(server.stop)
        subject = stage.Subject("redis", server.process.pid, server.port)
        case = cases.Case("n", "t", ("SET", "key:__rand_int__", "xxx"), ())
        asking = dataclasses.replace(case, clients=1)
        with self.assertRaises(load.Refused):
            load.run(asking, subject, 1000)  # nothing is there
        with self.assertRaises(load.Refused):
            load.run(dataclasses.replace(case, command=("NOSUCH", "k")), subject, 1000)
        stage.fill(server)
        for each in (case, asking):
            seen = load.run(each, subject, 1000)
            self.assertEqual(set(seen), {"rps", "p50", "p99", "max", "cpu"})
            self.assertGreater(min(seen["rps"], seen["p50"]), 0)

    def test_the_clock_is_that_of_the_process(self):
        ticks = os.sysconf("SC_CLK_TCK")
        sum(range(3_000_000))  # something to count
        shown = sum(map(int, pathlib.Path("/proc/self/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[11:13])) / ticks
        self.assertGreaterEqual(measure.cpu_seconds(os.getpid()), shown)
        self.assertLess(measure.cpu_seconds(os.getpid()), sum(os.times()[:2]) + 3 / ticks)


class MarksTest(unittest.TestCase):
    def test_ratios_are_taken_within_a_round(self):
        figures = {"get": {cases.GATE: {"cpu": [11, 24]}, cases.FLOOR: {"cpu": [10, 20]}}}
        self.assertEqual(marks.values_of(AT_MOST, figures), [1.1, 1.2])

    def test_where_one_is_missing_there_are_none(self):
        for figures in ({}, {"get": {cases.GATE: {"cpu": [1]}}}, {"get": {cases.FLOOR: {"cpu": [1]}}}):
            self.assertEqual(marks.values_of(AT_MOST, figures), [])
        self.assertEqual(marks.verdict(AT_MOST, []), "not measured")

    def test_a_figure_can_be_bound_by_itself(self):
        mark = cases.Mark("c", cases.IDLE, "resident", at_most=12)
        self.assertEqual(marks.values_of(mark, {cases.IDLE: {cases.GATE: {"resident": [9.5]}}}), [9.5])

    def test_verdicts(self):
        for mark, values, said in (
                (AT_MOST, [1.15, 1.18, 1.16, 1.14, 1.2], "met"),
                (AT_MOST, [1.05, 1.1, 1.08, 1.11, 1.09], "goal met"),
                (AT_MOST, [1.3, 1.4, 1.25, 1.35, 1.5], "not met"),
                (AT_MOST, [1.15, 1.18, 1.16, 1.14, 9.0], "met"),        # one disturbed round changes nothing
                (AT_MOST, [1.15, 1.18, 1.16, 1.3, 1.3], "cannot tell: the rounds lie on both sides"),
                (AT_MOST, [0.8, 1.0, 1.15, 0.85, 0.7], "cannot tell: the rounds are 24% apart"),
                (AT_MOST, [1.3, 1.3, 1.25, 1.1, 1.1], "cannot tell: the rounds lie on both sides"),
                (AT_MOST, [1.1, 1.1], "too few rounds: 2"),
                (dataclasses.replace(AT_MOST, at_most=None), [1.3], "reported"),
                (AT_LEAST, [1.1, 1.0, 1.2], "met"),
                (AT_LEAST, [0.9, 0.99, 0.8], "not met"),
                (AT_LEAST, [0.7, 0.99, 0.6], "cannot tell: the rounds are 56% apart"),
                (AT_LEAST, [0.9, 1.1, 1.2], "cannot tell: the rounds lie on both sides")):
            self.assertEqual(marks.verdict(mark, values), said, values)

    def test_slices_of_a_round_make_one(self):
        slices = [{"rps": 100, "p50": 1, "p99": 9, "cpu": 4}, {"rps": 300, "p50": 3, "p99": 11, "cpu": 6}]
        self.assertEqual(marks.together(slices), {"rps": 150, "p50": 2, "p99": 10, "cpu": 5})

    def test_spread(self):
        self.assertEqual(marks.Spread.of([3, 1, 2]), marks.Spread(2, 1, 3))
        self.assertIsNone(marks.Spread.of([]))

    def test_every_mark_is_about_something_that_is_measured(self):
        by_name = {case.name: case for case in cases.CASES}
        for mark in cases.MARKS:
            self.assertTrue(mark.at_most is None or mark.at_least is None, mark.text)
            self.assertEqual(mark.is_bound, mark.case != "workers", mark.text)
            if mark.case != cases.IDLE:
                self.assertLessEqual({mark.of, mark.to}, set(by_name[mark.case].subjects), mark.text)
                self.assertIn(mark.figure, {"cpu", "rps", "p50"})


class StageTest(unittest.TestCase):
    def test_every_key_is_one_that_the_user_may_use_by_the_last_patterns(self):
        self.assertEqual(len(stage.PATTERNS), 10)
        for case in cases.CASES:
            matching = [number for number, pattern in enumerate(stage.PATTERNS) if fnmatch.fnmatch(case.command[1], pattern)]
            self.assertEqual(len(matching), 1)
            self.assertGreaterEqual(matching[0], 7, case.title)

    def test_there_are_ten_thousand_users(self):
        users = stage.ten_thousand_users().splitlines()
        self.assertEqual(len(users), 10_001)  # and default, which is off
        self.assertEqual(len({line.split()[1] for line in users}), 10_001)

    def test_a_peer_is_named_with_its_place_and_process(self):
        self.assertEqual(stage.peer("predixy=127.0.0.1:7617,123"), stage.Subject("predixy", 123, 7617))
        for text in ("predixy", "predixy=127.0.0.1:7617", "=127.0.0.1:7617,1", "p=7617,1", "p=h:x,1", "p=h:1,x"):
            with self.assertRaises(ValueError, msg=text):
                stage.peer(text)

    def test_everybody_comes_first_in_turn(self):
        self.assertEqual([measure.turns(["a", "b", "c"], number) for number in range(4)],
                         [["a", "b", "c"], ["b", "c", "a"], ["c", "a", "b"], ["a", "b", "c"]])


def invented_run():
    """Three rounds of everything, without running anything."""
    figure = lambda *values: {"rps": [50_000.0] * 3, "p50": [0.4] * 3, "p99": [0.9] * 3, "cpu": list(values)}
    figures = {case.name: {name: figure(5.0, 6.0, 5.5) for name in case.subjects if name != cases.PEERS} for case in cases.CASES}
    figures["get"][cases.GATE] = figure(6.0, 6.6, 6.0)
    figures[cases.IDLE] = {cases.GATE: {"connection": [2.0, 2.1, 2.2], "resident": [13.0, 13.1, 13.2]}}
    return {"machine": {"cpu": "a cpu", "cores": 2}, "rounds": 3, "requests": 1000, "others": 0.2, "missing": ["stunnel, for there is no stunnel4"],
            "figures": figures}


class ReportTest(unittest.TestCase):
    def test_the_table_says_everything(self):
        text = report.text(invented_run())
        for case in cases.CASES:
            self.assertIn(f"| {case.title} ", text)
        for mark in cases.MARKS:
            self.assertIn(f"| {mark.text} ", text)
        self.assertRegex(text, r"GET: CPU ÷ floor +\| ≤ 1\.15 \(goal 1\.08\) \| 1\.10 \(1\.09–1\.20\) +\| cannot tell")
        self.assertRegex(text, r"resident size of the idle process, MiB +\| ≤ 12 +\| 13\.1 \(13\.0–13\.2\) +\| not met")
        self.assertIn("Other processes took 20% of the cores.\nThe machine had other work", text)
        self.assertIn("Not measured: stunnel, for there is no stunnel4.", text)

    def test_lines_of_a_table_are_as_long_as_each_other(self):
        lines = report.table(["a", "bb"], [["1", "2"], ["333", "4"]]).splitlines()
        self.assertEqual(lines, ["| a   | bb |", "|-----|----|", "| 1   | 2  |", "| 333 | 4  |"])

    def test_numbers_have_three_figures(self):
        self.assertEqual([report.number(value) for value in (0.0421, 0.34, 5.5, 23.4, 123.4, 64935.06)], ["0.042", "0.34", "5.50", "23.4", "123", "64,935"])

    def test_the_json_has_the_verdicts(self):
        rows = {row["mark"]: row for row in json.loads(json.dumps(report.as_json(invented_run())))["marks"]}
        self.assertEqual(rows["memory of an idle connection, KiB"]["verdict"], "met")
        self.assertEqual(rows["memory of an idle connection over TLS, KiB"]["verdict"], "not measured")

    def test_the_readme_has_a_place_for_the_figures(self):
        self.assertEqual(len(readme.place("figures").findall(readme.PROJECT.read_text(encoding="utf-8"))), 1)


class WholeTest(unittest.TestCase):
    def setUp(self):
        self.directory = Directory()
        self.addCleanup(self.directory.remove)
        self.json = self.directory / "bench.json"

    def start(self, *options):
        environment = {**os.environ, "TMPDIR": str(self.directory.path)}
        process = subprocess.Popen([sys.executable, "-B", ROOT / "bench/bench.py", "--json", self.json, *options], env=environment, cwd=ROOT,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def test_a_short_run_measures_and_cleans_up(self):
        bench_run = self.start("--rounds", "1", "--requests", "400", "--only", "get", "tls")
        out, err = bench_run.communicate()
        self.assertEqual(bench_run.returncode, 0, err)
        figures = json.loads(self.json.read_text(encoding="utf-8"))["figures"]
        self.assertLessEqual({cases.DIRECT, cases.FLOOR, cases.GATE}, set(figures["get"]))
        self.assertLessEqual({cases.TLS_FLOOR, cases.TLS_GATE, cases.TLS_BOTH}, set(figures["tls"]))
        self.assertIn("too few rounds: 1", out)
        self.assertEqual([path.name for path in self.directory.path.iterdir()], ["bench.json"])

        again = self.start("--from", self.json)
        self.assertEqual(again.communicate(), (out, ""))

    def test_what_it_started_ends_with_it(self):
        bench_run = self.start("--rounds", "1000", "--only", "get")
        while "round 1 " not in bench_run.stderr.readline():
            self.assertIsNone(bench_run.poll())
        children = child_pids(bench_run.pid)
        self.assertGreater(len(children), 2)
        bench_run.send_signal(signal.SIGTERM)
        self.assertNotEqual(bench_run.wait(), 0)
        wait_until(lambda: not any(pathlib.Path(f"/proc/{pid}").exists() for pid in children), "all have ended")
        self.assertEqual(list(self.directory.path.iterdir()), [])


class MachineTest(unittest.TestCase):
    def test_it_is_described(self):
        found = machine.described()
        self.assertLessEqual({"cpu", "cores", "kernel", "redis-server", "redis-benchmark"}, set(found))
        self.assertEqual(found["redis-server"], found["redis-benchmark"])

    def test_the_share_of_others_is_a_share(self):
        bystanders = machine.Bystanders()
        sum(range(1_000_000))
        self.assertGreaterEqual(bystanders.share(), 0)
        self.assertLessEqual(bystanders.share(), 1)


if __name__ == "__main__":
    unittest.main()

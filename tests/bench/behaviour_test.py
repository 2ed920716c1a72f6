"""bench/behaviour.py: that its parts do what they say, in small, and what it makes of figures.  No time and no size is looked at."""

import json
import os
import pathlib
import subprocess
import sys
import types
import unittest
import unittest.mock

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench"))

import behaviour
import burst
import cases
import huge
import load
import neighbours
import readme
import stage
import syscalls

from harness.deadline import wait_until
from harness.processes import Directory, RedisServer
from harness.resp import Client

PLAIN = types.SimpleNamespace(authority=None)  # a scene for those who speak no TLS
STRACE_SAYS = """% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 52.10    0.300000          15     20182           sendto
 40.00    0.200000          10     20847       102 recvfrom
  5.00    0.010000           1      1025           sendmsg
  2.90    0.000100          10        10           openat
------ ----------- ----------- --------- --------- ----------------
100.00    0.510100          12     42064       102 total
"""


class ServerCase(unittest.TestCase):
    options = ()

    def setUp(self):
        self.directory = Directory()
        self.addCleanup(self.directory.remove)
        self.server = RedisServer(self.directory, tcp=True, options=self.options)
        self.addCleanup(self.server.stop)
        self.subject = stage.Subject("redis", self.server.process.pid, self.server.port)

    def client(self):
        client = self.server.client()
        self.addCleanup(client.close)
        return client


class SyscallsTest(unittest.TestCase):
    def test_what_strace_prints_is_understood(self):
        self.assertEqual(syscalls.parsed(STRACE_SAYS), {"sendto": 20182, "recvfrom": 20847, "sendmsg": 1025, "openat": 10})

    def test_calls_are_summed_by_what_they_are_for(self):
        self.assertEqual(syscalls.by_kind(syscalls.parsed(STRACE_SAYS)),
                         {"receive": 20847, "send": 21207, "epoll_ctl": 0, "wait": 0, "other": 10, "all": 42064})

    def test_a_strace_that_may_not_look_is_refused(self):
        directory = Directory()
        self.addCleanup(directory.remove)
        fake = directory.write("strace", "#!/bin/sh\necho 'attach: Operation not permitted' >&2\nexit 1\n", mode=0o700)
        with unittest.mock.patch.object(syscalls, "STRACE", str(fake)), self.assertRaisesRegex(load.Refused, "Operation not permitted"):
            with syscalls.Counting(os.getpid(), directory / "counts"):
                pass


class NeighboursTest(ServerCase):
    def ended(self, neighbour, until):
        with neighbour:
            wait_until(until, "the neighbour is there")
        return neighbour

    def test_the_pipeliner_is_answered(self):
        self.client().call("SET", f"key:{7:012}", "xxx")
        neighbour = neighbours.Pipeliner(PLAIN, self.subject)
        self.ended(neighbour, lambda: neighbour.got > 0)
        self.assertEqual((neighbour.got % neighbours.DEPTH, neighbour.cut, neighbour.fate), (0, 0, ""))
        self.assertGreater(neighbour.rate(), 0)

    def test_an_answer_that_is_none_is_told(self):
        neighbour = neighbours.Pipeliner(PLAIN, self.subject)  # there is no such key
        self.ended(neighbour, lambda: neighbour.cut > 0)
        self.assertRegex(neighbour.fate, r"an answer that is none: b'\$-1")

    def test_the_slow_reader_reads_and_asks_again(self):
        with unittest.mock.patch.multiple(neighbours, LARGE=100_000, PER_SECOND=1 << 30):
            self.client().call("SET", neighbours.SlowReader.KEY, b"x" * 100_000)
            neighbour = neighbours.SlowReader(PLAIN, self.subject)
            self.ended(neighbour, lambda: neighbour.got * neighbours.MIB > 100_000)
        self.assertEqual((neighbour.cut, neighbour.fate), (0, ""))

    def test_a_neighbour_who_is_cut_comes_again(self):
        self.client().call("SET", neighbours.SlowReader.KEY, b"x" * neighbours.LARGE)
        neighbour = neighbours.SlowReader(PLAIN, self.subject)
        with neighbour, self.server.client() as other:
            for times in (1, 2):
                other.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
                wait_until(lambda: neighbour.cut == times or other.call("CLIENT", "KILL", "TYPE", "normal") is None, "it was cut")
        self.assertEqual(neighbour.cut, 2)
        self.assertNotEqual(neighbour.fate, "")


@unittest.mock.patch.multiple(huge, SIZE=4 * huge.MIB)
class HugeTest(ServerCase):
    options = ("--proto-max-bulk-len", str(4 * huge.MIB))

    def test_a_value_is_set_and_got(self):
        huge.set_value(self.client())
        self.assertEqual(self.client().call("STRLEN", huge.KEY), 4 * huge.MIB)
        huge.get_value(self.client())

    def test_what_is_refused_is_told(self):
        with unittest.mock.patch.multiple(huge, SIZE=8 * huge.MIB), self.assertRaisesRegex(load.Refused, "Protocol error|closed|reset|[Bb]roken"):
            huge.set_value(self.client())
        with self.assertRaisesRegex(load.Refused, r"^\$-1$"):
            huge.get_value(self.client())


class BurstTest(ServerCase):
    def test_every_client_of_a_burst_gets_its_answers(self):
        self.client().call("SET", burst.SMALL_KEY, burst.SMALL)
        burst.burst([self.client() for _ in range(3)])
        self.assertEqual(self.client().call("STRLEN", "cache:burst-2"), len(burst.VALUE))

    def test_every_stage_is_looked_at_in_a_fresh_process(self):
        with unittest.mock.patch.object(burst, "QUIET", 0), stage.Stage() as scene:
            found = burst.measured(scene, types.SimpleNamespace(connections=20, descriptors=1_000))
        self.assertLessEqual({cases.GATE, cases.TLS_GATE}, set(found))
        for seen in found.values():
            self.assertEqual(seen["connections"], 20)
            self.assertGreaterEqual(seen["burst, at most"][0], seen["at start"][0])
        self.assertLessEqual(set(found), set(burst.SUBJECTS))

    def test_another_answer_ends_it(self):
        with self.assertRaisesRegex(AssertionError, "an answer that is none"):
            burst.expect(self.asked("PING"), burst.OK)

    def asked(self, *words):
        client = self.client()
        client.send(*words)
        return client


def invented_run():
    """Every part, without running anything."""
    named = lambda figures: {name: figures for name in (cases.DIRECT, cases.GATE)}
    beside = {f"{figure}{when}": [2.0, 3.0] for figure in neighbours.FIGURES for when in ("", " alone")} | {"neighbour": [7.0, 8.0], "cut": [0, 1]}
    figures = {
        "syscalls": {case.name: named({"recvfrom": 1.02, "sendto": 1.0, "clone": -0.0001}) for case in syscalls.CASES},
        "burst": {cases.GATE: {**{when: [11.0] for when in burst.STAGES}, "connections": 9_000}},
        "huge": {direction: {cases.DIRECT: {"before": [5.0], "most": [900.0], "seconds": [0.5]},
                             cases.GATE: {"before": [13.0], "most": [21.0], "refused": "too large"}} for direction in (huge.SET, huge.GET)},
        neighbours.SLOW_READER: {cases.GATE: {**beside, "fate": "closed after 3.0 MiB"}},
        neighbours.PIPELINER: named(beside),
    }
    return {part: {"when": "2026-01-02 03:04 UTC", "machine": {"cpu": "a cpu", "cores": 2, "respgate": "0.1.0 abc"}, "others": 0.2, "rounds": 2,
                   "figures": found} for part, found in figures.items()}


class ReportTest(unittest.TestCase):
    def test_every_part_is_told_with_where_and_when(self):
        self.assertEqual(set(invented_run()), set(behaviour.PARTS))
        text = behaviour.text(invented_run())
        self.assertEqual(text.count("2026-01-02 03:04 UTC, respgate 0.1.0 abc, 2 cores of a cpu; other processes took 20% of the cores: the machine"), 5)
        self.assertRegex(text, r"\| respgate +\| 1\.02 +\| 1\.00 \| 0\.00 +\| 0\.00 \| 0\.00  \| 2\.02 \|")
        self.assertRegex(text, r"\| respgate, 9,000 connections \| 11\.0 ")
        self.assertRegex(text, r"\| GET +\| respgate +\| +\| 13\.0 +\| 21\.0 +\| refused: too large \|")
        self.assertIn("cut 1 times: closed after 3.0 MiB", text)
        self.assertRegex(text, r"\| respgate +\| 2\.50 → 2\.50 .*\| 1\.00 \(1\.00–1\.00\) .*\| 7\.50 requests/s ")

    def test_the_short_table_has_a_line_for_each(self):
        text = behaviour.summary(invented_run())
        self.assertEqual(len(text.splitlines()), 2 + len(syscalls.CASES) + 1 + 2 + 2 + 2)
        self.assertRegex(text, r"GET of 512 MiB: resident at most, time +\| refused +\| 0\.50 s ")
        self.assertIn("Measured with respgate 0.1.0 abc, 2026-01-02 03:04 UTC to 2026-01-02 03:04 UTC; other processes took 20% to 20% of the cores.", text)

    def test_both_readmes_have_a_place_for_the_figures(self):
        for file in (readme.PROJECT, readme.BENCH):
            self.assertEqual(len(readme.place(behaviour.MARK).findall(file.read_text(encoding="utf-8"))), 1, file)


class WholeTest(unittest.TestCase):
    def test_a_run_of_one_part_leaves_the_others_figures(self):
        directory = Directory()
        self.addCleanup(directory.remove)
        file = directory.write("figures.json", json.dumps(invented_run()))
        run = lambda *options: subprocess.run([sys.executable, "-B", ROOT / "bench/behaviour.py", "--json", file, *options], cwd=ROOT, capture_output=True,
                                              text=True, check=False, env={**os.environ, "TMPDIR": str(directory.path)})
        done = run("--only", neighbours.PIPELINER, "--rounds", "1", "--seconds", "0.05")
        self.assertEqual(done.returncode, 0, done.stderr)
        kept = json.loads(file.read_text(encoding="utf-8"))
        self.assertLessEqual({cases.DIRECT, cases.GATE}, set(kept[neighbours.PIPELINER]["figures"]))
        self.assertEqual(kept[neighbours.PIPELINER]["figures"][cases.GATE]["cut"], [0])
        self.assertEqual(kept["huge"], invented_run()["huge"])
        self.assertEqual([path.name for path in directory.path.iterdir()], ["figures.json"])

        told = run("--from")
        self.assertEqual((told.returncode, told.stderr), (0, ""))
        self.assertIn("refused: too large", told.stdout)
        self.assertIn(done.stdout.split("\n\n")[0], told.stdout)


if __name__ == "__main__":
    unittest.main()

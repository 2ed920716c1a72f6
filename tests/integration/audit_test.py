#!/usr/bin/env python3
"""The audit file: chained across rotation and restart, verified, refused when it cannot be written, and what it is good for."""

import json
import os
import pathlib
import re
import resource
import signal
import subprocess
import unittest

from harness.cases import GateCase
from harness.deadline import DEADLINE, wait_until
from harness.processes import BINARY, Respgate, run_respgate
from harness.resp import Error

KEY = "0123456789abcdef0123456789abcdef\n"
UNAVAILABLE = "ERR respgate: audit unavailable"
EVERYTHING = ["auth", "denied", "admin", "reload", "observed", "allowed"]


class AuditCase(GateCase):
    """A gate for each test, whose audit section is `audit`."""

    audit = {}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.key = cls.directory.write("audit-key", KEY)

    def start(self, name=None, ends=0, **audit):
        name = name or self.id().rsplit(".", 1)[-1]
        gate = Respgate(self.directory, self.server, self.users, {"audit": {**self.audit, **audit}}, name=name)
        self.addCleanup(gate.stop, ends)
        return gate

    def login(self, gate, user="alice"):
        client = gate.client(user, f"{user}-secret")
        self.addCleanup(client.close)
        return client

    def deny(self, gate, n=1):
        """So many denied commands, and their lines in the file or one that it was rotated to."""
        before = self.lines(gate)
        client = self.login(gate)
        client.pipeline(*[("GET", f"b:{i}") for i in range(n)])
        wait_until(lambda: self.lines(gate) >= before + n + 1, "the denials and the login are in the file")

    def files(self, gate):
        """Oldest first."""
        found = [path for path in self.directory.path.iterdir() if re.fullmatch(re.escape(gate.audit_path.name) + r"\.\d+", path.name)]
        return sorted(found, key=lambda path: -int(path.suffix[1:])) + [gate.audit_path]

    def lines(self, gate):
        return sum(path.read_bytes().count(b"\n") for path in self.files(gate) if path.exists())

    def verify(self, *arguments):
        done = run_respgate("audit", "verify", *map(str, arguments), "--key-file", str(self.key))
        return done.returncode, done.stdout + done.stderr

    def head(self, gate):
        """That of the last line in the file."""
        def told():
            head = json.loads(gate.admin.get("/audit"))["head"]
            return head if int(head.split(":")[0]) == gate.audit()[-1]["seq"] else None
        return wait_until(told, "the head is that of the last line")


class ChainTest(AuditCase):
    @property
    def audit(self):
        return {"key_file": str(self.key)}

    def test_a_chain_goes_on_behind_a_restart(self):
        gate = self.start()
        self.deny(gate, 3)
        gate.stop()
        gate = self.start()
        self.deny(gate, 3)
        self.assertEqual([line["reason"] for line in gate.audit() if line["kind"] == "audit"], ["started", "continued"])
        self.assertEqual([line["seq"] for line in gate.audit()], list(range(1, len(gate.audit()) + 1)))
        code, out = self.verify(gate.audit_path, "--head", self.head(gate))
        self.assertEqual(code, 0, out)
        self.assertIn(f"ok: {len(gate.audit())} lines, head {self.head(gate)}\n", out)

    def test_the_head_is_a_metric(self):
        gate = self.start()
        self.deny(gate)
        wait_until(lambda: gate.metrics().value("respgate_audit_chain_position") == len(gate.audit()), "the metric")
        self.assertEqual(self.head(gate).split(":")[1], gate.audit()[-1]["chain"])
        self.assertEqual(gate.metrics().value("respgate_audit_available"), 1)
        self.assertEqual(gate.admin.status("/readyz"), 200)

    def test_a_chain_goes_on_behind_a_crash(self):
        gate = self.start(ends=-signal.SIGKILL)
        self.deny(gate)
        gate.process.kill()
        gate.process.wait()
        with open(gate.audit_path, "ab") as file:
            file.write(b'{"time":"2026-01-01T00:0')
        again = self.start(name="again", file=str(gate.audit_path))
        wait_until(lambda: b'"reason":"torn"' in gate.audit_path.read_bytes(), "the torn line is told of")
        self.assertIn("audit file ends in the middle of a line", again.stderr())
        code, out = self.verify(gate.audit_path)
        self.assertEqual(code, 0, out)
        self.assertIn("1 torn lines", out)

    def test_what_was_changed_cut_or_removed_is_named(self):
        gate = self.start()
        self.deny(gate, 5)
        head = self.head(gate)
        gate.stop()
        whole = gate.audit_path.read_text().splitlines(keepends=True)

        def verdict(lines, *arguments):
            path = self.directory.write("tampered.jsonl", "".join(lines))
            code, out = self.verify(path, *arguments)
            self.assertEqual(code, 1, out)
            return out.replace(str(path), "FILE")
        changed = whole[2].replace('"verdict":"denied"', '"verdict":"allowed"')
        self.assertNotEqual(changed, whole[2])
        self.assertIn("FILE:3: was changed", verdict([*whole[:2], changed, *whole[3:]]))
        self.assertIn("FILE:3: lines are missing before it: seq 3\n", verdict([*whole[:2], *whole[3:]]))
        self.assertIn("FILE:1: what was before it is cut off", verdict(whole[1:]))
        cut = verdict(whole[:-1], "--head", head)
        self.assertIn("FILE: the end is cut off: seq 7 of the head", cut)
        self.assertNotIn("only that there is a line of this number", cut)
        self.assertIn("--head 7: only that there is a line of this number is looked at", verdict(whole[:-1], "--head", "7"))
        self.assertIn("FILE:7: the file ends within this line", verdict([*whole[:-1], whole[-1][:50]]))
        self.assertEqual(self.verify(self.directory.write("cut.jsonl", "".join(whole[:-1])))[0], 0, "a cut tail is seen by the head only")

    def test_with_another_key_the_first_line_is_named_and_the_rest_counted(self):
        gate = self.start()
        self.deny(gate, 5)
        gate.stop()
        other = self.directory.write("a-third-key", "a third key, which sealed nothing\n")
        done = run_respgate("audit", "verify", str(gate.audit_path), "--key-file", str(other))
        self.assertEqual(done.returncode, 1, done.stdout)
        lines = len(gate.audit())
        first, rest, hint, verdict = done.stdout.replace(str(gate.audit_path), "FILE").splitlines()
        self.assertEqual(first, "FILE:1: was changed, or sealed with another key")
        self.assertEqual(rest, f"FILE:{lines}: the last of {lines - 1} more in a row of which the same is true")
        self.assertEqual(hint, "no line fits the key: is it the one of this file?")
        self.assertTrue(verdict.startswith(f"CUT OR CHANGED: {lines} lines"), verdict)

    def test_another_key_breaks_the_chain_and_the_log_says_so(self):
        gate = self.start()
        self.deny(gate)
        gate.stop()
        other = self.directory.write("other-key", "another key altogether\n")
        again = self.start(name="again2", file=str(gate.audit_path), key_file=str(other))
        wait_until(lambda: b'"reason":"broken"' in gate.audit_path.read_bytes(), "the break is told of")
        self.assertIn("audit chain broken", again.stderr())
        code, out = self.verify(gate.audit_path)
        self.assertEqual(code, 1, out)
        self.assertIn("a chain begins here that is sealed with another key", out)

    def test_a_file_has_one_writer(self):
        gate = self.start()
        self.deny(gate)
        with self.assertRaisesRegex(AssertionError, "another process writes it; give each respgate a file of its own"):
            self.start(name="second", file=str(gate.audit_path))
        self.deny(gate)
        self.assertEqual(self.verify(gate.audit_path)[0], 0)

    def test_the_key_cannot_change_while_running(self):
        key = self.directory.write("changing-key", KEY)
        gate = self.start(key_file=str(key))
        self.directory.write("changing-key", "another key altogether\n")
        gate.reload()
        self.assertEqual(gate.metrics().value("respgate_reload_success"), 0)
        self.assertIn("audit.key_file: holds another key", gate.stderr())
        self.directory.write("changing-key", KEY)
        gate.reload()
        self.assertEqual(gate.metrics().value("respgate_reload_success"), 1)

    def test_a_key_that_is_none_is_an_error_with_its_place(self):
        self.directory.write("short-key", "short\n")
        config = self.directory.write("short.yaml", json.dumps({
            "listeners": [{"name": "main", "address": f"unix:{self.directory / 'short.sock'}"}], "upstream": {"nodes": [self.server.node]},
            "users": {"file": str(self.gate.users_path)}, "audit": {"file": "audit.jsonl", "key_file": "short-key"}}))
        done = run_respgate("check", "-c", str(config))
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout, r"short.yaml:1:\d+: audit.key_file: .*must hold a key of at least 16 bytes")


class RotationTest(AuditCase):
    @property
    def audit(self):
        return {"key_file": str(self.key), "rotate": {"size": "64KiB", "keep": 3}}

    def test_files_are_rotated_by_size_and_verified_together(self):
        gate = self.start()
        for _ in range(8):
            self.login(gate).pipeline(*[("GET", f"b:{i}") for i in range(100)])
        wait_until(lambda: gate.metrics().value("respgate_audit_chain_position") >= 808, "every event is in a file")
        files = self.files(gate)
        self.assertEqual(len(files), 4, "three, and the one that is written")
        for path in files:
            self.assertLess(path.stat().st_size, 68 * 1024)
        code, out = self.verify(gate.audit_path, "--head", self.head(gate))
        self.assertEqual(code, 0, out)
        self.assertEqual(self.verify(*files)[0], 0, "the same, file by file")
        code, out = self.verify(files[0], files[2], files[3])
        self.assertEqual(code, 1)
        self.assertIn(f"{files[2]}:1: lines are missing before it: seq ", out)

    def test_a_chain_goes_on_in_a_file_that_logrotate_made(self):
        gate = self.start()
        self.deny(gate, 3)
        moved = pathlib.Path(f"{gate.audit_path}-20260101")
        os.rename(gate.audit_path, moved)
        gate.reload()
        wait_until(gate.audit_path.exists, "the file is opened again")
        self.deny(gate, 3)
        self.assertEqual(gate.audit()[0]["reason"], "opened")
        code, out = self.verify(moved, gate.audit_path)
        self.assertEqual(code, 0, out)
        gate.stop()
        again = self.start()
        self.deny(again)
        self.assertEqual(self.verify(moved, gate.audit_path)[0], 0)

    def test_rotation_may_change_while_running(self):
        gate = self.start(rotate={"size": "0B"})
        self.deny(gate, 300)
        self.assertEqual(len(self.files(gate)), 1)
        gate.reconfigure({"audit": {"rotate": {"size": "64KiB", "keep": 2}}})
        self.deny(gate, 1)
        wait_until(lambda: len(self.files(gate)) == 2, "it is rotated")


class OverflowTest(AuditCase):
    audit = {"on_overflow": "deny"}

    def fill(self, gate):
        """From now on the audit file takes no more than a part of a line."""
        self.deny(gate, 300)  # to be larger than the log, for which the limit counts too
        size = gate.audit_path.stat().st_size
        self.assertGreater(size, 2 * len(gate.stderr()) + 10000)
        resource.prlimit(gate.process.pid, resource.RLIMIT_FSIZE, (size + 20, resource.RLIM_INFINITY))

    def make_room(self, gate):
        resource.prlimit(gate.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    def test_while_the_disk_is_full_nobody_logs_in_and_nothing_is_forwarded(self):
        gate = self.start()
        alice = self.login(gate)
        self.assertEqual(alice.call("SET", "a:1", "x"), b"OK")
        self.fill(gate)
        self.assertIsInstance(alice.call("GET", "b:1"), Error)  # a line that the file does not take
        wait_until(lambda: bytes(alice.call("GET", "a:1")).decode() == UNAVAILABLE, "commands are refused")
        self.assert_error(alice.call("SET", "a:1", "y"), UNAVAILABLE)
        self.assertEqual(alice.call("PING"), b"PONG")
        stranger = gate.client()
        self.addCleanup(stranger.close)
        self.assert_error(stranger.call("AUTH", "bob", "bob-secret"), UNAVAILABLE)
        self.assert_error(stranger.call("HELLO", "3", "AUTH", "bob", "bob-secret"), UNAVAILABLE)
        self.assert_error(stranger.call("GET", "x"), "NOAUTH Authentication required.")

        metrics = gate.metrics()
        self.assertGreaterEqual(metrics.value("respgate_audit_refused_total", listener="main"), 4)
        self.assertEqual(metrics.value("respgate_audit_available"), 0)
        status, why = gate.admin.request("GET", "/readyz")
        self.assertEqual(status, 503, "a balancer sends clients elsewhere")
        self.assertIn("the audit log takes nothing", why)
        self.assertEqual(metrics.value("respgate_audit_dropped_total"), 0)
        gate.reload()
        self.assertEqual(gate.metrics().value("respgate_reload_success"), 1, "a reload is never held up")

        self.make_room(gate)
        wait_until(lambda: alice.call("GET", "a:1") == b"x", "it recovers by itself, and nothing was written")
        denied = [line for line in gate.audit() if line["command"] == "get" and line["session"] == gate.audit()[0]["session"]]
        self.assertEqual(len(denied), 1, "what was let through was kept")
        self.assertEqual(gate.metrics().value("respgate_audit_dropped_total"), 0)
        self.assertEqual(gate.metrics().value("respgate_audit_available"), 1)

    def test_a_transaction_under_way_runs_not_at_all(self):
        gate = self.start()
        alice, bob = self.login(gate), self.login(gate, "bob")
        self.assertEqual(alice.call("MULTI"), b"OK")
        self.assertEqual(alice.call("SET", "a:half", "x"), b"QUEUED")
        self.assertEqual(bob.call("MULTI"), b"OK")
        self.assertEqual(bob.call("SET", "b:half", "x"), b"QUEUED")
        self.fill(gate)
        other = self.login(gate)
        wait_until(lambda: bytes(other.call("GET", "b:1")).decode() == UNAVAILABLE, "commands are refused")
        self.assert_error(alice.call("SET", "a:rest", "x"), UNAVAILABLE)
        aborted = "EXECABORT Transaction discarded because of previous errors."
        self.assert_error(bob.call("EXEC"), aborted)
        self.make_room(gate)
        wait_until(lambda: not isinstance(other.call("GET", "a:half"), Error), "it recovers by itself")
        self.assert_error(alice.call("EXEC"), aborted)
        self.assertEqual(other.call("EXISTS", "a:half", "a:rest"), 0)
        self.assertEqual(self.login(gate, "bob").call("EXISTS", "b:half"), 0)

    def test_dropping_is_what_happens_otherwise(self):
        gate = self.start(on_overflow="drop")
        alice = self.login(gate)
        self.fill(gate)
        for _ in range(3):
            self.assertIsInstance(alice.call("GET", "b:1"), Error)
        wait_until(lambda: gate.metrics().value("respgate_audit_dropped_total") == 3, "they are counted")
        self.assertEqual(self.login(gate, "bob").call("SET", "b:1", "x"), b"OK")
        self.make_room(gate)
        self.assertIsInstance(alice.call("GET", "b:2"), Error)
        wait_until(lambda: any(line["reason"] == "dropped" for line in gate.audit()), "the gap is told")
        self.assertEqual(gate.stderr().count("audit lines lost"), 1, "once a minute")

    def test_a_chain_has_no_gap_where_lines_were_lost(self):
        gate = self.start(on_overflow="drop", key_file=str(self.key))
        alice = self.login(gate)
        self.fill(gate)
        for _ in range(3):
            alice.call("GET", "b:1")
        wait_until(lambda: gate.metrics().value("respgate_audit_dropped_total") == 3, "they are counted")
        self.make_room(gate)
        self.deny(gate, 2)
        code, out = self.verify(gate.audit_path, "--head", self.head(gate))
        self.assertEqual(code, 0, out)

    def test_a_process_ends_although_the_disk_is_full(self):
        gate = self.start()
        alice = self.login(gate)
        self.fill(gate)
        alice.call("GET", "b:1")
        wait_until(lambda: gate.metrics().value("respgate_audit_available") == 0, "the file takes nothing")
        gate.stop()


class UpgradeTest(AuditCase):
    def test_a_chain_goes_on_in_the_process_that_takes_over(self):
        gate = Respgate(self.directory, self.server, self.users, {
            "audit": {"key_file": str(self.key)}, "shutdown": {"takeover_socket": str(self.directory / "takeover.sock")}}, name="upgraded")
        self.addCleanup(gate.stop)
        self.deny(gate, 3)
        log = self.directory / "next.stderr"
        with open(log, "wb") as stderr:
            process = subprocess.Popen([BINARY, "run", "--takeover", "-c", gate.config_path],
                                       stdin=subprocess.DEVNULL, stdout=stderr, stderr=stderr)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.assertEqual(gate.process.wait(DEADLINE), 0, gate.stderr() + log.read_text())
        gate.process, gate._stderr_path = process, log
        self.deny(gate, 3)
        self.assertEqual([line["reason"] for line in gate.audit() if line["kind"] == "audit"], ["started", "continued"])
        code, out = self.verify(gate.audit_path, "--head", self.head(gate))
        self.assertEqual(code, 0, out)
        gate.stop()


class CommandLineTest(AuditCase):
    def test_what_cannot_be_said_is_exit_2(self):
        empty = self.directory.write("empty.jsonl", "")
        for arguments, why in (((self.directory / "none.jsonl",), "No such file or directory"), ((empty,), "nothing to verify"),
                               ((empty, "--head", "x"), "--head: write SEQ or SEQ:CHAIN"), ((), "no file")):
            code, out = self.verify(*arguments)
            self.assertEqual(code, 2, out)
            self.assertIn(why, out)
        done = run_respgate("audit", "verify", str(empty))
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("no key: write --key-file FILE", done.stderr)
        self.assertEqual(self.verify(empty, "--head", "5")[0], 1, "all of it is cut off")

    def test_file_and_key_may_come_from_the_configuration(self):
        gate = self.start(key_file=str(self.key))
        self.deny(gate)
        done = run_respgate("audit", "verify", "-c", str(gate.config_path))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertTrue(done.stdout.startswith("ok: "), done.stdout)

    def test_a_chain_may_come_through_a_pipe(self):
        gate = self.start(key_file=str(self.key))
        self.deny(gate)
        done = run_respgate("audit", "verify", "-", "--key-file", str(self.key), input=gate.audit_path.read_text())
        self.assertEqual(done.returncode, 0, done.stdout)


class SuggestTest(AuditCase):
    audit = {"events": EVERYTHING, "keys": "plain"}

    def suggest(self, gate, *arguments):
        done = run_respgate("suggest", "--audit", str(gate.audit_path), *arguments)
        return done.returncode, done.stdout, done.stderr

    def test_the_line_allows_what_was_recorded_and_nothing_else(self):
        gate = self.start()
        alice, root = self.login(gate), self.login(gate, "root")
        for n in range(5):
            alice.call("SET", f"a:order:{n}", "x")
            alice.call("GET", f"a:order:{n}")
        alice.call("GET", "a:total")
        alice.call("PUBLISH", "a:news", "x")
        root.call("CONFIG", "GET", "maxmemory")
        alice.call("GET", "b:1")
        wait_until(lambda: '"user":"alice","command":"get","reason":"key"' in gate.audit_path.read_text(), "the last is in the file")
        code, out, err = self.suggest(gate)
        self.assertEqual(code, 0, err)
        self.assertEqual(out.splitlines(), [
            "user alice on resetchannels -@all +get +publish +set ~a:order:* %R~a:total &a:news",
            "user root on resetchannels -@all +config|get"])
        self.assertEqual(err.splitlines(), [
            "respgate: alice: denied, and not in the line: +get %R~b:1",
            "respgate: root: the line gives +config|get (@admin @dangerous): take out what this user should not be able to do"])
        self.assertEqual(self.suggest(gate, "--user", "root")[1].splitlines(), out.splitlines()[1:])
        gate.stop()

        users = "".join(line.replace(" on ", f" on >{line.split()[1]}-secret ") + "\n" for line in out.splitlines())
        narrow = Respgate(self.directory, self.server, users, name="narrow")
        self.addCleanup(narrow.stop)
        alice, root = self.login(narrow), self.login(narrow, "root")
        for words in (("SET", "a:order:7", "x"), ("GET", "a:order:1"), ("GET", "a:total"), ("PUBLISH", "a:news", "x")):
            self.assertNotIsInstance(alice.call(*words), Error, words)
        for words in (("SET", "a:total", "x"), ("GET", "a:other"), ("DEL", "a:order:1"), ("PUBLISH", "a:other", "x")):
            self.assertIsInstance(alice.call(*words), Error, words)
        self.assertNotIsInstance(root.call("CONFIG", "GET", "maxmemory"), Error)
        self.assertIsInstance(root.call("CONFIG", "SET", "maxmemory", "0"), Error)

    def test_without_plain_keys_it_says_what_to_set(self):
        gate = self.start(keys="hash")
        self.login(gate).call("GET", "a:1")
        wait_until(lambda: '"kind":"allowed"' in gate.audit_path.read_text(), "it is in the file")
        code, out, err = self.suggest(gate)
        self.assertEqual((code, out), (0, "user alice on resetchannels -@all +get\n"))
        self.assertIn("record with audit.keys: plain", err)

    def test_what_recorded_nothing_is_an_error(self):
        code, out, err = self.suggest(self.start(events=["reload"]))
        self.assertEqual((code, out), (1, ""))
        self.assertIn("record with audit.events: [allowed, observed]", err)

    def test_hostile_files_are_escaped_and_counted(self):
        path = self.directory.write("hostile.jsonl", "\x1b[2J\n[]\n" + json.dumps(
            {"kind": "allowed", "user": "\\x1b[2J", "command": "get", "reason": "", "touches": ["R~a"]}) + "\n" + "x" * 300000 + "\n")
        done = subprocess.run([BINARY, "suggest", "--audit", path], capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertNotIn("\x1b", done.stderr)
        self.assertIn("\\x1b[2J: a name with blanks or bytes beyond ASCII", done.stderr)
        self.assertIn("3 lines are none of an audit log", done.stderr)

    def test_an_event_tells_what_a_command_touches(self):
        gate = self.start()
        self.login(gate).call("COPY", "a:from", "a:to")
        event = wait_until(lambda: [line for line in gate.audit() if line["kind"] == "allowed"], "it is in the file")[0]
        self.assertEqual((event["command"], event["verdict"], event["touches"]), ("copy", "allowed", ["R~a:from", "W~a:to"]))
        self.assertEqual(json.loads(gate.admin.get("/events")), [], "nothing that went against somebody")


if __name__ == "__main__":
    unittest.main()

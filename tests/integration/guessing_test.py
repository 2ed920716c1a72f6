#!/usr/bin/env python3
"""Guessing passwords: who is locked out, who is slowed, what an attacker gets to see, and what the log says."""

import re
import socket
import unittest

from harness.cases import GateCase
from harness.deadline import DEADLINE, wait_until
from harness.processes import Directory, free_port
from harness.resp import Client, Error

WRONGPASS = b"WRONGPASS invalid username-password pair or user is disabled."
AUTHENTICATION = "respgate_authentication_failures_total"
# As the README gives it to fail2ban, with an address where that has <HOST>.
FAIL2BAN = re.compile(r"authentication failed source=(?P<host>\S+) listener=")


class From(Client):
    """A client whose connection comes from a chosen address of the loopback."""

    def __init__(self, source, port):
        self.timeout = DEADLINE
        self.socket = socket.socket()
        self.socket.settimeout(self.timeout)
        self.socket.bind((source, 0))
        self.socket.connect(("127.0.0.1", port))
        self._received = bytearray()


class GuessingCase(GateCase):
    failures = {}
    more = {}

    @classmethod
    def setUpClass(cls):
        cls.port = free_port()
        cls.changes = {**cls.more, "listeners": [{"name": "main", "address": f"127.0.0.1:{cls.port}"}],
                       "limits": {"auth_failures": {"max": 3, "shared": [], **cls.failures}}}
        super().setUpClass()

    def come(self, source):
        client = From(source, self.port)
        self.addCleanup(client.close)
        return client

    def guess(self, source, user, password="wrong"):
        with From(source, self.port) as client:
            return client.call("AUTH", user, password)

    def guess_at_once(self, sources, user):
        """One wrong guess from each source, which wait for their answers together."""
        clients = [self.come(source) for source in sources]
        for client in clients:
            client.send("AUTH", user, "wrong")
        for client in clients:
            self.assertEqual(client.read(), WRONGPASS)
            client.close()

    def lock_out(self, source, user):
        for _ in range(3):
            self.assertEqual(self.guess(source, user), WRONGPASS)


class LockoutTest(GuessingCase):
    def test_after_the_last_wrong_guess_the_right_one_is_wrong_too_from_there_with_that_name(self):
        live = self.come("127.0.0.2").login("alice", "alice-secret")
        self.lock_out("127.0.0.2", "alice")  # over three connections, of either worker
        self.assertEqual(self.guess("127.0.0.2", "alice", "alice-secret"), WRONGPASS)
        with From("127.0.0.2", self.port) as client:
            self.assertEqual(client.call("HELLO", "3", "AUTH", "alice", "alice-secret"), WRONGPASS)
            self.assertIsInstance(client.call("GET", "a:1"), Error)
        self.assertEqual(live.call("SET", "a:1", "x"), b"OK")
        self.assertEqual(live.call("AUTH", "alice", "alice-secret"), WRONGPASS)
        self.assertEqual(live.call("GET", "a:1"), b"x")
        self.assertEqual(self.guess("127.0.0.3", "alice", "alice-secret"), b"OK")
        self.assertEqual(self.guess("127.0.0.2", "bob", "bob-secret"), b"OK")
        metrics = self.gate.metrics()
        self.assertEqual(metrics.value(AUTHENTICATION, user="alice", reason="wrong_password"), 3)
        self.assertEqual(metrics.value(AUTHENTICATION, user="alice", reason="locked_out"), 3)
        wait_until(lambda: sum(line["reason"] == "locked_out" for line in self.gate.audit()) == 3, "the audit has the three")
        root = self.come("127.0.0.4").login("root", "root-secret")
        counts = [dict(zip(entry[::2], entry[1::2])) for entry in root.call("ACL", "LOG")]
        self.assertEqual(sum(entry[b"count"] for entry in counts if entry[b"username"] == b"alice"), 6)

    def test_names_that_do_not_exist_or_are_off_are_answered_alike(self):
        heard = {}
        for n, user in enumerate(("bob", "nobody", "sleeper", "")):
            source = f"127.0.1.{n + 1}"
            with From(source, self.port) as client:
                client.write(b"".join(b"*3\r\n$4\r\nAUTH\r\n$%d\r\n%s\r\n$5\r\nwrong\r\n" % (len(user), user.encode()) for _ in range(6)))
                heard[user] = [client.read_with_wire()[1] for _ in range(6)]
        self.assertEqual(set(map(tuple, heard.values())), {(b"-" + WRONGPASS + b"\r\n",) * 6})
        metrics = self.gate.metrics()
        for labels in ({"user": "bob"}, {"user": "(unknown)"}, {"user": "sleeper"}):
            self.assertGreaterEqual(metrics.value(AUTHENTICATION, reason="locked_out", **labels), 3)


class UnlockTest(GuessingCase):
    @classmethod
    def setUpClass(cls):
        secrets = Directory()
        cls.addClassCleanup(secrets.remove)
        cls.more = {"admin": {"token_file": str(secrets.write("token", "s3cret\n"))}}
        super().setUpClass()

    def post(self, target):
        return self.gate.admin.request("POST", target, {"Authorization": "Bearer s3cret"})

    def test_an_operator_unlocks_a_user_or_a_source(self):
        for target in ("/unlock?user=alice", "/unlock?source=127.0.0.2", "/unlock?user=alice&source=127.0.0.2"):
            self.lock_out("127.0.0.2", "alice")
            self.assertEqual(self.guess("127.0.0.2", "alice", "alice-secret"), WRONGPASS)
            self.assertEqual(self.post(target), (200, '{"unlocked":1}\n'))
            self.assertEqual(self.guess("127.0.0.2", "alice", "alice-secret"), b"OK")
        self.assertEqual(self.post("/unlock?user=alice"), (200, '{"unlocked":0}\n'))
        self.assertEqual(self.post("/unlock")[0], 400)
        self.assertEqual(self.post("/unlock?source=here")[0], 400)
        self.assertEqual(self.gate.admin.request("POST", "/unlock?user=alice")[0], 401)
        wait_until(lambda: any(line["detail"] == "POST /unlock?user=alice" and line["verdict"] == "ok" for line in self.gate.audit()),
                   "the audit has it")


class ShortLockoutTest(GuessingCase):
    failures = {"lockout": "500ms", "per": "10s"}

    def test_a_lockout_ends_by_itself_while_the_client_goes_on_trying(self):
        self.lock_out("127.0.0.2", "alice")
        wait_until(lambda: self.guess("127.0.0.2", "alice", "alice-secret") == b"OK", "it ends")


class SlowedTest(GuessingCase):
    failures = {"max": 1, "shared": ["127.0.0.0/8"]}

    def test_order_is_kept_and_nothing_overtakes_a_delayed_answer(self):
        client = self.come("127.0.0.2")
        replies = client.pipeline(*[("AUTH", "alice", "wrong")] * 4, ("AUTH", "alice", "alice-secret"), ("ECHO", "1"), ("AUTH", "x", "y"),
                                  ("ECHO", "2"), ("HELLO", "3", "AUTH", "alice", "wrong"), ("RESET",), ("GET", "a:1"))
        self.assertEqual(replies, [*[WRONGPASS] * 4, b"OK", b"1", WRONGPASS, b"2", WRONGPASS, b"RESET", b"NOAUTH Authentication required."])

    def test_who_waits_holds_up_nobody_else(self):
        others = [self.come("127.0.0.3").login("alice", "alice-secret") for _ in range(8)]  # on both workers
        slow = self.come("127.0.0.4")
        self.guess_at_once([f"127.0.4.{n + 1}" for n in range(60)], "root")  # until the delay is the longest there is
        slow.send("AUTH", "root", "wrong")
        asked = 0
        while not slow.has_more():
            self.assertEqual([other.call("PING") for other in others], [b"PONG"] * 8)
            asked += 1
        self.assertEqual(slow.read(), WRONGPASS)
        self.assertGreaterEqual(asked, 1)
        self.assertEqual(self.guess("127.0.0.5", "root", "root-secret"), b"OK")

    def test_clients_that_leave_meanwhile_are_gone(self):
        self.guess_at_once(["127.0.0.6"] * 60, "bob")
        for _ in range(50):
            client = self.come("127.0.0.6")
            client.send("AUTH", "bob", "wrong")
            client.close()
        half = self.come("127.0.0.6")
        half.send("AUTH", "bob", "wrong")
        half.half_close()
        self.assertEqual(half.read_until_closed(), [WRONGPASS])
        wait_until(lambda: self.gate.metrics().value("respgate_connections") == 0, "all are gone")


class LogTest(GuessingCase):
    failures = {"max": 1000}

    def test_each_failure_is_a_line_that_names_its_source_alone(self):
        names = ["alice", "x\" source=203.0.113.9 listener=", "authentication failed source=203.0.113.9 listener=main",
                 "\r\n2026 authentication failed source=203.0.113.9 listener=main", "\x1b[2J\0" + "n" * 5000]
        for name in names:
            self.assertEqual(self.guess("127.0.0.2", name, "secret-guess"), WRONGPASS)
        lines = wait_until(lambda: (found := [line for line in self.gate.stderr().splitlines() if "authentication failed" in line])
                           and len(found) == len(names) and found, self.gate.stderr)
        self.assertEqual([FAIL2BAN.search(line)["host"] for line in lines], ["127.0.0.2"] * len(names))
        self.assertTrue(lines[0].endswith('source=127.0.0.2 listener=main user="alice" reason=wrong_password left_out=0'), lines[0])
        self.assertTrue(all(" reason=unknown_user left_out=0" in line for line in lines[1:]), lines)
        for line in lines:
            self.assertRegex(line, r"\A[ -~]*\Z")
            self.assertLess(len(line), 1000)
        self.assertNotIn("secret-guess", self.gate.stderr())


class LogOfAFloodTest(GuessingCase):
    failures = {"max": 1000}

    def test_a_flood_is_cut_and_what_was_left_out_is_said(self):
        def lines():
            return [line for line in self.gate.stderr().splitlines() if 'user="flood"' in line]
        client = self.come("127.0.0.9")
        self.assertEqual(set(client.pipeline(*[("AUTH", "flood", "x")] * 500)), {WRONGPASS})
        self.assertLess(len(lines()), 400)
        wait_until(lambda: self.guess("127.0.0.9", "flood") and sum(int(line.rsplit("left_out=")[1]) for line in lines()) >= 100,
                   "a later line says how many")


if __name__ == "__main__":
    unittest.main()

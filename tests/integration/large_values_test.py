#!/usr/bin/env python3
"""Values of many megabytes: passed on while they come, held by nobody, and in nobody's way."""

import hashlib
import os
import unittest

from harness.cases import GateCase
from harness.deadline import wait_until
from harness.observation import resident_bytes
from harness.resp import Closed, Error, encode

MIB = 1 << 20
SIZE = 48 * MIB
# What the proxy may grow by while such a value passes.  Instrumented code keeps what was freed.
GROWTH = 12 * MIB if not os.environ.get("RESPGATE_SANITIZE") else 1 << 40


def value_of(size):
    """Bytes that look like RESP wherever a reader comes out of step."""
    line = b"\r\n-ERR no\r\n+OK\r\n$5\r\n:1\r\n"
    return (line * (size // len(line) + 1))[:size]


VALUE = value_of(SIZE)
WHOLE = b"$%d\r\n%s\r\n" % (SIZE, VALUE)


def digest(data):
    return hashlib.sha256(data).hexdigest()


def peak_bytes(pid):
    """The most that it has had since the last time this was asked."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        peak = next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:"))
    with open(f"/proc/{pid}/clear_refs", "w", encoding="ascii") as forget:
        forget.write("5")
    return peak


class LargeCase(GateCase):
    changes = {"workers": 1}

    def setUp(self):
        self.upstream = self.connect_upstream()
        for key in ("a:big", "b:big"):
            self.assertEqual(self.upstream.call("SET", key, VALUE), b"OK")
        self.assertEqual(self.upstream.call("MSET", "a:1", "one", "b:1", "one"), b"OK")
        peak_bytes(self.gate.process.pid)
        self.before = resident_bytes(self.gate.process.pid)

    def in_flight(self):
        return self.gate.metrics().value("respgate_upstream_in_flight")

    def take(self, client, size):
        """So many bytes, read at once as they come; their digest."""
        seen = hashlib.sha256()
        while size > 0:
            data = client.socket.recv(min(size, MIB))
            self.assertTrue(data, "closed")
            seen.update(data)
            size -= len(data)
        return seen.hexdigest()

    def assert_nothing_was_held(self):
        self.assertLess(peak_bytes(self.gate.process.pid) - self.before, GROWTH)


class RepliesTest(LargeCase):
    def test_a_large_value_is_passed_on_while_it_comes(self):
        alice = self.connect("alice")
        for _ in range(2):
            alice.send("GET", "a:big")
            alice.send("GET", "a:1")
            self.assertEqual(self.take(alice, len(WHOLE)), digest(WHOLE))
            self.assertEqual(alice.read(), b"one")
        self.assert_nothing_was_held()

    def test_so_is_one_of_a_transaction_and_many_in_one_reply(self):
        alice = self.connect("alice")
        alice.write(encode("MULTI") + encode("GET", "a:big") + encode("EXEC"))
        expected = b"+OK\r\n+QUEUED\r\n*1\r\n" + WHOLE
        self.assertEqual(self.take(alice, len(expected)), digest(expected))
        alice.call("HELLO", "3")
        alice.send("MGET", "a:1", "a:big", "a:1")
        self.assertEqual(self.take(alice, 22 + len(WHOLE)), digest(b"*3\r\n$3\r\none\r\n" + WHOLE + b"$3\r\none\r\n"))
        self.assert_nothing_was_held()

    def test_a_client_that_wants_no_replies_gets_none_of_it(self):
        alice = self.connect("alice")
        alice.write(encode("CLIENT", "REPLY", "OFF") + encode("GET", "a:big") + encode("CLIENT", "REPLY", "ON") + encode("GET", "a:1"))
        self.assertEqual([alice.read(), alice.read()], [b"OK", b"one"])

    def test_what_a_slow_reader_does_not_take_stays_with_the_server(self):
        slow = self.connect("alice")
        slow.send("GET", "a:big")
        start = slow.socket.recv(1000)
        wait_until(lambda: any(b"omem=0" not in client for client in bytes(self.upstream.call("CLIENT", "LIST")).splitlines()),
                   "the server keeps what nobody reads")
        self.assertEqual(self.take(slow, len(WHOLE) - len(start)), digest(WHOLE[len(start):]))
        self.assert_nothing_was_held()

    def test_a_slow_reader_keeps_nobody_waiting(self):
        slow, neighbour = self.connect("alice"), self.connect("bob")
        slow.send("GET", "a:big")
        start = slow.socket.recv(1000)
        for _ in range(200):
            self.assertEqual(neighbour.call("GET", "b:1"), b"one")
        self.assertEqual(self.take(slow, len(WHOLE) - len(start)), digest(WHOLE[len(start):]))
        self.assertEqual(slow.call("GET", "a:1"), b"one")
        wait_until(lambda: self.gate.metrics().value("respgate_upstream_lanes") <= 2, "the lane that was held up is given up behind it")

    def test_who_waits_behind_a_slow_reader_has_the_reply_and_so_has_the_reader(self):
        slow, neighbour = self.connect("alice"), self.connect("bob")
        self.both_ask(slow, neighbour)
        self.assertEqual(neighbour.read(), b"one")
        self.assertEqual(self.take(slow, len(WHOLE)), digest(WHOLE))

    def both_ask(self, slow, neighbour):
        """On one lane, the large value first."""
        self.server.freeze()
        self.addCleanup(self.server.thaw)
        slow.send("GET", "a:big")
        wait_until(lambda: self.in_flight() == 1, "the large value is asked for")
        neighbour.send("GET", "b:1")
        wait_until(lambda: self.in_flight() == 2, "and another behind it")
        self.server.thaw()

    def test_a_client_that_leaves_in_the_middle_holds_nobody_up(self):
        slow, neighbour = self.connect("alice"), self.connect("bob")
        self.both_ask(slow, neighbour)
        slow.socket.recv(1000)
        slow.close()
        self.assertEqual(neighbour.read(), b"one")
        self.assertEqual(self.connect("alice").call("GET", "a:1"), b"one")
        wait_until(lambda: self.in_flight() == 0, "what it left behind is thrown away")

    def test_a_link_that_breaks_in_the_middle_ends_the_client_and_says_nothing_in_the_value(self):
        alice = self.connect("alice")
        alice.send("GET", "a:big")
        got = alice.socket.recv(1000)
        self.server.kill()
        self.addCleanup(self.server.start)
        while data := alice.socket.recv(MIB):
            got += data
        self.assertLess(len(got), len(WHOLE))
        self.assertEqual(digest(got), digest(WHOLE[:len(got)]))


class PatienceTest(LargeCase):
    changes = {"workers": 1, "limits": {"client_output_buffer": "1MiB", "lane_stall": "50ms"}}

    def test_a_slow_reader_that_may_hold_no_more_is_closed_when_others_wait(self):
        slow, neighbour = self.connect("alice"), self.connect("bob")
        RepliesTest.both_ask(self, slow, neighbour)
        self.assertEqual(neighbour.read(), b"one")
        with self.assertRaises(Closed) as closed:
            slow.read()
        self.assertEqual(digest(closed.exception.rest), digest(WHOLE[:len(closed.exception.rest)]))
        self.assert_nothing_was_held()

    def test_it_may_take_its_time_when_nobody_waits(self):
        slow, neighbour = self.connect("alice"), self.connect("bob")
        slow.send("GET", "a:big")
        start = slow.socket.recv(1000)
        for _ in range(10):
            self.assertEqual(neighbour.call("GET", "b:1"), b"one")
        self.assertEqual(self.take(slow, len(WHOLE) - len(start)), digest(WHOLE[len(start):]))


if __name__ == "__main__":
    unittest.main()

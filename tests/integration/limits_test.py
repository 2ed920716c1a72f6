#!/usr/bin/env python3
"""Every limit of a client: before login and after, of size, number, time and memory."""

import contextlib
import os
import resource
import select
import unittest

from harness.cases import GateCase
from harness.deadline import DEADLINE, wait_until
from harness.observation import resident_bytes
from harness.processes import Respgate, free_port
from harness.resp import Client, Closed, Error, Push, encode

MIB = 1 << 20


def is_closed(client):
    """Has the peer closed this connection?  Looks without reading."""
    poll = select.poll()
    poll.register(client.socket, select.POLLHUP)
    return bool(poll.poll(0))


class LimitsTest(GateCase):
    def test_before_login_arguments_are_few_and_small(self):
        for wire, text in ((b"*11\r\n", "unauthenticated multibulk length"),
                           (b"*3\r\n$4\r\nAUTH\r\n$5\r\nalice\r\n$16385\r\n", "unauthenticated bulk length")):
            with self.subTest(wire), self.gate.client() as client:
                client.write(wire)
                self.assertEqual(client.read_until_closed(), [f"ERR Protocol error: {text}".encode()])

    def test_before_login_an_inline_line_is_limited_too(self):
        with self.gate.client() as client:
            try:
                client.write(b"PING " + b"x" * 70000)
            except OSError:
                pass  # closed before all of it was taken
            replies = client.read_until_closed()
        self.assertEqual(len(replies), 1)
        self.assertTrue(replies[0].startswith(b"ERR Protocol error: "), replies)

    def test_the_limits_grow_with_the_login_and_shrink_with_reset(self):
        client = self.connect("alice")
        self.assertEqual(client.call("MSET", *(word for n in range(50) for word in (f"a:{n}", n))), b"OK")
        self.assertEqual(client.call("SET", "a:big", "x" * 100000), b"OK")
        self.assertEqual(client.call("RESET"), b"RESET")
        client.write(b"*11\r\n")
        self.assertEqual(client.read_until_closed(), [b"ERR Protocol error: unauthenticated multibulk length"])

    def test_a_pipeline_beyond_the_window_is_answered_whole_and_in_order(self):
        client = self.connect("alice")
        total = 20000
        client.pipeline(*(("SET", f"a:w:{n}", n) for n in range(100)))
        client.write(b"".join(encode("ECHO", n) if n % 3 else encode("GET", f"a:w:{n % 100}") for n in range(total)))
        for n in range(total):
            self.assertEqual(client.read(), str(n if n % 3 else n % 100).encode())

    def test_a_huge_denied_command_is_drained_and_not_stored(self):
        client = self.connect("reader")
        self.assert_error(client.call("SET", "key", "small"), "NOPERM this user has no permissions to run the 'set' command")
        before, peak, chunk = resident_bytes(self.gate.process.pid), 0, bytes(4 * MIB)
        client.write(b"*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$%d\r\n" % (512 * MIB))
        for _ in range(128):
            client.write(chunk)
            peak = max(peak, resident_bytes(self.gate.process.pid))
        client.write(b"\r\n" + encode("PING"))
        self.assert_error(client.read(), "NOPERM this user has no permissions to run the 'set' command")
        self.assertEqual(client.read(), b"PONG", "the connection goes on")
        self.assertLess(peak - before, 64 * MIB)

    def test_a_large_value_passes_whole(self):
        client = self.connect("alice")
        value = bytes(range(256)) * (8 * MIB // 256)
        self.assertEqual(client.call("SET", "a:large", value), b"OK")
        self.assertEqual(client.call("STRLEN", "a:large"), len(value))
        self.assertEqual(client.call("GET", "a:large"), value)
        self.assertEqual(client.call("DEL", "a:large"), 1)


class SmallLimitsTest(GateCase):
    changes = {
        "workers": 1,
        "limits": {"client_window": 8, "client_output_buffer": "1MiB", "max_bulk_bytes": "1MiB", "max_arguments": 100,
                   "unauthenticated": {"max_arguments": 7, "max_bulk_bytes": "1KiB"}},
    }

    def test_a_window_of_eight_slows_but_loses_nothing(self):
        client = self.connect("alice")
        client.write(b"".join(encode("SET", "a:n", n) + encode("GET", "a:n") for n in range(2000)))
        for n in range(2000):
            self.assertEqual([client.read(), client.read()], [b"OK", str(n).encode()])

    def test_sizes_are_the_configured_ones(self):
        for wire, text in ((b"*101\r\n", "invalid multibulk length"), (b"*2\r\n$3\r\nGET\r\n$1048577\r\n", "invalid bulk length")):
            with self.subTest(wire), self.gate.client("alice", "alice-secret") as client:
                client.write(wire)
                self.assertEqual(client.read_until_closed(), [f"ERR Protocol error: {text}".encode()])
        for wire, text in ((b"*8\r\n", "unauthenticated multibulk length"),
                           (b"*2\r\n$4\r\nAUTH\r\n$1025\r\n", "unauthenticated bulk length")):
            with self.subTest(wire), self.gate.client() as client:
                client.write(wire)
                self.assertEqual(client.read_until_closed(), [f"ERR Protocol error: {text}".encode()])

    def test_a_client_that_does_not_read_costs_only_itself(self):
        neighbour, slow = self.connect("bob"), self.connect("alice")
        slow.call("SET", "a:big", "x" * (MIB - 100))
        before, peak = resident_bytes(self.gate.process.pid), 0
        slow.socket.setblocking(False)
        requests = encode("GET", "a:big") * 2000
        sent = 0
        for turn in range(400):
            try:
                sent += slow.socket.send(requests[sent:])
            except OSError:
                pass  # it does not take more, or has closed: both are its right
            self.assertEqual(neighbour.call("SET", "b:turn", turn), b"OK")
            self.assertEqual(neighbour.call("GET", "b:turn"), str(turn).encode())
            peak = max(peak, resident_bytes(self.gate.process.pid))
        wait_until(lambda: is_closed(slow), "the client that does not read is closed")
        self.assertLess(peak - before, 64 * MIB)


class TimeoutsTest(GateCase):
    changes = {"limits": {"idle_timeout": "400ms", "unauthenticated": {"timeout": "400ms"}}}

    def test_an_idle_session_is_closed(self):
        client = self.connect("alice")
        wait_until(lambda: is_closed(client), "the idle session is closed")

    def test_a_busy_session_outlives_the_idle_timeout(self):
        client, idle = self.connect("alice"), self.connect("alice")
        while not is_closed(idle):
            self.assertEqual(client.call("PING"), b"PONG")
        self.assertEqual(client.call("PING"), b"PONG")

    def test_login_has_an_absolute_deadline_that_traffic_does_not_move(self):
        client = self.connect()
        with self.assertRaises((Closed, OSError)):
            while True:
                self.assertIsInstance(client.call("PING"), Error)

    def test_a_silent_connection_and_a_trickling_one_end_too(self):
        silent, trickling = self.connect(), self.connect()
        trickling.write(b"*2\r\n$4\r\nAU")
        wait_until(lambda: is_closed(silent) and is_closed(trickling), "both are closed")


class LastRepliesTest(GateCase):
    @classmethod
    def setUpClass(cls):
        cls.port = free_port()
        cls.changes = {"listeners": [{"name": "tcp", "address": f"127.0.0.1:{cls.port}"}]}
        super().setUpClass()

    def connect_by_tcp(self, **options):
        client = Client(("127.0.0.1", self.port), **options)
        self.addCleanup(client.close)
        return client

    def test_a_client_that_is_closed_and_goes_on_writing_has_its_last_replies_when_it_reads(self):
        slow = self.connect_by_tcp(receive_buffer=2048).login("alice", "alice-secret")
        value = b"x" * 40000  # what its kernel does not take waits in the proxy's
        self.assertEqual(slow.call("SET", "a:value", value), b"OK")
        watch = self.connect_by_tcp().login("root", "root-secret")
        slow.write(encode("GET", "a:value") + b"*01\r\n")

        def is_old():
            self.assertFalse(is_closed(slow), "closed before it had its replies")
            slow.write(b"x")
            return int(watch.call("CLIENT", "LIST", "ID", watch.call("CLIENT", "ID")).split(b" age=")[1].split()[0]) >= 3
        wait_until(is_old, "another client is three seconds old")
        self.assertEqual(slow.read_until_closed(), [value, b"ERR Protocol error: invalid multibulk length"])

    def test_a_message_for_one_that_is_being_closed_does_not_cost_it_its_last_replies(self):
        slow = self.connect_by_tcp(receive_buffer=2048).login("alice", "alice-secret")
        value = b"x" * 40000
        self.assertEqual(slow.call("SET", "a:value", value), b"OK")
        slow.call("HELLO", "3")
        slow.call("SUBSCRIBE", "a:news")
        slow.write(encode("GET", "a:value") + b"*01\r\n")
        publisher = self.connect_by_tcp().login("root", "root-secret")
        wait_until(lambda: publisher.call("PUBLISH", "a:news", "m") == 0, "the server knows no subscriber any more")
        slow.write(b"x")
        replies = [reply for reply in slow.read_until_closed() if not isinstance(reply, Push)]  # one may have come in between
        self.assertEqual(replies, [value, b"ERR Protocol error: invalid multibulk length"])

    def test_one_that_never_reads_them_is_closed_all_the_same(self):
        slow = self.connect_by_tcp(receive_buffer=2048).login("alice", "alice-secret")
        self.assertEqual(slow.call("SET", "a:value", b"x" * 40000), b"OK")
        slow.write(encode("GET", "a:value") + b"*01\r\n")

        def is_reset():
            with contextlib.suppress(ConnectionError):
                slow.write(b"x")
            return is_closed(slow)
        wait_until(is_reset, "it is closed", deadline=2 * DEADLINE)


class MaxConnectionsTest(GateCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.narrow_path = str(cls.directory / "narrow.sock")
        cls.narrow = Respgate(cls.directory, cls.server, cls.users, {
            "listeners": [{"name": "narrow", "address": f"unix:{cls.narrow_path}", "max_connections": 3}]}, name="narrow")
        cls.addClassCleanup(cls.narrow.stop)

    def test_one_connection_too_many_is_told_so_and_counted(self):
        held = [Client(self.narrow_path).login("alice", "alice-secret") for _ in range(3)]
        with Client(self.narrow_path) as extra:
            self.assertEqual(extra.read_until_closed(), [b"ERR max number of clients reached"])
        self.assertEqual(self.narrow.metrics().value("respgate_connections_refused_total", listener="narrow",
                                                     reason="max_connections"), 1)
        self.assertEqual(held[0].call("PING"), b"PONG")
        for client in held:
            client.close()
        wait_until(self._can_log_in, "there is room again")

    def _can_log_in(self):
        with Client(self.narrow_path) as client:
            try:
                return client.call("AUTH", "alice", "alice-secret") == b"OK"
            except (Closed, OSError):
                return False


class DescriptorsTest(GateCase):
    # UBSan opens a pipe to see whether an object is one: without descriptors nothing is.
    @unittest.skipIf("undefined" in os.environ.get("RESPGATE_SANITIZE", ""), "UBSan itself needs descriptors")
    def test_a_listener_that_ran_out_of_descriptors_beside_another_comes_back_too(self):
        paths = {name: str(self.directory / f"{name}.sock") for name in ("one", "two")}
        gate = Respgate(self.directory, self.server, self.users, {
            "workers": 1, "listeners": [{"name": name, "address": f"unix:{path}"} for name, path in paths.items()]}, name="poor")
        self.addCleanup(gate.stop)
        pid = gate.process.pid
        room = len(os.listdir(f"/proc/{pid}/fd")) + 8
        before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (room, before[1]))
        held = [Client(path) for _ in range(8) for path in paths.values()]
        for name in paths:
            wait_until(lambda name=name: gate.stderr().count(f"cannot accept listener={name}") >= 2, f"{name} cannot accept")
        for client in held:
            client.close()
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
        for path in paths.values():
            with Client(path) as client:
                self.assertEqual(client.login("alice", "alice-secret").call("PING"), b"PONG")


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/env python3
"""Values of many megabytes: passed on while they come, held by nobody, and in nobody's way."""

import hashlib
import os
import unittest

from harness.cases import GateCase
from harness.deadline import wait_until
from harness.observation import resident_bytes
from harness.processes import Respgate
from harness.resp import Closed, Error, encode

MIB = 1 << 20
SIZE = 24 * MIB
# What the proxy may grow by while such a value passes.  Instrumented code keeps what was freed.
GROWTH = 8 * MIB if not os.environ.get("RESPGATE_SANITIZE") else 1 << 40


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
        self.gate.wait_ready()  # the server may have been started again
        self.upstream = self.connect_upstream()
        if self.upstream.call("STRLEN", "a:big") != SIZE:  # nor has it its data any more
            self.assertEqual(self.upstream.call("SET", "a:big", VALUE), b"OK")
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

    def wait_until_held_up(self):
        seen = []  # how much the server still has to send, until that stays as it is

        def is_held_up():
            kept = [int(word[5:]) for word in bytes(self.upstream.call("CLIENT", "LIST")).split() if word.startswith(b"omem=")]
            seen.append(max(kept))
            return len(seen) > 20 and seen[-1] > 0 and len(set(seen[-20:])) == 1
        wait_until(is_held_up, "the server waits")

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

    def test_answers_that_wait_behind_it_do_not_hold_it_up(self):
        alice = self.connect("alice")
        alice.write(encode("GET", "a:big") + encode("COMMAND") * 20 + encode("GET", "a:1"))
        self.assertEqual(self.take(alice, len(WHOLE)), digest(WHOLE))
        commands = [alice.read() for _ in range(20)]
        self.assertTrue(all(reply == commands[0] for reply in commands))
        self.assertEqual(alice.read(), b"one")

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

    def both_ask(self, slow, neighbour, then="b:1"):
        """On one lane, the large value first."""
        self.server.freeze()
        self.addCleanup(self.server.thaw)
        slow.send("GET", "a:big")
        wait_until(lambda: self.in_flight() == 1, "the large value is asked for")
        neighbour.send("GET", then)
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
        alice.write(encode("GET", "a:1") + encode("GET", "a:big") + encode("GET", "a:1"))
        got = alice.socket.recv(1000)
        self.server.kill()
        self.addCleanup(self.server.start)
        while data := alice.socket.recv(MIB):
            got += data
        expected = b"$3\r\none\r\n" + WHOLE
        self.assertLess(len(got), len(expected))
        self.assertEqual(digest(got), digest(expected[:len(got)]))


class RequestsTest(LargeCase):
    def send_head(self, client, *words, size=SIZE, more=0):
        """The beginning of a command, up to the first byte of its large argument."""
        client.write(b"*%d\r\n" % (len(words) + 1 + more) + b"".join(encode(word)[4:] for word in words) + b"$%d\r\n" % size)

    def test_a_large_value_is_passed_on_while_it_comes(self):
        alice = self.connect("alice")
        alice.write(encode("SET", "a:new", "old") + encode("SET", "a:new", VALUE) + encode("STRLEN", "a:new"))
        self.assertEqual([alice.read() for _ in range(3)], [b"OK", b"OK", SIZE])
        self.assert_nothing_was_held()
        self.assertEqual(digest(self.upstream.call("GET", "a:new")), digest(VALUE))

    def test_so_it_is_with_options_behind_it_and_in_other_commands(self):
        alice = self.connect("alice")
        self.assertEqual(alice.call("SET", "a:l", VALUE, "EX", "1000"), b"OK")
        self.assertEqual(alice.call("APPEND", "a:l", VALUE), 2 * SIZE)
        self.assertEqual(alice.call("SETEX", "a:l", "1000", VALUE), b"OK")
        self.assertEqual(alice.call("RPUSH", "a:list", "one", VALUE, "two"), 3)
        self.assertEqual(alice.call("HSET", "a:hash", "field", VALUE, "g", "1"), 2)
        self.assertEqual(alice.call("PUBLISH", "a:news", VALUE[:MIB]), 0)
        self.assert_nothing_was_held()
        self.assertEqual(digest(self.upstream.call("LINDEX", "a:list", "1")), digest(VALUE))

    def test_over_it_comes_back_what_was_there(self):
        alice = self.connect("alice")
        self.assertEqual(alice.call("SET", "a:g", "before"), b"OK")
        self.assertEqual(alice.call("SET", "a:g", VALUE, "GET"), b"before")
        self.assertEqual(alice.call("SET", "a:g", VALUE, "NX"), None)
        alice.call("HELLO", "3")
        self.assertEqual(alice.call("SET", "a:g", VALUE, "XX"), b"OK")
        self.assert_error(alice.call("SET", "a:g", VALUE, "BOGUS"), "ERR syntax error")
        self.assert_error(alice.call("SET", "a:list2", VALUE, "EX", "-1"), "ERR invalid expire time in 'set' command")
        self.assertEqual(alice.call("PING"), b"PONG")

    def test_a_refusal_comes_before_the_value_and_none_of_it_is_kept(self):
        alice = self.connect("alice")
        self.send_head(alice, "SET", "b:new")
        alice.write(VALUE[:1000])
        self.assert_error(alice.read(), "NOPERM this user has no permissions to access one of the keys used as arguments")
        alice.write(VALUE[1000:] + b"\r\n" + encode("GET", "a:1"))
        self.assertEqual(alice.read(), b"one")
        self.assertEqual(self.upstream.call("EXISTS", "b:new"), 0)
        self.assert_nothing_was_held()

    def test_a_client_that_leaves_in_the_middle_leaves_nothing_behind(self):
        for leave in ("close", "half_close"):
            alice = self.connect("alice")
            self.assertEqual(alice.call("GET", "a:1"), b"one")
            self.send_head(alice, "SET", "a:half")
            alice.write(VALUE[:2 * MIB])
            wait_until(lambda: self.in_flight() == 1, "it is on its way")
            getattr(alice, leave)()
            wait_until(lambda: self.in_flight() == 0, "it is given up")
            self.assertEqual(self.upstream.call("EXISTS", "a:half"), 0)
            self.assertEqual(self.connect("alice").call("SET", "a:half2", "x"), b"OK")
            if leave == "half_close":
                self.assertEqual(alice.read_until_closed(), [])

    def test_what_is_wrong_behind_the_value_ends_it_before_the_server_has_it(self):
        alice = self.connect("alice")
        self.send_head(alice, "SET", "a:wrong", more=1)
        alice.write(VALUE + b"\r\n:1\r\n")
        self.assert_error(alice.read(), "ERR Protocol error: expected '$', got ':'")
        self.assertEqual(alice.read_until_closed(), [])
        self.assertEqual(self.upstream.call("EXISTS", "a:wrong"), 0)
        self.assertEqual(self.gate.metrics().value("respgate_lane_desyncs_total"), 0)

    def test_in_a_transaction_it_is_kept_and_queued(self):
        alice = self.connect("alice")
        alice.write(encode("MULTI") + encode("SET", "a:t", VALUE) + encode("STRLEN", "a:t") + encode("EXEC"))
        self.assertEqual([alice.read() for _ in range(4)], [b"OK", b"QUEUED", b"QUEUED", [b"OK", SIZE]])

    def test_while_it_comes_others_are_served_and_the_server_may_stop_for_a_while(self):
        alice, bob = self.connect("alice"), self.connect("bob")
        self.send_head(alice, "SET", "a:slow")
        alice.write(VALUE[:3 * MIB])
        for _ in range(50):
            self.assertEqual(bob.call("GET", "b:1"), b"one")
        self.server.freeze()
        self.addCleanup(self.server.thaw)
        alice.socket.settimeout(0)
        sent = 3 * MIB
        try:
            while sent < SIZE:
                sent += alice.socket.send(VALUE[sent:sent + MIB])
        except BlockingIOError:
            pass
        self.assertLess(sent, SIZE, "the client has to wait for the server")
        alice.socket.settimeout(alice.timeout)
        self.server.thaw()
        alice.write(VALUE[sent:] + b"\r\n")
        self.assertEqual(alice.read(), b"OK")
        self.assert_nothing_was_held()
        self.assertEqual(digest(self.upstream.call("GET", "a:slow")), digest(VALUE))

    def test_a_server_that_goes_in_the_middle_has_not_run_it(self):
        alice = self.connect("alice")
        self.send_head(alice, "SET", "a:lost")
        alice.write(VALUE[:2 * MIB])
        wait_until(lambda: self.in_flight() == 1, "it is on its way")
        self.server.kill()
        self.addCleanup(self.server.start)
        alice.write(VALUE[2 * MIB:] + b"\r\n")
        self.assert_error(alice.read(), "ERR respgate: upstream unavailable")

    def test_a_right_that_is_gone_ends_it_and_another_reload_does_not(self):
        gate = Respgate(self.directory, self.server, self.users, self.changes, name="reloading")
        self.addCleanup(gate.stop)
        for users, is_kept in ((self.users + "user late on >late-secret ~* +@all\n", True), (self.users.replace("~a:*", "~c:*"), False)):
            alice = gate.client("alice", "alice-secret")
            self.addCleanup(alice.close)
            self.send_head(alice, "SET", "a:right", more=2)
            alice.write(VALUE[:2 * MIB])
            wait_until(lambda: gate.metrics().value("respgate_upstream_in_flight") == 1, "it is on its way")
            gate.users_path.write_text(users)
            gate.reload()
            if is_kept:
                alice.write(VALUE[2 * MIB:] + b"\r\n$2\r\nEX\r\n$4\r\n1000\r\n")
                self.assertEqual(alice.read(), b"OK")
                self.assertEqual(self.upstream.call("DEL", "a:right"), 1)
            else:
                self.assertEqual(alice.read_until_closed(), [])
                self.assertEqual(self.upstream.call("EXISTS", "a:right"), 0)

    def test_a_size_alone_does_not_take_the_nodes_memory(self):
        clients = [self.connect("alice") for _ in range(4)]
        for client in clients:
            self.send_head(client, "SET", "a:promised", size=400 * MIB)
            client.write(b"x" * 1000)
        wait_until(lambda: self.in_flight() == 1, "one of them is on its way")
        self.assertEqual(self.connect("bob").call("GET", "b:1"), b"one")
        used = next(line for line in bytes(self.upstream.call("INFO", "memory")).split(b"\r\n") if line.startswith(b"used_memory:"))
        self.assertLess(int(used.split(b":")[1]), 700 * MIB)
        self.assertEqual(self.in_flight(), 1)

    def test_a_shutdown_ends_it_like_any_request_that_has_only_begun(self):
        gate = Respgate(self.directory, self.server, self.users, self.changes, name="ending")
        self.addCleanup(gate.stop)
        alice = gate.client("alice", "alice-secret")
        self.addCleanup(alice.close)
        self.send_head(alice, "SET", "a:late")
        alice.write(VALUE[:2 * MIB])
        wait_until(lambda: gate.metrics().value("respgate_upstream_in_flight") == 1, "it is on its way")
        gate.stop()
        self.assertEqual(self.upstream.call("EXISTS", "a:late"), 0)


class OrderTest(LargeCase):
    changes = {"workers": 1, "limits": {"client_output_buffer": "1MiB", "lane_stall": "1m"}}

    def test_who_waits_behind_a_slow_reader_goes_on_asking_on_the_same_lane(self):
        slow, other = self.connect("alice"), self.connect("alice")
        RepliesTest.both_ask(self, slow, other, then="a:big")
        self.wait_until_held_up()
        other.send("GET", "a:1")
        wait_until(lambda: self.in_flight() == 3, "and another on which its order depends")
        self.assertEqual(self.gate.metrics().value("respgate_upstream_lanes"), 1)
        self.assertEqual(self.take(slow, len(WHOLE)), digest(WHOLE))
        self.assertEqual(self.take(other, len(WHOLE)), digest(WHOLE))
        self.assertEqual(other.read(), b"one")


class PatienceTest(LargeCase):
    changes = {"workers": 1, "limits": {"client_output_buffer": "1MiB", "lane_stall": "50ms"}, "upstream": {"max_lanes": 4}}

    def test_many_slow_readers_do_not_take_all_connections_of_the_node(self):
        neighbour = self.connect("bob")
        for slow in [self.connect("alice") for _ in range(12)]:
            slow.send("GET", "a:big")
            self.assertTrue(slow.socket.recv(1000))
            self.assertEqual(neighbour.call("GET", "b:1"), b"one")
            self.assertLessEqual(self.gate.metrics().value("respgate_upstream_lanes"), 4)

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
        self.wait_until_held_up()
        for _ in range(10):
            self.assertEqual(neighbour.call("GET", "b:1"), b"one")
        self.assertEqual(self.take(slow, len(WHOLE) - len(start)), digest(WHOLE[len(start):]))


class NoLaneTest(LargeCase):
    changes = {"workers": 1, "upstream": {"max_pinned_lanes": 1}}

    def test_without_a_lane_of_its_own_it_takes_that_of_all(self):
        waiting, alice = self.connect("bob"), self.connect("alice")
        waiting.send("BLPOP", "b:nothing", "0")
        wait_until(lambda: self.in_flight() == 1, "the only lane is taken")
        self.assertEqual(alice.call("SET", "a:shared", VALUE), b"OK")
        self.assertEqual(alice.call("STRLEN", "a:shared"), SIZE)


class TimeoutTest(LargeCase):
    changes = {"workers": 1, "upstream": {"response_timeout": "300ms"}}

    def test_a_server_that_takes_no_more_of_it_is_given_up(self):
        alice = self.connect("alice")
        RequestsTest.send_head(self, alice, "SET", "a:stopped")
        alice.write(VALUE[:2 * MIB])
        wait_until(lambda: self.in_flight() == 1, "it is on its way")
        self.server.freeze()
        self.addCleanup(self.server.thaw)
        alice.write(VALUE[2 * MIB:] + b"\r\n")
        self.assert_error(alice.read(), "ERR respgate: upstream unavailable")


if __name__ == "__main__":
    unittest.main()

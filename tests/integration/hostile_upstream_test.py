#!/usr/bin/env python3
"""A server that misbehaves: no client gets a byte that is not its own, and the proxy stays up.

One worker with one shared lane carries the requests of several clients.  One of them asks for the key `a:bad`, which
makes the server misbehave once; the others ask for keys whose honest answers only they can be given.  Everyone must
get an honest answer to the very request, or an error text of the contract.

What cannot be seen from the bytes is left out: an extra or missing reply of exactly the kind that the next request
in line expects (an error fits them all).  The bystanders therefore never ask for what the bad key is asked for.
"""

import threading
import unittest

from harness.cases import USERS
from harness.deadline import DEADLINE, wait_until
from harness.processes import Directory, Respgate
from harness.resp import Closed, Error, Null
from harness.scripted import ScriptedServer, bulk, honest_number, honest_value

LOST = b"ERR respgate: upstream connection lost, outcome unknown"
UNAVAILABLE = b"ERR respgate: upstream unavailable"
BUSY = b"ERR respgate: upstream busy"
REFUSED = b"ERR respgate: upstream refused the proxy's credentials"
BAD_KEY = b"a:bad"
OWN = bulk(honest_value(BAD_KEY))

# Bytes that no RESP2 server may answer `GET a:bad` with: the lane is closed at once.
IMPOSSIBLE = {
    "an integer": b":1\r\n",
    "an array": b"*1\r\n" + OWN,
    "a simple string": b"+OK\r\n",
    "an unknown type": b"@1\r\n",
    "a NUL": b"\0\r\n",
    "an empty line": b"\r\n",
    "a line that ends with LF": b"$9\nvalue-of:\n",
    "a bulk without CRLF behind it": b"$1\r\nxYZ",
    "a bulk longer than announced": b"$3\r\nvalue-of:a:bad\r\n",
    "length -2": b"$-2\r\n",
    "length +1": b"$+1\r\nx\r\n",
    "length with a blank": b"$ 1\r\nx\r\n",
    "length with a leading zero": b"$01\r\nx\r\n",
    "length that is not a number": b"$1x\r\nx\r\n",
    "no length": b"$\r\n\r\n",
    "length beyond 64 bits": b"$99999999999999999999999\r\n",
    "length beyond the limit": b"$1099511627776\r\n",
    "a streamed bulk": b"$?\r\n;4\r\nabcd\r\n;0\r\n",
    "a streamed array": b"*?\r\n+x\r\n.\r\n",
    "a null of RESP3": b"_\r\n",
    "a boolean of RESP3": b"#t\r\n",
    "a map of RESP3": b"%1\r\n+a\r\n+b\r\n",
    "a push": b">2\r\n+message\r\n+x\r\n" + OWN,
    "an attribute": b"|1\r\n+a\r\n+b\r\n" + OWN,
    "an endless line": b"+" + b"x" * (4 << 20),
    "an endless length": b"$" + b"1" * 100000,
    "an endless error": b"-ERR " + b"x" * (4 << 20),
    "a huge array": b"*2147483647\r\n",
    "nested arrays": b"*1\r\n" * 100000,
    "an extra reply of another kind": OWN + bulk(b"stray"),
    "an extra reply in halves": OWN + b"$5\r\nst",
}


class Bystander:
    """A client that keeps asking and judges every answer."""

    def __init__(self, client, prefix, number, kinds):
        self._client, self._prefix, self._number, self._kinds = client, prefix, number, kinds
        self.answered = self.errors = 0

    def ask(self, turn):
        key = b"%s:%d:%d" % (self._prefix, self._number, turn)
        forms = {b"INCR": (key,), b"MGET": (key, key + b"'"), b"SET": (key, b"x"), b"GET": (key,)}
        requests = [(kind, *forms[kind]) for kind in self._kinds]
        for request, reply in zip(requests, self._client.pipeline(*requests)):
            self._judge(request, reply)

    def _judge(self, request, reply):
        if isinstance(reply, Error):
            assert bytes(reply) in (LOST, UNAVAILABLE, BUSY), f"{request}: {reply!r}"
            self.errors += 1
            return
        honest = {b"INCR": lambda: honest_number(request[1]), b"SET": lambda: b"OK", b"GET": lambda: honest_value(request[1]),
                  b"MGET": lambda: [honest_value(key) for key in request[1:]]}[request[0]]()
        assert reply == honest, f"{request} was answered with {reply!r}"
        self.answered += 1


class HostileCase(unittest.TestCase):
    changes = {}
    bystanders_ask = (b"INCR", b"MGET", b"INCR", b"SET", b"MGET")  # whose replies alternate in kind

    @classmethod
    def setUpClass(cls):
        cls.directory = Directory()
        cls.addClassCleanup(cls.directory.remove)
        cls.server = ScriptedServer(cls.directory)
        cls.addClassCleanup(cls.server.stop)
        cls.gate = Respgate(cls.directory, cls.server, USERS, {"workers": 1, **cls.changes})
        cls.addClassCleanup(cls.gate.stop)

    def setUp(self):
        self.server.behave()
        self.alice = self.gate.client("alice", "alice-secret")
        self.addCleanup(self.alice.close)
        self.wait_until_served()
        self.bystanders = [Bystander(self._connect(user), user[:1].encode(), n, self.bystanders_ask)
                           for n, user in enumerate(["alice", "bob"] * 4)]

    def _connect(self, user):
        client = self.gate.client(user, f"{user}-secret")
        self.addCleanup(client.close)
        return client

    def tearDown(self):
        self.server.behave()
        self.gate.assert_alive()
        self.wait_until_served()

    def wait_until_served(self):
        with self.gate.client("alice", "alice-secret") as client:
            wait_until(lambda: client.call("GET", "a:well") == honest_value(b"a:well"), "the proxy serves honestly again")

    def desyncs(self):
        return self.gate.metrics().value("respgate_lane_desyncs_total")

    def misbehave_once(self, answer):
        """The first request for the bad key is given to `answer(connection)`, all others to honesty."""
        pending = [answer]

        def on_request(connection, words):
            if BAD_KEY not in words or not pending:
                return False
            pending.pop()(connection)
            return True
        self.server.on_request = on_request

    def ask_amid_bystanders(self, *words):
        """Alice's reply to `words` (None when she was closed), while everybody asks at once; all judged."""
        threads = [threading.Thread(target=self._collect, args=(bystander,)) for bystander in self.bystanders]
        self.failures = []
        for thread in threads:
            thread.start()
        try:
            reply = self.alice.call(*(words or ("GET", BAD_KEY)))
        except Closed:
            reply = None
        for thread in threads:
            thread.join()
        self.assertEqual(self.failures, [])
        return reply

    def _collect(self, bystander):
        try:
            for turn in range(20):
                bystander.ask(turn)
        except Exception as failure:  # a thread's failure must reach the test
            self.failures.append(repr(failure))


class ImpossibleReplyTest(HostileCase):
    def test_every_impossible_reply_closes_the_lane_and_reaches_nobody(self):
        for name, wire in IMPOSSIBLE.items():
            with self.subTest(name):
                before = self.desyncs()
                self.misbehave_once(lambda connection, wire=wire: connection.write(wire))
                reply = self.ask_amid_bystanders()
                if isinstance(reply, Error):
                    self.assertEqual(bytes(reply), LOST)
                else:
                    self.assertEqual(reply, honest_value(BAD_KEY))
                wait_until(lambda: self.desyncs() > before, "the desync is counted")
                self.wait_until_served()

    def test_every_impossible_reply_on_a_quiet_lane_gives_its_asker_an_error_or_its_own(self):
        for name, wire in IMPOSSIBLE.items():
            with self.subTest(name):
                before = self.desyncs()
                self.misbehave_once(lambda connection, wire=wire: connection.write(wire))
                reply = self.alice.call("GET", BAD_KEY)
                self.assertIn(bytes(reply), (LOST, honest_value(BAD_KEY)))
                wait_until(lambda: self.desyncs() > before, "the desync is counted")
                self.assertIn(self.alice.call("INCR", "a:next"), (honest_number(b"a:next"), UNAVAILABLE, LOST))
                self.wait_until_served()

    def test_an_extra_reply_on_a_quiet_lane_is_never_the_answer_to_the_next_request(self):
        for extra in (bulk(b"stray"), b"$-1\r\n", OWN, b"+OK\r\n", b"-ERR stray\r\n"):
            with self.subTest(extra):
                before = self.desyncs()
                self.misbehave_once(lambda connection, extra=extra: connection.write(OWN + extra))
                self.assertIn(self.alice.call("GET", BAD_KEY), (honest_value(BAD_KEY), LOST))
                wait_until(lambda: self.desyncs() > before, "the lane with the extra reply is closed")
                self.assertIn(self.alice.call("GET", "a:next"), (honest_value(b"a:next"), UNAVAILABLE, LOST))
                self.wait_until_served()

    def test_an_unasked_reply_long_after_the_last_request_closes_the_lane(self):
        before = self.desyncs()
        connections = [connection for connection in self.server.connections if connection.requests]
        connections[-1].write(bulk(b"stray"))
        wait_until(lambda: self.desyncs() > before, "the desync is counted")
        self.assertIn(self.alice.call("GET", "a:next"), (honest_value(b"a:next"), UNAVAILABLE))

    def test_a_missing_reply_is_noticed_by_the_kind_of_the_next(self):
        before = self.desyncs()
        self.misbehave_once(lambda connection: None)
        replies = self.alice.pipeline(("GET", BAD_KEY), ("INCR", "a:1"), ("GET", "a:2"))
        self.assertEqual([bytes(reply) for reply in replies], [LOST] * 3)
        self.assertGreater(self.desyncs(), before)

    def test_an_array_of_the_wrong_length_is_given_to_nobody(self):
        for wire in (b"*3\r\n" + OWN * 3, b"*1\r\n" + OWN, b"*0\r\n", b"*-1\r\n"):
            with self.subTest(wire):
                self.misbehave_once(lambda connection, wire=wire: connection.write(wire))
                self.assertEqual(bytes(self.ask_amid_bystanders("MGET", BAD_KEY, "a:2")), LOST)
                self.wait_until_served()

    def test_nesting_and_counts_are_bounded_where_any_array_would_do(self):
        for wire in (b"*1\r\n" * 100000 + b":1\r\n", b"*1000000000\r\n", b"*1\r\n*1\r\n$-7\r\n"):
            with self.subTest(wire[:40]):
                self.misbehave_once(lambda connection, wire=wire: connection.write(wire))
                self.assertEqual(bytes(self.alice.call("LRANGE", BAD_KEY, "0", "-1")), LOST)
                self.wait_until_served()


class HonestButHardTest(HostileCase):
    def test_a_reply_in_single_bytes_arrives_whole(self):
        def trickle(connection):
            for byte in OWN:
                connection.write(bytes([byte]))
        self.misbehave_once(trickle)
        self.assertEqual(self.ask_amid_bystanders(), honest_value(BAD_KEY))
        self.assertEqual(sum(bystander.errors for bystander in self.bystanders), 0)

    def test_a_null_and_an_error_are_passed_on(self):
        for wire, expected in ((b"$-1\r\n", None), (b"-WRONGTYPE Operation against a key\r\n", b"WRONGTYPE Operation against a key")):
            self.misbehave_once(lambda connection, wire=wire: connection.write(wire))
            self.assertEqual(self.ask_amid_bystanders(), expected)
            self.assertEqual(sum(bystander.errors for bystander in self.bystanders), 0)

    def test_a_giant_reply_arrives_whole(self):
        giant = bytes(range(256)) * (16 << 12)
        self.misbehave_once(lambda connection: connection.write(bulk(giant)))
        self.assertEqual(self.ask_amid_bystanders(), giant)
        self.assertEqual(sum(bystander.errors for bystander in self.bystanders), 0)

    def test_a_link_cut_within_a_reply_gives_an_error_and_not_a_byte_of_it(self):
        for cut in (1, 2, 5, len(OWN) - 1):
            with self.subTest(cut):
                def cut_off(connection, cut=cut):
                    connection.write(OWN[:cut])
                    connection.close()
                self.misbehave_once(cut_off)
                self.assertEqual(bytes(self.ask_amid_bystanders()), LOST)
                self.wait_until_served()

    def test_a_link_cut_within_a_giant_reply_ends_in_an_error_or_the_end_of_that_client(self):
        def cut_off(connection):
            connection.write(bulk(b"x" * (16 << 20))[:10 << 20])
            connection.close()
        self.misbehave_once(cut_off)
        reply = self.ask_amid_bystanders()
        self.assertTrue(reply is None or reply == LOST, reply)

    def test_a_late_reply_to_a_client_that_is_gone_reaches_nobody(self):
        asked, released = threading.Event(), threading.Event()
        self.addCleanup(released.set)

        def answer_late(connection):
            asked.set()
            released.wait()  # what others ask on this connection meanwhile is answered after it
            connection.write(OWN)
        self.misbehave_once(answer_late)
        self.alice.send("GET", BAD_KEY)
        self.assertTrue(asked.wait(DEADLINE), "the server has the request")
        self.alice.close()
        clients = [self._connect("bob") for _ in range(4)]
        for n, client in enumerate(clients):
            client.send("GET", f"b:{n}")
        released.set()
        for n, client in enumerate(clients):
            self.assertEqual(client.read(), honest_value(b"b:%d" % n))

    def test_readonly_is_passed_on_and_the_lane_retired_without_a_loss(self):
        self.misbehave_once(lambda connection: connection.write(b"-READONLY You can't write against a read only replica.\r\n"))
        lanes = len(self.server.connections)
        reply = self.ask_amid_bystanders("SET", BAD_KEY, "x")
        self.assertEqual(bytes(reply), b"READONLY You can't write against a read only replica.")
        self.assertEqual(sum(bystander.errors for bystander in self.bystanders), 0)
        self.wait_until_served()
        wait_until(lambda: len(self.server.connections) > lanes, "a new lane is dialled")


class Resp3LaneTest(HostileCase):
    def setUp(self):
        super().setUp()
        self.assertNotIsInstance(self.alice.call("HELLO", "3"), Error)

    def test_a_push_on_a_shared_lane_is_dropped_and_counted_and_the_lane_lives(self):
        before = self.desyncs()
        push = b">2\r\n$10\r\ninvalidate\r\n*1\r\n$3\r\nkey\r\n"
        for wire in (push + OWN, OWN + push, push * 3 + OWN):
            dropped = self.gate.metrics().value("respgate_pushes_dropped_total")
            self.misbehave_once(lambda connection, wire=wire: connection.write(wire))
            self.assertEqual(self.alice.call("GET", BAD_KEY), honest_value(BAD_KEY))
            wait_until(lambda: self.gate.metrics().value("respgate_pushes_dropped_total") == dropped + wire.count(push), "counted")
            self.assertEqual(self.alice.call("GET", "a:next"), honest_value(b"a:next"))
        self.assertEqual(self.desyncs(), before)

    def test_a_null_of_the_other_version_is_refused(self):
        for wire in (b"$-1\r\n", b"*-1\r\n", b"#x\r\n", b"_x\r\n", b",\r\n", b"=3\r\ntxt\r\n", b"%-1\r\n", b"~2\r\n" + OWN * 2):
            with self.subTest(wire):
                self.misbehave_once(lambda connection, wire=wire: connection.write(wire))
                reply = self.alice.call("GET", BAD_KEY)
                self.assertTrue(isinstance(reply, Null) or bytes(reply) == LOST, reply)
                self.alice.close()
                self.alice = self.gate.client("alice", "alice-secret")
                self.alice.call("HELLO", "3")
                wait_until(lambda: self.alice.call("GET", "a:well") == honest_value(b"a:well"), "served again")


class StrictSentinelTest(HostileCase):
    """With `sentinel: {mode: strict}` not even replies of the right kind get through to the wrong client."""

    changes = {"upstream": {"sentinel": {"mode": "strict"}}}
    bystanders_ask = (b"GET", b"INCR", b"GET", b"SET", b"GET")

    def test_replies_too_many_or_too_few_of_a_kind_that_fits_reach_nobody_else(self):
        stray = bulk(b"stray")
        for name, wire in {"one too many": OWN + stray, "three too many": OWN + stray * 3, "an error too many": OWN + b"-ERR extra\r\n",
                           "one too early": stray + OWN, "none": b"", "a null too many": b"$-1\r\n" + OWN}.items():
            with self.subTest(name):
                before = self.desyncs()
                self.misbehave_once(lambda connection, wire=wire: connection.write(wire))
                self.assertIn(bytes(self.ask_amid_bystanders()), (LOST, honest_value(BAD_KEY)))
                wait_until(lambda: self.desyncs() > before, "the desync is counted")
                self.wait_until_served()

    def test_all_is_well_while_the_server_is(self):
        before = self.desyncs()
        self.assertEqual(self.ask_amid_bystanders(), honest_value(BAD_KEY))
        self.assertEqual(sum(bystander.errors for bystander in self.bystanders), 0)
        self.assertEqual(self.desyncs(), before)


class SentinelTest(HostileCase):
    """By default a lane that is off by one unnoticed is found out within an interval."""

    def test_a_reply_too_many_of_a_kind_that_fits_closes_a_busy_lane_soon(self):
        before = self.desyncs()
        pending = [OWN + OWN]

        def on_request(connection, words):
            if words[0] != b"GET" or not pending:
                return False
            connection.write(pending.pop())
            return True
        self.server.on_request = on_request
        clients = [self._connect("bob") for _ in range(4)]
        while self.desyncs() == before:  # bounded by the test's own deadline in CTest
            for client in clients:
                client.send("GET", "b:busy")
            for client in clients:
                client.read()

    # Nothing comes behind the last request of a lane that takes no more.
    def test_a_reply_that_is_missing_on_a_lane_that_retires_does_not_keep_its_client_for_ever(self):
        served = threading.Event()

        def on_request(connection, words):
            if words[1:2] != [b"a:lost"]:
                return False
            if words[0] == b"SET":
                connection.write(b"-READONLY You can't write against a read only replica.\r\n")
            served.set()
            return True  # and to GET nothing
        self.server.on_request = on_request
        before = self.desyncs()
        self.alice.send("GET", "a:lost")
        self.assertTrue(served.wait(DEADLINE))
        writer = self._connect("alice")
        writer.send("SET", "a:lost", "x")
        self.assertEqual(self.alice.read()[:9], b"READONLY ")  # an error fits: all a lane can be told is later
        self.assertEqual(writer.read(), LOST)
        self.assertEqual(self.desyncs(), before + 1)


class GreetingTest(HostileCase):
    """What goes wrong before the first request."""

    changes = {"upstream": {"connect_timeout": "500ms", "credentials": None}}

    def assert_clients_are_told(self, *texts):
        for connection in list(self.server.connections):
            connection.close()
        wait_until(lambda: bytes(self.alice.call("GET", "a:1")) in texts, lambda: f"one of {texts}: {self.alice.call('GET', 'a:1')}")
        for _ in range(5):
            self.assertIn(bytes(self.alice.call("GET", "a:1")), texts + (LOST,))
        self.assertEqual(self.alice.call("PING"), b"PONG")

    def test_bytes_before_any_request(self):
        for wire in (b"-ERR max number of clients reached\r\n", b"-DENIED Redis is running in protected mode\r\n", b"+OK\r\n",
                     bulk(b"stray"), b">1\r\n+x\r\n", b"\0" * 100, b"HTTP/1.1 400 Bad Request\r\n\r\n"):
            with self.subTest(wire):
                def speak_first(connection, wire=wire):
                    connection.write(wire)
                    return False
                self.server.on_accept = speak_first
                self.assert_clients_are_told(UNAVAILABLE)
                self.server.behave()
                self.wait_until_served()

    def test_closed_or_silent_at_once(self):
        held = threading.Event()
        self.addCleanup(held.set)
        for name, on_accept in (("closed", lambda connection: True), ("silent", lambda connection: held.wait() or True)):
            with self.subTest(name):
                self.server.on_accept = on_accept
                self.assert_clients_are_told(UNAVAILABLE)
                held.set()
                self.server.behave()
                self.wait_until_served()


class UpstreamLoginTest(HostileCase):
    @classmethod
    def setUpClass(cls):
        directory = Directory()
        cls.addClassCleanup(directory.remove)
        password = directory.write("password", "upstream-secret\n")
        cls.changes = {"upstream": {"connect_timeout": "500ms", "credentials": {"user": "gate", "password_file": str(password)}}}
        super().setUpClass()

    def test_every_way_to_refuse_or_garble_the_login(self):
        for wire, texts in ((b"-WRONGPASS invalid username-password pair or user is disabled.\r\n", (REFUSED,)),
                            (b"-NOPERM this user has no permissions\r\n", (REFUSED, UNAVAILABLE)),
                            (b"-ERR nonsense\r\n", (REFUSED, UNAVAILABLE)), (b":1\r\n", (UNAVAILABLE,)),
                            (b"-ERR unknown command 'HELLO', with args beginning with: '2' 'AUTH' 'gate' 'upstream-secret' \r\n", (UNAVAILABLE,)),
                            (b"-ERR no upstream-secret here\r\n", (UNAVAILABLE,)),
                            (b"$-1\r\n", (UNAVAILABLE,)), (b"+OK\r\n+OK\r\n+OK\r\n+OK\r\n", (UNAVAILABLE,)), (b"\0\0\r\n", (UNAVAILABLE,))):
            with self.subTest(wire):
                self.server.on_greeting = lambda connection, _, wire=wire: connection.write(wire) or True
                GreetingTest.assert_clients_are_told(self, *texts)
                self.assertNotIn("upstream-secret", self.gate.admin.request("GET", "/readyz")[1])
                self.server.behave()
                self.wait_until_served()
        self.assertNotIn("upstream-secret", self.gate.stderr())


if __name__ == "__main__":
    unittest.main()

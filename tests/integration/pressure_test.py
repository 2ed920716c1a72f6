#!/usr/bin/env python3
"""When there is too much: lanes that are full, servers that are slow, memory that is short, lanes without bound."""

import os
import re
import unittest

from harness.cases import USERS, GateCase
from harness.deadline import wait_until
from harness.observation import resident_bytes
from harness.processes import RedisServer, Respgate
from harness.resp import Error, encode

BUSY = b"ERR respgate: upstream busy"
LOST = b"ERR respgate: upstream connection lost, outcome unknown"
MIB = 1 << 20


class FullLaneTest(GateCase):
    changes = {"workers": 1, "upstream": {"lane_window": 16, "queue_timeout": "300ms"}}

    def test_who_finds_no_room_in_time_is_told_so_and_who_did_is_answered(self):
        clients = [self.connect(user) for user in ("alice", "bob") * 10]
        self.assertEqual(clients[0].call("SET", "a:warm", "x"), b"OK")
        self.server.freeze()
        self.addCleanup(self.server.thaw)
        for n, client in enumerate(clients):
            client.write(b"".join(encode("SET", f"{'ab'[n % 2]}:{n}:{turn}", turn) for turn in range(4)))
        in_flight = "respgate_upstream_in_flight"
        wait_until(lambda: self.gate.metrics().value(in_flight) >= 16, lambda: f"full: {self.gate.metrics().value(in_flight)}")
        self.assertLess(self.gate.metrics().value(in_flight), 16 + 20, "the window is kept, but for one request of each session")
        told = clients[-1].read()
        self.assertEqual(bytes(told), BUSY)
        self.server.thaw()
        replies = [[bytes(client.read()) for _ in range(4)] for client in clients[:-1]] + [[told] + [clients[-1].read() for _ in range(3)]]
        self.assertTrue(all(reply in (b"OK", BUSY) for client in replies for reply in client), replies)
        self.assertGreaterEqual(sum(reply == b"OK" for client in replies for reply in client), 16)
        self.assertEqual([client.call("PING") for client in clients], [b"PONG"] * 20)

    def test_a_short_pause_is_waited_out(self):
        clients = [self.connect("alice") for _ in range(20)]
        self.server.freeze()
        self.addCleanup(self.server.thaw)
        for client in clients:
            client.send("SET", "a:1", "x")
        self.server.thaw()
        self.assertEqual([client.read() for client in clients], [b"OK"] * 20)


class FullDatabaseTest(GateCase):
    changes = {"workers": 1, "upstream": {"lane_window": 1, "queue_timeout": "300ms"}}

    def test_it_is_selected_all_the_same_and_nothing_runs_in_another(self):
        first, late = self.connect("alice"), self.connect("alice")
        self.assertEqual(first.call("SELECT", "3"), b"OK")
        self.server.freeze()
        self.addCleanup(self.server.thaw)
        first.send("INCR", "a:first")
        wait_until(lambda: self.gate.metrics().value("respgate_upstream_in_flight") == 1, "its lane is full")
        late.write(encode("SELECT", "3") + encode("INCR", "a:late"))
        self.assertEqual([bytes(late.read()), bytes(late.read())], [b"OK", BUSY])
        self.server.thaw()
        self.assertEqual(first.read(), 1)
        self.assertEqual(late.pipeline(("EXISTS", "a:late"), ("SELECT", "0"), ("EXISTS", "a:late")), [0, b"OK", 0])


class ResponseTimeoutTest(GateCase):
    changes = {"workers": 1, "upstream": {"response_timeout": "400ms"}}

    def test_a_server_that_answers_too_late_costs_its_requests_an_error_and_nobody_gets_the_late_answer(self):
        alice, bob = self.connect("alice"), self.connect("bob")
        alice.pipeline(("SET", "a:1", "of alice"), ("SET", "a:2", "of alice"))
        self.server.freeze()
        self.addCleanup(self.server.thaw)
        alice.write(encode("GET", "a:1") + encode("GET", "a:2"))
        self.assertEqual([bytes(alice.read()), bytes(alice.read())], [LOST, LOST])
        self.server.thaw()
        wait_until(lambda: bob.call("SET", "b:1", "of bob") == b"OK", "served again")
        self.assertEqual(bob.call("GET", "b:1"), b"of bob")
        self.assertEqual(alice.call("GET", "a:1"), b"of alice")
        self.assertFalse(alice.has_more())


class MemoryTest(GateCase):
    changes = {"workers": 1, "limits": {"memory": "16MiB"}}

    def test_past_the_limit_new_work_is_refused_and_others_go_on(self):
        bob = self.connect("bob")
        self.assertEqual(bob.call("SET", "b:1", "x"), b"OK")
        greedy = [self.connect("alice") for _ in range(4)]
        ended = 0
        for client in greedy:
            try:
                client.write(b"*3\r\n$4\r\nMSET\r\n$3\r\na:1\r\n$%d\r\n" % (64 * MIB) + b"x" * (12 * MIB))  # is kept until it is whole
            except OSError:
                pass  # refused before all of it was taken
        for client in greedy:
            client.half_close()
            try:
                ended += any(isinstance(reply, Error) for reply in client.read_until_closed())
            except OSError:
                ended += 1
        self.assertGreater(ended, 0, "somebody was refused")
        self.assertEqual(bob.call("GET", "b:1"), b"x")
        self.gate.assert_alive()

    def test_what_large_replies_took_is_given_back(self):
        bob = self.connect("bob")
        self.assertEqual(bob.call("SET", "b:big", "x" * MIB), b"OK")
        idle = [self.connect("bob") for _ in range(20)]
        for client in [*idle, *idle]:
            client.send("MGET", "b:big", "b:big")
            self.assertEqual([len(value) for value in client.read()], [MIB, MIB])
        self.assertEqual(bob.call("GET", "b:none"), None)

    def test_answers_of_the_proxys_own_are_refused_past_the_limit_too(self):
        bob = self.connect("bob")
        asking = [self.connect("root") for _ in range(40)]
        for client in asking:  # each asks for two megabytes, and nobody reads
            client.send("COMMAND", "INFO", *["client"] * 1000)
        refused = sum(client.socket.recv(1) == b"-" for client in asking)
        self.assertGreater(refused, 0, "somebody was refused")
        self.assertLess(refused, len(asking), "and somebody served")
        for client in asking:
            client.close()
        wait_until(lambda: bob.call("SET", "b:2", "x") == b"OK", "there is memory again")


class GivenBackTest(GateCase):
    changes = {"workers": 1}

    @unittest.skipIf(os.environ.get("RESPGATE_SANITIZE"), "a sanitizer keeps what is freed")
    def test_what_many_clients_took_at_once_is_given_back_to_the_system(self):
        bob, resident = self.connect("bob"), lambda: resident_bytes(self.gate.process.pid)
        clients = [self.connect("bob") for _ in range(200)]
        value, before = b"x" * 60_000, resident()
        for client in clients:  # half a command each
            client.write(b"*3\r\n$3\r\nSET\r\n$3\r\nb:1\r\n$60000\r\n" + value[:59_000])
        wait_until(lambda: resident() > before + 10 * MIB, lambda: f"it is held: {resident() - before:,}")
        clients.append(self.connect("bob"))  # whose memory lies behind it
        for client in clients[:-1]:
            client.write(value[59_000:] + b"\r\n")
        self.assertEqual([client.read() for client in clients[:-1]], [b"OK"] * 200)
        wait_until(lambda: resident() < before + 4 * MIB, lambda: f"it is given back: {resident() - before:,}")
        self.assertEqual(bob.call("GET", "b:1"), value)


class LanesTest(GateCase):
    changes = {"workers": 1, "upstream": {"max_lanes": 4, "lane_idle": "1s"}}

    def test_lanes_are_bounded_and_idle_ones_go(self):
        clients = []
        for database in range(16):
            client = self.connect("alice")
            clients.append(client)
            reply = client.call("SELECT", database)
            self.assertIn(bytes(reply), (b"OK", BUSY))
            if reply == b"OK":
                self.assertIn(bytes(client.call("SET", "a:1", database)), (b"OK", BUSY))
            self.assertLessEqual(self.gate.metrics().value("respgate_upstream_lanes"), 4)
        wait_until(lambda: self.gate.metrics().value("respgate_upstream_lanes") <= 1, "idle lanes are closed")
        self.assertEqual(clients[0].call("GET", "a:1"), b"0")

    def test_asking_for_databases_that_are_not_there_does_not_cost_a_connection_each(self):
        client, upstream = self.connect("alice"), self.connect_upstream()
        before = self.connections_ever(upstream)
        for database in range(100, 600):
            self.assert_error(client.call("SELECT", database), "ERR DB index is out of range")
        self.assertLess(self.connections_ever(upstream) - before, 250)
        self.assertEqual(client.call("SELECT", 15), b"OK")

    def connections_ever(self, upstream):
        return int(re.search(rb"total_connections_received:(\d+)", bytes(upstream.call("INFO", "stats")))[1])


class SwitchingTest(GateCase):
    """What changes a session's lane waits for the replies before it, and what is behind it goes the new way."""

    def test_versions_databases_and_users_may_change_in_the_middle_of_a_pipeline(self):
        client = self.connect("alice")
        client.write(b"".join(encode(*words) for words in (
            ("GET", "a:none"), ("HELLO", "3"), ("GET", "a:none"), ("SELECT", "7"), ("SET", "a:in7", "seven"), ("HELLO", "2"),
            ("GET", "a:in7"), ("GET", "a:none"), ("SELECT", "0"), ("GET", "a:in7"), ("SELECT", "99"), ("SET", "a:in0", "zero"),
            ("AUTH", "bob", "bob-secret"), ("GET", "a:in0"), ("RESET",), ("GET", "a:in0"))))
        wires = [client.read_with_wire()[1] for _ in range(16)]
        del wires[1], wires[4]  # the maps of HELLO
        noperm = b"-NOPERM this user has no permissions to access one of the keys used as arguments\r\n"
        self.assertEqual(wires, [b"$-1\r\n", b"_\r\n", b"+OK\r\n", b"+OK\r\n", b"$5\r\nseven\r\n", b"$-1\r\n", b"+OK\r\n", b"$-1\r\n",
                                 b"-ERR DB index is out of range\r\n", b"+OK\r\n", b"+OK\r\n", noperm, b"+RESET\r\n",
                                 b"-NOAUTH Authentication required.\r\n"])
        self.assertEqual(self.connect("alice").call("GET", "a:in0"), b"zero")

    def test_many_clients_that_switch_all_the_time_keep_their_order(self):
        clients = [self.connect("alice") for _ in range(10)]
        for client in clients:
            client.call("HELLO", "3")
        for turn in range(30):
            for n, client in enumerate(clients):
                database = (turn + n) % 5
                client.write(encode("SELECT", database) + encode("SET", f"a:{n}", f"{n} {turn}") + encode("GET", f"a:{n}")
                             + encode("ECHO", turn))
            for n, client in enumerate(clients):
                self.assertEqual([client.read() for _ in range(4)], [b"OK", b"OK", f"{n} {turn}".encode(), str(turn).encode()])


class TwoWorkersOneUpstreamTest(GateCase):
    def test_the_upstreams_login_is_the_only_one_it_ever_sees(self):
        password = self.directory.write("upstream-password", "gate-secret\n")
        users = "user default off\nuser gate on >gate-secret ~* &* +@all\n"
        guarded = RedisServer(self.directory, "guarded", users=users)
        self.addCleanup(guarded.stop)
        gate = Respgate(self.directory, guarded, USERS, {"upstream": {"credentials": {"user": "gate", "password_file": str(password)}}},
                        name="behind-login")
        self.addCleanup(gate.stop)
        with gate.client("alice", "alice-secret") as client:
            self.assertEqual(client.pipeline(("SET", "a:1", "x"), ("GET", "a:1")), [b"OK", b"x"])
        with guarded.client().login("gate", "gate-secret") as root:
            self.assertEqual({bytes(field) for line in root.call("CLIENT", "LIST").splitlines() for field in line.split()
                              if field.startswith(b"user=")}, {b"user=gate"})


if __name__ == "__main__":
    unittest.main()

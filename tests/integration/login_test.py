#!/usr/bin/env python3
"""Logging in, changing and ending a session: AUTH, HELLO, RESET, QUIT and what they keep apart."""

import unittest

from harness.cases import GateCase
from harness.deadline import wait_until
from harness.processes import RedisServer, Respgate
from harness.resp import Client, Closed, Error, Map, encode, shape

WRONGPASS = "WRONGPASS invalid username-password pair or user is disabled."
NOAUTH = "NOAUTH Authentication required."


class AuthTest(GateCase):
    def test_both_forms_of_auth_log_in(self):
        client = self.connect()
        self.assert_error(client.call("GET", "a:1"), NOAUTH)
        self.assertEqual(client.call("AUTH", "alice", "alice-secret"), b"OK")
        self.assertEqual(client.call("ACL", "WHOAMI"), b"alice")
        self.assert_error(client.call("AUTH", "default-has-no-password"), WRONGPASS)
        self.assertEqual(client.call("ACL", "WHOAMI"), b"alice")

    def test_every_wrong_login_gets_the_same_answer_and_the_connection_stays(self):
        client = self.connect()
        for user, password in (("alice", "wrong"), ("nobody", "wrong"), ("sleeper", "wrong"), ("sleeper", "sleeper-secret"),
                               ("default", ""), ("", ""), ("alice", ""), ("ALICE", "alice-secret"), ("alice", "x" * 5000),
                               ("nobody", "x" * 5000), (b"alice\0", "alice-secret"), ("alice", b"alice-secret\0")):
            with self.subTest(user=user, password=password[:20]):
                self.assert_error(client.call("AUTH", user, password), WRONGPASS)
                self.assert_error(client.call("HELLO", "3", "AUTH", user, password), WRONGPASS)
        self.assertEqual(client.call("AUTH", "alice", "alice-secret"), b"OK")

    def test_wrong_shapes_of_auth_are_answered_as_the_server_does(self):
        client = self.connect()
        self.assert_error(client.call("AUTH"), "ERR wrong number of arguments for 'auth' command")
        self.assert_error(client.call("AUTH", "a", "b", "c"), "ERR syntax error")

    def test_before_login_only_the_four_commands_of_login_are_answered(self):
        client = self.connect()
        for words in (("GET", "a:1"), ("PING",), ("FLUSHALL",), ("CLIENT", "ID"), ("NOSUCH", "x"), ("ACL", "WHOAMI"), ("COMMAND",)):
            with self.subTest(words):
                self.assert_error(client.call(*words), NOAUTH)
        self.assertEqual(client.call("RESET"), b"RESET")
        self.assert_error(client.call("HELLO"), "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO "
                          "AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at "
                          "the same time")

    def test_auth_is_a_barrier_within_one_packet(self):
        client = self.connect()
        replies = client.pipeline(("GET", "a:1"), ("AUTH", "alice", "alice-secret"), ("SET", "a:1", "of alice"), ("ACL", "WHOAMI"),
                                  ("AUTH", "bob", "bob-secret"), ("GET", "a:1"), ("SET", "b:1", "of bob"), ("ACL", "WHOAMI"),
                                  ("AUTH", "alice", "wrong"), ("ACL", "WHOAMI"), ("GET", "b:1"), ("RESET",), ("GET", "b:1"))
        noperm = b"NOPERM this user has no permissions to access one of the keys used as arguments"
        self.assertEqual(replies, [NOAUTH.encode(), b"OK", b"OK", b"alice", b"OK", noperm, b"OK", b"bob", WRONGPASS.encode(), b"bob",
                                   b"of bob", b"RESET", NOAUTH.encode()])

    def test_a_failed_login_keeps_the_session_as_it_was(self):
        client = self.connect("alice")
        self.assertEqual(client.call("SELECT", "3"), b"OK")
        self.assertEqual(client.call("SET", "a:kept", "here"), b"OK")
        self.assert_error(client.call("AUTH", "bob", "wrong"), WRONGPASS)
        self.assertEqual(client.call("GET", "a:kept"), b"here")

    def test_every_two_way_cut_of_a_login_pipeline_gives_the_same_replies(self):
        wire = encode("AUTH", "alice", "alice-secret") + encode("PING") + b"ECHO inline\r\n" + encode("GET", "b:1")
        for cut in range(1, len(wire)):
            with self.subTest(cut=cut), self.gate.client() as client:
                client.write_cut(wire, [cut])
                self.assertEqual([client.read() for _ in range(3)], [b"OK", b"PONG", b"inline"])
                self.assertIsInstance(client.read(), Error)


class HelloTest(GateCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.alone = RedisServer(cls.directory, "alone", users=cls.users)
        cls.addClassCleanup(cls.alone.stop)

    def compare(self, *words):
        """Sends the same to the server alone and to the proxy, on new connections."""
        with Client(self.alone.path) as server, self.gate.client() as client:
            return server.call(*words), client.call(*words)

    def test_hello_logs_in_switches_and_names(self):
        client = self.connect()
        reply = client.call("HELLO", "3", "AUTH", "alice", "alice-secret", "SETNAME", "worker-7")
        self.assertIsInstance(reply, Map)
        self.assertEqual(reply.get(b"proto"), 3)
        self.assertEqual(reply.get(b"id"), client.call("CLIENT", "ID"))
        self.assertEqual(client.call("CLIENT", "GETNAME"), b"worker-7")
        self.assertEqual(client.call("GET", "a:none").wire, b"_")
        flat = client.call("HELLO", "2")
        self.assertEqual(flat[flat.index(b"proto") + 1], 2)
        self.assertEqual(client.call("GET", "a:none").wire, b"$-1")

    def test_hellos_reply_has_the_servers_shape(self):
        for version in ("2", "3"):
            with self.subTest(version):
                server, proxy = self.compare("HELLO", version, "AUTH", "alice", "alice-secret")
                self.assertEqual(shape(proxy), shape(server))

    def test_what_is_wrong_with_a_hello_is_said_in_the_servers_words(self):
        for words in (("HELLO", "3"), ("HELLO", "4"), ("HELLO", "x"), ("HELLO", "1", "AUTH", "alice", "alice-secret"),
                      ("HELLO", "3", "AUTH", "alice", "wrong"), ("HELLO", "3", "BOGUS"), ("HELLO", "3", "SETNAME")):
            with self.subTest(words):
                server, proxy = self.compare(*words)
                self.assert_error(proxy, server.decode())

    def test_a_hello_with_an_error_anywhere_changes_nothing(self):
        for tail in (("BOGUS",), ("SETNAME", "with space"), ("AUTH", "alice"), ("SETNAME",)):
            with self.subTest(tail), self.gate.client() as client:
                self.assertIsInstance(client.call("HELLO", "3", "AUTH", "alice", "alice-secret", *tail), Error)
                self.assert_error(client.call("GET", "a:1"), NOAUTH)
        with self.gate.client("alice", "alice-secret") as client:
            self.assertIsInstance(client.call("HELLO", "3", "SETNAME", "new-name", "AUTH", "bob", "wrong"), Error)
            self.assertEqual(client.call("CLIENT", "GETNAME"), None)
            self.assertEqual(client.call("GET", "a:none").wire, b"$-1")


class EndTest(GateCase):
    def test_reset_forgets_all_of_the_session(self):
        client = self.connect()
        client.call("HELLO", "3", "AUTH", "alice", "alice-secret", "SETNAME", "name")
        client.call("SELECT", "2")
        client.call("SET", "a:in-two", "x")
        self.assertEqual(client.call("RESET"), b"RESET")
        self.assert_error(client.call("GET", "a:in-two"), NOAUTH)
        client.call("AUTH", "alice", "alice-secret")
        self.assertEqual(client.call("GET", "a:in-two").wire, b"$-1", "database 0 and RESP2 again")
        self.assertEqual(client.call("CLIENT", "GETNAME"), None)

    def test_quit_answers_everything_before_it_then_closes(self):
        client = self.connect("alice")
        client.write(encode("SET", "a:q", "1") + encode("GET", "a:q") + encode("QUIT") + encode("SET", "a:q", "never"))
        self.assertEqual(client.read_until_closed(), [b"OK", b"1", b"OK"])
        self.assertEqual(self.connect_upstream().call("GET", "a:q"), b"1")

    def test_quit_works_before_login(self):
        client = self.connect()
        self.assertEqual(client.call("QUIT"), b"OK")
        self.assertEqual(client.read_until_closed(), [])

    def test_a_half_closed_client_still_gets_its_replies(self):
        client = self.connect("alice")
        client.write(b"".join(encode("SET", f"a:half:{n}", n) + encode("GET", f"a:half:{n}") for n in range(500)))
        client.half_close()
        expected = [word for n in range(500) for word in (b"OK", str(n).encode())]
        self.assertEqual(client.read_until_closed(), expected)

    def test_a_client_that_vanishes_leaves_no_connection_behind(self):
        before = self.gate.metrics().value("respgate_connections", listener="main")
        for _ in range(20):
            client = self.gate.client("alice", "alice-secret")
            client.write(encode("SET", "a:gone", "x" * 100000) * 10)
            client.close()
        wait_until(lambda: self.gate.metrics().value("respgate_connections", listener="main") == before, "the gauge returns")


class BornLoggedInTest(GateCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        sidecar = str(cls.directory / "sidecar.sock")
        group = str(cls.directory / "group.sock")
        cls.sidecar_path, cls.group_path = sidecar, group
        cls.second = Respgate(cls.directory, cls.server, cls.users, {
            "listeners": [{"name": "sidecar", "address": f"unix:{sidecar}", "login_as": "alice"},
                          {"name": "group", "address": f"unix:{group}", "user_group": "tenants"}],
            "users": {"groups": {"tenants": ["alice", "bob"]}}}, name="second")
        cls.addClassCleanup(cls.second.stop)

    def test_a_sidecar_needs_no_password_and_gets_its_users_rights(self):
        with Client(self.sidecar_path) as client:
            self.assertEqual(client.call("ACL", "WHOAMI"), b"alice")
            self.assertEqual(client.call("SET", "a:side", "x"), b"OK")
            self.assertIsInstance(client.call("SET", "b:side", "x"), Error)

    def test_reset_returns_to_the_user_the_connection_was_born_with(self):
        with Client(self.sidecar_path) as client:
            self.assertEqual(client.call("AUTH", "bob", "bob-secret"), b"OK")
            self.assertEqual(client.call("ACL", "WHOAMI"), b"bob")
            self.assertEqual(client.call("RESET"), b"RESET")
            self.assertEqual(client.call("ACL", "WHOAMI"), b"alice")

    def test_only_members_of_the_group_log_in_and_nobody_else_learns_why(self):
        with Client(self.group_path) as client:
            self.assert_error(client.call("AUTH", "root", "root-secret"), WRONGPASS)
            self.assertEqual(client.call("AUTH", "bob", "bob-secret"), b"OK")
        self.assertEqual(self.second.metrics().value("respgate_authentication_failures_total", listener="group", user="root",
                                                     reason="not_in_group"), 1)


class MalformedTest(GateCase):
    ROWS = {
        b"*x\r\n": "invalid multibulk length",
        b"*1048577\r\n": "invalid multibulk length",
        b"*01\r\n": "invalid multibulk length",
        b"*1\r\n:1\r\n": "expected '$', got ':'",
        b"*1\r\n$04\r\nPING\r\n": "invalid bulk length",
        b"*1\r\n$-1\r\n": "invalid bulk length",
        b'GET "unbalanced\r\n': "unbalanced quotes in request",
    }

    def test_a_malformed_request_gets_redis_own_error_after_earlier_replies_then_the_end(self):
        for wire, text in self.ROWS.items():
            with self.subTest(wire), self.gate.client("alice", "alice-secret") as client:
                client.write(encode("SET", "a:m", "1") + encode("GET", "a:m") + wire + encode("GET", "a:m"))
                self.assertEqual(client.read_until_closed(), [b"OK", b"1", f"ERR Protocol error: {text}".encode()])

    def test_a_client_that_just_came_gets_every_reply_before_its_end(self):
        wire = encode("AUTH", "alice", "alice-secret")
        wire += b"".join(encode("SET", "a:m", n) + encode("GET", "a:m") + encode("GET", "b:1") for n in range(80)) + b"*x\r\n"
        for _ in range(150):  # the clock of the proxy's sweeps is not ours: meet it at many moments
            clients = [self.gate.client() for _ in range(10)]
            for client in clients:
                client.write(wire)
            for client in clients:
                self.assertEqual(len(client.read_until_closed()), 1 + 3 * 80 + 1)
                client.close()

    def test_other_clients_do_not_notice(self):
        bystander = self.connect("bob")
        for wire in self.ROWS:
            with self.gate.client() as client:
                client.write(wire)
                client.read_until_closed()
            self.assertEqual(bystander.call("PING"), b"PONG")

    def test_http_is_closed_without_a_word(self):
        for wire in (b"POST / HTTP/1.1\r\n", b"Host: x\r\n", b"host: x\r\n", encode("POST", "/")):
            with self.subTest(wire), self.gate.client() as client:
                client.write(wire)
                self.assertEqual(client.read_until_closed(), [])

    def test_bytes_the_server_would_overlook_never_reach_it(self):
        upstream = self.connect_upstream()
        upstream.call("SET", "smuggled", "no")
        for wire in (b"*1\r\n$4\r\nPINGxx*3\r\n$3\r\nSET\r\n$8\r\nsmuggled\r\n$3\r\nyes\r\n", b"*1\rX$4\r\nPING\r\n"):
            with self.gate.client("root", "root-secret") as client:
                client.write(wire)
                replies = client.read_until_closed()
                self.assertTrue(replies[-1].startswith(b"ERR Protocol error: "), replies)
        self.assertEqual(upstream.call("GET", "smuggled"), b"no")

    def test_empty_requests_are_skipped(self):
        client = self.connect("alice")
        client.write(b"*0\r\n*-1\r\n\r\n" + encode("ECHO", "after"))
        self.assertEqual(client.read(), b"after")

    def test_a_client_cut_off_within_a_request_runs_nothing(self):
        client = self.connect("alice")
        wire = encode("SET", "a:partial", "x" * 1000)
        client.write(wire[:-1])
        client.half_close()
        self.assertRaises(Closed, client.read)
        self.assertEqual(self.connect_upstream().call("EXISTS", "a:partial"), 0)


if __name__ == "__main__":
    unittest.main()

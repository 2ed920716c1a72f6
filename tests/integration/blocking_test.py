#!/usr/bin/env python3
"""Commands that wait: for an element, for other clients, for replicas.  Nobody else waits with them."""

import unittest

from harness.cases import GateCase, USERS
from harness.deadline import wait_until
from harness.processes import RedisServer
from harness.resp import encode


class BlockingCase(GateCase):
    def blocked_upstream(self):
        text = self.connect_upstream().call("INFO", "clients")
        return int(text.split(b"blocked_clients:")[1].split(b"\r\n")[0])

    def wait_until_blocked(self, count):
        wait_until(lambda: self.blocked_upstream() == count, lambda: f"{count} blocked, not {self.blocked_upstream()}")


class BlockingTest(BlockingCase):
    server_over_tcp = True  # for its replica

    def test_every_blocking_command_gets_what_it_waits_for(self):
        other = self.connect("alice")
        for words, feed, answer in (
                (("BLPOP", "a:l", "0"), ("RPUSH", "a:l", "x"), [b"a:l", b"x"]),
                (("BRPOP", "a:l", "0"), ("RPUSH", "a:l", "x"), [b"a:l", b"x"]),
                (("BLMOVE", "a:l", "a:to", "LEFT", "RIGHT", "0"), ("RPUSH", "a:l", "x"), b"x"),
                (("BRPOPLPUSH", "a:l", "a:to", "0"), ("RPUSH", "a:l", "x"), b"x"),
                (("BLMPOP", "0", "1", "a:l", "LEFT"), ("RPUSH", "a:l", "x"), [b"a:l", [b"x"]]),
                (("BZPOPMIN", "a:z", "0"), ("ZADD", "a:z", "1", "x"), [b"a:z", b"x", b"1"]),
                (("BZPOPMAX", "a:z", "0"), ("ZADD", "a:z", "1", "x"), [b"a:z", b"x", b"1"]),
                (("BZMPOP", "0", "1", "a:z", "MIN"), ("ZADD", "a:z", "1", "x"), [b"a:z", [[b"x", b"1"]]]),
                (("XREAD", "BLOCK", "0", "STREAMS", "a:s", "$"), ("XADD", "a:s", "1-1", "f", "v"),
                 [[b"a:s", [[b"1-1", [b"f", b"v"]]]]])):
            with self.subTest(words[0]):
                client = self.connect("alice")
                client.send(*words)
                self.wait_until_blocked(1)
                self.assertFalse(isinstance(other.call(*feed), Exception))
                self.assertEqual(client.read(), answer)
                self.assertEqual(client.call("PING"), b"PONG")

    def test_a_timeout_is_the_servers(self):
        client = self.connect("alice")
        client.send("BLPOP", "a:none", "0.05")
        self.assertEqual(client.read_with_wire()[1], b"*-1\r\n")
        client.call("HELLO", "3")
        client.send("BLPOP", "a:none", "0.05")
        self.assertEqual(client.read_with_wire()[1], b"_\r\n")

    def test_what_is_pipelined_behind_waits_its_turn_and_others_do_not(self):
        client, other = self.connect("alice"), self.connect("alice")
        client.write(encode("BLPOP", "a:q", "0") + encode("SET", "a:after", "1") + encode("GET", "a:after"))
        self.wait_until_blocked(1)
        self.assertEqual(other.call("GET", "a:after"), None)
        self.assertEqual(other.call("RPUSH", "a:q", "x"), 1)
        self.assertEqual([client.read() for _ in range(3)], [[b"a:q", b"x"], b"OK", b"1"])
        self.assertEqual(other.call("DEL", "a:after"), 1)

    def test_a_client_that_leaves_while_blocked_takes_nothing_with_it(self):
        client = self.connect("alice")
        client.send("BLPOP", "a:left", "0")
        self.wait_until_blocked(1)
        client.close()
        self.wait_until_blocked(0)
        other = self.connect("alice")
        self.assertEqual(other.pipeline(("RPUSH", "a:left", "x"), ("LLEN", "a:left"), ("DEL", "a:left")), [1, 1, 1])

    def test_one_that_leaves_with_a_full_window_is_noticed_too(self):
        client = self.connect("alice")
        client.write(encode("BLPOP", "a:left", "0") + encode("GET", "a:x") * 3000)
        self.wait_until_blocked(1)
        client.close()
        self.wait_until_blocked(0)

    def test_one_that_leaves_after_a_protocol_error_is_noticed_too(self):
        client = self.connect("alice")
        client.write(encode("BLPOP", "a:left", "0") + b"*x\r\n")
        self.wait_until_blocked(1)
        client.close()
        self.wait_until_blocked(0)
        other = self.connect("alice")
        self.assertEqual(other.pipeline(("RPUSH", "a:left", "x"), ("LLEN", "a:left"), ("DEL", "a:left")), [1, 1, 1])

    def test_errors_are_the_servers(self):
        client, direct = self.connect("alice"), self.connect_upstream()
        for words in (("BLPOP", "a:l", "x"), ("BLPOP", "a:l", "-1"), ("XREAD", "BLOCK", "x", "STREAMS", "a:s", "$"), ("WAIT", "x", "0")):
            self.assertEqual(client.call(*words), direct.call(*words), words)

    def test_blocked_lanes_are_used_again(self):
        clients = [self.connect("alice") for _ in range(20)]
        before = int(self.connect_upstream().call("INFO", "stats").split(b"total_connections_received:")[1].split(b"\r\n")[0])
        for _ in range(10):
            for client in clients:
                client.send("BLPOP", "a:none", "0.01")
            for client in clients:
                self.assertEqual(client.read(), None)
        after = int(self.connect_upstream().call("INFO", "stats").split(b"total_connections_received:")[1].split(b"\r\n")[0])
        self.assertLessEqual(after - before, 20 + 1)

    def test_a_key_without_rights_is_refused_at_once(self):
        self.assert_error(self.connect("alice").call("BLPOP", "a:l", "b:l", "0"),
                          "NOPERM this user has no permissions to access one of the keys used as arguments")

    def test_wait_covers_what_went_over_other_lanes(self):
        client = self.connect("alice")
        replica = self.replica().client()
        self.addCleanup(replica.close)
        wait_until(lambda: b"state=online" in self.connect_upstream().call("INFO", "replication"), "the replica is there")
        self.assertEqual(client.pipeline(("MULTI",), ("EXEC",))[1], [])  # leaves an idle lane
        for n in range(20):
            self.assertEqual(client.call("SET", "a:w", n), b"OK")
            self.assertEqual(client.call("WAIT", "1", "5000"), 1)
            self.assertEqual(replica.call("GET", "a:w"), str(n).encode())

    def replica(self):
        options = ("--replicaof", f"127.0.0.1 {self.server.port}", "--repl-diskless-sync-delay", "0")
        replica = RedisServer(self.directory, name="replica", options=options)
        self.addCleanup(replica.stop)
        return replica


class LostServerTest(BlockingCase):
    def test_who_only_waits_is_told_and_stays(self):
        client = self.connect("alice")
        client.send("BLPOP", "a:l", "0")
        self.wait_until_blocked(1)
        self.server.kill()
        self.assert_error(client.read(), "ERR respgate: upstream connection lost, outcome unknown")
        for _ in range(20):
            self.assert_error(client.call("BLPOP", "a:l", "0"), "ERR respgate: upstream unavailable")
        self.assertEqual(client.call("PING"), b"PONG")
        self.server.start()
        wait_until(lambda: client.call("BLPOP", "a:l", "0.01") == None, "it goes on")  # noqa: E711 (a null of its own kind)


class RevokedTest(BlockingCase):
    def test_a_blocked_client_that_may_not_any_more_is_cut(self):
        client, other = self.connect("alice"), self.connect("alice")
        client.send("BLPOP", "a:l", "0")
        other.send("BLPOP", "a:other", "0")
        self.wait_until_blocked(2)
        self.gate.users_path.write_text(USERS.replace("~a:*", "~a:other"))
        self.gate.reload()
        self.assertEqual(client.read_until_closed(), [])
        self.wait_until_blocked(1)
        self.connect_upstream().call("RPUSH", "a:other", "x")
        self.assertEqual(other.read(), [b"a:other", b"x"])


class ResponseTimeoutTest(BlockingCase):
    changes = {"upstream": {"response_timeout": "300ms"}}

    def test_a_blocked_command_outlives_it_by_its_own_timeout(self):
        client = self.connect("alice")
        client.send("BLPOP", "a:none", "0.8")
        self.assertEqual(client.read(), None)
        client.send("BLPOP", "a:none", "0.2")
        self.wait_until_blocked(1)
        self.server.freeze()
        try:
            self.assert_error(client.read(), "ERR respgate: upstream connection lost, outcome unknown")
        finally:
            self.server.thaw()


if __name__ == "__main__":
    unittest.main()

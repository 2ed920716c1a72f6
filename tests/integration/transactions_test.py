#!/usr/bin/env python3
"""MULTI, WATCH and EXEC: as by a server, judged twice, and on a lane that is returned clean."""

import unittest

from harness.cases import GateCase, USERS
from harness.deadline import wait_until
from harness.resp import encode


def connections_of(server):
    """How many connections the server has accepted so far."""
    with server.client() as client:
        return int(dict(line.split(b":", 1) for line in client.call("INFO", "stats").split(b"\r\n") if b":" in line)
                   [b"total_connections_received"])


# Each is one conversation; through the proxy it must be answered byte for byte as by the server.
CONVERSATIONS = {
    "a plain transaction": [("MULTI",), ("SET", "a:k", "1"), ("INCR", "a:k"), ("GET", "a:k"), ("EXEC",), ("GET", "a:k")],
    "an empty one": [("MULTI",), ("EXEC",)],
    "one discarded": [("SET", "a:d", "1"), ("MULTI",), ("SET", "a:d", "2"), ("DISCARD",), ("GET", "a:d")],
    "errors inside": [("SET", "a:s", "x"), ("MULTI",), ("INCR", "a:s"), ("SET", "a:s", "y"), ("EXEC",), ("GET", "a:s")],
    "nested": [("MULTI",), ("MULTI",), ("SET", "a:n", "1"), ("EXEC",), ("GET", "a:n")],
    "an unknown command while queueing": [("MULTI",), ("NOSUCH", "x"), ("SET", "a:u", "1"), ("EXEC",), ("GET", "a:u")],
    "a wrong arity while queueing": [("MULTI",), ("SET", "a:u"), ("EXEC",), ("PING",)],
    "EXEC and DISCARD alone": [("EXEC",), ("DISCARD",), ("PING",)],
    "WATCH inside": [("MULTI",), ("WATCH", "a:w"), ("SET", "a:w", "1"), ("EXEC",)],
    "a watched key that stays": [("SET", "a:w", "1"), ("WATCH", "a:w"), ("MULTI",), ("GET", "a:w"), ("EXEC",)],
    "a watched key that changes": [("WATCH", "a:w"), ("SET", "a:w", "2"), ("MULTI",), ("GET", "a:w"), ("EXEC",)],
    "UNWATCH": [("WATCH", "a:w"), ("SET", "a:w", "3"), ("UNWATCH",), ("MULTI",), ("GET", "a:w"), ("EXEC",)],
    "UNWATCH of nothing": [("UNWATCH",)],
    "what the proxy answers": [("MULTI",), ("PING",), ("ECHO", "x"), ("SET", "a:e", "1"), ("PING", "y"), ("CLIENT", "GETNAME"), ("EXEC",)],
    "a name given inside": [("MULTI",), ("CLIENT", "SETNAME", "me"), ("EXEC",), ("CLIENT", "GETNAME")],
    "a name not given after all": [("MULTI",), ("CLIENT", "SETNAME", "me"), ("DISCARD",), ("CLIENT", "GETNAME")],
    "SELECT inside": [("MULTI",), ("SELECT", "3"), ("SET", "a:db", "three"), ("EXEC",), ("GET", "a:db"), ("SELECT", "0"), ("GET", "a:db")],
    "SELECT refused inside": [("MULTI",), ("SELECT", "99"), ("SET", "a:db", "0"), ("EXEC",), ("GET", "a:db")],
    "SELECT while watching": [("WATCH", "a:x"), ("SELECT", "1"), ("SET", "a:x", "1"), ("MULTI",), ("GET", "a:x"), ("EXEC",), ("SELECT", "0")],
    "blocking commands do not block inside": [("MULTI",), ("BLPOP", "a:none", "0"), ("BRPOPLPUSH", "a:none", "a:m", "0"), ("EXEC",)],
    "RESET inside": [("MULTI",), ("SET", "a:r", "1"), ("RESET",)],
    "WAIT": [("SET", "a:wait", "1"), ("WAIT", "0", "10")],
}


class ConversationTest(GateCase):
    def check(self, greeting):
        for name, conversation in CONVERSATIONS.items():
            with self.subTest(name):
                self.connect_upstream().call("FLUSHALL")
                direct, through = self.connect_upstream(), self.connect("alice")
                direct.call(*greeting), through.call(*greeting)
                expected = [(direct.send(*words), direct.read_with_wire()[1])[1] for words in conversation]
                self.connect_upstream().call("FLUSHALL")
                self.assertEqual([(through.send(*words), through.read_with_wire()[1])[1] for words in conversation], expected)
                self.connect_upstream().call("FLUSHALL")
                again = self.connect("alice")
                again.call(*greeting)
                again.write(b"".join(encode(*words) for words in conversation))
                got = [again.read_with_wire()[1] for _ in conversation]
                self.assertEqual(got, expected, "in one packet")

    def test_in_resp2(self):
        self.check(("PING",))

    def test_in_resp3(self):
        self.check(("HELLO", "3"))


class TransactionTest(GateCase):
    def test_a_denied_command_spoils_the_transaction_and_nothing_of_it_runs(self):
        client = self.connect("alice")
        replies = client.pipeline(("MULTI",), ("SET", "a:1", "x"), ("SET", "b:1", "x"), ("CONFIG", "GET", "*"), ("EXEC",), ("GET", "a:1"))
        self.assertEqual(replies[:2], [b"OK", b"QUEUED"])
        self.assert_error(replies[2], "NOPERM this user has no permissions to access one of the keys used as arguments")
        self.assert_error(replies[3], "NOPERM this user has no permissions to run the 'config|get' command")
        self.assert_error(replies[4], "EXECABORT Transaction discarded because of previous errors.")
        self.assertEqual(replies[5], None)

    def test_what_changes_the_session_is_refused_inside(self):
        for words in (("AUTH", "bob", "bob-secret"), ("HELLO", "3"), ("SUBSCRIBE", "a:c"), ("CLIENT", "REPLY", "OFF"),
                      ("CLIENT", "TRACKING", "ON")):
            with self.subTest(words):
                client = self.connect("alice")
                self.assertEqual(client.call("MULTI"), b"OK")
                name = "|".join(words[:2]).lower() if words[0] == "CLIENT" else words[0].lower()
                self.assert_error(client.call(*words), f"ERR respgate: '{name}' is not available inside a transaction")
                self.assert_error(client.call("EXEC"), "EXECABORT Transaction discarded because of previous errors.")
                self.assertEqual(client.call("ACL", "WHOAMI"), b"alice")

    def test_a_transaction_of_a_client_that_leaves_does_not_run(self):
        client = self.connect("alice")
        self.assertEqual(client.pipeline(("MULTI",), ("SET", "a:left", "1")), [b"OK", b"QUEUED"])
        client.close()
        other = self.connect("alice")
        self.assertEqual(other.pipeline(("MULTI",), ("GET", "a:left"), ("EXEC",))[2], [None])

    def test_a_watch_never_reaches_another_client(self):
        first = self.connect("alice")
        self.assertEqual(first.call("WATCH", "a:seen"), b"OK")
        first.close()
        for _ in range(20):
            client = self.connect("alice")
            self.assertEqual(client.pipeline(("SET", "a:seen", "2"), ("MULTI",), ("GET", "a:seen"), ("EXEC",))[3], [b"2"])

    def test_lanes_are_used_again(self):
        clients = [self.connect("alice") for _ in range(10)]
        before = connections_of(self.server)
        for n in range(50):
            for client in clients:
                self.assertEqual(client.pipeline(("MULTI",), ("INCR", "a:n"), ("EXEC",))[1], b"QUEUED")
        self.assertEqual(self.connect_upstream().call("GET", "a:n"), b"500")
        self.assertLessEqual(connections_of(self.server) - before, 10 + 2, "one each at most, and those that ask")

    def test_no_address_of_another_node_is_shown(self):
        client = self.connect("root")
        info = client.call("INFO")
        inside = client.pipeline(("MULTI",), ("INFO",), ("EXEC",))[2][0]
        for text in (info, inside):
            self.assertIn(b"# Replication", text)
            self.assertNotIn(b"tcp_port:", text)


class ReloadTest(GateCase):
    def reload(self, users):
        self.gate.users_path.write_text(users)
        self.gate.reload()

    def test_a_queue_is_judged_again_by_the_policy_of_exec(self):
        client = self.connect("alice")
        self.assertEqual(client.pipeline(("MULTI",), ("SET", "a:1", "x"), ("SET", "a:2", "x")), [b"OK", b"QUEUED", b"QUEUED"])
        self.reload(USERS.replace("~a:*", "~a:1"))
        self.assert_error(client.call("EXEC"), "EXECABORT Transaction discarded because of previous errors.")
        self.assertEqual(client.call("GET", "a:1"), None)
        self.assert_told("key", "a:2", "set")
        self.reload(USERS)

    def assert_told(self, reason, object_, command):
        """What was queued and not run is a denial like others: ACL LOG, counters and audit have it, once."""
        root = self.connect("root")
        newest = root.call("ACL", "LOG", "1")[0]
        entry = dict(zip(newest[::2], newest[1::2]))
        self.assertEqual((entry[b"count"], entry[b"reason"], entry[b"context"], entry[b"object"], entry[b"username"]),
                         (1, reason.encode(), b"multi", object_.encode(), b"alice"))
        self.assertEqual(self.gate.metrics().value("respgate_denied_commands_total", command=command, reason=reason), 1)
        wait_until(lambda: [line for line in self.gate.audit() if line["verdict"] == "denied"], "the audit has it")
        denied = [line for line in self.gate.audit() if line["verdict"] == "denied"]
        self.assertEqual([(line["user"], line["command"], line["reason"]) for line in denied], [("alice", command, reason)])

    def test_a_queue_that_is_still_allowed_runs(self):
        client = self.connect("alice")
        self.assertEqual(client.pipeline(("MULTI",), ("SET", "a:1", "y")), [b"OK", b"QUEUED"])
        self.reload(USERS + "user another on >another-secret +@all\n")
        self.assertEqual(client.call("EXEC"), [b"OK"])
        self.reload(USERS)


class LostServerTest(GateCase):
    def test_a_client_whose_transaction_is_lost_is_told_and_cut(self):
        client = self.connect("alice")
        self.assertEqual(client.pipeline(("MULTI",), ("SET", "a:1", "x")), [b"OK", b"QUEUED"])
        idle = self.connect("alice")
        self.assertEqual(idle.call("PING"), b"PONG")
        self.server.kill()
        self.assertEqual(client.read_until_closed(), [])
        self.assertEqual(idle.call("PING"), b"PONG", "who had no state stays")
        self.server.start()


if __name__ == "__main__":
    unittest.main()

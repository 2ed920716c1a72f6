#!/usr/bin/env python3
"""upstream.per_user_credentials: one user's commands reach the server as that user, and nobody else's do."""

import unittest

from harness.cases import GateCase
from harness.deadline import wait_until
from harness.processes import Directory, RedisServer, Respgate

SERVER_USERS = """\
user default on nopass ~* &* +@all
user gate on >gate-pw ~* &* +@all
user alice-up on >alice-pw ~a:* &a:* +@all -@dangerous
user bob-up on >bob-pw ~b:* &b:* +@all -@dangerous
"""
USERS = """\
user default off
user alice on >alice-secret ~a:* &a:* +@all -@dangerous
user bob on >bob-secret ~b:* &b:* +@all -@dangerous
user carol on >carol-secret ~c:* &c:* +@all -@dangerous
user root on >root-secret ~* &* +@all
"""
READS_A_SECRET = "return redis.call('GET', 'b:secret')"


class OwnIdentityCase(GateCase):
    users = USERS

    @classmethod
    def setUpClass(cls):
        cls.directory = Directory()
        cls.addClassCleanup(cls.directory.remove)
        cls.server = RedisServer(cls.directory, users=SERVER_USERS)
        cls.addClassCleanup(cls.server.stop)
        secret = lambda name: str(cls.directory.write(f"{name}-password", f"{name}-pw\n"))
        cls.logins = {name: {"user": f"{name}-up", "password_file": secret(name)} for name in ("alice", "bob")}
        upstream = {"credentials": {"user": "gate", "password_file": secret("gate")}, "per_user_credentials": cls.logins}
        cls.gate = Respgate(cls.directory, cls.server, cls.users, {"upstream": upstream})
        cls.addClassCleanup(cls.gate.stop)

    def setUp(self):
        upstream = self.connect_upstream()
        upstream.call("FLUSHALL")
        upstream.call("SET", "b:secret", "bobs")

    def assert_cannot_read(self, reply):
        self.assertIn("can't access at least one of the keys", bytes(reply).decode(), reply)

    def users_of_connections(self):
        lines = self.connect_upstream().call("CLIENT", "LIST").decode().splitlines()
        return {dict(word.split("=", 1) for word in line.split() if "=" in word)["user"] for line in lines}


class OwnIdentityTest(OwnIdentityCase):
    def test_shared_lanes_are_shared_by_nobody_else(self):
        self.assertEqual(self.connect("alice").call("SET", "a:1", "x"), b"OK")
        self.assertEqual(self.connect("bob").call("SET", "b:1", "x"), b"OK")
        self.assertEqual(self.connect("carol").call("SET", "c:1", "x"), b"OK")
        self.assertLessEqual({"gate", "alice-up", "bob-up"}, self.users_of_connections())
        # The server's own ACL is the second wall: what the proxy forwards as alice it judges as alice's.
        self.connect_upstream().call("ACL", "SETUSER", "alice-up", "-set")
        self.addCleanup(self.connect_upstream().call, "ACL", "SETUSER", "alice-up", "+set")
        self.assertIn(b"NOPERM", bytes(self.connect("alice").call("SET", "a:1", "x")))
        self.assertEqual(self.connect("carol").call("SET", "c:1", "x"), b"OK")

    def test_scripts_are_allowed_and_judged_by_the_server(self):
        alice = self.connect("alice")
        self.assertEqual(alice.call("EVAL", "return redis.call('SET', KEYS[1], 'x')", "1", "a:1"), b"OK")
        self.assert_cannot_read(alice.call("EVAL", READS_A_SECRET, "0"))
        self.assert_error(self.connect("carol").call("EVAL", READS_A_SECRET, "0"), "NOPERM respgate: scripts are limited to unrestricted users")
        self.assertEqual(self.connect("bob").call("EVAL", READS_A_SECRET, "0"), b"bobs")

    def test_what_concerns_everybodys_scripts_stays_closed(self):
        for words in (("SCRIPT", "FLUSH"), ("FUNCTION", "FLUSH"), ("SCRIPT", "KILL")):
            self.assert_error(self.connect("alice").call(*words), "NOPERM respgate: scripts are limited to unrestricted users")

    def test_a_session_that_logs_in_as_another_changes_lanes_in_order(self):
        client = self.connect("alice")
        script = ("EVAL", READS_A_SECRET, "0")
        replies = client.pipeline(("SET", "a:1", "x"), script, ("AUTH", "bob", "bob-secret"), ("SET", "b:1", "x"), script, ("GET", "a:1"))
        self.assertEqual(replies[0], b"OK")
        self.assert_cannot_read(replies[1])
        self.assertEqual(replies[2:5], [b"OK", b"OK", b"bobs"])
        self.assert_error(replies[5], "NOPERM this user has no permissions to access one of the keys used as arguments")

    def test_whoever_holds_state_on_a_lane_loses_it_with_the_login(self):
        client = self.connect("alice")
        self.assertEqual(client.call("WATCH", "a:1"), b"OK")
        self.assertEqual(client.call("AUTH", "bob", "bob-secret"), b"OK")
        self.assertEqual(client.read_until_closed(), [])
        again = self.connect("alice")
        self.assertEqual(again.call("WATCH", "a:1"), b"OK")
        self.assertEqual(again.call("AUTH", "alice", "alice-secret"), b"OK")
        self.assertEqual(again.pipeline(("MULTI",), ("SET", "a:1", "y"), ("EXEC",)), [b"OK", b"QUEUED", [b"OK"]])

    def test_blocking_and_transactions_travel_as_the_user(self):
        alice = self.connect("alice")
        self.assertEqual(alice.pipeline(("MULTI",), ("SET", "a:1", "x"), ("EXEC",)), [b"OK", b"QUEUED", [b"OK"]])
        alice.send("BLPOP", "a:list", "0")
        blocked = lambda: [line for line in self.connect_upstream().call("CLIENT", "LIST").decode().splitlines() if "cmd=blpop" in line]
        wait_until(blocked, "it is blocked")
        self.assertIn("user=alice-up", blocked()[0])
        self.connect("root").call("RPUSH", "a:list", "x")
        self.assertEqual(alice.read(), [b"a:list", b"x"])

    def test_one_identity_that_is_refused_does_not_hurt_the_others(self):
        self.connect_upstream().call("ACL", "SETUSER", "bob-up", "resetpass", ">other")
        self.connect_upstream().call("CLIENT", "KILL", "USER", "bob-up")
        refused = b"ERR respgate: upstream refused the proxy's credentials"
        wait_until(lambda: self.connect("bob").call("GET", "b:secret") == refused, "bob's lanes are refused")
        self.assertEqual(self.gate.admin.status("/readyz"), 200)
        alice = self.connect("alice")
        for _ in range(20):
            self.connect("bob").pipeline(("GET", "b:secret"), ("MULTI",))
            self.assertEqual(alice.pipeline(("MULTI",), ("SET", "a:1", "x"), ("EXEC",)), [b"OK", b"QUEUED", [b"OK"]])
        self.directory.write("bob-password", "other\nbob-pw\n")
        self.gate.reload()
        wait_until(lambda: self.connect("bob").call("GET", "b:secret") == b"bobs", "the password is read again")


class ReloadTest(OwnIdentityCase):
    def setUp(self):
        super().setUp()
        self.own = self.logins
        self.give(**self.own)

    def give(self, **own):
        """These users have logins of their own, from now on."""
        self.gate.config["upstream"]["per_user_credentials"] = own
        self.gate.reconfigure({})

    # Behind who goes everybody has another number: a lane of a number is then another's.
    def test_who_loses_or_gains_a_login_is_seen_as_the_other_from_then_on(self):
        alice, bob, carol = (self.connect(name) for name in ("alice", "bob", "carol"))
        script = ("EVAL", READS_A_SECRET, "0")
        for client, key in ((alice, "a:1"), (bob, "b:1"), (carol, "c:1")):
            self.assertEqual(client.pipeline(("SET", key, "x"), ("WATCH", key)), [b"OK", b"OK"])
        self.give(bob=self.own["bob"])
        self.assertEqual(alice.read_until_closed(), [])  # what she held was on a lane of hers
        alice = self.connect("alice")
        self.assertEqual(alice.pipeline(("MULTI",), ("GET", "a:1"), ("EXEC",)), [b"OK", b"QUEUED", [b"x"]])
        self.assert_error(alice.call(*script), "NOPERM respgate: scripts are limited to unrestricted users")
        self.assertEqual(bob.pipeline(("MULTI",), ("GET", "b:1"), ("EXEC",), script), [b"OK", b"QUEUED", [b"x"], b"bobs"])
        wait_until(lambda: "alice-up" not in self.users_of_connections(), "alice has no lanes any more")
        self.give(**self.own)
        self.assertEqual(alice.call("EVAL", "return redis.call('GET', 'a:1')", "0"), b"x")
        self.assert_cannot_read(alice.call(*script))
        self.assertEqual(carol.pipeline(("MULTI",), ("GET", "c:1"), ("EXEC",)), [b"OK", b"QUEUED", [b"x"]])

    # Scripts are opened to who has a login of his own: they must not run on a lane from before he had it.
    def test_whoever_gains_a_login_runs_nothing_as_the_proxy(self):
        script = ("EVAL", READS_A_SECRET, "0")
        for held in (("WATCH", "a:1"), ("MULTI",), ("SUBSCRIBE", "a:1"), ("CLIENT", "TRACKING", "ON")):
            with self.subTest(held):
                self.give()
                client = self.connect("alice")
                client.call("HELLO", "3")
                client.call(*held)
                self.give(**self.own)
                self.assertEqual(client.read_until_closed(), [])
        self.give()
        blocked = self.connect("alice")
        blocked.send("BLPOP", "a:none", "0")
        wait_until(lambda: "cmd=blpop" in self.connect_upstream().call("CLIENT", "LIST").decode(), "it is blocked")
        self.give(**self.own)
        blocked.send(*script)
        self.connect_upstream().call("RPUSH", "a:none", "x")
        self.assertEqual(blocked.read(), [b"a:none", b"x"])
        self.assert_cannot_read(blocked.read())

    # A lane that is kept over a reload knows logins by numbers that mean others now.
    def test_a_lane_from_before_keeps_its_own_login_whatever_comes(self):
        client = self.connect("bob")
        self.assertEqual(client.call("WATCH", "b:1"), b"OK")
        for others in ({"bob": self.own["bob"], "alice": self.own["alice"]}, {"bob": self.own["bob"]}):
            self.give(**others)
            self.gate.reconfigure({})
            self.assertEqual(client.call("EVAL", READS_A_SECRET, "0"), b"bobs")
        self.give(**self.own)
        self.assertEqual(client.pipeline(("MULTI",), ("GET", "b:secret"), ("EXEC",)), [b"OK", b"QUEUED", [b"bobs"]])

    def test_a_lane_from_before_is_not_taken_over_by_another_login(self):
        client = self.connect("carol")
        self.assertEqual(client.call("WATCH", "c:1"), b"OK")
        self.give()
        self.assertEqual(client.call("AUTH", "alice", "alice-secret"), b"OK")
        self.assertEqual(client.read_until_closed(), [])


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/env python3
"""What the proxy answers itself has the shape of the server's own answer, in both protocol versions.

Words may differ (ids, addresses, the rules as they were written); types, nesting and field names may not.
"""

import unittest

from harness.cases import GateCase
from harness.processes import RedisServer
from harness.resp import Array, Bulk, Error, Map, Simple, shape

# Answers equal to the server's in every byte.
EQUAL = [
    ("PING",), ("PING", "hello"), ("PING", "a", "b"), ("ECHO", "hello"), ("ECHO",), ("ECHO", "a", "b"), ("echo", b"\r\n\0"),
    ("CLIENT", "GETNAME"), ("CLIENT", "SETNAME", "worker"), ("CLIENT", "GETNAME"), ("CLIENT", "SETNAME", "with space"),
    ("CLIENT", "SETNAME", ""), ("CLIENT", "GETNAME"), ("CLIENT",), ("CLIENT", "NOSUCH"), ("CLIENT", "ID", "extra"),
    ("ACL", "WHOAMI"), ("ACL", "USERS"), ("ACL", "CAT", "nosuch"), ("ACL", "GETUSER", "nobody"), ("ACL", "GENPASS", "0"),
    ("ACL", "GENPASS", "4097"), ("ACL", "GENPASS", "x"), ("ACL",), ("ACL", "NOSUCH"), ("ACL", "GETUSER"),
    ("ACL", "DRYRUN", "alice", "GET", "a:1"), ("ACL", "DRYRUN", "alice", "GET", "b:1"), ("ACL", "DRYRUN", "alice", "FLUSHALL"),
    ("ACL", "DRYRUN", "alice", "PUBLISH", "b:1", "x"), ("ACL", "DRYRUN", "alice", "CONFIG", "GET", "x"),
    ("ACL", "DRYRUN", "nobody", "GET", "a:1"), ("ACL", "DRYRUN", "alice", "NOSUCH"), ("ACL", "DRYRUN", "alice", "GET"),
    ("COMMAND", "GETKEYS", "SET", "k", "v"), ("COMMAND", "GETKEYS", "MSET", "a", "1", "b", "2"), ("COMMAND", "GETKEYS", "PING"),
    ("COMMAND", "GETKEYS", "NOSUCH", "x"), ("COMMAND", "GETKEYS", "GET"), ("COMMAND", "GETKEYS", "EVAL", "s", "2", "k1", "k2", "v"),
    ("COMMAND", "GETKEYSANDFLAGS", "GET", "k"), ("COMMAND", "GETKEYSANDFLAGS", "COPY", "a", "b"),
    ("COMMAND", "INFO", "get"), ("COMMAND", "INFO", "nosuch"), ("COMMAND", "INFO", "mget", "nosuch"),
    ("COMMAND", "NOSUCH"), ("SELECT", "x"), ("SELECT", "99"), ("SELECT", "-1"), ("SELECT", "1"), ("SELECT", "0"), ("SELECT",),
    ("nosuch",), ("nosuch", "with", "some", "args"), ("NOSUCH", "x" * 300), ("x" * 300, "y"), (b"with\r\nline", b"and\r\nhere"), ("",),
    ("config|get", "x"), ("CONFIG",), ("CONFIG", "NOSUCH"), ("GET",), ("GET", "a", "b"), ("MSET", "a"), ("OBJECT", "NOSUCH", "k"),
]

# Answers of the server's shape.
ALIKE = [
    ("CLIENT", "ID"), ("CLIENT", "INFO"), ("ACL", "LIST"), ("ACL", "GETUSER", "alice"), ("ACL", "CAT"), ("ACL", "CAT", "string"),
    ("ACL", "GENPASS"), ("ACL", "GENPASS", "5"), ("COMMAND", "COUNT"), ("COMMAND", "LIST"),
    ("COMMAND", "LIST", "FILTERBY", "PATTERN", "xread*"), ("COMMAND", "LIST", "FILTERBY", "ACLCAT", "hash"),
    ("ACL", "HELP"), ("CLIENT", "HELP"), ("COMMAND", "HELP"),
]


class LocalCommandsTest(GateCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.alone = RedisServer(cls.directory, "alone", users=cls.users)
        cls.addClassCleanup(cls.alone.stop)

    def both(self, version):
        """The same session on the server alone and through the proxy, logged in as root."""
        alone, proxied = self.alone.client(), self.connect()
        self.addCleanup(alone.close)
        for client in (alone, proxied):
            self.assertNotIsInstance(client.call("HELLO", version, "AUTH", "root", "root-secret"), Error)
        return alone, proxied

    def test_answers_equal_the_servers_in_every_byte(self):
        for version in ("2", "3"):
            alone, proxied = self.both(version)
            for words in EQUAL:
                with self.subTest(version=version, words=words):
                    alone.send(*words)
                    proxied.send(*words)
                    self.assertEqual(proxied.read_with_wire()[1], alone.read_with_wire()[1])

    def test_answers_have_the_servers_shape(self):
        for version in ("2", "3"):
            alone, proxied = self.both(version)
            for words in ALIKE:
                with self.subTest(version=version, words=words):
                    expected, got = alone.call(*words), proxied.call(*words)
                    if words[-1] == "HELP":
                        self.assertEqual({type(line) for line in got}, {Simple})
                    else:
                        self.assertEqual(shape(got), shape(expected))

    def test_acl_list_and_getuser_speak_of_the_proxys_own_policy(self):
        root = self.connect("root")
        self.assertEqual(root.call("ACL", "USERS"), [b"alice", b"bob", b"default", b"reader", b"root", b"sleeper"])
        lines = root.call("ACL", "LIST")
        self.assertEqual([line.split()[1] for line in lines], [b"alice", b"bob", b"default", b"reader", b"root", b"sleeper"])
        self.assertTrue(lines[0].startswith(b"user alice on "), lines[0])
        self.assertIn(b" ~a:* ", lines[0])

    def test_genpass_gives_hex_of_the_length_asked_for(self):
        root = self.connect("root")
        self.assertRegex(root.call("ACL", "GENPASS").decode(), "^[0-9a-f]{64}$")
        self.assertRegex(root.call("ACL", "GENPASS", "5").decode(), "^[0-9a-f]{2}$")
        self.assertNotEqual(root.call("ACL", "GENPASS"), root.call("ACL", "GENPASS"))

    def test_the_policy_cannot_be_changed_by_a_client(self):
        root = self.connect("root")
        for words in (("ACL", "SETUSER", "eve", "on", "nopass", "+@all", "~*"), ("ACL", "DELUSER", "bob"), ("ACL", "LOAD"),
                      ("ACL", "SAVE")):
            with self.subTest(words):
                self.assertIsInstance(root.call(*words), Error)
        self.assertNotIn(b"eve", root.call("ACL", "USERS"))
        self.assertNotIn(b"eve", self.connect_upstream().call("ACL", "USERS"))

    def test_client_info_shows_ones_own_connection(self):
        self.connect("bob").call("CLIENT", "SETNAME", "of-bob")
        alice = self.connect("alice")
        alice.call("CLIENT", "SETNAME", "of-alice")
        info = alice.call("CLIENT", "INFO").decode()
        fields = dict(field.split("=", 1) for field in info.split())
        self.assertEqual((fields["name"], fields["user"], fields["id"]), ("of-alice", "alice", str(alice.call("CLIENT", "ID"))))

    def test_setinfo_is_accepted_and_shown(self):
        alice = self.connect("alice")
        self.assertEqual(alice.call("CLIENT", "SETINFO", "LIB-NAME", "redis-py"), b"OK")
        self.assertEqual(alice.call("CLIENT", "SETINFO", "lib-ver", "4.3.4"), b"OK")
        self.assertIsInstance(alice.call("CLIENT", "SETINFO", "nosuch", "x"), Error)

    def test_command_shows_what_this_user_may_run(self):
        names = {bytes(entry[0]) for entry in self.connect("reader").call("COMMAND")}
        self.assertIn(b"get", names)
        self.assertNotIn(b"set", names)
        self.assertNotIn(b"flushall", names)
        self.assertEqual(self.connect("reader").call("COMMAND", "COUNT"), len(names))

    def test_command_docs_is_a_map_in_resp3_and_a_flat_array_in_resp2(self):
        resp2, resp3 = self.connect("root"), self.connect()
        resp3.call("HELLO", "3", "AUTH", "root", "root-secret")
        flat, mapped = resp2.call("COMMAND", "DOCS", "get"), resp3.call("COMMAND", "DOCS", "get")
        self.assertEqual((type(flat), type(flat[0]), flat[0]), (Array, Bulk, b"get"))
        self.assertEqual((type(mapped), mapped[0][0]), (Map, b"get"))
        self.assertIsInstance(mapped.get(b"get"), Map)

    def test_databases_are_kept_apart(self):
        client, other = self.connect("alice"), self.connect("alice")
        client.pipeline(("SELECT", "0"), ("SET", "a:db", "zero"), ("SELECT", "5"), ("SET", "a:db", "five"))
        self.assertEqual(other.call("GET", "a:db"), b"zero")
        self.assertEqual(client.call("GET", "a:db"), b"five")
        self.assertEqual(other.pipeline(("SELECT", "5"), ("GET", "a:db"), ("SELECT", "0"), ("GET", "a:db")),
                         [b"OK", b"five", b"OK", b"zero"])

    def test_commands_that_no_shared_proxy_can_pass_are_refused_even_to_root(self):
        root = self.connect("root")
        for words in (("MONITOR",), ("SYNC",), ("PSYNC", "?", "-1"), ("REPLCONF", "ACK", "0"), ("SCRIPT", "DEBUG", "YES")):
            with self.subTest(words):
                name = "script|debug" if words[0] == "SCRIPT" else words[0].lower()
                self.assert_error(root.call(*words), f"ERR respgate: '{name}' is not available through the proxy")
        self.assertEqual(root.call("PING"), b"PONG")

    def test_cluster_answers_as_a_standalone_server(self):
        root = self.connect("root")
        for words in (("CLUSTER", "INFO"), ("CLUSTER", "SLOTS"), ("CLUSTER", "NODES")):
            self.assert_error(root.call(*words), "ERR This instance has cluster support disabled")


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/env python3
"""What the proxy tells of its refusals: ACL LOG as the server tells of its own, INFO with the proxy's numbers."""

import re
import unittest

from harness.cases import USERS, GateCase
from harness.deadline import wait_until
from harness.processes import RedisServer
from harness.resp import Client, Error, Map, Verbatim

FIELDS_70 = [b"count", b"reason", b"context", b"object", b"username", b"age-seconds", b"client-info"]
FIELDS_72 = [*FIELDS_70, b"entry-id", b"timestamp-created", b"timestamp-last-updated"]


def entries(reply):
    """Each entry of ACL LOG as a dict in the order of its fields."""
    return [dict(entry) if isinstance(entry, Map) else dict(zip(entry[::2], entry[1::2])) for entry in reply]


def told(reply):
    """What does not depend on when and where from."""
    return [(entry[b"count"], entry[b"reason"], entry[b"context"], entry[b"object"], entry[b"username"]) for entry in entries(reply)]


def names_in(line):
    return [word.split(b"=")[0] for word in bytes(line).split(b" ")]


def figures(info):
    return dict(line.split(":", 1) for line in bytes(info).decode().split("\r\n") if ":" in line)


def section(info, name):
    """The lines of one section of INFO; None when it is not there."""
    found = re.search(rf"(?:^|\r\n)# {name}\r\n(.*?)(?:\r\n# |\r\n\r\n|$)", bytes(info).decode(), re.DOTALL)
    return found and found[1]


class AclLogTest(GateCase):
    def setUp(self):
        self.root = self.connect("root")
        self.assertEqual(self.root.call("ACL", "LOG", "RESET"), b"OK")
        self.assertEqual(self.root.call("ACL", "LOG"), [])

    def refused(self, *words, user="alice"):
        client = self.connect(user)
        self.assertIsInstance(client.call(*words), Error)

    def test_the_same_refusals_are_told_as_by_the_server(self):
        alone = RedisServer(self.directory, "alone", users=USERS)
        self.addCleanup(alone.stop)

        def provoke(client):
            client.call("AUTH", "alice", "wrong")
            client.call("HELLO", "3", "AUTH", "no such user", "wrong")
            client.login("alice", "alice-secret")
            client.call("AUTH", "bob", "wrong")
            client.pipeline(("FLUSHALL",), ("CONFIG", "GET", "x"), ("GET", "b:1"), ("GET", "b:1"), ("GET", "b:2"), ("set", "b:1", "x"),
                            ("MGET", "a:1", "b:3", "b:4"), ("PUBLISH", "b:news", "x"), ("PSUBSCRIBE", "a:x", "*"))
            client.pipeline(("MULTI",), ("GET", "b:1"), ("GET", "b:1"), ("FLUSHALL",), ("EXEC",))
            client.call("GET", "b:1")

        logs = {}
        for where, address in (("server", alone.path), ("proxy", self.gate.path)):
            with Client(address) as client, Client(address) as reader:
                provoke(client)
                reader.login("root", "root-secret")
                logs[where] = {version: (reader.call("HELLO", version), reader.call("ACL", "LOG", "100"))[1] for version in (2, 3)}
        for version in (2, 3):
            server, proxy = logs["server"][version], logs["proxy"][version]
            self.assertEqual(told(proxy), told(server))
            self.assertGreaterEqual(len(proxy), 10)
            self.assertEqual([type(entry) for entry in proxy], [type(entry) for entry in server])
            for mine, its in zip(entries(proxy), entries(server)):
                self.assertEqual(list(mine), list(its))
                self.assertEqual([type(value) for value in mine.values()], [type(value) for value in its.values()])
                self.assertEqual(names_in(mine[b"client-info"]), names_in(its[b"client-info"]))

    def test_counts_and_shapes_of_the_command_itself(self):
        for n in range(12):
            self.refused("GET", f"b:{n}")
        self.assertEqual(len(self.root.call("ACL", "LOG")), 10)
        self.assertEqual([entry[3] for entry in told(self.root.call("acl", "log", "2"))], [b"b:11", b"b:10"])
        for none in ("0", "-1", "-9223372036854775808"):
            self.assertEqual(self.root.call("ACL", "LOG", none), [])
        self.assert_error(self.root.call("ACL", "LOG", "x"), "ERR value is not an integer or out of range")
        inside = self.root.pipeline(("MULTI",), ("ACL", "LOG", "1"), ("ACL", "LOG", "RESET"), ("ACL", "LOG"), ("EXEC",))[-1]
        self.assertEqual([told(inside[0])[0][3], *inside[1:]], [b"b:11", b"OK", []])

    def test_it_is_the_log_of_all_workers(self):
        clients = [self.connect("alice") for _ in range(16)]  # accepted by either worker
        for client in clients:
            self.assertIsInstance(client.call("GET", "b:1"), Error)
        readers = [self.connect("root") for _ in range(8)]
        for reader in readers:
            self.assertEqual(told(reader.call("ACL", "LOG")), [(16, b"key", b"toplevel", b"b:1", b"alice")])

    def test_only_whom_the_acl_lets_may_look(self):
        text = "NOPERM this user has no permissions to run the 'acl|log' command"
        for user in ("alice", "reader"):
            self.assert_error(self.connect(user).call("ACL", "LOG"), text)
            self.assert_error(self.connect(user).call("ACL", "LOG", "RESET"), text)
        self.assert_error(self.connect().call("ACL", "LOG"), "NOAUTH Authentication required.")
        self.assertEqual({entry[3] for entry in told(self.root.call("ACL", "LOG"))}, {b"acl|log"})

    def test_what_clients_choose_is_escaped_and_cut_and_passwords_are_not_there(self):
        nasty = b"\r\n+OK\r\n\x1b[2J\0\xff\"" + b"n" * 9000
        anonymous = self.connect()
        anonymous.call("AUTH", nasty, b"secret-password")
        anonymous.call("AUTH", b"secret-default-password")
        self.refused("GET", b"b:\x1b]0;x\x07" + b"k" * (1 << 20))
        self.refused(b"NOSUCH\x1b[1m", b"secret-argument")
        log = self.root.call("ACL", "LOG")
        wire = repr(log)
        self.assertEqual(len(log), 4)
        for entry in entries(log):
            for value in (entry[b"object"], entry[b"username"], entry[b"client-info"]):
                self.assertRegex(bytes(value), rb"\A[ -~]*\Z")
                self.assertLess(len(value), 600)
        self.assertNotIn("secret", wire)

    def test_nobody_is_told_of_what_was_let_through_or_not_logged_in(self):
        self.assertIsInstance(self.connect().call("GET", "b:1"), Error)  # NOAUTH
        alice = self.connect("alice")
        alice.call("GET", "a:1")
        alice.call("GET")
        self.root.call("ACL", "DRYRUN", "alice", "GET", "b:1")
        self.assertEqual(self.root.call("ACL", "LOG"), [])


class NewerFieldsTest(GateCase):
    changes = {"commands": {"server_texts": "7.2", "rules": [{"match": ["KEYS"], "action": "deny"}]}}

    def test_an_entry_has_the_fields_of_7_2(self):
        root = self.connect("root")
        for words in (("KEYS", "*"), ("MONITOR",), ("NOSUCH", "x"), ("KEYS", "*")):
            self.assertIsInstance(root.call(*words), Error)
        log = entries(root.call("ACL", "LOG"))
        self.assertEqual([list(entry) for entry in log], [FIELDS_72] * 3)
        self.assertEqual([(entry[b"object"], entry[b"count"], entry[b"entry-id"]) for entry in log],
                         [(b"keys", 2, 0), (b"NOSUCH", 1, 2), (b"monitor", 1, 1)])
        for entry in log:
            self.assertLessEqual(entry[b"timestamp-created"], entry[b"timestamp-last-updated"])


class ObserveTest(GateCase):
    changes = {"enforcement": "observe"}

    def test_what_is_only_observed_was_not_refused(self):
        self.assertEqual(self.connect("alice").call("GET", "b:1"), None)
        root = self.connect("root")
        self.assertEqual(root.call("ACL", "LOG"), [])
        self.assertEqual(figures(root.call("INFO", "stats"))["acl_access_denied_key"], "0")
        self.assertIn("respgate_enforcement:observe", section(root.call("INFO", "respgate"), "Respgate"))


class InfoTest(GateCase):
    METRICS = {
        "acl_access_denied_auth": "respgate_authentication_failures_total",
        "acl_access_denied_cmd": "respgate_command_authorization_failures_total",
        "acl_access_denied_key": "respgate_key_authorization_failures_total",
        "acl_access_denied_channel": "respgate_channel_authorization_failures_total",
    }

    def test_info_metrics_and_acl_log_tell_the_same_numbers(self):
        root = self.connect("root")
        anonymous, alice = self.connect(), self.connect("alice")
        for client, times, words in ((anonymous, 1, ("AUTH", "alice", "wrong")), (alice, 2, ("FLUSHALL",)), (alice, 3, ("GET", "b:1")),
                                     (alice, 4, ("PUBLISH", "b:1", "x")), (alice, 1, ("NOSUCH",))):
            for _ in range(times):
                self.assertIsInstance(client.call(*words), Error)
        stats = figures(root.call("INFO", "stats"))
        metrics = self.gate.metrics()
        for field, metric in self.METRICS.items():
            self.assertEqual(int(stats[field]), metrics.value(metric), field)
        counted = {}
        for count, reason, *_ in told(root.call("ACL", "LOG", "100")):
            counted[reason] = counted.get(reason, 0) + count
        self.assertEqual(counted, {b"auth": 1, b"command": 3, b"key": 3, b"channel": 4})
        self.assertEqual([int(stats[field]) for field in self.METRICS], [1, 3, 3, 4])

    def test_every_selection_of_sections_holds_what_it_should(self):
        root = self.connect("root")
        for asked, has_stats, has_own in ((("INFO",), True, True), (("INFO", "default"), True, True), (("INFO", "all"), True, True),
                                          (("INFO", "everything"), True, True), (("info", "STATS"), True, False),
                                          (("INFO", "server", "stats", "cpu"), True, False), (("INFO", "respgate"), False, True),
                                          (("INFO", "stats", "Respgate"), True, True), (("INFO", "cpu"), False, False),
                                          (("INFO", "nosuch"), False, False)):
            for version, kind in ((2, "Bulk"), (3, "Verbatim")):
                with self.subTest(asked=asked, version=version):
                    root.call("HELLO", version)
                    reply = root.call(*asked)
                    self.assertEqual(type(reply).__name__, kind)
                    text = bytes(reply[4:] if isinstance(reply, Verbatim) else reply)
                    stats, own = section(text, "Stats"), section(text, "Respgate")
                    self.assertEqual((stats is not None, own is not None), (has_stats, has_own))
                    for field in self.METRICS:
                        self.assertEqual(text.count(field.encode() + b":"), 1 if has_stats else 0)
                        self.assertTrue(not has_stats or field in stats)
                    if has_own:
                        self.assertEqual(text.count(b"# Respgate\r\n"), 1)
                        self.assertTrue(text.endswith(b"\r\n") and not text.startswith(b"\r\n"))

    def test_inside_a_transaction_it_is_the_same(self):
        root = self.connect("root")
        whole, own, cpu = root.pipeline(("MULTI",), ("INFO",), ("INFO", "respgate"), ("INFO", "cpu"), ("EXEC",))[-1]
        self.assertIn("acl_access_denied_auth", section(whole, "Stats"))
        self.assertIn("respgate_version:", section(whole, "Respgate"))
        self.assertEqual(list(figures(own)), list(figures(root.call("INFO", "respgate"))))
        self.assertIsNone(section(cpu, "Respgate"))

    def test_the_section_tells_of_this_proxy(self):
        root = self.connect("root")
        clients = lambda: int(figures(root.call("INFO", "respgate"))["respgate_connected_clients"])
        wait_until(lambda: clients() == 1, "those of other tests are gone")
        others = [self.connect("alice") for _ in range(5)]
        own = figures(root.call("INFO", "respgate"))
        self.assertEqual(int(own["respgate_connected_clients"]), 6)
        self.assertEqual((own["respgate_workers"], own["respgate_policy_generation"], own["respgate_enforcement"]), ("2", "1", "enforce"))
        for other in others:
            other.close()
        wait_until(lambda: clients() == 1, "the others are gone")


if __name__ == "__main__":
    unittest.main()

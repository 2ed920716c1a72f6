#!/usr/bin/env python3
"""What a reload can change while clients are connected, and what it leaves alone when it cannot."""

import json
import os
import socket
import unittest

from harness.cases import USERS, GateCase
from harness.deadline import wait_until
from harness.processes import RedisServer, free_port
from harness.resp import Client, Closed, Error

TOKEN = {"Authorization": "Bearer s3cret"}


def accepts(address):
    try:
        Client(address).close()
    except OSError:
        return False
    return True


class ReloadCase(GateCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        token = cls.directory.write("token", "s3cret\n")
        cls.gate.config["admin"]["token_file"] = str(token)

    def setUp(self):
        self.gate.users_path.write_text(USERS)
        self.gate.reconfigure({})

    def listeners(self, *more, **main):
        """`main` with more keys, and more listeners."""
        return {"listeners": [{**self.gate.config["listeners"][0], **main}, *more]}

    def post_reload(self):
        return self.gate.admin.request("POST", "/reload", TOKEN)

    def unix(self, name):
        return f"unix:{self.directory / name}"


class ListenersTest(ReloadCase):
    def test_one_is_opened_closed_and_comes_back_with_its_counts(self):
        path = str(self.directory / "more.sock")
        more = {"name": "more", "address": f"unix:{path}"}
        stays = self.connect("alice")
        for turn in range(3):
            self.gate.reconfigure(self.listeners(more))
            with Client(path) as client:
                self.assertEqual(client.login("bob", "bob-secret").call("SET", "b:1", turn), b"OK")
            self.gate.reconfigure({})
            self.assertFalse(accepts(path))
            self.assertEqual(self.gate.metrics().value("respgate_connections_total", listener="more"), turn + 1)
            self.assertEqual(stays.call("PING"), b"PONG")

    def test_a_tcp_listener_can_go_and_come_back_at_once(self):
        port = free_port()
        for _ in range(5):
            self.gate.reconfigure(self.listeners({"name": "tcp", "address": f"127.0.0.1:{port}"}))
            with Client(("127.0.0.1", port)) as client:
                self.assertEqual(client.login("alice", "alice-secret").call("PING"), b"PONG")
            self.gate.reconfigure({})
            self.assertFalse(accepts(("127.0.0.1", port)))

    def test_sessions_of_one_that_is_closed_finish_and_leave(self):
        path = str(self.directory / "going.sock")
        self.gate.reconfigure(self.listeners({"name": "going", "address": f"unix:{path}"}))
        client, stays = Client(path).login("alice", "alice-secret"), self.connect("bob")
        self.addCleanup(client.close)
        client.call("SET", "a:1", "x")
        self.server.freeze()
        client.send("GET", "a:1")
        wait_until(lambda: self.gate.metrics().value("respgate_upstream_in_flight") == 1, "one in flight")
        self.gate.reconfigure({})
        self.assertFalse(accepts(path))
        self.server.thaw()
        self.assertEqual(client.read_until_closed(), [b"x"])
        self.assertEqual(stays.call("PING"), b"PONG")

    def test_what_does_not_finish_is_cut_after_the_grace(self):
        path = str(self.directory / "cut.sock")
        self.gate.reconfigure(self.listeners({"name": "cut", "address": f"unix:{path}"}))
        client, stays = Client(path).login("alice", "alice-secret"), self.connect("alice")
        self.addCleanup(client.close)
        client.send("BLPOP", "a:never", 0)
        stays.send("BLPOP", "a:never", 0)
        wait_until(lambda: self.gate.metrics().value("respgate_upstream_in_flight") == 2, "both are blocked")
        self.gate.reconfigure({"shutdown": {"grace": "100ms"}})
        self.assertEqual(client.read_until_closed(), [])
        self.assertEqual(self.connect_upstream().call("RPUSH", "a:never", "x"), 1)
        self.assertEqual(stays.read(), [b"a:never", b"x"])

    def test_another_address_is_another_listener_of_the_same_name(self):
        one, two = str(self.directory / "one.sock"), str(self.directory / "two.sock")
        self.gate.reconfigure(self.listeners({"name": "moves", "address": f"unix:{one}"}))
        before = Client(one).login("alice", "alice-secret")
        self.addCleanup(before.close)
        self.gate.reconfigure(self.listeners({"name": "moves", "address": f"unix:{two}"}))
        self.assertEqual(before.read_until_closed(), [])
        self.assertFalse(accepts(one))
        with Client(two) as client:
            self.assertEqual(client.login("alice", "alice-secret").call("PING"), b"PONG")
        self.assertEqual(self.gate.metrics().value("respgate_connections_total", listener="moves"), 2)

    def test_another_name_at_the_same_address_takes_it_over(self):
        port = free_port()
        self.gate.reconfigure(self.listeners({"name": "before", "address": f"127.0.0.1:{port}"}))
        before = Client(("127.0.0.1", port)).login("alice", "alice-secret")
        self.addCleanup(before.close)
        self.gate.reconfigure(self.listeners({"name": "after", "address": f"127.0.0.1:{port}"}))
        self.assertEqual(before.read_until_closed(), [])
        with Client(("127.0.0.1", port)) as client:
            client.login("alice", "alice-secret")
            self.assertEqual(self.gate.metrics().value("respgate_connections", listener="after"), 1)

    def test_limits_and_networks_count_for_the_next_connection(self):
        port = free_port()
        listener = {"name": "tcp", "address": f"127.0.0.1:{port}"}
        self.gate.reconfigure(self.listeners(listener))
        first = Client(("127.0.0.1", port)).login("alice", "alice-secret")
        self.addCleanup(first.close)
        for keys, reason in (({"allow_from": ["10.0.0.0/8"]}, "address"), ({"deny_from": ["127.0.0.0/8"]}, "address"),
                             ({"max_connections": 1}, "max_connections"), ({"max_connections_per_source": 1}, "max_connections")):
            with self.subTest(keys):
                before = self.gate.metrics().value("respgate_connections_refused_total", reason=reason)
                self.gate.reconfigure(self.listeners({**listener, **keys}))
                with Client(("127.0.0.1", port)) as refused:
                    self.assertIn(refused.read_until_closed(), ([], [b"ERR max number of clients reached"]))
                self.assertEqual(self.gate.metrics().value("respgate_connections_refused_total", reason=reason), before + 1)
                self.assertEqual(first.call("PING"), b"PONG", "who is in stays in")

    def test_a_group_and_a_login_count_for_those_who_are_in(self):
        alice, bob, stranger = self.connect("alice"), self.connect("bob"), self.connect()
        self.gate.reconfigure({"users": {"groups": {"team": ["bob"]}}, **self.listeners(user_group="team")})
        self.assertEqual(alice.read_until_closed(), [])
        self.assertEqual(bob.call("PING"), b"PONG")
        self.assertIsInstance(stranger.call("AUTH", "alice", "alice-secret"), Error)
        self.assertEqual(stranger.call("AUTH", "bob", "bob-secret"), b"OK")
        self.gate.reconfigure(self.listeners(login_as="alice"))
        born = self.connect()
        self.assertEqual(born.call("ACL", "WHOAMI"), b"alice")
        self.assertEqual(bob.call("ACL", "WHOAMI"), b"bob", "who logged in stays")
        self.gate.reconfigure({})
        self.assertEqual(born.read_until_closed(), [], "nobody ever proved to be alice")
        self.assertIsInstance(self.connect().call("PING"), Error)


class SettingsTest(ReloadCase):
    def test_a_timeout_counts_for_connections_that_are_open(self):
        client = self.connect("alice")
        self.gate.reconfigure({"limits": {"idle_timeout": "100ms"}})
        self.assertEqual(client.read_until_closed(), [])

    def test_sizes_count_for_the_next_command(self):
        client = self.connect("alice")
        self.gate.reconfigure({"limits": {"max_bulk_bytes": "16KiB"}})
        self.assertEqual(client.call("SET", "a:1", "x" * 16384), b"OK")
        client.write(b"*3\r\n$3\r\nSET\r\n$3\r\na:1\r\n$16385\r\n")
        self.assertEqual(client.read_until_closed(), [b"ERR Protocol error: invalid bulk length"])

    def test_rules_and_enforcement_count_for_the_next_command(self):
        client = self.connect("alice")
        self.assertIn(" enforcement=enforce\n", self.gate.stderr())
        self.assertEqual(client.call("SET", "a:1", "x"), b"OK")
        self.gate.reconfigure({"commands": {"rules": [{"match": ["SET"], "action": "deny"}]}})
        self.assertIsInstance(client.call("SET", "a:1", "x"), Error)
        self.gate.reconfigure({"enforcement": "observe"})
        self.assertEqual(client.call("SET", "b:1", "x"), b"OK")
        self.assertIn(" enforcement=observe\n", self.gate.stderr())

    def test_audited_events_change(self):
        client = self.connect("alice")

        def audited(kind):
            return sum(line["kind"] == kind for line in self.gate.audit())

        before = audited("denied")
        client.call("GET", "b:1")
        wait_until(lambda: audited("denied") == before + 1, "the denial is audited")
        self.gate.reconfigure({"audit": {"events": ["admin", "reload"]}})
        client.call("GET", "b:1")
        reloads = audited("reload")
        self.gate.reconfigure({})
        wait_until(lambda: audited("reload") > reloads, "everything before is written")
        self.assertEqual(audited("denied"), before + 1)

    def test_the_token_and_the_hosts_of_the_admin_port_change(self):
        other = self.directory.write("other-token", "0ther\n")
        changes = {"admin": {"token_file": str(other), "hosts": ["gate.example"]}}
        self.assertEqual(self.gate.admin.request("GET", "/livez", {"Host": "gate.example"})[0], 403)
        self.gate.configure(changes)
        self.assertEqual(self.post_reload(), (200, "reloaded\n"))
        self.assertEqual(self.post_reload()[0], 401)
        self.assertEqual(self.gate.admin.request("POST", "/reload", {"Authorization": "Bearer 0ther"})[0], 200)
        self.assertEqual(self.gate.admin.request("GET", "/livez", {"Host": "gate.example"})[0], 200)


class UpstreamTest(ReloadCase):
    def setUp(self):
        super().setUp()
        self.other = RedisServer(self.directory, name="other")
        self.addCleanup(self.other.stop)
        self.addCleanup(self.gate.reconfigure, {})

    def move(self):
        self.gate.reconfigure({"upstream": {"nodes": [self.other.node]}})

    def test_what_is_in_flight_ends_at_the_old_node_and_the_rest_goes_to_the_new(self):
        client = self.connect("alice")
        client.call("SET", "a:where", "old")
        with self.other.client() as direct:
            direct.call("SET", "a:where", "new")
        self.server.freeze()
        client.send("GET", "a:where")
        wait_until(lambda: self.gate.metrics().value("respgate_upstream_in_flight") == 1, "one in flight")
        self.move()
        client.send("GET", "a:where")
        other = self.connect("alice")
        self.assertEqual(other.call("GET", "a:where"), b"new", "others need not wait")
        self.server.thaw()
        self.assertEqual([client.read(), client.read()], [b"old", b"new"])
        self.assertEqual(list(self.gate.metrics().series("respgate_upstream_lanes")), [
            ("respgate_upstream_lanes", (("node", self.other.node),))])

    def test_a_transaction_ends_where_it_began(self):
        client = self.connect("alice")
        self.assertEqual(client.pipeline(("MULTI",), ("SET", "a:t", "x")), [b"OK", b"QUEUED"])
        self.move()
        self.assertEqual(client.call("EXEC"), [b"OK"])
        with self.server.client() as old, self.other.client() as new:
            self.assertEqual(old.call("GET", "a:t"), b"x")
            self.assertEqual(new.call("EXISTS", "a:t"), 0)
        self.assertEqual(client.pipeline(("MULTI",), ("SET", "a:t", "y"), ("EXEC",)), [b"OK", b"QUEUED", [b"OK"]])
        with self.other.client() as new:
            self.assertEqual(new.call("GET", "a:t"), b"y")

    def test_a_client_blocked_at_the_old_node_is_not_mistaken_for_one_at_the_new(self):
        blocked, root = self.connect("root"), self.connect("root")
        number = blocked.call("CLIENT", "ID")
        blocked.send("BLPOP", "never", 0)
        wait_until(lambda: self.gate.metrics().value("respgate_upstream_in_flight") == 1, "it is blocked")
        self.move()
        self.assertEqual(root.call("CLIENT", "UNBLOCK", number), 0)
        with self.server.client() as old:
            self.assertEqual(old.call("RPUSH", "never", "x"), 1)
        self.assertEqual(blocked.read(), [b"never", b"x"])

    def test_credentials_that_become_right_are_used_at_once(self):
        password = self.directory.write("upstream-password", "wrong\n")
        with self.other.client() as direct:
            direct.call("ACL", "SETUSER", "default", "off")
            direct.call("ACL", "SETUSER", "gate", "on", ">right", "~*", "&*", "+@all")
        upstream = {"nodes": [self.other.node], "credentials": {"user": "gate", "password_file": str(password)}}
        client = self.connect("alice")
        self.gate.reconfigure({"upstream": upstream})
        refused = b"ERR respgate: upstream refused the proxy's credentials"
        wait_until(lambda: client.call("GET", "a:1") == refused, "the text of the contract")
        password.write_text("right\n")
        self.gate.reload()
        wait_until(lambda: client.call("SET", "a:1", "x") == b"OK", "the new password is used")


class CoresTest(GateCase):
    """As many threads as cores: a change of the cores is no change of the configuration."""

    changes = {"workers": None}

    @unittest.skipIf(len(os.sched_getaffinity(0)) < 2, "there is only one core to run on")
    def test_a_core_less_leaves_reloads_possible(self):
        before = json.loads(self.gate.admin.get("/config"))["workers"]
        os.sched_setaffinity(self.gate.process.pid, [min(os.sched_getaffinity(0))])
        for workers in (None, "auto", before):
            with self.subTest(workers):
                self.gate.reconfigure({"workers": workers})
                self.assertEqual(json.loads(self.gate.admin.get("/config"))["workers"], before)
                self.assertEqual(self.connect("alice").call("PING"), b"PONG")


class FailureTest(ReloadCase):
    def assert_nothing_changes(self, changes, *words):
        """The reload fails, says why in these words, and leaves everything as it is."""
        alice = self.connect("alice")
        self.assertIsInstance(alice.call("GET", "b:1"), Error)
        config, before = self.gate.admin.get("/config"), self.gate.metrics()
        self.gate.users_path.write_text(USERS.replace("~a:*", "~*"))
        self.gate.configure(changes)
        status, why = self.post_reload()
        self.assertEqual(status, 500)
        for word in words:
            self.assertIn(word, why)
        self.assertEqual(self.gate.admin.get("/config"), config)
        self.assertIsInstance(alice.call("GET", "b:1"), Error)
        after = self.gate.metrics()
        self.assertEqual(after.value("respgate_reload_success"), 0)
        self.assertEqual(after.value("respgate_reloads_total", result="failure"),
                         before.value("respgate_reloads_total", result="failure") + 1)
        self.assertEqual(set(after), set(before), "no series came or went")
        self.assertIn(words[0], self.gate.stderr())
        wait_until(lambda: any(line["kind"] == "reload" and words[0] in line.get("detail", "") for line in self.gate.audit()), "an audit line")

    def test_every_key_that_needs_a_restart_is_named(self):
        changes = {
            "workers": 3,
            "audit": {"file": str(self.directory / "other.jsonl"), "keys": "plain"},
            "admin": {"address": self.unix("other-admin.sock"), "health_address": self.unix("health.sock")},
            **self.listeners(mode="0660"),
        }
        self.assert_nothing_changes(changes, "workers: cannot change while running: restart to apply", "audit.file: ", "audit.keys: ",
                                    "admin.address: ", "admin.health_address: ", "listeners[0].mode: ")
        for key in ("workers", "audit", "admin"):
            with self.subTest(key):
                self.assert_nothing_changes({key: changes[key]}, f"{key}", "restart to apply")

    def test_an_address_in_use_undoes_the_listeners_before_it(self):
        with socket.socket() as holder:
            holder.bind(("127.0.0.1", 0))
            holder.listen()
            port = free_port()
            listeners = self.listeners({"name": "free", "address": f"127.0.0.1:{port}"},
                                       {"name": "path", "address": self.unix("undone.sock")},
                                       {"name": "taken", "address": f"127.0.0.1:{holder.getsockname()[1]}"})
            self.assert_nothing_changes(listeners, "listeners[3].address: ", "in use")
            self.assertFalse(accepts(("127.0.0.1", port)))
            self.assertFalse((self.directory / "undone.sock").exists())

    def test_faults_in_any_file_are_told_together(self):
        self.gate.users_path.write_text("nonsense\n")
        missing = self.directory / "nosuch"
        self.gate.configure({"upstream": {"credentials": {"user": "gate", "password_file": str(missing)}},
                             "admin": {"token_file": str(missing)}, "workers": 3})
        status, why = self.post_reload()
        self.assertEqual(status, 500)
        for word in (str(self.gate.users_path), "upstream.credentials.password_file", "admin.token_file", "workers"):
            self.assertIn(word, why)

    def test_a_configuration_that_cannot_be_read_at_all_changes_nothing(self):
        self.assert_nothing_changes({"listeners": []}, "listeners")
        self.assert_nothing_changes({"nosuch": 1}, "nosuch")


if __name__ == "__main__":
    unittest.main()

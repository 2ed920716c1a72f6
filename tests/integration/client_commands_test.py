#!/usr/bin/env python3
"""CLIENT LIST, KILL, UNBLOCK and PAUSE reach every client of the proxy, whichever worker it is with; words and shapes are the server's."""

import json
import re
import threading
import unittest

from harness.cases import GateCase, USERS
from harness.deadline import wait_until
from harness.resp import Bulk, Client, Closed, Verbatim, encode

MORE_USERS = USERS + """\
user watcher on >watcher-secret resetchannels -@all +client|list
user keeper on >keeper-secret ~k:* &k:* +@all
"""


def fields_of(line):
    return dict(field.split("=", 1) for field in line.split(" "))


class ClientCommandsCase(GateCase):
    users = MORE_USERS
    changes = {"listeners": [{"name": "main", "address": "127.0.0.1:0"}]}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.port = int(re.search(r"listening name=main .*port=(\d+)", cls.gate.stderr())[1])

    def setUp(self):
        self.direct = self.connect_upstream()

    def connect(self, user=None, worker=None):
        """A client of the proxy; `worker`: one that this worker has."""
        def attempt():
            client = Client(("127.0.0.1", self.port))
            self.addCleanup(client.close)
            if user:
                client.login(user, f"{user}-secret")
            return client if worker is None or self.worker_of(client) == worker else client.close()
        return wait_until(attempt, f"a connection with worker {worker}")

    def everyone(self):
        return json.loads(self.gate.admin.get("/clients"))

    def worker_of(self, client):
        address = "%s:%d" % client.socket.getsockname()
        return next((entry["worker"] for entry in self.everyone() if entry["peer"] == address), None)

    def wait_until_alone(self, count=0):
        wait_until(lambda: len(self.everyone()) == count, lambda: f"{count} clients are left, not {self.everyone()}")

    def upstream_number(self, section, name):
        text = self.direct.call("INFO", section).decode()
        return int(re.search(f"{name}:(\\d+)", text)[1])

    def wait_until_blocked(self, count):
        wait_until(lambda: self.upstream_number("clients", "blocked_clients") == count, f"{count} clients are blocked at the server")

    def assert_closed(self, client):
        self.assertEqual(client.read_until_closed(), [])

    def assert_open(self, client):
        self.assertEqual(client.call("ECHO", "still here"), b"still here")

    def assert_lanes_are_well(self):
        metrics = self.gate.metrics()
        for name in ("respgate_lane_desyncs_total", "respgate_upstream_errors_total"):
            self.assertEqual(sum(metrics.series(name).values()), 0, name)

    def listed(self, client, *filters):
        text = client.call("CLIENT", "LIST", *filters).decode()
        self.assertTrue(text == "" or text.endswith("\n"), text)
        return [fields_of(line) for line in text.splitlines()]


class ListTest(ClientCommandsCase):
    def test_every_client_of_every_worker_is_shown_in_the_order_they_came(self):
        clients = [self.connect("alice", worker) for worker in (0, 1, 0, 1)]
        root = self.connect("root")
        ids = [client.call("CLIENT", "ID") for client in (*clients, root)]
        shown = [int(entry["id"]) for entry in self.listed(root)]
        self.assertEqual(shown, sorted(shown))
        self.assertEqual([id for id in shown if id in ids], ids)

    def test_a_line_tells_what_the_servers_own_line_tells(self):
        watch = self.connect("root"), self.connect_upstream()
        for what, commands in (
                ("fresh", []),
                ("named, in another database", [("CLIENT", "SETNAME", "n1"), ("SELECT", "5"), ("GET", "k")]),
                ("subscribed", [("SUBSCRIBE", "c1"), ("PSUBSCRIBE", "p*"), ("PSUBSCRIBE", "q*"), ("SSUBSCRIBE", "s")]),
                ("subscribed in RESP3", [("HELLO", "3"), ("SUBSCRIBE", "c1"), ("GET", "k")]),
                ("unsubscribed", [("SUBSCRIBE", "c1"), ("UNSUBSCRIBE", "c1"), ("PING",)]),
                ("in MULTI", [("MULTI",), ("SET", "k", "v"), ("INCR", "n"), ("PING",)]),
                ("after EXEC", [("MULTI",), ("SET", "k", "v"), ("EXEC",)]),
                ("after DISCARD", [("MULTI",), ("SET", "k", "v"), ("DISCARD",)]),
                ("tracking", [("HELLO", "3"), ("CLIENT", "TRACKING", "ON")]),
                ("tracking all", [("HELLO", "3"), ("CLIENT", "TRACKING", "ON", "BCAST")]),
                ("not tracking any more", [("HELLO", "3"), ("CLIENT", "TRACKING", "ON"), ("CLIENT", "TRACKING", "OFF")]),
                ("unknown command", [("GET", "k"), ("NOSUCH",)]),
                ("subcommand", [("CONFIG", "GET", "maxmemory")]),
                ("reset", [("SELECT", "3"), ("CLIENT", "SETNAME", "n"), ("MULTI",), ("RESET",), ("AUTH", "root", "root-secret")])):
            lines = []
            for observer, client in zip(watch, (self.connect("root"), self.as_root_upstream())):
                id = client.call("CLIENT", "ID")
                for words in commands:
                    client.call(*words)
                (fields,) = self.listed(observer, "ID", str(id))
                self.assertEqual(int(fields["id"]), id)
                if observer is watch[1]:
                    fields["flags"] = fields["flags"].replace("U", "") or "N"
                lines.append({name: fields[name] for name in ("name", "flags", "db", "sub", "psub", "ssub", "multi", "user", "redir",
                                                              "resp", "cmd")})
                self.assertLess(int(fields["idle"]), 60)
            with self.subTest(what):
                if not commands:
                    self.assertEqual({line.pop("cmd") for line in lines}, {"client|id"})
                self.assertEqual(*lines)

    def as_root_upstream(self):
        client = self.connect_upstream()
        client.call("ACL", "SETUSER", "root", "on", ">root-secret", "~*", "&*", "+@all")
        return client.login("root", "root-secret")

    def test_a_client_that_waits_is_shown_as_waiting(self):
        client, root = self.connect("alice", 0), self.connect("root", 1)
        id = client.call("CLIENT", "ID")
        client.write(encode("BLPOP", "a:l", "0") + encode("GET", "a:x"))
        self.wait_until_blocked(1)
        (fields,) = self.listed(root, "ID", str(id))
        self.assertEqual((fields["flags"], fields["cmd"]), ("b", "blpop"))
        self.assertEqual(root.call("RPUSH", "a:l", "x"), 1)
        self.assertEqual([client.read(), client.read()], [[b"a:l", b"x"], None])
        (fields,) = self.listed(root, "ID", str(id))
        self.assertEqual((fields["flags"], fields["cmd"]), ("N", "get"))

    def test_a_redirection_is_told_in_the_numbers_of_the_proxy(self):
        receiver, tracker, root = self.connect("root", 0), self.connect("root", 1), self.connect("root")
        receiver_id = receiver.call("CLIENT", "ID")
        receiver.call("SUBSCRIBE", "__redis__:invalidate")
        self.assertEqual(tracker.call("CLIENT", "TRACKING", "ON", "REDIRECT", str(receiver_id)), b"OK")
        (fields,) = self.listed(root, "ID", str(tracker.call("CLIENT", "ID")))
        self.assertEqual((fields["flags"], fields["redir"]), ("t", str(receiver_id)))

    def test_what_is_asked_for_inside_multi_is_told_as_the_server_does(self):
        lines = []
        for client in self.connect("root"), self.connect_upstream():
            replies = client.pipeline(("MULTI",), ("PING",), ("CLIENT", "INFO"), ("EXEC",))
            fields = fields_of(replies[-1][1].decode().strip())
            lines.append((fields["flags"].replace("U", ""), fields["multi"], fields["cmd"]))
        self.assertEqual(*lines)

    def test_filters_by_type_and_number(self):
        subscriber, normal, root = self.connect("alice", 0), self.connect("alice", 1), self.connect("root")
        ids = [client.call("CLIENT", "ID") for client in (subscriber, normal)]
        subscriber.call("SUBSCRIBE", "a:c")
        self.assertEqual([int(entry["id"]) for entry in self.listed(root, "TYPE", "PubSub")], ids[:1])
        self.assertNotIn(ids[0], [int(entry["id"]) for entry in self.listed(root, "TYPE", "normal")])
        self.assertIn(ids[1], [int(entry["id"]) for entry in self.listed(root, "TYPE", "normal")])
        for none in ("master", "replica", "slave"):
            self.assertEqual(self.listed(root, "TYPE", none), [])
        asked = [str(id) for id in (*reversed(ids), 999999, ids[0], -1)]
        self.assertEqual([int(entry["id"]) for entry in self.listed(root, "ID", *asked)], list(reversed(ids)))

    def test_the_reply_is_text_in_resp3_and_a_bulk_in_resp2(self):
        root = self.connect("root")
        self.assertIs(type(root.call("CLIENT", "LIST")), Bulk)
        root.call("HELLO", "3")
        self.assertIs(type(root.call("CLIENT", "LIST")), Verbatim)

    def test_the_reply_keeps_its_place_in_a_pipeline(self):
        root = self.connect("root")
        replies = root.pipeline(("SET", "k", "1"), ("CLIENT", "LIST", "TYPE", "master"), ("INCR", "k"), ("CLIENT", "KILL", "ID", "999999"),
                                ("CLIENT", "UNBLOCK", "999999"), ("GET", "k"))
        self.assertEqual(replies, [b"OK", b"", 2, 0, 0, b"2"])

    def test_replies_that_are_not_wanted_are_not_sent(self):
        root, victim = self.connect("root"), self.connect("alice")
        id = victim.call("CLIENT", "ID")
        root.write(encode("CLIENT", "REPLY", "OFF") + encode("CLIENT", "LIST") + encode("CLIENT", "KILL", "ID", str(id)) +
                   encode("CLIENT", "REPLY", "ON"))
        self.assertEqual(root.read(), b"OK")
        self.assert_closed(victim)


class KillTest(ClientCommandsCase):
    def setUp(self):
        super().setUp()
        self.wait_until_alone()
        self.root = self.connect("root", 0)
        self.victims = [self.connect("alice", worker) for worker in (0, 1)]
        self.others = [self.connect("bob", worker) for worker in (0, 1)]

    def address(self, client):
        return "%s:%d" % client.socket.getsockname()

    def id(self, client):
        return str(client.call("CLIENT", "ID"))

    def assert_killed(self, *killed):
        for client in killed:
            self.assert_closed(client)
        for client in {self.root, *self.victims, *self.others} - set(killed):
            self.assert_open(client)

    def test_by_number(self):
        for victim in self.victims:
            self.assertEqual(self.root.call("CLIENT", "KILL", "ID", self.id(victim)), 1)
        self.assert_killed(*self.victims)

    def test_by_address_in_both_forms(self):
        self.assertEqual(self.root.call("CLIENT", "KILL", self.address(self.victims[1])), b"OK")
        self.assertEqual(self.root.call("CLIENT", "KILL", "ADDR", self.address(self.victims[0])), 1)
        self.assert_killed(*self.victims)

    def test_by_the_proxys_own_address_spares_only_who_asks(self):
        self.assertEqual(self.root.call("CLIENT", "KILL", "LADDR", f"127.0.0.1:{self.port}"), 4)
        self.assert_killed(*self.victims, *self.others)

    def test_by_user(self):
        self.assertEqual(self.root.call("CLIENT", "KILL", "USER", "alice"), 2)
        self.assertEqual(self.root.call("CLIENT", "KILL", "USER", "alice"), 0)
        self.assert_killed(*self.victims)

    def test_by_type(self):
        for victim in self.victims:
            victim.call("SUBSCRIBE", "a:c")
        self.assertEqual(self.root.call("CLIENT", "KILL", "TYPE", "pubsub"), 2)
        self.assertEqual([self.root.call("CLIENT", "KILL", "TYPE", none) for none in ("master", "replica", "slave")], [0, 0, 0])
        self.assert_killed(*self.victims)
        self.assertEqual(self.root.call("CLIENT", "KILL", "TYPE", "normal"), 2)
        for other in self.others:
            self.assert_closed(other)

    def test_every_filter_has_to_fit(self):
        kill = ("CLIENT", "KILL", "ID", self.id(self.victims[1]))
        for filters in (("USER", "bob"), ("TYPE", "pubsub"), ("ADDR", self.address(self.victims[0])), ("LADDR", "127.0.0.1:1")):
            self.assertEqual(self.root.call(*kill, *filters), 0, filters)
        self.assert_killed()
        self.assertEqual(self.root.call(*kill, "USER", "alice", "TYPE", "normal", "ADDR", self.address(self.victims[1]), "LADDR",
                                        f"127.0.0.1:{self.port}", "SKIPME", "yes"), 1)
        self.assert_killed(self.victims[1])

    def test_who_asks_is_spared_unless_it_says_otherwise(self):
        own = self.id(self.root)
        self.assertEqual(self.root.call("CLIENT", "KILL", "ID", own), 0)
        self.assertEqual(self.root.call("CLIENT", "KILL", "ID", own, "SKIPME", "YES"), 0)
        self.assert_killed()
        self.root.write(encode("CLIENT", "KILL", "USER", "root", "SKIPME", "no") + encode("SET", "never", "1"))
        self.assertEqual(self.root.read_until_closed(), [1])
        self.assertEqual(self.connect_upstream().call("EXISTS", "never"), 0)

    def test_in_the_old_form_one_may_kill_oneself_as_at_the_server(self):
        self.root.write(encode("CLIENT", "KILL", self.address(self.root)) + encode("PING"))
        self.assertEqual(self.root.read_until_closed(), [b"OK"])
        self.assertTrue(self.gate.process.poll() is None)

    def test_what_one_asked_for_before_killing_oneself_is_answered(self):
        self.root.write(encode("SET", "k", "1") + encode("GET", "k") + encode("CLIENT", "KILL", "ID", self.id(self.root), "SKIPME", "no"))
        self.assertEqual(self.root.read_until_closed(), [b"OK", b"1", 1])

    def test_everyone_at_once(self):
        self.assertEqual(self.root.call("CLIENT", "KILL", "SKIPME", "no", "TYPE", "normal"), 5)
        self.assert_killed(self.root, *self.victims, *self.others)
        self.wait_until_alone()

    def test_whoever_is_gone_when_the_reply_comes_is_gone(self):
        killed = self.connect("alice")
        self.assertEqual(self.root.pipeline(("CLIENT", "KILL", "ID", self.id(killed)), ("CLIENT", "LIST", "ID", self.id(killed)))[0], 1)
        with self.assertRaises((Closed, OSError)):
            killed.call("PING")

    def test_a_client_that_waits_takes_nothing_with_it(self):
        self.victims[1].send("BLPOP", "a:left", "0")
        self.wait_until_blocked(1)
        self.assertEqual(self.root.call("CLIENT", "KILL", "ID", next(
            entry["id"] for entry in self.listed(self.root) if entry["cmd"] == "blpop")), 1)
        self.assert_closed(self.victims[1])
        self.wait_until_blocked(0)
        self.assertEqual(self.root.pipeline(("RPUSH", "a:left", "x"), ("DEL", "a:left")), [1, 1])

    def test_two_who_kill_each_other_do_not_hang(self):
        pairs = [(self.connect("root", 0), self.connect("root", 1)) for _ in range(10)]
        for one, other in pairs:
            ids = self.id(one), self.id(other)
            one.send("CLIENT", "KILL", "ID", ids[1])
            other.send("CLIENT", "KILL", "ID", ids[0])
            replies = []
            for client in (one, other):
                try:
                    replies.append(client.read())
                except (Closed, OSError):
                    pass
            self.assertIn(replies, ([], [1]))


class UnblockTest(ClientCommandsCase):
    def setUp(self):
        super().setUp()
        self.wait_until_alone()
        self.root = self.connect("root", 0)

    def blocked(self, *words, worker=1):
        client = self.connect("root", worker)
        id = str(client.call("CLIENT", "ID"))
        client.send(*words)
        self.wait_until_blocked(1)
        return client, id

    def test_as_by_a_timeout_and_with_an_error_on_the_same_worker_and_on_another(self):
        for worker in (0, 1):
            for reason, wire in (((), b"*-1\r\n"), (("TIMEOUT",), b"*-1\r\n"), (("timeout",), b"*-1\r\n"),
                                 (("ERROR",), b"-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n")):
                for words in (("BLPOP", "l", "0"), ("BZPOPMIN", "z", "0"), ("XREAD", "BLOCK", "0", "STREAMS", "s", "$")):
                    client, id = self.blocked(*words, worker=worker)
                    self.assertEqual(self.root.call("CLIENT", "UNBLOCK", id, *reason), 1)
                    self.assertEqual(client.read_with_wire()[1], wire, (words, reason))
                    self.assert_open(client)
                    client.close()
        self.assert_lanes_are_well()

    def test_wait_is_ended_too(self):
        client, id = self.blocked("WAIT", "3", "0")
        self.assertEqual(self.root.call("CLIENT", "UNBLOCK", id), 1)
        self.assertEqual(client.read(), 0)

    def test_what_is_pipelined_behind_goes_on(self):
        client, id = self.blocked("BLPOP", "l", "0")
        client.write(encode("PING") + encode("BLPOP", "l", "0"))
        self.assertEqual(self.root.call("CLIENT", "UNBLOCK", id), 1)
        self.assertEqual([client.read(), client.read()], [None, b"PONG"])
        self.wait_until_blocked(1)
        self.assertEqual(self.root.call("CLIENT", "UNBLOCK", id, "ERROR"), 1)
        self.assert_error(client.read(), "UNBLOCKED client unblocked via CLIENT UNBLOCK")

    def test_what_the_asker_writes_afterwards_is_not_taken(self):
        for n in range(20):
            client, id = self.blocked("BLPOP", "l", "0", worker=n % 2)
            self.assertEqual(self.root.pipeline(("CLIENT", "UNBLOCK", id), ("RPUSH", "l", "x"), ("DEL", "l")), [1, 1, 1])
            self.assertEqual(client.read(), None)
            client.close()

    def test_who_does_not_wait_is_not_unblocked(self):
        client = self.connect("alice", 1)
        subscriber = self.connect("alice", 1)
        id = subscriber.call("CLIENT", "ID")
        subscriber.call("SUBSCRIBE", "a:c")
        for number in (client.call("CLIENT", "ID"), self.root.call("CLIENT", "ID"), id, 0, -1, 999999, 2**63 - 1):
            self.assertEqual(self.root.call("CLIENT", "UNBLOCK", str(number)), 0, number)
        self.assert_open(client)

    def test_the_servers_own_numbers_mean_nothing(self):
        client, id = self.blocked("BLPOP", "l", "0")
        lines = self.connect_upstream().call("CLIENT", "LIST").decode().splitlines()
        (server_side_id,) = [entry["id"] for entry in map(fields_of, lines) if "b" in entry["flags"]]
        if server_side_id != id:
            self.assertEqual(self.root.call("CLIENT", "UNBLOCK", server_side_id), 0)
        self.assertEqual(self.root.call("CLIENT", "UNBLOCK", id), 1)
        self.assertEqual(client.read(), None)

    def test_lanes_are_used_again(self):
        def received():
            return self.upstream_number("stats", "total_connections_received")
        before = received()
        for _ in range(30):
            client, id = self.blocked("BLPOP", "l", "0")
            self.assertEqual(self.root.call("CLIENT", "UNBLOCK", id), 1)
            self.assertEqual(client.read(), None)
            client.call("PING")
            client.close()
        self.assertLess(received() - before, 10)

    def test_nobody_else_is_unblocked_when_it_comes_too_late(self):
        """UNBLOCK is held up behind a write that a pause holds up, until its target has left its lane and a bystander wants one."""
        victim, id = self.blocked("BLPOP", "none", "0")
        writer, asker, bystander = self.connect("alice", 1), self.connect("root", 0), self.connect("root", 1)
        (lane,) = [entry["id"] for entry in self.listed(self.direct) if "b" in entry["flags"]]
        self.assertEqual(self.root.call("CLIENT", "PAUSE", "1000000", "WRITE"), b"OK")
        try:
            writer.send("SET", "a:k", "v")
            self.wait_until_blocked(2)
            asker.send("CLIENT", "UNBLOCK", id)
            wait_until(lambda: self.gate.metrics().value("respgate_upstream_in_flight") == 3, "UNBLOCK is under way")
            self.assertEqual(self.direct.call("CLIENT", "UNBLOCK", lane), 1)
            self.assertEqual(victim.read(), None)
            bystander.send("XREAD", "BLOCK", "0", "STREAMS", "s", "$")
            self.wait_until_blocked(2)
        finally:
            self.assertEqual(self.root.call("CLIENT", "UNPAUSE"), b"OK")
        self.assertEqual([writer.read(), asker.read()], [b"OK", 0])
        self.assertEqual(self.listed(self.direct, "ID", lane)[0]["flags"].strip("U"), "", "the lane lives and waits for nothing")
        self.assertEqual(self.direct.call("XADD", "s", "1-1", "f", "v"), b"1-1")
        self.assertEqual(bystander.read(), [[b"s", [[b"1-1", [b"f", b"v"]]]]])
        self.assertEqual(self.direct.call("DEL", "s"), 1)
        self.assert_open(victim)

    def test_bystanders_get_what_they_wait_for_while_others_are_unblocked_all_the_time(self):
        stop, troubles = threading.Event(), []
        victims = [(self.connect("root", worker), worker) for worker in (0, 1, 0, 1)]
        ids = [str(victim.call("CLIENT", "ID")) for victim, _ in victims]
        unblocked = [0]

        def guarded(work):
            def run():
                try:
                    while not stop.is_set():
                        work()
                except Exception as error:  # told below
                    troubles.append(repr(error))
                    stop.set()
            return threading.Thread(target=run)

        def end_at_once(victim):
            victim.call("BLPOP", "none", "0.001")

        def unblock(asker):
            unblocked[0] += sum(asker.pipeline(*(("CLIENT", "UNBLOCK", id) for id in ids)))

        threads = [guarded(lambda victim=victim: end_at_once(victim)) for victim, _ in victims]
        threads += [guarded(lambda asker=self.connect("root"): unblock(asker)) for _ in range(2)]
        for thread in threads:
            thread.start()
        bystanders, pusher = [self.connect("root", worker) for worker in (0, 1, 0, 1)], self.direct
        try:
            for n in range(300):
                for index, bystander in enumerate(bystanders):
                    bystander.send("BLPOP", f"wanted:{index}", "0")
                for index, bystander in enumerate(bystanders):
                    pusher.call("RPUSH", f"wanted:{index}", n)
                    self.assertEqual(bystander.read(), [b"wanted:%d" % index, b"%d" % n])
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        self.assertEqual(troubles, [])
        self.assertGreater(unblocked[0], 0)
        self.assert_lanes_are_well()


class RightsAndErrorsTest(ClientCommandsCase):
    def test_errors_are_the_servers(self):
        root, twin = self.connect("root"), self.connect_upstream()
        for words in (
                ("LIST", "TYPE"), ("LIST", "TYPE", "x"), ("LIST", "TYPE", "normal", "ID", "1"), ("LIST", "x"), ("LIST", "ID"),
                ("LIST", "ID", "x"), ("LIST", "ID", "1", "07"), ("LIST", "ID", "1", "9" * 30), ("LIST", "TYPE", "a\r\nb"),
                ("LIST", b"TYPE\0x", "x"), ("LIST", "TYPE", b"nor\0mal"), ("LIST", "TYPE", "x", "y"), ("LIST", "ID", ""),
                ("KILL",), ("KILL", "1.2.3.4:5"), ("KILL", "ID"), ("KILL", ""), ("KILL", "ID", "0"), ("KILL", "ID", "-1"),
                ("KILL", "ID", "x"), ("KILL", "ID", "9" * 30), ("KILL", "ID", "999999", "ID"), ("KILL", "TYPE", "x"),
                ("KILL", "USER", "nosuch"), ("KILL", "USER", "no such\nuser"), ("KILL", "SKIPME", "maybe"), ("KILL", "SKIPME", ""),
                ("KILL", "NOSUCH", "x"), ("KILL", "MAXAGE", "1"), ("KILL", "ID", "x", "TYPE", "y"), ("KILL", "TYPE", "y", "ID", "x"),
                ("KILL", "ADDR", "1.2.3.4:5", "LADDR", "1.2.3.4:5"), ("KILL", "TYPE", "master"), ("KILL", "TYPE", b"slave\0"),
                ("UNBLOCK",), ("UNBLOCK", "x"), ("UNBLOCK", ""), ("UNBLOCK", "1.5"), ("UNBLOCK", "1", "x"), ("UNBLOCK", "x", "y"),
                ("UNBLOCK", "x", "ERROR"), ("UNBLOCK", "1", "ERROR", "x"), ("UNBLOCK", "999999", "timeout"),
                ("PAUSE",), ("PAUSE", "x"), ("PAUSE", "1", "x"), ("PAUSE", "-1"), ("UNPAUSE", "x"), ("UNPAUSE",), ("NOSUCH",)):
            with self.subTest(words):
                root.send("CLIENT", *words)
                twin.send("CLIENT", *words)
                self.assertEqual(root.read_with_wire()[1], twin.read_with_wire()[1])

    def test_who_may_not_is_told_so_as_by_the_server(self):
        self.connect_upstream().call("ACL", "SETUSER", "alice", "on", ">alice-secret", "~a:*", "&a:*", "+@all", "-@admin", "-@dangerous")
        client, twin = self.connect("alice"), self.connect_upstream().login("alice", "alice-secret")
        for words in (("LIST",), ("KILL", "ID", "1"), ("UNBLOCK", "1"), ("PAUSE", "1"), ("UNPAUSE",)):
            with self.subTest(words):
                reply = client.call("CLIENT", *words)
                self.assertEqual(reply, twin.call("CLIENT", *words))
                self.assertTrue(reply.startswith(b"NOPERM"), reply)

    def test_a_grant_is_for_the_one_subcommand(self):
        alice, watcher = self.connect("alice"), self.connect("watcher")
        self.assertIn("alice", [entry["user"] for entry in self.listed(watcher)])
        self.assert_error(watcher.call("CLIENT", "KILL", "USER", "alice"),
                          "NOPERM this user has no permissions to run the 'client|kill' command")
        self.assert_open(alice)

    def test_inside_multi_they_are_refused(self):
        root = self.connect("root")
        for words in (("LIST",), ("KILL", "ID", "1"), ("UNBLOCK", "1")):
            self.assertEqual(root.call("MULTI"), b"OK")
            self.assert_error(root.call("CLIENT", *words),
                              f"ERR respgate: 'client|{words[0].lower()}' is not available inside a transaction")
            self.assertTrue(root.call("EXEC").startswith(b"EXECABORT"))

    def test_a_client_that_is_not_logged_in_is_nobodys(self):
        self.connect()
        root = self.connect("root")
        self.assertIn("(none)", [entry["user"] for entry in self.listed(root)])
        self.assertEqual(root.call("CLIENT", "KILL", "USER", "default"), 0)


class RenamedTest(ClientCommandsCase):
    server_options = ("--rename-command", "CLIENT", "hidden-client")
    changes = {**ClientCommandsCase.changes, "upstream": {"command_names": {"CLIENT": "hidden-client"}}}

    def test_the_server_is_asked_by_the_name_it_knows(self):
        client, root = self.connect("root"), self.connect("root")
        id = client.call("CLIENT", "ID")
        client.send("BLPOP", "l", "0")
        self.wait_until_blocked(1)
        self.assertEqual(root.call("CLIENT", "UNBLOCK", str(id)), 1)
        self.assertEqual(client.read(), None)


class PauseTest(ClientCommandsCase):
    server_over_tcp = True

    def test_writes_wait_until_the_pause_is_over_and_lanes_survive_it(self):
        root, writers = self.connect("root"), [self.connect("alice", worker) for worker in (0, 1)]
        lanes = self.gate.metrics().value("respgate_upstream_lanes")
        self.assertEqual(root.call("CLIENT", "PAUSE", "1000000", "WRITE"), b"OK")
        try:
            for n, writer in enumerate(writers):
                writer.write(encode("SET", f"a:{n}", "x") + encode("GET", f"a:{n}") + encode("GET", "a:none"))
            self.wait_until_blocked(len(writers))
            self.assertFalse(any(writer.has_more() for writer in writers))
        finally:
            self.assertEqual(root.call("CLIENT", "UNPAUSE"), b"OK")
        for writer in writers:
            self.assertEqual([writer.read() for _ in range(3)], [b"OK", b"x", None])
        self.assert_lanes_are_well()
        self.assertGreaterEqual(self.gate.metrics().value("respgate_upstream_lanes"), lanes)

    def test_everything_waits_for_the_end_of_a_full_pause(self):
        root, clients = self.connect("root"), [self.connect("alice", worker) for worker in (0, 1, 0, 1)]
        for client in clients[2:]:
            client.call("HELLO", "3")
        self.assertEqual(root.call("CLIENT", "PAUSE", "400"), b"OK")
        for n, client in enumerate(clients):
            client.write(encode("SET", f"a:{n}", n) + encode("MULTI") + encode("INCR", f"a:{n}") + encode("EXEC") +
                         encode("BLPOP", "a:none", "0.01") + encode("GET", f"a:{n}"))
        for n, client in enumerate(clients):
            self.assertEqual([client.read() for _ in range(6)], [b"OK", b"OK", b"QUEUED", [n + 1], None, b"%d" % (n + 1)])
        self.assert_lanes_are_well()

    def test_a_pause_is_the_whole_nodes(self):
        root, direct = self.connect("root"), self.connect_upstream()
        self.assertEqual(root.call("CLIENT", "PAUSE", "1000000", "WRITE"), b"OK")
        direct.send("SET", "k", "v")
        self.wait_until_blocked(1)
        self.assertEqual(root.call("CLIENT", "UNPAUSE"), b"OK")
        self.assertEqual(direct.read(), b"OK")


class VanishingAskersTest(ClientCommandsCase):
    def test_an_asker_that_does_not_wait_for_its_answer_harms_nobody(self):
        client = self.connect("root", 1)
        id = str(client.call("CLIENT", "ID"))
        client.send("BLPOP", "l", "0")
        self.wait_until_blocked(1)
        for _ in range(50):
            for words in (("LIST",), ("KILL", "ID", "999999"), ("UNBLOCK", "999999")):
                asker = self.connect("root")
                asker.send("CLIENT", *words)
                asker.close()
        with self.connect("root") as asker:
            asker.send("CLIENT", "UNBLOCK", id)
        self.assertEqual(client.read(), None)
        self.assert_open(client)
        client.close()
        self.wait_until_alone()

    def test_a_proxy_that_stops_amid_questions_stops(self):
        gate = type(self.gate)(self.directory, self.server, self.users, name="stopping")
        stop = threading.Event()

        def ask(client):
            while not stop.is_set():
                try:
                    client.pipeline(*[("CLIENT", "LIST"), ("CLIENT", "UNBLOCK", "1"), ("CLIENT", "KILL", "ID", "999999")] * 5)
                except (Closed, OSError):
                    return

        clients = [gate.client("root", "root-secret") for _ in range(8)]
        threads = [threading.Thread(target=ask, args=(client,)) for client in clients]
        for thread in threads:
            thread.start()
        try:
            wait_until(lambda: gate.metrics().value("respgate_commands_total") > 500, "questions are asked")
            gate.stop()
        finally:
            stop.set()
            for thread in threads:
                thread.join()
            for client in clients:
                client.close()


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/env python3
# ctest: LABELS slow
"""A server that stops answering, and one that is gone without a word.

Stopped (SIGSTOP) for longer than `dead_peer`: its kernel still acknowledges, so nothing may be cut and nothing lost.
Vanished (its network namespace loses its address): nothing acknowledges any more, so the lanes must be given up within
`dead_peer` and dialled anew once there is something to dial.
"""

import os
import subprocess
import time
import unittest
import uuid

from harness.cases import USERS, GateCase
from harness.deadline import wait_until
from harness.processes import Directory, RedisServer, Respgate
from harness.resp import Error, encode

STOPPED_SECONDS = 15
REDIALLED_SECONDS = 15  # dead_peer is 10 s by default


class StoppedServerTest(GateCase):
    server_over_tcp = True

    def test_nothing_is_lost_over_a_stop_of_fifteen_seconds(self):
        clients = [self.connect(user) for user in ("alice", "bob") * 10]
        keys = [b"%s:stop:%d" % (user, n) for n, user in enumerate((b"a", b"b") * 10)]
        for client, key in zip(clients, keys):
            self.assertEqual(client.call("SET", key, 0), b"OK")
        self.server.freeze()
        stopped = time.monotonic()
        sent = [0] * len(clients)
        while time.monotonic() - stopped < STOPPED_SECONDS:
            for n, (client, key) in enumerate(zip(clients, keys)):
                if sent[n] < 200:  # all of them fit into one lane's window
                    client.write(encode("INCR", key))
                    sent[n] += 1
            self.assertEqual(self.gate.admin.status("/livez"), 200)
        self.server.thaw()
        for client, key, count in zip(clients, keys, sent):
            self.assertEqual([client.read() for _ in range(count)], list(range(1, count + 1)))
            self.assertEqual(client.call("GET", key), str(count).encode())
        self.assertEqual(self.gate.metrics().value("respgate_upstream_reconnects_total"), 0)


class Namespace:
    """A network namespace with an address of its own, joined to this one by a pair of devices."""

    def __init__(self):
        tag = uuid.uuid4().hex[:6]
        self.name, self._here, self._there = f"respgate-{tag}", f"rgh{tag}", f"rgn{tag}"
        octet = os.getpid() % 250 + 1
        self.address, self._our_address = f"10.213.{octet}.2", f"10.213.{octet}.1"
        _ip("netns", "add", self.name)
        _ip("link", "add", self._here, "type", "veth", "peer", "name", self._there, "netns", self.name)
        _ip("addr", "add", f"{self._our_address}/24", "dev", self._here)
        _ip("link", "set", self._here, "up")
        _ip("-n", self.name, "link", "set", "lo", "up")
        self.appear()

    def appear(self):
        _ip("-n", self.name, "addr", "add", f"{self.address}/24", "dev", self._there)
        _ip("-n", self.name, "link", "set", self._there, "up")

    def vanish(self):
        """From now on its packets go nowhere and nothing says so."""
        _ip("-n", self.name, "addr", "flush", "dev", self._there)

    def remove(self):
        subprocess.run(["ip", "netns", "del", self.name], check=False)


def _ip(*arguments):
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


def namespaces_can_be_made():
    try:
        Namespace().remove()
        return True
    except (OSError, subprocess.CalledProcessError):
        return False


@unittest.skipUnless(os.geteuid() == 0 and namespaces_can_be_made(), "needs root and iproute2 to make a network namespace")
class VanishedServerTest(unittest.TestCase):
    def setUp(self):
        self.directory = Directory()
        self.addCleanup(self.directory.remove)
        self.namespace = Namespace()
        self.addCleanup(self.namespace.remove)
        self.server = RedisServer(self.directory, tcp=True, options=["--bind", self.namespace.address, "--protected-mode", "no"],
                                  prefix=["ip", "netns", "exec", self.namespace.name])
        self.addCleanup(self.server.stop)
        self.gate = Respgate(self.directory, f"{self.namespace.address}:{self.server.port}", USERS, {"workers": 1})
        self.addCleanup(self.gate.stop)

    def served(self, client):
        return not isinstance(client.call("GET", "a:1"), Error)

    def test_lanes_with_requests_in_flight_are_given_up_and_dialled_again(self):
        client, other = self.gate.client("alice", "alice-secret"), self.gate.client("bob", "bob-secret")
        self.assertEqual(client.call("SET", "a:1", "x"), b"OK")
        self.namespace.vanish()
        began = time.monotonic()
        client.write(encode("GET", "a:1") * 3)
        self.assertEqual([bytes(client.read()) for _ in range(3)], [b"ERR respgate: upstream connection lost, outcome unknown"] * 3)
        self.assertLess(time.monotonic() - began, REDIALLED_SECONDS)
        self.assertIsInstance(other.call("GET", "b:1"), Error)
        self.namespace.appear()
        wait_until(lambda: self.served(client), "served again")
        self.assertEqual(client.call("GET", "a:1"), b"x")

    def test_a_quiet_lane_is_given_up_too(self):
        lanes = "respgate_upstream_lanes"
        with self.gate.client("alice", "alice-secret") as client:
            self.assertEqual(client.call("SET", "a:1", "x"), b"OK")
        self.assertGreaterEqual(self.gate.metrics().value(lanes), 1)
        self.namespace.vanish()
        wait_until(lambda: self.gate.metrics().value(lanes) == 0, "no lane is left", REDIALLED_SECONDS)
        self.namespace.appear()
        with self.gate.client("alice", "alice-secret") as client:
            wait_until(lambda: self.served(client), "served again")

    def test_a_server_that_died_out_of_sight_and_came_back_is_found_within_the_deadline(self):
        client = self.gate.client("alice", "alice-secret")
        self.assertEqual(client.call("SET", "a:1", "x"), b"OK")
        self.namespace.vanish()
        began = time.monotonic()
        client.send("GET", "a:1")
        self.server.kill()  # its farewell goes nowhere: the lane knows nothing of it
        self.namespace.appear()
        self.server.start()
        self.assertIsInstance(client.read(), Error)
        wait_until(lambda: self.served(client), "served by the new server")
        self.assertLess(time.monotonic() - began, REDIALLED_SECONDS)


if __name__ == "__main__":
    unittest.main()

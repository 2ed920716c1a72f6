#!/usr/bin/env python3
"""What the service manager is told: sd_notify's datagrams, to a path and to an abstract name."""

import os
import re
import select
import signal
import socket
import time
import unittest

from harness.cases import USERS
from harness.deadline import DEADLINE
from harness.processes import Directory, RedisServer, Respgate


class NotifyTest(unittest.TestCase):
    def setUp(self):
        self.directory = Directory()
        self.addCleanup(self.directory.remove)
        self.server = RedisServer(self.directory)
        self.addCleanup(self.server.stop)
        self.manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.manager.close)

    def start(self, name):
        self.manager.bind(name.replace("@", "\0", 1) if name.startswith("@") else name)
        gate = Respgate(self.directory, self.server, USERS, env={"NOTIFY_SOCKET": name})
        self.addCleanup(gate.stop)
        return gate

    def told(self):
        """The next datagram, as {name: value}."""
        ready, _, _ = select.select([self.manager], [], [], DEADLINE)
        self.assertTrue(ready, "told within the deadline")
        return dict(line.split("=", 1) for line in self.manager.recv(4096).decode().split("\n"))

    def test_it_is_ready_reloads_and_stops(self):
        gate = self.start(str(self.directory / "notify"))
        self.assertEqual(self.told(), {"READY": "1", "STATUS": "serving, configuration of generation 1"})

        before = time.monotonic_ns() // 1000
        gate.reload()
        reloading = self.told()
        self.assertEqual(reloading.pop("RELOADING"), "1")
        self.assertTrue(before <= int(reloading["MONOTONIC_USEC"]) <= time.monotonic_ns() // 1000, reloading)
        self.assertEqual(self.told(), {"READY": "1", "STATUS": "serving, configuration of generation 2"})

        gate.users_path.write_text("nonsense\n")
        gate.reload()
        self.assertIn("RELOADING", self.told())
        failed = self.told()
        self.assertEqual(failed, {"READY": "1", "STATUS": "the last reload failed, the configuration of generation 2 is in force"})

        gate.process.terminate()
        last = self.told()
        while "STOPPING" not in last:  # the watched file may have been looked at again meanwhile
            last = self.told()
        self.assertEqual(last, {"STOPPING": "1", "STATUS": "draining"})
        self.assertEqual(gate.process.wait(DEADLINE), 0)

    def test_an_abstract_name_is_one(self):
        gate = self.start(f"@respgate-test-{os.getpid()}")
        self.assertEqual(self.told()["READY"], "1")
        os.kill(gate.process.pid, signal.SIGTERM)
        self.assertEqual(self.told()["STOPPING"], "1")

    def test_a_manager_that_is_gone_is_no_reason_not_to_serve(self):
        gate = Respgate(self.directory, self.server, USERS, env={"NOTIFY_SOCKET": str(self.directory / "nobody")})
        self.addCleanup(gate.stop)
        with gate.client("alice", "alice-secret") as client:
            self.assertEqual(client.call("PING"), b"PONG")
        self.assertEqual(len(re.findall("cannot tell the service manager", gate.stderr())), 1)


if __name__ == "__main__":
    unittest.main()

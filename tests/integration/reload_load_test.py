#!/usr/bin/env python3
"""Reloads without a pause while 50 clients work: no connection dropped, no command failed.

RESPGATE_RELOADS (100) is how many.
"""
# ctest: TIMEOUT 900

import asyncio
import os
import unittest

from harness.cases import USERS, GateCase
from harness.crowd import Peer
from harness.deadline import DEADLINE
from harness.processes import RedisServer
from harness.resp import Client

RELOADS = int(os.environ.get("RESPGATE_RELOADS", "100"))
CLIENTS = 50


class Load:
    """Clients that check every reply, until they are told to stop."""

    def __init__(self, path):
        self.path, self.stopping, self.commands = path, False, 0

    async def work(self, number):
        user = ("alice", "bob")[number % 2]
        prefix = user[0]
        peer = await Peer.open(self.path, user, 2 + number % 4 // 2)
        turn = 0
        while not self.stopping:
            turn += 1
            key, value = f"{prefix}:{number}", f"{number}-{turn}"
            kind = turn % 4
            if kind == 0:  # over a lane of its own
                replies = await peer.pipeline(("MULTI",), ("SET", key, value), ("GET", key), ("EXEC",))
                assert replies == [b"OK", b"QUEUED", b"QUEUED", [b"OK", value.encode()]], replies
            elif kind == 1:
                replies = await peer.pipeline(*[("ECHO", f"{value}-{n}") for n in range(8)], ("SET", key, value), ("GET", key))
                assert replies == [f"{value}-{n}".encode() for n in range(8)] + [b"OK", value.encode()], replies
            else:
                assert await peer.call("SET", key, value) == b"OK"
                assert await peer.call("GET", key) == value.encode()
            self.commands += 1
        await peer.close()

    async def run(self, change):
        """`change` runs in a thread beside the clients; whatever fails first ends it all."""
        workers = [asyncio.create_task(self.work(number)) for number in range(CLIENTS)]
        changing = asyncio.create_task(asyncio.to_thread(change))
        await asyncio.wait([*workers, changing], return_when=asyncio.FIRST_COMPLETED)
        self.stopping = True
        for task in (*workers, changing):
            await asyncio.wait_for(task, 10 * DEADLINE)


class UnderLoadTest(GateCase):
    def run_under_load(self, change):
        before = self.gate.metrics()
        load = Load(self.gate.path)
        asyncio.run(load.run(change))
        after = self.gate.metrics()
        total = "respgate_connections_total"
        self.assertEqual(after.value(total, listener="main") - before.value(total, listener="main"), CLIENTS, "nobody had to come again")
        self.assertGreater(load.commands, CLIENTS)
        self.assertEqual(after.value("respgate_reload_success"), 1)
        self.assertEqual(after.value("respgate_lane_desyncs_total"), 0)
        return load

    def configurations(self, turn):
        """One of four, each of which differs from the others in much."""
        changes = {
            "limits": {"client_window": 64 + turn % 4, "memory": f"{64 + turn % 2}MiB", "idle_timeout": f"{60 + turn % 3}s"},
            "commands": {"rules": [{"match": ["FLUSHALL"], "action": "deny", "message": f"turn {turn % 4}"}]},
            "audit": {"events": ["auth", "denied", "reload"] if turn % 2 else ["reload"]},
        }
        if turn % 4 >= 2:
            more = {"name": f"more{turn % 2}", "address": f"unix:{self.directory / 'more.sock'}"}
            changes["listeners"] = [*self.gate.config["listeners"], more]
        return changes

    def test_a_hundred_reloads_disturb_nobody(self):
        def change():
            for turn in range(RELOADS):
                self.gate.users_path.write_text(USERS + f"user extra{turn % 7} on >x ~x:* +get\n")
                self.gate.reconfigure(self.configurations(turn))

        self.run_under_load(change)

    def test_listeners_that_come_and_go_disturb_nobody_elsewhere(self):
        path = str(self.directory / "guest.sock")

        def change():
            for _ in range(max(2, RELOADS // 5)):
                self.gate.reconfigure({"listeners": [*self.gate.config["listeners"], {"name": "guest", "address": f"unix:{path}"}]})
                guests = [Client(path).login("alice", "alice-secret") for _ in range(5)]
                for guest in guests:
                    assert guest.call("PING") == b"PONG"
                self.gate.reconfigure({})
                for guest in guests:
                    assert guest.read_until_closed() == []
                    guest.close()

        self.run_under_load(change)

    def test_an_upstream_that_moves_to_and_fro_fails_no_command(self):
        # The same data in front of both: the second is another way to the first server.
        tcp = RedisServer(self.directory, name="twoways", tcp=True)
        self.addCleanup(tcp.stop)
        ways = [tcp.node, f"unix:{tcp.path}"]
        self.gate.reconfigure({"upstream": {"nodes": [ways[0]]}})

        def change():
            for turn in range(max(2, RELOADS // 5)):
                self.gate.reconfigure({"upstream": {"nodes": [ways[(turn + 1) % 2]]}})

        self.run_under_load(change)
        self.gate.reconfigure({})


if __name__ == "__main__":
    unittest.main()

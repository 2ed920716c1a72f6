#!/usr/bin/env python3
"""How many connections to the node it takes: transactions and blocking commands use theirs again, subscribers have one each."""

import asyncio
import os
import unittest

from harness.cases import GateCase
from harness.crowd import Peer
from harness.deadline import wait_until

CLIENTS = 50
ROUNDS = int(os.environ.get("RESPGATE_CONNECTIONS_ROUNDS", "40"))  # 200: the figures of the documentation


class ConnectionsTest(GateCase):
    server_options = ("--tcp-backlog", "8")  # so few may wait to be accepted that a crowd of lanes finds no room at first

    def opened(self):
        """Connections the server has accepted so far; asking costs one."""
        with self.server.client() as client:
            return int(client.call("INFO", "stats").split(b"total_connections_received:")[1].split(b"\r\n")[0])

    def count(self, what, work):
        async def run():
            peers = [await Peer.open(self.gate.path, "alice", 2) for _ in range(CLIENTS)]
            await asyncio.gather(*(work(peer, n) for n, peer in enumerate(peers)))
            for peer in peers:
                await peer.close()
        before = self.opened()
        asyncio.run(run())
        opened = self.opened() - before - 1
        print(f"{what}: {opened} connections")
        return opened

    def test_transactions_use_their_connections_again(self):
        async def work(peer, n):
            for _ in range(ROUNDS):
                replies = await peer.pipeline(("MULTI",), ("INCR", f"a:{n}"), ("EXEC",))
                self.assertEqual(replies[:2], [b"OK", b"QUEUED"])
        self.assertLessEqual(self.count(f"{CLIENTS * ROUNDS} MULTI/EXEC of {CLIENTS} clients", work), CLIENTS + 2)
        with self.server.client() as client:
            self.assertEqual(sum(int(client.call("GET", f"a:{n}")) for n in range(CLIENTS)), CLIENTS * ROUNDS)

    def test_blocking_commands_that_time_out_do_too(self):
        async def work(peer, n):
            for _ in range(ROUNDS):
                self.assertEqual(await peer.call("BLPOP", f"a:none:{n}", "0.001"), None)
        self.assertLessEqual(self.count(f"{CLIENTS * ROUNDS} BLPOPs that time out, of {CLIENTS} clients", work), CLIENTS + 2)

    def test_a_thousand_subscribers_of_one_channel_have_one_each_while_they_are_there(self):
        async def run():
            peers = [await Peer.open(self.gate.path, "alice", 2) for _ in range(1000)]
            for peer in peers:
                peer.send(("SUBSCRIBE", "a:news"))
            for peer in peers:
                self.assertEqual((await peer.read())[0], b"subscribe")
            publisher = await Peer.open(self.gate.path, "alice", 2)
            for n in range(10):
                self.assertEqual(await publisher.call("PUBLISH", "a:news", n), 1000)
            for peer in peers:
                for n in range(10):
                    self.assertEqual(await peer.read(), [b"message", b"a:news", str(n).encode()])
            opened = self.opened() - before - 1
            for peer in peers:
                peer.vanish()
            return opened
        before = self.opened()
        opened = asyncio.run(run())
        print(f"1,000 subscribers of one channel: {opened} connections")
        self.assertLessEqual(opened, 1000 + 2)
        wait_until(lambda: self.connect_upstream().call("PUBSUB", "NUMSUB", "a:news") == [b"a:news", 0], "their lanes are closed with them")


class RoomTest(GateCase):
    changes = {"workers": 1, "upstream": {"max_pinned_lanes": 3}}

    def test_without_a_lane_to_be_had_the_command_is_refused_and_the_client_stays(self):
        holders = [self.connect("alice") for _ in range(3)]
        for holder in holders:
            self.assertEqual(holder.call("WATCH", "a:k"), b"OK")
        late = self.connect("alice")
        for words in (("MULTI",), ("BLPOP", "a:l", "0"), ("SUBSCRIBE", "a:c"), ("CLIENT", "TRACKING", "ON")):
            self.assert_error(late.call(*words), "ERR respgate: upstream busy")
        self.assertEqual(late.call("SET", "a:k", "1"), b"OK", "what needs none goes on")
        self.assertEqual(holders[0].pipeline(("MULTI",), ("GET", "a:k"), ("EXEC",))[2], None)
        self.assertEqual(late.pipeline(("MULTI",), ("GET", "a:k"), ("EXEC",))[2], [b"1"])


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/env python3
"""300 clients that hold state on lanes of their own, all at once.

Transactions with and without WATCH, blocking commands, channels with a publisher,
tracking and plain commands, in RESP2 and RESP3; clients vanish at every point, the
policy is reloaded all the time, in one of the runs the server is killed and started
again.  No foreign reply, no lost wake-up, transactions atomic, every lane accounted
for at the end.

RESPGATE_CROSSTALK_SECONDS (8) and RESPGATE_CROSSTALK_SEED change the run.
"""
# ctest: TIMEOUT 900 RUN_SERIAL ON

import asyncio
import os
import random
import signal
import time
import unittest

from harness.crowd import OUTAGE, Gone, Peer, text
from harness.deadline import wait_until
from harness.processes import Directory, RedisServer, Respgate
from harness.resp import Error, Null, Push

SECONDS = float(os.environ.get("RESPGATE_CROSSTALK_SECONDS", "8"))
SEED = int(os.environ.get("RESPGATE_CROSSTALK_SEED", "20261124"))
USERS = ("u0", "u1", "u2", "u3")
RELOAD_EVERY = 0.3
OUTAGE_EVERY = 2.5


def users_file(extra=""):
    lines = ["user default off"] + [f"user {u} on >{u}-secret ~{u}:* &{u}:* +@all -@dangerous -@admin" for u in USERS]
    return "\n".join(lines) + "\n" + extra


class Failed(Exception):
    """An error of the contract while the server was away: nothing was promised."""


class Crowd:
    def __init__(self, gate, server, outages):
        self.gate, self.server, self.outages = gate, server, outages
        self.random = random.Random(SEED)
        self.counts = dict.fromkeys(("commands", "transactions", "aborted", "blocked", "woken", "messages", "invalidations", "vanished",
                                     "connections", "failed", "reloads", "restarts"), 0)
        self.increments = dict.fromkeys(USERS, 0)
        self.produced, self.consumed = set(), []
        self.stopping = False
        self.listeners = 0
        self.number = 0

    # ------------------------------------------------------------------------------------------ running

    async def run(self):
        roles = [(self.plain, 60), (self.transact, 70), (self.transfer, 40), (self.audit, 10), (self.count_up, 30), (self.wait_in_vain, 20),
                 (self.consume, 12), (self.produce, 8), (self.subscribe, 30), (self.publish, 4), (self.track, 16)]
        tasks = []
        for role, count in roles:
            for n in range(count):
                tasks.append(asyncio.create_task(self.play(role, USERS[n % len(USERS)], 2 + n // len(USERS) % 2)))
        side = [asyncio.create_task(self.reload())] + ([asyncio.create_task(self.restart())] if self.outages else [])
        end = time.monotonic() + SECONDS
        while time.monotonic() < end and not any(task.done() for task in tasks + side):
            await asyncio.sleep(0.05)
        self.stopping = True
        await asyncio.gather(*side)
        await asyncio.wait_for(asyncio.gather(*tasks), 120)

    async def play(self, role, user, resp):
        """One client after the other in this role; a publisher that is cut has a successor as long as anybody listens."""
        while not self.stopping or (role == self.publish and self.listeners > 0):
            self.number += 1
            name = f"{user}:{self.number}"
            try:
                peer = await Peer.open(self.gate.path, user, resp)
            except Gone:
                continue
            self.counts["connections"] += 1
            try:
                await role(peer, user, name)
                await peer.close()
            except (Gone, Failed) as end:
                if isinstance(end, Gone) and not self.outages:
                    raise AssertionError(f"{role.__name__} {name}: the proxy closed the connection") from end
                self.counts["failed"] += 1
                peer.vanish()
                await asyncio.sleep(0.02)

    def vanishes(self, peer, chance=0.02):
        if self.random.random() >= chance:
            return False
        peer.vanish()
        self.counts["vanished"] += 1
        return True

    def checked(self, reply, where=""):
        if isinstance(reply, Error):
            if self.outages and bytes(reply) in OUTAGE:
                raise Failed
            raise AssertionError(f"{where}: {bytes(reply)!r}")
        self.counts["commands"] += 1
        return reply

    def expect(self, got, wanted, where):
        for reply in got if isinstance(got, list) else [got]:
            self.checked(reply, where)
        assert got == wanted, f"{where}: {got!r} instead of {wanted!r}"

    # -------------------------------------------------------------------------------------------- roles

    async def plain(self, peer, user, name):
        for n in range(20):
            value = f"{name}={n}"
            got = await peer.pipeline(("SET", f"{name}:p", value), ("GET", f"{name}:p"), ("ECHO", value), ("CLIENT", "ID"), ("GET", "foreign"))
            self.expect(got[:3], [b"OK", value.encode(), value.encode()], name)
            assert isinstance(got[4], Error) and got[4].startswith(b"NOPERM"), got
            if self.vanishes(peer):
                return

    async def transact(self, peer, user, name):
        for n in range(20):
            value = f"{name}={n}"
            commands = [("MULTI",), ("SET", f"{name}:t", value), ("GET", f"{name}:t"), ("PING", value), ("INCR", f"{name}:n")]
            self.expect(await peer.pipeline(*commands), [b"OK", b"QUEUED", b"QUEUED", b"QUEUED", b"QUEUED"], name)
            kind = self.random.randrange(8)
            if kind == 0:
                self.expect(await peer.call("DISCARD"), b"OK", name)
                continue
            if kind == 1:
                denied = await peer.call("SET", "foreign", "x")
                assert denied.startswith(b"NOPERM"), denied
                aborted = await peer.call("EXEC")
                assert aborted.startswith(b"EXECABORT"), aborted
                continue
            if self.vanishes(peer, 0.05):
                return await self.has_not_run(user, name, value)
            got = self.checked(await peer.call("EXEC"), name)
            self.expect(list(got)[:3], [b"OK", value.encode(), value.encode()], name)
            self.counts["transactions"] += 1

    async def has_not_run(self, user, name, value):
        other = await Peer.open(self.gate.path, user, 2)
        assert text(self.checked(await other.call("GET", f"{name}:t"))) != value, f"{name}: a transaction without its EXEC ran"
        await other.close()

    async def transfer(self, peer, user, name):
        for _ in range(20):
            amount = self.random.randrange(1, 100)
            got = await peer.pipeline(("MULTI",), ("DECRBY", f"{user}:left", amount), ("INCRBY", f"{user}:right", amount), ("EXEC",))
            self.expect(got[:3], [b"OK", b"QUEUED", b"QUEUED"], name)
            left, right = self.checked(got[3], name)
            assert left + right == 0, f"{name}: {left} and {right} after a transfer"
            if self.vanishes(peer):
                return

    async def audit(self, peer, user, name):
        for _ in range(30):
            got = await peer.pipeline(("MULTI",), ("GET", f"{user}:left"), ("GET", f"{user}:right"), ("EXEC",))
            left, right = [int(text(value) or 0) for value in self.checked(got[3], name)]
            assert left + right == 0, f"{name} sees half a transaction: {left} and {right}"

    async def count_up(self, peer, user, name):
        """Optimistic locking: no increment may be lost."""
        key = f"{user}:count"
        for _ in range(20):
            got = await peer.pipeline(("WATCH", key), ("GET", key))
            self.checked(got[0], name)
            value = int(text(self.checked(got[1], name)) or 0)
            if self.vanishes(peer):
                return
            got = await peer.pipeline(("MULTI",), ("SET", key, value + 1), ("EXEC",))
            self.expect(got[:2], [b"OK", b"QUEUED"], name)
            if isinstance(got[2], Null):
                self.counts["aborted"] += 1
            else:
                self.expect(got[2], [b"OK"], name)
                self.increments[user] += 1

    async def wait_in_vain(self, peer, user, name):
        for _ in range(10):
            peer.send(("BLPOP", f"{name}:none", "0.03"), ("ECHO", name))
            if self.vanishes(peer, 0.1):
                return
            self.expect(await peer.read(), None, name)
            self.expect(await peer.read(), name.encode(), name)
            self.counts["blocked"] += 1

    async def consume(self, peer, user, name):
        """Does not vanish: what a server gives to a client that is gone is lost with or without a proxy."""
        while not self.stopping:
            got = self.checked(await peer.call("BLPOP", f"{user}:queue", "0.2"), name)
            if isinstance(got, Null):
                continue
            assert got[0] == f"{user}:queue".encode() and got[1].startswith(user.encode()), f"{name} got {got}"
            self.consumed.append(bytes(got[1]).decode())
            self.counts["woken"] += 1

    async def produce(self, peer, user, name):
        for n in range(50):
            item = f"{name}={n}"
            self.produced.add(item)
            self.checked(await peer.call("RPUSH", f"{user}:queue", item), name)
            if self.stopping:
                return

    async def subscribe(self, peer, user, name):
        """Every publisher's numbers come without a gap."""
        if self.stopping:  # the publishers may have left
            return
        self.listeners += 1
        try:
            await self.listen(peer, user, name)
        finally:
            self.listeners -= 1

    async def listen(self, peer, user, name):
        wanted = [("SUBSCRIBE", f"{user}:news", f"{user}:{name}"), ("PSUBSCRIBE", f"{user}:*")][self.number % 2]
        peer.send(wanted)
        pattern = wanted[0] == "PSUBSCRIBE"
        if pattern and self.number % 4 == 1:
            reply = await peer.read_any()  # the ACL knows patterns literally
            self.checked(reply, name)
        seen = {}
        for _ in range(200):
            frame = self.checked(await peer.read_any(), name)
            kind = bytes(frame[0]).decode()
            if kind in ("subscribe", "psubscribe"):
                continue
            channel, content = text(frame[-2]), text(frame[-1])
            assert kind == ("pmessage" if pattern else "message") and channel == f"{user}:news", f"{name} heard {frame}"
            publisher, number = content.split("=")
            assert publisher.startswith(user), f"{name} heard {frame}"
            assert seen.get(publisher, int(number) - 1) == int(number) - 1, f"{name}: {publisher} {seen.get(publisher)}, then {number}"
            seen[publisher] = int(number)
            self.counts["messages"] += 1
            if self.stopping or self.vanishes(peer, 0.01):
                return
        if not pattern:
            peer.send(("UNSUBSCRIBE",))
            left = 2
            while left:
                frame = self.checked(await peer.read_any(), name)
                left -= frame[0] == b"unsubscribe"
            self.expect(await peer.call("ECHO", name), name.encode(), name)

    async def publish(self, peer, user, name):
        n = 0
        while True:  # as long as anybody may still wait for a message
            n += 1
            self.checked(await peer.call("PUBLISH", f"{user}:news", f"{name}={n}"), name)
            await asyncio.sleep(0.005)
            if self.stopping and self.listeners == 0:
                return

    async def track(self, peer, user, name):
        if peer.resp == 2:
            await peer.call("HELLO", "3")
        self.expect(await peer.call("CLIENT", "TRACKING", "ON"), b"OK", name)
        other = await Peer.open(self.gate.path, user, 2)
        try:
            for n in range(10):
                key = f"{name}:k{n}"
                self.checked(await peer.call("GET", key), name)
                self.checked(await other.call("SET", key, n), name)
                push = peer.pushes.pop() if peer.pushes else self.checked(await peer.read_any(), name)
                assert push == Push([b"invalidate", [key.encode()]]), f"{name} heard {push}"
                self.counts["invalidations"] += 1
                if self.vanishes(peer):
                    return
        finally:
            await other.close()

    # -------------------------------------------------------------------------------------------- trouble

    async def reload(self):
        while not self.stopping:
            await asyncio.sleep(RELOAD_EVERY)
            self.counts["reloads"] += 1
            self.gate.users_path.write_text(users_file(f"user extra{self.counts['reloads']} on >x +@all\n"))
            os.kill(self.gate.process.pid, signal.SIGHUP)

    async def restart(self):
        end = time.monotonic() + SECONDS - OUTAGE_EVERY
        while time.monotonic() < end and not self.stopping:
            await asyncio.sleep(OUTAGE_EVERY)
            self.server.kill()
            await asyncio.sleep(0.2)
            self.server.start()
            self.counts["restarts"] += 1
            self.increments = dict.fromkeys(USERS, 0)


class StateCrosstalkTest(unittest.TestCase):
    def setUp(self):
        self.directory = Directory()
        self.addCleanup(self.directory.remove)
        self.server = RedisServer(self.directory)
        self.addCleanup(lambda: self.server.stop())
        self.gate = Respgate(self.directory, self.server, users_file())
        self.addCleanup(self.gate.stop)

    def run_crowd(self, outages):
        crowd = Crowd(self.gate, self.server, outages)
        asyncio.run(crowd.run())
        self.gate.assert_alive()
        self.account_for_lanes()
        print(f"seed {SEED}: " + ", ".join(f"{count} {what}" for what, count in crowd.counts.items()))
        for what in ("transactions", "blocked", "messages", "invalidations", "vanished", "reloads"):
            self.assertGreater(crowd.counts[what], 10, what)
        return crowd

    def account_for_lanes(self):
        """Nothing is in flight, and every connection of the server is a lane that the proxy knows, without state."""
        def lanes():
            with self.server.client() as client:
                own = client.call("CLIENT", "ID")
                lines = client.call("CLIENT", "LIST").decode().splitlines()
            return [line for line in lines if f"id={own} " not in line]

        def settled():
            metrics = self.gate.metrics()
            return metrics.value("respgate_upstream_lanes") == len(lanes()) and metrics.value("respgate_upstream_in_flight") == 0

        wait_until(settled, lambda: f"{self.gate.metrics().value('respgate_upstream_lanes')} lanes, the server has {len(lanes())}")
        for line in lanes():
            fields = dict(field.split("=", 1) for field in line.split(" "))
            self.assertEqual((fields["flags"].strip("NU"), fields["multi"], fields["sub"], fields["psub"], fields["ssub"]),
                             ("", "-1", "0", "0", "0"), line)

    def test_without_outages_nothing_is_lost(self):
        crowd = self.run_crowd(outages=False)
        with self.server.client() as client:
            for user, count in crowd.increments.items():
                self.assertEqual(int(client.call("GET", f"{user}:count")), count, "increments under WATCH")
            left = [item.decode() for user in USERS for item in client.call("LRANGE", f"{user}:queue", 0, -1)]
        self.assertEqual(len(crowd.consumed), len(set(crowd.consumed)), "nothing is consumed twice")
        self.assertEqual(set(crowd.consumed) | set(left), crowd.produced, "nothing is lost")
        self.assertGreater(crowd.counts["aborted"], 0)

    def test_with_a_server_that_comes_and_goes(self):
        crowd = self.run_crowd(outages=True)
        self.assertGreater(crowd.counts["restarts"], 0)
        self.assertGreater(crowd.counts["failed"], 0)


if __name__ == "__main__":
    unittest.main()

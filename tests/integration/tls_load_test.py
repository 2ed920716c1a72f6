#!/usr/bin/env python3
# ctest: TIMEOUT 900 RUN_SERIAL ON
"""TLS with many at once: certificates, users and passwords that change under load, and handshakes that never end."""

import asyncio
import os
import pathlib
import resource
import socket
import ssl
import unittest

from harness.cases import USERS
from harness.deadline import DEADLINE, wait_until
from harness.observation import resident_bytes
from harness.pki import TlsClient, client_context
from harness.resp import encode
from harness.tls_cases import TlsCase

ROTATIONS = int(os.environ.get("RESPGATE_TEST_ROTATIONS", "20"))
STALLED = int(os.environ.get("RESPGATE_TEST_STALLED", "600"))


class RotationTest(TlsCase):
    """No connection dropped, no command failed, and the next connection sees the new certificate."""

    clients = 200

    def test_what_rotates_under_load_is_not_felt(self):
        self.commands = 0
        asyncio.run(asyncio.wait_for(self.rotate_under_load(), 800))
        self.assertGreater(self.commands, self.clients)
        print(f"\n{self.commands} commands of {self.clients} connections through {ROTATIONS} rotations")

    async def rotate_under_load(self):
        context = client_context(self.authority)
        streams = [await asyncio.open_connection("127.0.0.1", self.port, ssl=context, server_hostname="localhost")
                   for _ in range(self.clients)]
        stop = asyncio.Event()
        clients = [asyncio.create_task(self.keep_asking(i, *stream, stop)) for i, stream in enumerate(streams)]
        try:
            for generation in range(1, ROTATIONS + 1):
                await asyncio.to_thread(self.rotate, generation)
                for client in clients:
                    if client.done():
                        client.result()  # raises what ended it
        finally:
            stop.set()
            await asyncio.gather(*clients)

    async def keep_asking(self, number, reader, writer, stop):
        async def call(*words):
            writer.write(encode(*words))
            return await asyncio.wait_for(reader.readline(), DEADLINE)
        assert await call("AUTH", "alice", "alice-secret") == b"+OK\r\n"
        while not stop.is_set():
            reply = await call("SET", f"a:{number}", "x")
            assert reply == b"+OK\r\n", reply
            self.commands += 1
        writer.close()

    def rotate(self, generation):
        self.authority.issue("gate", subject=f"/CN=gate {generation}")
        # A second password for everybody; the first stays what alice's sessions were opened with.
        users = pathlib.Path(self.gate.users_path)
        new = users.with_suffix(".new")
        new.write_text(USERS.replace("user bob on >bob-secret", f"user bob on >bob-{generation}"))
        new.chmod(0o600)
        new.rename(users)
        self.gate.reload()
        self.assertEqual(self.gate.metrics().value("respgate_reload_success"), 1)
        wait_until(lambda: self.served_subject() == f"gate {generation}", "the next connection sees the new certificate")
        client = self.connect()
        client.login("bob", f"bob-{generation}")
        client.close()

    def served_subject(self):
        context = client_context(self.authority)
        with TlsClient(("127.0.0.1", self.port), context) as client:
            return dict(pair for entry in client.socket.getpeercert()["subject"] for pair in entry)["commonName"]


class StalledHandshakesTest(TlsCase):
    """Handshakes that never end: others are served, memory is bounded, and all are closed at the deadline."""

    tls = {"handshake_timeout": "3s"}

    def test_others_do_not_feel_them(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        refused = self.refused()
        before = resident_bytes(self.gate.process.pid)
        old = self.connect().login("alice", "alice-secret")
        stalled = [self.stall(number) for number in range(STALLED)]
        for number in range(20):
            self.assertEqual(old.call("SET", "a:old", str(number)), b"OK")
            with self.connect() as new:
                new.login("alice", "alice-secret")
                self.assertEqual(new.call("SET", "a:new", str(number)), b"OK")
        grown = resident_bytes(self.gate.process.pid) - before
        if not os.environ.get("RESPGATE_SANITIZE"):  # a sanitizer keeps what was freed
            self.assertLess(grown, STALLED * 8 * 1024 + 256 * 100 * 1024)
        wait_until(lambda: self.refused() - refused == STALLED, lambda: f"all are closed: {self.refused() - refused} of {STALLED}")
        for client in stalled:
            client.settimeout(DEADLINE)
            try:
                while client.recv(4096):  # what the server said to a whole ClientHello, and then the end
                    pass
            except ConnectionError:
                pass
            client.close()
        print(f"\n{STALLED} stalled handshakes: {grown // 1024} KiB more while they lasted")

    def stall(self, number):
        """A third says nothing, a third half a ClientHello, a third all of it and then nothing."""
        client = socket.create_connection(("127.0.0.1", self.port), DEADLINE)
        if number % 3:
            hello = self.client_hello()
            client.sendall(hello[:len(hello) // 2] if number % 3 == 1 else hello)
        return client

    def client_hello(self):
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        try:
            client_context(self.authority).wrap_bio(incoming, outgoing, server_hostname="localhost").do_handshake()
        except ssl.SSLWantReadError:
            pass
        return outgoing.read()

    def refused(self):
        return self.count("respgate_connections_refused_total", reason="tls_handshake")


if __name__ == "__main__":
    unittest.main()

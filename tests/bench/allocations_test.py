"""What the proxy takes from the heap for each command, once it runs: nothing, over TLS neither.

malloc itself is counted (bench/allocations), in the whole process.  What is done ten times a second, whatever clients do, is
not meant: so many commands are looked at together as fit between two of these, and of many such windows one must be clean.
"""

import mmap
import os
import pathlib
import ssl
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "bench"))

import stage

from harness.pki import Authority, TlsClient, client_context
from harness.processes import BINARY, Directory, RedisServer, Respgate, free_port
from harness.resp import Client, encode

COUNTER = BINARY.parent / "bench" / "libcounting_malloc.so"
WARM_UP, WINDOW, WINDOWS = 500, 40, 100
KEYS = [f"key:{number:012}" for number in range(10)]
GET, SET, MGET = encode("GET", KEYS[0]), encode("SET", KEYS[1], "x" * 1024), encode("MGET", *KEYS)
DENIED = encode("GET", "other:1")
VERSIONS = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)


class Allocations:
    """How many a process has made that was started with its environment."""

    def __init__(self, directory):
        path = directory.write("allocations", "\0" * 8)
        self.environment = {"LD_PRELOAD": str(COUNTER), "RESPGATE_ALLOCATIONS": str(path)}
        with open(path, "r+b") as file:
            self._memory = mmap.mmap(file.fileno(), 8)

    def __int__(self):
        return int.from_bytes(self._memory[:], sys.byteorder)

    def close(self):
        self._memory.close()


@unittest.skipIf(os.environ.get("RESPGATE_SANITIZE"), "a sanitizer has a heap of its own")
class AllocationsTest(unittest.TestCase):
    def start(self, tls_in=False, tls_out=False, arguments=(), env=None):
        self.directory = Directory()
        self.addCleanup(self.directory.remove)
        self.authority = Authority(self.directory)
        certificate, key = self.authority.issue("node")
        tls_port = free_port()
        server = RedisServer(self.directory, tcp=True, options=[
            "--tls-port", str(tls_port), "--tls-cert-file", certificate, "--tls-key-file", key,
            "--tls-ca-cert-file", self.authority.certificate, "--tls-auth-clients", "no"])
        self.addCleanup(server.stop)
        with server.client() as client:
            client.call("MSET", *(word for name in KEYS for word in (name, "xxx")))
        listener = {"name": "main", "address": f"127.0.0.1:{free_port()}"}
        if tls_in:
            listener["tls"] = {"cert_file": certificate, "key_file": key}
        changes = {"workers": 1, "listeners": [listener], "commands": {"rules": stage.RULES}}
        if tls_out:
            changes["upstream"] = {"nodes": [f"127.0.0.1:{tls_port}"], "tls": {"ca_file": self.authority.certificate}}
        self.allocations = Allocations(self.directory)
        self.addCleanup(self.allocations.close)
        self.gate = Respgate(self.directory, server, stage.USERS, changes, arguments=arguments,
                             env={**self.allocations.environment, **(env or {})})
        self.addCleanup(self.gate.stop)
        self.address = ("127.0.0.1", int(listener["address"].rpartition(":")[2]))

    def connect(self, version=None):
        client = TlsClient(self.address, client_context(self.authority, version=version)) if version else Client(self.address)
        self.addCleanup(client.close)
        return client.login(*stage.LOGIN)

    def fewest(self, client, wire):
        """In a window of so many; each is asked when the one before is answered."""
        expected = self.answered(client, wire)
        for _ in range(WARM_UP):
            self.ask(client, wire, expected)
        seen = []
        for _ in range(WINDOWS):
            before = int(self.allocations)
            for _ in range(WINDOW):
                self.ask(client, wire, expected)
            seen.append(int(self.allocations) - before)
        return min(seen)

    @staticmethod
    def answered(client, wire):
        """How many bytes: all that come before an answer to a PING does."""
        client.write(wire + encode("PING", "done"))
        received = b""
        while not received.endswith(b"$4\r\ndone\r\n"):
            received += client.socket.recv(65536)
        return len(received) - len(b"$4\r\ndone\r\n")

    @staticmethod
    def ask(client, wire, expected):
        client.socket.sendall(wire)
        while expected > 0:
            expected -= len(client.socket.recv(65536))

    def assert_nothing_is_taken(self, client):
        for name, wire in (("GET", GET), ("SET of 1 KiB", SET), ("MGET of 10", MGET), ("16 GET at once", GET * 16)):
            with self.subTest(name):
                self.assertEqual(self.fewest(client, wire), 0)

    def test_plain(self):
        self.start()
        self.assert_nothing_is_taken(self.connect())

    def test_tls_in(self):
        self.start(tls_in=True)
        for version in VERSIONS:
            with self.subTest(version.name):
                self.assert_nothing_is_taken(self.connect(version))

    def test_tls_in_and_out(self):
        self.start(tls_in=True, tls_out=True)
        for version in VERSIONS:
            with self.subTest(version.name):
                self.assert_nothing_is_taken(self.connect(version))

    def test_where_malloc_is_watched_openssl_takes_all_from_it(self):
        self.start(tls_in=True, arguments=["--log-level", "debug"], env={"MALLOC_PERTURB_": "1"})
        self.assertGreaterEqual(self.fewest(self.connect(VERSIONS[0]), GET), 2 * WINDOW)  # a buffer for each of two records
        self.assertIn("takes its buffers from the C library why=\"the environment has settings of malloc\"", self.gate.stderr())

    def test_what_is_taken_is_seen(self):
        self.start()
        self.assertGreaterEqual(self.fewest(self.connect(), DENIED), WINDOW)  # at least one each: the event for the audit


if __name__ == "__main__":
    unittest.main()

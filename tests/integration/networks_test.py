#!/usr/bin/env python3
"""Who may come in: networks, PROXY headers of load balancers, limits by source."""

import socket
import struct
import unittest

from harness.cases import GateCase
from harness.deadline import wait_until
from harness.processes import free_port
from harness.resp import Client, Closed, encode

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


def header(source="203.0.113.7", port=51442, details=b"", command=1):
    body = socket.inet_aton(source) + socket.inet_aton("203.0.113.1") + struct.pack(">HH", port, 6379) + details
    return SIGNATURE + bytes([0x20 | command, 0x11]) + struct.pack(">H", len(body)) + body


def endpoint(name):
    return b"\xea" + struct.pack(">H", 1 + len(name)) + b"\x01" + name.encode()


class From(Client):
    """A client whose connection comes from a chosen address of the loopback."""

    def __init__(self, source, port):
        self.timeout = 30
        self.socket = socket.socket()
        self.socket.settimeout(self.timeout)
        self.socket.bind((source, 0))
        self.socket.connect(("127.0.0.1", port))
        self._received = bytearray()


class NetworksCase(GateCase):
    listener = {}
    limits = {}

    @classmethod
    def setUpClass(cls):
        cls.port = free_port()
        cls.changes = {"listeners": [{"name": "main", "address": f"127.0.0.1:{cls.port}", **cls.listener}],
                       "limits": cls.limits}
        super().setUpClass()

    def come(self, source="127.0.0.1", data=b""):
        client = From(source, self.port)
        self.addCleanup(client.close)
        if data:
            client.write(data)
        return client

    def assert_refused(self, client, reason, replies=()):
        try:
            client.write(encode("PING"))
            self.assertEqual(client.read_until_closed(), list(replies))
        except (OSError, Closed):
            pass
        self.refused[reason] = self.refused.get(reason, 0) + 1
        wait_until(lambda: self.count(reason) == self.refused[reason], lambda: f"{reason} {self.count(reason)}, not {self.refused[reason]}")

    def count(self, reason):
        return self.gate.metrics().value("respgate_connections_refused_total", reason=reason)

    def setUp(self):
        self.refused = {reason: self.count(reason) for reason in ("address", "max_connections", "proxy_protocol")}

    def assert_served(self, client):
        self.assertEqual(client.call("AUTH", "root", "root-secret"), b"OK")
        self.assertEqual(client.call("PING"), b"PONG")

    def peer_of(self, client):
        self.assert_served(client)
        return client.call("CLIENT", "INFO").split(b" addr=")[1].split(b" ")[0].decode()


class AddressTest(NetworksCase):
    listener = {"allow_from": ["127.0.0.0/8"], "deny_from": ["127.0.0.3/32", "127.0.0.128/25"]}

    def test_allowed_and_denied_networks(self):
        for source in ("127.0.0.1", "127.0.0.2", "127.1.0.1"):
            self.assert_served(self.come(source))
        for source in ("127.0.0.3", "127.0.0.128", "127.0.0.255"):
            self.assert_refused(self.come(source), "address")

    def test_a_header_that_was_not_asked_for_is_no_header(self):
        client = self.come(data=b"PROXY TCP4 203.0.113.7 203.0.113.1 1 2\r\n")
        self.assertEqual(client.read_until_closed(), [])


class HeaderTest(NetworksCase):
    listener = {"proxy_protocol": "require", "trusted_proxies": ["127.0.0.1/32", "127.0.0.5"],
                "allow_from": ["203.0.113.0/24", "2001:db8::/32", "vpce-0123456789abcdef0"], "deny_from": ["203.0.113.66", "vpce-bad"]}

    def test_the_client_is_who_the_header_says(self):
        self.assertEqual(self.peer_of(self.come(data=header())), "203.0.113.7:51442")
        self.assertEqual(self.peer_of(self.come("127.0.0.5", b"PROXY TCP4 203.0.113.8 203.0.113.1 40000 6379\r\n")), "203.0.113.8:40000")
        self.assertEqual(self.peer_of(self.come(data=b"PROXY TCP6 2001:db8::9 2001:db8::1 40000 6379\r\n")), "[2001:db8::9]:40000")

    def test_header_and_commands_may_come_in_any_pieces(self):
        whole = header() + encode("AUTH", "root", "root-secret") + encode("PING")
        for cut in range(1, len(whole), 3):
            client = self.come()
            client.write_cut(whole, [cut])
            self.assertEqual([client.read(), client.read()], [b"OK", b"PONG"])
            client.close()

    def test_rules_judge_the_address_of_the_header(self):
        self.assert_refused(self.come(data=header("198.51.100.1")), "address")
        self.assert_refused(self.come(data=header("203.0.113.66")), "address")
        self.assert_served(self.come(data=header("198.51.100.1", details=endpoint("vpce-0123456789abcdef0"))))
        self.assert_refused(self.come(data=header("203.0.113.7", details=endpoint("vpce-bad"))), "address")

    def test_only_trusted_proxies_may_speak(self):
        self.assert_refused(self.come("127.0.0.2", header()), "address")

    def test_without_a_header_nobody_is_served(self):
        self.assert_refused(self.come(data=encode("PING")), "proxy_protocol")
        self.assert_refused(self.come(data=b"PROXY x\r\n"), "proxy_protocol")
        client = self.come(data=header()[:10])
        client.half_close()
        self.assert_refused(client, "proxy_protocol")

    def test_a_wrong_checksum_ends_it(self):
        self.assert_refused(self.come(data=header(details=b"\x03\x00\x04\xde\xad\xbe\xef")), "proxy_protocol")

    def test_a_health_check_passes_and_is_no_failure(self):
        client = self.come(data=SIGNATURE + b"\x20\x00\x00\x00")
        self.assertEqual(client.call("PING"), b"NOAUTH Authentication required.")
        client.close()
        for reason in ("address", "proxy_protocol"):
            self.assertEqual(self.count(reason), self.refused[reason])

    def test_whoever_is_not_named_is_judged_by_the_address_of_the_proxy(self):
        for unnamed in (SIGNATURE + b"\x21\x00\x00\x00", SIGNATURE + b"\x21\x31\x00\xd8" + bytes(216), b"PROXY UNKNOWN\r\n"):
            self.assert_refused(self.come(data=unnamed), "address")
        self.assert_served(self.come(data=SIGNATURE + b"\x21\x00" + len(endpoint("vpce-0123456789abcdef0")).to_bytes(2, "big")
                                     + endpoint("vpce-0123456789abcdef0")))

    def test_a_second_header_is_refused(self):
        for second in (header("203.0.113.9"), b"PROXY TCP4 203.0.113.9 203.0.113.1 1 2\r\n"):
            client = self.come(data=header() + second)
            replies = client.read_until_closed()
            self.assertTrue(all(reply.startswith((b"NOAUTH", b"OK", b"ERR")) for reply in replies), replies)


class PatienceTest(NetworksCase):
    listener = {"proxy_protocol": "require", "trusted_proxies": ["127.0.0.0/8"]}
    limits = {"unauthenticated": {"timeout": "200ms"}}

    def test_a_header_that_does_not_come_is_not_waited_for_long(self):
        self.assertEqual(self.come().read_until_closed(), [])
        self.assertEqual(self.come(data=header()[:20]).read_until_closed(), [])
        wait_until(lambda: self.count("proxy_protocol") == self.refused["proxy_protocol"] + 2, "both are counted")


class PerSourceTest(NetworksCase):
    listener = {"max_connections_per_source": 3}

    def test_each_source_has_its_share(self):
        first = [self.come("127.0.0.1") for _ in range(3)]
        for client in first:
            self.assert_served(client)
        self.assert_refused(self.come("127.0.0.1"), "max_connections", [b"ERR max number of clients reached"])
        self.assert_served(self.come("127.0.0.2"))
        first[0].close()
        wait_until(lambda: self.works("127.0.0.1"), "a place is free again")

    def works(self, source):
        client = self.come(source)
        try:
            return client.call("AUTH", "root", "root-secret") == b"OK"
        except (Closed, OSError):
            return False


if __name__ == "__main__":
    unittest.main()

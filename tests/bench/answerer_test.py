"""bench/answerer: the floors answer every command once, and the server that holds nothing is one that respgate can work with."""

import pathlib
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "bench"))

import peers
import stage

from harness.pki import Authority, TlsClient, client_context
from harness.processes import Directory, Respgate
from harness.resp import Client, Closed, encode

GET = encode("GET", "key:000000000001")


class AnswererCase(unittest.TestCase):
    def answerer(self, *words):
        started = peers.Answerer(*words)
        self.addCleanup(started.stop)
        return started

    def directory(self):
        directory = Directory()
        self.addCleanup(directory.remove)
        return directory

    def client(self, answerer):
        client = Client(("127.0.0.1", answerer.port))
        self.addCleanup(client.close)
        return client

    def assert_answers_each(self, client, count):
        """More than any socket holds, written while nothing is read and read while nothing is written."""
        writer = threading.Thread(target=client.write, args=(GET * count,))
        writer.start()
        received = bytearray()
        while len(received) < count * 9:
            received += client.socket.recv(65536)
        writer.join()
        self.assertEqual(received, b"$3\r\nxxx\r\n" * count)


class FloorTest(AnswererCase):
    def test_every_command_is_answered_once_however_it_is_cut(self):
        floor = self.answerer("floor")
        for cut in range(1, len(GET)):
            client = self.client(floor)
            client.write_cut(GET * 3, [cut, len(GET) + cut])
            client.half_close()
            self.assertEqual(client.read_until_closed(), [b"xxx"] * 3)

    def test_a_client_that_does_not_read_is_owed_and_paid(self):
        self.assert_answers_each(self.client(self.answerer("floor")), 500_000)

    def test_over_tls_as_well(self):
        directory = self.directory()
        authority = Authority(directory)
        floor = self.answerer("floor", authority.issue("floor"))
        with TlsClient(("127.0.0.1", floor.port), client_context(authority)) as client:
            self.assertEqual(client.pipeline(*[("GET", "a")] * 50), [b"xxx"] * 50)
            client.write(GET * 1000)  # two records' worth, one after the other
            self.assertEqual([client.read() for _ in range(1000)], [b"xxx"] * 1000)

    def test_what_is_no_certificate_is_said(self):
        with self.assertRaises(AssertionError):
            self.answerer("floor", (__file__, __file__))


class NullUpstreamTest(AnswererCase):
    def setUp(self):
        self.upstream = self.answerer("null")

    def test_it_answers_what_a_proxy_asks(self):
        client = self.client(self.upstream)
        self.assertEqual(client.call("HELLO", "2", "AUTH", "u", "p")[:4], [b"server", b"redis", b"version", b"7.0.15"])
        self.assertEqual(client.call("hello", "3").get(b"proto"), 3)
        for words in (("AUTH", "p"), ("CLIENT", "SETNAME", "n"), ("SELECT", "1"), ("SET", "k", "v")):
            self.assertEqual(client.call(*words), b"OK", words)
        self.assertEqual(client.call("ECHO", b"\0\r\n*1"), b"\0\r\n*1")
        self.assertEqual(client.call("PING"), b"PONG")
        self.assertEqual(client.call("GET", "a*b"), b"xxx")

    def test_commands_may_come_in_pieces(self):
        wire = encode("ECHO", "one") + encode("GET", "*") + encode("ECHO", "two")
        for cut in range(1, len(wire)):
            with Client(("127.0.0.1", self.upstream.port)) as client:
                client.write_cut(wire, [cut])
                self.assertEqual([client.read() for _ in range(3)], [b"one", b"xxx", b"two"])

    def test_a_client_that_does_not_read_is_owed_and_paid(self):
        self.assert_answers_each(self.client(self.upstream), 500_000)

    def test_what_is_no_command_ends_the_connection(self):
        client = self.client(self.upstream)
        client.write(b"*1\r\n:1\r\n")
        with self.assertRaises(Closed):
            client.read()

    def test_respgate_works_in_front_of_it(self):
        directory = self.directory()
        gate = Respgate(directory, f"127.0.0.1:{self.upstream.port}", stage.USERS)
        self.addCleanup(gate.stop)
        with gate.client("app", stage.PASSWORD) as client:
            self.assertEqual(client.call("SET", "key:1", "v"), b"OK")
            # Three times as many as lie between two ECHOs of the sentinel.
            self.assertEqual(client.pipeline(*[("GET", "key:1")] * 3000), [b"xxx"] * 3000)
            self.assertTrue(client.call("GET", "other").startswith(b"NOPERM "))
        self.assertEqual(sum(gate.metrics().series("respgate_lane_desyncs_total").values()), 0)


if __name__ == "__main__":
    unittest.main()

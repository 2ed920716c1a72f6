#!/usr/bin/env python3
"""TLS on both sides: every client with every version and certificate, SNI, resumption, and what is refused."""

import json
import os
import pathlib
import re
import socket
import ssl
import subprocess
import time
import unittest

from harness import node
from harness.cases import USERS
from harness.deadline import DEADLINE, wait_until
from harness.pki import Authority, TlsClient, client_context
from harness.processes import Directory, RedisServer, Respgate, free_port, run_respgate
from harness.resp import Client, Error
from harness.tls_cases import TlsCase

VERSIONS = {"TLSv1.2": ssl.TLSVersion.TLSv1_2, "TLSv1.3": ssl.TLSVersion.TLSv1_3}


def tls_server(directory, authority, asks_for_certificate=False):
    """A redis-server that speaks TLS alone, and the `upstream` section that leads to it."""
    certificate, key = authority.issue("server")
    port = free_port()
    server = RedisServer(directory, options=[
        "--tls-port", str(port), "--tls-cert-file", certificate, "--tls-key-file", key, "--tls-ca-cert-file", authority.certificate,
        "--tls-auth-clients", "yes" if asks_for_certificate else "no"])
    return server, {"nodes": [f"localhost:{port}"], "tls": {"ca_file": authority.certificate}}


class CombinationsTest(unittest.TestCase):
    """Clients × versions × client certificates × what the upstream asks for: one command through each."""

    @classmethod
    def setUpClass(cls):
        cls.directory = Directory()
        cls.addClassCleanup(cls.directory.remove)
        cls.authority = Authority(cls.directory)
        cls.gate_certificate = cls.authority.issue("gate")
        cls.client_certificate = cls.authority.issue("client", alternative_names="URI:spiffe://corp/alice")
        try:
            cls.modules = node.modules()
        except unittest.SkipTest as reason:
            cls.modules = None
            print(f"without ioredis: {reason}")
        for name in VERSIONS:
            cls.directory.write(f"{name}.cnf", f"openssl_conf = i\n[i]\nssl_conf = s\n[s]\nsystem_default = d\n[d]\n"
                                f"MinProtocol = {name}\nMaxProtocol = {name}\n")

    def test_every_combination_serves(self):
        for upstream in ("plain", "tls", "tls with a certificate"):
            server, section = self.make_upstream(upstream)
            try:
                for client_auth in ("none", "request", "require"):
                    with self.subTest(upstream=upstream, client_auth=client_auth):
                        self.serve(server, section, client_auth)
            finally:
                server.stop()

    def make_upstream(self, kind):
        if kind == "plain":
            return RedisServer(self.directory), None
        server, section = tls_server(self.directory, self.authority, asks_for_certificate=kind != "tls")
        if kind != "tls":
            section["tls"].update(dict(zip(("cert_file", "key_file"), self.authority.issue("proxy"))))
        return server, section

    def serve(self, server, section, client_auth):
        port = free_port()
        tls = {"cert_file": self.gate_certificate[0], "key_file": self.gate_certificate[1], "client_auth": client_auth}
        if client_auth != "none":
            tls["client_ca_file"] = self.authority.certificate
        gate = Respgate(self.directory, server, USERS, {
            "listeners": [{"name": "main", "address": f"127.0.0.1:{port}", "tls": tls}], **({"upstream": section} if section else {})})
        try:
            for version in VERSIONS:
                for certificate in [None, self.client_certificate]:
                    if certificate is None and client_auth == "require":
                        continue
                    for client in (self.redis_cli, self.python_redis, *([self.ioredis] if self.modules else [])):
                        with self.subTest(version=version, certificate=bool(certificate), client=client.__name__):
                            self.assertEqual(client(port, version, certificate), "value")
        finally:
            gate.stop()

    def environment(self, version):
        return {**os.environ, "OPENSSL_CONF": str(self.directory / f"{version}.cnf")}

    def redis_cli(self, port, version, certificate):
        own = ["--cert", certificate[0], "--key", certificate[1]] if certificate else []
        command = ["redis-cli", "-h", "127.0.0.1", "-p", str(port), "--tls", "--cacert", self.authority.certificate, "--sni", "localhost", *own,
                   "--user", "alice", "--pass", "alice-secret", "--no-auth-warning"]
        run = lambda *words: subprocess.run([*command, *words], env=self.environment(version), capture_output=True, text=True,
                                            timeout=DEADLINE, check=False)
        self.assertEqual(run("SET", "a:key", "value").stdout, "OK\n")
        return run("GET", "a:key").stdout.strip()

    def ioredis(self, port, version, certificate):
        done = subprocess.run(["node", str(pathlib.Path(__file__).with_name("node_tls.cjs")), str(self.modules), str(port), version,
                               self.authority.certificate, *(certificate or [])], capture_output=True, text=True, timeout=DEADLINE, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout.strip()

    def python_redis(self, port, version, certificate):
        # In a process of its own: the version is OpenSSL's to obey.
        program = ("import redis, sys\n"
                   "own = dict(ssl_certfile=sys.argv[3], ssl_keyfile=sys.argv[4]) if len(sys.argv) > 3 else {}\n"
                   "client = redis.Redis('localhost', int(sys.argv[1]), ssl=True, ssl_ca_certs=sys.argv[2], ssl_check_hostname=True,\n"
                   "                     username='alice', password='alice-secret', **own)\n"
                   "client.set('a:key', 'value')\n"
                   "print(client.get('a:key').decode(), client.connection_pool.get_connection('x')._sock.version())\n")
        done = subprocess.run(["/usr/bin/python3", "-c", program, str(port), self.authority.certificate, *(certificate or [])],
                              env=self.environment(version), capture_output=True, text=True, timeout=DEADLINE, check=False)
        self.assertEqual(done.stderr, "")
        value, spoken = done.stdout.split()
        self.assertEqual(spoken, version)
        return value


class ListenerTest(TlsCase):
    def test_a_large_value_passes_both_ways(self):
        client = self.connect().login("alice", "alice-secret")
        value = os.urandom(5_000_000)
        self.assertEqual(client.call("SET", "a:large", value), b"OK")
        self.assertEqual(client.call("GET", "a:large"), value)

    def test_a_long_pipeline_is_answered_in_order(self):
        client = self.connect().login("alice", "alice-secret")
        self.assertEqual(client.pipeline(*[("ECHO", str(i)) for i in range(5000)]), [str(i).encode() for i in range(5000)])

    def test_a_command_cut_at_every_byte_of_its_records(self):
        client = self.connect().login("alice", "alice-secret")
        data = b"*2\r\n$4\r\nECHO\r\n$3\r\nabc\r\n"
        for cut in range(1, len(data)):
            client.write(data[:cut])
            client.write(data[cut:])
            self.assertEqual(client.read(), b"abc")

    def test_a_half_closed_client_still_gets_its_replies(self):
        client = self.connect().login("alice", "alice-secret")
        client.send("ECHO", "last")
        client.send("QUIT")
        self.assertEqual(client.read_until_closed(), [b"last", b"OK"])

    def test_an_older_protocol_is_refused(self):
        context = client_context(self.authority)
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
        context.set_ciphers("ALL:@SECLEVEL=0")
        self.assert_handshake_fails(lambda: TlsClient(("127.0.0.1", self.port), context))

    def test_plain_text_is_refused_without_an_answer(self):
        before = self.refused()
        with socket.create_connection(("127.0.0.1", self.port), DEADLINE) as client:
            client.sendall(b"*1\r\n$4\r\nPING\r\n")
            client.settimeout(DEADLINE)
            self.assertNotIn(b"PONG", self.read_all(client))
        wait_until(lambda: self.refused() == before + 1, "the refusal is counted")

    def test_a_renegotiation_is_refused(self):
        done = self.s_client("-tls1_2", input="R\n")
        self.assertIn("no renegotiation", done.stderr + done.stdout)

    def test_early_data_is_not_offered(self):
        done = self.s_client("-tls1_3")
        self.assertNotRegex(done.stdout, r"Max Early Data: [1-9]")

    def test_compression_is_off(self):
        self.assertIn("Compression: NONE", self.s_client().stdout)

    def test_a_failed_handshake_is_logged_once_with_its_reason(self):
        context = ssl.create_default_context()  # trusts nobody's authority
        with self.assertRaises(ssl.SSLError):
            TlsClient(("127.0.0.1", self.port), context, name="localhost")
        lines = wait_until(lambda: re.findall(r"TLS handshake failed .*unknown ca.*", self.gate.stderr()), "the line")
        self.assertEqual(len(lines), 1)
        self.assertRegex(lines[0], r'listener=main peer=127\.0\.0\.1:\d+ server_name="localhost" reason="tlsv1 alert unknown ca"')

    def test_a_client_that_speaks_plain_text_is_named_as_one(self):
        for text in (b"PING\r\n", b"*1\r\n$4\r\nPING\r\n", b"GET / HTTP/1.1\r\n\r\n"):
            known = self.gate.stderr().count("the client speaks no TLS")
            with socket.create_connection(("127.0.0.1", self.port)) as client:
                client.sendall(text)
                wait_until(lambda known=known: self.gate.stderr().count("the client speaks no TLS") > known, self.gate.stderr)
        self.assertRegex(self.gate.stderr(), r'TLS handshake failed .* reason="wrong version number: the client speaks no TLS" left_out=')

    def test_a_session_is_resumed_whichever_worker_takes_it(self):
        for version in VERSIONS.values():
            with self.subTest(version=version):
                context = client_context(self.authority, version=version)
                session = self.session_of(context)
                clients = [self.connect_with(context, session) for _ in range(12)]
                self.assertEqual([client.socket.session_reused for client in clients], [True] * 12)
                workers = json.loads(self.gate.admin.get("/clients"))
                self.assertGreater(len({client["worker"] for client in workers}), 1)

    def test_a_reload_ends_what_could_be_resumed(self):
        for version in VERSIONS.values():
            with self.subTest(version=version):
                context = client_context(self.authority, version=version)
                session = self.session_of(context)
                self.assertTrue(self.connect_with(context, session).socket.session_reused)
                self.gate.reload()
                wait_until(lambda: not self.connect_with(context, session).socket.session_reused, "tickets of before are worth nothing")

    def test_what_is_served_can_be_looked_at(self):
        [certificate] = json.loads(self.gate.admin.get("/certs"))
        self.assertEqual((certificate["listener"], certificate["subject"], certificate["names"], certificate["days_left"]),
                         ("main", "CN = gate", ["localhost"], 1))
        self.assertEqual(certificate["file"], self.files[0])
        expires = self.count("respgate_certificate_not_after_seconds", listener="main")
        self.assertEqual(time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(expires)), certificate["not_after"])

    def test_a_crash_would_leave_no_core(self):
        with open(f"/proc/{self.gate.process.pid}/limits", encoding="ascii") as limits:
            self.assertRegex(limits.read(), r"Max core file size +0 +0 ")

    def connect_with(self, context, session=None):
        client = TlsClient(("127.0.0.1", self.port), context, session=session)
        self.addCleanup(client.close)
        return client

    def session_of(self, context):
        client = self.connect_with(context)
        client.call("PING")  # TLS 1.3 sends its tickets with the first data
        return client.socket.session

    def refused(self):
        return self.count("respgate_connections_refused_total", reason="tls_handshake")

    def assert_handshake_fails(self, connect):
        before = self.refused()
        with self.assertRaises((ssl.SSLError, OSError)):
            connect()
        wait_until(lambda: self.refused() == before + 1, "the refusal is counted")

    def read_all(self, client):
        data = b""
        while True:
            try:
                more = client.recv(4096)
            except OSError:
                return data
            if not more:
                return data
            data += more

    def s_client(self, *arguments, input="QUIT\r\n"):
        """openssl s_client; its reading ends with the input's, once the server closes."""
        return subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{self.port}", "-servername", "localhost",
                               "-CAfile", self.authority.certificate, *arguments],
                              input=input, capture_output=True, text=True, timeout=DEADLINE, check=False)


class FullTest(TlsCase):
    """A listener with no place left says nothing in plain text to who expects TLS."""

    listener = {"max_connections": 1}

    def test_one_too_many_is_closed_without_a_word(self):
        self.connect()
        with socket.create_connection(("127.0.0.1", self.port), DEADLINE) as extra:
            self.assertEqual(extra.recv(100), b"")
        self.assertEqual(self.count("respgate_connections_refused_total", reason="max_connections"), 1)


class FairHandshakesTest(TlsCase):
    """`max_handshakes` is full: one more ends the oldest of the address that has the most."""

    tls = {"max_handshakes": 3, "handshake_timeout": "30s"}
    changes = {"workers": 1}

    def begin(self, source):
        client = Client(("127.0.0.1", self.port), source=source)
        self.addCleanup(client.close)
        client.write(b"\x16\x03\x01")  # the beginning of a handshake: before, it does not count as one
        return client

    def test_one_more_is_at_the_cost_of_who_has_the_most(self):
        alone = self.begin("127.0.5.1")
        crowd = [self.begin("127.0.5.2") for _ in range(3)]
        self.assertEqual(crowd[0].socket.recv(1), b"")
        self.assertFalse(alone.has_more())


class ServerNameTest(TlsCase):
    """Several certificates on one listener."""

    @classmethod
    def listener_tls(cls):
        files = [cls.authority.issue("orders", "DNS:orders.test"), cls.authority.issue("wild", "DNS:*.wild.test"),
                 cls.authority.issue("orders", "DNS:orders.test", key="rsa", file="orders-rsa")]
        return {"certificates": [{"cert_file": certificate, "key_file": key} for certificate, key in files]}

    def subject(self, name, ciphers=None):
        context = client_context(self.authority, version=ssl.TLSVersion.TLSv1_2)
        context.check_hostname = False
        if ciphers:
            context.set_ciphers(ciphers)
        client = TlsClient(("127.0.0.1", self.port), context, name=name)
        self.addCleanup(client.close)
        return dict(pair for entry in client.socket.getpeercert()["subject"] for pair in entry)["commonName"]

    def test_the_name_chooses(self):
        self.assertEqual([self.subject(name) for name in ("localhost", "orders.test", "a.wild.test", "else.test", "a.b.wild.test")],
                         ["gate", "orders", "wild", "gate", "gate"])

    def test_the_client_chooses_the_kind_of_key(self):
        for ciphers in ("ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-RSA-AES256-GCM-SHA384"):
            self.assertEqual(self.subject("orders.test", ciphers), "orders")


class UpstreamTest(unittest.TestCase):
    """Originating: what is not what it should be is not spoken to."""

    def setUp(self):
        self.directory = Directory()
        self.addCleanup(self.directory.remove)
        self.authority = Authority(self.directory)
        self.server, self.section = tls_server(self.directory, self.authority)
        self.addCleanup(self.server.stop)

    def gate(self, wait_ready=True, **tls):
        section = {**self.section, "tls": {**self.section["tls"], **tls}}
        gate = Respgate(self.directory, self.server, USERS, {"upstream": section}, wait_ready=wait_ready)
        self.addCleanup(gate.stop)
        return gate

    def client(self, gate):
        client = gate.client("alice", "alice-secret")
        self.addCleanup(client.close)
        return client

    def assert_unavailable(self, gate, why):
        wait_until(lambda: why in gate.admin.request("GET", "/readyz")[1], lambda: f"{why!r} in {gate.admin.request('GET', '/readyz')}")
        self.assertEqual(gate.admin.request("GET", "/readyz")[0], 503)
        self.assertEqual(self.client(gate).call("GET", "a:key"), Error(b"ERR respgate: upstream unavailable"))

    def test_another_authority_is_refused(self):
        stranger = Authority(self.directory, "stranger")
        self.assert_unavailable(self.gate(wait_ready=False, ca_file=stranger.certificate), "certificate verify failed: ")

    def test_the_system_s_authorities_are_the_default(self):
        del self.section["tls"]["ca_file"]
        self.assert_unavailable(self.gate(wait_ready=False), "certificate verify failed: ")

    def test_another_name_is_refused(self):
        self.assert_unavailable(self.gate(wait_ready=False, server_name="other.test"), "hostname mismatch")

    def test_chain_asks_for_no_name(self):
        client = self.client(self.gate(server_name="other.test", verify="chain"))
        self.assertEqual(client.call("SET", "a:key", "1"), b"OK")

    def test_unsafe_none_serves_and_is_warned_about(self):
        gate = self.gate(server_name="other.test", verify="unsafe_none")
        self.assertEqual(self.client(gate).call("SET", "a:key", "1"), b"OK")
        self.assertRegex(gate.stderr(), r"warn.*unsafe_none")

    def test_a_node_that_speaks_no_tls_is_not_spoken_to_in_plain_text(self):
        plain = RedisServer(self.directory, name="plain", tcp=True)
        self.addCleanup(plain.stop)
        self.section["nodes"] = [plain.node]
        self.assert_unavailable(self.gate(wait_ready=False), "no answer to the TLS handshake within connect_timeout")
        with plain.client() as client:
            self.assertEqual(client.call("INFO", "commandstats").count(b"cmdstat_hello"), 0)

    def test_a_node_that_wants_tls_and_is_spoken_to_in_plain_text_is_told_as_such(self):
        gate = Respgate(self.directory, self.server, USERS, {"upstream": {"nodes": self.section["nodes"]}}, wait_ready=False)
        self.addCleanup(gate.stop)
        self.assert_unavailable(gate, "(does the node speak TLS there? Then write upstream.tls)")

    def test_a_node_that_asks_for_a_certificate_gets_none_it_was_not_given(self):
        self.server.stop()
        self.server, self.section = tls_server(self.directory, self.authority, asks_for_certificate=True)
        self.addCleanup(self.server.stop)
        gate = self.gate(wait_ready=False)
        self.assertEqual(gate.admin.status("/readyz"), 503)

    def test_a_reload_changes_whom_the_next_connection_trusts(self):
        trusted = self.directory.write("trusted.crt", pathlib.Path(self.authority.certificate).read_text())
        gate = self.gate(ca_file=str(trusted))
        client, upstream = self.client(gate), self.server.client()
        self.addCleanup(upstream.close)
        stranger = pathlib.Path(Authority(self.directory, "stranger").certificate).read_text()
        trusted.write_text(stranger)
        gate.reload()
        upstream.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        self.assert_unavailable(gate, "certificate verify failed: ")
        trusted.write_text(stranger + pathlib.Path(self.authority.certificate).read_text())
        gate.reload()
        wait_until(lambda: client.call("SET", "a:key", "1") == b"OK", "served again")

    def test_lanes_that_were_cut_come_back(self):
        gate = self.gate()
        client, upstream = self.client(gate), self.server.client()
        self.addCleanup(upstream.close)
        for _ in range(3):
            upstream.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            wait_until(lambda: client.call("SET", "a:key", "1") == b"OK", "served again")


class CertificateFilesTest(unittest.TestCase):
    """`check` says of each file what is wrong with it and what to write, and leaves with 1."""

    def setUp(self):
        self.directory = Directory()
        self.addCleanup(self.directory.remove)
        self.authority = Authority(self.directory)
        self.good = self.authority.issue("gate")
        self.directory.write("users.acl", USERS)

    def check(self, tls=None, upstream_tls=None):
        config = {"listeners": [{"address": "127.0.0.1:6380", "tls": {"cert_file": self.good[0], "key_file": self.good[1], **(tls or {})}}],
                  "upstream": {"nodes": ["localhost:6379"], **({"tls": upstream_tls} if upstream_tls is not None else {})},
                  "users": {"file": "users.acl"}}
        done = run_respgate("check", "-c", str(self.directory.write("gate.yaml", json.dumps(config, indent=1))))
        self.assertEqual(done.returncode, 1 if done.stderr + done.stdout and "ok:" not in done.stdout else 0, done)
        return done.stdout + done.stderr

    def assert_told(self, text, **sections):
        told = self.check(**sections)
        self.assertIn(text, told)
        self.assertRegex(told, r"gate\.yaml:\d+:\d+: (listeners\[0\]|upstream)\.tls")

    def test_what_is_right_is_ok(self):
        self.assertIn("ok:", self.check())

    def test_each_fault_is_named(self):
        other = self.authority.issue("other")
        self.assert_told(f"{other[1]} is not the key of {self.good[0]}", tls={"key_file": other[1]})
        expired = self.authority.issue("expired", days=-1)
        self.assert_told(f"{expired[0]} expired on ", tls=dict(zip(("cert_file", "key_file"), expired)))
        self.assert_told("cannot be opened (No such file or directory)", tls={"cert_file": "nowhere.crt"})
        rubbish = str(self.directory.write("rubbish", "rubbish"))
        self.assert_told("rubbish holds no certificate", tls={"cert_file": rubbish})
        self.assert_told("rubbish holds no certificate", tls={"client_auth": "require", "client_ca_file": rubbish})
        self.assert_told("rubbish holds no certificate", upstream_tls={"ca_file": rubbish})
        (self.directory / "gate.key").chmod(0o666)
        self.assert_told("gate.key may be written by its group or by others")

    def test_what_does_not_fit_together_is_said(self):
        for tls, text in [({"client_auth": "require"}, "needs client_ca_file"),
                          ({"client_ca_file": self.authority.certificate}, "only counts with client_auth"),
                          ({"client_identity": "cn"}, "needs client certificates"),
                          ({"client_auth": "request", "client_ca_file": self.authority.certificate, "identities": {"a": "alice"}},
                           "only count with client_identity"),
                          ({"client_auth": "request", "client_ca_file": self.authority.certificate, "client_identity": "cn",
                            "identities": {"a": "nobody"}}, "leads to unknown user 'nobody'")]:
            with self.subTest(tls=tls):
                self.assert_told(text, tls=tls)
        self.assert_told("write full or chain or unsafe_none", upstream_tls={"verify": "none"})


if __name__ == "__main__":
    unittest.main()

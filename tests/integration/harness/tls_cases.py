"""The stage of tests with TLS: a gate whose one listener speaks it."""

import unittest

from harness.cases import USERS
from harness.pki import Authority, TlsClient, client_context
from harness.processes import Directory, RedisServer, Respgate, free_port


class TlsCase(unittest.TestCase):
    """A gate with one TLS listener; `listener`, `tls` and `changes` are the class's to set."""

    listener = {}
    tls = {}
    changes = {}

    @classmethod
    def setUpClass(cls):
        cls.directory = Directory()
        cls.addClassCleanup(cls.directory.remove)
        cls.authority = Authority(cls.directory)
        cls.files = cls.authority.issue("gate")
        cls.server, cls.upstream = cls.make_upstream()
        cls.addClassCleanup(cls.server.stop)
        cls.port = free_port()
        cls.gate = Respgate(cls.directory, cls.server, USERS, {
            "listeners": [{"name": "main", "address": f"127.0.0.1:{cls.port}", **cls.listener, "tls": {
                "cert_file": cls.files[0], "key_file": cls.files[1], **cls.listener_tls()}}],
            **({"upstream": cls.upstream} if cls.upstream else {}), **cls.changes})
        cls.addClassCleanup(cls.gate.stop)

    @classmethod
    def make_upstream(cls):
        return RedisServer(cls.directory), {}

    @classmethod
    def listener_tls(cls):
        return cls.tls

    def connect(self, **options):
        certificate, version = options.pop("certificate", None), options.pop("version", None)
        client = TlsClient(("127.0.0.1", self.port), client_context(self.authority, certificate, version), **options)
        self.addCleanup(client.close)
        return client

    def count(self, name, **labels):
        return self.gate.metrics().value(name, **labels)

"""The stage most tests play on: one redis-server behind one respgate, shared by the tests of a class."""

import unittest

from harness.processes import Directory, RedisServer, Respgate

# Two tenants who may do much within their prefix, a reader, and the operator.
USERS = """\
user default off
user alice on >alice-secret ~a:* &a:* +@all -@admin -@dangerous
user bob on >bob-secret ~b:* &b:* +@all -@admin -@dangerous
user reader on >reader-secret %R~* resetchannels +@read +ping +command
user sleeper off >sleeper-secret ~* &* +@all
user root on >root-secret ~* &* +@all
"""


class GateCase(unittest.TestCase):
    """`users`, `changes` (to the configuration) and `server_options` are the class's to set."""

    users = USERS
    changes = {}
    server_options = ()
    server_over_tcp = False

    @classmethod
    def setUpClass(cls):
        cls.directory = Directory()
        cls.addClassCleanup(cls.directory.remove)
        cls.server = RedisServer(cls.directory, tcp=cls.server_over_tcp, options=cls.server_options)
        cls.addClassCleanup(cls.server.stop)
        cls.gate = Respgate(cls.directory, cls.server, cls.users, cls.changes)
        cls.addClassCleanup(cls.gate.stop)

    def connect(self, user=None):
        """A client of the proxy, logged in when a user is named (passwords are `<user>-secret`)."""
        client = self.gate.client(user, f"{user}-secret")
        self.addCleanup(client.close)
        return client

    def connect_upstream(self):
        """A client of the server itself, as its all-powerful default user."""
        client = self.server.client()
        self.addCleanup(client.close)
        return client

    def assert_error(self, reply, text):
        self.assertEqual(type(reply).__name__, "Error", reply)
        self.assertEqual(bytes(reply).decode(), text)

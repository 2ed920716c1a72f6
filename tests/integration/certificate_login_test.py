#!/usr/bin/env python3
"""Certificates as users: born logged in, or refused with a reason that is counted, audited and logged."""

import ssl
import time
import unittest

from harness.deadline import wait_until
from harness.pki import TlsClient, client_context
from harness.resp import Closed, Error
from harness.tls_cases import TlsCase


class CertificateCase(TlsCase):
    identity = "san_uri"
    identities = {}
    auth = "require"

    @classmethod
    def listener_tls(cls):
        return {"client_auth": cls.auth, "client_ca_file": cls.authority.certificate, "client_identity": cls.identity,
                "identities": cls.identities}

    def certificate_for(self, names, subject="/CN=someone", authority=None):
        return (authority or self.authority).issue("client", names, subject)

    def failures(self, **labels):
        return self.count("respgate_authentication_failures_total", reason="certificate", **labels)

    def assert_refused(self, certificate, why, user="(unknown)"):
        """The handshake is good, the holder is nobody here."""
        before = self.failures(user=user)
        client = self.connect(certificate=certificate)
        try:
            self.assertEqual(client.read_until_closed(), [Error(b"WRONGPASS invalid username-password pair or user is disabled.")])
        except (Closed, ConnectionError):
            pass
        wait_until(lambda: self.failures(user=user) == before + 1, "the failure is counted")
        wait_until(lambda: why in self.gate.stderr(), lambda: f"{why!r} in {self.gate.stderr()[-500:]}")
        event = wait_until(lambda: [line for line in self.gate.audit() if why in line.get("detail", "")], "an audit line")[-1]
        self.assertEqual((event["kind"], event["reason"], event["verdict"]), ("auth", "certificate", "failed"))


class UriTest(CertificateCase):
    identities = {"spiffe://corp/orders": "alice", "spiffe://corp/off": "sleeper"}

    def test_a_row_leads_to_its_user(self):
        client = self.connect(certificate=self.certificate_for("URI:spiffe://corp/orders"))
        self.assertEqual(client.call("ACL", "WHOAMI"), b"alice")
        self.assertEqual(client.call("SET", "a:key", "1"), b"OK")
        self.assertEqual(type(client.call("SET", "b:key", "1")), Error)

    def test_reset_returns_to_the_certificate_s_user(self):
        client = self.connect(certificate=self.certificate_for("URI:spiffe://corp/orders"))
        client.login("bob", "bob-secret")
        self.assertEqual(client.call("ACL", "WHOAMI"), b"bob")
        client.call("RESET")
        self.assertEqual(client.call("ACL", "WHOAMI"), b"alice")

    def test_a_login_is_audited(self):
        self.connect(certificate=self.certificate_for("URI:spiffe://corp/orders")).call("PING")
        wait_until(lambda: [line for line in self.gate.audit()
                            if (line.get("reason"), line["verdict"], line.get("user")) == ("certificate", "ok", "alice")], "an audit line")

    def test_who_is_nobody_is_refused(self):
        for names, why in [("URI:spiffe://corp/else", "spiffe://corp/else is the name of no user"),
                           ("URI:spiffe://corp/orders,URI:spiffe://corp/else", "the certificate has more than one URI"),
                           ("DNS:alice", "the certificate has no URI")]:
            with self.subTest(names=names):
                self.assert_refused(self.certificate_for(names), why)

    def test_a_user_who_is_off_is_refused(self):
        self.assert_refused(self.certificate_for("URI:spiffe://corp/off"), "spiffe://corp/off is a user who is off", user="sleeper")

    def test_no_certificate_no_handshake(self):
        with self.assertRaises((ssl.SSLError, OSError, Closed)):
            client = TlsClient(("127.0.0.1", self.port), client_context(self.authority))
            self.addCleanup(client.close)
            client.call("PING")

    def test_nothing_is_resumed(self):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = client_context(self.authority, self.certificate_for("URI:spiffe://corp/orders"), version)
            first = TlsClient(("127.0.0.1", self.port), context)
            self.addCleanup(first.close)
            first.call("PING")
            session = first.socket.session
            second = TlsClient(("127.0.0.1", self.port), context, session=session if session and session.has_ticket else None)
            self.addCleanup(second.close)
            self.assertFalse(second.socket.session_reused)


class ExpiryTest(CertificateCase):
    """A connection does not outlive the certificate that let it in, whoever has logged in on it since."""

    def test_it_ends_with_the_certificate(self):
        expires = int(time.time()) + 3
        client = self.connect(certificate=self.authority.issue("short", "URI:alice", "/CN=short", expires=expires))
        client.login("bob", "bob-secret")
        self.assertEqual(client.call("PING"), b"PONG")
        self.assertEqual(client.read_until_closed(), [])
        self.assertGreaterEqual(time.time(), expires)


class ExpiryOfWhatOnlyAdmitsTest(ExpiryTest):
    identity = "none"


class NameTest(CertificateCase):
    """Without rows, the identity is the user."""

    identity = "cn"

    def test_the_common_name_is_the_user(self):
        self.assertEqual(self.connect(certificate=self.certificate_for("", "/CN=bob")).call("ACL", "WHOAMI"), b"bob")

    def test_two_common_names_are_nobody(self):
        self.assert_refused(self.certificate_for("", "/CN=bob/CN=root"), "the certificate has more than one CN")


class GroupTest(CertificateCase):
    """A listener's group holds for certificates as for passwords."""

    identity = "cn"
    changes = {"users": {"groups": {"staff": ["alice"]}}}

    listener = {"user_group": "staff"}

    def test_only_members_come_in(self):
        self.assertEqual(self.connect(certificate=self.certificate_for("", "/CN=alice")).call("ACL", "WHOAMI"), b"alice")
        self.assert_refused(self.certificate_for("", "/CN=bob"), "bob is not a member of group staff", user="bob")


class RequestTest(CertificateCase):
    identity = "san_dns"
    auth = "request"

    def test_without_a_certificate_a_password_counts(self):
        client = self.connect()
        self.assertEqual(client.call("PING"), Error(b"NOAUTH Authentication required."))
        client.login("alice", "alice-secret")

    def test_with_one_it_counts(self):
        self.assertEqual(self.connect(certificate=self.certificate_for("DNS:alice")).call("ACL", "WHOAMI"), b"alice")

    def test_one_that_names_nobody_is_refused_all_the_same(self):
        self.assert_refused(self.certificate_for("DNS:nobody"), "nobody is the name of no user")


if __name__ == "__main__":
    unittest.main()

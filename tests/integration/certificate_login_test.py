#!/usr/bin/env python3
"""Certificates as users: born logged in, or refused with a reason that is counted, audited and logged."""

import socket
import ssl
import time
import unittest

from harness.deadline import DEADLINE, wait_until
from harness.pki import Authority, TlsClient, client_context
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

    def test_what_it_does_is_audited_with_the_identity(self):
        self.assertEqual(type(self.connect(certificate=self.certificate_for("URI:spiffe://corp/orders")).call("GET", "b:1")), Error)
        wait_until(lambda: [line for line in self.gate.audit()
                            if (line["kind"], line["identity"], line["user"]) == ("denied", "spiffe://corp/orders", "alice")], "an audit line")

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


class RevocationCase(CertificateCase):
    @classmethod
    def listener_tls(cls):
        return {**super().listener_tls(), "crl_file": cls.authority.revoke()}

    def setUp(self):
        self.authority.revoke()
        self.gate.reconfigure({})
        self.bad, self.good = (self.authority.issue(name, "", f"/CN={name}") for name in ("alice", "bob"))

    def assert_gone(self, client, why=""):
        """Disconnected, and the log says why; without `why`: in whatever words OpenSSL has for it."""
        told = f'certificate refused listener=main peer=127.0.0.1:{client.socket.getsockname()[1]} reason="{why}'
        self.assertEqual(client.read_until_closed(), [])
        wait_until(lambda: told in self.gate.stderr(), lambda: f"{told} in {self.gate.stderr()[-500:]}")


class RevocationTest(RevocationCase):
    """A reload judges the certificates of those who are in by what is trusted from then on."""

    identity = "cn"

    def test_who_is_revoked_is_disconnected_and_the_others_are_not(self):
        bad, other, good = self.connect(certificate=self.bad), self.connect(certificate=self.bad), self.connect(certificate=self.good)
        other.login("root", "root-secret")  # whoever it is by now: it is that certificate which let it in
        for client in (bad, other, good):
            self.assertEqual(client.call("PING"), b"PONG")
        self.authority.revoke(self.bad)
        self.gate.reload()
        for client in (bad, other):
            self.assert_gone(client, "certificate revoked")
        for _ in range(2):
            self.assertEqual(good.call("PING"), b"PONG")
            self.gate.reload()
        self.assertEqual(self.count("respgate_connections", listener="main"), 1)

    def test_a_list_that_changes_is_enough(self):
        client = self.connect(certificate=self.bad)
        self.assertEqual(client.call("PING"), b"PONG")
        self.authority.revoke(self.bad)
        self.assert_gone(client, "certificate revoked")

    def test_whose_authority_is_trusted_no_more_is_disconnected(self):
        client = self.connect(certificate=self.good)
        self.assertEqual(client.call("PING"), b"PONG")
        other = Authority(self.directory, "other")
        listener = self.gate.config["listeners"][0]
        tls = {**listener["tls"], "client_ca_file": other.certificate, "crl_file": other.revoke()}
        self.gate.reconfigure({"listeners": [{**listener, "tls": tls}]})
        self.assert_gone(client)

    def test_a_handshake_that_began_before_counts_as_what_it_is(self):
        """The list is loaded when the server has said its part, and the client not yet shown its certificate."""
        received, sent = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = client_context(self.authority, self.bad).wrap_bio(received, sent, server_hostname="localhost")
        with socket.create_connection(("127.0.0.1", self.port), DEADLINE) as plain:
            with self.assertRaises(ssl.SSLWantReadError):
                client.do_handshake()
            plain.sendall(sent.read())
            received.write(plain.recv(65536))
            self.authority.revoke(self.bad)
            self.gate.reload()
            refused = self.count("respgate_connections_refused_total", reason="tls_handshake")
            while True:
                try:
                    client.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    received.write(plain.recv(65536))
            client.write(b"PING\r\n")
            plain.sendall(sent.read())
            wait_until(lambda: self.count("respgate_connections_refused_total", reason="tls_handshake") == refused + 1, "it is refused")
            self.assertEqual(self.count("respgate_connections", listener="main"), 0)


class RevocationOfWhatOnlyAdmitsTest(RevocationCase):
    identity = "none"

    def test_who_is_revoked_is_disconnected_whoever_has_logged_in(self):
        bad, good = (self.connect(certificate=certificate) for certificate in (self.bad, self.good))
        for client in (bad, good):
            client.login("alice", "alice-secret")
        self.authority.revoke(self.bad)
        self.gate.reload()
        self.assert_gone(bad, "certificate revoked")
        self.assertEqual(good.call("PING"), b"PONG")


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


class UnauditedTest(CertificateCase):
    """A disk that is full, and on_overflow: deny."""

    identity = "cn"
    changes = {"audit": {"file": "/dev/full", "on_overflow": "deny"}}

    def test_nobody_comes_in_whose_login_cannot_be_recorded(self):
        certificate = self.certificate_for("", "/CN=alice")
        self.connect(certificate=certificate).call("PING")
        wait_until(lambda: self.count("respgate_audit_available") == 0, "the first line is not taken")
        client = self.connect(certificate=certificate)
        try:
            self.assertEqual(client.read_until_closed(), [Error(b"ERR respgate: audit unavailable")])
        except (Closed, ConnectionError):
            pass
        self.assertEqual(self.count("respgate_audit_refused_total", listener="main"), 1)


if __name__ == "__main__":
    unittest.main()

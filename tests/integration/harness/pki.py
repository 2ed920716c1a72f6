"""Certificates made by the openssl program as tests need them, and clients that speak TLS."""

import socket
import ssl
import subprocess
import time

from harness.deadline import DEADLINE
from harness.resp import Client


def _openssl(*arguments, input=None):
    done = subprocess.run(["openssl", *arguments], input=input, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


class Authority:
    """A root in `directory`, and what it signs.  Everything is named by files: `name`.crt, `name`.key."""

    def __init__(self, directory, name="ca"):
        self.directory, self.name = directory, name
        self.certificate = str(directory / f"{name}.crt")
        self._key = str(directory / f"{name}.key")
        _openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                 "-keyout", self._key, "-out", self.certificate, "-addext", "basicConstraints=critical,CA:TRUE",
                 "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    def issue(self, name, alternative_names="DNS:localhost,IP:127.0.0.1", subject=None, days=2, key="ec", file=None, expires=None):
        """(certificate file, key file); `expires` is a time in seconds, for what is to end sooner than in `days`."""
        stem = str(self.directory / (file or name))
        kind = ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"] if key == "ec" else ["rsa:2048"]
        _openssl("req", "-newkey", *kind, "-nodes", "-subj", subject or f"/CN={name}", "-keyout", f"{stem}.key.new", "-out", f"{stem}.csr")
        extensions = self.directory.write(f"{file or name}.ext", f"subjectAltName={alternative_names}\n" if alternative_names else "")
        if expires is None:
            _openssl("x509", "-req", "-in", f"{stem}.csr", "-CA", self.certificate, "-CAkey", self._key, "-CAcreateserial", "-days", str(days),
                     "-extfile", str(extensions), "-out", f"{stem}.crt.new")
        else:
            self._sign_until(expires, f"{stem}.csr", str(extensions), f"{stem}.crt.new")
        for kind in ("crt", "key"):
            (self.directory / f"{file or name}.{kind}.new").rename(f"{stem}.{kind}")
        return f"{stem}.crt", f"{stem}.key"

    def revoke(self, *certificates):
        """The list, in a file, of exactly these certificates of its (files, as issue() returns them)."""
        settings = self._ca_settings()
        for certificate, _ in certificates:
            _openssl("ca", "-config", settings, "-cert", self.certificate, "-keyfile", self._key, "-revoke", certificate)
        stem = str(self.directory / f"{self.name}.crl")
        _openssl("ca", "-config", settings, "-cert", self.certificate, "-keyfile", self._key, "-gencrl", "-crldays", "1", "-out", f"{stem}.new")
        (self.directory / f"{self.name}.crl.new").rename(stem)
        return stem

    def _ca_settings(self):
        """Of a CA that has issued nothing yet."""
        self.directory.write("index.txt", "")
        self.directory.write("serial", "1000")
        return str(self.directory.write("ca.cnf", "[ca]\ndefault_ca = d\n[d]\ndefault_md = sha256\npolicy = p\nunique_subject = no\n"
                                        f"database = {self.directory / 'index.txt'}\nserial = {self.directory / 'serial'}\nnew_certs_dir = {self.directory.path}\n"
                                        "[p]\ncommonName = optional\n"))

    def _sign_until(self, expires, request, extensions, certificate):
        """As x509 does, which knows days only."""
        settings = self._ca_settings()
        moment = lambda seconds: time.strftime("%Y%m%d%H%M%SZ", time.gmtime(seconds))
        _openssl("ca", "-batch", "-notext", "-config", settings, "-cert", self.certificate, "-keyfile", self._key,
                 "-startdate", moment(expires - 3600), "-enddate", moment(expires), "-extfile", extensions, "-in", request, "-out", certificate)


def client_context(authority, certificate=None, version=None):
    context = ssl.create_default_context(cafile=authority.certificate)
    if certificate:
        context.load_cert_chain(*certificate)
    if version:
        context.minimum_version = context.maximum_version = version
    return context


class TlsClient(Client):
    """As Client, over TLS; `address` is (host, port), and the certificate must be for `name`."""

    def __init__(self, address, context, name="localhost", timeout=DEADLINE, session=None):
        self.timeout = timeout
        self._received = bytearray()
        plain = socket.create_connection(address, timeout)
        try:
            self.socket = context.wrap_socket(plain, server_hostname=name, session=session)
        except BaseException:
            plain.close()
            raise

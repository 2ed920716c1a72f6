#!/usr/bin/env python3
"""TLS handshakes beside HAProxy's: CPU for each, full and resumed, and the memory of an idle connection."""

import re
import shutil
import ssl
import subprocess
import sys

from measure import medians, microseconds_each

from harness.cases import USERS
from harness.deadline import wait_until
from harness.observation import resident_bytes
from harness.pki import Authority, TlsClient, client_context
from harness.processes import Directory, RedisServer, Respgate, free_port

ROUNDS, SECONDS, IDLE = 5, 3, 2000


class Haproxy:
    """One thread, TLS in, plain out, as respgate has it."""

    def __init__(self, directory, server, certificate):
        self.port = free_port()
        pem = directory.write("both.pem", "".join(open(file, encoding="ascii").read() for file in certificate))
        self._config = directory.write("haproxy.cfg", f"""
global
  nbthread 1
  maxconn 4000
  tune.ssl.default-dh-param 2048
defaults
  mode tcp
  timeout connect 5s
  timeout client 60s
  timeout server 60s
listen redis
  bind 127.0.0.1:{self.port} ssl crt {pem}
  server node unix@{server.path}
""")
        self.process = subprocess.Popen(["haproxy", "-db", "-f", str(self._config)], stderr=subprocess.DEVNULL)

    def stop(self):
        self.process.terminate()
        self.process.wait()


def handshakes(port, authority, *how):
    done = subprocess.run(["openssl", "s_time", "-connect", f"127.0.0.1:{port}", "-CAfile", authority.certificate, "-time", str(SECONDS), *how],
                          capture_output=True, text=True, check=False)
    return int(re.findall(r"^(\d+) connections in \d+ real seconds", done.stdout, re.MULTILINE)[0])


def idle_bytes(process, port, authority):
    """Of the proxy alone, for each connection that has shaken hands and said one PING."""
    context = client_context(authority, version=ssl.TLSVersion.TLSv1_3)

    def connect():
        client = TlsClient(("127.0.0.1", port), context)
        client.call("PING")
        return client
    warm = [connect() for _ in range(200)]
    before = resident_bytes(process.pid)
    clients = [connect() for _ in range(IDLE)]
    grown = resident_bytes(process.pid) - before
    for client in warm + clients:
        client.close()
    return grown / IDLE


def main():
    directory = Directory()
    authority = Authority(directory)
    certificate = authority.issue("gate")
    server = RedisServer(directory, options=["--maxclients", "10000"])
    port = free_port()
    gate = Respgate(directory, server, USERS, {"workers": 1, "limits": {"unauthenticated": {"timeout": "60s"}}, "listeners": [
        {"name": "main", "address": f"127.0.0.1:{port}", "tls": {"cert_file": certificate[0], "key_file": certificate[1]}}]})
    subjects = {"respgate": (gate.process, port)}
    haproxy = Haproxy(directory, server, certificate) if shutil.which("haproxy") else None
    try:
        if haproxy:
            subjects["haproxy"] = (haproxy.process, haproxy.port)
            wait_until(lambda: _listens(haproxy.port, authority), "haproxy listens")
        for name, how in (("full, TLS 1.3", ["-new"]), ("full, TLS 1.2", ["-new", "-tls1_2"]), ("resumed, TLS 1.2", ["-reuse", "-tls1_2"])):
            each = medians(ROUNDS, {subject: lambda process=process, at=at: microseconds_each(process.pid, lambda: handshakes(at, authority, *how))
                                    for subject, (process, at) in subjects.items()})
            print(f"{name:>18}: " + ", ".join(f"{subject} {value:.0f} µs CPU" for subject, value in each.items())
                  + (f", ratio {each['respgate'] / each['haproxy']:.2f}" if haproxy else ""))
        for subject, (process, at) in subjects.items():
            print(f"{'idle connection':>18}: {subject} {idle_bytes(process, at, authority) / 1024:.1f} KiB")
    finally:
        gate.stop()
        if haproxy:
            haproxy.stop()
        server.stop()
        directory.remove()


def _listens(port, authority):
    try:
        TlsClient(("127.0.0.1", port), client_context(authority)).close()
        return True
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(main())

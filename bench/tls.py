#!/usr/bin/env python3
"""TLS handshakes beside HAProxy's: CPU for each, full and resumed, and the memory of an idle connection."""

import re
import subprocess
import sys

import idle
import peers
from measure import medians, microseconds_each

from harness.cases import USERS
from harness.pki import Authority
from harness.processes import Directory, RedisServer, Respgate, free_port

ROUNDS, SECONDS, IDLE = 5, 3, 2000


def handshakes(port, authority, *how):
    done = subprocess.run(["openssl", "s_time", "-connect", f"127.0.0.1:{port}", "-CAfile", authority.certificate, "-time", str(SECONDS), *how],
                          capture_output=True, text=True, check=False)
    return int(re.findall(r"^(\d+) connections in \d+ real seconds", done.stdout, re.MULTILINE)[0])


def idle_bytes(process, port, authority):
    """Of the proxy alone, for each connection that has shaken hands and said one PING."""
    connect = idle.tls_connector(port, authority)
    return idle.bytes_each(process.pid, lambda: idle.said_something(connect, login=False), IDLE)


def main():
    directory = Directory()
    authority = Authority(directory)
    certificate = authority.issue("gate")
    server = RedisServer(directory, tcp=True, options=["--maxclients", "10000"])
    port = free_port()
    gate = Respgate(directory, server, USERS, {"workers": 1, "limits": {"unauthenticated": {"timeout": "60s"}}, "listeners": [
        {"name": "main", "address": f"127.0.0.1:{port}", "tls": {"cert_file": certificate[0], "key_file": certificate[1]}}]})
    subjects = {"respgate": (gate.process, port)}
    haproxy = peers.haproxy(directory, server.port, certificate) if peers.program(peers.HAPROXY) else None
    try:
        if haproxy:
            subjects["haproxy"] = (haproxy.process, haproxy.port)
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


if __name__ == "__main__":
    sys.exit(main())

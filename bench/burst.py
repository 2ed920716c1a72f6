"""Resident memory of a proxy with 10,000 connections: idle, while all of them are busy at once, a second later, and when they have gone.

The burst: every client sends half of a SET of 64 KiB before anybody sends the rest; then every one a pipeline of 100 GETs of 1 KiB before
anybody reads.  What is not given back afterwards is kept for nobody.
"""

import time

import cases
import idle
import peers
import report
import stage
from measure import tell

from harness.observation import resident_bytes
from harness.processes import Respgate
from harness.resp import Client, encode

CONNECTIONS, SPARE = 10_000, 500  # descriptors of this process and of the proxy beyond those
QUIET = 1.5                       # seconds; respgate looks once a second at who has said nothing for one
SUBJECTS = (cases.GATE, cases.TLS_GATE, cases.TWEMPROXY)
FEWER = {cases.TWEMPROXY: 1_000}  # it takes 16 KiB for each request, and keeps them
STAGES = ("at start", "idle", "burst, at most", "idle again", "gone")

VALUE = b"v" * 64 * 1024
SMALL_KEY, SMALL = "cache:small", b"s" * 1024
PIPELINE = encode("GET", SMALL_KEY) * 100
ANSWERS = (b"$1024\r\n" + SMALL + b"\r\n") * 100
OK = b"+OK\r\n"


def expect(client, answer):
    received = bytearray()
    while len(received) < len(answer):
        data = client.socket.recv(len(answer) - len(received))
        if not data:
            break
        received += data
    if received != answer:
        raise AssertionError(f"{len(received)} bytes of an answer that is none: {bytes(received[:100])!r}")


def burst(clients):
    requests = [encode("SET", f"cache:burst-{number % 100}", VALUE) for number in range(100)]
    wire = lambda number: memoryview(requests[number % 100])
    half = len(VALUE) // 2
    for number, client in enumerate(clients):
        client.write(wire(number)[:half])
    for number, client in enumerate(clients):
        client.write(wire(number)[half:])
    for client in clients:
        expect(client, OK)
    for client in clients:
        client.write(PIPELINE)
    for client in clients:
        expect(client, ANSWERS)


def greatest(pid):
    """Resident bytes at most, since its start."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:"))


def one(scene, name, count):
    """{stage: MiB} of a fresh process."""
    child = scene.fresh(name)
    pid, found, clients = child.process.pid, {}, []
    connect = idle.tls_connector(child.port, scene.authority) if name in cases.TLS else lambda: Client(("127.0.0.1", child.port))
    note = lambda when, size: found.update({when: size / 2**20})
    note("at start", resident_bytes(pid))
    try:
        for _ in range(count):
            clients.append(idle.said_something(connect, isinstance(child, Respgate)))
        time.sleep(QUIET)
        note("idle", resident_bytes(pid))
        burst(clients)
        note("burst, at most", greatest(pid))
        time.sleep(QUIET)
        note("idle again", resident_bytes(pid))
    finally:
        for client in clients:
            client.close()
    time.sleep(QUIET)
    note("gone", resident_bytes(pid))
    peers.end(child.process)
    return found


def measured(scene, options):
    """{subject: {stage: [MiB], "connections": how many}}"""
    most = min(options.connections, options.descriptors - SPARE)
    with scene.server.client() as client:
        client.call("SET", SMALL_KEY, SMALL)
    found = {}
    for name in SUBJECTS:
        if scene.lacks(name):
            continue
        count = min(most, FEWER.get(name, most))
        tell(f"{count:,} connections, idle and in a burst: {name}")
        found[name] = {**{when: [size] for when, size in one(scene, name, count).items()}, "connections": count}
    return found


def text(figures):
    rows = [[f"{name}, {seen['connections']:,} connections", *(report.number(seen[when][0]) for when in STAGES)] for name, seen in figures.items()]
    return report.table(["resident MiB", *STAGES], rows)


def summary(figures):
    said = lambda seen: " → ".join(report.number(seen[when][0]) for when in STAGES[1:])
    many = f"{max((seen['connections'] for seen in figures.values()), default=CONNECTIONS):,}"
    return [(f"resident MiB with {many} connections: idle → burst → idle again → gone",
             {name: said(seen) for name, seen in figures.items() if name not in FEWER})]

"""What one client does to fifty others: one with pipelines of 10,000, and one that reads a large reply slowly.

The fifty are redis-benchmark's, without pipelining; their latencies are taken without the one and with it, one right after the other, at the
server itself as through each proxy.
"""

import contextlib
import selectors
import socket
import ssl
import statistics
import threading
import time

import cases
import load
import report
import stage
from marks import Spread, ratios
from measure import tell, turns

from harness.pki import TlsClient, client_context
from harness.resp import Client, encode

MIB = 1 << 20
DEPTH = 10_000            # commands of a pipeline
LARGE = 100 * MIB         # bytes of the slow reader's reply
PER_SECOND = MIB          # that it reads
PIECES = 16               # that it reads them in, each second
RECEIVE_BUFFER = 256 * 1024  # the kernel's, of the slow reader: it does not take the reply in its stead
PILOT = 2_000             # requests that show the pace
BEGINS = 30               # seconds for a neighbour to get its first bytes

PIPELINER, SLOW_READER = "pipeliner", "slow-reader"
TITLES = {PIPELINER: "one client with pipelines of 10,000", SLOW_READER: "one client that reads 1 MiB/s of a reply of 100 MiB"}
SUBJECTS = (cases.DIRECT, cases.GATE, cases.TWEMPROXY, cases.HAPROXY, cases.PEERS)
CASE = cases.Case("beside", "GET, 50 clients", cases.GET, SUBJECTS)
CASE_TLS = cases.Case("beside-tls", "GET over TLS, 50 clients", cases.GET, (cases.TLS_GATE, cases.TLS_HAPROXY))
FIGURES = ("rps", "p50", "p99", "max")


def connected(subject, scene, receive_buffer=0):
    """A client of it, logged in where it must."""
    address = (subject.host, subject.port)
    client = TlsClient(address, client_context(scene.authority, version=ssl.TLSVersion.TLSv1_3)) if subject.authority else Client(address)
    if receive_buffer:
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    return client.login(*subject.login) if subject.login else client


def expect_bulk(client, size):
    """The line before the bytes of a value, which the caller reads."""
    line = bytearray()
    while not line.endswith(b"\n"):
        byte = client.socket.recv(1)
        if not byte:
            raise load.Refused(f"closed after {bytes(line)!r}")
        line += byte
    if line != b"$%d\r\n" % size:
        raise load.Refused(line.decode(errors="replace").strip())


class Neighbour(contextlib.AbstractContextManager):
    """Somebody who is busy with the subject in a thread of his own while the context lasts; `got` counts what he got, in
    `unit`, `fate` says how it ended when he was cut."""

    def __init__(self, scene, subject):
        self.scene, self.subject = scene, subject
        self.got, self.cut, self.fate = 0, 0, ""
        self._stop, self._begun = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._since = self._until = 0.0

    def __enter__(self):
        self._thread.start()
        if not self._begun.wait(BEGINS):
            self.fate = self.fate or f"nothing came in {BEGINS} s"
        self.got, self._since = 0, time.monotonic()
        return self

    def __exit__(self, *_):
        self._until = time.monotonic()
        self._stop.set()
        self._thread.join()

    def rate(self):
        return self.got / (self._until - self._since)

    def _run(self):
        """Whoever is cut comes again, as clients do, a second later."""
        while not self._stop.is_set():
            try:
                with connected(self.subject, self.scene, self.receive_buffer) as client:
                    self.work(client)
            except (OSError, AssertionError, load.Refused) as error:
                self.cut, self.fate = self.cut + 1, str(error) or type(error).__name__
                self._begun.set()  # nobody waits for what does not come
                self._stop.wait(1)


class Pipeliner(Neighbour):
    """One pipeline after the other; the next is written when the one before is answered."""

    receive_buffer = 0
    unit = "requests/s"
    WIRE = encode("GET", f"key:{7:012}") * DEPTH
    ANSWER = b"$3\r\nxxx\r\n" * DEPTH

    def work(self, client):
        client.socket.setblocking(False)
        with selectors.DefaultSelector() as selector:
            selector.register(client.socket, selectors.EVENT_READ | selectors.EVENT_WRITE)
            while not self._stop.is_set() and self._one(client.socket, selector):
                self.got += DEPTH
                self._begun.set()

    def _one(self, connection, selector):
        """False: it shall stop.  Writes and reads at once: nobody promises to keep what is not read."""
        unsent, received = memoryview(self.WIRE), 0
        selector.modify(connection, selectors.EVENT_READ | selectors.EVENT_WRITE)
        while received < len(self.ANSWER):
            if self._stop.is_set():
                return False
            for _, events in selector.select(0.1):
                if events & selectors.EVENT_WRITE:
                    unsent = unsent[connection.send(unsent):]
                    if not unsent:
                        selector.modify(connection, selectors.EVENT_READ)
                if events & selectors.EVENT_READ:
                    data = connection.recv(1 << 18)
                    if not data:
                        raise load.Refused("the connection was closed")
                    if data != self.ANSWER[received:received + len(data)]:
                        raise load.Refused(f"an answer that is none: {data[:100]!r}")
                    received += len(data)
        return True


class SlowReader(Neighbour):
    """Asks for LARGE bytes and reads PER_SECOND of them each second."""

    receive_buffer = RECEIVE_BUFFER
    unit = "MiB/s"
    KEY = "cache:large"

    def work(self, client):
        client.send("GET", self.KEY)
        expect_bulk(client, LARGE)
        left = LARGE
        self._begun.set()
        while left > 0 and not self._stop.wait(1 / PIECES):
            piece = min(left, PER_SECOND // PIECES)
            while piece > 0:
                data = client.socket.recv(piece)
                if not data:
                    raise load.Refused(f"closed after {(LARGE - left) / MIB:.1f} MiB")
                piece, left, self.got = piece - len(data), left - len(data), self.got + len(data) / MIB


MAKERS = {PIPELINER: Pipeliner, SLOW_READER: SlowReader}


def run_for(case, subject, seconds):
    """As many requests as take about so long, by the pace of a few."""
    pace = load.run(case, subject, PILOT)["rps"]
    return load.run(case, subject, int(pace * seconds))


def one(scene, case, subject, seconds, maker):
    """{figure: value}, alone and beside a neighbour, whose own figures are there too."""
    alone = run_for(case, subject, seconds)
    with maker(scene, subject) as neighbour:
        beside = run_for(case, subject, seconds)
    return {**{f"{figure} alone": alone[figure] for figure in FIGURES}, **{figure: beside[figure] for figure in FIGURES},
            "neighbour": neighbour.rate(), "cut": neighbour.cut}, neighbour.fate


def measured(scene, options, kind):
    """{subject: {figure: [of each round]}}; "fates" has what became of neighbours who were cut."""
    stage.fill(scene.server)
    if kind == SLOW_READER:
        with scene.server.client() as client:
            assert client.call("SET", SlowReader.KEY, b"x" * LARGE) == b"OK"
    plan = [(case, subject) for case in ((CASE,) if kind == PIPELINER else (CASE, CASE_TLS)) for subject in scene.subjects(case)]
    found = {subject.name: {} for _, subject in plan}
    for case, subject in plan:
        load.run(case, subject, PILOT)  # the first connections and pages are nobody's
    for number in range(options.rounds):
        tell(f"round {number + 1} of {options.rounds}: {TITLES[kind]}")
        for case, subject in turns(plan, number):
            seen, fate = one(scene, case, subject, options.seconds, MAKERS[kind])
            for figure, value in seen.items():
                found[subject.name].setdefault(figure, []).append(value)
            if fate:
                found[subject.name]["fate"] = fate
    if kind == SLOW_READER:
        with scene.server.client() as client:
            client.call("UNLINK", SlowReader.KEY)
    return found


def median(figures, figure):
    return statistics.median(figures[figure])


def both(figures, figure):
    """Without, and with."""
    return f"{report.number(median(figures, f'{figure} alone'))} → {report.number(median(figures, figure))}"


def fate(figures):
    return f"cut {sum(figures['cut'])} times: {figures['fate']}" if figures.get("fate") else ""


def text(figures, kind):
    rows = []
    for name, seen in figures.items():
        grown = Spread.of(ratios(seen["p99"], seen["p99 alone"]))
        rows.append([name, both(seen, "rps"), both(seen, "p50"), both(seen, "p99"), report.spread(grown), both(seen, "max"),
                     f"{report.number(median(seen, 'neighbour'))} {MAKERS[kind].unit}", fate(seen)])
    return report.table([f"50 GET clients alone → beside {TITLES[kind]}", "requests/s", "p50 ms", "p99 ms", "p99 ÷ alone", "longest ms",
                         "the neighbour gets", ""], rows)


def summary(figures, kind):
    return [(f"p99 ms of 50 GET clients: alone → beside {TITLES[kind]}", {name: both(seen, "p99") for name, seen in figures.items()})]

"""A value of 512 MiB set and got: how long it takes, and how large the proxy's process becomes.

Each is done by a process that nobody has used, so that its greatest resident size is what this took.
"""

import statistics
import time

import cases
import load
import neighbours
import peers
import report
import stage
from measure import tell, turns

from harness.processes import Respgate
from harness.resp import Client, Closed, Error, Malformed

MIB = 1 << 20
SIZE = 512 * MIB  # as much as a server takes by default (proto-max-bulk-len)
CHUNK = MIB
PATIENCE = 60     # seconds for the next bytes
KEY = "cache:huge"
SUBJECTS = (cases.DIRECT, cases.GATE, cases.TWEMPROXY, cases.HAPROXY, cases.TLS_GATE, cases.TLS_HAPROXY)
SET, GET = "SET", "GET"


def memory_of(pid):
    """{"VmRSS", "VmHWM"} in MiB: now, and at most since its start."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        fields = dict(line.split(":", 1) for line in status)
    return {name: int(fields[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM")}


def what_it_said(client, error):
    """Of a connection that broke: the last words of the peer, if there are any."""
    try:
        reply = client.read(5)
    except (OSError, Closed, Malformed):
        return str(error) or type(error).__name__
    return bytes(reply).decode(errors="replace") if isinstance(reply, Error) else f"{error}"


def set_value(client):
    chunk = memoryview(b"x" * CHUNK)
    try:
        client.write(b"*3\r\n$3\r\nSET\r\n$%d\r\n%s\r\n$%d\r\n" % (len(KEY), KEY.encode(), SIZE))
        for _ in range(SIZE // CHUNK):
            client.write(chunk)
        client.write(b"\r\n")
    except OSError as error:
        raise load.Refused(what_it_said(client, error)) from error
    reply = client.read()
    if reply != b"OK":
        raise load.Refused(bytes(reply).decode(errors="replace"))


def get_value(client):
    client.send("GET", KEY)
    neighbours.expect_bulk(client, SIZE)
    buffer, left = memoryview(bytearray(CHUNK)), SIZE + 2
    while left > 0:
        count = client.socket.recv_into(buffer[:min(left, CHUNK)])
        if count == 0:
            raise load.Refused(f"closed after {(SIZE - left) / MIB:.0f} MiB")
        left -= count


def one(scene, name, work):
    """{"seconds", "before", "most" (MiB)} of a fresh process, or of the server itself; and what went wrong."""
    child = scene.server if name == cases.DIRECT else scene.fresh(name)
    pid = child.process.pid
    subject = stage.Subject(name, pid, child.port, stage.LOGIN if isinstance(child, Respgate) else (), scene.authority.certificate if name in cases.TLS else "")
    found, why = {"before": memory_of(pid)["VmRSS"]}, ""
    try:
        with neighbours.connected(subject, scene) as client:
            client.timeout = PATIENCE
            client.socket.settimeout(PATIENCE)
            start = time.monotonic()
            work(client)
            found["seconds"] = time.monotonic() - start
    except (OSError, load.Refused) as error:
        why = str(error) or type(error).__name__
    found["most"] = memory_of(pid)["VmHWM"]
    if name != cases.DIRECT:
        peers.end(child.process)
    return found, why


def measured(scene, options):
    """{direction: {subject: {figure: [of each round], "refused": why}}}"""
    names = [name for name in SUBJECTS if not scene.lacks(name)]
    found = {direction: {name: {} for name in names} for direction in (SET, GET)}
    for number in range(options.rounds):
        tell(f"round {number + 1} of {options.rounds}: a value of 512 MiB")
        with Client(scene.server.path, timeout=PATIENCE) as client:
            set_value(client)  # so that a refused SET leaves something to get
        for direction, work in ((SET, set_value), (GET, get_value)):
            for name in turns(names, number):
                seen, why = one(scene, name, work)
                for figure, value in seen.items():
                    found[direction][name].setdefault(figure, []).append(value)
                if why:
                    found[direction][name]["refused"] = why
    with scene.server.client() as client:
        client.call("UNLINK", KEY)
    return found


def median(seen, figure):
    return report.number(statistics.median(seen[figure])) if seen.get(figure) else ""


def text(figures):
    rows = []
    for direction, subjects in figures.items():
        for name, seen in subjects.items():
            sizes = ["", ""] if name == cases.DIRECT else [median(seen, "before"), median(seen, "most")]
            rows.append([direction, name, median(seen, "seconds"), *sizes, f"refused: {seen['refused']}" if seen.get("refused") else ""])
    return report.table(["512 MiB", "", "seconds", "resident MiB before", "at most", ""], rows)


def summary(figures):
    said = lambda seen: "refused" if seen.get("refused") else f"{median(seen, 'most')} MiB, {median(seen, 'seconds')} s"
    return [(f"{direction} of 512 MiB: resident at most, time",
             {name: f"{median(seen, 'seconds')} s" if name == cases.DIRECT else said(seen) for name, seen in subjects.items()})
            for direction, subjects in figures.items()]

"""What connections cost that say nothing: resident memory of the proxy for each, and of a proxy that has none."""

import ssl

import cases
import measure  # finds the harness
import peers
import stage

from harness.observation import resident_bytes
from harness.pki import TlsClient, client_context
from harness.processes import Respgate
from harness.resp import Client

WARM, IDLE, MANY = 200, 2_000, 10_000  # connections
OURS, THEIRS = 3, 1                    # times, each with a process that nobody has used
OTHERS = (cases.FLOOR, cases.TWEMPROXY, cases.HAPROXY, cases.TLS_FLOOR, cases.TLS_HAPROXY, cases.STUNNEL)


def bytes_each(pid, connect, count):
    """Of `pid`, for each connection of `count` that `connect` makes; what the first ones cost beyond that is left out."""
    clients = [connect() for _ in range(WARM)]
    try:
        before = resident_bytes(pid)
        clients += [connect() for _ in range(count)]
        return (resident_bytes(pid) - before) / count
    finally:
        for client in clients:
            client.close()


def tls_connector(port, authority):
    context = client_context(authority, version=ssl.TLSVersion.TLSv1_3)
    return lambda: TlsClient(("127.0.0.1", port), context)


def said_something(connect, login):
    """A connection that has been in use: logged in where it must, and answered once."""
    client = connect()
    if login:
        client.login(*stage.LOGIN)
    client.call("PING")
    return client


def measured(scene, name, count):
    """{"connection": KiB, "resident": MiB} of a fresh process; None where the program is missing."""
    child = scene.fresh(name)
    if child is None:
        return None
    resident = resident_bytes(child.process.pid)
    plain = lambda: Client(("127.0.0.1", child.port))
    connect = tls_connector(child.port, scene.authority) if name in cases.TLS else plain
    each = bytes_each(child.process.pid, lambda: said_something(connect, isinstance(child, Respgate)), count)
    peers.end(child.process)
    return {"connection": each / 1024, "resident": resident / 2**20}


def all_measured(scene, descriptors, tell):
    """{subject: {"connection": […], "resident": […]}}; `descriptors` is how many a process may have."""
    plan = [(name, IDLE, OURS) for name in (cases.GATE, cases.TLS_GATE)] + [(name, IDLE, THEIRS) for name in OTHERS]
    if descriptors > MANY + 2 * WARM:
        plan += [(name, MANY, THEIRS) for name in (cases.GATE, cases.TLS_GATE)]
    seen = {}
    for name, count, times in plan:
        tell(f"{count:,} idle connections: {name}")
        found = [measured(scene, name, count) for _ in range(times)]
        if found[0] is not None:
            label = name if count == IDLE else f"{name}, {count:,} connections"
            seen[label] = {figure: [one[figure] for one in found] for figure in found[0]}
    return seen

"""What can be seen of a running respgate from outside: admin port, metrics, audit lines, memory."""

import http.client
import json
import re
import socket

from harness.deadline import DEADLINE


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=DEADLINE)
        self._path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class Admin:
    """The admin port, at "unix:/path" or "host:port"; `token` goes with every request."""

    def __init__(self, address, token=None):
        self.address = address
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def _connection(self):
        if self.address.startswith("unix:"):
            return _UnixConnection(self.address.removeprefix("unix:"))
        return http.client.HTTPConnection(self.address, timeout=DEADLINE)

    def request(self, method, target, headers=None):
        """(status, body)"""
        connection = self._connection()
        try:
            connection.request(method, target, headers={**self._headers, **(headers or {})})
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()

    def get(self, target):
        status, body = self.request("GET", target)
        assert status == 200, f"GET {target}: {status} {body}"
        return body

    def status(self, target):
        """The status of GET, or None while nobody listens."""
        try:
            return self.request("GET", target)[0]
        except OSError:
            return None


class Metrics(dict):
    """(name, ((label, value), …)) -> number"""

    def series(self, name, **labels):
        """The series of one metric whose labels include these."""
        wanted = set(labels.items())
        return {key: value for key, value in self.items() if key[0] == name and wanted <= set(key[1])}

    def value(self, name, **labels):
        """The sum over those series; fails when there are none."""
        found = self.series(name, **labels)
        assert found, f"no series {name} {labels}"
        return sum(found.values())


_SAMPLE = re.compile(r"^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$")
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"(?:,|$)')


def parse_metrics(text):
    metrics = Metrics()
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        sample = _SAMPLE.match(line)
        assert sample, f"not a sample: {line!r}"
        labels = tuple(sorted(_LABEL.findall(sample[2] or "")))
        key = (sample[1], labels)
        assert key not in metrics, f"the series {key} stands there twice"
        metrics[key] = float(sample[3])
    return metrics


def audit_lines(path):
    """Every line as an object; a line that is not JSON fails."""
    try:
        text = path.read_text()
    except FileNotFoundError:
        return []
    return [json.loads(line) for line in text.split("\n") if line]


def resident_bytes(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS:"))


def child_pids(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as children:
        return [int(child) for child in children.read().split()]

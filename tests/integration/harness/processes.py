"""redis-server and respgate as children in a temporary directory.

Every child is ended by its own pid.  A respgate must leave with status 0 and
without a sanitizer's report on stderr, unless the test says otherwise.
"""

import contextlib
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile

from harness import observation
from harness.deadline import DEADLINE, wait_until
from harness.resp import Client

ROOT = pathlib.Path(__file__).resolve().parents[3]
BINARY = pathlib.Path(os.environ.get("RESPGATE", ROOT / "build" / "respgate")).resolve()
_RANDOM = random.SystemRandom()  # no test that seeds its own chooses the ports of another
_SANITIZER_REPORT = re.compile(r"(ERROR|WARNING): \w+Sanitizer|runtime error:")


class Directory:
    """A temporary directory that removes itself."""

    def __init__(self):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="respgate-test-"))

    def __truediv__(self, name):
        return self.path / name

    def write(self, name, text, mode=0o600):
        path = self.path / name
        path.write_text(text)
        path.chmod(mode)
        return path

    def remove(self):
        shutil.rmtree(self.path, ignore_errors=True)


def free_port():
    """A TCP port that nobody has just now, outside those that the kernel takes for outgoing connections."""
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as ports:
        first_outgoing = int(ports.read().split()[0])
    while True:
        port = _RANDOM.randrange(min(10000, first_outgoing // 2), first_outgoing)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("", port))
            return port


@contextlib.contextmanager
def _ended_unless_started(process):
    """A child that does not come up must not outlive the attempt."""
    try:
        yield
    except BaseException:
        process.kill()
        process.wait()
        raise


class RedisServer:
    """A redis-server on a unix socket (and a TCP port when `tcp`), without persistence."""

    def __init__(self, directory, name="redis", users=None, tcp=False, options=(), prefix=()):
        self.path = str(directory / f"{name}.sock")
        self.port = free_port() if tcp else 0
        self._directory, self._name, self._prefix = directory, name, prefix
        self._options = list(options)
        if users is not None:
            self._options += ["--aclfile", str(directory.write(f"{name}-users.acl", users))]
        self.process = None
        self.start()

    def start(self):
        """Starts it, or starts it again at the same address with nothing in it."""
        command = [*self._prefix, "redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--unixsocket", self.path,
                   "--save", "", "--appendonly", "no", "--dir", str(self._directory.path), *self._options]
        with open(self._directory / f"{self._name}.log", "ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        with _ended_unless_started(self.process):
            wait_until(self._answers, lambda: f"redis-server answers: {self.log()[-500:]}")

    def _answers(self):
        if self.process.poll() is not None:
            raise AssertionError(f"redis-server left with {self.process.returncode}: {self.log()[-500:]}")
        try:
            with Client(self.path) as client:
                return client.call("PING") is not None
        except (OSError, socket.timeout):
            return False

    def log(self):
        return (self._directory / f"{self._name}.log").read_text(errors="replace")

    def client(self):
        return Client(self.path)

    @property
    def node(self):
        return f"127.0.0.1:{self.port}" if self.port else f"unix:{self.path}"

    def freeze(self):
        os.kill(self.process.pid, signal.SIGSTOP)

    def thaw(self):
        os.kill(self.process.pid, signal.SIGCONT)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        if self.process.poll() is None:
            self.kill()


class Respgate:
    """A `respgate run`.  `changes` are merged into a small configuration: one unix listener called `main`."""

    def __init__(self, directory, upstream, users, changes=None, name="gate", wait_ready=True, arguments=(), env=None, admin_token=None,
                 prefix=()):
        self.name, self.directory = name, directory
        self.path = str(directory / f"{name}.sock")
        self.admin_path = str(directory / f"{name}-admin.sock")
        self.audit_path = directory / f"{name}-audit.jsonl"
        self.users_path = directory.write(f"{name}-users.acl", users)
        self.config = merged(self._small_config(upstream), changes or {})
        self.config_path = directory.write(f"{name}.yaml", json.dumps(self.config, indent=1))
        self.admin = observation.Admin(self.config["admin"]["address"], admin_token)
        self._stderr_path = directory / f"{name}.stderr"
        with open(self._stderr_path, "wb") as stderr:
            self.process = subprocess.Popen([*prefix, BINARY, "run", "-c", self.config_path, *arguments],
                                            stdin=subprocess.DEVNULL, stdout=stderr, stderr=stderr, env={**os.environ, **(env or {})})
        with _ended_unless_started(self.process):
            self._wait_serves("/readyz" if wait_ready else "/livez")

    def wait_ready(self):
        """Until it has a lane to its node (again)."""
        self._wait_serves("/readyz")

    def _wait_serves(self, path):
        wait_until(lambda: self._serves(path), lambda: f"{path} is 200: {self.stderr()[-2000:]}")

    def _small_config(self, upstream):
        return {
            "workers": 2,
            "listeners": [{"name": "main", "address": f"unix:{self.path}"}],
            "upstream": {"nodes": [upstream if isinstance(upstream, str) else upstream.node]},
            "users": {"file": str(self.users_path)},
            "commands": {"server_texts": "7.0"},
            "audit": {"file": str(self.audit_path)},
            "admin": {"address": f"unix:{self.admin_path}"},
            "shutdown": {"grace": "5s"},
        }

    def _serves(self, path):
        if self.process.poll() is not None:
            raise AssertionError(f"respgate left with {self.process.returncode}: {self.stderr()[-2000:]}")
        return self.admin.status(path) == 200

    def client(self, user=None, password=None):
        client = Client(self.path)
        return client.login(user, password) if user else client

    def stderr(self):
        return self._stderr_path.read_text(errors="replace")

    def metrics(self):
        return observation.parse_metrics(self.admin.get("/metrics"))

    def audit(self):
        return observation.audit_lines(self.audit_path)

    def reload(self):
        """SIGHUP, then waits until the reload has been counted, whatever became of it."""
        before = self._reloads()
        os.kill(self.process.pid, signal.SIGHUP)
        wait_until(lambda: self._reloads() > before, "a reload is counted")

    def configure(self, changes):
        """The configuration of the start, with `changes` laid over it, moved into its place."""
        text = json.dumps(merged(self.config, changes), indent=1)
        os.replace(self.directory.write(f"{self.name}.yaml.next", text), self.config_path)

    def reconfigure(self, changes):
        """The same, and a reload of it, which must succeed."""
        self.configure(changes)
        self.reload()
        assert self.metrics().value("respgate_reload_success") == 1, self.stderr()[-2000:]

    def _reloads(self):
        return sum(self.metrics().series("respgate_reloads_total").values())

    def assert_alive(self):
        assert self.process.poll() is None, f"respgate left with {self.process.returncode}: {self.stderr()[-4000:]}"

    def stop(self, status=0):
        """SIGTERM, twice if it will not go; then its status and stderr are judged."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(DEADLINE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        report = _SANITIZER_REPORT.search(self.stderr())
        assert report is None, self.stderr()[report.start():report.start() + 6000]
        assert self.process.returncode == status, f"status {self.process.returncode}: {self.stderr()[-4000:]}"


def run_respgate(*arguments, input=None, timeout=DEADLINE, env=None):
    """Runs a respgate command that ends by itself."""
    return subprocess.run([BINARY, *arguments], input=input, capture_output=True, text=True, timeout=timeout,
                          env={**os.environ, **(env or {})}, check=False)


def merged(base, changes):
    """`base` with `changes` laid over it, key by key; None removes a key; a list replaces a list."""
    result = dict(base)
    for key, value in changes.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = merged(result[key], value)
        else:
            result[key] = value
    return result

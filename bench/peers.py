"""The programs beside respgate, each on loopback with one thread: the floors, and what Debian packages."""

import contextlib
import pathlib
import re
import resource
import shutil
import subprocess

import measure  # finds the harness

from harness.deadline import DEADLINE, wait_until
from harness.processes import BINARY, free_port
from harness.resp import Client

ANSWERER, ASKER = (BINARY.parent / "bench" / name for name in ("answerer", "asker"))
CONNECTIONS = 25_000  # more than any run opens
# Of a program that wants two descriptors for each, and does not start unless it may have them.
PAIRED_CONNECTIONS = min(CONNECTIONS, (resource.getrlimit(resource.RLIMIT_NOFILE)[1] - 200) // 2)
HAPROXY, TWEMPROXY, STUNNEL = "haproxy", "nutcracker", "stunnel4"


def program(name):
    """Its path, or None; Debian puts some where only root looks."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin:/usr/local/sbin")


def end(process):
    """However it takes it."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait()


def accepts(port):
    """Does somebody listen there?"""
    with contextlib.suppress(OSError):
        Client(("127.0.0.1", port)).close()
        return True
    return False


class Child:
    """A program that listens on `port` until stop()."""

    def __init__(self, command, port, log):
        self.port = port
        with open(log, "ab") as out:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        try:
            wait_until(lambda: self._listens(log), lambda: f"{command[0]} listens: {said(log)}")
        except BaseException:
            end(self.process)
            raise

    def _listens(self, log):
        if self.process.poll() is not None:
            raise AssertionError(f"{self.process.args[0]} left with {self.process.returncode}: {said(log)}")
        return accepts(self.port)

    def stop(self):
        end(self.process)


def said(log):
    return pathlib.Path(log).read_text(encoding="utf-8", errors="replace")[-1000:]


class Answerer:
    """A floor (over TLS with a certificate), or a server that holds nothing: see answerer/main.cc."""

    def __init__(self, kind, certificate=()):
        self.process = subprocess.Popen([ANSWERER, kind, *certificate], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        line = self.process.stdout.readline()
        listening = re.fullmatch(r"listening on 127\.0\.0\.1:(\d+)\n", line)
        if listening is None:
            end(self.process)
            self.process.stdout.close()
            raise AssertionError(f"{ANSWERER} {kind} does not listen: {line!r}")
        self.port = int(listening[1])

    def stop(self):
        end(self.process)
        self.process.stdout.close()


def haproxy(directory, node_port, certificate=None, name="haproxy"):
    """TCP to TCP, or TLS to TCP with a certificate (its file and its key's)."""
    port, tls = free_port(), ""
    if certificate:
        both = directory.write(f"{name}.pem", "".join(pathlib.Path(file).read_text(encoding="ascii") for file in certificate))
        tls = f" ssl crt {both}"
    config = directory.write(f"{name}.cfg", f"""
global
  nbthread 1
  maxconn {PAIRED_CONNECTIONS}
  tune.ssl.default-dh-param 2048
defaults
  mode tcp
  timeout connect 5s
  timeout client 1h
  timeout server 1h
listen redis
  bind 127.0.0.1:{port} backlog 4096{tls}
  server node 127.0.0.1:{node_port}
""")
    return Child([program(HAPROXY), "-db", "-f", str(config)], port, directory / f"{name}.log")


def twemproxy(directory, node_port):
    port = free_port()
    config = directory.write("nutcracker.yml", f"""
redis:
  listen: 127.0.0.1:{port}
  hash: fnv1a_64
  distribution: modula
  redis: true
  preconnect: true
  backlog: 4096
  servers:
   - 127.0.0.1:{node_port}:1
""")
    return Child([program(TWEMPROXY), "-c", str(config), "-a", "127.0.0.1", "-s", str(free_port())], port, directory / "nutcracker.log")


def stunnel(directory, node_port, certificate):
    port = free_port()
    config = directory.write("stunnel.conf", f"""
foreground = yes
debug = warning
pid =
socket = l:TCP_NODELAY=1
socket = r:TCP_NODELAY=1
[redis]
accept = 127.0.0.1:{port}
connect = 127.0.0.1:{node_port}
cert = {certificate[0]}
key = {certificate[1]}
""")
    return Child([program(STUNNEL), str(config)], port, directory / "stunnel.log")

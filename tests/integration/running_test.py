#!/usr/bin/env python3
"""The three example configurations started as the README says: the sidecar as its unit starts it, the gateway behind
haproxy, the stand-in for trying things out.  Only addresses are changed: those in conf/ may be taken."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import unittest

from harness.deadline import DEADLINE, wait_until
from harness.processes import BINARY, ROOT, Directory, RedisServer, free_port
from harness.resp import Client, Error

UNIT = ROOT / "conf/systemd/respgate.service"
SANITIZED = bool(os.environ.get("RESPGATE_SANITIZE"))


def unit_settings(name):
    return re.findall(rf"^{name}=(.*)$", UNIT.read_text(), re.MULTILINE)


class ExampleCase(unittest.TestCase):
    def setUp(self):
        self.directory = Directory()
        self.addCleanup(self.directory.remove)
        self.directory.path.chmod(0o755)
        self.server = RedisServer(self.directory, tcp=True)
        self.addCleanup(self.server.stop)

    def example(self, name, changes):
        """A copy of conf/NAME beside its users, with the server's port, and `changes`: {what stands there once: what is to}."""
        text = (ROOT / "conf" / name).read_text()
        for old, new in {'nodes: ["127.0.0.1:6379"]': f'nodes: ["127.0.0.1:{self.server.port}"]', **changes}.items():
            self.assertEqual(text.count(old), 1, old)
            text = text.replace(old, new)
        self.directory.write("users.acl", (ROOT / "conf/users.acl").read_text(), 0o644)
        return str(self.directory.write(name, text, 0o644))

    def start(self, words, **options):
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def client(self, port):
        client = Client(("127.0.0.1", port))
        self.addCleanup(client.close)
        return client

    def serves(self, port):
        try:
            with Client(("127.0.0.1", port)) as client:
                return not bytes(client.call("PING")).startswith(b"ERR")
        except OSError:
            return False

    def end(self, process):
        process.terminate()
        self.assertEqual(process.wait(DEADLINE), 0)


class SidecarTest(ExampleCase):
    """As far as the unit's environment can be had without systemd: its user's rights, its variables, its limits."""

    def start_sidecar(self, prefix):
        port = free_port()
        config = self.example("sidecar.yaml", {"    address: 127.0.0.1:6380": f"    address: 127.0.0.1:{port}"})
        exec_start, = unit_settings("ExecStart")
        words = exec_start.replace("/usr/local/bin/respgate", self.binary()).replace("/etc/respgate/respgate.yaml", config).split()
        manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(manager.close)
        manager.settimeout(DEADLINE)
        manager.bind(str(self.directory / "notify"))
        (self.directory / "notify").chmod(0o666)
        kept = {name: value for name, value in os.environ.items() if name == "PATH" or name.endswith("SAN_OPTIONS")}
        process = self.start([*prefix, *words], env={**kept, "NOTIFY_SOCKET": str(self.directory / "notify")}, umask=0o077)
        self.assertIn(b"READY=1", manager.recv(4096))
        wait_until(lambda: self.serves(port), "the sidecar serves")
        return process, port, manager

    def binary(self):
        """A copy that any user can reach."""
        copy = self.directory / "respgate"
        shutil.copy(BINARY, copy)
        copy.chmod(0o755)
        return str(copy)

    def assert_is_orders(self, port):
        client = self.client(port)
        wait_until(lambda: client.call("SET", "orders:1", "new") == b"OK", "the server is reached")
        self.assertEqual(client.call("GET", "reports:1"), Error(b"NOPERM No permissions to access a key"))
        self.assertEqual(client.call("ACL", "WHOAMI").__class__, Error)

    @unittest.skipUnless(shutil.which("setpriv"), "needs setpriv")
    def test_it_serves_without_any_right(self):
        drop = ["setpriv", "--no-new-privs"]
        if os.geteuid() == 0:
            drop += ["--reuid=65532", "--regid=65532", "--clear-groups", "--bounding-set=-all", "--inh-caps=-all"]
        process, port, manager = self.start_sidecar(drop)
        self.assert_is_orders(port)
        os.kill(process.pid, signal.SIGHUP)
        self.assertIn(b"RELOADING=1", manager.recv(4096))
        self.assertIn(b"READY=1", manager.recv(4096))
        self.assert_is_orders(port)
        self.end(process)
        self.assertIn(b"STOPPING=1", manager.recv(4096))

    @unittest.skipUnless(shutil.which("strace") and shutil.which("systemd-analyze") and not SANITIZED, "needs strace and systemd-analyze")
    def test_the_unit_lets_it_make_every_system_call_that_it_makes(self):
        trace = self.directory / "trace"
        process, port, manager = self.start_sidecar(["strace", "-f", "-qq", "--signal=none", "-o", str(trace)])
        self.assert_is_orders(port)
        child = int(trace.read_text().split()[0])
        os.kill(child, signal.SIGHUP)
        for what in (b"RELOADING=1", b"READY=1"):
            self.assertIn(what, manager.recv(4096))
        os.kill(child, signal.SIGTERM)
        self.assertEqual(process.wait(DEADLINE), 0)
        made = set(re.findall(r"^\d+ +(\w+)\(", trace.read_text(), re.MULTILINE))
        self.assertIn("epoll_wait", made)
        self.assertEqual(made - self.let_by_the_unit(), set())

    def let_by_the_unit(self):
        allowed = set()
        for line in unit_settings("SystemCallFilter"):
            named = {call for word in line.lstrip("~").split() for call in self.calls(word)}
            allowed = allowed - named if line.startswith("~") else allowed | named
        return allowed | self.calls("@default")  # always let

    def calls(self, word):
        if not word.startswith("@"):
            return {word}
        out = subprocess.run(["systemd-analyze", "syscall-filter", "--no-pager", word], check=True, capture_output=True, text=True).stdout
        words = [line.strip() for line in out.splitlines()[1:] if line.strip() and not line.strip().startswith("#")]
        return {call for inner in words for call in self.calls(inner)}


class GatewayTest(ExampleCase):
    def start_gateway(self, listener=""):
        self.port, self.admin_port = free_port(), free_port()
        self.config = self.example("gateway.yaml", {
            "    address: 127.0.0.1:6380\n": f"    address: 127.0.0.1:{self.port}\n{listener}",
            "    address: 127.0.0.1:6381\n": f"    address: 127.0.0.1:{free_port()}\n",
            "  address: 127.0.0.1:9180 ": f"  address: 127.0.0.1:{self.admin_port} ",
            "  health_address: 127.0.0.1:9181 ": f"  health_address: 127.0.0.1:{free_port()} "})
        process = self.start([str(BINARY), "run", "-c", self.config])
        wait_until(lambda: self.admin("ready").returncode == 0, lambda: f"the gateway is ready: {self.admin('ready').stderr}")
        return process

    def admin(self, *words):
        return subprocess.run([BINARY, "admin", *words, "-c", self.config], capture_output=True, text=True, timeout=DEADLINE)

    def test_it_serves_its_users(self):
        process = self.start_gateway()
        self.assert_serves_orders(self.port)
        self.end(process)

    def assert_serves_orders(self, port):
        client = self.client(port).login("orders", "orders-example")
        self.assertEqual(client.call("SET", "orders:1", "new"), b"OK")
        self.assertEqual(client.call("FLUSHALL"), Error(b"NOPERM respgate: 'flushall' is blocked by policy: use the runbook"))
        return client

    @unittest.skipUnless(shutil.which("haproxy"), "needs haproxy")
    def test_behind_a_balancer_clients_keep_their_addresses(self):
        process = self.start_gateway("    proxy_protocol: require\n    trusted_proxies: [127.0.0.1]\n")
        front = free_port()
        rules = (ROOT / "conf/haproxy.cfg").read_text()
        for old, new in {"bind 127.0.0.1:6400": f"bind 127.0.0.1:{front}", "gateway-1 127.0.0.1:6380": f"gateway-1 127.0.0.1:{self.port}"}.items():
            self.assertEqual(rules.count(old), 1, old)
            rules = rules.replace(old, new)
        balancer = self.start(["haproxy", "-db", "-f", str(self.directory.write("haproxy.cfg", rules))])
        wait_until(lambda: self.serves(front), "the balancer serves")
        client = self.assert_serves_orders(front)
        # The gateway sees the client's own port, not that of the balancer's connection.
        self.assertIn("127.0.0.1:%d" % client.socket.getsockname()[1], [one["peer"] for one in json.loads(self.admin("clients").stdout)])
        direct = self.client(self.port)
        try:
            direct.send("PING")
            self.assertEqual(direct.read_until_closed(), [])
        except OSError:
            pass
        refused = re.search(r'respgate_connections_refused_total\{listener="gateway",reason="proxy_protocol"\} (\d+)', self.admin("metrics").stdout)
        self.assertEqual(refused[1], "1", "not the balancer's health checks")
        balancer.terminate()
        balancer.wait(DEADLINE)
        self.end(process)


class DevTest(ExampleCase):
    def test_the_stand_in_has_the_policy_of_its_file_and_a_server_of_its_own(self):
        port, admin_port = free_port(), free_port()
        config = self.example("dev.yaml", {"  address: 127.0.0.1:9180": f"  address: 127.0.0.1:{admin_port}"})
        process = self.start([str(BINARY), "dev", "-c", config, "--port", str(port)])
        wait_until(lambda: self.serves(port), "the stand-in serves")
        reports = self.client(port).login("reports", "reports-example")
        wait_until(lambda: reports.call("SET", "reports:1", "x") == b"OK", "its server is reached")
        self.assertEqual(reports.call("KEYS", "*").__class__, Error)
        with self.server.client() as other:
            self.assertEqual(other.call("DBSIZE"), 0)
        done = subprocess.run([BINARY, "admin", "ready", "-c", config], capture_output=True, text=True, timeout=DEADLINE)
        self.assertEqual((done.returncode, done.stdout), (0, "ready\n"))
        self.end(process)


if __name__ == "__main__":
    unittest.main()

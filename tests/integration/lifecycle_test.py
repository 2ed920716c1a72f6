#!/usr/bin/env python3
"""Starting, reloading, draining and ending; and what a bad start says."""

import os
import re
import signal
import socket
import ssl
import subprocess
import unittest

from harness.cases import USERS, GateCase
from harness.deadline import DEADLINE, wait_until
from harness.observation import child_pids
from harness.pki import TlsClient
from harness.processes import BINARY, Directory, RedisServer, Respgate, free_port, run_respgate
from harness.resp import Client, Closed, Error, encode

MINIMAL = "listeners:\n  - address: unix:gate.sock\nupstream:\n  nodes: [\"unix:redis.sock\"]\nusers:\n  file: users.acl\n"


class BadStartTest(unittest.TestCase):
    def setUp(self):
        self.directory = Directory()
        self.addCleanup(self.directory.remove)
        self.directory.write("users.acl", USERS)
        self.config = self.directory.write("gate.yaml", MINIMAL)

    def lines_of_failure(self, command="check", config=None):
        result = run_respgate(command, "-c", str(config or self.config))
        self.assertEqual(result.returncode, 1, result.stdout + result.stderr)
        self.assertNotIn("terminate called", result.stderr)
        return [line for line in (result.stdout + result.stderr).splitlines() if line.strip()]

    def test_ten_errors_in_the_configuration_are_ten_lines_with_their_places(self):
        self.config.write_text(
            "workers: many\n"
            "listeners:\n"
            "  - name: main\n"
            "    address: nonsense\n"
            "    max_connections: -1\n"
            "    nosuch: 1\n"
            "upstream:\n"
            "  mode: sideways\n"
            "  nodes: [\"unix:redis.sock\"]\n"
            "  connect_timeout: 5 parsecs\n"
            "users:\n"
            "  file: users.acl\n"
            "limits:\n"
            "  client_window: 0\n"
            "  max_bulk_bytes: 1 GB\n"
            "commands:\n"
            "  server_texts: \"9\"\n"
            "enforcement: maybe\n")
        for command in ("check", "run"):
            with self.subTest(command):
                lines = [line for line in self.lines_of_failure(command) if line.startswith(str(self.config))]
                self.assertEqual(len(lines), 10, "\n".join(lines))
                places = [line[len(str(self.config)) + 1:].split(":")[0] for line in lines]
                self.assertEqual(places, ["1", "4", "5", "6", "8", "10", "14", "15", "17", "18"])

    def test_ten_errors_in_the_users_file_are_ten_lines(self):
        users = self.directory.write("users.acl", "".join(f"user u{n} on +nosuch{n}\n" for n in range(8))
                                     + "# a comment\nuser u0 on\n")
        for command in ("check", "run"):
            with self.subTest(command):
                lines = [line for line in self.lines_of_failure(command) if line.startswith(str(users))]
                self.assertEqual([line[len(str(users)) + 1:].split(":")[0] for line in lines], [str(n) for n in range(1, 11)])

    def test_a_missing_file_is_one_clear_line(self):
        missing = self.directory / "nosuch.yaml"
        lines = self.lines_of_failure("run", missing)
        self.assertEqual(len(lines), 1, lines)
        self.assertIn(str(missing), lines[0])
        (self.directory / "users.acl").unlink()
        for command in ("check", "run"):
            lines = self.lines_of_failure(command)
            self.assertEqual(len(lines), 1, lines)
            self.assertIn("users.acl", lines[0])

    def test_a_users_file_that_others_may_write_is_refused_in_one_line(self):
        for mode in (0o666, 0o620, 0o602):
            with self.subTest(oct(mode)):
                (self.directory / "users.acl").chmod(mode)
                lines = self.lines_of_failure("run")
                self.assertEqual(len(lines), 1, lines)
                self.assertIn("users.acl", lines[0])

    def test_a_port_in_use_is_one_clear_line(self):
        with socket.socket() as holder:
            holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            holder.bind(("127.0.0.1", 0))
            holder.listen()
            address = f"127.0.0.1:{holder.getsockname()[1]}"
            self.config.write_text(MINIMAL.replace("unix:gate.sock", address))
            lines = self.lines_of_failure("run")
            self.assertEqual(len(lines), 1, lines)
            self.assertIn(address, lines[0])
            self.assertIn("in use", lines[0].lower())

    def test_plain_text_beyond_the_loopback_must_be_asked_for_by_name(self):
        self.config.write_text(MINIMAL.replace("unix:gate.sock", "0.0.0.0:6380"))
        self.assertTrue(any("unsafe_plaintext" in line for line in self.lines_of_failure()))


class ReloadTest(GateCase):
    def setUp(self):
        self.gate.users_path.write_text(USERS)
        self.gate.reload()

    def test_rights_change_at_once_for_those_who_stay(self):
        alice = self.connect("alice")
        self.assertIsInstance(alice.call("SET", "shared:1", "x"), Error)
        self.gate.users_path.write_text(USERS.replace("~a:*", "~a:* ~shared:*"))
        self.gate.reload()
        self.assertEqual(alice.call("SET", "shared:1", "x"), b"OK")
        self.gate.users_path.write_text(USERS.replace("user alice on >alice-secret ~a:*", "user alice on >alice-secret ~z:*"))
        self.gate.reload()
        self.assertIsInstance(alice.call("SET", "a:1", "x"), Error)

    def test_sessions_of_removed_and_disabled_users_are_closed_and_others_stay(self):
        alice, bob, reader = self.connect("alice"), self.connect("bob"), self.connect("reader")
        without = "".join(line + "\n" for line in USERS.splitlines() if not line.startswith("user alice "))
        self.gate.users_path.write_text(without.replace("user bob on", "user bob off"))
        self.gate.reload()
        self.assertEqual(alice.read_until_closed(), [])
        self.assertEqual(bob.read_until_closed(), [])
        self.assertEqual(reader.call("PING"), b"PONG")
        with self.gate.client() as client:
            self.assertIsInstance(client.call("AUTH", "alice", "alice-secret"), Error)

    def test_a_changed_password_keeps_its_sessions(self):
        alice = self.connect("alice")
        self.gate.users_path.write_text(USERS.replace(">alice-secret", ">new-secret"))
        self.gate.reload()
        self.assertEqual(alice.call("PING"), b"PONG")
        with self.gate.client() as client:
            self.assertIsInstance(client.call("AUTH", "alice", "alice-secret"), Error)
            self.assertEqual(client.call("AUTH", "alice", "new-secret"), b"OK")

    def test_a_failing_reload_keeps_the_old_policy_says_why_and_sets_the_metric(self):
        alice = self.connect("alice")
        for broken in ("user alice on +nosuch\n", "user alice on\nuser alice on\n", "nonsense\n"):
            with self.subTest(broken):
                self.gate.users_path.write_text(broken)
                self.gate.reload()
                metrics = self.gate.metrics()
                self.assertEqual(metrics.value("respgate_reload_success"), 0)
                self.assertEqual(alice.call("SET", "a:1", "x"), b"OK")
                self.assertIsInstance(alice.call("SET", "b:1", "x"), Error)
                with self.gate.client() as client:
                    self.assertEqual(client.call("AUTH", "alice", "alice-secret"), b"OK")
        self.assertIn(str(self.gate.users_path), self.gate.stderr())
        self.gate.users_path.write_text(USERS)
        self.gate.reload()
        self.assertEqual(self.gate.metrics().value("respgate_reload_success"), 1)

    def test_a_users_file_that_others_may_write_is_not_taken_over(self):
        self.gate.users_path.write_text(USERS.replace("~a:*", "~*"))
        self.gate.users_path.chmod(0o666)
        self.addCleanup(self.gate.users_path.chmod, 0o600)
        self.gate.reload()
        self.assertEqual(self.gate.metrics().value("respgate_reload_success"), 0)
        self.assertIsInstance(self.connect("alice").call("SET", "b:1", "x"), Error)

    def test_a_reload_under_load_never_mixes_two_policies_within_a_reply(self):
        alice = self.connect("alice")
        policies = [USERS, USERS.replace("~a:*", "~a:* ~shared:*")]
        for turn in range(20):
            self.gate.users_path.write_text(policies[turn % 2])
            alice.write(b"".join(encode("SET", "a:1", n) + encode("GET", "a:1") for n in range(200)))
            self.gate.reload()
            for n in range(200):
                self.assertEqual([alice.read(), alice.read()], [b"OK", str(n).encode()])


class EndTest(unittest.TestCase):
    def setUp(self):
        self.directory = Directory()
        self.addCleanup(self.directory.remove)
        self.server = RedisServer(self.directory)
        self.addCleanup(self.server.stop)

    def start(self, changes=None):
        gate = Respgate(self.directory, self.server, USERS, changes)
        self.addCleanup(gate.stop)
        return gate

    def test_sigterm_finishes_what_is_in_flight_then_leaves_with_status_0(self):
        gate = self.start()
        client = gate.client("alice", "alice-secret")
        self.server.freeze()
        client.write(b"".join(encode("SET", f"a:{n}", n) for n in range(100)))
        in_flight = "respgate_upstream_in_flight"
        wait_until(lambda: gate.metrics().value(in_flight) == 100, lambda: f"100 in flight: {gate.metrics().value(in_flight)}")
        gate.process.terminate()
        wait_until(lambda: self._refuses(gate.path), "nobody is accepted any more")
        self.server.thaw()
        self.assertEqual(client.read_until_closed(), [b"OK"] * 100)
        self.assertEqual(gate.process.wait(DEADLINE), 0)

    def test_sigterm_leaves_a_slow_reader_its_reply_although_it_goes_on_writing(self):
        port = free_port()
        gate = self.start({"listeners": [{"name": "tcp", "address": f"127.0.0.1:{port}"}]})
        slow = Client(("127.0.0.1", port), receive_buffer=2048).login("alice", "alice-secret")
        self.addCleanup(slow.close)
        value = b"x" * 40000  # what its kernel does not take waits in the proxy's
        self.assertEqual(slow.call("SET", "a:value", value), b"OK")
        self.server.freeze()
        slow.send("GET", "a:value")
        wait_until(lambda: gate.metrics().value("respgate_upstream_in_flight") == 1, "it is in flight")
        gate.process.terminate()
        wait_until(lambda: self._refuses(("127.0.0.1", port)), "nobody is accepted any more")
        slow.write(b"*")
        self.server.thaw()
        self.assertEqual(slow.read_until_closed(), [value])
        self.assertEqual(gate.process.wait(DEADLINE), 0)

    @staticmethod
    def _refuses(address):
        try:
            Client(address).close()
        except OSError:
            return True
        return False

    def test_the_grace_period_ends_what_does_not_finish(self):
        gate = self.start({"shutdown": {"grace": "500ms"}})
        client = gate.client("alice", "alice-secret")
        self.server.freeze()
        client.send("SET", "a:1", "x")
        gate.process.terminate()
        self.assertEqual(gate.process.wait(DEADLINE), 0)
        self.server.thaw()

    def test_a_second_signal_ends_at_once(self):
        gate = self.start({"shutdown": {"grace": "10m"}})
        client = gate.client("alice", "alice-secret")
        self.server.freeze()
        client.send("SET", "a:1", "x")
        wait_until(lambda: gate.metrics().value("respgate_upstream_in_flight") == 1, "one in flight")
        gate.process.terminate()
        wait_until(lambda: self._refuses(gate.path), "nobody is accepted any more")
        gate.process.terminate()
        gate.process.wait(DEADLINE)
        self.server.thaw()

    def test_a_drain_asked_for_over_http_is_answered_even_if_nobody_is_connected(self):
        token = self.directory.write("token", "s3cret\n")
        gate = Respgate(self.directory, self.server, USERS, {"admin": {"token_file": str(token)}})
        self.addCleanup(gate.stop)
        self.assertEqual(gate.admin.request("POST", "/drain", {"Authorization": "Bearer s3cret"}), (202, "draining\n"))
        self.assertEqual(gate.process.wait(DEADLINE), 0)

    def test_its_sockets_do_not_stand_in_the_way_of_the_next_start(self):
        for _ in range(2):
            gate = self.start()
            with gate.client("alice", "alice-secret") as client:
                self.assertEqual(client.call("PING"), b"PONG")
            gate.stop()
        gate = self.start()
        gate.process.kill()
        gate.process.wait()
        again = Respgate(self.directory, self.server, USERS)
        again.stop()
        gate.process.returncode = 0  # killed on purpose


class ReadinessTest(unittest.TestCase):
    def test_it_starts_without_an_upstream_says_so_and_recovers(self):
        directory = Directory()
        self.addCleanup(directory.remove)
        path = directory / "redis.sock"
        gate = Respgate(directory, f"unix:{path}", USERS, {"upstream": {"connect_timeout": "300ms"}}, wait_ready=False)
        self.addCleanup(gate.stop)
        self.assertEqual(gate.admin.status("/livez"), 200)
        status, why = gate.admin.request("GET", "/readyz")
        self.assertEqual(status, 503)
        self.assertNotEqual(why.strip(), "")
        client = gate.client("alice", "alice-secret")
        reply = client.call("GET", "a:1")
        self.assertEqual(bytes(reply), b"ERR respgate: upstream unavailable")
        server = RedisServer(directory)
        self.addCleanup(server.stop)
        wait_until(lambda: gate.admin.status("/readyz") == 200, "ready once the server is there")
        self.assertEqual(client.call("SET", "a:1", "x"), b"OK")

    def test_a_refused_login_upstream_is_not_the_clients_failure(self):
        directory = Directory()
        self.addCleanup(directory.remove)
        server = RedisServer(directory, users="user default off\nuser gate on >right ~* &* +@all\nuser probe on nopass +ping\n")
        self.addCleanup(server.stop)
        password = directory.write("upstream-password", "wrong\n")
        gate = Respgate(directory, server, USERS, {"upstream": {"credentials": {"user": "gate", "password_file": str(password)}}},
                        wait_ready=False)
        self.addCleanup(gate.stop)
        client = gate.client("alice", "alice-secret")
        refused = b"ERR respgate: upstream refused the proxy's credentials"
        wait_until(lambda: client.call("GET", "a:1") == refused, "the text of the contract")
        self.assertEqual(gate.admin.status("/readyz"), 503)
        self.assertNotIn("wrong", gate.stderr().replace("wrong_password", ""))
        password.write_text("right\nwrong\n")
        wait_until(lambda: gate.admin.status("/readyz") == 200, "the password file is read again")
        self.assertEqual(client.call("SET", "a:1", "x"), b"OK")


class NodeThatIsDownTest(unittest.TestCase):
    def test_its_lanes_are_counted_each_and_logged_a_few_times(self):
        directory = Directory()
        self.addCleanup(directory.remove)
        gate = Respgate(directory, f"unix:{directory / 'nobody.sock'}", USERS, {"workers": 1}, wait_ready=False)
        self.addCleanup(gate.stop)
        with gate.client("alice", "alice-secret") as client:
            for database in range(1, 16):
                self.assertEqual(client.call("SELECT", str(database)), Error(b"ERR respgate: upstream unavailable"))
        ended = wait_until(lambda: (total := gate.metrics().value("respgate_upstream_errors_total")) >= 15 and total, "all are counted")
        lines = re.findall(r"upstream lane ended .*use=shared reason=\"cannot connect to .*\" left_out=\d+\n", gate.stderr())
        self.assertGreater(len(lines), 0)
        self.assertLess(len(lines), ended)


class TcpTest(unittest.TestCase):
    def test_a_tcp_listener_and_a_tcp_upstream_serve(self):
        directory = Directory()
        self.addCleanup(directory.remove)
        server = RedisServer(directory, tcp=True)
        self.addCleanup(server.stop)
        port = free_port()
        gate = Respgate(directory, server, USERS, {"listeners": [{"name": "main", "address": f"127.0.0.1:{port}"}]})
        self.addCleanup(gate.stop)
        clients = [Client(("127.0.0.1", port)).login("alice", "alice-secret") for _ in range(20)]
        for n, client in enumerate(clients):
            self.assertEqual(client.pipeline(("SET", f"a:{n}", n), ("GET", f"a:{n}")), [b"OK", str(n).encode()])
            client.close()


class DevTest(unittest.TestCase):
    def start(self, *arguments):
        port = free_port()
        process = subprocess.Popen([BINARY, "dev", "--port", str(port), *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        wait_until(lambda: self._serves(process, port), "respgate dev serves")
        children = child_pids(process.pid)
        self.assertEqual(len(children), 1, "one server child")
        return process, children[0]

    def test_its_tls_port_is_vouched_for_by_the_authority_it_names(self):
        port = free_port()
        process, _ = self.start("--tls-port", str(port))
        welcome = iter(process.stdout.readline, "")
        authority = next(line for line in welcome if "--cacert" in line).split("--cacert ")[1].split()[0]
        with TlsClient(("127.0.0.1", port), ssl.create_default_context(cafile=authority)) as client:
            client.login("app", "app-secret")
            self.assertEqual(client.call("SET", "app:key", "1"), b"OK")
        process.terminate()
        process.wait(DEADLINE)
        self.assertFalse(os.path.exists(authority))

    def test_it_names_the_users_that_each_listener_admits(self):
        directory = Directory()
        self.addCleanup(directory.remove)
        directory.write("users.acl", "user a on >a-secret ~* +@all\nuser b on >b-secret ~* +@all\nuser c off >c-secret ~* +@all\n")
        config = directory.write("dev.yaml", 'listeners: [{address: "127.0.0.1:1", login_as: a, user_group: few}, {address: "unix:all.sock"}]\n'
                                             'upstream: {nodes: ["127.0.0.1:2"]}\nusers: {file: users.acl, groups: {few: [a]}}\n')
        process, _ = self.start("-c", str(config))
        process.terminate()
        lines = [line.split() for line in process.stdout if line.startswith("  redis-cli ")]
        self.assertEqual([line[3:] for line in lines], [["is", "user", '"a"', "from", "the", "start"], ["--user", '"a"', "--askpass"],
                                                        ["--user", '"a"', "--askpass"], ["--user", '"b"', "--askpass"]])
        self.assertEqual([line[1] for line in lines], ["-p", "-p", "-s", "-s"])

    @staticmethod
    def _serves(process, port):
        assert process.poll() is None, process.stdout.read()
        try:
            with Client(("127.0.0.1", port)) as client:
                return client.call("PING") is not None
        except (OSError, Closed):
            return False

    @staticmethod
    def _is_gone(pid):
        try:
            with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
                return stat.read().rsplit(")", 1)[1].split()[0] == "Z"
        except FileNotFoundError:
            return True

    def test_the_child_ends_with_its_parent_whatever_way_that_ends(self):
        for end in (signal.SIGTERM, signal.SIGINT, signal.SIGKILL):
            with self.subTest(end.name):
                process, child = self.start()
                os.kill(process.pid, end)
                process.wait(DEADLINE)
                wait_until(lambda: self._is_gone(child), "the server child is gone")
                self.assertEqual(process.returncode, -signal.SIGKILL if end == signal.SIGKILL else 0)


if __name__ == "__main__":
    unittest.main()

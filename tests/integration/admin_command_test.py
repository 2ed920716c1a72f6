#!/usr/bin/env python3
"""`respgate admin`: what probes and hooks are told, by its exit code and on which stream."""

import json
import os
import signal
import socket
import subprocess
import threading
import unittest

from harness.cases import USERS
from harness.deadline import DEADLINE, wait_until
from harness.processes import BINARY, Directory, RedisServer, Respgate, free_port, run_respgate
from harness.resp import encode

TOKEN = "s3cret-token"


class AdminCase(unittest.TestCase):
    """A respgate with a token, before a server, for each class."""

    @classmethod
    def setUpClass(cls):
        cls.directory = Directory()
        cls.addClassCleanup(cls.directory.remove)
        cls.server = RedisServer(cls.directory)
        cls.addClassCleanup(cls.server.stop)
        cls.gate = cls.start()
        cls.addClassCleanup(cls.gate.stop)

    @classmethod
    def start(cls, name="gate"):
        cls.token = cls.directory.write("token", TOKEN + "\n")
        return Respgate(cls.directory, cls.server, USERS, {"admin": {"token_file": str(cls.token)}}, name=name)

    def client(self, gate, user):
        client = gate.client(user, f"{user}-secret")
        self.addCleanup(client.close)
        return client

    def admin(self, *words, config=None, env=None):
        """(exit code, stdout, stderr) of `respgate admin WORDS -c CONFIG`."""
        done = run_respgate("admin", *words, "-c", str(config or self.gate.config_path), env=env)
        return done.returncode, done.stdout, done.stderr


class LookTest(AdminCase):
    def test_ready_and_live_are_yes(self):
        self.assertEqual(self.admin("ready"), (0, "ready\n", ""))
        self.assertEqual(self.admin("live"), (0, "ok\n", ""))

    def test_looking_prints_what_the_admin_port_says(self):
        for word, path in (("posture", "/posture"), ("users", "/users"), ("config", "/config"), ("certs", "/certs"), ("audit", "/audit")):
            code, out, err = self.admin(word)
            self.assertEqual((code, err), (0, ""))
            self.assertEqual(json.loads(out), json.loads(self.gate.admin.get(path)))
        self.assertIs(json.loads(self.admin("summary")[1])["ready"], True)
        self.assertIn("respgate_build_info", self.admin("metrics")[1])
        with self.gate.client("alice", "alice-secret"):
            wait_until(lambda: [one["user"] for one in json.loads(self.admin("clients")[1])] == ["alice"], "alice is there")

    def test_events_are_as_many_as_wanted(self):
        for n in range(3):
            with self.gate.client() as client:
                client.call("AUTH", "alice", f"wrong{n}")
        wait_until(lambda: len(json.loads(self.admin("events", "-n", "2")[1])) == 2, "two events")
        self.assertEqual(self.admin("events", "-n", "1001")[0], 2)

    def test_the_configuration_may_come_from_the_environment(self):
        done = run_respgate("admin", "ready", env={"RESPGATE_CONFIG": str(self.gate.config_path)})
        self.assertEqual((done.returncode, done.stdout), (0, "ready\n"))

    def test_an_address_is_enough_for_looking(self):
        done = run_respgate("admin", "ready", "--address", f"unix:{self.gate.admin_path}", env={"RESPGATE_CONFIG": "/nonexistent"})
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_a_configuration_that_is_faulty_by_now_still_says_where_to_ask(self):
        """Otherwise a liveness probe would end a proxy that goes on with its old configuration."""
        faulty = self.directory.write("faulty.yaml", self.gate.config_path.read_text().replace('"workers": 2', '"workers": "many", "nosuch": 1'))
        self.assertEqual(self.admin("live", config=faulty), (0, "ok\n", ""))

    def test_the_token_is_not_needed_to_look(self):
        config = self.directory.write("no-token.yaml", self.gate.config_path.read_text().replace(str(self.token), "/nonexistent/token"))
        self.assertEqual(self.admin("ready", config=config)[0], 0)


class NoTest(AdminCase):
    def test_nobody_there_is_no(self):
        code, out, err = self.admin("ready", "--address", f"unix:{self.directory / 'nobody.sock'}")
        self.assertEqual((code, out), (1, ""))
        self.assertIn("nobody.sock: No such file or directory", err)
        code, _, err = self.admin("ready", "--address", f"127.0.0.1:{free_port()}")
        self.assertEqual(code, 1)
        self.assertIn("Connection refused", err)

    def test_not_ready_is_no_and_says_why(self):
        gate = Respgate(self.directory, f"unix:{self.directory / 'no-node.sock'}", USERS, name="lonely", wait_ready=False)
        self.addCleanup(gate.stop)
        code, out, err = self.admin("ready", config=gate.config_path)
        self.assertEqual((code, out), (1, ""))
        self.assertTrue(err.startswith("not ready: "), err)
        self.assertEqual(self.admin("live", config=gate.config_path)[0], 0)

    def test_who_does_not_answer_is_waited_for_no_longer_than_the_timeout(self):
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", 0))
            silent.listen()
            code, _, err = self.admin("ready", "--timeout", "200ms", "--address", f"127.0.0.1:{silent.getsockname()[1]}")
        self.assertEqual(code, 1)
        self.assertIn("no answer within 200ms", err)

    def test_what_is_no_http_is_no(self):
        def babble(listener):
            peer, _ = listener.accept()
            with peer:
                peer.recv(4096)
                peer.sendall(b"+PONG\r\n\r\n")
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen()
            thread = threading.Thread(target=babble, args=(listener,))
            thread.start()
            code, out, err = self.admin("ready", "--address", f"127.0.0.1:{listener.getsockname()[1]}")
            thread.join()
        self.assertEqual((code, out), (1, ""))
        self.assertIn("cannot ask", err)

    def test_nobody_at_the_address_of_a_file_says_that_a_running_process_keeps_its_own(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))  # and does not listen
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            path = str(self.directory.write("moved.yaml", f"admin: {{address: \"{address}\"}}\n"))
            refused = f"respgate: cannot ask {address}: Connection refused"
            self.assertEqual(self.admin("live", config=path), (
                1, "", f"{refused}: a running respgate keeps the admin.address it was started with; if that is not what {path} says now, "
                       "write --address with it\n"))
            self.assertEqual(self.admin("live", "--address", address), (1, "", refused + "\n"))

    def test_a_change_without_the_right_token_is_no(self):
        wrong = self.directory.write("wrong", "guess\n")
        code, _, err = self.admin("reload", "--token-file", str(wrong))
        self.assertEqual(code, 1)
        self.assertIn("token", err)
        self.assertNotIn("guess", err)
        code, _, err = self.admin("reload", "--token-file", str(self.directory / "nosuch"))
        self.assertEqual(code, 1)
        self.assertIn("nosuch", err)

    def test_a_token_that_others_may_write_is_not_used(self):
        loose = self.directory.write("loose", TOKEN, 0o666)
        code, _, err = self.admin("reload", "--token-file", str(loose))
        self.assertEqual(code, 1)
        self.assertIn("chmod go-w", err)

    def test_a_configuration_without_an_admin_port_is_no(self):
        config = self.directory.write("none.yaml", json.dumps({key: value for key, value in self.gate.config.items() if key != "admin"}))
        code, _, err = self.admin("ready", config=config)
        self.assertEqual(code, 1)
        self.assertIn("has no admin.address", err)

    def test_what_is_not_understood_is_a_usage_error(self):
        for words in ((), ("nosuch",), ("ready", "extra"), ("ready", "--timeout", "5"), ("kill",), ("kill", "--user", "a", "--id", "1"),
                      ("unlock",), ("log-level",), ("log-level", "loud"), ("events", "-n", "many"), ("drain", "--delay", "soon")):
            code, out, err = self.admin(*words)
            self.assertEqual((code, out), (2, ""), words)
            self.assertNotEqual(err, "", words)
        done = run_respgate("admin", "ready")
        self.assertEqual(done.returncode, 2)
        self.assertIn("--address", done.stderr)


class HealthTest(AdminCase):
    @classmethod
    def start(cls, name="gate"):
        cls.health = {"health_address": f"127.0.0.1:{free_port()}"}
        return Respgate(cls.directory, cls.server, USERS, {"admin": cls.health}, name=name)

    def test_where_there_is_only_a_health_address_it_is_asked(self):
        config = {**self.gate.config, "admin": self.health}
        path = self.directory.write("health.yaml", json.dumps(config))
        self.assertEqual(self.admin("ready", config=path), (0, "ready\n", ""))
        self.assertEqual(self.admin("live", config=path), (0, "ok\n", ""))
        self.assertIn("respgate_build_info", self.admin("metrics", config=path)[1])
        code, _, err = self.admin("users", config=path)
        self.assertEqual(code, 1)
        self.assertIn("has no admin.address", err)


class ActTest(AdminCase):
    def test_reload_says_what_became_of_it(self):
        self.assertEqual(self.admin("reload"), (0, "reloaded\n", ""))
        good = self.gate.users_path.read_text()
        self.addCleanup(self.gate.users_path.write_text, good)
        self.gate.users_path.write_text("user alice on +nosuch\n")
        code, out, err = self.admin("reload")
        self.assertEqual((code, out), (1, ""))
        self.assertIn("gate-users.acl:1:", err)

    def test_kill_takes_a_user_or_a_client(self):
        alice, bob = (self.client(self.gate, user) for user in ("alice", "bob"))
        self.assertEqual(self.admin("kill", "--user", "alice"), (0, '{"closed":1}\n', ""))
        self.assertEqual(alice.read_until_closed(), [])
        self.assertEqual(self.admin("kill", "--id", str(bob.call("CLIENT", "ID"))), (0, '{"closed":1}\n', ""))
        self.assertEqual(bob.read_until_closed(), [])

    def test_log_level_changes(self):
        self.assertEqual(self.admin("log-level", "debug"), (0, "ok\n", ""))
        self.assertEqual(self.admin("log-level", "info"), (0, "ok\n", ""))

    def test_what_is_sent_is_exactly_what_was_meant(self):
        heard = self.requests("unlock", "--user", "a b&c=d\u00e9", "--source", "2001:db8::1")
        self.assertEqual(heard, ["POST /unlock?user=a%20b%26c%3Dd%C3%A9&source=2001%3Adb8%3A%3A1 HTTP/1.1"])
        self.assertEqual(self.requests("unlock", "--user", "app"), ["POST /unlock?user=app HTTP/1.1"])
        self.assertEqual(self.requests("kill", "--user", "x?y#z"), ["POST /kill?user=x%3Fy%23z HTTP/1.1"])

    def requests(self, *words):
        """The first lines of what `respgate admin WORDS` asks; the answer is 200."""
        heard = []
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen()
            thread = threading.Thread(target=self.answer, args=(listener, heard))
            thread.start()
            done = run_respgate("admin", *words, "--address", f"127.0.0.1:{listener.getsockname()[1]}", "--token-file", str(self.token))
            thread.join()
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "ok\n", ""))
        return heard

    def answer(self, listener, heard):
        peer, _ = listener.accept()
        with peer:
            request = b""
            while b"\r\n\r\n" not in request:
                request += peer.recv(4096)
            heard.append(request.split(b"\r\n")[0].decode())
            self.assertIn(f"\r\nAuthorization: Bearer {TOKEN}\r\n".encode(), request)
            peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")


class DrainTest(AdminCase):
    def busy(self, gate):
        """A client with a request in flight that the server does not answer yet."""
        client = self.client(gate, "alice")
        self.server.freeze()
        self.addCleanup(self.server.thaw)
        client.write(encode("SET", "a:1", "x"))
        wait_until(lambda: gate.metrics().value("respgate_upstream_in_flight") == 1, "one in flight")
        return client

    def test_waiting_ends_with_the_process(self):
        gate = self.start("waits")
        client = self.busy(gate)
        words = [BINARY, "admin", "drain", "--wait", "-c", gate.config_path]
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as waiting:
            wait_until(lambda: gate.admin.request("GET", "/readyz") == (503, "not ready: draining\n"), "it drains")
            self.assertIsNone(waiting.poll())
            self.server.thaw()
            self.assertEqual(client.read_until_closed(), [b"OK"])
            out, err = waiting.communicate(timeout=DEADLINE)
        self.assertEqual((waiting.returncode, out, err), (0, "draining\n", ""))
        self.assertEqual(gate.process.wait(DEADLINE), 0)

    def test_waiting_has_an_end(self):
        """A process that says that it drains and does not end: after its grace, and the slack of 5 seconds, that is a no."""
        said = b"HTTP/1.1 503 x\r\nContent-Length: 20\r\nConnection: close\r\n\r\nnot ready: draining\n"

        def drain_for_ever(listener):
            while True:
                try:
                    peer, _ = listener.accept()
                except OSError:
                    return
                with peer:
                    asked = peer.recv(4096)
                    peer.sendall(said.replace(b"503 x", b"202 x") if asked.startswith(b"POST") else said)
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen()
            thread = threading.Thread(target=drain_for_ever, args=(listener,), daemon=True)
            thread.start()
            admin = {"address": f"127.0.0.1:{listener.getsockname()[1]}", "token_file": str(self.token)}
            config = self.directory.write("stuck.yaml", json.dumps({**self.gate.config, "admin": admin, "shutdown": {"grace": "0s"}}))
            code, _, err = self.admin("drain", "--wait", config=config)
            listener.shutdown(socket.SHUT_RDWR)
        self.assertEqual((code, err), (1, "respgate: it still runs after 5s\n"))

    def test_the_signal_that_follows_a_hook_does_not_cut_the_drain_short(self):
        """Kubernetes sends SIGTERM when the preStop hook has returned."""
        gate = self.start("hooked")
        client = self.busy(gate)
        self.assertEqual(self.admin("drain", config=gate.config_path), (0, "draining\n", ""))
        os.kill(gate.process.pid, signal.SIGTERM)
        wait_until(lambda: gate.admin.request("GET", "/readyz") == (503, "not ready: draining\n"), "it goes on draining")
        self.server.thaw()
        self.assertEqual(client.read_until_closed(), [b"OK"])
        self.assertEqual(gate.process.wait(DEADLINE), 0)

    def test_during_the_delay_everybody_is_served(self):
        gate = self.start("delayed")
        words = [BINARY, "admin", "drain", "--delay", "1h", "-c", gate.config_path]
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as waiting:
            with gate.client("alice", "alice-secret") as client:
                self.assertEqual(client.call("PING"), b"PONG")
            self.assertEqual(gate.admin.status("/readyz"), 200)
            waiting.terminate()
            waiting.communicate(timeout=DEADLINE)
        self.assertEqual(waiting.returncode, -signal.SIGTERM)
        gate.stop()


if __name__ == "__main__":
    unittest.main()

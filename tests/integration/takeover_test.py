#!/usr/bin/env python3
"""`run --takeover`: the next process gets the listening sockets, the one before drains, and no client is turned away."""

import os
import resource
import socket
import subprocess
import threading
import unittest

from harness.cases import USERS
from harness.deadline import DEADLINE, wait_until
from harness.processes import BINARY, Directory, RedisServer, Respgate, free_port, run_respgate
from harness.resp import Client, Closed

CLIENTS = 12
TAKEOVERS = 3


class TakeoverCase(unittest.TestCase):
    def setUp(self):
        self.directory = Directory()
        self.addCleanup(self.directory.remove)
        self.server = RedisServer(self.directory)
        self.addCleanup(self.server.stop)
        self.offer = str(self.directory / "takeover.sock")
        self.port = free_port()
        listeners = [{"name": "main", "address": f"unix:{self.directory / 'gate.sock'}"},
                     {"name": "tcp", "address": f"127.0.0.1:{self.port}"}]
        self.gate = Respgate(self.directory, self.server, USERS,
                             {"listeners": listeners, "shutdown": {"grace": "10s", "takeover_socket": self.offer}})
        self.addCleanup(self.gate.stop)

    def start_next(self):
        """Another process with the same configuration; the stderr of both is judged at the end."""
        log = self.directory / f"next-{len(list(self.directory.path.glob('next-*')))}.stderr"
        with open(log, "wb") as stderr:
            process = subprocess.Popen([BINARY, "run", "--takeover", "-c", self.gate.config_path],
                                       stdin=subprocess.DEVNULL, stdout=stderr, stderr=stderr)
        self.addCleanup(self.end, process)
        return process, log

    def end(self, process):
        """Whoever is the gate by now is ended, and judged, as the gate."""
        if process is not self.gate.process:
            process.kill()
            process.wait()

    def take_over(self):
        """A new process in the place of `gate`'s, which must leave by itself with status 0."""
        before = self.gate.process
        process, log = self.start_next()
        self.assertEqual(before.wait(DEADLINE), 0, self.gate.stderr() + log.read_text())
        self.assertIsNone(process.poll(), log.read_text())
        self.gate.process, self.gate._stderr_path = process, log

    def fail_to_take_over(self):
        """A new process that does not get that far; returns what it says."""
        process, log = self.start_next()
        self.assertEqual(process.wait(DEADLINE), 1, log.read_text())
        self.gate.assert_alive()
        with self.gate.client("alice", "alice-secret") as client:
            self.assertEqual(client.call("PING"), b"PONG")
        return log.read_text()


class UnderLoadTest(TakeoverCase):
    def test_nobody_is_refused_reset_or_forgotten(self):
        stop, faults, served = threading.Event(), [], [0] * CLIENTS

        def visit(number):
            address = self.gate.path if number % 3 == 0 else ("127.0.0.1", self.port)
            while not stop.is_set():
                try:
                    with Client(address) as client:
                        client.login("alice", "alice-secret")
                        if client.call("ECHO", str(number)) != str(number).encode():
                            faults.append("a wrong reply")
                except (OSError, Closed) as error:
                    faults.append(repr(error))
                served[number] += 1

        threads = [threading.Thread(target=visit, args=(number,)) for number in range(CLIENTS)]
        for thread in threads:
            thread.start()
        try:
            for _ in range(TAKEOVERS):
                before = list(served)
                self.take_over()
                wait_until(lambda before=before: all(now > then for now, then in zip(served, before)), "every client is served again")
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        self.assertEqual(faults, [], f"of {sum(served)} visits")

    def test_what_is_in_flight_ends_where_it_began(self):
        blocked = self.gate.client("alice", "alice-secret")
        self.addCleanup(blocked.close)
        blocked.send("BLPOP", "a:list", "0")
        admin = self.gate.admin
        wait_until(lambda: '"owed_replies":1' in admin.get("/clients"), lambda: admin.get("/clients"))
        before = self.gate.process
        process, log = self.start_next()
        wait_until(lambda: "started" in log.read_text(), log.read_text)
        with self.gate.client("alice", "alice-secret") as client:
            self.assertEqual(client.call("RPUSH", "a:list", "late"), 1)
        self.assertEqual(blocked.read(), [b"a:list", b"late"])
        self.assertEqual(before.wait(DEADLINE), 0, self.gate.stderr())
        self.gate.process, self.gate._stderr_path = process, log

    def test_the_admin_port_is_the_next_process(self):
        self.take_over()
        wait_until(lambda: self.gate.admin.status("/readyz") == 200, "the next process is ready")
        self.assertEqual(sum(self.gate.metrics().series("respgate_reloads_total").values()), 0)


class NotTakenTest(TakeoverCase):
    def ask(self, hello):
        heir = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.addCleanup(heir.close)
        heir.settimeout(DEADLINE)
        heir.connect(self.offer)
        heir.send(hello)
        return heir

    def test_an_heir_that_leaves_before_it_serves_changes_nothing(self):
        with self.ask(b"respgate 1") as heir:
            packets = []
            while not packets or packets[-1] != b"end":
                text, descriptors, _, _ = socket.recv_fds(heir, 1024, 64)
                for descriptor in descriptors:
                    os.close(descriptor)
                packets.append(text)
                self.assertEqual(len(descriptors), {b"listener": 2, b"admin": 1, b"end": 0}[text.split()[0]], text)
        wait_until(lambda: "takeover failed" in self.gate.stderr(), self.gate.stderr)
        self.take_over()

    def test_another_version_is_let_go(self):
        self.assertEqual(self.ask(b"respgate 2").recv(1024), b"")
        self.assertEqual(self.ask(b"serving").recv(1024), b"")
        self.take_over()

    def test_one_at_a_time(self):
        first = self.ask(b"respgate 1")
        self.assertTrue(first.recv(1024))
        with self.assertRaises((BrokenPipeError, ConnectionResetError, EOFError)):  # closed before it is heard, or as it asks
            while self.ask(b"respgate 1").recv(1024):
                pass
            raise EOFError

    # UBSan opens a pipe to see whether an object is one: without descriptors nothing is.
    @unittest.skipIf("undefined" in os.environ.get("RESPGATE_SANITIZE", ""), "UBSan itself needs descriptors")
    def test_without_descriptors_it_tries_again_a_little_later(self):
        pid = self.gate.process.pid
        before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (1, before[1]))
        told = "takeover connection not accepted"
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as heir:
            heir.connect(self.offer)
            wait_until(lambda: self.gate.stderr().count(told) >= 3, self.gate.stderr)
            resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
            heir.settimeout(DEADLINE)
            heir.send(b"respgate 2")
            self.assertEqual(heir.recv(1024), b"", "it was accepted, and told by being closed")
        wait_until(lambda: "it speaks another version" in self.gate.stderr(), self.gate.stderr)
        tries = self.gate.stderr().count(told)
        self.take_over()
        self.assertLess(tries, 10 * DEADLINE + 3, "a pause lies between two tries")

    def test_a_faulty_next_process(self):
        self.gate.users_path.write_text("user alice on >alice-secret ~a:* +@all\nnonsense\n")
        self.assertIn("users.acl:2", self.fail_to_take_over())

    def test_fewer_threads_would_leave_sockets_over(self):
        self.gate.configure({"workers": 1})
        self.assertIn("write workers: 2", self.fail_to_take_over())

    def test_more_threads_and_another_listener(self):
        more = str(self.directory / "more.sock")
        self.gate.configure({"workers": 4, "listeners": [*self.gate.config["listeners"], {"name": "more", "address": f"unix:{more}"}]})
        self.take_over()
        for address in (self.gate.path, more, ("127.0.0.1", self.port)):
            for _ in range(8):
                with Client(address) as client:
                    self.assertEqual(client.login("alice", "alice-secret").call("PING"), b"PONG")

    def test_without_being_asked_it_does_not_share(self):
        self.gate.configure({"audit": None})  # which it would find taken first
        ended = run_respgate("run", "-c", self.gate.config_path)
        self.assertEqual(ended.returncode, 1, ended.stderr)
        self.assertIn("stop what listens there", ended.stderr)

    def test_nobody_there_is_an_ordinary_start(self):
        self.gate.stop()
        process, log = self.start_next()
        wait_until(lambda: "started" in log.read_text(), log.read_text)
        self.assertIn("no process to take over from", log.read_text())
        self.gate.process, self.gate._stderr_path = process, log

    def test_it_needs_to_know_where(self):
        self.gate.configure({"shutdown": {"takeover_socket": None}})
        self.assertIn("--takeover needs shutdown: {takeover_socket: FILE}", self.fail_to_take_over())


if __name__ == "__main__":
    unittest.main()

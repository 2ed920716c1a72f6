#!/usr/bin/env python3
"""Real applications run jobs from end to end through the proxy, each as a user of conf/applications.acl.

Of each: the jobs end as they should; nothing is refused to it but what it tries outside its rights; and when it has
gone, it leaves no connection to the server behind.  The programs are in applications/.

Where an application is not installed, its test is skipped; `make test-applications` installs all and skips none.
"""

import hashlib
import importlib.util
import os
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

from harness.cases import GateCase
from harness.deadline import DEADLINE, wait_until
from harness.processes import ROOT, RedisServer, Respgate, merged

PROGRAMS = pathlib.Path(__file__).resolve().parent / "applications"
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "respgate-tests" / "applications"
NODE_PACKAGES = ["bullmq@6.7.0", "ioredis@6.0.0"]
REQUIRED = os.environ.get("RESPGATE_TEST_APPLICATIONS") == "required"

USERS = (ROOT / "conf" / "applications.acl").read_text()
CHAPTER = re.search(r"^## Applications that run through it\n(.*?)^## ", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)[1]

WORKERS = 2  # of the proxy; each keeps the connection to the server that its clients share
NO_KEY = "this user has no permissions to access one of the keys used as arguments"
NO_SCRIPT = "respgate: scripts are limited to unrestricted users"


def demand(there, what):
    """Skips the class, or fails it where everything must run."""
    if not there and REQUIRED:
        raise AssertionError(f"{what} is not installed")
    if not there:
        raise unittest.SkipTest(f"{what} is not installed (make test-applications does it)")


def demand_node_packages():
    demand(shutil.which("node") and shutil.which("npm"), "node with npm")
    there = all((CACHE / "node_modules" / name.split("@")[0]).is_dir() for name in NODE_PACKAGES)
    if not there and REQUIRED:
        CACHE.mkdir(parents=True, exist_ok=True)
        subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(CACHE), *NODE_PACKAGES],
                       check=True, timeout=300)
    demand(there or REQUIRED, " and ".join(NODE_PACKAGES))


def surroundings():
    """The environment of programs: `python3` is the one that runs this file."""
    return {**os.environ, "PATH": f"{pathlib.Path(sys.executable).parent}:{os.environ['PATH']}", "PYTHONDONTWRITEBYTECODE": "1"}


def listed_by(title, directory):
    """What the README's command under this title prints: names of scripts."""
    command = re.search(rf"^# {re.escape(title)}\n(.+)$", CHAPTER, re.MULTILINE)[1]
    done = subprocess.run(["sh", "-c", command], cwd=directory, env=surroundings(), stdout=subprocess.PIPE, text=True, timeout=2 * DEADLINE,
                          check=True)
    return [line.split()[0] for line in done.stdout.splitlines()]


class ReadmeTest(unittest.TestCase):
    def test_its_rules_are_those_of_the_users_file(self):
        lines = re.findall(r"^user (\S+) on #([0-9a-f]{64}) (.*)$", USERS, re.MULTILINE)
        self.assertEqual(len(lines), len(USERS.splitlines()))
        self.assertEqual(re.findall(r"^\| .* \| `(~[^`]*)` \|", CHAPTER, re.MULTILINE), [rules for _, _, rules in lines])
        for user, password, _ in lines:
            self.assertEqual(password, hashlib.sha256(f"{user}-example".encode()).hexdigest())

    def test_its_versions_of_npm_packages_are_those_that_are_tested(self):
        for package in NODE_PACKAGES:
            name, version = package.split("@")
            self.assertRegex(CHAPTER, rf"(?mi)^\| npm's `{name}` {re.escape(version)} \|")


class ApplicationCase(GateCase):
    """A gate with the users of conf/applications.acl, and a key that belongs to none of them."""

    users = USERS

    @classmethod
    def start_gate(cls, scripts=()):
        cls.changes = {"workers": WORKERS, "upstream": {"lane_idle": "1s"},
                       "commands": {"scripts": {"mode": "allowlist", "sha1": list(scripts)} if scripts else {"mode": "deny"}}}
        super().setUpClass()

    def setUp(self):
        self.environment = {**surroundings(), "APPLICATION_SOCKET": self.gate.path, "APPLICATION_DEADLINE": f"{2 * DEADLINE:g}"}
        self.upstream = self.connect_upstream()
        self.upstream.call("SET", "others:key", "secret")

    def run_program(self, *command):
        """Its lines, when it has ended well."""
        done = subprocess.run(command, cwd=PROGRAMS, env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=4 * DEADLINE, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout.splitlines()

    def start_worker(self, *command):
        self.log = self.directory / "worker.log"
        with open(self.log, "wb") as log:
            worker = subprocess.Popen(command, cwd=PROGRAMS, env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.addCleanup(worker.wait)
        self.addCleanup(worker.kill)
        return worker

    def end_worker(self, worker):
        worker.terminate()
        self.assertEqual(worker.wait(2 * DEADLINE), 0, self.log.read_text())

    def assert_refused(self, *expected):
        """What was refused, as (command, reason); applications are good at not saying so."""
        refused = self.gate.metrics().series("respgate_denied_commands_total")
        found = {(dict(labels)["command"], dict(labels)["reason"]): count for (_, labels), count in refused.items() if count}
        self.assertEqual(found, dict(expected))
        self.assertEqual(self.upstream.call("GET", "others:key"), b"secret")

    def assert_connections_are_given_back(self):
        wait_until(lambda: self.gate.metrics().value("respgate_connections") == 0, "the application has left")
        wait_until(lambda: self.upstream_connections() <= WORKERS, lambda: f"{self.upstream_connections()} connections to the server")

    def upstream_connections(self):
        """The proxy's; the test's own is one more."""
        return len(self.upstream.call("CLIENT", "LIST").splitlines()) - 1


class RqTest(ApplicationCase):
    @classmethod
    def setUpClass(cls):
        demand(importlib.util.find_spec("rq") and shutil.which("rq"), "python3-rq")
        cls.start_gate()

    def test_jobs_are_enqueued_and_worked_and_their_results_read(self):
        self.environment["RQ_REDIS_URL"] = f"unix://rq:rq-example@{self.gate.path}"
        jobs = self.run_program(sys.executable, "rq_job.py", "enqueue")
        self.run_program("rq", "worker", "--burst", "numbers")
        self.assertEqual(self.run_program(sys.executable, "rq_job.py", "results", *jobs),
                         ["42", "4200", f"redis.exceptions.NoPermissionError: {NO_KEY}"])
        self.assert_refused((("get", "key"), 1))
        self.assert_connections_are_given_back()


class CeleryTest(ApplicationCase):
    @classmethod
    def setUpClass(cls):
        demand(importlib.util.find_spec("celery"), "python3-celery")
        cls.start_gate(listed_by("Celery, and redis-py's lock()", PROGRAMS))

    def test_tasks_are_sent_and_worked_and_their_results_come_back(self):
        worker = self.start_worker(sys.executable, "-m", "celery", "-A", "celery_job", "worker", "-P", "solo")
        self.assertEqual(self.run_program(sys.executable, "celery_job.py"), ["42", "4200", NO_KEY])
        self.end_worker(worker)
        self.assert_refused((("get", "key"), 1))
        self.assert_connections_are_given_back()


class SidekiqTest(ApplicationCase):
    @classmethod
    def setUpClass(cls):
        demand(shutil.which("sidekiq") and shutil.which("ruby"), "ruby-sidekiq")
        cls.start_gate(listed_by("Sidekiq", PROGRAMS))

    def test_jobs_of_now_and_of_later_are_worked(self):
        self.environment["DYNO"] = "sidekiq"  # what Sidekiq takes for the host's name, which its keys begin with
        worker = self.start_worker("sidekiq", "-r", "./sidekiq_job.rb", "-c", "2")
        self.run_program("ruby", "sidekiq_job.rb")
        for line in ("product 42", "product 4200", f"refused NOPERM {NO_KEY}"):
            wait_until(lambda: line in self.log.read_text(), lambda: f"{line}: {self.log.read_text()}")
        self.end_worker(worker)
        self.assertEqual(self.upstream.call("GET", "stat:processed"), b"3")
        self.assert_refused((("get", "key"), 1))
        self.assert_connections_are_given_back()


class BullmqTest(ApplicationCase):
    @classmethod
    def setUpClass(cls):
        demand_node_packages()
        cls.start_gate(listed_by("BullMQ", CACHE))

    def test_jobs_are_added_and_worked_and_their_events_heard(self):
        self.assertEqual(self.run_program("node", "bullmq_job.cjs", str(CACHE)),
                         ["42", "4200", "420000", f"NOPERM {NO_KEY}", f"NOPERM {NO_SCRIPT}"])
        self.assert_refused((("hget", "key"), 1), (("eval", "command"), 1))
        self.assert_connections_are_given_back()


class BullmqScriptsTest(ApplicationCase):
    """The README's warning about scripts that make up their keys, and what it advises."""

    @classmethod
    def setUpClass(cls):
        demand_node_packages()
        cls.start_gate(listed_by("BullMQ", CACHE))

    def forge(self):
        return self.run_program("node", "bullmq_forged.cjs", str(CACHE))

    def test_a_prefix_in_their_arguments_reaches_others_when_the_server_lets_the_proxy(self):
        self.assertEqual(self.forge(), ["forged"])
        self.assertEqual(self.upstream.call("EXISTS", "others:forged"), 1)

    def test_they_are_held_to_the_rights_of_the_proxys_user_on_the_server(self):
        rules = re.search(r"`upstream\.credentials`\).*?`(~[^`]*)`", CHAPTER, re.DOTALL)[1]
        server = RedisServer(self.directory, "own", users=f"user default on nopass ~* &* +@all\nuser proxy on >proxy-secret {rules}\n")
        self.addCleanup(server.stop)
        password = self.directory.write("password", "proxy-secret\n")
        credentials = {"credentials": {"user": "proxy", "password_file": str(password)}}
        gate = Respgate(self.directory, server, USERS, merged(self.changes, {"upstream": credentials}), name="own-gate")
        self.addCleanup(gate.stop)
        self.environment["APPLICATION_SOCKET"] = gate.path
        self.assertRegex(self.forge()[0], "^ERR The user executing the script can't access at least one of the keys")
        self.assertEqual(self.run_program("node", "bullmq_job.cjs", str(CACHE))[:3], ["42", "4200", "420000"])


class IoredisTest(ApplicationCase):
    @classmethod
    def setUpClass(cls):
        demand_node_packages()
        cls.start_gate(listed_by("a script of your own", PROGRAMS))

    def test_transactions_blocking_channels_and_scripts(self):
        self.run_program("node", "ioredis_job.cjs", str(CACHE))
        self.assert_refused((("get", "key"), 1), (("evalsha", "key"), 1), (("eval", "command"), 1), (("subscribe", "channel"), 1))
        self.assert_connections_are_given_back()


if __name__ == "__main__":
    unittest.main()

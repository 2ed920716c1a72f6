#!/usr/bin/env python3
"""Clients as people use them, unmodified, through the proxy, as a user with limits.

redis-cli in both protocol versions (from arguments, from a pipe, at a terminal), python3-redis, redis-benchmark,
and npm's `redis` and `ioredis` where node and a registry are at hand.  hiredis: hiredis_client_test.cc.
"""

import os
import pathlib
import pty
import re
import subprocess
import unittest

import redis

from harness import node
from harness.cases import USERS, GateCase
from harness.deadline import DEADLINE, wait_until
from harness.resp import encode

HERE = pathlib.Path(__file__).resolve().parent


class RedisCliTest(GateCase):
    def cli(self, *arguments, user="alice", input=None):
        result = subprocess.run(["redis-cli", "-s", self.gate.path, "--user", user, "--pass", f"{user}-secret", "--no-auth-warning",
                                 *arguments], input=input, capture_output=True, text=True, timeout=DEADLINE, check=False)
        return result.stdout.rstrip("\n")

    def test_two_users_get_two_sets_of_rights(self):
        for version in ("-2", "-3"):
            with self.subTest(version):
                self.assertEqual(self.cli(version, "SET", "a:cli", "of alice"), "OK")
                self.assertEqual(self.cli(version, "GET", "a:cli"), "of alice")
                self.assertEqual(self.cli(version, "GET", "a:cli", user="bob"),
                                 "NOPERM this user has no permissions to access one of the keys used as arguments")
                self.assertEqual(self.cli(version, "SET", "b:cli", "of bob", user="bob"), "OK")

    def test_replies_of_both_versions_are_shown_in_their_own_form(self):
        self.cli("HSET", "a:h", "f", "v")
        self.assertEqual(self.cli("-2", "--no-raw", "HGETALL", "a:h"), '1) "f"\n2) "v"')
        self.assertEqual(self.cli("-3", "--no-raw", "HGETALL", "a:h"), '1# "f" => "v"')

    def test_a_script_of_commands_from_a_pipe(self):
        output = self.cli(input="SET a:p 1\nINCR a:p\nGET b:p\nSELECT 2\nGET a:p\nSELECT 0\nGET a:p\n")
        self.assertEqual(output.splitlines(), ["OK", "2", "NOPERM this user has no permissions to access one of the keys used as arguments",
                                               "", "OK", "", "OK", "2"])

    def test_mass_insertion_through_pipe_mode(self):
        wire = b"".join(encode("SET", f"a:mass:{n}", n) for n in range(5000)) + encode("SET", "b:not-mine", "x")
        result = subprocess.run(["redis-cli", "-s", self.gate.path, "--user", "alice", "--pass", "alice-secret", "--pipe"],
                                input=wire, capture_output=True, timeout=DEADLINE, check=False)
        self.assertIn(b"errors: 1, replies: 5001", result.stdout, result)

    def test_scan_goes_through_all_keys(self):
        self.connect("alice").pipeline(*(("SET", f"a:scan:{n}", n) for n in range(100)))
        self.assertEqual(len(set(self.cli("--scan", "--pattern", "a:scan:*").split())), 100)

    def test_at_a_terminal(self):
        primary, secondary = pty.openpty()
        process = subprocess.Popen(["redis-cli", "-s", self.gate.path], stdin=secondary, stdout=secondary, stderr=secondary,
                                   env={**os.environ, "TERM": "dumb", "HOME": str(self.directory.path)})
        os.close(secondary)
        self.addCleanup(os.close, primary)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        os.set_blocking(primary, False)
        shown = bytearray()

        def shows(pattern):
            try:
                shown.extend(os.read(primary, 65536))
            except (BlockingIOError, OSError):
                pass
            return re.search(pattern, shown)

        for line, expected in ((b"PING", rb"NOAUTH Authentication required"), (b"AUTH alice alice-secret", rb"OK"),
                               (b"SET a:tty 1", rb"OK"), (b"GET b:tty", rb"NOPERM"), (b"ACL WHOAMI", rb'"alice"')):
            shown.clear()
            os.write(primary, line + b"\r")
            wait_until(lambda: shows(expected), lambda: f"{expected} after {line}: {bytes(shown)}")


class PythonRedisTest(GateCase):
    def client(self, user="alice", password=None, **options):
        client = redis.Redis(unix_socket_path=self.gate.path, username=user, password=password or f"{user}-secret", **options)
        self.addCleanup(client.close)
        return client

    def test_everyday_use(self):
        client = self.client()
        self.assertTrue(client.set("a:py", "value"))
        self.assertEqual(client.get("a:py"), b"value")
        client.hset("a:py:h", mapping={"x": 1, "y": 2})
        self.assertEqual(client.hgetall("a:py:h"), {b"x": b"1", b"y": b"2"})
        client.zadd("a:py:z", {"m": 1.5})
        self.assertEqual(client.zrange("a:py:z", 0, -1, withscores=True), [(b"m", 1.5)])
        client.rpush("a:py:l", *range(10))
        self.assertEqual(client.lrange("a:py:l", 0, -1), [str(n).encode() for n in range(10)])
        self.assertEqual(client.mget("a:py", "a:none"), [b"value", None])
        self.assertIn(b"a:py", set(client.scan_iter("a:py*")))
        client.xadd("a:py:s", {"f": "v"}, id="1-1")
        self.assertEqual(client.xrange("a:py:s"), [(b"1-1", {b"f": b"v"})])

    def test_a_pipeline_mixes_allowed_and_denied(self):
        pipe = self.client().pipeline(transaction=False)
        pipe.set("a:1", "x").get("a:1").get("b:1").incr("a:n")
        replies = pipe.execute(raise_on_error=False)
        self.assertEqual(replies[:2], [True, b"x"])
        self.assertIsInstance(replies[2], redis.exceptions.NoPermissionError)
        self.assertEqual(replies[3], 1)

    def test_errors_are_the_ones_the_client_knows(self):
        self.assertRaises(redis.exceptions.NoPermissionError, self.client().flushall)
        for client, code in ((self.client("alice", "wrong"), "WRONGPASS|invalid username-password"),
                             (self.client("nobody"), "WRONGPASS|invalid username-password"),
                             (redis.Redis(unix_socket_path=self.gate.path), "NOAUTH|Authentication required")):
            self.assertRaisesRegex(redis.exceptions.RedisError, code, client.ping)

    def test_acl_and_client_calls_parse(self):
        client = self.client("root")
        self.assertEqual(client.acl_whoami(), "root")
        self.assertIn("alice", client.acl_users())
        self.assertIn("on", client.acl_getuser("alice")["flags"])
        self.assertIsInstance(client.client_id(), int)
        self.assertEqual(client.client_setname("py"), True)
        self.assertEqual(client.client_getname(), "py")
        self.assertIn(("root", "py"), [(entry["user"], entry["name"]) for entry in client.client_list()])
        self.assertEqual(client.client_kill_filter(_id=999999, skipme=True), 0)
        self.assertEqual(client.client_unblock(999999), False)
        self.assertIn("get", client.command())
        self.assertEqual(client.info("server")["redis_mode"], "standalone")

    def test_another_database_by_its_url(self):
        client = redis.Redis.from_url(f"unix://alice:alice-secret@{self.gate.path}?db=4")
        self.addCleanup(client.close)
        client.set("a:four", 4)
        self.assertEqual(self.connect("alice").pipeline(("GET", "a:four"), ("SELECT", "4"), ("GET", "a:four"))[2], b"4")


class BenchmarkTest(GateCase):
    users = USERS + ("user bench on >bench-secret ~key:* ~counter:* ~mylist ~myset ~myhash ~myzset "
                     "+@read +@write +@connection -@dangerous\n")

    def benchmark(self, *arguments):
        result = subprocess.run(["redis-benchmark", "-s", self.gate.path, "--user", "bench", "-a", "bench-secret", "-c", "20", *arguments],
                                capture_output=True, text=True, timeout=4 * DEADLINE, check=False)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        return result.stdout

    def test_the_usual_tests_run_to_their_end(self):
        output = self.benchmark("-n", "2000", "-q", "-t", "ping,set,get,incr,lpush,rpush,lpop,rpop,sadd,hset,spop,zadd,lrange_100,mset")
        self.assertEqual(output.count("requests per second"), 16, output)

    def test_deep_pipelines_in_both_versions(self):
        for version in ((), ("-3",)):
            output = self.benchmark("-n", "50000", "-P", "64", "-q", "-r", "1000", *version, "SET", "key:__rand_int__", "value")
            self.assertIn("requests per second", output)


class NodeTest(GateCase):
    @classmethod
    def setUpClass(cls):
        cls.modules = node.modules()
        super().setUpClass()

    def run_client(self, name):
        result = subprocess.run(["node", str(HERE / "node_clients.cjs"), name, str(self.modules), self.gate.path],
                                capture_output=True, text=True, timeout=2 * DEADLINE, check=False)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def test_redis(self):
        self.run_client("redis")

    def test_ioredis(self):
        self.run_client("ioredis")


if __name__ == "__main__":
    unittest.main()
